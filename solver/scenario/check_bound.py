"""What the options of a bound species alone cannot tell: what it becomes where its cells become others."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Finding
from .schema import Scenario
from .wrong import allowed


def check_bound(scenario: Scenario) -> Iterator[Finding]:
    """Contradictions in model.bound."""
    cells, bound = scenario.model.cells, scenario.model.bound
    for name, options in bound.items():
        yield from _released(scenario, name, options.released_into)
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
                what, remedy = f"{still[0]} does not move, so nothing goes along with it", "give it a motility, however small"
                yield Finding(place, what, code="immobile-species", remedy=remedy)


def _released(scenario: Scenario, name: str, into: str | None) -> Iterator[Finding]:
    place, solubles = ("model", "bound", name, "released_into"), scenario.model.solubles
    if into is not None and into not in solubles:
        yield Finding(place, f"no soluble (given {into!r})", code="no-species", remedy=allowed(into, list(solubles)))


def _moves(scenario: Scenario, name: str) -> bool:
    law = scenario.model.cells[name]
    formulas = [*law.motility.values(), *law.drift, *(way.sensitivity for way in (*law.haptotaxis.values(), *law.chemotaxis.values()))]
    return any(formula.constant != 0.0 for formula in formulas)
