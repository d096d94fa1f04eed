r"""Bounds of a function of time over an interval of time, by interval arithmetic on its tree.

Never too narrow but by rounding; too wide where the time occurs several times. What is no number somewhere may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product

from ..scenario.expressions import Binary, Call, Expr, Name, Number, Timed, Unary
from ..scenario.functions import Function, pieces

Interval = tuple[float, float]
Enclosure = Callable[[float, float], Interval]

ALL: Interval = (-math.inf, math.inf)
TRUE, FALSE, EITHER = (1.0, 1.0), (0.0, 0.0), (0.0, 1.0)


def enclosure(expr: Expr, frozen: Mapping[str, float]) -> Enclosure:
    """Bounds of the expression for all t in [a, b] as a function of a and b; other names are numbers, those in ``frozen`` at the call."""
    match expr:
        case Number(value):
            constant = (value, value)
            return lambda a, b: constant
        case Name("t"):
            return lambda a, b: (a, b)
        case Name(id):
            return lambda a, b: (frozen[id], frozen[id])
        case Timed(_, f, piece, slope):
            within = f.slopes if slope else f.bounds
            return (lambda a, b: within(a, b, frozen[piece])) if piece else (lambda a, b: _by_piece(f, within, a, b))
        case Unary(op, arg):
            return _of(_negative if op == "-" else _not, arg, frozen=frozen)
        case Binary("*", left, right) if left == right:
            return _of(lambda u: _whole_power(u, 2), left, frozen=frozen)
        case Binary(op, left, right):
            return _of(_BINARY[op], left, right, frozen=frozen)
        case Call(function, args):
            return _of(_CALLS[function], *args, frozen=frozen)
    raise TypeError(f"not an expression: {expr!r}")


def _of(rule: Callable[..., Interval], *parts: Expr, frozen: Mapping[str, float]) -> Enclosure:
    inner = [enclosure(part, frozen) for part in parts]
    if len(inner) == 1:
        (only,) = inner
        return lambda a, b: rule(only(a, b))
    if len(inner) == 2:
        left, right = inner
        return lambda a, b: rule(left(a, b), right(a, b))
    return lambda a, b: rule(*(part(a, b) for part in inner))


def _by_piece(function: Function, within: Callable[[float, float, float], Interval], a: float, b: float) -> Interval:
    """Bounds over all pieces that an interval lies in."""
    parts = pieces(function, a, b) or [(a, b)]
    found = [within(u, v, function.piece(u)) for u, v in parts]
    return min(low for low, _ in found), max(high for _, high in found)


def _hull(*values: float) -> Interval:
    return ALL if any(map(math.isnan, values)) else (min(values), max(values))


def _negative(u: Interval) -> Interval:
    return -u[1], -u[0]


def _add(u: Interval, v: Interval) -> Interval:
    low, high = u[0] + v[0], u[1] + v[1]
    return (low, high) if low <= high else ALL


def _subtract(u: Interval, v: Interval) -> Interval:
    return _add(u, (-v[1], -v[0]))


def _multiply(u: Interval, v: Interval) -> Interval:
    return _hull(*(x * y for x, y in product(u, v)))


def _divide(u: Interval, v: Interval) -> Interval:
    if v[0] <= 0.0 <= v[1]:
        return ALL
    return _hull(*(x / y for x, y in product(u, v)))


def _power(u: Interval, n: Interval) -> Interval:
    if n[0] == n[1] and n[0] == int(n[0]) if math.isfinite(n[0]) else False:
        return _whole_power(u, int(n[0])) if n[0] >= 0.0 else _divide((1.0, 1.0), _whole_power(u, int(-n[0])))
    return _hull(*(_raised(x, y) for x, y in product(u, n))) if u[0] >= 0.0 else ALL


def _whole_power(u: Interval, n: int) -> Interval:
    low, high = _raised(u[0], n), _raised(u[1], n)
    return (0.0 if u[0] < 0.0 < u[1] else min(low, high), max(low, high)) if n % 2 == 0 and n else (low, high)


def _raised(value: float, n: float) -> float:
    try:
        return math.pow(value, n)
    except OverflowError:
        return -math.inf if value < 0.0 and n % 2 == 1 else math.inf
    except ValueError:
        return math.nan


def _rising(function: Callable[[float], float], least: float = -math.inf) -> Callable[[Interval], Interval]:
    def ends(u: Interval) -> Interval:
        if not least <= u[0]:
            return ALL
        try:
            return function(u[0]), function(u[1])
        except (OverflowError, ValueError):
            return ALL

    return ends


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.0 else math.inf


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
    value = function(x) if math.isfinite(x) else math.nan
    return value, value


def _tan(u: Interval) -> Interval:
    if u[0] == u[1]:
        return _at(math.tan, u[0])
    if not u[1] - u[0] < math.pi or math.floor(u[0] / math.pi + 0.5) != math.floor(u[1] / math.pi + 0.5):
        return ALL
    return math.tan(u[0]), math.tan(u[1])


def _cosh(u: Interval) -> Interval:
    low, high = _abs(u)
    return (math.cosh(low), math.cosh(high)) if high < 709.0 else (1.0, math.inf)


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


def _not(u: Interval) -> Interval:
    return FALSE if u[0] > 0.0 or u[1] < 0.0 else TRUE if u == FALSE else EITHER


def _and(u: Interval, v: Interval) -> Interval:
    return _not(_or(_not(u), _not(v)))


def _or(u: Interval, v: Interval) -> Interval:
    first, second = _not(_not(u)), _not(_not(v))
    return max(first[0], second[0]), max(first[1], second[1])


def _where(condition: Interval, yes: Interval, no: Interval) -> Interval:
    chosen = _not(_not(condition))
    return yes if chosen == TRUE else no if chosen == FALSE else _hull(*yes, *no)


_BINARY: dict[str, Callable[[Interval, Interval], Interval]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "**": _power,
    "<": _less,
    "<=": _at_most,
    ">": lambda u, v: _less(v, u),
    ">=": lambda u, v: _at_most(v, u),
    "==": _equal,
    "!=": lambda u, v: _not(_equal(u, v)),
    "and": _and,
    "or": _or,
}
_CALLS: dict[str, Callable[..., Interval]] = {
    "exp": _rising(_exp),
    "log": _rising(lambda x: math.log(x) if x > 0.0 else -math.inf, 0.0),
    "sqrt": _rising(math.sqrt, 0.0),
    "sinh": _rising(math.sinh),
    "tanh": _rising(math.tanh),
    "erf": _rising(math.erf),
    "floor": _rising(lambda x: float(math.floor(x)) if math.isfinite(x) else x),
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "cosh": _cosh,
    "abs": _abs,
    "min": _min,
    "max": _max,
    "where": _where,
}
