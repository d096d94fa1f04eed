"""Steps end on output times; adaptive steps grow, shrink, are repeated, and give up in the end."""

from __future__ import annotations

import math

import pytest

from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.options import ClockOptions


def times(clock: Clock) -> list[float]:
    """All times until the end, with the outputs exactly among them."""
    seen = []
    while not clock.done:
        clock.advance(clock.propose())
        seen.append(clock.time)
    return seen


def test_fixed_steps_end_on_outputs_exactly() -> None:
    outputs = (0.1 + 0.2, 0.7, 1.0)
    seen = times(Clock(ClockOptions(0.0, 1.0, outputs, step=0.1)))
    assert all(t in seen for t in outputs)
    assert len(seen) == 3 + 4 + 3


def test_a_step_that_does_not_divide_the_interval_is_shortened_evenly() -> None:
    seen = times(Clock(ClockOptions(0.0, 1.0, (1.0,), step=0.3)))
    assert seen == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_thousands_of_steps_do_not_miss_the_end() -> None:
    seen = times(Clock(ClockOptions(0.0, 10.0, tuple(k / 10 for k in range(1, 101)), step=1e-3)))
    assert len(seen) == 10000
    assert seen[-1] == 10.0


def test_errors_steer_the_step() -> None:
    clock = Clock(ClockOptions(0.0, 10.0, (10.0,), tolerance=1e-3, first_step=0.1))
    assert clock.judge(math.inf, 0.1)  # no history yet
    assert clock.judge(1e-6, 0.1)
    assert clock.wish == pytest.approx(0.2)  # at most doubled
    before = clock.wish
    assert not clock.judge(0.1, before)
    assert clock.wish < before / 4
    assert clock.rejected == {"error": 1}


def test_the_dead_band_keeps_the_step() -> None:
    clock = Clock(ClockOptions(0.0, 10.0, (10.0,), tolerance=1e-3, first_step=0.1))
    assert clock.judge(0.73e-3, 0.1)
    assert clock.wish == 0.1


def test_failures_halve_and_then_end() -> None:
    clock = Clock(ClockOptions(0.0, 1.0, (1.0,), step=0.5))
    assert clock.halve(0.5, "solver")
    assert clock.propose() == 0.25
    while clock.halve(clock.wish, "solver"):
        pass
    assert clock.rejected["solver"] == 13


def test_a_fixed_step_recovers_after_a_failure() -> None:
    clock = Clock(ClockOptions(0.0, 1.0, (1.0,), step=0.25))
    clock.halve(0.25, "solver")
    clock.advance(clock.propose())
    assert clock.time == 0.125
    assert clock.wish == 0.25
