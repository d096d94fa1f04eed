"""Membranes: db/dt = r (1 - b) - K b, and the flux of each species through the opening g(b)."""

from __future__ import annotations

from collections.abc import Sequence

from ..scenario.expressions import Expr, Name
from ..scenario.formulas import Formula
from ..scenario.membranes import Barrier, LinearPermeability, PressurePermeability
from ..scenario.membranes import Membrane as Options
from ..scenario.tree import names
from .balance import Degradation, Factor, IntegrityLaw, Membrane, Passage
from .citations import CHAPLAIN_2019, GALLINATO_2017, KEDEM_KATCHALSKY_1958
from .letters import Letters
from .terms import is_zero, product


def membrane(name: str, options: Options, cells: Sequence[str], letters: Letters) -> Membrane:
    """A membrane: its integrity, and how each species passes."""
    law = integrity(name, f"membrane {name}", options, cells, letters)
    return Membrane(name, law, tuple(_passage(name, species, way, letters) for species, way in options.permeability.items()))


def integrity(name: str, words: str, options: Barrier, cells: Sequence[str], letters: Letters) -> IntegrityLaw:
    """The integrity of a membrane or wall. Dissolved enzymes degrade it by the mean of its sides, cells that carry MT1-MMP by their sum."""

    def number(value: float, letter: str, meaning: str, dimension: str = "1", default: float | None = None) -> Expr:
        formula = Formula.number(value)
        return formula.expr if value == default else letters.use(formula, letter, dimension, meaning, name)

    rates = [(by, rate) for by, rate in options.degraded_by.items() if not is_zero(rate)]
    return IntegrityLaw(
        initial=options.initial.expr,
        degradation=tuple(_degradation(name, words, by, rate, by in cells, letters) for by, rate in rates),
        repair=number(options.repair, "r", f"repair of {words}", "1/time", 0.0),
        threshold=number(options.closed_above, "b_c", f"integrity above which {words} is closed", default=1.0),
        sharpness=number(options.sharpness, "q", f"how sharply {words} opens", default=1.0),
        breach=Formula.number(options.breach).expr,
    )


def _degradation(name: str, words: str, by: str, rate: Formula, bound: bool, letters: Letters) -> Degradation:
    meaning = f"degradation of {words} by {by}"
    k = letters.use(rate, "k", "1/time/key", meaning, name, by)
    return Degradation(
        product(k, Name(by)), "sum" if bound else "mean", meaning, letters.credit(rate, GALLINATO_2017), (Factor(k, meaning),)
    )


def names_integrity(formula: Formula) -> bool:
    """Whether a formula says itself what the integrity does, so that nothing else does."""
    return "integrity" in names(formula.expr)


def _passage(name: str, species: str, way: LinearPermeability | PressurePermeability, letters: Letters) -> Passage:
    rate = way.mobility if isinstance(way, PressurePermeability) else way.rate
    follows = not names_integrity(rate) if way.follows_integrity is None else way.follows_integrity
    if isinstance(way, PressurePermeability):
        mobility = letters.use(way.mobility, "mu", "length/time", f"mobility of {species} through {name}", name, species)
        return Passage(
            species,
            mobility,
            kind="pressure",
            exponent=Formula.number(way.exponent).expr,
            reference=Formula.number(way.reference).expr,
            follows_integrity=follows,
            source=letters.credit(way.mobility, CHAPLAIN_2019),
        )
    kappa = letters.use(way.rate, "kappa", "length/time", f"permeability of {name} for {species}", name, species)
    return Passage(species, kappa, follows_integrity=follows, taxis=way.haptotaxis, source=letters.credit(way.rate, KEDEM_KATCHALSKY_1958))
