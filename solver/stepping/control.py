"""Error control: whether a step is good enough, how long the next may be, and when a step is compared with its halves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .trial import Missed

Floats = NDArray[np.float64]

REFERENCE = 1e-3  # the tolerance that is the relative error of a step itself
REST = 0.2  # error relative to the aim that steps are meant to have
TOO_FAR = 2.0  # error relative to the aim from which on a step is repeated
TOO_FAR_AT_FIRST = 0.4  # likewise of those that nothing foretold: what follows is not shorter by chance
QUIET = 0.2 * REST  # error by prediction relative to the aim below which steps grow into what nothing has seen
SOLVED = 1e-2  # of the aim: what linear solves may leave, so that it is not taken for an error in time
RISE, FALL = 2.0, 1.0 / 8.0  # so far is the error by prediction followed without another comparison
SOON, SELDOM = 8, 64  # steps between comparisons with halves
_LARGEST = "largest/"  # before the names of variables, in a snapshot


def aim(tolerance: float) -> float:
    """What steps may miss: the error of a run of second order falls as that of a step to the power 2/3: so as the tolerance."""
    return float(REFERENCE * (tolerance / REFERENCE) ** 1.5)


class Control:
    """Judges steps by ``error <= aim (|c| + floor * largest |c| so far)``, for every variable in its norm.

    Between comparisons with halves the error is that of the last, as the error by prediction has changed since, and at least the latter.

    strength, surprise: errors relative to the aim, over dt^3, at the last comparison, by halves and by prediction (0: there was none);
    compared: up to which steps it has a say; since: accepted steps after it, of ``every``.
    """

    def __init__(self, tolerance: float, floor: float) -> None:
        self.aim, self.floor = aim(tolerance), floor
        self.largest: dict[str, float] = {}
        self.begin_again()

    def begin_again(self) -> None:
        """History is void: what earlier steps were compared with tells nothing of those to come."""
        self.strength = self.surprise = self.compared = 0.0
        self.since, self.every = 0, SOON
        self._quiet = True
        self._refused = (0.0, 0.0)  # error and size of the last attempt of the same step

    def wants_halves(self, dt: float, known: bool) -> bool:
        """Whether a step is to be compared with its halves. known: whether there are two steps to predict it from."""
        return not known or self.since >= self.every or (self._quiet and dt > 1.5 * self.compared)

    def judge(self, missed: Missed, dt: float) -> float:
        """The factor by which to change the step; negative: by which to repeat it."""
        scale = missed.size + self.floor * np.array([self.largest.get(name, 0.0) for name in missed.names])
        predicted = 0.0 if missed.predicted is None else self._ratio(missed.predicted, scale)
        surprise, follow = predicted / dt**3, 1.0
        if missed.halves is not None:
            strength = self._ratio(missed.halves, scale) / dt**3
        else:
            strength = self.strength
            if self.surprise > 0.0:
                follow = min(RISE, max(FALL, surprise / self.surprise))
        ratio = max(predicted, follow * strength * dt**3, 1e-8)
        too_far = TOO_FAR_AT_FIRST if missed.predicted is None else TOO_FAR
        if not ratio <= too_far and self._helps(ratio, dt, missed.halves is not None):
            self.since = self.every
            if missed.halves is not None:
                self.strength, self.surprise, self.compared = strength, surprise, dt
            return -max(0.1, (REST / ratio) ** (1.0 / 3.0))
        self._refused = (0.0, 0.0)
        if missed.halves is None:
            self.since += 1
            if self.since >= SOON and not 2.0 * FALL < follow < RISE and strength * dt**3 > QUIET:
                self.since = self.every
            self.compared = min(self.compared, 2.0 * dt)
        else:
            steady = strength <= 4.0 * self.strength or strength * dt**3 <= predicted
            self.every = min(2 * self.every, SELDOM) if steady else max(self.every // 2, SOON)
            self.strength, self.surprise, self.compared, self.since = strength, surprise, dt, 0
        self._quiet = predicted < QUIET
        for name, size in zip(missed.names, map(float, missed.size), strict=True):
            self.largest[name] = max(size, self.largest.get(name, 0.0))
        return min(2.0 if missed.halves is None else 5.0, (REST / ratio) ** (1.0 / 3.0))

    def _helps(self, ratio: float, dt: float, halves: bool) -> bool:
        """Whether a shorter step makes the error smaller: it does not of what grows from nothing with t^3, nor of a solver's noise."""
        before, longer = self._refused
        self._refused = (ratio, dt) if halves else (0.0, 0.0)
        return not (halves and before > 0.0 and dt <= 0.7 * longer and ratio >= 0.8 * before)

    def _ratio(self, errors: Floats, scale: Floats) -> float:
        return max((float(e / s) for e, s in zip(errors, scale, strict=True) if s > 0.0), default=0.0) / self.aim

    def numbers(self) -> dict[str, float]:
        """What the next step depends on."""
        own = {"strength": self.strength, "surprise": self.surprise, "compared": self.compared, "quiet": float(self._quiet)}
        own |= {"since": float(self.since), "every": float(self.every)}
        return own | {_LARGEST + name: size for name, size in self.largest.items()}

    def recall(self, numbers: Mapping[str, Any]) -> None:
        """Go on with what ``numbers`` gave; a version that knew no halves compares with them at once."""
        self.strength, self.surprise, self.compared = (numbers.get(name, 0.0) for name in ("strength", "surprise", "compared"))
        self.since, self.every = int(numbers.get("since", SOON)), int(numbers.get("every", SOON))
        self._quiet = bool(numbers.get("quiet", True))
        self.largest = {key.removeprefix(_LARGEST): float(value) for key, value in numbers.items() if key.startswith(_LARGEST)}
