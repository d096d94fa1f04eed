r"""Linear elements on a lattice whose boxes are cut alike: neighbours by counting, and the integrals of all cells of one shape once.

    K_ij = -int grad phi_i . grad phi_j,   m_i = int phi_i

Along a path of edges at right angles (Kuhn's cells) gradients of hat functions are orthogonal unless their nodes are next to each other on
it, so that K_ij is 0 to the last bit for all edges but those along the axes. Values are those of ``elements`` to the last bit: a cell's
depend on the differences of coordinates alone, and are added in the order of the cells.

Corners of a box are numbered by bits, 1 for the upper end along x, 2 along y, 4 along z; nodes of the grid x fastest. sizes (3,): nodes
along each axis, 1 along those that are not there. places: local numbers of the nodes of the grid, -1 for none; empty where they are
the numbers in the grid. Owned nodes are the first n ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .elements import gradients

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indices = NDArray[np.uint32]
Numbers = NDArray[np.int32]


@compiled
def shapes(
    kinds: Floats, across: Floats, template: Numbers, start: Ints, entries: Ints, corner: Floats, g: Floats, volume: Floats, product: Floats
) -> None:
    """Volumes (kinds, cells) and grad phi_k . grad phi_m (kinds, E) of the cells in boxes as wide as each of the kinds along x.

    across (2,): widths along y and z. template (cells, dim+1): corners of a box that a cell has. entries (E, 4): k, m, and what it is
    added to: axis, or dim for the diagonal, and corner; those of a cell begin at its start (cells + 1). corner (8, 3), g (dim+1, 3): room.
    """
    for c in range(len(kinds)):
        for b in range(len(corner)):
            corner[b, 0] = kinds[c] if b & 1 else 0.0
            corner[b, 1] = across[0] if b & 2 else 0.0
            corner[b, 2] = across[1] if b & 4 else 0.0
        for t in range(len(template)):
            volume[c, t] = gradients(corner, template, t, g)
            for e in range(start[t], start[t + 1]):
                value = 0.0
                for axis in range(template.shape[1] - 1):
                    value += g[entries[e, 0], axis] * g[entries[e, 1], axis]
                product[c, e] = value


@compiled
def integrals(
    sizes: Ints,
    before: Ints,
    places: Numbers,
    n: int,
    kinds: Floats,
    kind: Numbers,
    spacings: Floats,
    template: Numbers,
    start: Ints,
    entries: Ints,
    offset: Ints,
    across: Floats,
    corner: Floats,
    g: Floats,
    volume: Floats,
    product: Floats,
    weight: Floats,
    values: Floats,
    mass: Floats,
) -> None:
    """Add w_T K_ij to values (dim+1, nodes), of edges along each axis at their lower nodes, then the diagonal, and w_T m_i to mass (nodes).

    before (3,): layers of boxes along each axis before those of this rank, whose cells come first; of the others those with an owned
    node follow. kinds: different widths along x, kind (boxes along x): which one; spacings (2, most): widths along y and z. offset (8,): of
    the corners of a box from its lowest. weight: of each cell, or (1,) of all. Values (0, 0): mass alone. The others: see ``shapes``.
    """
    nx, ny, nz = sizes[0], sizes[1], sizes[2]
    corners = template.shape[1]
    cell = 0
    across[0] = -1.0
    for outer in range(2):
        for z in range(max(nz - 1, 1)):
            for y in range(max(ny - 1, 1)):
                inside = y >= before[1] and z >= before[2]
                first, last = 0, nx - 1
                if outer == 0:
                    first = before[0] if inside else last
                elif inside:
                    last = before[0]
                if first < last and (across[0] != spacings[0, y] or across[1] != spacings[1, z]):
                    across[0], across[1] = spacings[0, y], spacings[1, z]
                    shapes(kinds, across, template, start, entries, corner, g, volume, product)
                for x in range(first, last):
                    base = x + nx * (y + ny * z)
                    c = kind[x]
                    for t in range(len(template)):
                        near = outer == 0
                        if not near:
                            for k in range(corners):
                                near = near or 0 <= places[base + offset[template[t, k]]] < n
                        if near:
                            w = weight[cell if len(weight) > 1 else 0]
                            cell += 1
                            share = volume[c, t] * w / corners
                            for k in range(corners):
                                mass[base + offset[template[t, k]]] += share
                            if len(values) > 0:
                                factor = -volume[c, t] * w
                                for e in range(start[t], start[t + 1]):
                                    values[entries[e, 2], base + offset[entries[e, 3]]] += product[c, e] * factor


@compiled
def neighbours(
    sizes: Ints, places: Numbers, n: int, steps: Ints, values: Floats, indptr: Indices, indices: Indices, entries: Floats
) -> None:
    """Nodes a step up or down from each owned one: where rows start, indptr (n + 1), if indices are empty; else these, ascending in a row.

    steps (S,): corners of the box above a node, 0 for the node itself. With entries (nnz) these are filled from the values of
    ``integrals``, of which step s takes those of its own row s; 0 is the last one.
    """
    nx, ny, nz = sizes[0], sizes[1], sizes[2]
    i = np.int64(0)
    p = np.int64(-1)
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                p += 1
                if len(places) > 0:
                    i = np.int64(places[p])
                    if i < 0 or i >= n:
                        continue
                else:
                    i = p
                first = np.int64(indptr[i])
                end = first
                for s in range(len(steps)):
                    dx, dy, dz = steps[s] & 1, (steps[s] >> 1) & 1, (steps[s] >> 2) & 1
                    by = dx + nx * (dy + ny * dz)
                    for up in range(2 if by > 0 else 1):
                        if up == 1 or by == 0:
                            if x + dx >= nx or y + dy >= ny or z + dz >= nz:
                                continue
                            at, lower = p + by, p
                        else:
                            if x < dx or y < dy or z < dz:
                                continue
                            at, lower = p - by, p - by
                        if len(indices) > 0:
                            j = np.uint32(places[at] if len(places) > 0 else at)
                            place = end
                            while place > first and indices[place - 1] > j:
                                indices[place] = indices[place - 1]
                                if len(entries) > 0:
                                    entries[place] = entries[place - 1]
                                place -= 1
                            indices[place] = j
                            if len(entries) > 0:
                                entries[place] = values[s, lower]
                        end += 1
                if len(indices) == 0:
                    indptr[i + 1] = end
