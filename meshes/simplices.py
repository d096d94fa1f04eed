"""One rank's part of a simplex mesh: all that the discretisation asks of a mesh, however it was made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.parallel import Comm
from .facets import Ints
from .lattice_boxes import Boxes

Floats = NDArray[np.float64]

BLOCK = 1 << 15
SCATTERED = 3.0  # times the width of a lattice's band: nodes whose numbers are further apart in a cell are put in another order


@dataclass(frozen=True)
class Simplices:
    """The nodes and cells of this rank, all cells around its nodes, and the nodes of all these: integrals at its nodes need no other rank.

    n_nodes, n_cells: of the whole mesh. Local nodes are the n_owned owned ones in the order of their global numbers, from ``first`` on,
    then ghosts (g,) by theirs, ascending. nodes (n_local,): canonical numbers; points (n_local, 3).
    cells (M, dim+1): local nodes, the n_owned_cells owned ones first, each on one rank; numbers (M,): canonical numbers.
    given: both, as far as they are not the owned cells of a lattice, which its boxes tell when they are asked for.
    """

    comm: Comm
    dim: int
    n_nodes: int
    n_cells: int
    n_owned: int
    n_owned_cells: int
    first: int
    ghosts: Ints
    nodes: Ints
    points: Floats
    given: tuple[NDArray[np.int32], Ints]
    boxes: Boxes | None = None

    @cached_property
    def cells(self) -> NDArray[np.int32]:
        """(M, dim+1) local nodes; kept from when it is first asked for."""
        return self.given[0] if self.boxes is None else self.boxes.cells(self.given[0])

    @property
    def numbers(self) -> Ints:
        """(M,) canonical numbers; of a lattice made anew."""
        if self.boxes is None:
            return self.given[1]
        own = self.boxes.numbers()
        return np.concatenate([own, self.given[1]]) if len(self.given[1]) else own

    @property
    def n_local_cells(self) -> int:
        """M."""
        return len(self.given[0]) + (0 if self.boxes is None else self.n_owned_cells)

    def corners(self, some: NDArray[Any] | slice) -> Ints:
        """(k, dim+1) canonical numbers of the nodes of some of the owned cells."""
        return self.nodes[self.owned_cells[some]] if self.boxes is None else self.boxes.corners(some)

    @property
    def owned_cells(self) -> NDArray[np.int32]:
        """Local nodes (n_owned_cells, dim+1) of the owned cells."""
        return self.cells[: self.n_owned_cells]

    def local(self, canonical: Ints) -> Ints:
        """Local numbers of nodes given by canonical ones, all of them here."""
        order = np.argsort(self.nodes, kind="stable")
        return np.asarray(order[np.searchsorted(self.nodes, canonical, sorter=order)]) if len(order) else canonical

    def sizes(self) -> Floats:
        """Volumes times dim! (n_owned_cells,) of the owned cells."""
        return np.abs(np.linalg.det(self.vertices()[:, 1:] - self.vertices()[:, :1]))

    def vertices(self) -> Floats:
        """Places (n_owned_cells, dim+1, dim) of the corners of the owned cells."""
        return self.points[self.owned_cells, : self.dim].reshape(-1, self.dim + 1, self.dim)


def padded(points: Floats) -> Floats:
    """Points (N, dim) with as many zeros as make (N, 3)."""
    wide = np.zeros((len(points), 3))
    wide[:, : points.shape[1]] = points
    return wide


def alone(comm: Comm, points: Floats, cells: Ints) -> Simplices:
    """A whole mesh on one rank; nodes in their own order unless that is scattered, then by Cuthill and McKee.

    Source: Cuthill and McKee 1969, doi:10.1145/800195.805928.
    """
    dim, used = cells.shape[1] - 1, np.zeros(len(points), dtype=bool)
    used[cells] = True
    nodes = np.flatnonzero(used)
    if len(nodes) != len(points):
        cells = (np.cumsum(used) - 1)[cells]
    order = in_order(cells, len(nodes))
    if not (order == np.arange(len(nodes))).all():
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        nodes, cells = nodes[order], place[cells]
    return Simplices(
        comm=comm,
        dim=dim,
        n_nodes=len(nodes),
        n_cells=len(cells),
        n_owned=len(nodes),
        n_owned_cells=len(cells),
        first=0,
        ghosts=np.empty(0, dtype=np.int64),
        nodes=nodes,
        points=padded(points[nodes]),
        given=(np.ascontiguousarray(cells, dtype=np.int32), np.arange(len(cells))),
    )


def in_order(cells: Ints, n: int) -> Ints:
    """The n nodes of cells in the order in which they are kept: their own, or by Cuthill and McKee where that is scattered."""
    dim = cells.shape[1] - 1
    if len(cells) and _reach(cells) > SCATTERED * n ** (1.0 - 1.0 / dim):
        return _banded(cells, n)
    return np.arange(n)


def _reach(cells: Ints) -> float:
    """How far the nodes of a cell are apart by their numbers, in the mean; column by column, some cells at a time."""
    total = 0
    for start in range(0, len(cells), BLOCK):
        columns = cells[start : start + BLOCK].T
        low, high = columns[0], columns[0]
        for column in columns[1:]:
            low, high = np.minimum(low, column), np.maximum(high, column)
        total += int((high - low).sum(dtype=np.int64))
    return total / len(cells)


def _banded(cells: Ints, n: int) -> Ints:
    """Nodes in an order in which neighbours are near each other."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    k = cells.shape[1]
    rows, columns = np.repeat(cells, k, axis=1).ravel(), np.tile(cells, k).ravel()
    graph = csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n, n))
    return np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=True), dtype=np.int64)[::-1].copy()


def surrounded(
    comm: Comm, n_owned: int, n_cells: int, cells: NDArray[np.signedinteger[Any]], numbers: Ints, nodes: tuple[Ints, Ints, Floats]
) -> Simplices:
    """From this rank's cells, where each rank owns ``n_owned`` nodes, in a row by their global numbers. Collective.

    nodes: of all nodes of the cells, each once, global numbers (k,), canonical ones (k,) and places (k, dim); cells (M, dim+1): of
    which of these each has its corners; numbers (M,): canonical numbers of the cells.
    """
    known, canonical, places = nodes
    ends = np.cumsum(comm.allgather(n_owned))
    first, dim = int(ends[comm.rank]) - n_owned, cells.shape[1] - 1
    owner = np.searchsorted(ends, known, side="right")
    border = np.flatnonzero((owner != comm.rank)[cells].any(axis=1))
    owners = owner[cells[border]]

    def of(rank: int) -> tuple[Ints | Floats, ...]:
        """What another rank has to know of the cells around its nodes."""
        some = border[(owners == rank).any(axis=1)] if rank != comm.rank else border[:0]
        used = np.unique(cells[some])
        return known[cells[some]], numbers[some], known[used], canonical[used], places[used]

    around = comm.alltoall([of(rank) for rank in range(comm.size)])
    mine = len(cells)
    outer = np.concatenate([np.empty((0, dim + 1), dtype=np.int64), *(part[0] for part in around)])
    numbers = np.concatenate([numbers, *(part[1] for part in around)])
    every, canonical, places = (np.concatenate([own, *(part[k] for part in around)]) for k, own in enumerate((known, canonical, places), 2))
    flat, at = np.unique(every, return_index=True)
    here = (flat >= first) & (flat < first + n_owned)
    ghosts = flat[~here]

    def local(some: Ints) -> NDArray[np.int32]:
        """Local numbers of global ones."""
        inner = (some >= first) & (some < first + n_owned)
        return np.where(inner, some - first, n_owned + np.searchsorted(ghosts, some)).astype(np.int32)

    at = np.concatenate([at[here], at[~here]])
    return Simplices(
        comm=comm,
        dim=dim,
        n_nodes=int(ends[-1]),
        n_cells=n_cells,
        n_owned=n_owned,
        n_owned_cells=mine,
        first=first,
        ghosts=ghosts,
        nodes=canonical[at],
        points=padded(places[at]),
        given=(np.concatenate([local(known)[cells].reshape(-1, dim + 1), local(outer)]), numbers),
    )
