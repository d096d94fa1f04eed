r"""What of the formulas depends on time and parameters alone: frozen between jumps, and where it enters linearly, by its exact mean.

A formula is linear in f(t) as far as sums, products, quotients by what does not depend on time, and branches of ``where`` go. There
f stands for its mean over the interval that the formula is evaluated for: over a step, or a part of it, rates then have the integral
that f gives them. Elsewhere, as within exp(-t x), f stands for its value in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.jumps import Jumps
from ..scenario.tree import names, simplify, substitute
from .means import addends

Floats = NDArray[np.float64]

ZERO, ONE = Number(0.0), Number(1.0)
KEPT = 64  # means of one function that are kept
SPLIT = 16  # products of sums of one formula that are multiplied out


class Factor:
    """A function of time and of switches. Its values are kept until a switch has changed."""

    def __init__(self, expr: Expr, jumps: Jumps) -> None:
        self._jumps = jumps
        self._addends = list(addends(expr, jumps.frozen))
        self._kept: dict[tuple[float, float], float] = {}
        self._of: tuple[float, ...] = ()

    def over(self, begin: float, end: float) -> float:
        """Its mean over an interval; of no length: its value."""
        frozen = tuple(self._jumps.frozen.values())
        if frozen != self._of or len(self._kept) > KEPT:
            self._kept, self._of = {}, frozen
        value = self._kept.get((begin, end))
        if value is None:
            value = math.fsum(a.at(begin) if begin == end else a.mean(begin, end) for a in self._addends)
            self._kept[begin, end] = value
        return value


class Times:
    """The functions of time in all formulas of a problem, each once, and where they jump. start, end: of the run; unit: as text, or ""."""

    def __init__(self, parameters: Mapping[str, float], start: float = 0.0, end: float = math.inf, unit: str = "") -> None:
        self.unit = unit
        self.parameters, self.jumps = dict(parameters), Jumps(start, end)
        self._factors: dict[Expr, Factor] = {}

    def said(self, time: float, digits: int = 6) -> str:
        """A time in a message: t = 3 h."""
        return f"t = {self.lasting(time, digits)}"

    def lasting(self, span: float, digits: int = 6) -> str:
        """A span of time in a message: 3 h."""
        return f"{span:.{digits}g} {self.unit}".rstrip()

    def factor(self, expr: Expr) -> Factor:
        """The function that an expression of the time and parameters is."""
        frozen = self.jumps.frozen_in(simplify(substitute(expr, self.parameters)))
        if frozen not in self._factors:
            self._factors[frozen] = Factor(frozen, self.jumps)
        return self._factors[frozen]

    def is_of_time(self, expr: Expr) -> bool:
        """Whether it depends on the time, and on parameters at most besides."""
        found = names(expr)
        return "t" in found and all(name == "t" or name in self.parameters for name in found)


class Moment:
    """The time for which the formulas of one evaluator are evaluated: an instant, or an interval.

    t (1,): the middle of it. Functions of time become names, whose arrays (1,) are put into ``known``.
    """

    def __init__(self, times: Times, known: dict[str, float | NDArray[np.float64]]) -> None:
        self.times, self._known = times, known
        self.begin = self.end = 0.0
        self._split = 0
        self.t = np.zeros(1)
        self._means: dict[str, tuple[Factor, Floats]] = {}
        self._values: dict[str, tuple[Factor, Floats]] = {}

    def set(self, begin: float, end: float) -> None:
        """Evaluate for the interval from now on."""
        self.begin, self.end, self.t[0] = begin, end, 0.5 * (begin + end)
        for factor, out in self._means.values():
            out[0] = factor.over(begin, end)
        for factor, out in self._values.values():
            out[0] = factor.over(self.t[0], self.t[0])

    def separated(self, expr: Expr) -> Expr:
        """The expression with names in the place of functions of time."""
        self._split = 0
        return self._times(None, expr) if "t" in names(expr) else expr

    def _name(self, expr: Expr, mean: bool) -> Expr:
        if expr == Name("t"):
            return expr
        found = self._means if mean else self._values
        factor = self.times.factor(expr)
        name = next((n for n, (f, _) in found.items() if f is factor), None)
        if name is None:
            name = f"{'mean' if mean else 'value'} {len(found)}"
            found[name] = (factor, np.zeros(1))
            self._known[name] = found[name][1]
            found[name][1][0] = factor.over(self.begin, self.end) if mean else factor.over(self.t[0], self.t[0])
        return Name(name)

    def _times(self, factor: Expr | None, expr: Expr) -> Expr:
        """factor * expr, functions of time by their means; ``factor`` is a function of time, or None for 1."""
        if "t" not in names(expr):
            return expr if factor is None else Binary("*", self._name(factor, True), expr)
        if self.times.is_of_time(expr):
            return self._name(expr if factor is None else Binary("*", factor, expr), True)
        match expr:
            case Unary("-", arg):
                return Unary("-", self._times(factor, arg))
            case Binary("+" | "-" as op, left, right):
                return Binary(op, self._times(factor, left), self._times(factor, right))
            case Binary("*", left, right):
                return self._product(factor, left, right)
            case Binary("/", above, below) if "t" not in names(below):
                return Binary("/", self._times(factor, above), below)
            case Binary("/", above, below) if self.times.is_of_time(below):
                return self._times(_with(factor, Binary("/", ONE, below)), above)
            case Binary("/", above, Binary("*", first, second)):
                return self._times(factor, Binary("/", Binary("/", above, first), second))
            case Binary("/", above, Binary("/", first, second)):
                return self._times(factor, Binary("/", Binary("*", above, second), first))
            case Call("where", (condition, yes, no)):
                if not self.times.is_of_time(condition):
                    return Call("where", (self._by_value(condition), self._times(factor, yes), self._times(factor, no)))
                one, other = (Call("where", (condition, *pair)) for pair in ((factor or ONE, ZERO), (ZERO, factor or ONE)))
                chosen = (self._times(one if "t" in names(yes) else factor, yes), self._times(other if "t" in names(no) else factor, no))
                return Call("where", (self._by_value(condition), *chosen))
        inner = self._by_value(expr)
        return inner if factor is None else Binary("*", self._name(factor, True), inner)

    def _product(self, factor: Expr | None, left: Expr, right: Expr) -> Expr:
        for a, b in ((left, right), (right, left)):
            if self.times.is_of_time(a):
                return self._times(_with(factor, a), b)
        if "t" not in names(left):
            return Binary("*", left, self._times(factor, right))
        if "t" not in names(right):
            return Binary("*", self._times(factor, left), right)
        match left, right:  # both depend on more than time: (a + b) c = a c + b c, as long as that is no long sum
            case (Binary("+" | "-" as op, a, b), c) | (c, Binary("+" | "-" as op, a, b)) if self._split < SPLIT:
                self._split += 1
                return Binary(op, self._times(factor, Binary("*", a, c)), self._times(factor, Binary("*", b, c)))
        return Binary("*", self._times(factor, left), self._by_value(right))

    def _by_value(self, expr: Expr) -> Expr:
        """The expression with the values of functions of time in the middle."""
        if "t" not in names(expr):
            return expr
        if self.times.is_of_time(expr):
            return self._name(expr, False)
        match expr:
            case Unary(op, arg):
                return Unary(op, self._by_value(arg))
            case Binary(op, left, right):
                return Binary(op, self._by_value(left), self._by_value(right))
            case Call(function, args):
                return Call(function, tuple(self._by_value(a) for a in args))
        return expr


def _with(factor: Expr | None, expr: Expr) -> Expr:
    return expr if factor is None else Binary("*", factor, expr)
