"""What the stages of a species know of the reactions that take back what transport brings (components.restoring)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Restored:
    """One species. Arrays of owned nodes.

    rate: r. begin, mean, end: densities that its reaction tendency belongs to, at the beginning of the step, on the average and at its end.
    acts: whether r is more than 0 anywhere, on any rank. credited: whether the limiter may count on all that reactions bring.
    number: that of the step, by which matrices know r again.
    """

    def __init__(self, n: int) -> None:
        self.rate: Floats = np.zeros(n)
        self.begin = self.mean = self.end = self.rate
        self.acts, self.credited, self.number = False, False, 0
