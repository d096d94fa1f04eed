"""Where something stands among what ascends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled


@compiled
def place(indices: NDArray[np.uint32], low: int, high: int, number: int) -> int:
    """Where a number stands in indices[low:high], which ascend; it is there."""
    while high - low > 1:
        middle = (low + high) // 2
        if indices[middle] <= number:
            low = middle
        else:
            high = middle
    return low
