"""Formulas at one node inside compiled loops: a list of operations on registers, the same kernel for whatever formulas.

A line of the program (operation, a, b, c) works on registers a, b and c and writes the register after the last; see
discretise.program for how formulas become lines. Nothing is compiled for a new scenario.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Code = NDArray[np.int32]  # (lines, 4)

OPERATIONS = (
    "*", "+", "-", "/", "neg", "min", "max", "**", "exp", "log", "sqrt", "abs", "where", "<", "<=", ">", ">=", "==", "!=",
    "and", "or", "not", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "floor", "ceil", "mod",
)  # fmt: skip


@compiled
def _quotient(a: float, b: float) -> float:
    """a/b as NumPy has it."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return np.nan
    return math.copysign(np.inf, a) * math.copysign(1.0, b)


@compiled
def _truth(flag: bool) -> float:
    return 1.0 if flag else 0.0


@compiled
def _seldom(op: int, a: float, b: float) -> float:
    """Functions and comparisons."""
    if op == 7:
        return float(a**b)
    if op == 8:
        return math.exp(a) if a < 709.0 else np.inf
    if op == 9:
        return math.log(a) if a > 0.0 else (-np.inf if a == 0.0 else np.nan)
    if op == 10:
        return math.sqrt(a) if a >= 0.0 else np.nan
    if op == 11:
        return abs(a)
    if op == 13:
        return _truth(a < b)
    if op == 14:
        return _truth(a <= b)
    if op == 15:
        return _truth(a > b)
    if op == 16:
        return _truth(a >= b)
    if op == 17:
        return _truth(a == b)
    if op == 18:
        return _truth(a != b)
    if op == 19:
        return _truth(a != 0.0 and b != 0.0)
    if op == 20:
        return _truth(a != 0.0 or b != 0.0)
    if op == 21:
        return _truth(a == 0.0)
    if op == 22:
        return math.sin(a)
    if op == 23:
        return math.cos(a)
    if op == 24:
        return math.tan(a)
    if op == 25:
        return math.sinh(a) if abs(a) < 700.0 else math.copysign(np.inf, a)
    if op == 26:
        return math.cosh(a) if abs(a) < 700.0 else np.inf
    if op == 27:
        return math.tanh(a)
    if op == 28:
        return math.erf(a)
    if not math.isfinite(a):
        return a if op < 31 else np.nan
    if op == 29:
        return float(math.floor(a))
    if op == 30:
        return float(math.ceil(a))
    return a - b * math.floor(a / b) if b != 0.0 and math.isfinite(b) else np.nan


@compiled
def run(code: Code, lines: int, first: int, registers: Floats) -> None:
    """Carry out the first ``lines`` lines; line k writes the register first + k."""
    for k in range(lines):
        op, a, b = code[k, 0], registers[code[k, 1]], registers[code[k, 2]]
        if op == 0:
            value = a * b
        elif op == 1:
            value = a + b
        elif op == 2:
            value = a - b
        elif op == 3:
            value = _quotient(a, b)
        elif op == 4:
            value = -a
        elif op == 5:
            value = min(a, b)
        elif op == 6:
            value = max(a, b)
        elif op == 12:
            value = b if a != 0.0 else registers[code[k, 3]]
        else:
            value = _seldom(op, a, b)
        registers[first + k] = value


@compiled
def run_wide(code: Code, lines: int, first: int, width: int, r: Floats) -> None:
    """As ``run``, at ``width`` nodes at once, whose registers are the columns of r: the same bits, operation by operation."""
    for k in range(lines):
        op, a, b, to = code[k, 0], code[k, 1], code[k, 2], first + k
        if op == 0:
            for i in range(width):
                r[to, i] = r[a, i] * r[b, i]
        elif op == 1:
            for i in range(width):
                r[to, i] = r[a, i] + r[b, i]
        elif op == 2:
            for i in range(width):
                r[to, i] = r[a, i] - r[b, i]
        elif op == 3:
            for i in range(width):
                r[to, i] = _quotient(r[a, i], r[b, i])
        elif op == 4:
            for i in range(width):
                r[to, i] = -r[a, i]
        elif op == 5:
            for i in range(width):
                r[to, i] = min(r[a, i], r[b, i])
        elif op == 6:
            for i in range(width):
                r[to, i] = max(r[a, i], r[b, i])
        elif op == 12:
            c = code[k, 3]
            for i in range(width):
                r[to, i] = r[b, i] if r[a, i] != 0.0 else r[c, i]
        else:
            for i in range(width):
                r[to, i] = _seldom(op, r[a, i], r[b, i])


@compiled
def run_sparse(code: Code, lines: int, first: int, width: int, r: Floats, blank: Flags) -> None:
    """As ``run_wide``, where many rows are 0: those are noted in ``blank`` (registers), and what is 0 by them is not computed.

    A product with 0 is 0, whatever the other factor is.
    """
    for k in range(lines):
        op, a, b, to = code[k, 0], code[k, 1], code[k, 2], first + k
        if op == 0:
            nothing = blank[a] or blank[b]
        elif op == 1 or op == 2:
            nothing = blank[a] and blank[b]
        else:
            nothing = op == 4 and blank[a]
        if nothing:
            if not blank[to]:
                r[to, :width] = 0.0
            blank[to] = True
        else:
            run_wide(code[k : k + 1], 1, to, width, r)
            blank[to] = False
