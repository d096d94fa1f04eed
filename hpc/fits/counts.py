"""Counts of what comes in groups: the negative binomial distribution with variance phi m, m the mean and phi > 1.

With r = m/(phi - 1), P(y) = Gamma(y + r)/(Gamma(r) y!) phi^-r (1 - 1/phi)^y (McCullagh & Nelder 1989, section 6.2.3,
ISBN 978-0-412-31760-6). Sums of such counts have the same phi, so that it does not matter how space is cut into parts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

Floats = NDArray[np.float64]
_LEAST = 1e-9  # of a mean
_HALVINGS = 60


def logarithm(y: Floats, m: Floats, phi: float) -> Floats:
    """(n,) ln P of counts ``y`` with means ``m``."""
    r = np.maximum(m, _LEAST) / (phi - 1.0)
    return np.asarray(gammaln(y + r) - gammaln(r) - gammaln(y + 1.0) - r * np.log(phi) + y * np.log1p(-1.0 / phi))


def likeliest(y: Floats, phi: float) -> Floats:
    """(n,) the means for which counts ``y`` are most likely: digamma(y + r) - digamma(r) = ln phi, solved by halving; 0 of none."""
    low: Floats = np.zeros(len(y))
    high: Floats = np.where(y > 0, y, 1.0) / np.log(phi)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        rises = digamma(y + middle) - digamma(middle) > np.log(phi)
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.where(y > 0, high * (phi - 1.0), 0.0)


def residuals(y: Floats, m: Floats, phi: float) -> Floats:
    """(n,) deviance residuals: 0 at the likeliest mean, of the sign by which the counts are above theirs."""
    best = likeliest(y, phi)
    rest = 2.0 * (logarithm(y, best, phi) - logarithm(y, m, phi))
    return np.asarray(np.sign(best - m) * np.sqrt(np.maximum(rest, 0.0)))
