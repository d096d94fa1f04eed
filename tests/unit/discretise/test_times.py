"""Which factors of a formula are taken by their means, and which by their values in the middle."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.discretise.evaluate import Evaluator
from invasio.solver.discretise.times import Times
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.tree import evaluate

X = np.array([0.2, 0.5, 0.9])
C = np.array([0.0, 1.0, 3.0])
BEGIN, END = 0.0, 2.0
FINE = (np.arange(200_000) + 0.5) / 100_000.0


def over(text: str, begin: float = BEGIN, end: float = END) -> np.ndarray:
    """The formula evaluated for an interval."""
    evaluator = Evaluator(X[:, None] * np.ones(3), {"c": C}, {"k": 0.7}, times=Times({"k": 0.7}, 0.0, 10.0))
    write, out = evaluator.compile(parse(text)), np.zeros(3)
    evaluator.moment.times.jumps.freeze(0.5 * (begin + end))
    evaluator.over(begin, end)
    write(out)
    return out


LINEAR = (
    "exp(-t)", "exp(-t)*c", "c*exp(-t)*x/k", "k*sin(t)^2 + c*cos(3*t)", "-(t^3*c)", "(c + t^2)*(x + exp(t))", "(t + c)*(t - x)*t",
    "where(x < 0.5, exp(-t), t*t*c)", "c/(x*(1 + t))", "(c + exp(t))/t^0.5", "t*(1 + t*(x + t*(c + t)))", "c*c*exp(-((t - 1.3)/1e-3)^2)",
    "exp(-t)*where(c > 2, x, t^2)", "where(t > 5, c/(t - 5), c*t^2)", "t*t*min(c, x)", "x*t - (c - sin(t))",
)  # fmt: skip


@pytest.mark.parametrize("text", LINEAR)
def test_linear_factors_by_their_means(text: str) -> None:
    values = {"x": X[:, None], "c": C[:, None], "t": FINE[None, :], "k": 0.7}
    mean = np.broadcast_to(evaluate(parse(text), values), (3, len(FINE))).mean(axis=1)
    np.testing.assert_allclose(over(text), mean, rtol=2e-3 if "^0.5" in text else 1e-8, atol=1e-9)


@pytest.mark.parametrize("text", ["exp(-c*t)", "x < 0.3*t", "min(c, t^2)", "c/(x + t^2)", "sin(x - 3*t)", "c^t"])
def test_elsewhere_by_their_values_in_the_middle(text: str) -> None:
    np.testing.assert_array_equal(over(text), np.broadcast_to(evaluate(parse(text), {"x": X, "c": C, "t": 1.0, "k": 0.7}), 3))


def test_no_mean_over_an_instant() -> None:
    for text in LINEAR:
        expected = np.broadcast_to(evaluate(parse(text), {"x": X, "c": C, "t": 1.3, "k": 0.7}), 3)
        np.testing.assert_allclose(over(text, 1.3, 1.3), expected, rtol=1e-13, err_msg=text)


def test_many_factors_do_not_become_a_long_sum() -> None:
    text = "*".join(f"(x + sin({k}*t))" for k in range(1, 20))
    expected = evaluate(parse(text), {"x": X, "t": 1.0})
    assert np.isfinite(over(text)).all()
    np.testing.assert_allclose(over(text, 1.0, 1.0), expected, rtol=1e-12)


def test_a_branch_is_held_to_the_ends_of_its_segment() -> None:
    for begin, end, value in ((0.0, 1.0, 0.0), (0.5, 1.0, 0.0), (1.0, 2.0, 3.0), (1.0, 1.5, 3.0)):
        np.testing.assert_array_equal(over("where(t > 1, 3, 0)", begin, end), value)


def test_nothing_is_changed_that_does_not_name_the_time() -> None:
    expr = parse("c*(x + k)*exp(-x)")
    evaluator = Evaluator(np.zeros((3, 3)), {"c": C}, {"k": 0.7})
    assert evaluator.moment.separated(expr) is expr
