"""Numbers that no computer can follow: they come from a wrong unit or a slip, and are refused before anything is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .check import Finding
from .schedules import Repeated
from .schema import Scenario

MOST_STEPS, MOST_OUTPUTS, MOST_CELLS, MOST_INSTANTS = 1e9, 1e6, 1e10, 1e6


SHORTEST, LONGEST = 1e-290, 1e290  # spans of time: beyond them, parts and multiples of a step are no longer numbers
SMALLEST, LARGEST = 1e-90, 1e90  # edges: beyond them, volumes are no longer numbers
RESOLVED = 16  # a step or an edge is at least so many of the gaps between neighbouring numbers


def check_times(scenario: Scenario) -> Iterator[Finding]:
    """Spans and steps that double precision cannot resolve."""
    t, every = scenario.time, scenario.output.every
    span, gap = t.end - t.start, math.ulp(max(abs(t.start), abs(t.end)))
    if not SHORTEST <= span <= LONGEST or span < 1000 * RESOLVED * gap:
        what = f"steps of a run from {t.start!r} to {t.end!r} cannot be told apart in double precision"
        yield Finding(("time", "end"), what, code="out-of-bounds", remedy="start at 0, or choose another scale of time")
        return
    own = [(("time", "first_step"), t.first_step, math.ulp(t.start)), (("time", "max_step"), t.max_step, gap)]
    counted = [(("time", "step"), t.step, MOST_STEPS), (("output", "every"), every, MOST_OUTPUTS)]
    own += [(path, step, gap) for path, step, most in counted if step and span / step <= most]
    for path, step, least in own:
        if step is not None and step < max(RESOLVED * least, SHORTEST / 1000):
            remedy = f"allowed: at least {max(RESOLVED * least, SHORTEST / 1000):.3g}"
            yield Finding(path, f"too small to change the time (given {step:g})", code="out-of-bounds", remedy=remedy)


def check_size(scenario: Scenario) -> Iterator[Finding]:
    """Steps, outputs and cells of the mesh."""
    span = scenario.time.end - scenario.time.start
    steps, outputs = ("time", "step"), ("output", "every")
    for path, step, most in ((steps, scenario.time.step, MOST_STEPS), (outputs, scenario.output.every, MOST_OUTPUTS)):
        if step and span / step > most:
            what = "steps" if path == steps else "outputs"
            fault = f"this makes {span / step:.2g} {what} (given {step:g} for a run of {span:g})"
            yield Finding(path, fault, code="too-many", remedy=f"allowed: at most {most:g} {what}")
    for name, schedule in scenario.schedules.items():
        every = schedule.every if isinstance(schedule, Repeated) else None
        if isinstance(schedule, Repeated) and every and min(span / every, schedule.train.number) > MOST_INSTANTS:
            what = f"this makes {span / every:.2g} doses or pulses (given {every:g} for a run of {span:g})"
            yield Finding(("schedules", name, "every"), what, code="too-many", remedy=f"allowed: at most {MOST_INSTANTS:g}")
    yield from _edges(scenario.mesh)
    yield from _cells(scenario.mesh)


def _edges(mesh: Any) -> Iterator[Finding]:
    """Extents and cells of a generated mesh that double precision cannot hold."""
    corners = [float(x) for name in ("from_", "to", "centre") for x in _numbers(getattr(mesh, name, ()))]
    gap = math.ulp(max(map(abs, corners), default=0.0))
    cells = _numbers(getattr(mesh, "cells", None) or ())
    for k, length in enumerate(_extent(mesh)):
        edge = length / cells[min(k, len(cells) - 1)] if cells else min(getattr(mesh, "size", None) or length, length)
        if not SMALLEST <= edge <= length <= LARGEST or edge < RESOLVED * gap:
            what = f"cells of {edge:.3g} in an extent of {length:.3g} cannot be told apart in double precision"
            path = ("mesh", "radius" if mesh.kind in ("disc", "ball") else "to")
            yield Finding(path, what, code="out-of-bounds", remedy="move the mesh to the origin, or choose another scale of length")
            return


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _cells(mesh: Any) -> Iterator[Finding]:
    cells = getattr(mesh, "cells", None)
    if cells is not None:
        count = math.prod(cells) if isinstance(cells, tuple) else cells
        if count > MOST_CELLS:
            what = f"this makes more than {MOST_CELLS:g} cells"
            yield Finding(("mesh", "cells"), what, code="too-many", remedy=f"allowed: at most {MOST_CELLS:g} cells")
        return
    finer = getattr(mesh, "regions", {}) if _extent(mesh) else {}
    for path, part in ((("mesh", "size"), mesh), *((("mesh", "regions", name, "size"), shape) for name, shape in finer.items())):
        size, extent = getattr(part, "size", None), _extent(part)
        if size is None or not extent:
            continue
        if part is mesh and size > max(extent):
            what = f"cells larger than the mesh (given {size:g} for a length of {max(extent):g})"
            yield Finding(path, what, code="out-of-bounds", remedy=f"allowed: at most {max(extent):g}")
        count = math.prod(length / size for length in extent)
        if count > MOST_CELLS:
            what = f"this makes some {count:.2g} cells (given {size:g} for a length of {max(extent):g})"
            yield Finding(path, what, code="too-many", remedy=f"allowed: at most {MOST_CELLS:g} cells")


def _extent(mesh: Any) -> tuple[float, ...]:
    """Edges of the box around a generated mesh or a shape; nothing for others."""
    if mesh.kind in ("disc", "ball"):
        return (2.0 * mesh.radius,) * (2 if mesh.kind == "disc" else 3)
    if mesh.kind == "interval":
        return (mesh.to - mesh.from_,)
    if mesh.kind in ("rectangle", "box"):
        return tuple(b - a for a, b in zip(mesh.from_, mesh.to, strict=True))
    return ()
