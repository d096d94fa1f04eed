"""What the options of a bound species alone cannot tell: what it becomes where its cells become others."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Finding
from .schema import Scenario
from .wrong import allowed

_REMEDY = "give it a motility, however small"


def check_bound(scenario: Scenario) -> Iterator[Finding]:
    """Contradictions in model.bound."""
    cells, bound = scenario.model.cells, scenario.model.bound
    for name, options in bound.items():
        yield from _released(scenario, name, options.released_into)
        yield from _staying(scenario, name)
        for phenotype, into in options.becomes.items():
            place = ("model", "bound", name, "becomes", phenotype)
            turning = list(cells[options.on].becomes)
            if phenotype not in turning:
                yield Finding(place, f"{options.on} does not become {phenotype}", code="wrong-transfer", remedy=allowed(phenotype, turning))
                continue
            there = [other for other, law in bound.items() if law.on == phenotype]
            still = [which for which in (options.on, phenotype) if which in cells and not _moves(scenario, which)]
            if into not in there:
                what = f"no bound species on {phenotype} (given {into!r})"
                yield Finding(place, what, code="wrong-transfer", remedy=allowed(into, there))
            elif still:
                what = f"{still[0]} does not move, so nothing goes along with it"
                yield Finding(place, what, code="immobile-species", remedy=_REMEDY)


def _released(scenario: Scenario, name: str, into: str | None) -> Iterator[Finding]:
    place, solubles = ("model", "bound", name, "released_into"), scenario.model.solubles
    if into is not None and into not in solubles:
        yield Finding(place, f"no soluble (given {into!r})", code="no-species", remedy=allowed(into, list(solubles)))


def _staying(scenario: Scenario, name: str) -> Iterator[Finding]:
    """Of cells that do not move only birth, death and what they become are passed on to what they carry."""
    options = scenario.model.bound[name]
    carrier = options.on
    if _moves(scenario, carrier):
        return
    for reaction, law in scenario.model.reactions.items():
        if carrier in law.balance.change:
            what = f"{carrier} does not move, so what it carries ({name}) would stay as it is where this changes it"
            yield Finding(("model", "reactions", reaction, "equation"), what, code="immobile-species", remedy=_REMEDY)
    if options.at_birth == "per_cell" and options.per_cell.constant != 0.0:
        for other, cells in scenario.model.cells.items():
            if carrier in cells.becomes:
                what = f"{carrier} does not move, so {other} that becomes it would bring nothing along"
                yield Finding(("model", "bound", name, "at_birth"), what, code="immobile-species", remedy=_REMEDY)


def _moves(scenario: Scenario, name: str) -> bool:
    law = scenario.model.cells[name]
    ways = (*law.haptotaxis.values(), *law.chemotaxis.values(), *law.follows.values())
    formulas = [*law.motility.values(), *law.drift, *(way.sensitivity for way in ways)]
    return any(formula.constant != 0.0 for formula in formulas)
