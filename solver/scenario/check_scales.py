"""Scales that must be alike: of species that turn into each other, and of densities that are added up as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .biology import LogisticGrowth, VolumeFillingGrowth
from .check import Finding, matrix
from .reader import Path_
from .scales import read_scales
from .schema import Scenario
from .units import ONE, Measure

_REMEDY = "give both the same scale"


def check_scales(scenario: Scenario) -> Iterator[Finding]:
    """Amounts that would change, and sums of numbers in different units, without a word."""
    stated = read_scales(scenario.scales)
    if stated is None:
        return
    cells = scenario.model.cells

    def scale(name: str) -> Measure:
        return stated.get(name, stated.get("cells", ONE) if name in cells else ONE)

    for place, one, other in _turning(scenario):
        if scale(one) != scale(other):
            yield Finding(place, f"the scales of {one} and {other} differ", code="wrong-unit", remedy=_REMEDY)
    for place, added in _sums(scenario):
        # numbers of different kinds, as of cells and matrix, are shares of the room there is
        for number, one in enumerate(added):
            unlike = [other for other in added[:number] if scale(other).dimension == scale(one).dimension and scale(other) != scale(one)]
            if unlike:
                what = f"{unlike[0]} and {one} are added up, and their scales differ"
                yield Finding(place, what, code="wrong-unit", remedy=_REMEDY)
                break


def _turning(scenario: Scenario) -> Iterator[tuple[Path_, str, str]]:
    """Places where one species becomes another, number by number."""
    model = scenario.model
    for name, cells in model.cells.items():
        yield from ((("model", "cells", name, "becomes", into), name, into) for into in cells.becomes)
    for name, own in scenario.species.items():
        yield from ((("species", name, "becomes", into), name, into) for into in own.becomes)
    for place, name, component in matrix(scenario):
        yield from (((*place, "becomes", into), name, into) for into in component.becomes)
        if component.opens_into in model.ecm:
            yield (*place, "opens_into"), name, component.opens_into
    for name, carried in model.bound.items():
        yield from (
            (("model", "bound", name, "becomes", onto), name, into) for onto, into in carried.becomes.items() if into in model.bound
        )
        if carried.released_into in model.solubles:
            yield ("model", "bound", name, "released_into"), name, carried.released_into


def _sums(scenario: Scenario) -> Iterator[tuple[Path_, Sequence[str]]]:
    """Places where densities are added up as they stand."""
    model = scenario.model
    components = list(model.ecm)
    for name, cells in model.cells.items():
        place: Path_ = ("model", "cells", name)
        if isinstance(cells.growth, LogisticGrowth):
            yield (*place, "growth", "shared_with"), [name, *cells.growth.shared_with]
        if isinstance(cells.growth, VolumeFillingGrowth):
            yield (*place, "growth"), [*model.cells, *components]
        if cells.pores is not None:
            yield (*place, "pores"), cells.pores.of or components
        if cells.anoikis is not None:
            yield (*place, "anoikis"), cells.anoikis.of or components
    for path, _, component in matrix(scenario):
        if component.remodelling.constant != 0.0:
            yield (*path, "remodelling"), [*components, *model.cells]
