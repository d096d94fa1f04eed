"""What radiation and surgery alone cannot tell: that they come after the start, regions, species."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Finding, unknown
from .schema import Scenario

_START = "what happens at the start has happened before: begin later, or change `initial`"


def check_removals(scenario: Scenario) -> Iterator[Finding]:
    """Instants before the run, and names that are not there; of those after its end a note tells (`too_late` in model/pulses.py)."""
    regions = getattr(scenario.mesh, "region_names", None)
    present = None if regions is None else list(regions())
    begin, cells = scenario.time.start, list(scenario.model.cells)
    for kind, group in (("radiation", scenario.radiation), ("surgery", scenario.surgery)):
        for name, removal in group.items():
            first = removal.train.instant(0)
            at = "start" if kind == "radiation" and removal.train.at is None else "at"
            if removal.train.number and first <= begin:
                what = f"at or before the start of the run (given {first:g})"
                yield Finding((kind, name, at), what, code="outside-run", remedy=_START)
            if present is not None and removal.region is not None and removal.region not in present:
                yield unknown((kind, name, "region"), "region", removal.region, present, code="no-region")
            for k, species in enumerate(removal.of or ()):
                yield from _no_cells(scenario, (kind, name, "of", k), species, kind)
            if not removal.species(cells):
                yield Finding((kind, name), "there are no cells that it could take", code="missing-option", remedy="name species in `of`")


def _no_cells(scenario: Scenario, place: tuple[str | int, ...], species: str, kind: str) -> Iterator[Finding]:
    """What cells carry goes with them alone, and radiation kills cells alone."""
    if species in scenario.model.bound:
        carrier = scenario.model.bound[species].on
        what = f"what cells carry goes with them (given {species!r})"
        yield Finding(place, what, code="no-species", remedy=f"name {carrier!r}, which carries it, or nothing")
    elif kind == "radiation" and species not in scenario.model.cells and species not in scenario.species:
        remedy = f"allowed: {', '.join([*scenario.model.cells, *scenario.species])}"
        yield Finding(place, f"radiation kills cells, and {species!r} is none", code="no-species", remedy=remedy)
