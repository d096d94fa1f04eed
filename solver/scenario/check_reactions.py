"""What is wrong with reactions across options: species that they cannot change, laws that take what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from .check import Finding
from .expressions import Expr
from .reactions import Reaction
from .schema import Scenario
from .tree import evaluate, names

TRIALS = 5  # sets of other densities that a law is looked at with


def check_reactions(scenario: Scenario) -> Iterator[Finding]:
    """Every contradiction of a reaction with the rest of the scenario."""
    laws = {**scenario.model.solubles, **scenario.species}
    for name, reaction in scenario.model.reactions.items():
        path = ("model", "reactions", name)
        for species in reaction.balance.change:
            if getattr(laws.get(species), "quasi_steady", False):
                what = f"{species} is quasi-steady: it has no amount that a reaction could change"
                remedy = f"take out quasi_steady of {species}, or name it on both sides and write what it loses as its `decay`"
                yield Finding((*path, "equation"), what, code="wrong-reaction", remedy=remedy)
        if reaction.law is not None:
            yield from _from_nothing(reaction, (*path, "law"), scenario)


def _from_nothing(reaction: Reaction, path: tuple[str, ...], scenario: Scenario) -> Iterator[Finding]:
    """A law that uses up a species also where there is none of it."""
    if reaction.law is None:
        return
    for species, number in reaction.balance.change.items():
        if number > 0 and not reaction.balance.reversible:
            continue
        value = _at_zero(reaction.law.expr, species, {name: given.value for name, given in scenario.parameters.items()})
        if np.isinf(value):
            what = f"the law has no value where there is no {species}, which it uses up: it is of a negative order in it"
            remedy = f"let it be 0 there, as with {species}/({species} + K)"
            yield Finding(path, what, code="wrong-reaction", remedy=remedy)
            return
        if -number * value > 0.0:
            what = f"the law is not 0 where there is no {species}, which it uses up (it is {value:.3g} with others at about 1)"
            remedy = f"multiply it by {species}, or by {species}/({species} + K)"
            yield Finding(path, what, code="wrong-reaction", remedy=remedy)
            return


def _at_zero(law: Expr, species: str, parameters: Mapping[str, float]) -> float:
    """A value of the law without a species that is not 0, if one is found, infinity only where all are; no numbers are left to the run."""
    random = np.random.default_rng(1)
    boundless = 0
    for _ in range(TRIALS):
        values = {name: float(random.uniform(0.5, 1.5)) for name in sorted(names(law))}
        value = float(evaluate(law, {**values, **parameters, species: 0.0}))
        if np.isfinite(value) and value != 0.0:
            return value
        boundless += bool(np.isinf(value))
    return np.inf if boundless == TRIALS else 0.0
