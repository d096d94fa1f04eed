r"""Linear elements on simplices: which nodes are neighbours, and the integrals of gradients and hat functions, cell by cell.

    grad phi_k = (e_l x e_m)/det,   V = |det|/d!,   int_T grad phi_i . grad phi_j = V grad phi_i . grad phi_j,   int_T phi_i = V/(d + 1)

with e the edges from the first corner of a cell T. Rows are those of owned nodes, which are the first ones.
g (dim+1, 3): room for gradients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .search import place

Floats = NDArray[np.float64]
Corners = NDArray[np.int32]
Indices = NDArray[np.uint32]


@compiled
def surroundings(cells: Corners, start: NDArray[np.int64], around: NDArray[np.int32]) -> None:
    """Where the cells around each node begin in a list, start (n + 2) that is 0, and the list. Afterwards those of i begin at start[i]."""
    n = len(start) - 2
    for c in range(len(cells)):
        for k in range(cells.shape[1]):
            if cells[c, k] < n:
                start[cells[c, k] + 2] += 1
    for i in range(n):
        start[i + 2] += start[i + 1]
    for c in range(len(cells)):
        for k in range(cells.shape[1]):
            i = cells[c, k]
            if i < n:
                around[start[i + 1]] = c
                start[i + 1] += 1


@compiled
def neighbours(
    cells: Corners, around: NDArray[np.int32], start: NDArray[np.int64], seen: NDArray[np.int32], indptr: Indices, indices: Indices
) -> None:
    """Nodes with a cell in common: where rows start, indptr (n_owned + 1), if indices are empty; else these, ascending in each row.

    seen (n_local): room.
    """
    n, known = len(indptr) - 1, len(indices) > 0
    for j in range(len(seen)):
        seen[j] = -1
    for i in range(n):
        first = np.int64(indptr[i])
        end = first
        for a in range(start[i], start[i + 1]):
            for k in range(cells.shape[1]):
                j = cells[around[a], k]
                if seen[j] == i:
                    continue
                seen[j] = i
                if known:
                    place = end
                    while place > first and indices[place - 1] > j:
                        indices[place] = indices[place - 1]
                        place -= 1
                    indices[place] = j
                end += 1
        if not known:
            indptr[i + 1] = end


@compiled
def position(indptr: Indices, indices: Indices, i: int, j: int) -> int:
    """Where the entry (i, j) stands; it is there."""
    return int(place(indices, np.int64(indptr[i]), np.int64(indptr[i + 1]), j))


@compiled
def gradients(points: Floats, cells: Corners, c: int, g: Floats) -> float:
    """The volume of a cell; g (dim+1, 3): the gradients of the hat functions of its corners."""
    o, dim = cells[c, 0], cells.shape[1] - 1
    if dim == 1:
        det = points[cells[c, 1], 0] - points[o, 0]
        volume = abs(det)
        g[1, 0] = 1.0 / det
    elif dim == 2:
        p, q = cells[c, 1], cells[c, 2]
        a0, a1 = points[p, 0] - points[o, 0], points[p, 1] - points[o, 1]
        b0, b1 = points[q, 0] - points[o, 0], points[q, 1] - points[o, 1]
        det = a0 * b1 - a1 * b0
        volume = 0.5 * abs(det)
        g[1, 0], g[1, 1] = b1 / det, -b0 / det
        g[2, 0], g[2, 1] = -a1 / det, a0 / det
    else:
        p, q, r = cells[c, 1], cells[c, 2], cells[c, 3]
        a0, a1, a2 = points[p, 0] - points[o, 0], points[p, 1] - points[o, 1], points[p, 2] - points[o, 2]
        b0, b1, b2 = points[q, 0] - points[o, 0], points[q, 1] - points[o, 1], points[q, 2] - points[o, 2]
        c0, c1, c2 = points[r, 0] - points[o, 0], points[r, 1] - points[o, 1], points[r, 2] - points[o, 2]
        x, y, z = b1 * c2 - b2 * c1, b2 * c0 - b0 * c2, b0 * c1 - b1 * c0
        det = a0 * x + a1 * y + a2 * z
        volume = abs(det) / 6.0
        g[1, 0], g[1, 1], g[1, 2] = x / det, y / det, z / det
        g[2, 0], g[2, 1], g[2, 2] = (c1 * a2 - c2 * a1) / det, (c2 * a0 - c0 * a2) / det, (c0 * a1 - c1 * a0) / det
        g[3, 0], g[3, 1], g[3, 2] = (a1 * b2 - a2 * b1) / det, (a2 * b0 - a0 * b2) / det, (a0 * b1 - a1 * b0) / det
    for axis in range(dim):
        total = 0.0
        for k in range(1, dim + 1):
            total += g[k, axis]
        g[0, axis] = -total
    return volume


@compiled
def stiffness(
    indptr: Indices, indices: Indices, points: Floats, cells: Corners, weight: Floats, g: Floats, upper: Indices, out: Floats
) -> None:
    """K_ij = -sum_T w_T int_T grad phi_i . grad phi_j in out (nnz), which is 0 before; weight (M,), or (1,) for all.

    upper (n_owned): room. What is summed is K_ij for i <= j, of which K_ji is a copy: its entries in a row follow each other by i.
    """
    n, corners = len(indptr) - 1, cells.shape[1]
    for i in range(n):
        upper[i] = position(indptr, indices, i, i)
    for c in range(len(cells)):
        factor = -gradients(points, cells, c, g) * weight[c if len(weight) > 1 else 0]
        for k in range(corners):
            for m in range(k + 1):
                i, j = min(cells[c, k], cells[c, m]), max(cells[c, k], cells[c, m])
                if i < n:
                    value = 0.0
                    for axis in range(corners - 1):
                        value += g[k, axis] * g[m, axis]
                    value *= factor
                    at = np.int64(upper[i])
                    out[at if i == j else place(indices, at, np.int64(indptr[i + 1]), j)] += value
    for i in range(n):
        upper[i] = indptr[i]  # from here on: where the next lower entry of the row goes
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if i < j and j < n:
                out[upper[j]] = out[k]
                upper[j] += 1


@compiled
def directed(indptr: Indices, indices: Indices, points: Floats, cells: Corners, tensors: Floats, g: Floats, out: Floats) -> None:
    """Add K_ij = -sum_T int_T (T grad phi_j) . grad phi_i to out (nnz); tensors (M, dim, dim)."""
    n, corners = len(indptr) - 1, cells.shape[1]
    for c in range(len(cells)):
        volume = gradients(points, cells, c, g)
        for k in range(corners):
            i = cells[c, k]
            if i >= n:
                continue
            for m in range(corners):
                value = 0.0
                for a in range(corners - 1):
                    for b in range(corners - 1):
                        value += g[k, a] * tensors[c, a, b] * g[m, b]
                out[position(indptr, indices, i, cells[c, m])] -= volume * value


@compiled
def content(points: Floats, cells: Corners, c: int) -> float:
    """The volume of a cell, as ``gradients`` tells it."""
    o, dim = cells[c, 0], cells.shape[1] - 1
    if dim == 1:
        return abs(points[cells[c, 1], 0] - points[o, 0])
    p, q = cells[c, 1], cells[c, 2]
    a0, a1 = points[p, 0] - points[o, 0], points[p, 1] - points[o, 1]
    b0, b1 = points[q, 0] - points[o, 0], points[q, 1] - points[o, 1]
    if dim == 2:
        return 0.5 * abs(a0 * b1 - a1 * b0)
    r = cells[c, 3]
    a2, b2 = points[p, 2] - points[o, 2], points[q, 2] - points[o, 2]
    c0, c1, c2 = points[r, 0] - points[o, 0], points[r, 1] - points[o, 1], points[r, 2] - points[o, 2]
    return abs(a0 * (b1 * c2 - b2 * c1) + a1 * (b2 * c0 - b0 * c2) + a2 * (b0 * c1 - b1 * c0)) / 6.0


@compiled
def masses(points: Floats, cells: Corners, weight: Floats, out: Floats) -> None:
    """Add m_i = sum_T w_T int_T phi_i to out (n_owned); weight (M,), or (1,) for all."""
    corners = cells.shape[1]
    for c in range(len(cells)):
        share = content(points, cells, c) * weight[c if len(weight) > 1 else 0] / corners
        for k in range(corners):
            if cells[c, k] < len(out):
                out[cells[c, k]] += share


@compiled
def masses_in(points: Floats, cells: Corners, region: Corners, out: Floats) -> None:
    """Add the part of m_i in each region to out (regions, n_owned); region (M,) of each cell."""
    corners, n = cells.shape[1], out.shape[1]
    for c in range(len(cells)):
        share = content(points, cells, c) / corners
        for k in range(corners):
            if cells[c, k] < n:
                out[region[c], cells[c, k]] += share


@compiled
def sides(points: Floats, cells: Corners, cell: NDArray[np.int64], opposite: NDArray[np.int64], g: Floats, out: Floats) -> None:
    """Add sigma_i = int phi_i over facets to out (n_owned), each the one opposite to a corner of a cell: |F| = d V |grad phi_k|."""
    for f in range(len(cell)):
        c, k = cell[f], opposite[f]
        volume, steep = gradients(points, cells, c, g), 0.0
        for axis in range(cells.shape[1] - 1):
            steep += g[k, axis] ** 2
        for m in range(cells.shape[1]):
            if m != k and cells[c, m] < len(out):
                out[cells[c, m]] += volume * np.sqrt(steep)


@compiled
def outward(
    indptr: Indices,
    indices: Indices,
    points: Floats,
    cells: Corners,
    cell: NDArray[np.int64],
    opposite: NDArray[np.int64],
    g: Floats,
    out: Floats,
) -> None:
    """Add B_ij = int phi_i grad phi_j . n over facets to out (nnz): n = -grad phi_k/|grad phi_k|, so B_ij = -V grad phi_j . grad phi_k."""
    n, corners = len(indptr) - 1, cells.shape[1]
    for f in range(len(cell)):
        c, k = cell[f], opposite[f]
        volume = gradients(points, cells, c, g)
        for m in range(corners):
            value = 0.0
            for axis in range(corners - 1):
                value -= g[m, axis] * g[k, axis]
            for on in range(corners):
                if on != k and cells[c, on] < n:
                    out[position(indptr, indices, cells[c, on], cells[c, m])] += volume * value
