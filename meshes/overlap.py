"""Cells that overlap: a conforming mesh may be folded over an inner facet, wound round a point, or lie on itself.

If no two neighbours lie on the same side of their facet, and the cells round every inner node (2-D) or edge (3-D) turn once,
the mesh is an immersion; what is then covered twice ends at an outer facet, so that a cell beside the outside overlaps another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import Ints, boundary, cell_facets, keys

Floats = NDArray[np.float64]
DEPTH = 1e-6  # of the smaller cell: cells that lie less deep in each other only touch
_BATCH = 200_000  # pairs looked at together


def refuse_overlaps(data: MeshData) -> MeshData:
    """The mesh itself; raises MeshError, with the place of the first cells, where cells overlap."""
    refuse(data.points, data.cells, data.source)
    return data


def refuse(points: Floats, cells: Ints, source: str) -> None:
    """Raise MeshError where cells of a mesh, or of a part of one, overlap."""
    found = overlapping(points, cells) if len(cells) else None
    if found is not None:
        first, second = (", ".join(f"{x:.6g}" for x in points[cells[cell]].mean(axis=0)) for cell in found)
        raise MeshError(
            f"cells overlap: those at ({first}) and at ({second})",
            code="overlapping-cells",
            place=source or "mesh",
            remedy="the mesh is folded or lies on itself: mesh again",
        )


def overlapping(points: Floats, cells: Ints) -> tuple[int, int] | None:
    """Two cells of a conforming mesh that overlap, None where there are none."""
    return _folded(points, cells) or _wound(points, cells) or _crossing(points, cells)


def _folded(points: Floats, cells: Ints) -> tuple[int, int] | None:
    """Neighbours on the same side of their facet."""
    corners = cells.shape[1]
    facets = cell_facets(cells).reshape(-1, corners - 1)
    key = keys(facets, len(points))
    order = np.argsort(key, kind="stable")
    inner = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    a, b = order[inner], order[inner + 1]
    sides = [_side(points, np.sort(facets[a], axis=1), cells.ravel()[each]) for each in (a, b)]
    wrong = np.flatnonzero(sides[0] == sides[1])
    return (int(a[wrong[0]]) // corners, int(b[wrong[0]]) // corners) if len(wrong) else None


def _side(points: Floats, facets: Ints, opposite: Ints) -> NDArray[np.bool_]:
    edges = points[np.column_stack([facets[:, 1:], opposite])] - points[facets[:, :1]]
    return np.asarray(np.linalg.det(edges) > 0)


def _wound(points: Floats, cells: Ints) -> tuple[int, int] | None:
    """Two cells at an inner node (2-D) or edge (3-D) round which the cells turn more than once."""
    from .quality import cell_angles

    corners = cells.shape[1]
    if corners < 3:
        return None
    angles = cell_angles(points, cells)  # of the facets opposite to i and j: at what the other corners make up
    pairs = [(i, j) for i in range(corners) for j in range(i + 1, corners)]
    ridges = np.concatenate([np.sort(np.delete(cells, pair, axis=1), axis=1) for pair in pairs])
    key, index = np.unique(keys(ridges, len(points)), return_inverse=True)
    total = np.bincount(index.ravel(), angles.ravel(), minlength=len(key))
    wrong = np.flatnonzero(total > 540.0)
    if not len(wrong):
        return None
    around = np.flatnonzero(index.ravel() == wrong[0]) % len(cells)
    return int(around[0]), int(around[len(around) // 2])


def _crossing(points: Floats, cells: Ints) -> tuple[int, int] | None:
    """A cell beside the outside and another that lie in each other."""
    outer = np.unique(boundary(cells, len(points))[1])
    corners = points[cells]
    low, high = corners.min(axis=1), corners.max(axis=1)
    for a, b in _near(corners, outer):
        keep = (low[a] < high[b]).all(axis=1) & (low[b] < high[a]).all(axis=1)
        a, b = a[keep], b[keep]
        found = np.flatnonzero(_overlap(corners[a], corners[b]))
        if len(found):
            return int(a[found[0]]), int(b[found[0]])
    return None


def _near(corners: Floats, outer: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of an outer cell and another whose surrounding balls meet, in batches; cells of like size are looked up together."""
    from scipy.spatial import cKDTree

    centre = corners.mean(axis=1)
    radius = np.linalg.norm(corners - centre[:, None], axis=2).max(axis=1)
    level = np.floor(np.log2(radius / radius.min())).astype(np.int64)
    for size in np.unique(level):
        chosen = np.flatnonzero(level == size)
        tree = cKDTree(centre[chosen])
        reach = radius[outer] + radius[chosen].max()
        counts = tree.query_ball_point(centre[outer], reach, return_length=True)
        ends = np.cumsum(counts)
        start = 0
        while start < len(outer):
            stop = max(start + 1, int(np.searchsorted(ends, (ends[start - 1] if start else 0) + _BATCH)))
            hits = tree.query_ball_point(centre[outer[start:stop]], reach[start:stop])
            a = np.repeat(outer[start:stop], counts[start:stop])
            b = chosen[np.concatenate([np.asarray(h, dtype=np.int64) for h in hits])] if len(a) else np.empty(0, dtype=np.int64)
            differ = a != b
            yield a[differ], b[differ]
            start = stop


def _overlap(one: Floats, two: Floats) -> NDArray[np.bool_]:
    """Whether the simplices (P, dim+1, dim) of each pair lie deeper in each other than touching: no axis separates them."""
    dim = one.shape[2]
    left = np.arange(len(one))
    scale = np.minimum(np.ptp(one, axis=1).max(axis=1), np.ptp(two, axis=1).max(axis=1))
    for axes in _axes(one, two, dim):
        if not len(left):
            break
        axis = axes(left)
        length = np.linalg.norm(axis, axis=1)
        proper = length > 1e-12 * scale[left] ** (dim - 1)
        axis = axis / np.where(proper, length, 1.0)[:, None]
        first, second = np.einsum("pcd,pd->pc", one[left], axis), np.einsum("pcd,pd->pc", two[left], axis)
        depth = np.minimum(first.max(axis=1) - second.min(axis=1), second.max(axis=1) - first.min(axis=1))
        left = left[~proper | (depth > DEPTH * scale[left])]
    found = np.zeros(len(one), dtype=bool)
    found[left] = True
    return found


def _axes(one: Floats, two: Floats, dim: int) -> Iterator[Callable[[Ints], Floats]]:
    """Normals of the facets of both, in 3-D also of pairs of their edges; each for the pairs that are asked for."""
    if dim == 1:
        yield lambda which: np.ones((len(which), 1))
        return
    for simplex in (one, two):
        for facet in cell_facets(np.arange(dim + 1)[None])[0]:
            yield partial(_normal, simplex, facet)
    if dim == 3:
        ends = [(i, j) for i in range(4) for j in range(i + 1, 4)]
        for first in ends:
            for second in ends:
                yield partial(_across, one, first, two, second)


def _normal(simplex: Floats, facet: Ints, which: Ints) -> Floats:
    """Normals (P, dim) of a facet, of any length."""
    corners = simplex[which][:, facet]
    edges = corners[:, 1:] - corners[:, :1]
    if simplex.shape[2] == 2:
        return np.stack([-edges[:, 0, 1], edges[:, 0, 0]], axis=1)
    return np.asarray(np.cross(edges[:, 0], edges[:, 1]))


def _across(one: Floats, first: tuple[int, int], two: Floats, second: tuple[int, int], which: Ints) -> Floats:
    """Normals (P, 3) of an edge of the one and an edge of the other, of any length."""
    return np.asarray(np.cross(one[which, first[1]] - one[which, first[0]], two[which, second[1]] - two[which, second[0]]))
