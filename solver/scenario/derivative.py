r"""Symbolic derivatives of expression trees.

Branches are differentiated one by one: d min(a, b) is a' where a <= b, else b'; likewise max, abs and where. Comparisons, logic,
floor, ceil and noise are constant in pieces, and so is what an expression does not name. At kinks and jumps it is that of one side.
"""

from __future__ import annotations

import math
from dataclasses import replace

from .expressions import Binary, Call, Expr, Name, Number, Timed, Unary
from .tree import names, simplify

ZERO, ONE, TWO = Number(0.0), Number(1.0), Number(2.0)


def derivative(expr: Expr, name: str) -> Expr:
    """d expr / d name, simplified."""
    return simplify(_slope(expr, name))


def _slope(expr: Expr, name: str) -> Expr:
    if name not in names(expr):
        return ZERO
    match expr:
        case Name():
            return ONE
        case Timed(slope=False):
            return replace(expr, slope=True) if name == "t" else ZERO
        case Unary("-", arg):
            return Unary("-", derivative(arg, name))
        case Binary("+" | "-" as op, left, right):
            return Binary(op, derivative(left, name), derivative(right, name))
        case Binary("*", left, right):
            return Binary("+", Binary("*", derivative(left, name), right), Binary("*", left, derivative(right, name)))
        case Binary("/", above, below):
            # (a' - (a/b) b')/b does not square b, which may be tiny
            return Binary("/", Binary("-", derivative(above, name), Binary("*", expr, derivative(below, name))), below)
        case Binary("**", base, exponent):
            return _power(expr, base, exponent, name)
        case Call("min" | "max" | "where" as function, args):
            return _branch(function, args, name)
        case Call("floor" | "ceil"):
            return ZERO
        case Call("mod", (a, b)):
            return Binary("-", derivative(a, name), Binary("*", Call("floor", (Binary("/", a, b),)), derivative(b, name)))
        case Call(function, (arg,)):
            return Binary("*", _outer(function, arg), derivative(arg, name))
    return ZERO  # comparisons and logic


def _power(expr: Expr, base: Expr, exponent: Expr, name: str) -> Expr:
    """n a^(n - 1) a' + a^n log(a) n', each where it depends on the name."""
    result: Expr = ZERO
    if name in names(base):
        lower = Binary("**", base, Binary("-", exponent, ONE))
        result = Binary("*", Binary("*", exponent, lower), derivative(base, name))
    if name in names(exponent):
        growth = Binary("*", Binary("*", expr, Call("log", (base,))), derivative(exponent, name))
        result = Binary("+", result, growth)
    return result


def _branch(function: str, args: tuple[Expr, ...], name: str) -> Expr:
    if function == "where":
        condition, yes, no = args
        return Call("where", (condition, derivative(yes, name), derivative(no, name)))
    if len(args) == 1:
        return derivative(args[0], name)
    *first, last = args
    before = first[0] if len(first) == 1 else Call(function, tuple(first))
    chosen = Binary("<=" if function == "min" else ">=", before, last)
    return Call("where", (chosen, derivative(before, name), derivative(last, name)))


def _outer(function: str, arg: Expr) -> Expr:
    """f'(u) of a function of one argument."""
    call = Call(function, (arg,))
    match function:
        case "exp":
            return call
        case "log":
            return Binary("/", ONE, arg)
        case "sqrt":
            return Binary("/", Number(0.5), call)
        case "sin":
            return Call("cos", (arg,))
        case "cos":
            return Unary("-", Call("sin", (arg,)))
        case "tan":
            return Binary("+", ONE, Binary("**", call, TWO))
        case "sinh":
            return Call("cosh", (arg,))
        case "cosh":
            return Call("sinh", (arg,))
        case "tanh":
            return Binary("-", ONE, Binary("**", call, TWO))
        case "erf":
            return Binary("*", Number(2.0 / math.sqrt(math.pi)), Call("exp", (Unary("-", Binary("**", arg, TWO)),)))
        case "abs":
            return Call("where", (Binary("<", arg, ZERO), Number(-1.0), ONE))
    raise ValueError(f"no derivative of {function} is known")
