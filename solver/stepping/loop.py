"""The time loop."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import SolverError
from .clock import Clock
from .stepper import Stepper
from .stop import StopRequest


def one_step(stepper: Stepper, clock: Clock) -> bool:
    """One accepted step, after what was due and steps that were rejected; True if an output time has been reached. Collective.

    What is due at an output time happens after the output: that shows what was before.
    Raises SolverError when a step cannot be done even after halving it many times.
    """
    if clock.due:
        clock.begin_again(stepper.let_happen(clock.time, clock.happened, clock.until))
    while True:
        dt = clock.propose()
        halves = clock.adaptive and clock.control.wants_halves(dt, stepper.state.history.before > 0.0)
        if (halves and not stepper.trial.make(clock.time, dt)) or not stepper.attempt(clock.time, dt):
            if not clock.halve(dt, stepper.failure):
                raise SolverError(
                    f"the solution could not be continued: {stepper.failure}, even with steps of {stepper.problem.times.lasting(dt)}",
                    code="linear-solver" if stepper.failure.startswith("linear solver") else "step-failed",
                    place=stepper.problem.times.said(clock.time),
                    remedy="check the parameters for rates that explode, or the mesh for degenerate cells",
                )
            continue
        if clock.adaptive and not clock.judge(stepper.trial.missed(dt), dt):
            stepper.reject()
            continue
        stepper.accept(dt)
        return clock.advance(dt)


def march(step: Callable[[], object], clock: Clock, stop: StopRequest) -> str:
    """Step to the end; returns "done" or why it was asked to stop (the state is then that of a whole step). Collective."""
    while not clock.done:
        step()
        reason = stop.agreed()
        if reason and not clock.done:
            return reason
    return "done"
