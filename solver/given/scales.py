"""What counts and densities are in a scenario's scales."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ScenarioError
from ..scenario.parameters import read_scales
from ..scenario.units import ONE, Measure

Scales = Mapping[str, str | float] | None


def length_of(scales: Scales) -> Measure | None:
    """The measure of one unit of length; None where none is stated."""
    return (read_scales(scales) or {}).get("length")


def one_cell(scales: Scales, dim: int, depth: float | None, place: str) -> float:
    """The amount of one cell, int c dx, in the scenario's scales; 1 where no scale of cells is stated.

    With cells per length^k in a mesh of d < k dimensions, ``depth`` is the thickness that the mesh stands for. Raises ScenarioError.
    """
    cells, length = (read_scales(scales) or {}).get("cells"), length_of(scales)
    if cells is None or not cells.dimension or length is None:
        factor = 1.0 if cells is None else float(1 / cells.factor)
        if depth is not None:
            what = "`depth` without a scale of cells per area or volume"
            raise ScenarioError(what, code="meaningless-option", place=place, remedy="take it out, or state scales.cells")
        return factor
    power = -cells.dimension[0][1]
    if power == dim and depth is None:
        return float(1 / (cells.factor * length.factor**dim))
    if power > dim and depth is not None:
        return float(1 / (cells.factor * length.factor**power)) / depth ** (power - dim)
    what = f"the scale of cells is per length^{power}, and the mesh has {dim} dimension{'s' if dim > 1 else ''}"
    remedy = (
        "take `depth` out" if power <= dim and depth is not None else "state `depth`, the thickness of the tissue that the mesh stands for"
    )
    raise ScenarioError(what, code="wrong-unit", place=place, remedy=remedy if power > dim or depth is not None else "change scales.cells")


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
