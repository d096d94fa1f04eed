"""The time loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import SolverError
from ..output.layout import Frame, Observer
from .clock import Clock
from .stepper import Stepper
from .stop import StopRequest


def march(
    stepper: Stepper,
    clock: Clock,
    observers: Sequence[Observer],
    frame: Callable[[float, int, float], Frame],
    stop: StopRequest,
    step: int = 0,
) -> str:
    """Advance to the end, showing every step to the observers and every output time a Frame.

    Returns "done" or why it was asked to stop (the state is then that of a whole step).
    Raises SolverError when a step cannot be done even after halving it many times. Collective.
    """
    if step == 0:
        for observer in observers:
            observer.on_output(frame(clock.time, 0, 0.0))
    while not clock.done:
        dt = clock.propose()
        if not stepper.attempt(clock.time, dt):
            if not clock.halve(dt, stepper.failure):
                raise SolverError(
                    f"the solution could not be continued beyond t = {clock.time:g}: {stepper.failure}, "
                    f"even with steps of {dt:g}; check the parameters for rates that explode, or the mesh for degenerate cells"
                )
            continue
        if clock.adaptive and not clock.judge(stepper.error(dt), dt):
            stepper.reject()
            continue
        stepper.accept(dt)
        reached = clock.advance(dt)
        step += 1
        info = stepper.info()
        for observer in observers:
            observer.on_step(clock.time, step, dt, info)
        if reached:
            now = frame(clock.time, step, dt)
            for observer in observers:
                observer.on_output(now)
        reason = stop.agreed()
        if reason and not clock.done:
            return reason
    return "done"
