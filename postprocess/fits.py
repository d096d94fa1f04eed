"""Figures of a fit: the data with the best values and their band, residuals below; profiles of the likelihood."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invasio.solver.output.layout import FIGURES

from .colours import LINES
from .style import style
from .units import unit_text

Floats = NDArray[np.float64]
MOST_PANELS, MOST_TIMES = 6, 6
_DPI = 200
_WIDE = 20  # times the median: counts that reach so far are drawn by their logarithms


class _Table:
    """A table of comma-separated values by column; empty cells are nan."""

    def __init__(self, path: Path) -> None:
        with path.open(newline="", encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))

    def numbers(self, name: str) -> Floats:
        return np.array([float(row[name]) if row[name] else math.nan for row in self.rows])

    def texts(self, name: str) -> list[str]:
        return [row[name] for row in self.rows]


def draw(folder: Path) -> list[Path]:
    """Write figures/fit and figures/profiles as .png and .pdf into the folder of a fit; returns what was written."""
    summary = json.loads((folder / "estimates.json").read_text(encoding="utf-8"))
    pictures = folder / FIGURES
    pictures.mkdir(exist_ok=True)
    written = []
    with style():
        for name, figure in (
            ("fit", _fitted(_Table(folder / "fitted.csv"), _Table(folder / "predictions.csv"), summary.get("units", {}))),
            ("profiles", _profiles(folder, summary)),
        ):
            if figure is not None:
                for ending in (".png", ".pdf"):
                    figure.savefig(pictures / f"{name}{ending}", dpi=_DPI)
                    written.append(pictures / f"{name}{ending}")
    return written + (draw_sample(folder) if (folder / "sample.json").exists() else [])


def _fitted(table: _Table, curves: _Table, units: Mapping[str, str]) -> Any:
    import matplotlib.pyplot as plt

    names = np.array(table.texts("observable"))
    shown = list(dict.fromkeys(names))[:MOST_PANELS]
    figure, axes = plt.subplots(
        2, len(shown), figsize=(3.6 * len(shown) + 0.4, 4.6), squeeze=False, height_ratios=(3, 1), layout="constrained", sharex="col"
    )
    for column, name in enumerate(shown):
        _panel(table, curves, name, axes[0, column], axes[1, column], units)
    axes[1, 0].set_ylabel("residual")
    return figure


def _panel(table: _Table, curves: _Table, name: str, above: Any, below: Any, units: Mapping[str, str]) -> None:
    """One observable over time, or over places with a line for each time that was measured."""
    rows, lines = (np.flatnonzero(np.array(one.texts("observable")) == name) for one in (table, curves))
    unit = unit_text(table.rows[rows[0]]["unit"])
    time, value, error = table.numbers("time")[rows], table.numbers("value")[rows], table.numbers("error")[rows]
    trials, residual = table.numbers("trials")[rows], table.numbers("residual")[rows]
    value = np.where(trials > 0, value / trials, value)
    value = np.where(np.array(table.texts("noise"))[rows] == "events", np.nan, value)  # individuals, beside a chance
    arms, line_arms = np.array(table.texts("arm"))[rows], np.array(curves.texts("arm"))[lines]
    place, where = _place(table, rows)
    line_time = curves.numbers("time")[lines]
    line_place = _place(curves, lines)[0]
    along = time if place is None else place
    line_along = line_time if place is None or line_place is None else line_place
    moments: list[float | None] = [None] * len(time) if place is None else [float(t) for t in time]
    groups = list(dict.fromkeys(zip(map(str, arms), moments, strict=True)))
    chosen = groups if len(groups) <= MOST_TIMES else [groups[k] for k in np.linspace(0, len(groups) - 1, MOST_TIMES).astype(int)]
    for number, (arm, moment) in enumerate(chosen):
        mine = (arms == arm) & (True if moment is None else time == moment)
        line = np.flatnonzero((line_arms == arm) & (True if moment is None else line_time == moment))
        line = line[np.argsort(line_along[line], kind="stable")]
        colour = LINES[number % len(LINES)]
        label = ", ".join(text for text in (arm, "" if moment is None else f"t = {moment:g}{_unit(units, 'time', ' {}')}") if text)
        model, low, high = (curves.numbers(key)[lines][line] for key in ("model", "lower", "upper"))
        above.fill_between(line_along[line], low, high, color=colour, alpha=0.25, linewidth=0)
        if "seen_lower" in curves.rows[0]:
            ends = (curves.numbers(key)[lines][line] for key in ("seen_lower", "seen_upper"))
            above.fill_between(line_along[line], *ends, color=colour, alpha=0.08, linewidth=0)
        above.plot(line_along[line], model, color=colour, label=label or None)
        above.errorbar(along[mine], value[mine], np.nan_to_num(error[mine]), fmt="o", ms=2.5, lw=0.7, color=colour, alpha=0.8)
        below.plot(along[mine], residual[mine], "o", ms=2.5, color=colour)
    below.axhline(0.0, color="black", lw=0.6)
    below.set_xlabel(f"time{_unit(units, 'time')}" if place is None else f"{where}{_unit(units, 'length')}")
    large = value[value > 0]
    if len(large) > 1 and (np.array(table.texts("noise"))[rows] == "negative_binomial").all() and large.max() > _WIDE * np.median(large):
        above.set_yscale("symlog", linthresh=10.0)
        above.set_ylim(bottom=-2.0)
    above.set_title(f"{name} ({unit})" if unit else name)
    if above.get_legend_handles_labels()[1]:
        above.legend(fontsize=7)


def _unit(units: Mapping[str, str], name: str, form: str = " ({})") -> str:
    """The unit of lengths or times as text behind a name; "" of plain numbers."""
    text = unit_text(units.get(name, "1"))
    return form.format(text) if text else ""


def _place(table: _Table, rows: NDArray[np.intp]) -> tuple[Floats | None, str]:
    """Where each datum was measured along a line, and what the line is; None where it is one of time alone."""
    lower, upper = table.numbers("from")[rows], table.numbers("to")[rows]
    if np.isfinite(lower).all():
        return 0.5 * (lower + upper), "middle of slab"
    at = np.stack([table.numbers(axis)[rows] for axis in "xyz"], axis=1)
    used = [k for k in range(3) if np.isfinite(at[:, k]).all()]
    if not used or len(np.unique(at[:, used], axis=0)) < 2:
        return None, ""
    if len(used) == 1:
        return at[:, used[0]], "xyz"[used[0]]
    first = at[0, used]
    return np.linalg.norm(at[:, used] - first, axis=1), "distance from the first place"


def _profiles(folder: Path, summary: dict[str, Any]) -> Any | None:
    import matplotlib.pyplot as plt
    from scipy.stats import chi2

    table = _Table(folder / "profiles.csv")
    whose, rise = np.array(table.texts("profile")), np.maximum(table.numbers("rise"), 0.0)
    names = [name for name in summary["estimates"] if (whose == name).sum() > 1]
    if not names:
        return None
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(2.6 * columns + 0.3, 2.3 * lines), squeeze=False, layout="constrained", sharey=True
    )
    wanted = float(chi2.ppf(summary["level"], 1))
    for axis, name in zip(axes.flat, names, strict=False):
        mine = np.flatnonzero(whose == name)
        values = table.numbers(name)[mine]
        axis.plot(values, np.sqrt(rise[mine]), "o-", ms=3, color=LINES[0])
        axis.axhline(math.sqrt(wanted), color=LINES[1], lw=0.8, ls="--")
        axis.set_ylim(0.0, 1.6 * math.sqrt(wanted))
        axis.set_title(name, fontsize=9)
        if values.min() > 0 and values.max() > 20 * values.min():
            axis.set_xscale("log")
    for axis in list(axes.flat)[len(names) :]:
        axis.set_visible(False)
    for line in axes:
        line[0].set_ylabel("√(rise of the squares)")
    return figure


def draw_indices(folder: Path) -> list[Path]:
    """Write figures/indices as .png and .pdf into the folder of a sensitivity analysis; returns what was written."""
    import matplotlib.pyplot as plt

    found = json.loads((folder / "indices.json").read_text(encoding="utf-8"))
    outcomes = dict(list(found["indices"].items())[:MOST_PANELS])
    pictures = folder / FIGURES
    pictures.mkdir(exist_ok=True)
    written = []
    with style():
        size = 0.3 * max(len(options) for options in outcomes.values()) + 1.2
        figure, axes = plt.subplots(1, len(outcomes), figsize=(3.4 * len(outcomes), size), squeeze=False, layout="constrained", sharey=True)
        for axis, (name, options) in zip(axes[0], outcomes.items(), strict=True):
            rows = np.arange(len(options))[::-1]
            if found["method"] == "sobol":
                for shift, key, colour in ((0.2, "total", LINES[0]), (-0.2, "first", LINES[5])):
                    values, widths = ([one[k] for one in options.values()] for k in (key, f"{key}_width"))
                    axis.barh(rows + shift, values, 0.36, xerr=widths, color=colour, label=key, error_kw={"lw": 0.8})
                axis.set_xlabel("share of the variance")
            else:
                values, widths = ([one[k] for one in options.values()] for k in ("mean_step", "mean_step_width"))
                axis.barh(rows, values, 0.6, xerr=widths, color=LINES[0], label="mean step", error_kw={"lw": 0.8})
                axis.plot([one["spread"] for one in options.values()], rows, "D", ms=4, color=LINES[1], label="spread")
                axis.set_xlabel("change per whole range")
            axis.set_yticks(rows, list(options))
            axis.set_title(name if found["method"] == "sobol" else found.get("heads", {}).get(name, name))
        axes[0, 0].legend(fontsize=7)
        for ending in (".png", ".pdf"):
            figure.savefig(pictures / f"indices{ending}", dpi=_DPI)
            written.append(pictures / f"indices{ending}")
    return written


def draw_sample(folder: Path) -> list[Path]:
    """Write figures/sample as .png and .pdf into the folder of a fit without likelihood: the values that were kept, weighted."""
    import matplotlib.pyplot as plt

    names = json.loads((folder / "sample.json").read_text(encoding="utf-8"))["names"]
    table = _Table(folder / "sample.csv")
    weights = table.numbers("weight")
    pictures = folder / FIGURES
    pictures.mkdir(exist_ok=True)
    written = []
    with style():
        size = 1.9 * len(names) + 0.4
        figure, axes = plt.subplots(len(names), len(names), figsize=(size, size), squeeze=False, layout="constrained")
        for row, below in enumerate(names):
            for column, along in enumerate(names):
                axis = axes[row, column]
                if row == column:
                    axis.hist(table.numbers(along), bins=20, weights=weights, color=LINES[0])
                    axis.set_yticks([])
                else:
                    axis.scatter(
                        table.numbers(along), table.numbers(below), s=60 * weights / weights.max() + 1, color=LINES[0], alpha=0.4, lw=0
                    )
                axis.set(xlabel=along if row == len(names) - 1 else "", ylabel=below if column == 0 else "")
        for ending in (".png", ".pdf"):
            figure.savefig(pictures / f"sample{ending}", dpi=_DPI)
            written.append(pictures / f"sample{ending}")
    return written
