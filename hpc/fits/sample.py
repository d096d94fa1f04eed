"""Values drawn from the likelihood, even over the ranges before anything is known: for bands where curvature is not enough.

Markov chains of many walkers, by turns with steps along the line to another walker (Goodman & Weare 2010,
doi:10.2140/camcos.2010.5.65), half of them at a time, and with values drawn from a t distribution about the best ones (Tierney 1994,
doi:10.1214/aos/1176325750), which is fitted to the walkers once, when their beginning is over. All numbers are the same for the same
seed, so that chains that are begun again find their runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .problem import Problem

Floats = NDArray[np.float64]
_STRETCH = 2.0
_FREEDOM, _WIDER = 5.0, 1.2  # of the t distribution, and by how much it is wider than the curvature says
_WIDEST = 0.3  # of a range: where the curvature says nothing
_LEFT_OUT = 0.3  # of the chains: their beginning
_LATEST = 0.5  # of the beginning, by which the distribution is fitted
WALKERS = 4  # for each unknown


@dataclass(frozen=True)
class Sample:
    """(draws, unknowns) shares of the ranges, the share of steps that were taken, and how many independent draws they are worth."""

    shares: Floats
    taken: float
    worth: float


def sample(problem: Problem, best: Floats, covariance: Floats, runs: int, seed: int, said: Callable[[int, int], None]) -> Sample:
    """Draw with about so many runs. said: is told how many of how many rounds are done."""
    numbers = np.random.default_rng(seed)
    count = WALKERS * problem.size + WALKERS * problem.size % 2
    rounds = max(8, round(runs / count))
    beginning = int(_LEFT_OUT * rounds)
    root = _root(covariance)
    proposals = _Far(best, _WIDER * root)

    def heights(points: Floats) -> Floats:
        """(n,) the logarithm of the likelihood, up to a constant; -inf beyond the ranges."""
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        found = np.full(len(points), -np.inf)
        found[inside] = [-0.5 * cost for cost in problem.costs(list(points[inside]))]
        return found

    walkers = _reflected(best + numbers.standard_normal((count, problem.size)) @ root.T)
    height = heights(walkers)
    kept: list[Floats] = []
    taken = 0
    for turn in range(rounds):
        if turn == beginning:
            latest = np.concatenate(kept[int(_LATEST * beginning) :])
            proposals = _Far(
                latest.mean(axis=0), _WIDER * _root(np.asarray(np.cov(latest.T), dtype=np.float64).reshape(problem.size, problem.size))
            )
        for half in (np.arange(0, count, 2), np.arange(1, count, 2)):
            if turn % 2:
                points = proposals.draw(numbers, len(half))
                correction = proposals.height(walkers[half]) - proposals.height(points)
            else:
                others = walkers[numbers.choice(np.setdiff1d(np.arange(count), half), len(half))]
                stretch = ((_STRETCH - 1.0) * numbers.random(len(half)) + 1.0) ** 2 / _STRETCH
                points = others + stretch[:, None] * (walkers[half] - others)
                correction = (problem.size - 1.0) * np.log(stretch)
            rise = heights(points) - height[half] + correction
            goes = np.log(numbers.random(len(half))) < rise
            walkers[half[goes]], height[half[goes]] = points[goes], height[half[goes]] + (rise - correction)[goes]
            taken += int(goes.sum())
        kept.append(walkers.copy())
        said(turn + 1, rounds)
    chains = np.stack(kept[beginning:])
    return Sample(chains.reshape(-1, problem.size), taken / (rounds * count), worth(chains))


def _root(covariance: Floats) -> Floats:
    """A square root of it, nowhere wider than a share of the ranges."""
    sizes, across = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return np.asarray(across * np.sqrt(np.clip(sizes, 1e-16, _WIDEST**2)))


class _Far:
    """A t distribution about the best values."""

    def __init__(self, middle: Floats, root: Floats) -> None:
        self._middle, self._root, self._back = middle, root, np.linalg.inv(root)

    def draw(self, numbers: np.random.Generator, count: int) -> Floats:
        """(count, unknowns) values."""
        size = np.sqrt(_FREEDOM / numbers.chisquare(_FREEDOM, count))
        return np.asarray(self._middle + (size[:, None] * numbers.standard_normal((count, len(self._middle)))) @ self._root.T)

    def height(self, points: Floats) -> Floats:
        """(n,) the logarithm of their density, up to a constant."""
        away = ((points - self._middle) @ self._back.T) ** 2
        return np.asarray(-0.5 * (_FREEDOM + len(self._middle)) * np.log1p(away.sum(axis=1) / _FREEDOM))


def _reflected(points: Floats) -> Floats:
    """Into the ranges, back from their ends."""
    return np.asarray(1.0 - np.abs(1.0 - np.abs(points) % 2.0))


def worth(chains: Floats) -> float:
    """How many independent draws (rounds, walkers, unknowns) are worth, of the unknown that moves the least: by the correlations of each
    walker in time, summed up to the first that is not positive."""
    rounds, count, _ = chains.shape
    away = chains - chains.mean(axis=(0, 1))
    variance = (away**2).mean(axis=(0, 1))
    times = np.ones(chains.shape[2])
    going = variance > 0
    for lag in range(1, rounds):
        share = (away[lag:] * away[:-lag]).mean(axis=(0, 1)) / np.where(variance > 0, variance, 1.0)
        going &= share > 0
        if not going.any():
            break
        times[going] += 2.0 * share[going]
    return float(rounds * count / times.max())
