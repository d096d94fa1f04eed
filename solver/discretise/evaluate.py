"""Nodal evaluation of expression trees without allocation: each tree becomes a list of NumPy calls on fixed buffers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.intervals import never_negative
from ..scenario.noise import value_noise
from ..scenario.tree import names
from .times import Moment, Times

Floats = NDArray[np.float64]


def _erf(*arguments: Any, **options: Any) -> Any:
    """SciPy's error function, loaded when a formula first needs it."""
    from scipy.special import erf

    return erf(*arguments, **options)


_BINARY: dict[str, Any] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
_FUNCTIONS: dict[str, Any] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "erf": _erf,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "mod": np.mod,
}
_FOLDED: dict[str, Any] = {"min": np.minimum, "max": np.maximum}
_TRUTH = ("<", "<=", ">", ">=", "==", "!=", "and", "or")

Operand = float | NDArray[Any]


class Quiet:
    """NumPy's floating-point warnings off, as np.errstate does, which takes as long as a formula: once for all formulas of a step."""

    def __init__(self) -> None:
        self.deep = 0
        self._errstate = np.errstate()

    def __enter__(self) -> None:
        if not self.deep:
            self._errstate = np.errstate(all="ignore")
            self._errstate.__enter__()
        self.deep += 1

    def __exit__(self, *raised: object) -> None:
        self.deep -= 1
        if not self.deep:
            self._errstate.__exit__(None, None, None)


quiet = Quiet()


class Evaluator:
    """Compiles expressions of species, scalars, parameters, x, y, z and t for one set of n nodes.

    ``fields`` maps species to arrays whose memory stays the same: compiled expressions read the values
    that are in them when called. So are ``scalars``: name -> array (1,). ``places`` (n,) do not change. The owner says for which time,
    by ``at`` or ``over``, before a call. ``times``: the functions of time of all evaluators that are advanced together.
    """

    def __init__(
        self,
        points: Floats,
        fields: Mapping[str, Floats],
        parameters: Mapping[str, float],
        scalars: Mapping[str, Floats] | None = None,
        places: Mapping[str, Floats] | None = None,
        times: Times | None = None,
    ) -> None:
        self.n = len(points)
        self.points = points
        self.parameters = dict(parameters)
        self.places = dict(places or {})
        self._names: dict[str, Operand] = dict(parameters)
        self._names |= {axis: np.ascontiguousarray(points[:, k]) for k, axis in enumerate("xyz")}
        self.scalars = dict(scalars or {})
        self._names |= {**self.places, **fields, **self.scalars}
        self.moment = Moment(times or Times(parameters), self._names)
        self._names["t"] = self.moment.t
        self._densities = frozenset(fields)
        self._moving = {*fields, *self.scalars, "t"}

    def at(self, time: float) -> None:
        """Evaluate for an instant from now on."""
        self.moment.set(time, time)

    def over(self, begin: float, end: float) -> None:
        """Evaluate for an interval from now on: its middle, and means over it of functions of time that enter linearly."""
        self.moment.set(begin, end)

    @property
    def unforeseen(self) -> frozenset[str]:
        """The names whose values are not known beforehand: species and scalars."""
        return frozenset(self._moving - {"t"})

    def is_static(self, expr: Expr) -> bool:
        """Whether the value can never change: no species and no time in it."""
        return not (names(expr) & self._moving)

    def compile(self, expr: Expr) -> Callable[[Floats], None]:
        """A function that writes the expression's nodal values into its argument, an array of length n."""
        with quiet:
            if self.is_static(expr):
                steps: list[Callable[[], None]] = []
                value: Operand = self._build(expr, steps)
                for step in steps:
                    step()
                constant = np.array(value, dtype=float)
                return lambda out: np.copyto(out, constant)
        steps = []
        result = self._build(self.moment.separated(expr), steps)
        last: Any = steps.pop() if steps and _fills(steps[-1], result, self.n) else functools.partial(_copy, result)

        def evaluate(out: Floats) -> None:
            if quiet.deep:  # non-finite results are caught where they would enter the solution
                for step in steps:
                    step()
                last(out=out)
            else:
                with quiet:
                    for step in steps:
                        step()
                    last(out=out)

        return evaluate

    def compile_clipped(self, expr: Expr) -> Callable[[Floats], None]:
        """As ``compile``, with 0 where the value is negative: predicted densities may overshoot where those that are accepted do not."""
        write = self.compile(expr)
        if never_negative(expr, self.parameters, self._densities):
            return write

        def clipped(out: Floats) -> None:
            write(out)
            np.maximum(out, 0.0, out=out)

        return clipped

    def _build(self, expr: Expr, steps: list[Callable[[], None]]) -> Operand:
        if isinstance(expr, Number):
            return float(expr.value)
        if isinstance(expr, Name):
            return self._names[expr.id]
        if isinstance(expr, Unary):
            ufunc = np.negative if expr.op == "-" else np.logical_not if expr.op == "not" else np.positive
            return self._apply(ufunc, [self._build(expr.arg, steps)], steps, truth=expr.op == "not")
        if isinstance(expr, Binary):
            operands = [self._build(expr.left, steps), self._build(expr.right, steps)]
            return self._apply(_BINARY[expr.op], operands, steps, truth=expr.op in _TRUTH)
        if not isinstance(expr, Call):
            raise TypeError(f"a function of time is no part of a formula at nodes: {expr!r}")
        if expr.function == "noise":
            scale, seed = (float(self._build(arg, steps)) for arg in expr.args)
            return np.asarray(value_noise(self.points, scale, int(seed)), dtype=float)
        operands = [self._build(arg, steps) for arg in expr.args]
        if expr.function == "where":
            return self._where(operands, steps)
        if expr.function in _FOLDED:
            result = operands[0]
            for operand in operands[1:]:
                result = self._apply(_FOLDED[expr.function], [result, operand], steps)
            return result
        return self._apply(_FUNCTIONS[expr.function], operands, steps)

    def _apply(self, ufunc: Any, operands: list[Operand], steps: list[Callable[[], None]], truth: bool = False) -> Operand:
        if not any(np.ndim(o) for o in operands):
            value = ufunc(*operands)
            return bool(value) if truth else float(value)
        # times are arrays of length 1, nodal values of length n (0 on an empty rank): the shapes tell them apart
        out = np.empty(np.broadcast_shapes(*(np.shape(o) for o in operands)), dtype=bool if truth else float)
        steps.append(functools.partial(ufunc, *operands, out=out))
        return out

    def _where(self, operands: list[Operand], steps: list[Callable[[], None]]) -> Operand:
        condition, yes, no = operands
        if not any(np.ndim(o) for o in operands):
            return yes if condition else no
        out = np.empty(np.broadcast_shapes(*(np.shape(o) for o in operands)))

        def choose() -> None:
            np.copyto(out, no)
            np.copyto(out, yes, where=np.asarray(condition, dtype=bool))

        steps.append(choose)
        return out


def _fills(step: Callable[..., None], result: Operand, n: int) -> bool:
    """Whether it is a call that makes these n numbers, and could as well write them elsewhere."""
    return (
        isinstance(step, functools.partial)
        and step.keywords["out"] is result
        and np.shape(result) == (n,)
        and step.keywords["out"].dtype == float
    )


def _copy(result: Operand, out: Floats) -> None:
    np.copyto(out, result, casting="unsafe")


def number(expr: Expr, parameters: Mapping[str, float]) -> float:
    """The value of an expression of parameters alone."""
    out = np.zeros(1)
    Evaluator(np.zeros((1, 3)), {}, parameters).compile(expr)(out)
    return float(out[0])


def total(terms: list[Expr]) -> Expr | None:
    """The sum of several expressions as one tree; None when there are none."""
    result: Expr | None = None
    for expr in terms:
        result = expr if result is None else Binary("+", result, expr)
    return result
