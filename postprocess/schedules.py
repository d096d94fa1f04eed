"""What was given when in a run: its schedules, radiation and surgery, drawn as a strip under curves over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from invasio.solver.scenario.functions import Function, sampled
from invasio.solver.scenario.loader import instants_of, schedules_of

from .colours import GREY, INK, LINES
from .style import page
from .times import time_scale

if TYPE_CHECKING:
    from .run import Run

POINTS, MOST_PIECES = 400, 2000
_BELOW = 3  # names below each other beside a strip
STRIP = 0.28  # height of a strip, of the panel above it


def drawn(function: Function, begin: float, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and values of a function of time as a line: evenly, and on both sides of its jumps (of the first of very many)."""
    ends: list[float] = []
    at = function.next(begin)
    while at < end and len(ends) < MOST_PIECES:
        ends.append(at)
        at = function.next(at)
    times = np.union1d(np.linspace(begin, end, POINTS), ends)
    values = sampled(function, times)
    if not ends or not function.jumps:
        return times, values
    before = np.array([function.bounds(t, t, function.piece(math.nextafter(t, -math.inf)))[0] for t in ends])
    times, values = np.concatenate((ends, times)), np.concatenate((before, values))
    order = np.argsort(times, kind="stable")  # what was before a jump stands before what is from then on
    return times[order], values[order]


def of(run: Run) -> dict[str, Function]:
    """The schedules of a run by name; none where its scenario states none."""
    return {name: schedule.function for name, schedule in schedules_of(run.scenario).items()}


def instants(run: Run) -> dict[str, list[float]]:
    """When there was radiation and surgery in a run, by name."""
    end = float((run.scenario.get("time") or {}).get("end", 1.0))
    trains = instants_of(run.scenario).items()
    return {name: list(islice(takewhile(lambda t: t <= end, map(train.instant, count())), MOST_PIECES)) for name, train in trains}


def strip(panel: Any, run: Run, functions: dict[str, Function], factor: float = 1.0) -> None:
    """Draw schedules into a panel, each relative to the most that it is, and lines where there was radiation or surgery; ``factor``: of
    the panel's times."""
    scenario = run.scenario.get("time") or {}
    begin, end = float(scenario.get("start", 0.0)), float(scenario.get("end", 1.0))
    for number, (name, moments) in enumerate(instants(run).items(), len(functions)):
        panel.vlines(np.array(moments) * factor, 0.0, 1.0, color=LINES[number % len(LINES)], linewidth=1.0, label=name)
    for number, (name, function) in enumerate(functions.items()):
        times, values = drawn(function, begin, end)
        most = float(np.abs(values).max()) or 1.0
        panel.fill_between(times * factor, values / most, color=LINES[number % len(LINES)], alpha=0.35, linewidth=0.6, label=name)
    panel.set_yticks([])
    panel.margins(x=0)
    panel.spines["left"].set_visible(False)


def given(run: Run) -> bool:
    """Whether anything was given at times of its own: by schedules, as radiation or by surgery."""
    return bool(of(run) or instants(run))


def timeline(panel: Any, run: Run, steps: Sequence[int]) -> None:
    """What was given over the whole time, with marks at the outputs that are shown."""
    factor, unit = time_scale(run)
    strip(panel, run, of(run), factor)
    panel.plot(run.times[list(steps)] * factor, np.full(len(steps), 1.12), "v", color=INK, markersize=4 * page().share, clip_on=False)
    panel.set_ylim(0.0, 1.12)
    panel.set_xlabel(f"time ({unit}); marks: the times shown" if unit else "time; marks: the times shown")
    handles, texts = panel.get_legend_handles_labels()
    columns = -(-len(texts) // _BELOW)
    panel.legend(handles, texts, loc="center left", bbox_to_anchor=(1.0, 0.5), borderpad=0, handlelength=1.0, ncols=columns)


Lanes = list[tuple[Function, float, float, str]]  # from top to bottom: a function of time, from when to when, its colour


def lanes_of(runs: Sequence[Run], most: int) -> dict[str, Lanes]:
    """What was given when in several runs, a lane for each in the colour of its line; one grey lane where it is the same in all.

    Those by which the runs differ come first; at most ``most``.
    """
    stated = [run.scenario.get("schedules") or {} for run in runs]
    functions = [of(run) for run in runs]
    spans = [(float(t.get("start", 0.0)), float(t.get("end", 1.0))) for t in (run.scenario.get("time") or {} for run in runs)]
    names = list(dict.fromkeys(name for each in functions for name in each))
    same = {name: all(each.get(name) == stated[0].get(name) for each in stated) and len(set(spans)) == 1 for name in names}
    found: dict[str, Lanes] = {}
    for name in sorted(names, key=lambda name: same[name])[:most]:
        every = [(f[name], *span, LINES[k % len(LINES)]) for k, (f, span) in enumerate(zip(functions, spans, strict=True)) if name in f]
        found[name] = [(*every[0][:3], GREY)] if same[name] and len(runs) > 1 else every
    return found


def draw_lanes(panel: Any, lanes: Lanes, factor: float) -> None:
    """Draw a schedule of several runs below each other, relative to the most that it is in any of them; ``factor``: of times."""
    lines = [drawn(function, begin, end) for function, begin, end, _ in lanes]
    most = max(float(np.abs(values).max()) for _, values in lines) or 1.0
    for k, ((times, values), (*_, colour)) in enumerate(zip(lines, lanes, strict=True)):
        base = float(len(lanes) - 1 - k)
        panel.fill_between(times * factor, base, base + 0.85 * values / most, color=colour, alpha=0.7, linewidth=0.5)
        panel.axhline(base, color=colour, linewidth=0.6)
    panel.set_yticks([])
    panel.set_ylim(-0.1, len(lanes))
    panel.spines["left"].set_visible(False)
