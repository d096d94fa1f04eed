"""One edge graph for everything: rows of owned nodes, columns owned nodes then ghosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...meshes.simplices import Simplices
from ..kernels import graphs, symmetry
from ..parallel import Comm
from .forms import Forms
from .halo import Halo

Floats = NDArray[np.float64]

NOTHING = 1e-12  # of the conductance between neighbours: rounding on a lattice
WORTH = 0.1  # share of edges that conduct nothing from which on they are left out
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Stencil:
    """Edges without values: indptr (n_owned + 1), indices, as of a Graph."""

    indptr: NDArray[np.uint32]
    indices: NDArray[np.uint32]


def _rows(indptr: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The row of each entry."""
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.uint32), np.diff(indptr))


def _room(n: int) -> NDArray[np.uint32]:
    """For the starts of n rows."""
    return np.zeros(n + 1, dtype=np.uint32)


def diagonal_of(indptr: NDArray[np.uint32], indices: NDArray[np.uint32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where the diagonal is in each row, and how many columns of each row are owned."""
    n = len(indptr) - 1
    diagonal, own = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    graphs.marks(indptr, indices, diagonal, own)
    return diagonal, own


@dataclass(frozen=True)
class Graph:
    """CSR graph of the P1 stencil and the pairs of membranes; every pair (i, j) appears in both rows, with bitwise equal K_ij.

    indptr (n_owned + 1), indices (nnz): in each row the owned columns ascend, then the ghosts ascend,
    which is the order of PETSc's two blocks. diagonal (n_owned): position of (i, i).
    n_own_columns (n_owned): how many columns of the row are owned. points (n_local, 3).
    stiffness (nnz) [length^(d-2)]: K_ij = -int grad phi_i . grad phi_j, 0 across a membrane. mass (n_local) [length^d]: m_i = int phi_i.
    """

    comm: Comm
    n_owned: int
    n_global: int
    first: int  # global number of the first owned node
    ghosts: NDArray[np.int64]
    indptr: NDArray[np.uint32]  # unsigned: compiled loops then do not check for negative indices, which nearly halves their time
    indices: NDArray[np.uint32]
    diagonal: NDArray[np.int32]
    n_own_columns: NDArray[np.int32]
    stiffness: Floats
    mass: Floats
    points: Floats
    halo: Halo
    nodes: NDArray[np.int64]  # canonical numbers of the owned nodes
    order: NDArray[
        np.int32
    ]  # entry of the stencil of Forms behind each one here, one past the last for a pair of a membrane; empty: in order
    weighted: Callable[[Floats], Floats] | None = None  # of lattices: K_ij with a weight by cell, on these edges

    @property
    def n_local(self) -> int:
        """Owned nodes and ghosts."""
        return self.n_owned + len(self.ghosts)

    @cached_property
    def own_starts(self) -> NDArray[np.int64]:
        """Where rows begin in the block of owned columns, and the end of the last (n_owned + 1)."""
        return np.concatenate([[0], np.cumsum(self.n_own_columns, dtype=np.int64)])

    def values_of(self, values: Floats) -> Floats:
        """The entries of a matrix that Forms made, in this graph's order; not of a lattice without its other edges (`lattice_graph`)."""
        if not len(self.order):
            assert len(values) == len(self.indices)
            return values
        return np.append(values, 0.0)[self.order]

    def conductances(self, forms: Forms, cell_values: Floats) -> Floats:
        """K_ij with a weight by cell, bitwise equal for (i, j) and (j, i). Collective."""
        values = self.weighted(cell_values) if self.weighted else self.values_of(forms.stiffness(cell_values))
        agree(self, values)
        return values

    def parted(self, dropped: NDArray[np.bool_], found: int) -> tuple[Graph, Stencil]:
        """The same nodes with fewer edges, and what is left out: dropped (nnz), in both rows of an edge alike, not on the diagonal."""
        left, indices = len(dropped) - found, np.empty(found, dtype=np.uint32)
        kept = _room(self.n_owned), np.empty(left, dtype=np.uint32), np.empty(left), np.empty(left, dtype=np.int32)
        others = _room(self.n_owned), indices
        graphs.part(self.indptr, self.indices, self.stiffness, self.order, dropped, kept, others)
        diagonal, own = diagonal_of(kept[0], kept[1])
        graph = replace(
            self,
            indptr=kept[0],
            indices=kept[1],
            diagonal=diagonal,
            n_own_columns=own,
            stiffness=kept[2],
            order=kept[3],
        )
        return graph, Stencil(*others)

    def local_numbers(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local numbers of nodes given by global numbers, all of them owned or ghosts here."""
        owned = (numbers >= self.first) & (numbers < self.first + self.n_owned)
        return np.where(owned, numbers - self.first, self.n_owned + np.searchsorted(self.ghosts, numbers))

    def entries(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions of the entries (i, j) in local numbers, in any order; -1 where row i is not owned."""
        row_of = _rows(self.indptr).astype(np.int64)
        code = row_of * self.n_local + self.indices
        return np.where(rows < self.n_owned, np.searchsorted(code, rows * self.n_local + columns), -1)

    def extended(self, owned: Floats) -> Floats:
        """A copy of an owned-node array with ghost entries filled in. Collective."""
        array = np.zeros(self.n_local)
        array[: self.n_owned] = owned[: self.n_owned]
        self.halo.update(array)
        return array

    def sum(self, *owned: Floats) -> list[float]:
        """Global sums of arrays over owned nodes, in one reduction."""
        local = np.array([array[: self.n_owned].sum() for array in owned])
        return list(self.comm.allreduce(local))


def build_graph(forms: Forms, comm: Comm, links: NDArray[np.int64] | None = None, halo: Halo | None = None) -> Graph:
    """The graph of a mesh's P1 space, its stiffness, lumped mass and ghost exchange. Collective.

    links (k, 2): global numbers of pairs of nodes that are neighbours besides, each of which has an owned node. halo: the exchange
    where there is one already.
    """
    mesh, (indptr, indices) = forms.mesh, forms.stencil
    n, first, ghosts, points = mesh.n_owned, mesh.first, mesh.ghosts, mesh.points
    stiffness = forms.stiffness()
    order: NDArray[np.int32] = np.empty(0, dtype=np.int32)
    if links is not None:  # on all ranks, or on none
        ghosts, indptr, indices, order = _linked(mesh, indptr, indices, links)
        stiffness = np.append(stiffness, 0.0)[order]
    halo = halo or Halo(comm, n, ghosts)
    mass = np.zeros(n + len(ghosts))
    mass[:n] = forms.mass()
    halo.update(mass)
    if links is not None:
        points = np.zeros((n + len(ghosts), 3))
        for axis in range(3):
            coordinate = np.zeros(n + len(ghosts))
            coordinate[:n] = mesh.points[:n, axis]
            halo.update(coordinate)
            points[:, axis] = coordinate
    diagonal, n_own_columns = diagonal_of(indptr, indices)
    graph = Graph(
        comm=comm,
        n_owned=n,
        n_global=mesh.n_nodes,
        first=first,
        ghosts=ghosts,
        indptr=indptr,
        indices=indices,
        diagonal=diagonal,
        n_own_columns=n_own_columns,
        stiffness=stiffness,
        mass=mass,
        points=points,
        halo=halo,
        nodes=mesh.nodes[:n],
        order=order,
    )
    agree(graph, graph.stiffness)
    return graph


def _linked(
    mesh: Simplices, indptr: NDArray[np.uint32], indices: NDArray[np.uint32], links: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int32]]:
    """Ghosts, indptr, indices of the stencil with these links besides, and the entry of the stencil behind each of them."""
    n, first = mesh.n_owned, mesh.first
    numbers = np.concatenate([np.arange(first, first + n), mesh.ghosts])
    both = np.unique(np.concatenate([links, links[:, ::-1]]), axis=0)
    both = both[(both[:, 0] >= first) & (both[:, 0] < first + n)]
    row_of = np.concatenate([_rows(indptr).astype(np.int64), both[:, 0] - first])
    column = np.concatenate([numbers[indices], both[:, 1]])
    behind = np.concatenate([np.arange(len(indices)), np.full(len(both), len(indices))])
    own = (column >= first) & (column < first + n)
    ghosts = np.union1d(mesh.ghosts, column[~own])
    renumbered = np.where(own, column - first, n + np.searchsorted(ghosts, column))
    order = np.argsort(row_of * (n + len(ghosts)) + renumbered, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=n))]).astype(np.uint32)
    return ghosts, starts, renumbered[order].astype(np.uint32), behind[order].astype(np.int32)


def conducting(graph: Graph, forms: Forms) -> tuple[Graph, Stencil | None]:
    """The graph without edges along which no cell conducts, isotropic in each, whatever its motility: 8 of 15 entries of a row on a lattice
    of boxes cut into tetrahedra, 2 of 7 on one of rectangles; and these edges. Itself and None where there are few. Collective.

    Edges with K_ij = 0 also where each cell has a motility of its own, by its canonical number, have no part of any cell.
    """
    scale = np.sqrt(graph.extended(np.abs(graph.stiffness[graph.diagonal])))
    dropped: NDArray[np.bool_] = np.empty(len(graph.indices), dtype=bool)
    found = graphs.idle(graph.indptr, graph.indices, graph.stiffness, scale, NOTHING, dropped)
    total, entries = graph.comm.allreduce(np.array([found, len(dropped)]))
    if total < WORTH * entries:
        return graph, None
    weight: Floats = np.multiply(forms.mesh.numbers, GOLDEN, dtype=np.float64)
    weight -= np.floor(weight)
    weight += 1.0
    values = graph.conductances(forms, weight)
    del weight
    if len(graph.order):
        dropped &= graph.order < len(forms.stencil[1])  # pairs of membranes stay
    found = graphs.idle_too(graph.indptr, graph.indices, values, scale, NOTHING, dropped)
    return graph.parted(dropped, found)


def symmetrise(graph: Graph, values: Floats) -> None:
    """Make values_ij and values_ji bitwise equal, in place: the entry of the smaller global number wins.

    Off-process entries come from the owner of the smaller number, exchanged once. Collective.
    """
    symmetry.mirror(graph.indptr, graph.indices, graph.n_own_columns, values)
    agree(graph, values)


def agree(graph: Graph, values: Floats) -> None:
    """The same where it holds already between owned nodes, as of sums cell by cell of one number for both entries. Collective."""
    if graph.comm.size == 1:
        return
    n, first, total = graph.n_owned, graph.first, graph.n_global
    at = np.flatnonzero(graph.indices >= n)
    row = first + np.searchsorted(graph.indptr, at, side="right").astype(np.int64) - 1
    column = graph.ghosts[graph.indices[at] - n]
    lead = row < column  # tell the owner of the larger number what the owner of the smaller one holds
    ends = np.array(graph.comm.allgather(first + n))
    target = np.searchsorted(ends, column[lead], side="right")
    code, entries = row[lead] * total + column[lead], values[at[lead]]
    received = graph.comm.alltoall([(code[target == r], entries[target == r]) for r in range(graph.comm.size)])
    code, entries = (np.concatenate(part) for part in zip(*received, strict=True))
    sorter = np.argsort(code, kind="stable")
    wanted = column[~lead] * total + row[~lead]
    values[at[~lead]] = entries[sorter][np.searchsorted(code[sorter], wanted)]
