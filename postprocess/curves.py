"""Curves: profiles of 1-D runs, and the time series of any run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from . import schedules
from .colours import LINES
from .style import fitted, kinds
from .ticks import Powers
from .times import round_steps, time_label, time_scale
from .units import axis_label, quantity, scale

if TYPE_CHECKING:
    from .run import Run

DASHES: tuple[Any, ...] = ("-", "--", "-.", (0, (1.2, 0.9)))  # the last: dots as dense as the others are dark
_BESIDE = 4  # panels in a row
_SHORT = 14  # letters of a name, two of which stand beside each other below a panel
FAINT, GONE = 1e2, 1e6  # panels whose largest densities differ by so much have a logarithmic axis; what is less is gone
_FEW = 20  # outputs, which are marked: between them nothing is known
APART = 30.0  # largest densities beyond this ratio are shown on a logarithmic axis


def _dash(number: int) -> Any:
    """The dashes of a line; with its colour unlike those of 31 others."""
    return DASHES[(number + number // len(LINES)) % len(DASHES)]


def profiles(run: Run, steps: list[int]) -> Any:
    """A figure with one panel per time and one line per species; species of one unit share their axes, others have a row of their own."""
    units: dict[str, list[str]] = {}
    for name in kinds(run):
        units.setdefault(run.units.get(name, ""), []).append(name)
    if len(units) > 1:
        factor, unit = time_scale(run)
        steps = [steps[k] for k in round_steps(run.times[steps] * factor, 4, unit)]
    columns = len(steps) if len(units) > 1 else min(3, len(steps))
    rows = len(units) if len(units) > 1 else -(-len(steps) // columns)
    given = schedules.given(run)
    size = fitted(3.2 * columns if columns < 4 else 10.5, 2.2 * rows + 0.4 + (0.8 if given else 0.0))
    whole = plt.figure(figsize=size, layout="constrained")
    figure, below = whole.subfigures(2, 1, height_ratios=(2.2 * rows + 0.4, 0.8)) if given else (whole, None)
    axes = figure.subplots(rows, columns, sharex=True, sharey="row" if len(units) > 1 else True, squeeze=False)
    if below is not None:
        schedules.timeline(below.subplots(), run, steps)
    x = run.points[:, 0] * scale(run, "length")[0]
    order = np.argsort(x)
    names = list(kinds(run))
    panels = axes if len(units) > 1 else axes.reshape(1, -1)
    for row, group in zip(panels, units.values(), strict=True):
        tops = [max(float(run.field(name, step=step).max()) for name in group) for step in steps]
        least = min((top for top in tops if top > 0), default=0.0)
        if FAINT * least < max(tops) < GONE * least:  # else some of the panels would look empty
            row[0].set_yscale("log")
            row[0].set_ylim(0.03 * least, 2 * max(tops))
        if row[0].get_yscale() == "log" or not 1e-3 <= max(tops) < 1e4:
            row[0].yaxis.set_major_formatter(Powers())
        for panel, step in zip(row, steps, strict=False):
            for name in group:
                number = names.index(name)
                values = run.field(name, step=step)[order]
                panel.plot(x[order], values, linestyle=_dash(number), color=LINES[number % len(LINES)], label=name)
            panel.margins(x=0)
    for panel, step in zip(panels[0], steps, strict=False):
        panel.set_title(time_label(run, float(run.times[step]), run.times[list(steps)]))
    for panel in panels[0][len(steps) :]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel(axis_label(run, "x"))
    for panel in axes.ravel()[max(0, len(steps) - columns) : len(steps)] if len(units) == 1 else ():  # the lowest of each column
        panel.tick_params(labelbottom=True)
    for row, unit in zip(axes, units if len(units) > 1 else [""] * rows, strict=True):
        of = {kinds(run)[name] for name in (units[unit] if len(units) > 1 else names)}
        row[0].set_ylabel(quantity(of, unit if len(units) > 1 else next(iter(units))))
    found = [panel.get_legend_handles_labels() for panel in panels[:, 0]]
    figure.legend(
        [h for handles, _ in found for h in handles],
        [t for _, texts in found for t in texts],
        loc="outside upper right",
        ncols=min(len(names), 4),
    )
    return whole


def varies(run: Run, steps: list[int]) -> bool:
    """Whether any species varies in place at these outputs, by more than a line is thick."""
    fields = [run.field(name, step=step) for name in run.fields for step in steps]
    return any(float(field.max() - field.min()) > 1e-3 * float(np.abs(field).max()) for field in fields)


def mixed(run: Run) -> Any:
    """A figure of densities over time, of a run in which all is well mixed: one panel per unit, logarithmic where they differ by far."""
    factor, unit = time_scale(run)
    units: dict[str, dict[str, Any]] = {}
    for name in kinds(run):
        curve = np.array([float(run.field(name, step=step).mean()) for step in range(len(run.times))])
        units.setdefault(run.units.get(name, ""), {})[name] = curve
    figure, axes = plt.subplots(1, len(units), figsize=fitted(4.2 * len(units) + 2.2, 3.0), squeeze=False, layout="constrained")
    for panel, (of, group) in zip(axes[0], units.items(), strict=True):
        few = {"marker": "o", "markersize": 2.5} if len(run.times) <= _FEW else {}
        for number, (name, curve) in enumerate(group.items()):
            panel.plot(run.times * factor, curve, linestyle=_dash(number), color=LINES[number % len(LINES)], label=name, **few)
        tops = [float(curve.max()) for curve in group.values() if curve.max() > 0.0]
        if tops and max(tops) > APART * min(tops):
            panel.set_yscale("log", nonpositive="mask")
            panel.set_ylim(bottom=0.01 * min(tops))
            panel.yaxis.set_major_formatter(Powers())
        panel.set_xlabel(f"time ({unit})" if unit else "time")
        panel.set_ylabel(quantity({kinds(run)[name] for name in group}, of))
        panel.margins(x=0)
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def series(run: Run) -> Any | None:
    """A figure of series.csv: amounts, cells per region, the front, the ledger; None if there is nothing to draw."""
    table = run.series
    if len(table.get("time", [])) < 2:
        return None
    factor, unit = time_scale(run)
    time = table["time"] * factor
    every = (
        _amounts(run, table),
        _shares(run, table),
        _fronts(run, table),
        _integrity(table),
        _entered(run, table),
        _pools(run, table),
        _ledger(table),
    )
    panels = [p for p in every if p[1]]
    if not panels:
        return None
    functions = schedules.of(run)
    given = bool(functions or schedules.instants(run))
    wide = -(-len(panels) // -(-len(panels) // _BESIDE))  # rows as full as they can be
    tall = -(-len(panels) // wide)
    lines_below = max(_rows_below(lines) for _, lines, _ in panels)
    heights = [1.0, *([schedules.STRIP] if given else []), max(0.01, 0.1 * lines_below)]  # the last for what the lines are
    figure = plt.figure(figsize=fitted(3.3 * wide, 2.5 * sum(heights) * tall), layout="constrained")
    cells = figure.add_gridspec(tall, wide)
    for number, (title, lines, logarithmic) in enumerate(panels):
        parts = cells[number // wide, number % wide].subgridspec(len(heights), 1, height_ratios=heights)
        panel = figure.add_subplot(parts[0])
        lowest = panel
        for k, (label, values) in enumerate(lines.items()):
            panel.plot(time, values, color=LINES[k % len(LINES)], label=label, linestyle=_dash(k))
        panel.set_title(title)
        panel.set_xlim(time[0], time[-1])
        if logarithmic:
            panel.set_yscale("log")
            panel.yaxis.set_major_formatter(Powers())
        if given:
            lowest = figure.add_subplot(parts[1], sharex=panel)
            schedules.strip(lowest, run, functions, factor)
            panel.tick_params(labelbottom=False)
            if number == 0:
                figure.legend(*lowest.get_legend_handles_labels(), loc="outside lower left", ncols=4, title="given over time")
        lowest.set_xlabel(f"time ({unit})" if unit else "time")
        below = figure.add_subplot(parts[-1])
        below.set_axis_off()
        if _rows_below(lines):  # below the axes, so that it lies over no curve
            below.legend(*panel.get_legend_handles_labels(), loc="upper center", ncols=_columns(lines), borderpad=0, borderaxespad=0)
    return figure


def _rows_below(lines: dict[str, Any]) -> int:
    """Rows of text that say which line is which."""
    return 0 if list(lines) in ([], [""]) else -(-len(lines) // _columns(lines))


def _columns(lines: dict[str, Any]) -> int:
    return 1 if max(map(len, lines)) > _SHORT else 2


Panel = tuple[str, dict[str, Any], bool]


def _amounts(run: Run, table: dict[str, Any]) -> Panel:
    """Amount of each species, relative to the largest it ever was."""
    totals = {name: table[f"{name}.total"] for name in kinds(run) if f"{name}.total" in table}
    return "amount / its maximum", {name: v / max(float(np.abs(v).max()), 1e-300) for name, v in totals.items()}, False


def _shares(run: Run, table: dict[str, Any]) -> Panel:
    """Share of the cells that is in each region."""
    lines = {}
    cells = [name for name, kind in kinds(run).items() if kind == "cells"]
    for name in cells:
        total = np.maximum(table.get(f"{name}.total", np.zeros(1)), 1e-300)
        for region in run.regions:
            if f"{name}.in:{region}" in table:
                lines[region if len(cells) == 1 else f"{name}, {region}"] = 100 * table[f"{name}.in:{region}"] / total
    return "cells per region (%)", lines, False


def _fronts(run: Run, table: dict[str, Any]) -> Panel:
    """How far the cells have come from their centre; along x in 1-D."""
    factor, unit = scale(run, "length")
    key = "front.xmax" if run.dim == 1 else "front.distance"
    cells = [name for name, kind in kinds(run).items() if kind == "cells"]
    lines = {name: factor * table[f"{name}.{key}"] for name in cells if f"{name}.{key}" in table}
    what = "front position" if run.dim == 1 else "front distance"
    return f"{what} ({unit})" if unit else what, lines if len(lines) != 1 else {"": next(iter(lines.values()))}, False


def _integrity(table: dict[str, Any]) -> Panel:
    """Mean and least integrity of each membrane and wall."""
    lines = {}
    for key in table:
        name, _, what = key.rpartition(".integrity_")
        if name:
            lines[f"{name}, {'mean' if what == 'mean' else 'least'}"] = table[key]
    return "integrity", lines, False


def _entered(run: Run, table: dict[str, Any]) -> Panel:
    """Cells that have entered each vessel, relative to those there were at the start."""
    lines = {}
    cells = [name for name, kind in kinds(run).items() if kind == "cells"]
    for name in cells:
        start = max(float(table.get(f"{name}.total", np.zeros(1))[0]), 1e-300)
        for key, values in table.items():
            account = key.removeprefix(f"{name}.")
            if key.startswith((f"{name}.blood:", f"{name}.lymph:")):
                kind, _, vessel = account.partition(":")
                where = kind if kind == vessel else f"{vessel} ({kind})"
                lines[where if len(cells) == 1 else f"{name}, {where}"] = 100 * values / start
    return "entered vessels (% of cells at the start)" if len(cells) == 1 else "entered vessels (% of each at the start)", lines, False


def _pools(run: Run, table: dict[str, Any]) -> Panel:
    """Each pool, relative to the most it ever was."""
    names = list((run.scenario.get("model") or {}).get("pools") or {})
    found = {name: table[f"{name}.level"] for name in names if f"{name}.level" in table}
    return "pool / its maximum", {name: v / max(float(np.abs(v).max()), 1e-300) for name, v in found.items()}, False


def _ledger(table: dict[str, Any]) -> Panel:
    """Relative residual of the accounts, shown no smaller than a rounding error."""
    lines = {name.removesuffix(".ledger"): np.maximum(v, 1e-17) for name, v in table.items() if name.endswith(".ledger")}
    return "ledger residual", lines, True
