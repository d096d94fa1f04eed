r"""Concentrations of a drug after doses, in closed form: bolus, infusion, first-order absorption; one and two compartments.

A linear compartment model answers a dose by a sum of exponentials with positive weights, sum_i w_i exp(-l_i u): each addend is a pool
of its own, y_i' = w_i (input) - l_i y_i, and the concentration is their sum. What the input leaves of a pool after a time u is

    bolus exp(-l u),    constant rate E = (1 - exp(-l u))/l,    absorption at rate k  phi = (exp(-l u) - exp(-k u))/(k - l),

phi = u exp(-l u) where k = l. Everything is a sum of terms >= 0, without cancellation, for any rates. What is there after each dose
follows from what was there after the one before, once, so that many doses cost no more than one.
Source: Gibaldi and Perrier 1982, Pharmacokinetics, 2nd ed., doi:10.1201/b14095.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .functions import Interval
from .trains import Train

Floats = NDArray[np.float64]
Numbers = Floats | np.float64

SMALL = 1.0  # rate times length up to which integrals that would cancel are taken by quadrature, exact to rounding there
NODES, WEIGHTS = (0.5 * (part + shift) for part, shift in zip(np.polynomial.legendre.leggauss(14), (1.0, 0.0), strict=True))


def filled(rate: float, u: Numbers) -> Floats:
    """E(u) = (1 - exp(-l u))/l: what a constant inflow leaves; for l = 0 it is u."""
    return np.asarray(-np.expm1(-rate * u) / rate if rate > 0.0 else u, dtype=float)


def absorbed(rate: float, k: float, u: Numbers) -> Floats:
    """phi(u) = (exp(-l u) - exp(-k u))/(k - l); where k is close to l, u exp(-m u) sinh(d u)/(d u) with m = (k + l)/2, d = (k - l)/2."""
    middle, half = 0.5 * (k + rate), 0.5 * (k - rate)
    x = np.clip(half * u, -1.0, 1.0)
    near = u * np.exp(-middle * u) * np.where(x == 0.0, 1.0, np.sinh(x) / np.where(x == 0.0, 1.0, x))
    if half == 0.0:
        return np.asarray(near, dtype=float)
    return np.where(np.abs(half * u) < 1.0, near, (np.exp(-rate * u) - np.exp(-k * u)) / (2.0 * half))


def _float(values: Floats) -> float:
    return float(values)


class _State(NamedTuple):
    """What there is at a time: the inflow from then on, what waits to be absorbed, and each pool."""

    time: float
    inflow: float
    waiting: float
    pools: tuple[float, ...]


@dataclass(frozen=True)
class Concentration:
    """After doses of which each would bring ``dose`` at once: amount that arrives per volume.

    modes: (w_i, l_i). duration: of an infusion, 0 for none. absorption: rate k, 0 for none; not with a duration.
    """

    dose: float
    train: Train
    modes: tuple[tuple[float, float], ...]
    duration: float = 0.0
    absorption: float = 0.0
    _known: list[_State] = field(default_factory=list, init=False, compare=False, repr=False)

    jumps = True
    least = 0.0

    def piece(self, time: float) -> float:
        """How many doses have begun, and infusions ended."""
        ended = self.train.later(self.duration).begun(time) if self.duration > 0.0 else 0
        return float(self.train.begun(time) + ended)

    def next(self, after: float) -> float:
        """Where the next dose begins, or an infusion ends."""
        ends = self.train.later(self.duration).next(after) if self.duration > 0.0 else math.inf
        return min(self.train.next(after), ends)

    def _state(self, piece: float) -> _State:
        """At the beginning of a piece."""
        if not self._known:
            self._known.append(_State(0.0, 0.0, 0.0, (0.0,) * len(self.modes)))
        while len(self._known) <= piece:
            before = len(self._known) - 1
            last, inflow, waiting, pools = self._known[-1]
            time = self.next(last if before else -math.inf)
            begun, ended = self.train.begun(time), self.train.later(self.duration).begun(time) if self.duration > 0.0 else 0
            u = np.float64(time - last if before else 0.0)
            pools = tuple(_float(y) for y in self._pools(u, inflow, waiting, pools))
            waiting *= math.exp(-self.absorption * float(u))
            if self.duration > 0.0:
                inflow = self.dose / self.duration * (begun - ended)
            elif self.absorption > 0.0:
                waiting += self.dose
            else:
                pools = tuple(y + w * self.dose for y, (w, _) in zip(pools, self.modes, strict=True))
            self._known.extend([_State(time, inflow, waiting, pools)] * (begun + ended - before))
        return self._known[int(piece)]

    def _pools(self, u: Numbers, inflow: float, waiting: float, pools: tuple[float, ...]) -> list[Floats]:
        """Each pool a time u later."""
        found = []
        for y, (w, rate) in zip(pools, self.modes, strict=True):
            now = y * np.exp(-rate * u)
            if inflow > 0.0:
                now = now + w * inflow * filled(rate, u)
            if waiting > 0.0:
                now = now + w * self.absorption * waiting * absorbed(rate, self.absorption, u)
            found.append(np.asarray(now, dtype=float))
        return found

    def values(self, times: Floats, piece: float) -> Floats:
        """The concentration."""
        last, inflow, waiting, pools = self._state(piece)
        return np.sum(self._pools(np.asarray(times - last, dtype=np.float64), inflow, waiting, pools), axis=0)

    def integral(self, begin: float, end: float, piece: float) -> float:
        """Area under the curve, by that of each input."""
        last, inflow, waiting, pools = self._state(piece)
        u, h, k = np.float64(begin - last), np.float64(end - begin), self.absorption
        now = [_float(y) for y in self._pools(u, inflow, waiting, pools)]
        left = waiting * math.exp(-k * float(u))
        total = []
        for y, (w, rate) in zip(now, self.modes, strict=True):
            total.append(y * _float(filled(rate, h)))
            if inflow > 0.0:
                if rate * h > SMALL:
                    total.append(w * inflow * (float(h) - _float(filled(rate, h))) / rate)
                else:
                    total.append(w * inflow * float(h * (WEIGHTS @ filled(rate, h * NODES))))
            if left > 0.0:
                low, high = min(rate, k), max(rate, k)
                if high * h > SMALL:
                    area = (_float(filled(low, h)) - _float(absorbed(rate, k, h))) / high
                else:
                    area = float(h * (WEIGHTS @ absorbed(rate, k, h * NODES)))
                total.append(w * k * left * area)
        return math.fsum(total)

    def bounds(self, begin: float, end: float, piece: float) -> Interval:
        """By those of each pool: what is in it falls or rises to a level, what is absorbed has one peak."""
        if begin == end:
            now = _float(self.values(np.asarray(begin, dtype=np.float64), piece))
            return now, now
        last, inflow, waiting, pools = self._state(piece)
        low = high = 0.0
        for y, mode in zip(pools, self.modes, strict=True):
            ends = [_float(self._alone(mode, y, inflow, t - last)) for t in (begin, end)]
            least, most = self._shares(mode, waiting, begin - last, end - last)
            low, high = low + min(ends) + least, high + max(ends) + most
        return low * (1.0 - 1e-14), high * (1.0 + 1e-14)

    def _alone(self, mode: tuple[float, float], y: float, inflow: float, u: float) -> Floats:
        w, rate = mode
        return y * np.exp(-rate * u) + w * inflow * filled(rate, np.float64(u))

    def _shares(self, mode: tuple[float, float], waiting: float, begin: float, end: float) -> Interval:
        """Bounds of what a pool holds of what was waiting to be absorbed."""
        w, rate = mode
        if waiting == 0.0:
            return 0.0, 0.0
        k = self.absorption
        peak = 1.0 / rate if k == rate else math.log(k / rate) / (k - rate)
        at = [begin, end, *([peak] if begin < peak < end else [])]
        found = [w * k * waiting * _float(absorbed(rate, k, np.float64(u))) for u in at]
        return min(found[:2]), max(found)

    def slopes(self, begin: float, end: float, piece: float) -> Interval:
        """By those of each pool: (w inflow - l y) exp(-l u) + w k waiting (exp(-k u) - l phi)."""
        last, inflow, waiting, pools = self._state(piece)
        first, then = begin - last, end - last
        low = high = 0.0
        for y, (w, rate) in zip(pools, self.modes, strict=True):
            ends = [(w * inflow - rate * y) * math.exp(-rate * u) for u in (first, then)]
            least, most = self._shares((w, rate), waiting, first, then)
            fresh = [w * self.absorption * waiting * math.exp(-self.absorption * u) for u in (first, then)]
            low, high = low + min(ends) + fresh[1] - rate * most, high + max(ends) + fresh[0] - rate * least
        return low, high


def one_compartment(elimination: float) -> tuple[tuple[float, float], ...]:
    """The answer to a dose: exp(-l u)."""
    return ((1.0, elimination),)


def two_compartments(elimination: float, to: float, back: float) -> tuple[tuple[float, float], ...]:
    """The answer of the central compartment: y' = -(e + to) y + back z, z' = to y - back z, as two exponentials.

    With l_1 > l_2 the roots of l^2 - (e + to + back) l + e back, the weights are (l_1 - back)/(l_1 - l_2) and (back - l_2)/(l_1 - l_2).
    """
    total = elimination + to + back
    gap = math.sqrt((elimination + to - back) ** 2 + 4.0 * to * back)
    fast = 0.5 * (total + gap)
    slow = elimination * back / fast
    lean = elimination + to - back  # 2 (fast - back) = gap + lean and 2 (back - slow) = gap - lean, of which one would cancel
    if lean >= 0.0:
        above, below = gap + lean, 4.0 * to * back / (gap + lean)
    else:
        above, below = 4.0 * to * back / (gap - lean), gap - lean
    return (above / (2.0 * gap), fast), (below / (2.0 * gap), slow)
