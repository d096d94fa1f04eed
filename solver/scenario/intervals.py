"""Bounds of what a formula can give, by interval arithmetic on its tree: never too narrow but by rounding, sometimes too wide.

`enclosure` bounds a function of time over intervals of time: what is no number somewhere (0/0, the logarithm of less than 0) may be
anything. `bounds` takes any names within ranges, and leaves what is no number out: a bound is one of the values that are; there a
comparison, which also holds for those left out or does not, may be either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from .expressions import Binary, Call, Expr, Name, Number, Timed, Unary
from .functions import Function, pieces
from .interval_rules import (
    ALL,
    BINARY,
    CALLS,
    EITHER,
    FALSE,
    TRUE,
    Interval,
    hull,
    log,
    negation,
    negative,
    raised,
    reciprocal,
    whole_power,
)

Enclosure = Callable[[float, float], Interval]
Leaf = Callable[[Name | Timed], Enclosure]


def never_negative(expr: Expr, parameters: Mapping[str, float], densities: Iterable[str]) -> bool:
    """Whether a formula is seen to be >= 0 for any densities >= 0, any integrity in [0, 1], any place and time."""
    ranges: dict[str, Interval] = {"integrity": EITHER, **dict.fromkeys(densities, (0.0, math.inf))}
    return bounds(expr, ranges | {name: (value, value) for name, value in parameters.items()})[0] >= 0.0


def bounds(expr: Expr, ranges: Mapping[str, Interval]) -> Interval:
    """The least and the largest value for names within their ranges; names without one may be anything, the time among them."""

    def leaf(node: Name | Timed) -> Enclosure:
        found = ranges.get(node.id, ALL) if isinstance(node, Name) else ALL if node.slope else (node.function.least, math.inf)
        return lambda a, b: found

    return _WHERE_DEFINED.enclosure(expr, leaf)(*ALL)


def enclosure(expr: Expr, frozen: Mapping[str, float]) -> Enclosure:
    """Bounds of the expression for all t in [a, b] as a function of a and b; other names are numbers, those in ``frozen`` at the call."""

    def leaf(node: Name | Timed) -> Enclosure:
        match node:
            case Name("t"):
                return lambda a, b: (a, b)
            case Name(id):
                return lambda a, b: (frozen[id], frozen[id])
            case Timed(_, f, piece, slope):
                within = f.slopes if slope else f.bounds
                return (lambda a, b: within(a, b, frozen[piece])) if piece else (lambda a, b: _by_piece(f, within, a, b))
        raise TypeError(f"not a leaf: {node!r}")

    return _EVERYWHERE.enclosure(expr, leaf)


def _by_piece(function: Function, within: Callable[[float, float, float], Interval], a: float, b: float) -> Interval:
    """Bounds over all pieces that an interval lies in."""
    parts = pieces(function, a, b) or [(a, b)]
    found = [within(u, v, function.piece(u)) for u, v in parts]
    return min(low for low, _ in found), max(high for _, high in found)


class _Rules:
    """How intervals are calculated with. ``left_out``: values that are no numbers are; else they may be anything."""

    def __init__(self, left_out: bool) -> None:
        self._left_out = left_out
        self._binary = BINARY | {"*": self._multiply, "/": self._divide, "**": self._power}
        self._calls = CALLS | {"log": self._log, "sqrt": self._sqrt, "mod": self._mod, "where": self._where}

    def enclosure(self, expr: Expr, leaf: Leaf) -> Enclosure:
        """Bounds of the expression as a function of what ``leaf`` makes of its names and functions of time."""
        match expr:
            case Number(value):
                constant = ALL if math.isnan(value) else (value, value)
                return lambda a, b: constant
            case Name() | Timed():
                return leaf(expr)
            case Binary(op) | Unary("not" as op) if self._left_out and op not in _ARITHMETIC:
                return lambda a, b: EITHER
            case Unary(op, arg):
                return self._of(negative if op == "-" else negation, leaf, arg)
            case Binary("*", left, right) if left == right:
                return self._of(lambda u: whole_power(u, 2), leaf, left)
            case Binary("-", left, right) if left == right and self._left_out:
                return lambda a, b: (0.0, 0.0)
            case Binary(op, left, right):
                return self._of(self._binary[op], leaf, left, right)
            case Call(function, args):
                return self._of(self._calls[function], leaf, *args)
        raise TypeError(f"not an expression: {expr!r}")

    def _of(self, rule: Callable[..., Interval], leaf: Leaf, *parts: Expr) -> Enclosure:
        inner = [self.enclosure(part, leaf) for part in parts]
        if len(inner) == 1:
            (only,) = inner
            return lambda a, b: rule(only(a, b))
        if len(inner) == 2:
            left, right = inner
            return lambda a, b: rule(left(a, b), right(a, b))
        return lambda a, b: rule(*(part(a, b) for part in inner))

    def _multiply(self, u: Interval, v: Interval) -> Interval:
        return self._hull_of_limits([x * y for x, y in product(u, v)])

    def _divide(self, u: Interval, v: Interval) -> Interval:
        if v[0] <= 0.0 <= v[1]:
            return self._multiply(u, reciprocal(v)) if self._left_out else ALL
        return self._hull_of_limits([x / y for x, y in product(u, v)])

    def _hull_of_limits(self, ends: list[float]) -> Interval:
        """The hull; 0 times infinity is 0 where infinity is what numbers come close to."""
        return hull(*(0.0 if math.isnan(x) else x for x in ends) if self._left_out else ends)

    def _power(self, u: Interval, n: Interval) -> Interval:
        single = n[0] == n[1] and math.isfinite(n[0])
        if single and n[0] == int(n[0]):
            return whole_power(u, int(n[0])) if n[0] >= 0.0 else self._divide((1.0, 1.0), whole_power(u, int(-n[0])))
        if self._left_out and single:  # of what is >= 0; of less it is no number
            u = max(u[0], 0.0), max(u[1], 0.0)
        if not u[0] >= 0.0:
            return ALL
        low, high = hull(*(raised(x, y) for x, y in product(u, n)))
        return (max(low, 0.0), high) if self._left_out else (low, high)

    def _log(self, u: Interval) -> Interval:
        if self._left_out:
            u = max(u[0], 0.0), u[1]
        return (log(u[0]), log(u[1])) if u[0] >= 0.0 and (u[1] > 0.0 or not self._left_out) else ALL

    def _sqrt(self, u: Interval) -> Interval:
        if self._left_out:
            u = max(u[0], 0.0), max(u[1], 0.0)
        return (math.sqrt(u[0]), math.sqrt(u[1])) if u[0] >= 0.0 else ALL

    def _mod(self, u: Interval, v: Interval) -> Interval:
        if v[0] > 0.0 or (self._left_out and v[0] == 0.0):
            return 0.0, v[1]
        return (v[0], 0.0) if v[1] < 0.0 else ALL

    def _where(self, condition: Interval, yes: Interval, no: Interval) -> Interval:
        chosen = EITHER if self._left_out else negation(negation(condition))
        return yes if chosen == TRUE else no if chosen == FALSE else hull(*yes, *no)


_ARITHMETIC = ("+", "-", "*", "/", "**")
_EVERYWHERE, _WHERE_DEFINED = _Rules(left_out=False), _Rules(left_out=True)
