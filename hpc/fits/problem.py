"""A fit as a problem of least squares: shares of the ranges in [0, 1] in, deviance residuals out, derivatives by differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from invasio.solver.scenario.fit import Varied

from .noise import Likelihood
from .runs import Runs

Floats = NDArray[np.float64]
FAILED = 1e6  # the residual of a run that failed: worse than any other


@dataclass(frozen=True)
class Named:
    """One unknown: its name, its range, and whether it says how data scatter."""

    name: str
    range: Varied
    estimated: bool = False


class Problem:
    """Residuals of the data for the unknowns as shares of their ranges; the last ones say how data scatter."""

    def __init__(self, runs: Runs, likelihood: Likelihood, ranges: dict[str, Varied], difference: float) -> None:
        self.runs, self.likelihood, self.difference = runs, likelihood, difference
        self.unknowns = [Named(name, one) for name, one in ranges.items()]
        self.model_size = len(self.unknowns)
        for group in likelihood.estimated:
            span = Varied.model_validate({"from": group.lower, "to": group.upper, "spacing": "log", "unit": group.unit})
            self.unknowns.append(Named(group.name, span, estimated=True))

    @property
    def size(self) -> int:
        """How many unknowns there are."""
        return len(self.unknowns)

    def values(self, shares: Sequence[float] | Floats) -> list[float]:
        """The values of all unknowns."""
        return [one.range.at(float(share)) for one, share in zip(self.unknowns, shares, strict=True)]

    def given(self, shares: Floats) -> list[float]:
        """Values of what a run is given, to 12 digits, so that the same values are the same run."""
        return [float(f"{value:.12g}") for value in self.values(shares)[: self.model_size]]

    def models(self, points: Sequence[Floats]) -> list[Floats | None]:
        """What the model says, of runs that are made at once; None where one failed."""
        return self.runs.model([self.given(point) for point in points])

    def residuals(self, shares: Floats) -> Floats:
        """Residuals, then one for each estimated error, so that the sum of squares is as of the likelihood."""
        return self._residuals(shares, self.models([shares])[0])

    def _residuals(self, shares: Floats, model: Floats | None) -> Floats:
        groups = self.likelihood.estimated
        count = len(self.likelihood.values)
        if model is None or not np.isfinite(model).all():
            return np.full(count + len(groups), FAILED)
        sigmas = self.values(shares)[self.model_size :]
        return np.concatenate([np.clip(self.likelihood.residuals(model, sigmas), -FAILED, FAILED), self.likelihood.scatter(sigmas)])

    def cost(self, shares: Floats) -> float:
        """The sum of squares of the residuals: minus twice the logarithm of the likelihood, up to a constant."""
        return float(np.sum(self.residuals(shares) ** 2))

    def costs(self, points: Sequence[Floats]) -> list[float]:
        """The same of several, whose runs are made at once."""
        models = self.models(points)
        return [float(np.sum(self._residuals(point, model) ** 2)) for point, model in zip(points, models, strict=True)]

    def jacobian(self, shares: Floats, which: Sequence[int] | None = None) -> Floats:
        """(residuals, unknowns) derivatives by differences, towards the inside of the range, the runs made at once."""
        which = range(self.size) if which is None else which
        points = []
        for k in which:
            moved = shares.copy()
            moved[k] += self.difference if shares[k] < 0.5 else -self.difference
            points.append(moved)
        models = self.models([shares, *points])
        base = self._residuals(shares, models[0])
        found = np.zeros((len(base), len(points)))
        for column, (k, point, model) in enumerate(zip(which, points, models[1:], strict=True)):
            if model is not None:  # where a run beside fails, nothing is known of the slope
                found[:, column] = (self._residuals(point, model) - base) / (point[k] - shares[k])
        return found

    def start(self, own: dict[str, float]) -> Floats:
        """Shares at which the search begins first: the scenario's own values, else the middle; errors at the residuals' size."""
        found = np.full(self.size, 0.5)
        for k, one in enumerate(self.unknowns[: self.model_size]):
            value = one.range.start if one.range.start is not None else own.get(one.name)
            if value is not None and one.range.from_ <= value <= one.range.to:
                found[k] = one.range.share(value)
        return self.with_errors(found)

    def with_errors(self, shares: Floats) -> Floats:
        """The same with errors that are estimated set to what the residuals say."""
        model = self.models([shares])[0]
        found = shares.copy()
        if model is None or not np.isfinite(model).all():
            return found
        for k, (group, size) in enumerate(zip(self.likelihood.estimated, self.likelihood.guess(model), strict=True), self.model_size):
            found[k] = float(np.clip(self.unknowns[k].range.share(max(size, group.lower)), 0.01, 0.99))
        return found
