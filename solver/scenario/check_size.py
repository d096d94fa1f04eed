"""Numbers that no computer can follow: they come from a wrong unit or a slip, and are refused before anything is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .check import Finding
from .schema import Scenario

MOST_STEPS, MOST_OUTPUTS, MOST_CELLS = 1e9, 1e6, 1e10


def check_size(scenario: Scenario) -> Iterator[Finding]:
    """Steps, outputs and cells of the mesh."""
    span = scenario.time.end - scenario.time.start
    steps, outputs = ("time", "step"), ("output", "every")
    for path, step, most in ((steps, scenario.time.step, MOST_STEPS), (outputs, scenario.output.every, MOST_OUTPUTS)):
        if step and span / step > most:
            what = "steps" if path == steps else "outputs"
            fault = f"this makes {span / step:.2g} {what} (given {step:g} for a run of {span:g})"
            yield Finding(path, fault, code="too-many", remedy=f"allowed: at most {most:g} {what}")
    yield from _cells(scenario.mesh)


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
