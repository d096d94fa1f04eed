"""Error control: whether a step is good enough, how long the next may be, and when a step is compared with its halves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .trial import Missed

Floats = NDArray[np.float64]

REFERENCE = 1e-3  # the tolerance that is the relative error of a step itself
REST = 0.22  # error relative to the aim that steps are meant to have
TOO_FAR = 2.0  # error relative to the aim from which on a step is repeated
TOO_FAR_AT_FIRST = 0.4  # likewise of those that nothing foretold: what follows is not shorter by chance
QUIET = 0.2 * REST  # error by prediction relative to the aim below which steps grow into what nothing has seen
SOLVED = 1e-2  # of the aim: what linear solves may leave, so that it is not taken for an error in time
ENOUGH = 1e-3  # of the aim: what they leave where nothing else is said, but never more than LOOSEST
USUAL, LOOSEST = 1e-8, 1e-6
RISE, FALL = 2.0, 1.0 / 8.0  # so far is the error by prediction followed without another comparison
TREND = 2.0  # so far is it expected to change again as it has changed since the step before
LEAST_SHARE = 10.0 * 0.0404  # of the error by prediction that counts in any case, 5/6 of TR-BDF2's own: halves may agree by chance
SOON, SELDOM = 4, 64  # steps between comparisons with halves
SELDOM_AFTER = 8  # events of a kind between those that comparisons follow
_SEEN, _EVENT = "seen after/", "looks after/"  # before kinds of events, in a snapshot
_LARGEST = "largest/"  # before the names of variables, in a snapshot
_STRENGTH, _SURPRISE, _LATEST = "strength/", "surprise/", "latest/"  # before the numbers of variables, in a snapshot


def aim(tolerance: float) -> float:
    """What steps may miss: the error of a run of second order falls as that of a step to the power 2/3: so as the tolerance."""
    return float(REFERENCE * (tolerance / REFERENCE) ** 1.5)


def solved(given: float | None, tolerance: float | None) -> float:
    """The relative residual that linear solves end at. given: what the user asks for; tolerance: that of steps that adapt, or None."""
    if tolerance is None:
        return USUAL if given is None else given
    return min(SOLVED * aim(tolerance), min(LOOSEST, max(USUAL, ENOUGH * aim(tolerance))) if given is None else given)


@dataclass
class Seen:
    """What comparisons after events of one kind have shown: strengths, and up to which steps; events since the last, of ``every``."""

    strength: Floats
    compared: float
    since: int = 0
    every: int = 1


class Control:
    """Judges steps by ``error <= aim (|c| + floor * largest |c| so far)``, for every variable in its norm.

    Halves measure the error; prediction overestimates it by a factor that depends on the law (2 where a species decays alone), and tells
    how it changes. So between comparisons the error of a variable is that of the last, as its error by prediction has changed since.

    strength, surprise: errors of the variables relative to the aim, over dt^3, at the last comparison, by halves and by prediction
    (0: there was none); latest: likewise by prediction, of the last accepted step; compared: up to which steps a comparison has a say;
    since: accepted steps after it, of ``every``.
    allowed: by what the step after the last, if accepted, may be longer, where errors go on changing as they do.
    largest: of each variable so far; leading: in how many accepted steps of this program each had the largest error.
    """

    def __init__(self, tolerance: float, floor: float) -> None:
        self.aim, self.floor = aim(tolerance), floor
        self.largest: dict[str, float] = {}
        self.leading: Counter[str] = Counter()
        self.strength: Floats
        self.surprise: Floats
        self.latest: Floats
        self.seen: dict[str, Seen] = {}  # by kind of event
        self.begin_again()

    def begin_again(self, kind: str = "") -> None:
        """History is void: what earlier steps were compared with tells nothing of those to come, but after events of the same kind.

        Of these the first, second, fourth, eighth and then every eighth is followed by comparisons, as long as the error stays alike.
        """
        self.strength = self.surprise = self.latest = np.zeros(0)
        self.compared = 0.0
        self.since, self.every = 0, SOON
        self.allowed = 1.0
        self._refused = (0.0, 0.0)  # error and size of the last attempt of the same step
        self._blind = False  # whether the last comparison, at the start, was of a step that nothing foretold: its error cannot be followed
        self._kind, self._looks = kind, 0
        seen = self.seen.get(kind)
        self._trusts = seen is not None and seen.since + 1 < seen.every
        self._quiet = not self._trusts
        if seen is not None and self._trusts:
            seen.since += 1
            self.strength, self.surprise, self.compared = seen.strength, np.zeros(len(seen.strength)), seen.compared

    def _see(self, strength: Floats, dt: float) -> None:
        """Remember what a comparison right after an event has shown."""
        seen = self.seen.get(self._kind)
        if self._looks == 0:
            alike = seen is not None and bool(((strength <= 4.0 * seen.strength) | (strength * dt**3 <= QUIET)).all())
            every = min(2 * seen.every, SELDOM_AFTER) if seen is not None and alike else 1
            self.seen[self._kind] = Seen(strength, dt, 0, every)
        elif seen is not None:
            self.seen[self._kind] = Seen(np.maximum(strength, seen.strength), max(dt, seen.compared), 0, seen.every)
        self._looks += 1

    def wants_halves(self, dt: float, known: bool) -> bool:
        """Whether a step is to be compared with its halves. known: whether there are two steps to predict it from."""
        if not known:
            return not self._trusts or dt > 1.5 * self.compared
        return self._blind or self.since >= self.every or (self._quiet and dt > 1.5 * self.compared)

    def judge(self, missed: Missed, dt: float) -> float:
        """The factor by which to change the step; negative: by which to repeat it."""
        scale = missed.size + self.floor * np.array([self.largest.get(name, 0.0) for name in missed.names])
        none: Floats = np.zeros(len(scale))
        known = len(self.strength) > 0
        before, foretold = self.strength if known else none, self.surprise if known else none
        predicted = none if missed.predicted is None else self._ratios(missed.predicted, scale)
        surprise: Floats = np.asarray(predicted / dt**3)
        strength: Floats
        follow = np.ones(len(scale))
        if missed.halves is not None:
            strength = np.asarray(self._ratios(missed.halves, scale) / dt**3)
            foretold = surprise
        else:
            strength = before
            np.divide(surprise, foretold, out=follow, where=foretold > 0.0)
            np.clip(follow, FALL, RISE, out=follow)
        share = np.ones(len(scale))
        np.divide(strength, foretold, out=share, where=(foretold > 0.0) & (strength > 0.0))
        np.clip(share, LEAST_SHARE, 1.0, out=share)
        ratios = np.maximum(share * predicted, follow * strength * dt**3)
        ratio = max(float(ratios.max(initial=0.0)), 1e-8)
        too_far = TOO_FAR_AT_FIRST if missed.predicted is None else TOO_FAR
        if not ratio <= too_far and self._helps(ratio, dt, missed.halves is not None):
            self.since = self.every
            self._trusts = False
            if missed.halves is not None:
                self.strength, self.surprise, self.compared, self.every = strength, surprise, dt, SOON
                self._blind = missed.predicted is None and not self._kind
            return -max(0.1, (REST / ratio) ** (1.0 / 3.0))
        self._refused = (0.0, 0.0)
        if len(ratios):
            self.leading[missed.names[int(ratios.argmax())]] += 1
        if missed.halves is None:
            self.since += 1
            lost = (follow >= RISE) | (follow <= 2.0 * FALL)
            if self.since >= SOON and bool((lost & (strength * dt**3 > QUIET)).any()):
                self.since = self.every
            self.compared = min(self.compared, 2.0 * dt)
        else:
            steady = bool(((strength <= 4.0 * before) | (strength * dt**3 <= predicted)).all())
            self.every = min(2 * self.every, SELDOM) if steady else SOON
            self.strength, self.surprise, self.compared, self.since = strength, surprise, dt, 0
            self._blind = missed.predicted is None and not self._kind
            if self._kind and missed.predicted is None:
                self._see(strength, dt)
        self._quiet = bool(predicted.max(initial=0.0) < QUIET) and (missed.predicted is not None or not self._trusts)
        for name, size in zip(missed.names, map(float, missed.size), strict=True):
            self.largest[name] = max(size, self.largest.get(name, 0.0))
        soon = max(float((self._trend(surprise) * ratios).max(initial=0.0)), 1e-8)
        self.latest = surprise
        self.allowed = (REST / soon) ** (1.0 / 3.0)
        return min(2.0 if missed.halves is None else 5.0, self.allowed)

    def _trend(self, surprise: Floats) -> Floats:
        """By what errors will have changed in the next step if they go on as since the last: steps must not lag behind."""
        trend = np.ones(len(surprise))
        if len(self.latest):
            np.divide(surprise, self.latest, out=trend, where=(self.latest > 0.0) & (surprise > 0.0))
        return np.clip(trend, 1.0 / TREND, TREND)

    def _helps(self, ratio: float, dt: float, halves: bool) -> bool:
        """Whether a shorter step makes the error smaller: it does not of what grows from nothing with t^3, nor of a solver's noise."""
        before, longer = self._refused
        self._refused = (ratio, dt) if halves else (0.0, 0.0)
        return not (halves and before > 0.0 and dt <= 0.7 * longer and ratio >= 0.8 * before)

    def _ratios(self, errors: Floats, scale: Floats) -> Floats:
        found = np.zeros(len(scale))
        np.divide(errors, self.aim * scale, out=found, where=scale > 0.0)
        return found

    def numbers(self) -> dict[str, Any]:
        """What the next step depends on."""
        own: dict[str, Any] = {
            "compared": self.compared,
            "quiet": float(self._quiet),
            "blind": float(self._blind),
            "since": float(self.since),
            "every": float(self.every),
        }
        for k, (strength, surprise) in enumerate(zip(self.strength, self.surprise, strict=True)):
            own |= {f"{_STRENGTH}{k}": float(strength), f"{_SURPRISE}{k}": float(surprise)}
        own |= {f"{_LATEST}{k}": float(surprise) for k, surprise in enumerate(self.latest)}
        own |= {"trusts": float(self._trusts), f"{_EVENT}{self._kind}": float(self._looks)}
        own |= {_SEEN + kind: [s.compared, float(s.since), float(s.every), *map(float, s.strength)] for kind, s in self.seen.items()}
        return own | {_LARGEST + name: size for name, size in self.largest.items()}

    def recall(self, numbers: Mapping[str, Any]) -> None:
        """Go on with what ``numbers`` gave; a version that kept comparisons of all variables as one, or none, looks at halves at once."""
        count = sum(key.startswith(_STRENGTH) for key in numbers)
        self.strength, self.surprise = (np.array([numbers[f"{what}{k}"] for k in range(count)]) for what in (_STRENGTH, _SURPRISE))
        self.latest = np.array([numbers[f"{_LATEST}{k}"] for k in range(sum(key.startswith(_LATEST) for key in numbers))])
        self.compared = numbers.get("compared", 0.0) if count else 0.0
        self.every = int(numbers.get("every", SOON))
        self.since = int(numbers.get("since", SOON)) if count else self.every
        self._quiet, self._trusts = bool(numbers.get("quiet", True)), bool(numbers.get("trusts", False))
        self._blind = bool(numbers.get("blind", False))
        self._kind = next((key.removeprefix(_EVENT) for key in numbers if key.startswith(_EVENT)), "")
        self._looks = int(numbers.get(f"{_EVENT}{self._kind}", 0))
        for key, (compared, since, every, *strength) in ((k, v) for k, v in numbers.items() if k.startswith(_SEEN)):
            self.seen[key.removeprefix(_SEEN)] = Seen(np.array(strength), compared, int(since), int(every))
        self.largest = {key.removeprefix(_LARGEST): float(value) for key, value in numbers.items() if key.startswith(_LARGEST)}
