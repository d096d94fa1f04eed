"""Instants at which something happens: at equal distances or at stated times, a few or without end."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True)
class Train:
    """Instants start + k every, k = 0 ... count - 1 (count None: without end), or those in ``at``, which rise.

    With every = 0 there is one instant at most.
    """

    start: float = 0.0
    every: float = 0.0
    count: int | None = None
    at: tuple[float, ...] | None = None

    def later(self, by: float) -> Train:
        """The same instants, all later."""
        return replace(self, start=self.start + by, at=None if self.at is None else tuple(t + by for t in self.at))

    @property
    def number(self) -> float:
        """How many there are."""
        if self.at is not None:
            return len(self.at)
        most = math.inf if self.count is None else self.count
        return most if self.every > 0.0 else min(most, 1)

    def instant(self, k: int) -> float:
        """When it happens for the k-th time, counted from 0; inf: never."""
        if not 0 <= k < self.number:
            return math.inf
        return self.start + k * self.every if self.at is None else self.at[k]

    def begun(self, time: float) -> int:
        """How often it has happened by a time, that time included."""
        if self.at is not None:
            return bisect_right(self.at, time)
        if not time >= self.start:
            return 0
        k = math.floor((time - self.start) / self.every) if self.every > 0.0 else 0
        k = int(min(k, self.number))
        while k > 0 and self.instant(k - 1) > time:
            k -= 1
        while self.instant(k) <= time:
            k += 1
        return k

    def next(self, after: float) -> float:
        """The first instant later than a time; inf: none."""
        return self.instant(self.begun(after))

    @property
    def closest(self) -> float:
        """The least time between two instants; inf where there are no two."""
        if self.number < 2:
            return math.inf
        return self.every if self.at is None else min(b - a for a, b in pairwise(self.at))
