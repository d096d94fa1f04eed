"""Lattices that are finer at a side: the factor by which their cells grow from there on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .wrong import allowed, wrong

STEEPEST = 1.5  # of neighbouring cells: beyond, what is gained at the side is lost behind it


def growth(first: float, count: int, length: float) -> float:
    """The factor r with first (1 + r + ... + r^(count-1)) = length, above 1 where cells grow; 1 of one cell."""
    if count == 1:
        return 1.0
    low, high = -math.log(length / first + 1.0), math.log(length / first + 1.0)  # of ln r
    for _ in range(100):
        middle = 0.5 * (low + high)
        if first * math.fsum(math.exp(min(middle * k, 700.0)) for k in range(count)) < length:
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high))


def check_graded(mesh: Any) -> None:
    """Refuse sizes at sides that a lattice cannot have; of an interval, rectangle or box."""
    graded: Mapping[str, float] = mesh.graded
    if not graded:
        return
    if mesh.cells is None or getattr(mesh, "outlines", "stepped") == "fitted":
        what = "'graded' on a mesh without 'cells'" if mesh.cells is None else "'graded' with 'outlines: fitted'"
        raise wrong(what, code="meaningless-option", remedy="it is for lattices with numbers of 'cells' and outlines in steps")
    names = mesh.boundary_names()
    cells, lower, upper = ((end,) if not isinstance(end, tuple) else end for end in (mesh.cells, mesh.from_, mesh.to))
    for name, first in graded.items():
        if name not in names:
            raise wrong(f"unknown side {name!r} in 'graded'", code="no-boundary", remedy=allowed(name, names))
        axis = names.index(name) // 2
        if sum(names.index(other) // 2 == axis for other in graded if other in names) > 1:
            raise wrong("'graded' at both ends of an axis", code="meaningless-option", remedy="state one of them")
        count, length = cells[axis], upper[axis] - lower[axis]
        factor = growth(first, count, length) if first < length else math.inf
        if not 1.0 / STEEPEST <= factor <= STEEPEST:
            said = f"by {factor:.3g} from one to the next" if first < length else "beyond the mesh"
            what = f"cells that grow {said} (given {first:g} at side {name!r} and {count} cells over {length:g})"
            raise wrong(what, code="out-of-bounds", remedy=f"state more cells or another size: the factor may be up to {STEEPEST:g}")
