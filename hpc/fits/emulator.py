"""A polynomial in place of a model: products of Legendre polynomials in what varies, by least squares, with its error at runs left out.

Of a least-squares fit with hat matrix H the residual of a run that is left out is r_i/(1 - h_ii), without fitting anew; the share of the
variance that the others explain is Q^2 = 1 - sum (r_i/(1 - h_ii))^2 / sum (y_i - mean)^2 (Blatman & Sudret 2011,
doi:10.1016/j.jcp.2010.12.021).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def terms(count: int, degree: int) -> list[tuple[int, ...]]:
    """The degrees in each variable of all terms up to a total degree."""
    return [term for term in itertools.product(range(degree + 1), repeat=count) if sum(term) <= degree] if count else [()]


class Polynomial:
    """Fitted to values at points of the unit cube.

    Attributes:
        error: the root mean square error at runs left out, relative to the standard deviation of the values.
    """

    def __init__(self, points: Floats, values: Floats, degree: int) -> None:
        self._terms = terms(points.shape[1], degree)
        basis = self._basis(points)
        self._weights, *_ = np.linalg.lstsq(basis, values, rcond=None)
        left, sizes, _ = np.linalg.svd(basis, full_matrices=False)
        left = left[:, sizes > 1e-12 * sizes.max()]
        rest = (values - basis @ self._weights) / np.maximum(1.0 - (left**2).sum(axis=1), 1e-12)
        spread = float(values.std())
        self.error = float(np.sqrt(np.mean(rest**2))) / spread if spread > 0 else 0.0

    def __call__(self, points: Floats) -> Floats:
        """(n,) values at (n, d) points."""
        found: Floats = self._basis(points) @ self._weights
        return found

    def _basis(self, points: Floats) -> Floats:
        highest = max(max(term, default=0) for term in self._terms)
        single = [legvander(2.0 * points[:, k] - 1.0, highest) for k in range(points.shape[1])]
        found: Floats = np.stack([np.prod([single[k][:, n] for k, n in enumerate(term)], axis=0) for term in self._terms], axis=1).astype(
            np.float64
        )
        return found
