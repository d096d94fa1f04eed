"""Where something stands among what ascends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Whole = int | np.int64


@compiled
def place(indices: NDArray[np.uint32], low: Whole, high: Whole, number: int) -> Whole:
    """Where a number stands in indices[low:high], which ascend; it is there."""
    while high - low > 1:
        middle = (low + high) // 2
        if indices[middle] <= number:
            low = middle
        else:
            high = middle
    return low
