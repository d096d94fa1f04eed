"""Means of functions of time against closed forms, over intervals of any length."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from invasio.solver.discretise.means import GAUSS, KRONROD, NODES
from invasio.solver.discretise.times import Times
from invasio.solver.scenario.parser import parse

ROOT_PI = math.sqrt(math.pi)


def integral(text: str, begin: float, end: float) -> float:
    """Over an interval without jumps."""
    times = Times({"k": 3.0}, begin, end)
    factor = times.factor(parse(text))
    times.jumps.freeze_after(begin)
    return factor.over(begin, end) * (end - begin)


def test_rules_are_exact_for_polynomials() -> None:
    for n in range(23):
        exact = 2.0 / (n + 1) if n % 2 == 0 else 0.0
        assert KRONROD @ NODES**n == pytest.approx(exact, abs=1e-15)
        assert n > 13 or GAUSS @ NODES**n == pytest.approx(exact, abs=1e-15)


EXACT = {
    "exp(-((t - 31.4)/0.001)^2)": (0.001 * ROOT_PI, 1e-12),
    "1 + t/100 + exp(-((t - 31.4)/0.001)^2)": (96 + 46.08 + 0.001 * ROOT_PI, 1e-14),
    "t*exp(-((t - 31.4)/0.001)^2)": (0.0314 * ROOT_PI, 1e-12),
    "(1 + sin(t))*exp(-((t - 31.4)/0.001)^2)": (0.001 * ROOT_PI * (1 + math.sin(31.4) * math.exp(-0.25e-6)), 1e-12),
    "exp(-((t - 48)/1e-6)^2)": (1e-6 * ROOT_PI, 1e-9),  # as exact as times are
    "max(0, 1 - abs((t - 31.4)/1e-4))": (1e-4, 1e-10),
    "sin(2*pi*t/24)^2": (48.0, 1e-14),
    "t*exp(-t)": (1 - 97 * math.exp(-96), 1e-14),
    "k*t^3 - 3*t": (0.75 * 96**4 - 1.5 * 96**2, 1e-14),
    "sqrt(t)": (2 / 3 * 96**1.5, 1e-14),
    "k": (288.0, 0.0),
}


@pytest.mark.parametrize("text", EXACT)
@pytest.mark.parametrize("parts", [1, 2, 7, 50])
def test_the_integral_over_a_run_is_that_of_any_steps(text: str, parts: int) -> None:
    exact, rtol = EXACT[text]
    found = math.fsum(integral(text, a, b) for a, b in pairwise([96.0 * k / parts for k in range(parts + 1)]))
    assert found == pytest.approx(exact, rel=max(rtol, 1e-14))


def test_what_is_no_number_has_no_mean() -> None:
    assert math.isnan(integral("log(t - 200)", 0.0, 1.0))
    times = Times({}, 0.0, 1.0)
    assert math.isnan(times.factor(parse("sqrt(t - 2)")).over(1.0, 1.0))
