"""Small helpers that all blocks share: products, sums, optional terms, conditions on boundaries."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import reduce

from ..scenario.biology import FibreDirection
from ..scenario.boundaries import Exchange, Fixed, Influx, NoFlux, Outflow
from ..scenario.expressions import Binary, Call, Expr, Name, Number
from ..scenario.formulas import Formula
from ..scenario.quantities import AMOUNT
from .balance import Boundary, Fibres
from .letters import Letters


def product(*factors: Expr) -> Expr:
    """The product of at least one factor."""
    return reduce(lambda a, b: Binary("*", a, b), factors)


def summed(parts: Iterable[Expr]) -> Expr:
    """The sum of parts; zero of none."""
    parts = list(parts)
    return reduce(lambda a, b: Binary("+", a, b), parts) if parts else Number(0.0)


def one_minus(*parts: Expr) -> Expr:
    """1 - a - b - ..."""
    result: Expr = Number(1.0)
    for part in parts:
        result = Binary("-", result, part)
    return result


def per_capacity(density: Expr, capacity: Expr) -> Expr:
    """density / capacity, without the division when the capacity is the number 1."""
    return density if capacity == Number(1.0) else Binary("/", density, capacity)


def falling(density: Expr, begin: Expr | None, end: Expr) -> Expr:
    """A factor that falls smoothly from 1 at ``begin`` (None: 0) to 0 at ``end``: (1 + cos(pi s))/2, s between 0 and 1."""
    above, width = (density, end) if begin is None else (Binary("-", density, begin), Binary("-", end, begin))
    share = Call("min", (Number(1.0), Call("max", (Number(0.0), Binary("/", above, width)))))
    return product(Number(0.5), Binary("+", Number(1.0), Call("cos", (product(Number(math.pi), share),))))


def is_zero(formula: Formula) -> bool:
    """Whether a formula is the number 0, so that its term is left out."""
    return formula.constant == 0.0


def regions(initial: Mapping[str, Formula]) -> dict[str, Expr]:
    """Initial values by region as expressions."""
    return {region: formula.expr for region, formula in initial.items()}


def amount(options: Formula | None, name: str, letters: Letters) -> Expr | None:
    """The total amount at the start, or None where the initial density says it."""
    return None if options is None else letters.use(options, "N", AMOUNT, f"amount of {name} at the start", name)


def motility(values: Mapping[str, Formula], name: str, letters: Letters) -> Expr | dict[str, Expr] | None:
    """D everywhere (a named parameter where constant), D by region, or None where nothing moves at random."""
    if all(is_zero(formula) for formula in values.values()):
        return None
    if "" in values:
        return letters.use(values[""], "d", "length^2/time", f"{letters.movement(name)} of {name}", name)
    return {region: formula.expr for region, formula in values.items()}


def fibres(options: FibreDirection | None) -> Fibres | None:
    """The direction of easiest movement; None where there is none or it makes no difference."""
    myopic = options is not None and options.law == "myopic"
    if options is None or (options.across == 1.0 and not myopic):
        return None
    return Fibres(tuple(formula.expr for formula in options.direction or ()), options.across, myopic, options.field)


def boundary(condition: NoFlux | Fixed | Influx | Exchange | Outflow) -> Boundary | None:
    """The condition of the balance law; None for no flux."""
    match condition:
        case Fixed(value=value):
            return Boundary("fixed", value.expr)
        case Influx(value=value):
            return Boundary("influx", value.expr)
        case Exchange(rate=rate, value=value):
            return Boundary("exchange", value.expr, rate.expr)
        case Outflow():
            return Boundary("outflow")
    return None


def names(species: Iterable[str]) -> list[Expr]:
    """Species names as expressions."""
    return [Name(name) for name in species]
