"""Step sizes: fixed, or adapted to a tolerance; always aligned with the output times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Self

from ..scenario.jumps import merged
from .control import Control
from .options import ClockOptions
from .trial import Missed

_REJECTED = "rejected/"  # before the reasons, in a snapshot
_AFTER, _LAST = "after/", "last event/"  # before kinds of events, in a snapshot
BAND = 0.1  # a step keeps its size within so much of what it should be
LEAST = 1e-10  # of the run: steps as short as that are believed, or what grows from nothing with t^3 would never begin


class Clock:
    """Proposes steps that end exactly on output times; ``time`` is where the solution is.

    ``steps``: how many were accepted; ``dt``: the size of the last of them, 0 before; ``rejected``: how many were not, by reason.
    ``next_event`` gives the first time later than another at which something happens at once; ``happened``: all up to this time has.
    """

    def __init__(
        self,
        options: ClockOptions,
        time: float | None = None,
        wish: float | None = None,
        steps: int = 0,
        happened: float | None = None,
        next_event: Callable[[float], float] | None = None,
    ) -> None:
        self.time = options.start if time is None else time
        self.steps, self.dt = steps, 0.0
        self.adaptive = options.step is None
        self.control = Control(options.tolerance, options.floor)
        self.go_on(options)
        self._wish = wish or self._first
        self._next_event = next_event
        self.happened = math.nextafter(options.start, -math.inf) if happened is None else happened
        self._after: dict[str, float] = {}  # the steps that held after events, by their kind
        self._kind = ""  # of the last event, until it is known what holds after it
        self._retries = 0
        self.rejected: dict[str, int] = {}

    @classmethod
    def resumed(cls, options: ClockOptions, numbers: Mapping[str, Any], next_event: Callable[[float], float] | None = None) -> Self:
        """The clock that a snapshot of `restart` was taken with."""
        happened = numbers.get("happened", numbers["time"])  # version 0.1.0 knew no events
        clock = cls(options, numbers["time"], numbers["wish"], int(numbers["step"]), happened, next_event)
        clock.control.recall(numbers)
        clock._after = {key.removeprefix(_AFTER): size for key, size in numbers.items() if key.startswith(_AFTER)}
        clock._kind = next((key.removeprefix(_LAST) for key in numbers if key.startswith(_LAST)), "")
        clock.rejected = {key.removeprefix(_REJECTED): int(count) for key, count in numbers.items() if key.startswith(_REJECTED)}
        return clock

    def go_on(self, options: ClockOptions) -> None:
        """Have other output times, or another end, from here on."""
        self.options = options
        span = options.end - options.start
        self._limit, self._least = options.max_step or span / 10.0, LEAST * span
        self._first = options.step or options.first_step or min(1e-4 * span, self._limit)

    @property
    def wish(self) -> float:
        """The step size it would like, before alignment."""
        return self._wish

    @property
    def next_output(self) -> float:
        """The next output time, the end included."""
        tiny = 1e-12 * max(abs(self.options.end), abs(self.options.start))
        return next((t for t in self.options.outputs if t > self.time + tiny), self.options.end)

    @property
    def done(self) -> bool:
        return self.time >= self.options.end

    @property
    def next_stop(self) -> float:
        """Where the steps to come end in any case: at the next output or event."""
        if self._next_event is None:
            return self.next_output
        event, output = self._next_event(max(self.time, self.happened)), self.next_output
        return event if merged(event, self.options.start, self.options.end) < output else output

    @property
    def due(self) -> bool:
        """Whether something is to happen before the next step. What is due at the end of the run does not happen in it."""
        return self._next_event is not None and not self.done and self._next_event(self.happened) <= self.until

    @property
    def until(self) -> float:
        """Up to where things happen at the time of now."""
        return merged(self.time, self.options.start, self.options.end)

    def begin_again(self, kind: str) -> None:
        """All that was due has happened: steps begin with what held after the last event of this kind, else as at the start."""
        self.happened = self.until
        self.control.begin_again(kind)
        if self.adaptive:
            self._kind = kind
            self._wish = self._after.get(kind, min(self._first, self._wish))

    def events(self) -> dict[str, float]:
        """What is known of steps after events, for a snapshot."""
        return {_AFTER + kind: size for kind, size in self._after.items()} | ({_LAST + self._kind: 1.0} if self._kind else {})

    def propose(self) -> float:
        """The next step: the wish, stretched or shortened so that a whole number of steps reaches the next stop."""
        left = self.next_stop - self.time
        count = self._count(left)
        if not count:
            return self._wish
        dt = left / count
        # exactly the wish where that is meant: matrices then need no refill, and a resumed run repeats its bits;
        # but the last step ends at the stop, or doses would be as inexact as that
        near = 1e-9 * self._wish if count > 1 else merged(self.time, self.options.start, self.options.end) - self.time
        return self._wish if abs(dt - self._wish) <= near else dt

    def _count(self, left: float) -> int:
        """In how many equal steps to reach the next stop; 0: one as it is wished comes first, as the wish may change."""
        least = max(1, math.ceil(left / self._wish - 1e-9))
        if not self.adaptive:
            return least
        nearest = max(1, round(left / self._wish))
        if abs(left / nearest / self._wish - 1.0) <= BAND and left <= nearest * self._limit:
            return nearest
        return least if least <= 2 else 0

    def advance(self, dt: float) -> bool:
        """Move on after an accepted step; True if an output time has been reached (then exactly)."""
        target, output = self.next_stop, self.next_output
        reached = abs(self.time + dt - target) <= 1e-9 * dt
        self.time = target if reached else self.time + dt
        if self._retries and not self.adaptive:
            self._wish = min(2.0 * self._wish, self.options.step or self._wish)
        self._retries = 0
        self.steps += 1
        self.dt = dt
        return reached and target == output

    def judge(self, missed: Missed, dt: float) -> bool:
        """Accept or reject a step by what it missed, and set the next wish (with the trend of errors foreseen, 10 % dead band)."""
        factor = self.control.judge(missed, dt)
        if factor < 0.0 and dt > self._least:
            self._note("error")
            self._wish = max(-factor * dt, self._least)
            return False
        off = abs(factor) - 1.0
        if abs(off) <= BAND:
            wish = dt
        else:
            # to the far side of the band where the error drifts: on the whole it is then what it should be, and matrices serve longer
            wish = dt * abs(factor) * (1.0 + math.copysign(0.9 * BAND, off) if abs(off) <= 2.0 * BAND else 1.0)
            if factor > 1.0:
                wish = max(wish, min(self._wish, dt * self.control.allowed))
        self._wish = max(min(wish, self._limit), self._least)
        if self._kind:
            self._after[self._kind], self._kind = self._wish, ""
        return True

    def halve(self, dt: float, why: str) -> bool:
        """Halve the step after a failure; False when it has been halved too often."""
        self._note(why)
        self._retries += 1
        self._wish = 0.5 * dt
        return self._retries <= 12

    def _note(self, why: str) -> None:
        self.rejected[why] = self.rejected.get(why, 0) + 1
