"""Symbolic derivatives against central differences, for every function and branch."""

from __future__ import annotations

import random

import numpy as np
import pytest

from invasio.solver.scenario.derivative import derivative
from invasio.solver.scenario.expressions import Number
from invasio.solver.scenario.parser import FUNCTIONS, parse
from invasio.solver.scenario.tree import evaluate, names
from tests.unit.discretise.test_evaluate import formula

TEXTS = (
    "c", "-c", "2 + c*f", "c - f", "c*c*c", "c/(0.3 + c)", "f/c", "c^2", "c^0.5", "c^f", "f^c", "(c + f)^(c*f)", "2^c",
    "exp(-c^2)", "log(c)", "sqrt(1 + c)", "sin(3*c)", "cos(3*c)", "tan(c/2)", "sinh(c)", "cosh(c)", "tanh(2*c)", "erf(c - 0.5)",
    "abs(c - 0.5)", "abs(0.5 - c)", "min(c, 0.5)", "max(c, 0.5)", "min(c^2, 0.5*c, f)", "max(c^2, 0.5*c, f)", "where(c < 0.5, c^2, f*c)",
    "where(c > 0.3 and not c > 0.8, exp(c), c)", "(c < 0.5)*c", "noise(0.1, 3)*c", "max(0, 1 - c - f)*c", "c^2/(c^2 + 0.1^2)",
    "floor(3*c)*c^2", "ceil(3*c)*c", "mod(c, 0.3)*c", "mod(f, c)",
)  # fmt: skip


def checked(text: str, values: dict[str, np.ndarray], name: str = "c") -> None:
    """Compare where no kink is near: there the two one-sided differences agree."""
    expr, h = parse(text), 1e-6
    ahead, here, behind = (evaluate(expr, {**values, name: values[name] + step}) + 0 * values[name] for step in (h, 0.0, -h))
    smooth = np.abs(ahead - 2 * here + behind) <= 1e-8 * (1.0 + np.abs(here))
    found = np.broadcast_to(evaluate(derivative(expr, name), values), smooth.shape)
    np.testing.assert_allclose(found[smooth], ((ahead - behind) / (2 * h))[smooth], rtol=1e-5, atol=1e-6, err_msg=text)
    assert smooth.mean() > 0.9, text


@pytest.mark.parametrize("text", TEXTS)
def test_each_form(text: str) -> None:
    c = np.linspace(0.037, 1.013, 60)
    checked(text, {"c": c, "f": np.full_like(c, 0.31), "x": 7 * c, "y": c, "z": c})


def test_every_function_is_among_them() -> None:
    assert all(any(f"{function}(" in text for text in TEXTS) for function in FUNCTIONS)


def test_random_formulas() -> None:
    rng = random.Random(3)
    n = np.linspace(0.1, 0.9, 400)
    others = {"f": n**0 + 0.3, "x": 0.21 + 0.9 * n, "y": 0.52 - 0.4 * n, "z": n * n, "t": 0.6 * n**0, "k": 0.7 * n**0}
    for _ in range(100):
        checked(formula(rng, 3), {"n": n, **others}, "n")


def test_polynomials_lose_their_names() -> None:
    """So that what is linear is seen to be linear: the slope of its slope is the number 0."""
    once = derivative(parse("0.7*(1 - c - f)"), "c")
    assert names(once) == frozenset() and derivative(once, "c") == Number(0.0)
    assert derivative(parse("f*x"), "c") == Number(0.0)
