"""Formulas of several species turned into one program for compiled loops over nodes (kernels.program).

What does not depend on these species (others, parameters, place, time, noise) is one array per part that is evaluated before the
loop. Products are brought into one order, so that what two formulas have in common is computed once and cancels exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.program import OPERATIONS
from ..scenario.derivative import derivative
from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.tree import names, rebuild, simplify, substitute, to_text

Floats = NDArray[np.float64]
Line = tuple[int, int, int, int]
_NUMBER = {name: k for k, name in enumerate(OPERATIONS)}


@dataclass(frozen=True)
class Program:
    """Registers: species, outer parts, constants, one per line.

    code (lines, 4). short: the lines that the rates need; those of their derivatives follow. first: the register of line 0.
    outer: the parts to evaluate beforehand. rates (species) and slopes (k, 3) of row, column, register; slopes that are 0 are left out.
    silent: whether all rates are 0 where all species are.
    """

    code: NDArray[np.int32]
    short: int
    first: int
    constants: Floats
    outer: tuple[Expr, ...]
    rates: NDArray[np.int32]
    slopes: NDArray[np.int32]
    silent: bool


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


def compose(rates: Mapping[str, Expr], parameters: Mapping[str, float]) -> Program:
    """The program of these rates of change and their derivatives by the species that they are of."""
    species = list(rates)
    known = [rebuild(simplify(substitute(expr, parameters)), _ordered) for expr in rates.values()]
    slopes = [
        (i, j, rebuild(slope, _ordered))
        for i, expr in enumerate(known)
        for j, name in enumerate(species)
        if (slope := derivative(expr, name)) != Number(0.0)
    ]
    parts: dict[str, Expr] = {}
    constants: dict[float, None] = {}
    for expr in [*known, *(slope for _, _, slope in slopes)]:
        _collect(expr, frozenset(species), parts, constants)
    build = _Builder(species, list(parts.values()), list(constants))
    at = [build.put(expr) for expr in known]
    short = len(build.lines)
    where = [(i, j, build.put(slope)) for i, j, slope in slopes]
    empty = {name: 0.0 for name in species}
    return Program(
        np.array(list(build.lines), dtype=np.int32).reshape(-1, 4),
        short,
        build.first,
        np.array(list(constants), dtype=float),
        tuple(parts.values()),
        np.array(at, dtype=np.int32),
        np.array(where, dtype=np.int32).reshape(-1, 3),
        all(simplify(substitute(expr, empty)) == Number(0.0) for expr in known),
    )


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
