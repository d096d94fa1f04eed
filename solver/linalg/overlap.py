"""The block of a rank for its preconditioner: its own rows of a graph, and some layers of rows of other ranks around them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from ..kernels.factors import Block

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

LAYERS = 3  # from there on more iterations than one rank needs are rare: what a block does not see falls by a power for each layer


class _Rows(NamedTuple):
    indptr: NDArray[np.uint32]
    indices: NDArray[np.uint32]


def _starts(row_of: NDArray[Any], n: int) -> NDArray[np.uint32]:
    return np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=n))]).astype(np.uint32)


class Exchange:
    """What every neighbour sends of its arrays in a round. send, receive: by rank, positions in the arrays of here."""

    def __init__(self, comm: Any, send: list[Longs], receive: list[Longs]) -> None:
        self._send = [(r, at, np.empty(len(at))) for r, at in enumerate(send) if len(at)]
        self._receive = [(r, at, np.empty(len(at))) for r, at in enumerate(receive) if len(at)]
        self._requests = [comm.Recv_init(buffer, source=r) for r, _, buffer in self._receive]
        self._requests += [comm.Send_init(buffer, dest=r) for r, _, buffer in self._send]

    def __call__(self, source: Floats, rest: Floats, into: Floats) -> None:
        """Positions from len(source) on are those in ``rest``. Collective."""
        n = len(source)
        for _, at, buffer in self._send:
            own = at < n
            buffer[own] = source[at[own]]
            buffer[~own] = rest[at[~own] - n]
        MPI.Prequest.Startall(self._requests)
        MPI.Request.Waitall(self._requests)
        for _, at, buffer in self._receive:
            into[at] = buffer

    def free(self) -> None:
        """Release the persistent requests."""
        for request in self._requests:
            request.Free()
        self._requests = []


class Overlap:
    """The Block of this rank on a graph, and the exchange of values (``rows``: of the matrix, ``nodes``: of a vector). Collective.

    where, row, beyond, y: memory that factors and solves on it use in turn.
    """

    def __init__(self, graph: Any, layers: int = LAYERS) -> None:
        comm, n = graph.comm, graph.n_owned
        self._numbers: Longs = np.concatenate([np.arange(graph.first, graph.first + n, dtype=np.int64), graph.ghosts])
        self._graph = graph
        self._ends: Longs = np.array(comm.allgather(graph.first + n), dtype=np.int64)
        further, lengths, columns = self._layers(layers)
        total = n + len(further)
        kept, local = self._inside(further, columns)
        row_of = np.repeat(np.arange(len(further), dtype=np.int64), lengths)[kept]
        order = np.argsort(row_of * total + local[kept], kind="stable")
        self._further = _Rows(_starts(row_of, len(further)), local[kept][order].astype(np.uint32))
        self.block = self._block(total)
        self.rows, self.nodes = self._exchanges(further, lengths, kept, order)
        self.where = np.zeros(total, dtype=np.int32)
        self.row = np.zeros(int(np.diff(self.block.indptr).max(initial=0)))
        self.beyond, self.y = np.zeros(len(further)), np.zeros(total)
        self.values = np.zeros(len(order))

    def _block(self, total: int) -> Block:
        """Eliminated as the nodes are numbered on one rank; else by levels from a corner, also through what others own."""
        g, n = self._graph, self._graph.n_owned
        rows = _Rows(g.indptr, g.indices)
        order = np.arange(total, dtype=np.uint32)
        ghost_row = np.zeros(n, dtype=np.uint32)
        if g.comm.size > 1:
            rows = _Rows(np.concatenate([rows.indptr, rows.indptr[-1] + self._further.indptr[1:]]), np.append(rows.indices, self._further.indices))
            pattern = csr_array((np.ones(len(rows.indices), dtype=np.int8), rows.indices, rows.indptr), shape=(total, total))
            order = reverse_cuthill_mckee(pattern, symmetric_mode=True).astype(np.uint32)
            ghost_row = (g.indptr[:n] - np.cumsum(g.n_own_columns) + g.n_own_columns).astype(np.uint32)
        place = np.empty_like(order)
        place[order] = np.arange(total, dtype=np.uint32)
        row_of, indices = np.repeat(np.arange(total), np.diff(rows.indptr)), rows.indices
        if g.comm.size > 1:
            sorted_by = np.argsort(place[row_of].astype(np.int64) * total + place[indices], kind="stable")
            row_of, indices = place[row_of[sorted_by]], place[indices[sorted_by]]
            rows = _Rows(_starts(row_of, total), indices)
        return Block(
            order=order,
            place=place,
            indptr=rows.indptr,
            indices=rows.indices,
            diagonal=np.flatnonzero(indices == row_of).astype(np.int32),
            row_of=g.indptr,
            column_of=g.indices,
            n_own_columns=g.n_own_columns,
            own_row=(g.indptr[:n] - ghost_row).astype(np.uint32),
            ghost_row=ghost_row,
            further_row=self._further.indptr,
            further_column=self._further.indices,
        )

    def _by_owner(self, nodes: Longs) -> list[Longs]:
        """Positions in nodes (global numbers) by the rank that owns them."""
        owner = np.searchsorted(self._ends, nodes, side="right")
        return [np.flatnonzero(owner == r) for r in range(len(self._ends))]

    def _rows(self, asked: Longs) -> tuple[Longs, Longs]:
        """Lengths and columns, as global numbers, of rows that are owned here."""
        entries, lengths = self._entries(asked)
        return lengths, self._numbers[self._graph.indices[entries]]

    def _entries(self, asked: Longs) -> tuple[Longs, Longs]:
        """Positions in the graph of the entries of owned rows, one row after the other, and their numbers."""
        starts = self._graph.indptr[asked - self._graph.first].astype(np.int64)
        lengths = self._graph.indptr[asked - self._graph.first + 1].astype(np.int64) - starts
        return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum()), lengths

    def _layers(self, layers: int) -> tuple[Longs, Longs, Longs]:
        """The further nodes, layer by layer, with lengths and columns of their rows."""
        comm = self._graph.comm
        fresh = self._graph.ghosts
        further, lengths, columns = [fresh[:0]], [fresh[:0]], [fresh[:0]]
        for _ in range(layers if comm.size > 1 else 0):
            places = self._by_owner(fresh)
            told = comm.alltoall([self._rows(asked) for asked in comm.alltoall([fresh[at] for at in places])])
            back = np.argsort(np.concatenate(places), kind="stable")  # from the order of owners to that of the layer
            size = np.concatenate([each for each, _ in told])
            ends = np.cumsum(size)
            begins = (ends - size)[back]
            size = size[back]
            flat = np.repeat(begins - np.cumsum(size) + size, size) + np.arange(size.sum())
            further.append(fresh)
            lengths.append(size)
            columns.append(np.concatenate([each for _, each in told])[flat])
            seen = np.concatenate([self._numbers, *further])
            fresh = np.setdiff1d(columns[-1], seen)
        return np.concatenate(further), np.concatenate(lengths), np.concatenate(columns)

    def _inside(self, further: Longs, columns: Longs) -> tuple[NDArray[np.bool_], Longs]:
        """Which columns are nodes of the block, and their numbers in it."""
        n, first = self._graph.n_owned, self._graph.first
        own = (columns >= first) & (columns < first + n)
        if not len(further):
            return own, columns - first
        order = np.argsort(further)
        at = np.minimum(np.searchsorted(further[order], columns), len(further) - 1)
        return own | (further[order][at] == columns), np.where(own, columns - first, n + order[at])

    def _exchanges(self, further: Longs, lengths: Longs, kept: NDArray[np.bool_], order: Longs) -> tuple[Exchange, Exchange]:
        graph, comm = self._graph, self._graph.comm
        if comm.size == 1:
            return Exchange(comm, [], []), Exchange(comm, [], [])
        places = self._by_owner(further)
        starts = np.cumsum(lengths) - lengths
        target = np.full(len(kept), -1, dtype=np.int64)  # where an entry that owners know goes among the values; -1: nowhere
        target[np.flatnonzero(kept)[order]] = np.arange(len(order))
        entries = [np.concatenate([np.arange(starts[p], starts[p] + lengths[p]) for p in at] or [starts[:0]]) for at in places]
        wanted = comm.alltoall([(further[at], kept[of]) for at, of in zip(places, entries, strict=True)])
        ghost_of: NDArray[np.bool_] = graph.indices >= graph.n_owned
        before = np.concatenate([[0], np.cumsum(ghost_of)])
        own_entries = len(ghost_of) - int(before[-1])
        send = []
        for asked, mask in wanted:
            at = self._entries(asked)[0][mask]
            send.append(np.where(ghost_of[at], own_entries + before[at], at - before[at]))
        rows = Exchange(comm, send, [target[of[kept[of]]] for of in entries])
        return rows, Exchange(comm, [asked - graph.first for asked, _ in wanted], places)

    def free(self) -> None:
        """Release what was opened for messages."""
        self.rows.free()
        self.nodes.free()
