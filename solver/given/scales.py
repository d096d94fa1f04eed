"""What counts and densities are in a scenario's scales."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ScenarioError
from ..scenario.base import Context, depth_of
from ..scenario.scales import read_scales
from ..scenario.units import ONE, Measure

Scales = Mapping[str, str | float] | None


def length_of(scales: Scales) -> Measure | None:
    """The measure of one unit of length; None where none is stated."""
    return (read_scales(scales) or {}).get("length")


def one_cell(scales: Scales, dim: int, place: str) -> float:
    """The amount of one cell, int c dx, in the scenario's scales; 1 where no scale of cells is stated. Raises ScenarioError."""
    context = Context(read_scales(scales), dim=dim)
    cells, length = (context.scales or {}).get("cells"), length_of(scales)
    if cells is None or length is None:
        return 1.0 if cells is None else float(1 / cells.factor)
    whole = cells * length.power(dim) * (depth_of(context, cells) or ONE)
    if whole.dimension:
        what = f"the scale of cells does not suit a mesh of {dim} dimension{'s' if dim > 1 else ''}"
        raise ScenarioError(what, code="wrong-unit", place=place, remedy="state it per length, area or volume of the mesh, or scales.depth")
    return float(1 / whole.factor)


def ratio(before: Scales, now: Scales, name: str, kind: str, place: str) -> float:
    """One unit of a scale of an earlier run in units of this one: "length", "time" or a species of a kind. Raises ScenarioError."""
    old, new = read_scales(before), read_scales(now)
    if (old is None) != (new is None):
        which = "that run states scales and this scenario none" if new is None else "this scenario states scales and that run none"
        raise ScenarioError(which, code="no-scales", place=place, remedy="state scales in both, or in neither")
    a, b = (_measure(scales or {}, name, kind) for scales in (old, new))
    if a.dimension != b.dimension:
        what = f"the scale of {name} is of another kind in that run"
        raise ScenarioError(what, code="wrong-unit", place=place, remedy="state scales of the same kind in both")
    return float(a.factor / b.factor)


def _measure(scales: Mapping[str, Measure], name: str, kind: str) -> Measure:
    return scales.get(name, scales.get("cells", ONE) if kind == "cells" else ONE)
