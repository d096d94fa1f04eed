"""Formulas of several species turned into one program for compiled loops over nodes (kernels.program).

What does not depend on these species (others, parameters, place, time, noise) is one array per part that is evaluated before the
loop. Products are brought into one order, so that what two formulas have in common is computed once and cancels exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.program import OPERATIONS
from ..kernels.rodas import Table
from ..scenario.derivative import derivative
from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.tree import names, rebuild, simplify, substitute, to_text
from .elimination import Elimination, eliminate

Floats = NDArray[np.float64]
Line = tuple[int, int, int, int]
MOST_PARTS = 32  # of a product of sums that is expanded
_NUMBER = {name: k for k, name in enumerate(OPERATIONS)}


@dataclass(frozen=True)
class Program:
    """Registers: species, outer parts, constants, one per line.

    code (lines, 4). short: the lines that the rates need; those of their derivatives follow. first: the register of line 0.
    outer: the parts to evaluate beforehand. rates (species) and slopes (k, 3) of row, column, register; slopes that are 0 are left out.
    silent: whether all rates are 0 where all species are. flows and turns: like rates and slopes, of what is only added up.
    quiet: a set of registers of species and outer parts (as bits) for each part of the rates, which is 0 where one of them is;
    none where there are no flows. gross (k, 2) of row and register, and weights (k): the parts that the rates are sums of.
    elimination: of the unknowns of a node.
    """

    code: NDArray[np.int32]
    short: int
    first: int
    constants: Floats
    outer: tuple[Expr, ...]
    rates: NDArray[np.int32]
    slopes: NDArray[np.int32]
    silent: bool
    flows: NDArray[np.int32]
    turns: NDArray[np.int32]
    quiet: NDArray[np.uint64]
    gross: NDArray[np.int32]
    weights: Floats
    elimination: Elimination

    def table(self) -> Table:
        """For compiled loops."""
        mine = (self.code, self.short, self.first, self.constants, self.rates, self.slopes, self.flows, self.turns, self.quiet, self.gross)
        e = self.elimination
        return Table(*mine, self.weights, self.silent, e.size, e.place, e.steps, e.forward, e.backward)


class _Builder:
    def __init__(self, species: Sequence[str], outer: Sequence[Expr], constants: Sequence[float]) -> None:
        self.species = {name: k for k, name in enumerate(species)}
        self.outer = {to_text(expr): len(species) + k for k, expr in enumerate(outer)}
        self.constants = {value: len(species) + len(outer) + k for k, value in enumerate(constants)}
        self.first = len(species) + len(outer) + len(constants)
        self.lines: dict[Line, int] = {}

    def line(self, operation: str, *operands: int) -> int:
        """The register of a line; the same one for the same line."""
        a, b, c = (*operands, operands[0], operands[0])[:3]
        return self.lines.setdefault((_NUMBER[operation], a, b, c), self.first + len(self.lines))

    def put(self, expr: Expr) -> int:
        """The register of an expression."""
        if not names(expr) & set(self.species):
            return self.constants[expr.value] if isinstance(expr, Number) else self.outer[to_text(expr)]
        match expr:
            case Name(id):
                return self.species[id]
            case Unary("-", arg):
                return self.line("neg", self.put(arg))
            case Unary(_, arg):
                return self.line("not", self.put(arg))
            case Binary("**", left, Number(2.0)):  # as NumPy does it
                return self.line("*", self.put(left), self.put(left))
            case Binary(op, left, right):
                return self.line(op, self.put(left), self.put(right))
            case Call("min" | "max" as function, args):
                first, *others = (self.put(arg) for arg in args)
                for other in others:
                    first = self.line(function, first, other)
                return first
            case Call(function, args):
                return self.line(function, *(self.put(arg) for arg in args))
        raise TypeError(f"not an expression: {expr!r}")


def _ordered(expr: Expr) -> Expr:
    """Products as a sign, factors in the order of their texts, and one number, so that equal ones are the same tree."""
    if not isinstance(expr, Binary) or expr.op != "*":
        return expr
    sign, number = 1.0, 1.0
    rest: list[Expr] = []
    for factor in _factors(expr):
        if isinstance(factor, Unary) and factor.op == "-":
            sign, factor = -sign, factor.arg
        if isinstance(factor, Number):
            number *= factor.value
        else:
            rest.append(factor)
    product: Expr | None = None
    for factor in sorted(rest, key=to_text):
        product = factor if product is None else Binary("*", product, factor)
    if product is None:
        return Number(sign * number)
    product = product if abs(number) == 1.0 else Binary("*", product, Number(abs(number)))
    return Unary("-", product) if sign * number < 0.0 else product


def _factors(expr: Expr) -> list[Expr]:
    if isinstance(expr, Binary) and expr.op == "*":
        return [*_factors(expr.left), *_factors(expr.right)]
    if isinstance(expr, Unary) and expr.op == "-" and isinstance(expr.arg, Binary) and expr.arg.op == "*":
        return [Number(-1.0), *_factors(expr.arg)]
    return [expr]


def compose(rates: Mapping[str, Expr], parameters: Mapping[str, float], flows: Iterable[Expr] = ()) -> Program:
    """The program of these rates of change and their derivatives by the species that they are of.

    flows: rates of what is added up besides, such as how much of each reaction happens.
    """
    species = list(rates)

    def known(expr: Expr) -> Expr:
        return rebuild(simplify(substitute(expr, parameters)), _ordered)

    def slopes(exprs: Sequence[Expr]) -> list[tuple[int, int, Expr]]:
        every = ((i, j, derivative(expr, name)) for i, expr in enumerate(exprs) for j, name in enumerate(species))
        return [(i, j, rebuild(slope, _ordered)) for i, j, slope in every if slope != Number(0.0)]

    changing, flowing = [known(expr) for expr in rates.values()], [known(expr) for expr in flows]
    steep, turning = slopes(changing), slopes(flowing)
    parts: dict[str, Expr] = {}
    constants: dict[float, None] = {}
    for expr in [*changing, *flowing, *(slope for _, _, slope in [*steep, *turning])]:
        _collect(expr, frozenset(species), parts, constants)
    pieces = (
        [(i, number, rebuild(part, _ordered)) for i, expr in enumerate(changing) for number, part in _summands(expr)] if flowing else []
    )
    for _, _, part in pieces:
        _collect(part, frozenset(species), parts, constants)
    build = _Builder(species, list(parts.values()), list(constants))
    at, along = [build.put(expr) for expr in changing], [build.put(expr) for expr in flowing]
    gross = [(i, build.put(part)) for i, _, part in pieces]
    short = len(build.lines)
    where, whither = ([(i, j, build.put(slope)) for i, j, slope in of] for of in (steep, turning))
    empty = {name: 0.0 for name in species}
    return Program(
        np.array(list(build.lines), dtype=np.int32).reshape(-1, 4),
        short,
        build.first,
        np.array(list(constants), dtype=float),
        tuple(parts.values()),
        np.array(at, dtype=np.int32),
        np.array(where, dtype=np.int32).reshape(-1, 3),
        all(simplify(substitute(expr, empty)) == Number(0.0) for expr in changing),
        np.array(along, dtype=np.int32),
        np.array(whither, dtype=np.int32).reshape(-1, 3),
        _quiet([*changing, *flowing], build) if flowing else np.zeros(0, dtype=np.uint64),
        np.array(gross, dtype=np.int32).reshape(-1, 2),
        np.array([number for _, number, _ in pieces], dtype=float),
        eliminate(len(species), [(i, j) for i, j, _ in steep]),
    )


def _quiet(exprs: Iterable[Expr], build: _Builder) -> NDArray[np.uint64]:
    """For each part of these sums the registers below 64 of which one that is 0 makes it 0, as bits; each set once."""
    found = (_silencing(part, build) for expr in exprs for _, part in _summands(expr))
    sets = {frozenset(k for k in registers if k < 64) for registers in found if registers is not None}
    least = [one for one in sets if not any(other < one for other in sets)]
    return np.array(sorted(sum(1 << k for k in one) for one in least), dtype=np.uint64)


def _summands(expr: Expr) -> list[tuple[float, Expr]]:
    """The parts that an expression is a sum of, whatever their signs, and by what each is multiplied; products of sums are expanded."""
    match expr:
        case Binary("+" | "-", left, right):
            return [*_summands(left), *_summands(right)]
        case Unary("-", arg):
            return _summands(arg)
        case Binary("*", Number(value), arg) | Binary("*", arg, Number(value)):
            return [(abs(value) * number, part) for number, part in _summands(arg)]
        case Binary("*", left, right):
            one, two = _summands(left), _summands(right)
            if 1 < len(one) * len(two) <= MOST_PARTS:
                return [(a * b, Binary("*", x, y)) for a, x in one for b, y in two]
        case Binary("/", left, right) if len(over := _summands(left)) > 1:
            return [(number, Binary("/", part, right)) for number, part in over]
    return [(1.0, expr)]


def _silencing(expr: Expr, build: _Builder) -> frozenset[int] | None:
    """The registers of which each makes the whole 0 if it is 0; None for the number 0, which is so whatever they are."""
    if expr == Number(0.0):
        return None
    if isinstance(expr, Number):
        return frozenset()
    if (outer := build.outer.get(to_text(expr))) is not None:
        return frozenset([outer])
    match expr:
        case Name(id) if id in build.species:
            return frozenset([build.species[id]])
        case Binary("*", left, right):
            one, two = _silencing(left, build), _silencing(right, build)
            return None if one is None or two is None else one | two
        case Binary("+" | "-", left, right):
            one, two = _silencing(left, build), _silencing(right, build)
            return two if one is None else one if two is None else one & two
        case Binary("**", base, Number(power)) if power > 0.0:
            return _silencing(base, build)
        case Binary("/", arg, _) | Unary("-", arg) | Call("sqrt" | "abs" | "sin" | "sinh" | "tan" | "tanh" | "erf", (arg,)):
            return _silencing(arg, build)
    return frozenset()


def _collect(expr: Expr, species: frozenset[str], parts: dict[str, Expr], constants: dict[float, None]) -> None:
    """The largest parts without these species: numbers, and all others by their text."""
    if isinstance(expr, Number):
        constants.setdefault(expr.value)
    elif not names(expr) & species:
        parts.setdefault(to_text(expr), expr)
    else:
        match expr:
            case Unary(_, arg):
                _collect(arg, species, parts, constants)
            case Binary(_, left, right):
                _collect(left, species, parts, constants)
                _collect(right, species, parts, constants)
            case Call(_, args):
                for arg in args:
                    _collect(arg, species, parts, constants)
