"""Steps end on output times; adaptive steps grow, shrink, are repeated, and give up in the end."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.control import LEAST_SHARE, REST, SOON, TREND, Control, aim, solved
from invasio.solver.stepping.options import ClockOptions
from invasio.solver.stepping.trial import Missed


def missed(predicted: float | None, halves: float | None = None) -> Missed:
    """Of one variable of size 1."""
    return Missed(["c"], np.ones(1), *(None if error is None else np.array([error]) for error in (predicted, halves)))


def times(clock: Clock) -> list[float]:
    """All times until the end, with the outputs exactly among them."""
    seen = []
    while not clock.done:
        clock.advance(clock.propose())
        seen.append(clock.time)
    return seen


@pytest.mark.parametrize(
    ("given", "tolerance", "right"),
    [
        (None, None, 1e-8),  # steps of one size
        (1e-5, None, 1e-5),
        (None, 1e-3, 1e-6),
        (None, 1e-2, 1e-6),
        (None, 1e-4, 1e-3 * aim(1e-4)),
        (None, 1e-5, 1e-8),
        (None, 1e-7, 1e-2 * aim(1e-7)),
        (1e-9, 1e-3, 1e-9),
        (1e-2, 1e-3, 1e-5),
    ],
)
def test_linear_solves_end_where_the_step_errs(given: float | None, tolerance: float | None, right: float) -> None:
    """A thousandth of what a step may miss, between 1e-8 and 1e-6; what is given, as long as no error in time seems to be left."""
    assert solved(given, tolerance) == pytest.approx(right, rel=1e-12)


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
    assert clock.judge(missed(1e-6), 0.1)
    assert clock.wish == pytest.approx(0.2)  # at most doubled
    assert clock.judge(missed(1e-6, 1e-6), 0.2)
    assert clock.wish == pytest.approx(1.0)  # further where its halves were looked at, up to a tenth of the run
    before = clock.wish
    assert not clock.judge(missed(0.1), before)
    assert clock.wish < before / 4
    assert clock.rejected == {"error": 1}


def test_the_dead_band_keeps_the_step() -> None:
    clock = Clock(ClockOptions(0.0, 10.0, (10.0,), tolerance=1e-3, first_step=0.1))
    assert clock.judge(missed(REST * 1e-3), 0.1)
    assert clock.wish == 0.1


def test_the_error_of_steps_that_drifts_is_on_the_whole_what_it_should_be() -> None:
    """A step that leaves the band goes to its far side: that of a species that decays would else be too short throughout."""
    found = []
    for rate in (-0.05, 0.05):
        clock = Clock(ClockOptions(0.0, 1e3, (1e3,), tolerance=1e-3, first_step=0.1))
        strength, ratios = REST * 1e-3 / clock.wish**3, []
        for _ in range(200):
            dt = clock.propose()
            assert clock.judge(missed(strength * dt**3), dt)
            ratios.append(strength * dt**3 / 1e-3)
            strength *= 1.0 + rate
        found.append(np.mean(np.cbrt(ratios)) / np.cbrt(REST))
        assert len(set(np.round(ratios, 12))) > 50
    assert found == pytest.approx([1.0, 1.0], abs=0.03), found


def test_what_halves_have_measured_counts_more_than_prediction() -> None:
    """Of a species that decays, prediction says twice the error that a step has; it tells how the error changes all the same."""
    control = Control(1e-3, 1e-6)
    control.judge(missed(2e-4, 1e-4), 0.1)
    assert control.judge(missed(2e-4), 0.1) == pytest.approx((REST / 0.1) ** (1.0 / 3.0))
    assert control.judge(missed(8e-4), 0.1) == pytest.approx((REST / 0.4 / TREND) ** (1.0 / 3.0))
    control.judge(missed(2e-4, 1e-9), 0.1)  # halves agree by chance
    assert control.judge(missed(2e-4), 0.1) == pytest.approx((REST / 0.2 / LEAST_SHARE) ** (1.0 / 3.0))


def test_steps_do_not_lag_behind_an_error_that_goes_on_changing() -> None:
    """c_ttt falls or rises by a fifth from step to step: the next is as long as it should be then; 7 % too short or long otherwise."""
    for change in (0.8, 1.25):
        control, strength, dt = Control(1e-3, 1e-6), REST * 1e-3, 1.0
        for _ in range(6):
            dt *= control.judge(missed(strength * dt**3), dt)
            strength *= change
        assert strength * dt**3 == pytest.approx(REST * 1e-3)


def test_each_variable_is_followed_by_its_own_prediction() -> None:
    """What was large at the start and has fallen does not hold steps because something else stays as it was."""
    control = Control(1e-3, 0.0)
    two = lambda *errors: np.array(errors)  # noqa: E731
    control.judge(Missed(["a", "c"], np.ones(2), two(1e-5, 1e-4), two(1e-5, 1e-4)), 0.1)
    expected = (REST / 0.08 / 0.8) ** (1.0 / 3.0)  # c has fallen by a fifth, and will again
    assert control.judge(Missed(["a", "c"], np.ones(2), two(1e-5, 8e-5), None), 0.1) == pytest.approx(expected)
    assert control.leading == {"c": 2}
    assert control.judge(Missed(["a", "c"], np.ones(2), two(1e-2, 8e-5), None), 0.1) < 0.0 and control.leading == {"c": 2}  # not accepted


def test_steps_grow_between_outputs_that_are_few_of_them_apart() -> None:
    """Only the last two are cut where equal ones would be too short, and a step that is short for the sake of an output loses no wish."""
    clock = Clock(ClockOptions(0.0, 100.0, (3.4, 3.41, 100.0), tolerance=1e-3, first_step=1.0))
    sizes = []
    while clock.time < 3.4:
        dt = clock.propose()
        sizes.append(dt)
        assert clock.judge(missed(REST * 1e-3 * dt**3), dt)
        clock.advance(dt)
    assert sizes == pytest.approx([1.0, 1.0, 0.7, 0.7])
    dt = clock.propose()
    assert dt == pytest.approx(0.01)
    assert clock.judge(missed(REST * 1e-3 * dt**3), dt)
    assert clock.wish > 0.9


def test_a_first_step_is_compared_with_its_halves() -> None:
    """So is what follows a jump, what grows at rest, and now and then any step; and a first step that is too large is not believed."""
    control = Control(1e-3, 1e-6)
    assert control.wants_halves(0.1, known=False) and control.wants_halves(0.1, known=True)
    assert control.judge(missed(None, 0.1), 0.1) < 0.0
    assert control.judge(missed(None, 1e-5), 0.01) > 1.0
    assert control.wants_halves(0.012, known=True)  # of a step that nothing foretold the error cannot be followed
    assert control.judge(missed(1e-12, 1e-5), 0.01) > 1.0
    assert not control.wants_halves(0.012, known=True) and control.wants_halves(0.02, known=True)  # nothing predicts what it grows into
    assert control.judge(missed(4e-4), 0.01) > 0.0
    assert not control.wants_halves(0.1, known=True)  # what is predicted does
    for _ in range(control.every):
        control.judge(missed(4e-4), 0.01)
    assert control.wants_halves(0.01, known=True)
    control.judge(missed(4e-4, 4e-4), 0.01)
    assert control.every == 8 * SOON and not control.wants_halves(0.01, known=True)
    control.begin_again()
    assert control.wants_halves(1e-9, known=True)


def test_after_events_that_are_alike_halves_are_looked_at_less_and_less() -> None:
    """After the 1st, 2nd, 4th, 8th, 16th, 24th of them; what they have shown counts in between, and again after any that differs."""

    def looked_at(control: Control, count: int, error: float) -> list[int]:
        found = []
        for k in range(1, count + 1):
            control.begin_again("dose")
            looks = control.wants_halves(0.1, known=False)
            factor = control.judge(missed(None, error if looks else None), 0.1)
            if looks:
                found.append(k)
            else:
                assert factor == pytest.approx(min(2.0, np.cbrt(REST * 1e-3 / error)))
        return found

    control = Control(1e-3, 1e-6)
    assert looked_at(control, 32, 1e-4) == [1, 2, 4, 8, 16, 24, 32]
    control.begin_again("dose")
    assert not control.wants_halves(0.1, known=False) and control.wants_halves(0.2, known=False)  # longer than what was looked at
    again = Control(1e-3, 1e-6)
    again.recall(control.numbers())
    assert again.numbers() == control.numbers()
    control.begin_again("another")
    assert control.wants_halves(0.1, known=False)
    different = Control(1e-3, 1e-6)
    assert looked_at(different, 7, 1e-6) == [1, 2, 4]
    assert looked_at(different, 4, 3e-4) == [1, 2, 4]  # the eighth shows much more than those before: as at the start


def test_an_error_that_prediction_does_not_see_holds_steps() -> None:
    """At rest of a splitting nothing changes: what halves have shown counts until they are looked at again."""
    control = Control(1e-3, 1e-6)
    control.judge(missed(0.0, REST * 1e-3), 0.1)
    assert control.judge(missed(0.0), 0.1) == pytest.approx(1.0)
    assert control.judge(missed(0.0), 0.4) < 0.0


def test_a_share_of_the_most_there_was_is_the_floor() -> None:
    """What has decayed to nothing does not hold steps; relative to what is there it would."""
    for floor, good in ((0.0, False), (0.1, True)):
        control = Control(1e-3, floor)
        assert control.judge(Missed(["c"], np.array([1.0]), np.array([0.0]), np.array([0.0])), 0.1) > 0.0
        assert (control.judge(Missed(["c"], np.array([1e-6]), np.array([1e-5]), None), 0.1) > 0.0) == good


def test_shorter_steps_that_do_not_help_are_not_asked_for() -> None:
    """What grows from nothing with t^3 is always as wrong, relative to itself."""
    control = Control(1e-3, 1e-6)
    assert control.judge(missed(None, 0.5), 0.1) < 0.0
    assert control.judge(missed(None, 0.5), 0.01) > 0.0


def test_a_controller_goes_on_where_it_was() -> None:
    """With all that the next step depends on; one of a version that knew no halves looks at them at once."""
    control, again = Control(1e-3, 1e-6), Control(1e-3, 1e-6)
    for error in (1e-5, 2e-4, 3e-4):
        control.judge(missed(error, error), 0.1)
    again.recall(control.numbers())
    assert again.numbers() == control.numbers()
    assert again.judge(missed(2e-4), 0.1) == control.judge(missed(2e-4), 0.1)
    old = Control(1e-3, 1e-6)
    old.recall({"error_before": 1.0})
    assert old.wants_halves(0.1, known=True)


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


def test_accepted_steps_do_not_shrink_to_nothing() -> None:
    """An error that shorter steps do not lessen: they end at 1e-10 of the run."""
    clock = Clock(ClockOptions(0.0, 1.0, (1.0,)))
    for _ in range(200):
        dt = clock.propose()
        if clock.judge(missed(0.0, 1e-3), dt):
            clock.advance(dt)
    assert clock.wish >= 1e-10
