"""What operations and functions make of intervals."""

from __future__ import annotations

import math
from collections.abc import Callable

Interval = tuple[float, float]
ALL: Interval = (-math.inf, math.inf)
TRUE, FALSE, EITHER = (1.0, 1.0), (0.0, 0.0), (0.0, 1.0)
LARGEST = 709.0  # whose exponential is a number


def hull(*values: float) -> Interval:
    """The least interval that holds all the values; anything where one is no number."""
    return ALL if any(map(math.isnan, values)) else (min(values), max(values))


def negative(u: Interval) -> Interval:
    """-u."""
    return -u[1], -u[0]


def _add(u: Interval, v: Interval) -> Interval:
    low, high = u[0] + v[0], u[1] + v[1]
    return (low, high) if low <= high else ALL


def _subtract(u: Interval, v: Interval) -> Interval:
    return _add(u, (-v[1], -v[0]))


def reciprocal(v: Interval) -> Interval:
    """1/v of what has 0 in it, which is left out."""
    if v[0] < 0.0:
        return ALL if v[1] > 0.0 else (-math.inf, 1.0 / v[0])
    return (1.0 / v[1] if v[1] > 0.0 else math.inf), math.inf


def whole_power(u: Interval, n: int) -> Interval:
    """u to the power n >= 0, a whole number."""
    low, high = raised(u[0], n), raised(u[1], n)
    return (0.0 if u[0] < 0.0 < u[1] else min(low, high), max(low, high)) if n % 2 == 0 and n else (low, high)


def raised(value: float, n: float) -> float:
    """One value to a power: infinite where it is too large, not a number where there is none."""
    try:
        return math.pow(value, n)
    except OverflowError:
        return -math.inf if value < 0.0 and n % 2 == 1 else math.inf
    except ValueError:
        return math.nan


def _rising(function: Callable[[float], float]) -> Callable[[Interval], Interval]:
    return lambda u: hull(function(u[0]), function(u[1]))


def log(x: float) -> float:
    """The logarithm of one value, -infinity of 0 and less."""
    return math.log(x) if x > 0.0 else -math.inf


def _exp(x: float) -> float:
    return math.exp(x) if x < LARGEST else math.inf


def _sinh(x: float) -> float:
    return math.sinh(x) if abs(x) < LARGEST else math.copysign(math.inf, x)


def _floor(x: float) -> float:
    return float(math.floor(x)) if math.isfinite(x) else x


def _sin(u: Interval) -> Interval:
    return _cos((u[0] - 0.5 * math.pi, u[1] - 0.5 * math.pi)) if u[0] < u[1] else _at(math.sin, u[0])


def _cos(u: Interval) -> Interval:
    if u[0] == u[1]:
        return _at(math.cos, u[0])
    if not u[1] - u[0] < 2.0 * math.pi:
        return -1.0, 1.0
    ends = math.cos(u[0]), math.cos(u[1])
    first = math.ceil(u[0] / math.pi - 1e-9)  # multiples of pi in the interval, or next to it: 1 at even ones, -1 at odd ones
    turns = [1.0 if k % 2 == 0 else -1.0 for k in range(first, math.floor(u[1] / math.pi + 1e-9) + 1)]
    return min(*ends, *turns), max(*ends, *turns)


def _at(function: Callable[[float], float], x: float) -> Interval:
    return (function(x), function(x)) if math.isfinite(x) else ALL


def _tan(u: Interval) -> Interval:
    if u[0] == u[1]:
        return _at(math.tan, u[0])
    if not u[1] - u[0] < math.pi or math.floor(u[0] / math.pi + 0.5) != math.floor(u[1] / math.pi + 0.5):
        return ALL
    return math.tan(u[0]), math.tan(u[1])


def _cosh(u: Interval) -> Interval:
    low, high = _abs(u)
    return math.cosh(low) if low < LARGEST else 1.0, math.cosh(high) if high < LARGEST else math.inf


def _abs(u: Interval) -> Interval:
    return max(u[0], -u[1], 0.0), max(-u[0], u[1])


def _min(*parts: Interval) -> Interval:
    return min(p[0] for p in parts), min(p[1] for p in parts)


def _max(*parts: Interval) -> Interval:
    return max(p[0] for p in parts), max(p[1] for p in parts)


def _less(u: Interval, v: Interval) -> Interval:
    return TRUE if u[1] < v[0] else FALSE if u[0] >= v[1] else EITHER


def _at_most(u: Interval, v: Interval) -> Interval:
    return TRUE if u[1] <= v[0] else FALSE if u[0] > v[1] else EITHER


def _equal(u: Interval, v: Interval) -> Interval:
    return TRUE if u[0] == u[1] == v[0] == v[1] else FALSE if u[1] < v[0] or v[1] < u[0] else EITHER


def negation(u: Interval) -> Interval:
    """Whether it does not hold."""
    return FALSE if u[0] > 0.0 or u[1] < 0.0 else TRUE if u == FALSE else EITHER


def _and(u: Interval, v: Interval) -> Interval:
    return negation(_or(negation(u), negation(v)))


def _or(u: Interval, v: Interval) -> Interval:
    first, second = negation(negation(u)), negation(negation(v))
    return max(first[0], second[0]), max(first[1], second[1])


BINARY: dict[str, Callable[..., Interval]] = {
    "+": _add,
    "-": _subtract,
    "<": _less,
    "<=": _at_most,
    ">": lambda u, v: _less(v, u),
    ">=": lambda u, v: _at_most(v, u),
    "==": _equal,
    "!=": lambda u, v: negation(_equal(u, v)),
    "and": _and,
    "or": _or,
}
CALLS: dict[str, Callable[..., Interval]] = {
    "exp": _rising(_exp),
    "sinh": _rising(_sinh),
    "tanh": _rising(math.tanh),
    "erf": _rising(math.erf),
    "floor": _rising(_floor),
    "ceil": lambda u: negative(_rising(_floor)(negative(u))),
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "cosh": _cosh,
    "abs": _abs,
    "min": _min,
    "max": _max,
    "noise": lambda *_: EITHER,
}
