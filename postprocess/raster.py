"""Which cell covers each pixel of a raster, found cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_BATCH = 4_000_000  # pairs of a cell and a pixel tested at once
_TOLERANCE = 1e-9


def cover(points: Array, cells: NDArray[np.int64], shape: tuple[int, int], height: float = 0.0) -> tuple[NDArray[np.int64], Array]:
    """The cell at the middle of each pixel of the mesh's bounding rectangle, and the barycentric coordinates there.

    Much faster than searching point by point: every cell is tested against the few pixels in its own rectangle.

    Args:
        points: (N, dim) node positions, dim 2 or 3.
        cells: (M, dim+1) node numbers.
        shape: rows (along y) and columns (along x) of the raster.
        height: in 3-D the z of the plane.

    Returns:
        (rows * columns,) cell numbers, -1 outside the mesh, and (rows * columns, dim+1) coordinates, NaN outside.
    """
    dim = points.shape[1]
    lower, upper = points.min(axis=0), points.max(axis=0)
    count = np.array([shape[1], shape[0]])
    pixel = (upper[:2] - lower[:2]) / count
    chosen: NDArray[Any] = np.arange(len(cells))
    if dim == 3:
        z = points[cells, 2]
        chosen = np.flatnonzero((z.min(axis=1) <= height) & (z.max(axis=1) >= height))
    corners = points[cells[chosen]]
    slack = _TOLERANCE * count
    first = np.maximum(np.ceil((corners[..., :2].min(axis=1) - lower[:2]) / pixel - 0.5 - slack), 0).astype(np.int64)
    last = np.minimum(np.floor((corners[..., :2].max(axis=1) - lower[:2]) / pixel - 0.5 + slack), count - 1).astype(np.int64)
    wide = np.maximum(last - first + 1, 0)
    pairs = wide.prod(axis=1)
    edges = np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2)
    usable = (pairs > 0) & (np.linalg.det(edges) != 0.0)
    chosen, corners, first, wide, pairs, edges = (a[usable] for a in (chosen, corners, first, wide, pairs, edges))
    inverse = np.linalg.inv(edges)

    cell = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    share = np.full((len(cell), dim + 1), np.nan)
    ends = np.cumsum(pairs)
    for start, stop in _batches(ends):
        which = np.repeat(np.arange(start, stop), pairs[start:stop])
        number = np.arange(len(which)) - np.repeat(ends[start:stop] - pairs[start:stop] - (ends[start] - pairs[start]), pairs[start:stop])
        column = first[which, 0] + number % wide[which, 0]
        row = first[which, 1] + number // wide[which, 0]
        at = np.full((len(which), dim), float(height))
        at[:, 0] = lower[0] + (column + 0.5) * pixel[0]
        at[:, 1] = lower[1] + (row + 0.5) * pixel[1]
        inner = np.einsum("nij,nj->ni", inverse[which], at - corners[which, 0])
        weights = np.column_stack([1.0 - inner.sum(axis=1), inner])
        inside = (weights >= -_TOLERANCE).all(axis=1)
        place = row[inside] * shape[1] + column[inside]
        cell[place] = chosen[which[inside]]
        share[place] = weights[inside]
    return cell, share


def _batches(ends: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of cells with about _BATCH pairs each, at least one cell."""
    found, start = [], 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + _BATCH, side="right")), start + 1)
        found.append((start, stop))
        start = stop
    return found
