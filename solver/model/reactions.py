"""Reactions by mass action or a law of one's own: v = k a^2 b - k' c, and what each makes of the species that it changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from ..scenario.expressions import Binary, Expr, Name, Number
from ..scenario.reactions import Reaction as Options
from .balance import ZERO, Factor, Reaction
from .letters import Letters
from .terms import is_zero


def reaction(name: str, options: Options, letters: Letters) -> Reaction:
    """One reaction as it stands in the scenario."""
    equation = options.balance
    counts = equation.change
    first = next(iter(counts))
    change = {species: number * letters.ratio(first, species) for species, number in counts.items()}
    factors: tuple[Factor, ...] = ()
    if options.law is not None:
        onward: Expr
        backward: Expr
        onward, backward = letters.use(options.law, f"v_{name}", "own/time", f"speed of {name}", first), ZERO
        factors = () if equation.reversible else (Factor(onward, f"law of {name}"),)
    else:
        parts: list[Expr] = []
        for rate, side, letter, what in (
            (options.forward or options.rate, equation.left, f"k_{name}", f"rate of {name}"),
            (options.backward, equation.right, f"k_{name}_back", f"rate of {name}, from right to left"),
        ):
            if rate is None or is_zero(rate):
                parts.append(ZERO)
                continue
            k = letters.use(rate, letter, "", what, first, unit=letters.per(first, side))
            factors += (Factor(k, what),)
            parts.append(_mass_action(k, side))
        onward, backward = parts
    return Reaction(name, equation.text(), counts, change, onward, backward, equation.reversible, factors, options.source)


def _mass_action(k: Expr, side: Mapping[str, int]) -> Expr:
    """k times the densities, each as often as it stands there."""
    factors = [Name(species) if count == 1 else Binary("**", Name(species), Number(float(count))) for species, count in side.items()]
    return reduce(lambda a, b: Binary("*", a, b), factors, k)
