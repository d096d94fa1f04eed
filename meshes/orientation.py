"""Which side of an interface is side 0, the same all along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import Ints, cell_facets, facet_measures, keys, signed_measures

Floats = NDArray[np.float64]


def first_is_side_0(data: MeshData, name: str, rows: Ints, regions: Ints, opposite: Ints) -> NDArray[np.bool_]:
    """Whether the first of the two cells at each facet lies on side 0 of the interface ``name``, (F,).

    rows (F, dim): nodes of the facets, ascending; regions (F, 2): region numbers of the first and the second cell;
    opposite (F,): the node of the first cell that is not on the facet.

    Between two regions side 0 is that of the lower number. Otherwise the facets are oriented from neighbour to
    neighbour, where two of them meet and not at junctions of three or more, and each piece is turned so that side 0
    is (for most of its measure) that of the lower region; inside one region so that its mean normal, from side 0 to
    side 1, points along the positive axis nearest to it; for a closed piece so that side 0 is inside.
    Raises MeshError for a piece with one side only, such as a Moebius strip.
    """
    low, high = regions.min(axis=1), regions.max(axis=1)
    if (low < high).all() and (low == low[0]).all() and (high == high[0]).all():
        return regions[:, 0] < regions[:, 1]
    turn, piece = _consistent(data, name, rows)
    first = signed_measures(data.points, np.column_stack([rows, opposite])) > 0  # on the positive side of its facet
    normal = -turn[:, None] * _normals(data.points, rows)  # from side 0, the positive side where turn is 1
    lower = np.where(first == (turn > 0), 1, -1) * np.sign(regions[:, 1] - regions[:, 0])
    measure = facet_measures(data.points, rows)
    scale = np.bincount(piece, measure)

    vote = np.bincount(piece, measure * lower)
    mean = np.stack([np.bincount(piece, component) for component in normal.T], axis=1)
    # The first axis among those that are equally near, so that rounding does not decide.
    axis = np.argmax(np.abs(mean) >= (1 - 1e-6) * np.abs(mean).max(axis=1, keepdims=True), axis=1)
    along = mean[np.arange(len(mean)), axis]
    outward = np.bincount(piece, ((data.points[rows].mean(axis=1) - data.points[rows[0, 0]]) * normal).sum(axis=1))
    score = np.where(np.abs(vote) > 1e-9 * scale, vote, np.where(np.abs(along) > 1e-9 * scale, along, outward))
    turn = np.where(score[piece] < 0, -turn, turn)
    return np.asarray(first == (turn > 0))


def _consistent(data: MeshData, name: str, rows: Ints) -> tuple[Ints, Ints]:
    """Signs (F,) that orient the facets alike wherever exactly two of them meet, and the number (F,) of each one's piece."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count, dim = rows.shape
    if dim == 1:
        return np.ones(count, dtype=np.int64), np.arange(count)
    ridge = keys(cell_facets(rows), len(data.points))
    order = np.argsort(ridge, kind="stable")
    _, start, times = np.unique(ridge[order], return_index=True, return_counts=True)
    a, b = order[start[times == 2]], order[start[times == 2] + 1]
    # Facet k of an ordered simplex has the sign (-1)^k; the two must give opposite signs to what they share.
    same = (a % dim + b % dim) % 2 == 1
    one, two = a // dim, b // dim
    # Each facet stands twice, as it is (f) and turned (count + f); pieces with two sides fall into two halves.
    links = np.concatenate([one, one + count]), np.concatenate([two + np.where(same, 0, count), two + np.where(same, count, 0)])
    graph = coo_matrix((np.ones(len(links[0]), dtype=np.int8), links), shape=(2 * count, 2 * count))
    half = connected_components(graph, directed=False)[1].astype(np.int64)
    as_is, turned = half[:count], half[count:]
    bad = np.flatnonzero(as_is == turned)
    if len(bad):
        where = ", ".join(f"{x:.6g}" for x in data.points[rows[bad[0]]].mean(axis=0))
        raise MeshError(
            f"interface {name!r} has only one side (a Moebius strip), near ({where})",
            code="one-sided-interface",
            place=data.source or "mesh",
            remedy="a membrane needs two: part it into two interfaces or leave facets out",
        )
    piece = np.unique(np.minimum(as_is, turned), return_inverse=True)[1].reshape(-1)
    return np.where(as_is < turned, 1, -1), piece


def _normals(points: Floats, rows: Ints) -> Floats:
    """Normals (F, dim) towards the positive side of each facet, as long as its measure."""
    if rows.shape[1] == 1:
        return np.ones((len(rows), 1))
    edges = points[rows[:, 1:]] - points[rows[:, :1]]
    if rows.shape[1] == 2:
        return np.stack([-edges[:, 0, 1], edges[:, 0, 0]], axis=1)
    return np.asarray(np.cross(edges[:, 0], edges[:, 1]) / 2)
