"""Operations on expression trees: names, text, values, substitution, simplification."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .expressions import Binary, Call, Expr, Name, Number, Timed, Unary
from .functions import sampled

_RANK = {"or": 1, "and": 2, "not": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7, "**": 8}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of a node."""
    match expr:
        case Unary(_, arg):
            return (arg,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, args):
            return args
    return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """All nodes, the root first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def names(expr: Expr) -> frozenset[str]:
    """The names an expression depends on; ``noise`` depends on x, y and z, a function of time on t."""
    found = {node.id for node in walk(expr) if isinstance(node, Name)}
    for node in walk(expr):
        if isinstance(node, Timed):
            found |= {"t", node.piece} if node.piece else {"t"}
    if any(isinstance(node, Call) and node.function == "noise" for node in walk(expr)):
        found |= {"x", "y", "z"}
    return frozenset(found)


def is_constant(expr: Expr) -> bool:
    """Whether the expression has the same value everywhere and always."""
    return not names(expr)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with ``change`` applied to every node, leaves first."""
    match expr:
        case Unary(op, arg):
            expr = Unary(op, rebuild(arg, change))
        case Binary(op, left, right):
            expr = Binary(op, rebuild(left, change), rebuild(right, change))
        case Call(function, args):
            expr = Call(function, tuple(rebuild(a, change) for a in args))
    return change(expr)


def substitute(expr: Expr, by: Mapping[str, Expr | float]) -> Expr:
    """The tree with names replaced by trees or numbers."""

    def change(node: Expr) -> Expr:
        if not isinstance(node, Name) or node.id not in by:
            return node
        new = by[node.id]
        return Number(float(new)) if isinstance(new, (int, float)) else new

    return rebuild(expr, change)


def simplify(expr: Expr) -> Expr:
    """The tree with constant parts folded and neutral elements removed; what is not finite is left as it is."""
    return rebuild(expr, _simpler)


def _simpler(expr: Expr) -> Expr:
    if not isinstance(expr, (Name, Number)) and all(isinstance(c, Number) for c in children(expr)) and is_constant(expr):
        try:
            value = float(evaluate(expr, {}))
        except (ZeroDivisionError, OverflowError, ValueError):
            return expr
        return Number(value) if math.isfinite(value) else expr
    match expr:
        case Unary("-", Unary("-", inner)):
            return inner
        case Binary("+", Number(0.0), other) | Binary("+" | "-", other, Number(0.0)):
            return other
        case Binary("-", Number(0.0), other):
            return Unary("-", other)
        case Binary("*", Number(0.0), _) | Binary("*", _, Number(0.0)):
            return Number(0.0)
        case Binary("*", Number(1.0), other) | Binary("*" | "/" | "**", other, Number(1.0)):
            return other
    return expr


def evaluate(expr: Expr, values: Mapping[str, Any]) -> Any:
    """The value for given numbers or arrays by name (plain NumPy; for tests and for single numbers).

    ``values`` must hold every name; comparisons and logic give 0 or 1. Not finite results follow NumPy, silently.
    """
    with np.errstate(all="ignore"):
        return _value(expr, values)


def _value(expr: Expr, values: Mapping[str, Any]) -> Any:
    match expr:
        case Number(value):
            return np.float64(value)
        case Name(id):
            return values[id]
        case Unary(op, arg):
            inner = _value(arg, values)
            return -inner if op == "-" else _number(np.equal(inner, 0))
        case Binary(op, left, right):
            return _BINARY[op](_value(left, values), _value(right, values))
        case Timed(_, function, piece, slope=False):
            times = np.asarray(values["t"], dtype=float)
            return function.values(times, values[piece]) if piece else sampled(function, times)
        case Call("noise", args):
            return _noise(args, values)
        case Call(function, args):
            return _CALLS[function](*(_value(a, values) for a in args))
    raise TypeError(f"not an expression: {expr!r}")


def _noise(args: tuple[Expr, ...], values: Mapping[str, Any]) -> Any:
    from .noise import value_noise

    x, y, z = (np.atleast_1d(np.asarray(values.get(axis, 0.0), dtype=float)) for axis in "xyz")
    points = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
    return value_noise(points, float(_value(args[0], values)), int(_value(args[1], values)))


def _number(flag: Any) -> Any:
    return np.where(flag, 1.0, 0.0) if np.ndim(flag) else np.float64(bool(flag))


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def over(first: Any, *rest: Any) -> Any:
        for other in rest:
            first = function(first, other)
        return first

    return over


def _erf(value: Any) -> Any:
    from scipy.special import erf

    return erf(value)


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.float_power,
    "<": lambda a, b: _number(np.less(a, b)),
    "<=": lambda a, b: _number(np.less_equal(a, b)),
    ">": lambda a, b: _number(np.greater(a, b)),
    ">=": lambda a, b: _number(np.greater_equal(a, b)),
    "==": lambda a, b: _number(np.equal(a, b)),
    "!=": lambda a, b: _number(np.not_equal(a, b)),
    "and": lambda a, b: _number(np.logical_and(a, b)),
    "or": lambda a, b: _number(np.logical_or(a, b)),
}
_CALLS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs")},
    **{name: getattr(np, name) for name in ("floor", "ceil", "mod")},
    "erf": _erf,
    "min": _fold(np.minimum),
    "max": _fold(np.maximum),
    "where": lambda condition, yes, no: np.where(np.not_equal(condition, 0), yes, no),
}


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number: 10, 0.005, 1e-10, pi."""
    if value == math.pi:
        return "pi"
    if value == 0:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(float(value))


def to_text(expr: Expr, rename: Mapping[str, str] | None = None) -> str:
    """The expression as text that parses back to the same tree; names may be replaced for printing."""
    return _text(expr, rename or {})[0]


def _text(expr: Expr, rename: Mapping[str, str]) -> tuple[str, int]:
    match expr:
        case Number(value):
            return number_text(value), 9 if math.copysign(1.0, value) > 0 else 7
        case Name(id) | Timed(id):
            return rename.get(id, id), 9
        case Unary(op, arg):
            rank = _RANK["neg"] if op == "-" else _RANK["not"]
            return ("-" if op == "-" else "not ") + _wrapped(arg, rank, rename), rank
        case Binary(op, left, right):
            rank = _RANK[op]
            tight_left = op == "**" or rank == 4
            first = _wrapped(left, rank + tight_left, rename)
            # the right part of ** may be a sign or a power; elsewhere equal ranks group to the left
            second = _wrapped(right, 7 if op == "**" else rank + 1, rename)
            space = "" if op == "**" else " "
            return f"{first}{space}{'^' if op == '**' else op}{space}{second}", rank
        case Call(function, args):
            return f"{function}({', '.join(_text(a, rename)[0] for a in args)})", 9
    raise TypeError(f"not an expression: {expr!r}")


def _wrapped(expr: Expr, least: int, rename: Mapping[str, str]) -> str:
    text, rank = _text(expr, rename)
    return text if rank >= least else f"({text})"
