r"""Functions of time that are known in closed form piece by piece: pulses and tables; what all such functions can do.

Within a piece a function is smooth; between two pieces it jumps, or has a kink. A piece has a number; a function that is asked with
one is continued smoothly beyond the ends of that piece, so that its value at a jump is that of the side that is asked for.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .trains import Train

Floats = NDArray[np.float64]
Interval = tuple[float, float]


class Function(Protocol):
    """A function of time f. Times are of the scenario; ``piece``: the number of the piece that holds."""

    @property
    def jumps(self) -> bool:
        """Whether it jumps between pieces; else it has kinks there."""
        ...

    @property
    def least(self) -> float:
        """A lower bound at all times."""
        ...

    def piece(self, time: float) -> float:
        """The number of the piece that a time lies in; of two that meet there, the later one."""
        ...

    def next(self, after: float) -> float:
        """Where the first piece begins later than a time; inf: nowhere."""
        ...

    def values(self, times: Floats, piece: float) -> Floats:
        """f at several times."""
        ...

    def integral(self, begin: float, end: float, piece: float) -> float:
        """Its integral from one time to another, exact to rounding."""
        ...

    def bounds(self, begin: float, end: float, piece: float) -> Interval:
        """Bounds of f between two times; at one and the same time: twice its value."""
        ...

    def slopes(self, begin: float, end: float, piece: float) -> Interval:
        """Bounds of df/dt."""
        ...


def value(function: Function, time: float) -> float:
    """f at a time, at a jump what holds from then on."""
    return function.bounds(time, time, function.piece(time))[0]


def sampled(function: Function, times: Floats) -> Floats:
    """f at several times, whatever pieces they lie in."""
    found = np.zeros(np.shape(times))
    pieces = np.array([function.piece(float(t)) for t in np.ravel(times)]).reshape(found.shape)
    for piece in np.unique(pieces):
        here = pieces == piece
        found[here] = function.values(times[here], float(piece))
    return found


def pieces(function: Function, begin: float, end: float) -> list[Interval]:
    """The parts of an interval that lie in one piece each."""
    found, at = [], begin
    while at < end:
        then = min(function.next(at), end)
        found.append((at, then))
        at = then
    return found


def integral(function: Function, begin: float, end: float) -> float:
    """The integral of f over any interval, exact to rounding."""
    return math.fsum(function.integral(a, b, function.piece(a)) for a, b in pieces(function, begin, end))


@dataclass(frozen=True)
class Pulses:
    """height from each instant of a train on, for a time ``width``; where several overlap, their sum."""

    height: float
    width: float
    train: Train

    jumps = True

    @property
    def least(self) -> float:
        """0 for heights >= 0."""
        return 0.0 if self.height >= 0.0 else -math.inf

    def piece(self, time: float) -> float:
        """How many pulses there are at a time."""
        return float(self.train.begun(time) - self.train.later(self.width).begun(time))

    def next(self, after: float) -> float:
        """Where the next pulse begins or ends."""
        return min(self.train.next(after), self.train.later(self.width).next(after))

    def values(self, times: Floats, piece: float) -> Floats:
        """One value."""
        return np.full(np.shape(times), self.height * piece)

    def integral(self, begin: float, end: float, piece: float) -> float:
        """Of one value."""
        return self.height * piece * (end - begin)

    def bounds(self, begin: float, end: float, piece: float) -> Interval:
        """One value."""
        return self.height * piece, self.height * piece

    def slopes(self, begin: float, end: float, piece: float) -> Interval:
        """None."""
        return 0.0, 0.0


@dataclass(frozen=True)
class Table:
    """Values at rising times, between them straight lines, or each until the next; before the first and after the last as there."""

    times: tuple[float, ...]
    of: tuple[float, ...]
    steps: bool

    @property
    def jumps(self) -> bool:
        """A table of steps does."""
        return self.steps

    @property
    def least(self) -> float:
        """The least value."""
        return min(self.of)

    def piece(self, time: float) -> float:
        """How many of its times have come."""
        return float(bisect_right(self.times, time))

    def next(self, after: float) -> float:
        """The next of its times."""
        k = bisect_right(self.times, after)
        return self.times[k] if k < len(self.times) else math.inf

    def _line(self, piece: float) -> tuple[float, float, float]:
        """(time, value, slope) of the straight line in a piece."""
        k = int(piece)
        if self.steps or k in (0, len(self.times)):
            return self.times[max(k - 1, 0)], self.of[max(k - 1, 0)], 0.0
        (a, b), (u, v) = self.times[k - 1 : k + 1], self.of[k - 1 : k + 1]
        return a, u, (v - u) / (b - a)

    def values(self, times: Floats, piece: float) -> Floats:
        """On a straight line."""
        at, first, slope = self._line(piece)
        return np.asarray(first + slope * (times - at), dtype=float)

    def integral(self, begin: float, end: float, piece: float) -> float:
        """Of a straight line."""
        at, first, slope = self._line(piece)
        return (end - begin) * (first + slope * (0.5 * (begin + end) - at))

    def bounds(self, begin: float, end: float, piece: float) -> Interval:
        """At both ends."""
        at, first, slope = self._line(piece)
        ends = first + slope * (begin - at), first + slope * (end - at)
        return min(ends), max(ends)

    def slopes(self, begin: float, end: float, piece: float) -> Interval:
        """One slope."""
        slope = self._line(piece)[2]
        return slope, slope
