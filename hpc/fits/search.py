"""The best values: bounded least squares from several starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import qmc

from .problem import FAILED, Problem

Floats = NDArray[np.float64]
INSIDE = 1e-6  # how far from the ends of a range a search begins
_GAINED = 1e-7  # relative change of the sum of squares below which a search ends
_MOST = 60  # steps of a search


@dataclass(frozen=True)
class Found:
    """Where a search ended: shares of the ranges, the sum of squares, how many steps it took."""

    shares: Floats
    cost: float
    steps: int
    began: float  # the sum of squares at its start


class Secants:
    """Derivatives that are not made anew but follow from those somewhere near, by what runs have said since (Broyden 1965,
    doi:10.1090/S0025-5718-1965-0198670-6)."""

    def __init__(self, residuals: Callable[[Floats], Floats], at: Floats, slopes: Floats) -> None:
        self._residuals, self._slopes = residuals, slopes.copy()
        self._at, self._there = at, residuals(at)

    def __call__(self, at: Floats) -> Floats:
        """(residuals, unknowns) there."""
        step, there = at - self._at, self._residuals(at)
        if (length := float(step @ step)) > 0.0:
            self._slopes += np.outer(there - self._there - self._slopes @ step, step) / length
            self._at, self._there = at.copy(), there
        return self._slopes.copy()


def solve(problem: Problem, start: Floats, free: list[int], gained: float = _GAINED, slopes: Floats | None = None) -> Found:
    """The nearest minimum over the unknowns ``free``, the others as they are at the start; with ``slopes``, derivatives near it,
    without making them anew.

    Trust regions that are reflected at the bounds (Branch, Coleman & Li 1999, doi:10.1137/S1064827595289108), by SciPy.
    """
    fixed = start.copy()

    def whole(x: Floats) -> Floats:
        found = fixed.copy()
        found[free] = x
        return found

    x0 = np.clip(start[free], INSIDE, 1.0 - INSIDE)
    began = problem.cost(whole(x0))
    if not free:
        return Found(whole(x0), began, 0, began)

    def residuals(x: Floats) -> Floats:
        return problem.residuals(whole(x))

    result = least_squares(
        residuals,
        x0,
        jac=Secants(residuals, x0, slopes) if slopes is not None else lambda x: problem.jacobian(whole(x), free),
        bounds=(0.0, 1.0),
        method="trf",
        ftol=gained,
        xtol=1e-7,
        gtol=1e-10,
        max_nfev=_MOST,
    )
    return Found(whole(np.asarray(result.x)), 2.0 * float(result.cost), int(result.nfev), began)


def starts(problem: Problem, first: Floats, count: int, screened: int, seed: int) -> list[Floats]:
    """The first start, then the best of values that fill the ranges evenly (a scrambled Sobol sequence)."""
    if count == 1:
        return [first]
    number = (count - 1) * screened
    sample = qmc.Sobol(problem.model_size, seed=seed).random_base2(int(np.ceil(np.log2(number))))[:number] if number > 1 else None
    if sample is None:
        sample = np.full((1, problem.model_size), 0.25)
    points = [np.concatenate([row, np.full(problem.size - problem.model_size, 0.5)]) for row in sample]
    models = problem.models(points)
    points = [problem.with_errors(point) for point in points]
    costs = [problem.cost(point) if model is not None else np.inf for point, model in zip(points, models, strict=True)]
    order = np.argsort(costs, kind="stable")[: count - 1]
    return [first, *(points[k] for k in order if np.isfinite(costs[k]))]


def search(problem: Problem, begins: list[Floats], said: Callable[[int, Found], None]) -> list[Found]:
    """A search from each start, in their order; ``said`` is told of each."""
    found = []
    for number, start in enumerate(begins, 1):
        one = solve(problem, start, list(range(problem.size)))
        said(number, one)
        found.append(one)
    return found


def failed(cost: float, data: int) -> bool:
    """Whether a sum of squares is as that of a run that failed."""
    return not cost < 0.5 * data * FAILED**2
