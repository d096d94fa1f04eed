"""Passes over the entries of a graph: where diagonals are, which edges conduct nothing, and the graph without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]


@compiled
def marks(indptr: Indices, indices: Indices, diagonal: Ints, n_own_columns: Ints) -> None:
    """Where the diagonal is in each row, and how many of its columns are owned, which come first."""
    n = len(diagonal)
    for i in range(n):
        own = 0
        for k in range(indptr[i], indptr[i + 1]):
            if indices[k] == i:
                diagonal[i] = k
            if indices[k] < n:
                own += 1
        n_own_columns[i] = own


@compiled
def idle(indptr: Indices, indices: Indices, values: Floats, scale: Floats, least: float, dropped: Flags) -> int:
    """Mark the entries |K_ij| <= least s_i s_j off the diagonal, scale s (n_local); how many they are."""
    found = 0
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            dropped[k] = j != i and abs(values[k]) <= least * scale[i] * scale[j]
            if dropped[k]:
                found += 1
    return found


@compiled
def idle_too(indptr: Indices, indices: Indices, values: Floats, scale: Floats, least: float, dropped: Flags) -> int:
    """Unmark what does not fulfil the same, but for rounding, with other values; how many are left."""
    found = 0
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            if dropped[k]:
                dropped[k] = abs(values[k]) <= 2.0 * (least * scale[i] * scale[indices[k]])
                if dropped[k]:
                    found += 1
    return found


@compiled
def part(
    indptr: Indices,
    indices: Indices,
    values: Floats,
    order: Ints,
    dropped: Flags,
    kept: tuple[Indices, Indices, Floats, Ints],
    others: tuple[Indices, Indices],
) -> None:
    """Rows, columns, values and order of what is not marked, and rows and columns of what is; room for as many as there are.

    order: empty where entries are in order.
    """
    kept_indptr, kept_indices, kept_values, kept_order = kept
    other_indptr, other_indices = others
    here, there = 0, 0
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            if dropped[k]:
                other_indices[there] = indices[k]
                there += 1
            else:
                kept_indices[here], kept_values[here], kept_order[here] = indices[k], values[k], order[k] if len(order) else k
                here += 1
        kept_indptr[i + 1], other_indptr[i + 1] = here, there
