"""A mesh whose cells the ranks hold a block each of: which nodes are whose, without the whole on any rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.parallel import Comm
from .facets import Ints
from .simplices import Floats, Simplices, in_order, surrounded

_BITS = 20  # of each coordinate along the curve


def curve(points: NDArray[np.float64]) -> NDArray[np.uint64]:
    """(N,) places of points (N, dim) along Morton's curve through their bounding box."""
    low, high = points.min(axis=0), points.max(axis=0)
    grid = ((points - low) / np.maximum(high - low, 1e-300).max() * (2**_BITS - 1)).astype(np.uint64)
    place = np.zeros(len(points), dtype=np.uint64)
    dim = points.shape[1]
    for bit in range(_BITS):
        for axis in range(dim):
            place |= ((grid[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * dim + axis)
    return place


def curve_order(points: Floats, cells: Ints) -> Ints:
    """Cells in the order of the curve, by their centroids."""
    return np.argsort(curve(points[cells].mean(axis=1)), kind="stable")


def block(count: int, rank: int, size: int) -> slice:
    """The block of a list that a rank keeps."""
    length = -(-count // size)
    return slice(min(count, rank * length), min(count, (rank + 1) * length))


def settled(comm: Comm, n_nodes: int, n_cells: int, cells: NDArray[np.signedinteger[Any]], numbers: Ints, points: Floats) -> Simplices:
    """Each rank keeps its cells; a node belongs to the rank that has most cells around it, the lowest of several. Collective.

    cells (m, dim+1): canonical node numbers; numbers (m,): their canonical numbers; points: places (k, dim) of the rank's ``block`` of the
    nodes. A rank may have no cells. The block's rank is asked for what there is to know of a node.
    """
    place = np.zeros(n_nodes, dtype=np.int32)  # of each node here among those of the cells
    place[cells] = 1
    used = np.flatnonzero(place)
    place[used] = np.arange(len(used), dtype=np.int32)
    at = place[cells].reshape(cells.shape)
    del place
    counts = np.bincount(at.ravel(), minlength=len(used)).astype(np.int32)
    length = max(1, -(-n_nodes // comm.size))
    cuts = np.searchsorted(used, length * np.arange(1, comm.size))
    asked = comm.alltoall(list(zip(np.split(used, cuts), np.split(counts, cuts), strict=True)))
    here = [nodes - comm.rank * length for nodes, _ in asked]
    most, owner = np.zeros(len(points), dtype=np.int32), np.full(len(points), -1, dtype=np.int32)
    for rank, (rows, (_, around)) in enumerate(zip(here, asked, strict=True)):
        more = around > most[rows]
        most[rows[more]], owner[rows[more]] = around[more], rank
    told = comm.alltoall([(owner[rows], points[rows]) for rows in here])
    mine = np.concatenate([whose for whose, _ in told]) == comm.rank
    places = np.concatenate([some for _, some in told])

    order = in_order(at, len(used))
    order = order[mine[order]]  # local numbers of the own nodes, in the order in which they are kept
    first = int(np.cumsum(comm.allgather(len(order)))[comm.rank]) - len(order)
    number = np.full(len(used), -1, dtype=np.int64)
    number[order] = first + np.arange(len(order))
    known = np.full(len(points), -1, dtype=np.int64)
    for rows, numbered in zip(here, comm.alltoall(np.split(number, cuts)), strict=True):
        known[rows[numbered >= 0]] = numbered[numbered >= 0]
    number = np.concatenate(comm.alltoall([known[rows] for rows in here]))
    return surrounded(
        comm,
        n_owned=len(order),
        n_cells=n_cells,
        cells=at,
        numbers=numbers,
        nodes=(number, used, places),
    )
