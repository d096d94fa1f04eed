"""One figure of one run or of several: profiles, maps, kymographs, fronts, columns of the series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from .colours import LINES, colour_map, finish_bar, scale_of
from .curves import DASHES
from .faults import UnknownTime, WrongRequest, unknown
from .fronts import Fit, Front
from .lines import Line
from .maps import Plane, Row, columns_of, map_rows
from .run import Run, labels
from .schedules import Lanes, draw_lanes
from .style import fitted, kinds, limits, thins_out
from .times import pick_times, time_label, time_scale
from .units import plain_unit, scale, unit_text, with_unit

MOST_LINES = len(LINES)  # that can be told apart in one panel
MOST_COLUMNS = 30  # of the series in one figure, a panel each
_BESIDE = 3  # panels in a row
_WIDTHS = {1: 3.9, 2: 7.2, 3: 8.4}  # inches of a figure by panels in a row
_TALL, _LANE, _ROW = 2.4, 0.12, 0.216  # inches of a panel, of the lane of an arm in a strip, of a row of the legend
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Curves:
    """What several runs have over times of their own: the unit, and times and values of each run."""

    unit: str
    lines: Sequence[tuple[Any, Any]]


def steps_of(run: Run, times: list[float] | None, like: Run | None = None) -> list[int]:
    """Numbers of the outputs at these times, by default about six (those of the run ``like``).

    Raises:
        UnknownTime: the run has no output at one of them.
    """
    if times is None:
        reference = like or run
        steps = pick_times(reference)
        if reference is run:
            return steps
        times = [float(reference.times[step]) for step in steps]
    try:
        return [run.step(time) for time in times]
    except UnknownTime as error:
        raise UnknownTime(error.what, code="no-time", place=str(run.path), remedy=error.remedy) from error


def fields_of(run: Run, names: list[str] | None, several: bool) -> list[str]:
    """The fields asked for; by default all (five at most), or the first one where several runs are compared.

    Raises:
        UnknownName: the run has no such field.
    """
    for name in names or []:
        if name not in run.fields:
            raise unknown(run.path, "field", name, run.fields, code="no-field")
    return names or list(kinds(run))[: 1 if several else 5]


def profiles(runs: list[Run], names: list[str] | None = None, times: list[float] | None = None, along: str = "x") -> Any:
    """Fields along a line: a panel per time, a colour per field, a kind of dash per run."""
    lines = [Line(run, along) for run in runs]
    shown = fields_of(runs[0], names, len(runs) > 1)
    steps = [steps_of(run, times, runs[0]) for run in runs]
    count = len(steps[0])
    columns = min(3, count)
    figure, axes = plt.subplots(
        -(-count // columns),
        columns,
        figsize=fitted(3.4 * columns, 2.3 * -(-count // columns) + 0.5),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for k, panel in enumerate(axes.ravel()):
        if k >= count:
            panel.set_axis_off()
            continue
        _borders(panel, lines[0])
        for number, (run, line, label) in enumerate(zip(runs, lines, labels(runs), strict=True)):
            for colour, name in enumerate(fields_of(run, shown, False)):
                text = with_unit(run, name) if len(runs) == 1 else label if len(shown) == 1 else f"{name}, {label}"
                values = line.values(run.field(name, step=steps[number][k]))
                tint = LINES[(colour if len(shown) > 1 or len(runs) == 1 else number) % len(LINES)]
                panel.plot(line.position, values, linestyle=DASHES[(number if len(runs) > 1 else colour) % 4], color=tint, label=text)
        panel.set_title(time_label(runs[0], float(runs[0].times[steps[0][k]]), runs[0].times[list(steps[0])]))
        panel.margins(x=0)
    for panel in axes[-1]:
        panel.set_xlabel(lines[0].label)
    for panel in axes[:, 0]:
        panel.set_ylabel(shown[0] if len(shown) == 1 else "density")
    _legend(figure, axes[0, 0])
    return figure


def maps(runs: list[Run], names: list[str] | None = None, times: list[float] | None = None) -> Any:
    """Maps of fields in 2-D, or on the middle plane in 3-D: a row per field, or a row per run."""
    flat = [str(run.path) for run in runs if run.dim == 1]
    if flat:
        raise WrongRequest("a run in 1-D has no maps", code="wrong-dimension", place=str(flat[0]), remedy="draw profiles or a kymograph")
    shown = fields_of(runs[0], names, len(runs) > 1)
    if times is None and len(shown) * len(runs) > 1:
        times = [float(runs[0].times[step]) for step in pick_times(runs[0], 4)]
    rows = []
    for run, label in zip(runs, labels(runs), strict=True):
        plane, steps = Plane(run), steps_of(run, times, runs[0])
        rows += [Row(plane, name, steps, label if len(runs) > 1 else "") for name in fields_of(run, shown, False)]
    return map_rows(rows, columns_of(len(rows[0].steps)) if len(rows) == 1 else None)


def kymograph(runs: list[Run], names: list[str] | None = None, along: str = "x") -> Any:
    """A field along a line (across) and over time (upwards): a panel per field and run."""
    panels = [
        (run, label, name)
        for run, label in zip(runs, labels(runs), strict=True)
        for name in fields_of(run, names, False)[: 5 if names else 1]
    ]
    figure, axes = plt.subplots(
        1, len(panels), figsize=fitted(0.6 + 3.9 * len(panels), 3.1), sharey=len(runs) == 1, squeeze=False, layout="constrained"
    )
    lines: dict[Run, Line] = {}
    for panel, (run, label, name) in zip(axes[0], panels, strict=True):
        line = lines.setdefault(run, Line(run, along))
        factor, unit = time_scale(run)
        if len(run.times) < 2:
            raise WrongRequest(
                "a kymograph needs two outputs or more", code="too-few-outputs", place=str(run.path), remedy="choose a smaller output.every"
            )
        norm = scale_of(*limits(run, name), root=thins_out(run, name))
        colours = colour_map(kinds(run)[name])
        drawn = panel.pcolormesh(
            line.position, run.times * factor, line.over_time(name), norm=norm, cmap=colours, shading="nearest", rasterized=True
        )
        panel.set_facecolor("#d8d8d8")
        _borders(panel, line, "#ffffff", above=True)
        finish_bar(figure.colorbar(drawn, ax=panel), norm, with_unit(run, name))
        panel.set_xlabel(line.label)
        panel.set_title(label if len(runs) > 1 else "")
        if panel is axes[0, 0] or len(runs) > 1:
            panel.set_ylabel(f"time ({unit})" if unit else "time")
    return figure


def fronts(runs: list[Run], found: list[Front], fits: list[Fit | None]) -> Any:
    """Positions of the fronts over time, with the straight lines fitted to them."""
    figure, panel = plt.subplots(figsize=fitted(4.8, 3.2), layout="constrained")
    for number, (label, front, line) in enumerate(zip(labels(runs), found, fits, strict=True)):
        colour = LINES[number % len(LINES)]
        panel.plot(front.times, front.positions, "o", ms=3, color=colour, label=label if len(runs) > 1 else None)
        if line is not None:
            span = np.array([line.first, line.last])
            unit = f" {front.unit or '1'}/{front.time_unit or '1'}" if front.unit or front.time_unit else ""
            panel.plot(span, line.at(span), color=colour, linewidth=1.2, label=f"{line.speed:.3g} ± {line.error:.1g}{unit}")
    panel.set_xlabel(f"time ({found[0].time_unit})" if found[0].time_unit else "time")
    panel.set_ylabel(found[0].what.replace(", ", ",\n") + (f" ({found[0].unit})" if found[0].unit else ""))
    _legend(figure, panel)
    return figure


def series(
    runs: list[Run], columns: list[str], strips: Mapping[str, Lanes] | None = None, curves: Mapping[str, Curves] | None = None
) -> Any:
    """Columns of series.csv over time: a panel per column, a line per run; which is which stands above the panels.

    strips: schedules by name, drawn under the lowest panels over the same time, of series if there are any. curves: what is in no series,
    by name.
    """
    curves = curves or {}
    for run in runs:
        for column in columns:
            if column not in run.series and column not in curves:
                raise unknown(run.path, "column", column, [name for name in run.series if name != "time"], code="no-column")
    told_apart(runs)
    if len(columns) > MOST_COLUMNS:
        raise WrongRequest(
            f"{len(columns)} columns do not fit into one picture",
            code="too-many",
            place=str(runs[0].path),
            remedy=f"name at most {MOST_COLUMNS}; `invasio table` has all, and with --vessel the parts of a vessel",
        )
    strips = strips or {}
    wide = 2 if len(columns) == 4 else min(_BESIDE, len(columns))
    tall = -(-len(columns) // wide)
    heights = [_TALL] * tall + [_LANE * max(2, len(lanes)) for lanes in strips.values()]
    figure, axes = plt.subplots(
        len(heights),
        wide,
        figsize=fitted(_WIDTHS[wide], sum(heights) + 0.2 + _ROW * _rows(labels(runs), _WIDTHS[wide]) + (0.3 if strips else 0.0)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    factor, unit = time_scale(runs[0])
    for panel, column in zip(axes[:tall].ravel(), columns, strict=False):
        if column in curves:
            _curves(panel, runs, column, curves[column])
        else:
            _lines(panel, runs, column)
    for panel in axes[:tall].ravel()[len(columns) :]:
        panel.set_axis_off()
    shown = columns[(tall - 1) * wide :]
    under = [k for k, name in enumerate(shown) if name not in curves] or list(range(len(shown)))
    for k, lowest in enumerate(axes[-1]):
        beside = k < len(shown)
        for strip, (name, lanes) in zip(axes[tall:, k], strips.items(), strict=True):
            if k in under:
                draw_lanes(strip, lanes, factor)
                strip.set_xlim(axes[tall - 1, k].get_xlim())
                strip.set_ylabel(name if k == under[0] else "", rotation="horizontal", ha="right", va="center")
                strip.tick_params(labelbottom=strip is lowest)
            else:
                strip.set_axis_off()
        if strips and k in under:
            axes[tall - 1, k].tick_params(labelbottom=False)
        (lowest if k in under else axes[tall - 1 if beside else tall - 2, k]).set_xlabel(f"time ({unit})" if unit else "time")
    _legend(figure, axes[0, 0])
    return figure


def _lines(panel: Any, runs: list[Run], column: str) -> None:
    """One column of several runs over time."""
    for number, (run, label) in enumerate(zip(runs, labels(runs), strict=True)):
        factor = time_scale(run, runs[0])[0]
        one, unit = _unit_of(run, column)
        _same_unit(run, runs[0], column)
        panel.plot(run.series["time"] * factor, one * run.series[column], label=label, **stroke(number))
        panel.set_ylabel(f"{column} ({text})" if (text := unit_text(unit)) else column)
    panel.margins(x=0)
    _no_rounding(panel)


def _curves(panel: Any, runs: list[Run], name: str, curves: Curves) -> None:
    """A number of several runs over times of their own."""
    for number, (run, label, (times, values)) in enumerate(zip(runs, labels(runs), curves.lines, strict=True)):
        panel.plot(np.asarray(times) * time_scale(run, runs[0])[0], values, label=label, **stroke(number))
    panel.set_ylabel(f"{name} ({text})" if (text := unit_text(curves.unit)) else name)
    panel.margins(x=0)
    _no_rounding(panel)


def told_apart(runs: list[Run]) -> None:
    """Nothing, or a WrongRequest for more runs than lines that can be told apart."""
    if len(runs) > MOST_LINES:
        raise WrongRequest(
            f"{len(runs)} runs in one picture cannot be told apart",
            code="too-many",
            place=str(runs[0].path),
            remedy=f"name at most {MOST_LINES}",
        )


def stroke(number: int) -> dict[str, Any]:
    """How a line is drawn, so that it is told from MOST_LINES - 1 others also without colours."""
    return {"color": LINES[number % len(LINES)], "linestyle": DASHES[number % len(DASHES)]}


def _legend(figure: Any, panel: Any) -> None:
    """What each line is, above the panels: off the curves. Rows are filled until a row is as wide as the figure."""
    handles, texts = panel.get_legend_handles_labels()
    if len(texts) > 1:
        figure.legend(handles, texts, loc="outside upper left", ncols=_beside(texts, figure.get_size_inches()[0]))


def _beside(texts: list[str], width: float) -> int:
    """How many of the texts of a legend fit beside each other in a figure of so many inches."""
    return max(1, min(len(texts), int(width / (0.5 + 0.075 * max(map(len, texts))))))


def _rows(texts: list[str], width: float) -> int:
    """How many rows a legend has; none of a single line."""
    return -(-len(texts) // _beside(texts, width)) if len(texts) > 1 else 0


def _unit_of(run: Run, column: str) -> tuple[float, str]:
    """How much one of a column is, and of which unit."""
    if column in run.units:
        return plain_unit(run.units[column])
    return scale(run, "length") if ".front." in column else (1.0, "")


def _same_unit(run: Run, first: Run, column: str) -> None:
    """Nothing, or a WrongRequest for a column that two runs measure in different units."""
    its, other = _unit_of(run, column)[1], _unit_of(first, column)[1]
    if its != other:
        raise WrongRequest(
            f"they measure {column} in {its or 'the scales of the scenario'} and in {other or 'the scales of the scenario'}",
            code="not-comparable",
            place=f"{run.path} and {first.path}",
            remedy="draw them apart",
        )


def _no_rounding(panel: Any) -> None:
    """An amount that is conserved looks constant: what rounding does to it would fill the panel."""
    low, high = panel.get_ylim()
    middle = 0.5 * (low + high)
    if high - low < _ROUNDING * abs(middle):
        panel.set_ylim(middle - 0.1 * abs(middle), middle + 0.1 * abs(middle))


def _borders(panel: Any, line: Line, colour: str = "#b0b0b0", above: bool = False) -> None:
    """Thin lines where one region ends and another begins."""
    for at in line.borders:
        panel.axvline(at, color=colour, linewidth=0.7, linestyle=(0, (4, 3)), zorder=2 if above else 0.5)
