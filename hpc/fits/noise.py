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

from . import counts as counts_of
from .alike import Lines
from .data import Data

Floats = NDArray[np.float64]
TINY = 1e-300
_SIGMAS = 1e-6, 1e3  # of the spread of the data: the range of errors that are estimated
_OVERDISPERSIONS = 1.001, 1e5


@dataclass(frozen=True)
class Estimated:
    """A number that is estimated and says how data scatter: the data it belongs to, its range, and whether it is an overdispersion of
    counts, or, with ``lines``, the length over which they are off alike; else a standard deviation."""

    name: str
    rows: NDArray[np.intp]
    lower: float
    upper: float
    of_counts: bool = False
    lines: Lines | None = None
    unit: str = ""


class Likelihood:
    """Residuals and the logarithm of the likelihood of all data, given what the model says of them.

    ``estimated``: groups of data of which is estimated how far they scatter, one for each observable that says so.
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
            if noise.estimated:
                groups.setdefault(row.observable, []).append(k)
            elif isinstance(noise.overdispersion, float):
                self.errors[k] = noise.overdispersion
            elif noise.kind in ("normal", "log_normal"):
                stated = noise.error if noise.error is not None else None if noise.relative is None else noise.relative * abs(row.value)
                self.errors[k] = row.error if row.error is not None else stated if stated is not None else 1.0
        self._seen = np.where(self._logarithm, np.log(np.maximum(self.values, TINY)), self.values)
        scattered = [self._group(name, np.array(found), data.units.get(name, "1")) for name, found in groups.items()]
        self._alike: list[tuple[Lines, float | None]] = []  # a length, or None where it is estimated
        lengths = []
        for name in dict.fromkeys(row.observable for row in rows):
            noise = data.observables[name].noise
            if noise.correlation is not None:
                mine = np.array([k for k, row in enumerate(rows) if row.observable == name], dtype=np.intp)
                lines = Lines(rows, mine)
                self._alike.append((lines, None if noise.correlated else float(noise.correlation)))
                if noise.correlated:
                    lengths.append(Estimated(f"correlation of {name}", mine, *lines.range, lines=lines, unit=data.length))
        self.estimated = (*scattered, *lengths)

    def _group(self, name: str, rows: NDArray[np.intp], unit: str) -> Estimated:
        if self.kinds[rows[0]] == "negative_binomial":
            return Estimated(f"overdispersion of {name}", rows, *_OVERDISPERSIONS, of_counts=True)
        spread = float(np.abs(self._seen[rows]).max()) or 1.0
        own = "" if self._logarithm[rows[0]] or unit == "1" else unit
        return Estimated(f"error of {name}", rows, _SIGMAS[0] * spread, _SIGMAS[1] * spread, unit=own)

    def sigmas(self, estimates: Sequence[float]) -> Floats:
        """(n,) standard deviations (of negative binomial counts: overdispersions), ``estimates`` being those that are estimated."""
        found = self.errors.copy()
        for group, value in zip(self.estimated, estimates, strict=True):
            if group.lines is None:
                found[group.rows] = value
        return found

    def alike(self, estimates: Sequence[float]) -> list[tuple[Lines, float]]:
        """Which data are off alike, over which length."""
        lengths = iter([value for group, value in zip(self.estimated, estimates, strict=True) if group.lines is not None])
        return [(lines, next(lengths) if length is None else length) for lines, length in self._alike]

    def residuals(self, model: Floats, estimates: Sequence[float] = ()) -> Floats:
        """(n,) deviance residuals, of data that are off alike without what their neighbours say (`Lines`)."""
        found = self._each(model, estimates)
        for lines, length in self.alike(estimates):
            lines.independent(found, length)
        return found

    def _each(self, model: Floats, estimates: Sequence[float]) -> Floats:
        sigma = self.sigmas(estimates)
        found = (self._seen - self.seen(model)) / sigma
        counts = self.kinds == "poisson"
        found[counts] = _poisson(self.values[counts], model[counts])
        for phi, rows in self._grouped(sigma):
            found[rows] = counts_of.residuals(self.values[rows], model[rows], phi)
        shares = self.kinds == "binomial"
        found[shares] = _binomial(self.values[shares], model[shares], self.trials[shares])
        events = self.kinds == "events"  # the model's value is the chance of what was seen
        found[events] = np.sqrt(np.maximum(-2.0 * self.values[events] * np.log(np.clip(model[events], TINY, 1.0)), 0.0))
        for mask, sign in ((self._above, -1.0), (self._below, 1.0)):  # the chance to lie beyond is that of a normal tail
            found[mask] = -sign * np.sqrt(np.maximum(-2.0 * log_ndtr(sign * found[mask]), 0.0))
        return found

    def _grouped(self, sigma: Floats) -> list[tuple[float, NDArray[np.intp]]]:
        """The overdispersions of negative binomial counts, and which data have each."""
        rows = np.flatnonzero(self.kinds == "negative_binomial")
        return [(float(phi), rows[sigma[rows] == phi]) for phi in np.unique(sigma[rows])]

    def scatter(self, estimates: Sequence[float]) -> Floats:
        """(groups,) one residual for each number that is estimated, so that the sum of all squares falls and rises with the likelihood:
        what is lost of the logarithm at the best means, times two; sqrt(2 n ln(s/s_least)) of standard deviations."""
        found = [2.0 * len(g.rows) * np.log(s / g.lower) for g, s in zip(self.estimated, estimates, strict=True)]
        for k, (group, phi) in enumerate(zip(self.estimated, estimates, strict=True)):
            if group.lines is not None:
                found[k] = group.lines.volume(phi) - group.lines.volume(group.upper)
            elif group.of_counts:
                y = self.values[group.rows]
                single = float(np.sum(xlogy(y, y) - y - gammaln(y + 1.0)))  # Poisson's, the largest of all
                found[k] = 2.0 * (single - self._counted(y, phi))
        return np.sqrt(np.maximum(np.array(found), 0.0))

    def guess(self, model: Floats) -> list[float]:
        """What the residuals say of the numbers that are estimated."""
        found = []
        for group in self.estimated:
            if group.lines is not None:
                found.append(float(np.mean(group.lines.gaps)) if len(group.lines.gaps) else group.lower)
                continue
            rest = self._seen[group.rows] - self.seen(model)[group.rows]
            if group.of_counts:
                rest = rest / np.sqrt(np.maximum(model[group.rows], 1.0))
            mean = float(np.mean(rest**2))
            found.append(mean if group.of_counts else float(np.sqrt(mean)))
        return found

    @staticmethod
    def _counted(y: Floats, phi: float) -> float:
        """The logarithm of the likelihood of negative binomial counts, at best."""
        return float(np.sum(counts_of.logarithm(y, counts_of.likeliest(y, phi), phi)))

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
        total += sum(self._counted(self.values[rows], phi) for phi, rows in self._grouped(sigma))
        mask = self.kinds == "binomial"
        k, n = self.values[mask], self.trials[mask]
        total += float(np.sum(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, k) + xlogy(n - k, n - k) - xlogy(n, n)))
        return total - 0.5 * sum(lines.volume(length) for lines, length in self.alike(estimates))

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
