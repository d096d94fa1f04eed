"""What the cascade needs to know, as plain arrays: what enters, and the chances and rates of everything behind the wall of a vessel.

Times and rates are in the scenario's units of time, cells are whole cells, chances lie in [0, 1].

**Axes.** P phenotypes (those that enter some vessel), B beds, L levels of lymph nodes, C surfaces of the cavity, T intervals of the grid.
*Places* are where cells can live: the beds, then the levels, then the surfaces; O = B + L + C of them. An array that varies in time has
the intervals as its last axis and is **constant on each of them**: entry t holds on [times[t], times[t+1]).
Any axis may have length 1 instead: the same for all. So a plain number is an array of shape (1,) or (1, 1, 1): ``number``.

**Phenotypes.** A unit (single or cluster) and a colony have the mean over their cells, or founders, of every value; whether a cell comes
loose from a cluster depends on its own phenotype alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_WAYS = 400_000  # of clusters to come apart; an array of them has 3 MB


def number(value: float, axes: int = 3) -> Floats:
    """A plain number as an array that is the same for all of its axes."""
    return np.full((1,) * axes, float(value))


def geometric(mean: float, tail: float = 1e-9) -> Floats:
    """Chances of the sizes 1, 2, ... of clusters, P(k) = (1 - g) g^(k - 1) with g = 1 - 1/mean, cut where less than ``tail`` is left."""
    g = 1 - 1 / mean
    most = 1 if g <= 0 else max(1, int(np.ceil(np.log(tail) / np.log(g))))
    chances = (1 - g) * g ** np.arange(most)
    return chances / chances.sum()


def ways_apart(most: int, phenotypes: int) -> int:
    """In how many ways clusters of up to ``most`` cells of so many phenotypes can come apart: about so many numbers are kept."""
    return comb(most + 2 * phenotypes, 2 * phenotypes)


@dataclass(frozen=True)
class Part:
    """A part of a vessel and where it leads."""

    vessel: str
    name: str
    carries: Literal["blood", "lymph", "cavity"] = "blood"
    beds: Floats | None = None  # (B,) blood: chance to reach each bed first, adds up to 1 (systemic: the lungs; portal: the liver)
    level: int = 0  # lymph: the first level that is reached


@dataclass(frozen=True)
class Entries:
    """Cells that are expected to have entered, of one block, linear between the times.

    times: (n,) increasing, of accepted steps; cells: (n, parts, P) cumulative expected cells, 0 at first, never falling.
    """

    times: Floats
    cells: Floats
    parts: tuple[Part, ...]

    def until(self, end: float, last: bool = False) -> Entries:
        """The same, cut or continued to ``end``: with nothing, or with the flux of the last step."""
        times, cells = self.times, self.cells
        if end < times[-1]:
            keep = times < end
            at_end = self.at(np.array([end]))
            return Entries(np.append(times[keep], end), np.concatenate([cells[keep], at_end]), self.parts)
        if end == times[-1]:
            return self
        flux = (cells[-1] - cells[-2]) / (times[-1] - times[-2]) if last and len(times) > 1 else np.zeros_like(cells[0])
        return Entries(np.append(times, end), np.concatenate([cells, [cells[-1] + flux * (end - times[-1])]]), self.parts)

    def at(self, times: Floats) -> Floats:
        """(len(times), parts, P): cumulative expected cells at any times."""
        flat = self.cells.reshape(len(self.times), -1)
        columns = [np.interp(times, self.times, column) for column in flat.T]
        return np.stack(columns, axis=1).reshape(len(times), *self.cells.shape[1:])


@dataclass(frozen=True)
class Blood:
    """transit: (T,) mean time in the blood, > 0. single, cluster: (P, T) chance to leave it alive (arrested), by class.

    disaggregation: (P, T) chance of each cell of a cluster to come loose at entry, its own. against: (P, T) factor f on losses,
    S' = S/(S + f (1 - S)). losses: names of causes and their shares, which add up to 1.
    """

    transit: Floats
    single: Floats
    cluster: Floats
    disaggregation: Floats = field(default_factory=lambda: number(0, 2))
    against: Floats = field(default_factory=lambda: number(1, 2))
    losses: tuple[tuple[str, float], ...] = (("lost", 1.0),)


@dataclass(frozen=True)
class Beds:
    """capture: (B, P, T) chance to be arrested in a bed that is reached; adhesion: (B, P, T) factor f on it, e' = 1 - (1 - e)^f.

    routes: (B, B), row i: where the vein of bed i leads, adds up to 1. systemic: (B,) where the systemic veins lead.
    """

    names: tuple[str, ...]
    capture: Floats
    routes: Floats
    systemic: Floats
    adhesion: Floats = field(default_factory=lambda: number(1))


@dataclass(frozen=True)
class Dormancy:
    """enter: (O, P, T) chance of what has settled to be dormant; wake, death: (O, P, T) rates of a dormant unit."""

    enter: Floats = field(default_factory=lambda: number(0))
    wake: Floats = field(default_factory=lambda: number(0))
    death: Floats = field(default_factory=lambda: number(0))


@dataclass(frozen=True)
class Second:
    """Growth in two stages: a colony that has reached ``micro`` waits at its size until it switches, or regresses and is dead.

    switch, regress: (O, P, T) rates per colony. birth, death: (O, P, T) rates per cell after the switch.
    """

    switch: Floats
    regress: Floats
    birth: Floats
    death: Floats


@dataclass(frozen=True)
class Growth:
    """Growth without chance from a size on: gompertz Z' = a Z ln(K/Z), capped Z' = a Z (1 - Z/K).

    rate: (O, P, T) a; limit: (O,) K, cells; start: (O,) cells from which it holds (1: from the first cell; a founder then never dies out).
    """

    kind: Literal["gompertz", "capped"]
    rate: Floats
    limit: Floats
    start: Floats = field(default_factory=lambda: number(1, 1))


@dataclass(frozen=True)
class Sheds:
    """rate: (O, P, T) m and exponent: (O,) alpha of m Z^alpha single cells per time, into the vein of the own bed, or to the next level."""

    rate: Floats
    exponent: Floats = field(default_factory=lambda: number(1, 1))


@dataclass(frozen=True)
class Colony:
    """birth, death: (O, P, T) rates per cell. micro, macro: (O,) cells from which a colony counts as such; macro for ever after."""

    birth: Floats
    death: Floats
    micro: Floats
    macro: Floats
    second: Second | None = None
    growth: Growth | None = None
    sheds: Sheds | None = None


@dataclass(frozen=True)
class Lymph:
    """names of the levels in their order; hold: (L, P, T) chance of a unit to be held at a level; the last leads into the systemic vein."""

    names: tuple[str, ...] = ()
    hold: Floats = field(default_factory=lambda: number(0))


@dataclass(frozen=True)
class Cavity:
    """Pool of units that float: loss (P, T), settling (C, P, T) on surfaces, drainage (P, T) to a level of lymph nodes; all rates."""

    names: tuple[str, ...] = ()
    settles: Floats = field(default_factory=lambda: number(0))
    loss: Floats = field(default_factory=lambda: number(0, 2))
    drains: Floats = field(default_factory=lambda: number(0, 2))
    level: int = 0


@dataclass(frozen=True)
class Plan:
    """The whole cascade of one patient.

    seed: of the first history; history h has seed + h. stands_for: blocks like the one of the tissue. times: (T + 1,) the grid, which
    begins with the tissue and ends at the horizon. sizes: (K,) chance of a cluster that leaves to have 1, 2, ..., K cells.
    extravasation: (O, P, T) chance of an arrested unit to leave the vessel (levels and surfaces have none: it is not asked for them);
    soil: (O, P, T) chance to be able to live in a place. report: indices of ``times`` at which histories are counted by place.
    """

    seed: int
    stands_for: float
    times: Floats
    phenotypes: tuple[str, ...]
    sizes: Floats
    blood: Blood
    beds: Beds
    extravasation: Floats
    soil: Floats
    dormancy: Dormancy
    colony: Colony
    lymph: Lymph = field(default_factory=Lymph)
    cavity: Cavity = field(default_factory=Cavity)
    report: Sequence[int] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Names of all places: beds, levels, surfaces of the cavity."""
        return (*self.beds.names, *self.lymph.names, *self.cavity.names)
