"""Facets of simplex cells as rows of node numbers: listing, matching, boundaries and interfaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def cell_facets(cells: Ints) -> Ints:
    """All facets of all cells, (M, dim+1, dim) node numbers; facet k of a cell lies opposite to its vertex k."""
    corners = cells.shape[1]
    keep = [[j for j in range(corners) if j != k] for k in range(corners)]
    return np.asarray(cells[:, keep], dtype=np.int64)


def keys(facets: Ints, n_nodes: int) -> NDArray[np.generic]:
    """One sortable key per facet (F, dim), the same for every order of its nodes."""
    rows = np.sort(facets.reshape(-1, facets.shape[-1]), axis=1)
    if n_nodes ** rows.shape[1] < 2**63:
        key = rows[:, 0].astype(np.int64)
        for column in rows.T[1:]:
            key = key * n_nodes + column
        return key
    # Too large for one integer: compare the rows as big-endian bytes.
    return np.ascontiguousarray(rows.astype(">i8")).view(f"V{8 * rows.shape[1]}").ravel()


def facets_on(cells: Ints, mask: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Facets whose nodes all satisfy ``mask`` (N,), once per cell: (F, dim) node numbers and (F,) cell numbers."""
    dim = cells.shape[1] - 1
    near = np.flatnonzero(sum(mask[corner].astype(np.int8) for corner in cells.T) >= dim)
    facets = cell_facets(cells[near])
    found = mask[facets].all(axis=2)
    return facets[found], near[np.nonzero(found)[0]]


def between(cells: Ints, first: NDArray[np.bool_], second: NDArray[np.bool_], n_nodes: int) -> Ints:
    """Facets shared by a cell of ``first`` (M,) and one of ``second`` (M,): (F, dim) node numbers, sorted rows."""
    masks = []
    for part in (first, second):
        mask = np.zeros(n_nodes, dtype=bool)
        mask[cells[part]] = True
        masks.append(mask)
    both = masks[0] & masks[1]
    a, _ = facets_on(cells[first], both)
    b, _ = facets_on(cells[second], both)
    shared = a[np.isin(keys(a, n_nodes), keys(b, n_nodes))]
    return canonical(shared, n_nodes)


def boundary(cells: Ints, n_nodes: int) -> tuple[Ints, Ints]:
    """Facets that belong to one cell only: (F, dim) node numbers and (F,) cell numbers."""
    facets = cell_facets(cells)
    flat = facets.reshape(-1, facets.shape[2])
    _, first, count = np.unique(keys(flat, n_nodes), return_index=True, return_counts=True)
    once = np.sort(first[count == 1])
    return flat[once], once // cells.shape[1]


def canonical(facets: Ints, n_nodes: int) -> Ints:
    """The same facets once each, nodes ascending in every row, rows in ascending order."""
    rows = np.sort(facets.reshape(-1, facets.shape[-1]), axis=1)
    _, first = np.unique(keys(rows, n_nodes), return_index=True)
    return np.ascontiguousarray(rows[first], dtype=np.int64)


def signed_measures(points: NDArray[np.float64], cells: Ints) -> NDArray[np.float64]:
    """Length, area or volume of each cell (M,), negative where its nodes are in clockwise order."""
    # Column by column: several times faster than gathering (M, dim+1, dim) where there are millions of cells.
    x = [np.ascontiguousarray(column) for column in points.T]
    edges = [[column[corner] - column[cells[:, 0]] for column in x] for corner in cells.T[1:]]
    if len(edges) == 1:
        return np.asarray(edges[0][0])
    if len(edges) == 2:
        a, b = edges
        return np.asarray((a[0] * b[1] - a[1] * b[0]) / 2)
    a, b, c = edges
    return np.asarray((a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])) / 6)


def facet_measures(points: NDArray[np.float64], facets: Ints) -> NDArray[np.float64]:
    """Measure of each facet (F,): 1 for a point in 1-D, length in 2-D, area in 3-D."""
    dim = facets.shape[1]
    if dim == 1:
        return np.ones(len(facets))
    edges = points[facets[:, 1:]] - points[facets[:, :1]]
    if dim == 2:
        return np.asarray(np.linalg.norm(edges[:, 0], axis=1))
    return np.asarray(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2)
