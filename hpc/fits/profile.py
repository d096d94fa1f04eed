"""Intervals by profiles of the likelihood: how far one unknown can go, all others following, before the data speak against it.

The ends are where the sum of squares has risen by the quantile of chi^2 with one degree of freedom (Raue et al. 2009,
doi:10.1093/bioinformatics/btp358). A profile that does not rise so far before the end of the range is open there: the data say no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from .problem import Problem
from .search import INSIDE, solve

Floats = NDArray[np.float64]
_NEAR = 0.1  # how near sqrt(rise) must come to its quantile, relative; the rest is straight
_MOST = 12  # points on each side
_WIDEST = 4.0  # by which a step out grows at most
_GAINED = 1e-5
_FAR = 0.05  # of the range: how far derivatives at the best values hold


@dataclass(frozen=True)
class Point:
    """One point of a profile: the shares of all unknowns, and the rise of the sum of squares above its least value."""

    shares: Floats
    rise: float


@dataclass(frozen=True)
class Side:
    """One side of a profile: where it ends as a share of the range, whether it is open there, and its points outwards."""

    end: float
    open: bool
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Spread:
    """What the curvature at the best values says: their covariance as shares of the ranges, and the directions it says nothing of."""

    covariance: Floats  # infinite variances where the data say nothing
    slopes: Floats

    def error(self, k: int) -> float:
        """The standard error of an unknown; inf where the curvature says nothing of it."""
        return math.sqrt(max(self.covariance[k, k], 0.0))


def spread(problem: Problem, best: Floats) -> Spread:
    """From the derivatives at the best values: (J^T J)^-1, with eigenvalues that are zero to rounding left out as infinite."""
    slopes = problem.jacobian(best)
    _, sizes, across = np.linalg.svd(slopes, full_matrices=False)
    least = max(sizes.max(initial=0.0) * 1e-10, 1e-3)  # an error of 1000 ranges is none
    variances = np.where(sizes > least, 1.0 / np.maximum(sizes, least) ** 2, 1e6)
    return Spread((across.T * variances) @ across, slopes)


def quantile(level: float) -> float:
    """By how much the sum of squares rises at the ends of an interval."""
    return float(chi2.ppf(level, 1))


def side(problem: Problem, best: Floats, cost: float, k: int, sign: int, level: float, near: Spread) -> Side:
    """Go outwards from the best value of unknown ``k`` until the data speak against it; by the rule of false position on sqrt(rise),
    which is straight where the model is linear."""
    wanted = math.sqrt(quantile(level))
    edge = 1.0 if sign > 0 else 0.0
    others = [n for n in range(problem.size) if n != k]
    inner, low = best[k], 0.0  # the outermost point below the quantile, and its sqrt(rise)
    outer, high = edge, math.inf  # the innermost one above
    points: list[Point] = []
    step = min(max(wanted * near.error(k), 1e-6), 0.25)
    at, last = best[k] + sign * step, best
    for _ in range(_MOST):
        at = min(max(at, 0.0), 1.0)
        found = _follow(problem, best, last, k, at, near, others, cost)
        rise = max(found.rise, 0.0)
        points.append(found)
        height, last = math.sqrt(rise), found.shares
        if abs(height - wanted) <= _NEAR * wanted:
            # the rest by the slope of sqrt(rise) from the best value
            end = best[k] + (at - best[k]) * wanted / height
            return Side(min(max(end, 0.0), 1.0), False, tuple(points))
        if height < wanted:
            if at == edge:
                return Side(edge, True, tuple(points))
            inner, low = at, height
        else:
            outer, high = at, height
        if math.isinf(high):
            ratio = min(wanted / max(height, 1e-3 * wanted), _WIDEST)
            at = best[k] + (at - best[k]) * max(ratio, 1.2)
        else:
            at = inner + (outer - inner) * min(max((wanted - low) / (high - low), 0.1), 0.9)
    return Side(0.5 * (inner + outer), False, tuple(points))


def _follow(problem: Problem, best: Floats, last: Floats, k: int, at: float, near: Spread, others: list[int], cost: float) -> Point:
    """The least sum of squares with unknown ``k`` held, from where the others are expected, or from where they were."""
    variance = near.covariance[k, k]
    expected = best + near.covariance[:, k] / variance * (at - best[k]) if variance > 0 else best.copy()
    expected = np.clip(expected, INSIDE, 1.0 - INSIDE)
    begins = [expected, last.copy()]
    for one in begins:
        one[k] = at
    costs = [problem.cost(one) for one in begins]
    begin = begins[int(np.argmin(costs))]
    found = solve(problem, begin, others, _GAINED, near.slopes[:, others])
    if np.abs(found.shares - best).max() > _FAR:
        found = solve(problem, found.shares, others, _GAINED)
    shares = found.shares.copy()
    shares[k] = at
    return Point(shares, found.cost - cost)
