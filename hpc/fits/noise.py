"""How likely data are: deviance residuals, whose sum of squares is twice the log-likelihood that is missing to a perfect model.

For each datum r = sign(y - m) sqrt(2 (l_best - l(m))), with l the logarithm of its likelihood and l_best its largest value over all m:
the minimum of sum r^2 is the maximum of the likelihood for every kind of noise, and (y - m)/error where that is normal
(McCullagh & Nelder 1989, Generalized Linear Models, ISBN 978-0-412-31760-6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, xlogy

from .data import Data

Floats = NDArray[np.float64]
TINY = 1e-300
_SIGMAS = 1e-6, 1e3  # of the spread of the data: the range of errors that are estimated


@dataclass(frozen=True)
class Estimated:
    """Errors that are estimated: the data they belong to, and their range."""

    name: str
    rows: NDArray[np.intp]
    lower: float
    upper: float


class Likelihood:
    """Residuals and the logarithm of the likelihood of all data, given what the model says of them.

    ``estimated``: groups of data whose standard deviation is estimated, one for each observable that says so.
    """

    def __init__(self, data: Data) -> None:
        rows = data.rows
        self.values = np.array([row.value for row in rows])
        noises = [data.observables[row.observable].noise for row in rows]
        self.kinds = np.array([noise.kind for noise in noises])
        self._logarithm = self.kinds == "log_normal"
        self.trials = np.array([row.trials or 0.0 for row in rows])
        self._above = np.array([row.censored == "above" for row in rows]) & (self.kinds != "events")
        self._below = np.array([row.censored == "below" for row in rows])
        self.errors = np.ones(len(rows))
        groups: dict[str, list[int]] = {}
        for k, (row, noise) in enumerate(zip(rows, noises, strict=True)):
            if noise.error == "estimated":
                groups.setdefault(row.observable, []).append(k)
            elif noise.kind in ("normal", "log_normal"):
                stated = noise.error if noise.error is not None else None if noise.relative is None else noise.relative * abs(row.value)
                self.errors[k] = row.error if row.error is not None else stated if stated is not None else 1.0
        self._seen = np.where(self._logarithm, np.log(np.maximum(self.values, TINY)), self.values)
        self.estimated = tuple(self._group(name, np.array(found)) for name, found in groups.items())

    def _group(self, name: str, rows: NDArray[np.intp]) -> Estimated:
        spread = float(np.abs(self._seen[rows]).max()) or 1.0
        return Estimated(f"error of {name}", rows, _SIGMAS[0] * spread, _SIGMAS[1] * spread)

    def sigmas(self, estimates: Sequence[float]) -> Floats:
        """(n,) standard deviations of all data, ``estimates`` being those that are estimated."""
        found = self.errors.copy()
        for group, value in zip(self.estimated, estimates, strict=True):
            found[group.rows] = value
        return found

    def residuals(self, model: Floats, estimates: Sequence[float] = ()) -> Floats:
        """(n,) deviance residuals."""
        sigma = self.sigmas(estimates)
        found = (self._seen - self.seen(model)) / sigma
        counts = self.kinds == "poisson"
        found[counts] = _poisson(self.values[counts], model[counts])
        shares = self.kinds == "binomial"
        found[shares] = _binomial(self.values[shares], model[shares], self.trials[shares])
        events = self.kinds == "events"  # the model's value is the chance of what was seen
        found[events] = np.sqrt(np.maximum(-2.0 * self.values[events] * np.log(np.clip(model[events], TINY, 1.0)), 0.0))
        for mask, sign in ((self._above, -1.0), (self._below, 1.0)):  # the chance to lie beyond is that of a normal tail
            found[mask] = -sign * np.sqrt(np.maximum(-2.0 * log_ndtr(sign * found[mask]), 0.0))
        return found

    def seen(self, model: Floats) -> Floats:
        """(n,) what the model says on the scale on which the noise is normal: of log-normal data the logarithm."""
        return np.where(self._logarithm, np.log(np.maximum(model, TINY)), model)

    def best(self, estimates: Sequence[float] = ()) -> float:
        """The logarithm of the likelihood of a model that meets every datum."""
        sigma = self.sigmas(estimates)
        normal = np.isin(self.kinds, ("normal", "log_normal")) & ~self._above & ~self._below
        total = -float(np.sum(np.log(sigma[normal]) + 0.5 * np.log(2.0 * np.pi)))
        total -= float(np.sum(self._seen[normal & self._logarithm]))  # of y itself, not of its logarithm
        y = self.values[self.kinds == "poisson"]
        total += float(np.sum(xlogy(y, y) - y - gammaln(y + 1.0)))
        mask = self.kinds == "binomial"
        k, n = self.values[mask], self.trials[mask]
        total += float(np.sum(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, k) + xlogy(n - k, n - k) - xlogy(n, n)))
        return total

    def logarithm(self, model: Floats, estimates: Sequence[float] = ()) -> float:
        """The logarithm of the likelihood."""
        return self.best(estimates) - 0.5 * float(np.sum(self.residuals(model, estimates) ** 2))


def _poisson(y: Floats, m: Floats) -> Floats:
    m = np.maximum(m, TINY)
    deviance = 2.0 * (xlogy(y, y) - xlogy(y, m) - y + m)
    return np.sign(y - m) * np.sqrt(np.maximum(deviance, 0.0))


def _binomial(k: Floats, p: Floats, n: Floats) -> Floats:
    p = np.clip(p, TINY, 1.0 - 1e-16)
    share = k / np.maximum(n, 1.0)
    deviance = 2.0 * (xlogy(k, share) - xlogy(k, p) + xlogy(n - k, 1.0 - share) - (n - k) * np.log1p(-p))
    return np.sign(share - p) * np.sqrt(np.maximum(deviance, 0.0))
