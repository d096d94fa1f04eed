"""Interval arithmetic on formulas: bounds over any names within ranges, and of functions of time over intervals of time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from invasio.solver.scenario.expressions import Timed
from invasio.solver.scenario.functions import Pulses, Table
from invasio.solver.scenario.intervals import ALL, bounds, enclosure, never_negative
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.trains import Train
from invasio.solver.scenario.tree import evaluate

INF = math.inf


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2*n/(0.1 + n)", 0.0, INF),
        ("(x - 1)^2", 0.0, INF),
        ("(x - 1)*(x - 1)", 0.0, INF),
        ("-n^3", -INF, 0.0),
        ("1 - integrity", 0.0, 1.0),
        ("1 - min(1, n)", 0.0, 1.0),
        ("sqrt(n) + abs(x)", 0.0, INF),
        ("exp(-n)", 0.0, 1.0),
        ("1 + tanh(x)", 0.0, 2.0),
        ("1 + sin(3*t)", 0.0, 2.0),
        ("where(x > 1, n, 2)", 0.0, INF),
        ("noise(0.1, 3)*(n > 1)", 0.0, 1.0),
        ("n^0.5", 0.0, INF),
        ("n^-2", 0.0, INF),
        ("k - 1", 2.0, 2.0),
        ("1 - n", -INF, 1.0),
        ("log(n)", -INF, INF),
        ("x - x", 0.0, 0.0),
        ("1/(n - 1)", -INF, INF),
        ("0/(n - 1)", 0.0, 0.0),
        ("n/(n - 1)", -INF, INF),
        ("1/(integrity - 1)", -INF, -1.0),
        ("mod(t, 24)", 0.0, 24.0),
        ("floor(1.5*integrity) + ceil(integrity)", 0.0, 2.0),
        ("cosh(x)", 1.0, INF),
        ("sinh(1000*k)", INF, INF),
    ],
)
def test_bounds_of_formulas(text: str, low: float, high: float) -> None:
    ranges = {"n": (0.0, INF), "integrity": (0.0, 1.0), "k": (3.0, 3.0)}
    assert bounds(parse(text), ranges) == (low, high)
    assert never_negative(parse(text), {"k": 3.0}, ["n"]) == (low >= 0.0)


@pytest.mark.parametrize("text", ["where(sqrt(-1 - n) < 1, 1, -1)", "where(sqrt(-1 - n), -1, 1)", "not (log(-1 - n) > 0)"])
def test_a_comparison_of_what_is_no_number_may_be_either(text: str) -> None:
    """nan < 1 does not hold, although no value that is left is 1 or more."""
    low, high = bounds(parse(text), {"n": (0.0, INF)})
    assert low <= float(evaluate(parse(text), {"n": 1.0})) <= high


OF_TIME = [
    "3 - 2*t + t^2 - t^3",
    "t*t - 1/(7 + t)",
    "(t + 6)^1.5 + (t + 6)^-0.5 + 2^t + t^-2",
    "sin(t) + cos(3*t)",
    "tan(t/3)*exp(-t)",
    "sinh(t) - cosh(t - 1)",
    "log(t + 6)*sqrt(t + 6) + erf(t) - tanh(2*t)",
    "abs(t)*min(t, 1, 2 - t) + max(t, -t/2)",
    "where(t > 1 and not t > 2, t, -t) + (t <= 0 or t >= 3) + (t == 1) + (t != 2)",
    "floor(2*t) - ceil(t/3) + mod(t, 2)",
    "k*t + j",
]


@pytest.mark.parametrize("text", OF_TIME)
def test_no_value_lies_outside(text: str) -> None:
    """Over long and short intervals and at instants, as a function of time and with the time in a range."""
    tree, frozen = parse(text), {"k": -2.0, "j": 0.5}
    found = enclosure(tree, frozen)
    rng = np.random.default_rng(1)
    for width in (10.0, 1.0, 1e-3, 0.0):
        for begin in rng.uniform(-5.0, 5.0, 20):
            end = float(begin) + width
            times = np.append(rng.uniform(begin, end, 50), (begin, end))
            values = np.broadcast_to(np.asarray(evaluate(tree, {"t": times, **frozen}), dtype=float), times.shape)
            tiny = 1e-9 * (1.0 + np.abs(values).max())
            within = (found(float(begin), end), bounds(tree, {"t": (float(begin), end), "k": (-2.0, -2.0), "j": (0.5, 0.5)}))
            for low, high in within:
                assert low - tiny <= values.min() <= values.max() <= high + tiny, (begin, end)


@pytest.mark.parametrize(
    ("text", "begin", "end", "low", "high"),
    [
        ("t^2", -1.0, 2.0, 0.0, 4.0),
        ("cos(t)", 3.0, 3.5, -1.0, math.cos(3.5)),
        ("sin(t)", 0.1, 0.2, math.cos(0.1 - 0.5 * math.pi), math.cos(0.2 - 0.5 * math.pi)),
        ("t > 1", 0.0, 1.0, 0.0, 0.0),
        ("t > 1", 0.0, 2.0, 0.0, 1.0),
        ("where(t < 5, t, -t)", 0.0, 4.0, 0.0, 4.0),
        ("exp(1000*t)", 1.0, 2.0, INF, INF),
        ("frozen*t", 1.0, 2.0, 3.0, 6.0),
    ],
)
def test_enclosures_that_are_sharp(text: str, begin: float, end: float, low: float, high: float) -> None:
    assert enclosure(parse(text), {"frozen": 3.0})(begin, end) == (low, high)


@pytest.mark.parametrize("text", ["sqrt(t)", "log(t)", "1/t", "t^0.5", "t^-1", "0*exp(800 + t)"])
def test_in_time_what_is_no_number_somewhere_may_be_anything(text: str) -> None:
    """Over names within ranges it is left out."""
    assert enclosure(parse(text), {})(-1.0, 1.0) == ALL
    low, _ = bounds(parse(text), {"t": (0.0, 1.0)})
    assert low >= 0.0 or text == "log(t)"


def test_functions_of_time() -> None:
    """Over all pieces that the interval lies in, or of the one that is frozen; their slopes."""
    pulses = Pulses(3.0, 1.0, Train(0.0, 4.0))
    table = Table((0.0, 2.0, 3.0), (-1.0, 1.0, 0.0), steps=False)
    assert enclosure(Timed("drug", pulses), {})(0.5, 3.0) == (0.0, 3.0)
    assert enclosure(Timed("drug", pulses, "piece"), {"piece": 1.0})(0.5, 3.0) == (3.0, 3.0)
    assert enclosure(Timed("table", table), {})(1.0, 3.0) == (0.0, 1.0)
    assert enclosure(Timed("table", table, slope=True), {})(1.0, 3.0) == (-1.0, 1.0)
    assert bounds(Timed("drug", pulses), {}) == (0.0, INF)
    assert bounds(Timed("table", table), {}) == (-1.0, INF)
    assert bounds(Timed("table", table, slope=True), {}) == ALL
