"""Bounds of what a formula can give, by interval arithmetic on its tree: never too narrow, sometimes too wide.

Values that are no numbers (0/0, the logarithm of less than 0) are left out: a bound is one of the values that are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from .expressions import Binary, Call, Expr, Name, Number, Timed, Unary

Interval = tuple[float, float]

ALL: Interval = (-math.inf, math.inf)
TRUTH: Interval = (0.0, 1.0)


def never_negative(expr: Expr, parameters: Mapping[str, float], densities: Iterable[str]) -> bool:
    """Whether a formula is seen to be >= 0 for any densities >= 0, any integrity in [0, 1], any place and time."""
    ranges: dict[str, Interval] = {"integrity": TRUTH, **dict.fromkeys(densities, (0.0, math.inf))}
    return bounds(expr, ranges | {name: (value, value) for name, value in parameters.items()})[0] >= 0.0


def bounds(expr: Expr, ranges: Mapping[str, Interval]) -> Interval:
    """The least and the largest value for names within their ranges; names without one may be anything."""
    match expr:
        case Number(value):
            return (value, value) if not math.isnan(value) else ALL
        case Name(id):
            return ranges.get(id, ALL)
        case Timed(function=function, slope=slope):
            return ALL if slope else (function.least, math.inf)
        case Unary("-", arg):
            low, high = bounds(arg, ranges)
            return -high, -low
        case Binary("+" | "-" | "*" | "/" | "**" as op, left, right):
            return _combined(op, left, right, ranges)
        case Call(function, args):
            return _called(function, [bounds(arg, ranges) for arg in args])
    return TRUTH  # comparisons and logic


def _combined(op: str, left: Expr, right: Expr, ranges: Mapping[str, Interval]) -> Interval:
    a, b = bounds(left, ranges), bounds(right, ranges)
    if op == "+":
        return _sum(a, b)
    if op == "-":
        return (0.0, 0.0) if left == right else _sum(a, (-b[1], -b[0]))
    if op == "*":
        return _whole_power(a, 2) if left == right else _times(a, b)
    if op == "/":
        return _times(a, _reciprocal(b))
    return _power(a, b)


def _sum(a: Interval, b: Interval) -> Interval:
    low, high = a[0] + b[0], a[1] + b[1]
    return -math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high


def _times(a: Interval, b: Interval) -> Interval:
    ends = [0.0 if x == 0.0 or y == 0.0 else x * y for x, y in product(a, b)]
    return min(ends), max(ends)


def _reciprocal(b: Interval) -> Interval:
    low, high = b
    if low < 0.0 < high:
        return ALL
    if low >= 0.0:
        return (1.0 / high if high > 0.0 else math.inf), (1.0 / low if low > 0.0 else math.inf)
    return (1.0 / high if high < 0.0 else -math.inf), 1.0 / low


def _power(a: Interval, exponent: Interval) -> Interval:
    n, last = exponent
    if n == last and n == int(n) if math.isfinite(n) else False:
        return _whole_power(a, int(n)) if n >= 0 else _reciprocal(_whole_power(a, int(-n)))
    if n == last and n > 0.0:  # of what is >= 0; of less it is no number
        return _raised(max(a[0], 0.0), n), _raised(max(a[1], 0.0), n)
    return (0.0, math.inf) if a[0] >= 0.0 or (n == last and math.isfinite(n)) else ALL


def _whole_power(a: Interval, n: int) -> Interval:
    ends = sorted((_raised(a[0], n), _raised(a[1], n)))
    if n % 2 == 0 and n and a[0] < 0.0 < a[1]:
        return 0.0, ends[1]
    return ends[0], ends[1]


def _raised(value: float, n: float) -> float:
    try:
        return float(value**n)
    except OverflowError:
        return -math.inf if value < 0.0 and n % 2 == 1 else math.inf


def _called(function: str, args: list[Interval]) -> Interval:
    low, high = args[0]
    match function:
        case "min":
            return min(a[0] for a in args), min(a[1] for a in args)
        case "max":
            return max(a[0] for a in args), max(a[1] for a in args)
        case "where":
            return min(args[1][0], args[2][0]), max(args[1][1], args[2][1])
        case "abs":
            return max(low, -high, 0.0), max(-low, high)
        case "sin" | "cos":
            return -1.0, 1.0
        case "cosh":
            return 1.0, math.inf
        case "noise":
            return TRUTH
        case "log" if high <= 0.0:
            return ALL
    if function in _RISING:
        return _end(_RISING[function], low, -math.inf), _end(_RISING[function], high, math.inf)
    return ALL


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _root(value: float) -> float:
    return math.sqrt(max(value, 0.0))


_RISING: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": _log,
    "sqrt": _root,
    "tanh": math.tanh,
    "sinh": math.sinh,
    "erf": math.erf,
}


def _end(function: Callable[[float], float], at: float, beyond: float) -> float:
    """A rising function at the end of an interval; where that overflows, ``beyond`` or the largest number."""
    try:
        return function(at)
    except OverflowError:
        return beyond if (beyond > 0.0) == (at > 0.0) else math.copysign(1e308, at)
