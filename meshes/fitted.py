"""Tetrahedra of a lattice of labelled cubes whose surfaces between labels are smooth and keep the volumes.

Surface nets: the faces between cubes of different labels are a surface whose nodes may move by less than half a cube, so that
nothing can cross. Gibson 1998, "Constrained elastic surface nets", doi:10.1007/BFb0056277. The smoothing does not shrink:
Taubin 1995, "A signal processing approach to fair surface design", doi:10.1145/218380.218473. What is left of a change of volume
is taken back by a shift of each surface along its normals. Cells that would fold hold their nodes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .facets import Ints, signed_measures
from .quality import radius_ratios

Floats = NDArray[np.float64]

_CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], dtype=np.int64)
_FACES = ((0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0))
_UP = ((1, 2, 6, 5), (3, 7, 6, 2), (4, 5, 6, 7))  # the face towards higher x, y, z, with its normal that way
_THERE, _BACK = 0.5, -0.53  # Taubin's two steps: waves of fewer than some ten cubes go, longer ones stay
_REACH, _MOST = 0.45, 0.49  # how far, in cubes, a node may move along each axis: by smoothing, and in all
_SHIFTS = 4
_FLATTEST = 0.1  # radius ratio of a cell that is still taken; 0.72 in the lattice
_HELD = 0.8  # of its way a node goes where a cell would be flatter; repeated


@dataclass(frozen=True)
class Fitted:
    """points (N, 3) in cubes from the first corner, cells (M, 4), the cube of each cell (M,), and the share of nodes held back."""

    points: Floats
    cells: Ints
    cube: Ints
    held: float


def fitted(labels: NDArray[np.int32], volumes: Mapping[int, float], passes: int) -> Fitted:
    """The tetrahedra of cubes with labels (nz, ny, nx); volumes: label -> wanted number of cubes. Nodes of the sides stay on them."""
    counts = np.array(labels.shape[::-1])
    cubes = _cubes(counts)
    size = int(np.prod(counts + 1))
    points = _nodes(counts)
    quads, pairs = _surface(labels, cubes)
    on = np.unique(quads)
    number = np.full(size, -1, dtype=np.int64)
    number[on] = np.arange(len(on))
    priority = np.arange(size)
    priority[on] += size  # cones stand on nodes inside, so that no cell has all its corners on a surface where this can be
    cells, cube = pulled(cubes, priority)
    if not len(on):
        return Fitted(points, cells, cube, 0.0)
    start, sides = points[on], (points[on] == 0) | (points[on] == counts)
    local = number[quads]
    moved = np.zeros_like(start)
    _smooth(start, moved, sides, local, _meeting(labels, cubes, number, len(on)), passes)
    tags = labels.ravel()[cube]
    near = np.flatnonzero((number[cells] >= 0).any(axis=1))
    if passes:
        for _ in range(_SHIFTS):
            points[on] = start + moved
            _shift(points, moved, sides, quads, local, pairs, _lacking(points, cells, tags, volumes))
    share = unfolded(points, on, start, moved, cells[near], number)
    return Fitted(points, cells, cube, float((share < 1).mean()))


def _nodes(counts: Ints) -> Floats:
    z, y, x = np.meshgrid(*(np.arange(n + 1, dtype=np.float64) for n in counts[::-1]), indexing="ij")
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)


def _cubes(counts: Ints) -> Ints:
    """The nodes (cubes, 8) of each cube, in VTK's order; x fastest."""
    z, y, x = np.meshgrid(*(np.arange(n, dtype=np.int64) for n in counts[::-1]), indexing="ij")
    strides = np.array([1, counts[0] + 1, (counts[0] + 1) * (counts[1] + 1)])
    first = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1) @ strides
    return np.asarray(first[:, None] + _CORNERS @ strides)


def pulled(cubes: Ints, priority: Ints) -> tuple[Ints, Ints]:
    """Each cube as cones from its node of lowest priority over the faces without it, each parted at its own such node.

    Neighbours fit together (as in files/simplices.py). Where priorities rise along the axes this is Kuhn's division.
    """
    apex = priority[cubes].argmin(axis=1)
    found, sources = [], []
    for node in range(8):
        rows = np.flatnonzero(apex == node)
        for face in _FACES:
            if node in face or not len(rows):
                continue
            corners = cubes[rows][:, face]
            even = (priority[corners].argmin(axis=1) % 2 == 0)[:, None]
            for a, b in (([0, 1, 2], [1, 2, 3]), ([0, 2, 3], [1, 3, 0])):
                found.append(np.column_stack([cubes[rows, node], np.where(even, corners[:, a], corners[:, b])])[:, [0, 1, 3, 2]])
                sources.append(rows)
    source = np.concatenate(sources)
    order = np.argsort(source, kind="stable")
    return np.concatenate(found)[order], source[order]


def _surface(labels: NDArray[np.int32], cubes: Ints) -> tuple[Ints, Ints]:
    """Faces (F, 4) between cubes of different labels, with their normals from the first of the pair of labels (F, 2) to the second."""
    grid = cubes.reshape(*labels.shape, 8)
    quads, pairs = [], []
    for axis, face in zip((2, 1, 0), _UP, strict=True):
        low, high = (np.moveaxis(labels, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        differ = low != high
        quads.append(np.moveaxis(grid, axis, 0)[:-1][differ][:, face])
        pairs.append(np.stack([low[differ], high[differ]], axis=1).astype(np.int64))
    faces, both = np.concatenate(quads), np.concatenate(pairs)
    turn = both[:, 0] > both[:, 1]
    faces[turn], both[turn] = faces[turn][:, ::-1], both[turn][:, ::-1]
    return faces, both


def _meeting(labels: NDArray[np.int32], cubes: Ints, number: Ints, count: int) -> Ints:
    """How many labels meet at each node of the surfaces."""
    result = np.zeros(count, dtype=np.int64)
    for value in np.unique(labels):
        mark = np.zeros(count + 1, dtype=bool)
        mark[number[cubes[labels.ravel() == value]]] = True  # nodes on no surface fall on the last place
        result += mark[:count]
    return result


def _smooth(start: Floats, moved: Floats, sides: NDArray[np.bool_], quads: Ints, labels: Ints, passes: int) -> None:
    """Fill ``moved``: Taubin's smoothing; a node follows neighbours where as many labels meet as at itself, or more."""
    from scipy.sparse import coo_matrix

    ends = np.concatenate([quads[:, [k, (k + 1) % 4]] for k in range(4)])
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    ends = ends[labels[ends[:, 1]] >= labels[ends[:, 0]]]
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(start),) * 2).tocsr()
    degree = np.asarray(graph.sum(axis=1)).reshape(-1, 1)
    for _ in range(passes):
        for factor in (_THERE, _BACK):
            place = start + moved
            moved += factor * np.where(degree > 0, graph @ place / np.maximum(degree, 1) - place, 0.0)
            moved[sides] = 0.0
            np.clip(moved, -_REACH, _REACH, out=moved)


def _lacking(points: Floats, cells: Ints, tags: NDArray[np.int32], volumes: Mapping[int, float]) -> dict[int, float]:
    """Label -> the volume that it should have besides."""
    size = signed_measures(points, cells)
    return {value: wanted - float(size[tags == value].sum()) for value, wanted in volumes.items()}


def _shift(
    points: Floats, moved: Floats, sides: NDArray[np.bool_], quads: Ints, local: Ints, pairs: Ints, lacking: Mapping[int, float]
) -> None:
    """Move the surface of each pair of labels along its normals so that volumes come right: the smallest shifts that do it."""
    kinds, which = np.unique(pairs, axis=0, return_inverse=True)
    which = which.reshape(-1)
    p = points[quads]
    normals = np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1]) / 8  # a quarter of each face's area to each of its nodes
    row = {value: k for k, value in enumerate(lacking)}
    matrix = np.zeros((len(row), len(kinds)))
    ways = []
    for column, (first, second) in enumerate([(int(a), int(b)) for a, b in kinds]):
        mine = which == column
        nodes = local[mine].ravel()
        area = np.stack([np.bincount(nodes, np.repeat(normals[mine, axis], 4), len(moved)) for axis in range(3)], axis=1)
        length = np.linalg.norm(area, axis=1, keepdims=True)
        way = np.divide(area, length, out=np.zeros_like(area), where=length > 0)
        way[sides] = 0.0
        gained = float((way * area).sum())
        matrix[row[first], column] += gained
        matrix[row[second], column] -= gained
        ways.append(way)
    for shift, way in zip(np.linalg.lstsq(matrix, np.array(list(lacking.values())), rcond=1e-9)[0], ways, strict=True):
        moved += shift * way
    moved[sides] = 0.0
    np.clip(moved, -_MOST, _MOST, out=moved)


def unfolded(points: Floats, on: Ints, start: Floats, moved: Floats, cells: Ints, number: Ints) -> Floats:
    """Set ``points`` so that no cell is flatter than it may be; returns the share of its way that each node goes."""
    share = np.ones(len(on))
    points[on] = start + moved
    check = cells
    while len(check):
        ratio = radius_ratios(points, check) * np.sign(signed_measures(points, check))
        bad = np.unique(number[check[~(ratio >= _FLATTEST)]])
        bad = bad[bad >= 0]
        if not len(bad):
            break
        share[bad] *= _HELD
        points[on[bad]] = start[bad] + share[bad, None] * moved[bad]
        hit = np.zeros(len(number), dtype=bool)
        hit[on[bad]] = True
        check = cells[hit[cells].any(axis=1)]
    return share
