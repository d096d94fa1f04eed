"""Points in a distributed mesh: each belongs to one cell of one rank, whatever the partition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .simplices import Simplices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLACK = 1e-9  # barycentric coordinate below 0 that still counts as inside
NOWHERE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Located:
    """Where points lie: cell (p,) is the canonical number of the cell, -1 outside the tissue, the same on every rank.

    mine: positions, in the list of all points, of those whose cell this rank owns; nodes (m, dim+1): canonical numbers of
    the cell's nodes; share (m, dim+1): barycentric coordinates >= 0 that add up to 1; local (m,): local number of the cell.
    """

    cell: Ints
    mine: Ints
    nodes: Ints
    share: Floats
    local: Ints


def locate(mesh: Simplices, points: Floats) -> Located:
    """Find points (p, dim), the same on every rank, in the owned cells of all ranks. Collective.

    A point on a face or vertex belongs to the cell with the lowest canonical number.
    """
    from mpi4py import MPI

    dim, corners, number = mesh.dim, mesh.owned_cells, mesh.numbers[: mesh.n_owned_cells]
    cell, point, share = candidates(mesh.points[:, :dim], corners, points)
    best = np.full(len(points), NOWHERE)
    np.minimum.at(best, point, number[cell])
    lowest = np.empty_like(best)
    mesh.comm.Allreduce(best, lowest, MPI.MIN)
    chosen = number[cell] == lowest[point]
    cell, point, share = cell[chosen], point[chosen], share[chosen]
    order = np.argsort(point, kind="stable")
    cell, point, share = cell[order], point[order], np.maximum(share[order], 0.0)
    share /= share.sum(axis=1, keepdims=True)
    nodes = mesh.nodes[corners[cell]].reshape(-1, dim + 1)
    return Located(np.where(lowest == NOWHERE, -1, lowest), point, nodes, share, cell)


def candidates(x: Floats, corners: NDArray[np.integer], points: Floats) -> tuple[Ints, Ints, Floats]:
    """Pairs of a cell of corners (M, dim+1) among points x (N, dim) and a point (p, dim) inside it, with its barycentric coordinates."""
    from scipy.spatial import cKDTree

    dim = points.shape[1]
    empty = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty((0, dim + 1))
    if not len(points) or not len(corners):
        return empty
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 1e-9 * float(np.ptp(x, axis=0).max(initial=0.0))
    vertices = x[corners]
    near = np.flatnonzero(((vertices.max(axis=1) >= low - pad) & (vertices.min(axis=1) <= high + pad)).all(axis=1))
    if not len(near):
        return empty
    centre = vertices[near].mean(axis=1)
    reach = np.linalg.norm(vertices[near] - centre[:, None], axis=2).max(axis=1) * (1 + 1e-9)
    chosen = _close(centre, points, float(reach.max(initial=0.0)))
    near, centre, reach = near[chosen], centre[chosen], reach[chosen]
    if not len(near):
        return empty
    hits = cKDTree(points).query_ball_point(centre, reach, return_sorted=True)
    lengths = np.array([len(h) for h in hits], dtype=np.int64)
    if not lengths.sum():
        return empty
    cell = np.repeat(near, lengths)
    point = np.concatenate([np.asarray(h, dtype=np.int64) for h in hits if h])
    share = barycentric(x[corners[cell]], points[point])
    inside = share.min(axis=1) >= -SLACK
    return cell[inside], point[inside], share[inside]


def _close(centre: Floats, points: Floats, reach: float) -> NDArray[np.bool_]:
    """Which centres may have a point within reach: those whose bin of that width, or one beside it, holds a point."""
    low = np.minimum(centre.min(axis=0, initial=np.inf), points.min(axis=0)) - 2.0 * reach
    bins = np.floor((points - low) / reach).astype(np.int64)
    mine = np.floor((centre - low) / reach).astype(np.int64)
    size = np.maximum(bins.max(axis=0), mine.max(axis=0, initial=0)) + 2
    stride = np.concatenate([[1], np.cumprod(size[:-1])])
    beside = np.stack(np.meshgrid(*[[-1, 0, 1]] * points.shape[1], indexing="ij"), axis=-1).reshape(-1, points.shape[1])
    occupied = np.unique((np.unique(bins, axis=0)[:, None] + beside) @ stride)
    return np.isin(mine @ stride, occupied)


def barycentric(vertices: Floats, points: Floats) -> Floats:
    """Coordinates (p, dim+1) of points (p, dim) in simplices (p, dim+1, dim)."""
    edges = np.swapaxes(vertices[:, 1:] - vertices[:, :1], 1, 2)
    inner = np.linalg.solve(edges, (points - vertices[:, 0])[..., None])[..., 0]
    return np.concatenate([1.0 - inner.sum(axis=1, keepdims=True), inner], axis=1)
