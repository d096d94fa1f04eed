"""Jumps of formulas in time against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from invasio.solver.scenario.jumps import Jumps, merged
from invasio.solver.scenario.parser import parse


def jumps(text: str, start: float = 0.0, end: float = 96.0) -> Jumps:
    """The jumps of one formula of the time."""
    found = Jumps(start, end)
    found.frozen_in(parse(text))
    return found


def times(text: str, start: float = 0.0, end: float = 96.0, most: int = 100) -> list[float]:
    """All of them, one after another, those at one time up to rounding once."""
    here, at = jumps(text, start, end), start
    found: list[float] = []
    while len(found) < most:
        at = here.next(merged(at, start, end))
        if at == math.inf:
            break
        found.append(at)
    return found


CLOSED: dict[str, list[float]] = {
    "where(t > 31.3 and t < 31.5, 10, 0)": [31.3, 31.5],
    "t >= 32": [32.0],
    "cos(2*pi*(t - 9.25)/24) > cos(2*pi*0.25/24)": [9.0 + d + 24 * k for k in range(4) for d in (0.0, 0.5)],
    "mod(t, 24) < 0.5": sorted([0.5 + 24 * k for k in range(4)] + [24.0 * k for k in range(1, 5)]),
    "floor(t/10)": [10.0 * k for k in range(1, 10)],
    "ceil(-t/10)": [10.0 * k for k in range(1, 10)],
    "mod(7*t, 14)": [2.0 * k for k in range(1, 49)],
    "floor(sqrt(t))": [k**2 for k in range(1, 10)],
    "floor(10*exp(-t/10))": [10 * math.log(10 / k) for k in range(9, 0, -1)],
    "mod(floor(t/24), 2) == 1": [24.0, 48.0, 72.0, 96.0],
    "abs(t - 50) < 1e-6": [50 - 1e-6, 50 + 1e-6],
    "exp(-((t - 31.4)/1e-3)^2) > 0.5": [31.4 + s * 1e-3 * math.sqrt(math.log(2)) for s in (-1, 1)],
    "t^2 - 100*t + 2500 < 1e-8": [50 - 1e-4, 50 + 1e-4],
    "max(0, t - 5) > 0": [5.0],
    "cos(t) > 1": [],
    "t > 1e9": [],
    "sin(t) < 2": [],
}


@pytest.mark.parametrize("text", CLOSED)
def test_all_are_found(text: str) -> None:
    """Periodic, nested, of either direction, tangent to a threshold or a millionth of the run long."""
    expected = CLOSED[text]
    rtol = 1e-6 if "2500" in text else 1e-12  # what cancels in there is not known better
    np.testing.assert_allclose(times(text), expected, rtol=rtol, atol=1e-13)


def test_branches_of_where_jump_where_they_count_and_where_they_do_not() -> None:
    """Inner comparisons jump as well; what they are within is followed from there on."""
    found = times("where(t > 48, mod(t, 7) < 1, mod(t, 20) < 2)")
    inner = (
        {20.0 * k for k in range(5)} | {7.0 * k for k in range(14)} | {20.0 * k + 2 for k in range(5)} | {7.0 * k + 1 for k in range(14)}
    )
    np.testing.assert_allclose(found, sorted({*inner, 48.0} - {0.0}), rtol=1e-13)


def test_pulses_too_short_for_any_sampling() -> None:
    """Pulses of a millionth of the run, and of a nanosecond in a year."""
    found = times("mod(t, 1) < 1e-4", end=100.0, most=200)
    np.testing.assert_allclose(found, sorted([k + 1e-4 for k in range(100)] + [float(k) for k in range(1, 101)]), rtol=1e-12)
    np.testing.assert_allclose(times("t > 1e7 and t < 1e7 + 1e-3", end=3.15e7), [1e7, 1e7 + 1e-3], rtol=1e-15)


def test_what_a_jump_is_does_not_depend_on_where_one_asks_from() -> None:
    text = "cos(2*pi*t/0.7) > 0.3 and mod(t*t, 5) < 2"
    everything = times(text, end=20.0, most=1000)
    rng = np.random.default_rng(1)
    for after in rng.uniform(0.0, 19.0, 40):
        assert jumps(text, end=20.0).next(after) == next(t for t in everything if t > after)


def test_two_jumps_within_rounding_are_both_found() -> None:
    found = jumps(f"t > 3 and t > {3 + 4e-16!r} or t > {3 + 1e-15!r}")
    first = found.next(0.0)
    assert abs(first - 3.0) < 2e-15
    assert found.next(first + 8 * math.ulp(first)) == math.inf


def test_frozen_at_what_is_in_the_middle_of_a_segment() -> None:
    here = jumps("where(t > 2, floor(t), 0)")
    for begin, over, floor in ((0.0, 0.0, 0.0), (1.0, 0.0, 1.0), (2.0, 1.0, 2.0), (41.0, 1.0, 41.0)):
        here.freeze_after(begin)
        assert list(here.frozen.values()) == [over, floor]


def test_kinds_of_jumps() -> None:
    here = jumps("mod(t, 24) < 0.5")
    kinds = [here.kind(at - 0.1, at + 0.1) for at in (0.5, 24.0, 24.5, 48.0)]
    assert kinds[0] == kinds[2] and kinds[1] == kinds[3] and kinds[0] != kinds[1]


def test_without_an_end_of_the_run() -> None:
    assert times("mod(t, 1000) < 1", end=math.inf, most=4) == [1.0, 1000.0, 1001.0, 2000.0]
    assert jumps("t > -50", start=-100.0, end=math.inf).next(-100.0) == -50.0
