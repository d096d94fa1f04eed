"""Data that are not independent: neighbours of one time are off alike, the less the farther apart they lie.

Deviance residuals r_1, r_2, ... along a line are taken as normal with correlations rho_k = exp(-|x_k+1 - x_k|/l) between neighbours
(a Gaussian copula; exact where the noise is normal). As the line has no memory beyond its last value, e_1 = r_1,
e_k+1 = (r_k+1 - rho_k r_k)/sqrt(1 - rho_k^2) are independent, and minus twice the logarithm of the likelihood changes from sum r^2 to
sum e^2 + sum ln(1 - rho_k^2) (Rasmussen & Williams 2006, appendix B, ISBN 978-0-262-18253-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .data import DataError, Datum, place_of

Floats = NDArray[np.float64]
_LEAST, _MOST = 0.1, 10.0  # of the smallest distance, of the longest line: the range of lengths that are estimated


class Lines:
    """Data of one observable, as lines: those of one arm and one time each, in the order of their places.

    numbers: of the rows, whose data are, each on a line. Raises DataError where two are at one place.
    """

    def __init__(self, rows: Sequence[Datum], numbers: NDArray[np.intp]) -> None:
        groups: dict[tuple[str, float], list[tuple[float, int]]] = {}
        for k in numbers:
            row = rows[k]
            place = place_of(row)
            assert place is not None
            groups.setdefault((row.arm, row.time), []).append((place, int(k)))
        before, after, gaps = [], [], []
        for (_, time), line in groups.items():
            line.sort()
            for (x, k), (y, n) in pairwise(line):
                if not y > x:
                    what = f"two values at one place (time {time:g}, place {x:g})"
                    remedy = "take one out, or leave out 'correlation'"
                    raise DataError(what, code="repeated-name", place=f"fit.observables.{rows[k].observable}.noise", remedy=remedy)
                before.append(k)
                after.append(n)
                gaps.append(y - x)
        self.before, self.after, self.gaps = np.array(before, dtype=np.intp), np.array(after, dtype=np.intp), np.array(gaps)
        self.chains = [np.array([k for _, k in line], dtype=np.intp) for line in groups.values()]
        longest = max((float(np.sum(self.gaps[np.isin(self.before, chain)])) for chain in self.chains), default=0.0)
        self.range = (_LEAST * float(self.gaps.min()), _MOST * longest) if len(gaps) else (1.0, 10.0)

    def shares(self, length: float) -> Floats:
        """(pairs,) rho of all neighbours."""
        return np.asarray(np.exp(-self.gaps / length))

    def independent(self, residuals: Floats, length: float) -> None:
        """Turn residuals into those that are independent, in place."""
        rho = self.shares(length)
        residuals[self.after] = (residuals[self.after] - rho * residuals[self.before]) / np.sqrt(1.0 - rho**2)

    def volume(self, length: float) -> float:
        """sum ln(1 - rho^2): the logarithm of the determinant of the correlations."""
        return float(np.sum(np.log1p(-(self.shares(length) ** 2))))

    def drawn(self, normal: Floats, length: float) -> None:
        """Turn independent standard normal numbers of all data into ones that are alike along these lines, in place."""
        rho = dict(zip(map(int, self.after), self.shares(length), strict=True))
        for chain in self.chains:
            for before, after in pairwise(chain):
                share = rho[int(after)]
                normal[after] = share * normal[before] + np.sqrt(1.0 - share**2) * normal[after]
