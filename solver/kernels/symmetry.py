"""Symmetric values on the entries of a graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .search import place

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


@compiled
def mirror(indptr: Indices, indices: Indices, n_own_columns: NDArray[np.int32], values: Floats) -> None:
    """values_ji = values_ij for all owned i < j; the owned columns come first in a row, and ascend."""
    for i in range(len(n_own_columns)):
        for k in range(indptr[i], indptr[i] + n_own_columns[i]):
            j = indices[k]
            if j > i:
                start = np.int64(indptr[j])
                values[place(indices, start, start + n_own_columns[j], i)] = values[k]
