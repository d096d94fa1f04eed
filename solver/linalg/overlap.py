"""The block of a rank for its preconditioner: its own rows of a graph, and some layers of rows of other ranks around them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import factors

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Indices = NDArray[np.uint32]

LAYERS = 3  # the least that needs about as many iterations as one rank does; at least 1, the ghosts
FEW = 500  # nodes in all, of which each rank's block holds every one: as one rank's, however strongly they are coupled


class _Rows(NamedTuple):
    indptr: Indices
    indices: Indices


class Exchange:
    """Messages of the same size every time. send, receive: for each rank, positions in what is sent and in what is filled."""

    def __init__(self, comm: Any, send: list[Longs], receive: list[Longs]) -> None:
        self._send = [(at, np.empty(len(at))) for at in send if len(at)]
        self._receive = [(at, np.empty(len(at))) for at in receive if len(at)]
        to, source = ([r for r, at in enumerate(each) if len(at)] for each in (send, receive))
        receives = [comm.Recv_init(buffer, source=r) for r, (_, buffer) in zip(source, self._receive, strict=True)]
        sends = [comm.Send_init(buffer, dest=r) for r, (_, buffer) in zip(to, self._send, strict=True)]
        self._requests: list[Any] | None = receives + sends

    def __call__(self, first: Floats, second: Floats, into: Floats) -> None:
        """Send of two arrays, numbered one after the other. Collective."""
        assert self._requests is not None, "freed"
        n = len(first)
        for at, buffer in self._send:
            inside = at < n
            buffer[inside] = first[at[inside]]
            buffer[~inside] = second[at[~inside] - n]
        MPI.Prequest.Startall(self._requests)
        MPI.Request.Waitall(self._requests)
        for at, buffer in self._receive:
            into[at] = buffer

    def free(self) -> None:
        """Release the persistent requests."""
        for request in self._requests or ():
            request.Free()
        self._requests = None


class Overlap:
    """The block of this rank on a graph, and how values for it are exchanged. Collective. layers: None for LAYERS, or for all of FEW nodes.

    rows: exchange of the values of matrix rows; nodes: of vectors. values, where, row, exact, beyond, y: memory for all factors in turn.
    """

    def __init__(self, graph: Any, layers: int | None = None) -> None:
        self._graph = graph
        self._numbers: Longs = np.concatenate([np.arange(graph.first, graph.first + graph.n_owned, dtype=np.int64), graph.ghosts])
        self._ends: Longs = np.array(graph.comm.allgather(graph.first + graph.n_owned), dtype=np.int64)
        further, lengths, columns = self._layers(layers)
        total = graph.n_owned + len(further)
        kept, local = self._inside(further, columns)
        row_of = np.repeat(np.arange(len(further), dtype=np.int64), lengths)[kept]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=len(further)))])
        self.block = self._block(_Rows(starts.astype(np.uint32), local[kept].astype(np.uint32)), total)
        self.rows, self.nodes = self._exchanges(further, lengths, kept)
        self.where = np.zeros(total, dtype=np.int32)
        self.row = np.zeros(int(np.diff(self.block.indptr).max(initial=0)))
        self.exact = np.zeros(len(self.block.indices))
        self.beyond, self.y, self.values = np.zeros(len(further)), np.zeros(total), np.zeros(len(row_of))

    def _block(self, further: _Rows, total: int) -> factors.Block:
        """One rank eliminates nodes as they are numbered, several by levels from a corner of the block, also through further nodes."""
        g, n = self._graph, self._graph.n_owned
        order = np.arange(total, dtype=np.uint32)
        place, rows, diagonal, ghost_row = order, _Rows(g.indptr, g.indices), g.diagonal, np.zeros(n, dtype=np.uint32)
        if g.comm.size > 1:
            from scipy.sparse import csr_array
            from scipy.sparse.csgraph import reverse_cuthill_mckee

            both = _Rows(np.concatenate([g.indptr, g.indptr[-1] + further.indptr[1:]]), np.concatenate([g.indices, further.indices]))
            signed = (np.ones(len(both.indices), dtype=np.int8), both.indices.view(np.int32), both.indptr.view(np.int32))
            if total:
                order = reverse_cuthill_mckee(csr_array(signed, shape=(total, total)), symmetric_mode=True).astype(np.uint32)
            place = np.empty_like(order)
            place[order] = np.arange(total, dtype=np.uint32)
            lengths = np.diff(both.indptr.astype(np.int64))[order]
            row_of: Longs = np.repeat(np.arange(total, dtype=np.int64), lengths)
            columns = place[both.indices[_runs(both.indptr[order].astype(np.int64), lengths)]].astype(np.int64)
            columns = np.sort(row_of * total + columns) - row_of * total
            rows = _Rows(np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32), columns.astype(np.uint32))
            diagonal = np.flatnonzero(columns == row_of).astype(np.int32)
            ghost_row = (g.indptr[:n] - np.cumsum(g.n_own_columns) + g.n_own_columns).astype(np.uint32)
        own_row = (g.indptr[:n] - ghost_row).astype(np.uint32)
        graph_rows = (g.indptr, g.indices, g.n_own_columns)
        return factors.Block(order, place, *rows, diagonal, *graph_rows, own_row, ghost_row, *further)

    def _by_owner(self, nodes: Longs) -> list[Longs]:
        """Positions in nodes (global numbers) by the rank that owns them."""
        owner = np.searchsorted(self._ends, nodes, side="right")
        return [np.flatnonzero(owner == r) for r in range(len(self._ends))]

    def _entries(self, asked: Longs) -> tuple[Longs, Longs]:
        """Positions in the graph of the entries of owned rows (global numbers), one row after the other, and the lengths of the rows."""
        starts = self._graph.indptr[asked - self._graph.first].astype(np.int64)
        lengths = self._graph.indptr[asked - self._graph.first + 1].astype(np.int64) - starts
        return _runs(starts, lengths), lengths

    def _rows(self, asked: Longs) -> tuple[Longs, Longs]:
        """Lengths and columns, as global numbers, of owned rows."""
        entries, lengths = self._entries(asked)
        return lengths, self._numbers[self._graph.indices[entries]]

    def _layers(self, layers: int | None) -> tuple[Longs, Longs, Longs]:
        """The further nodes, layer by layer from the ghosts on, with lengths and columns of their rows."""
        comm, fresh = self._graph.comm, self._graph.ghosts
        if layers is None:
            layers = LAYERS if self._graph.n_global > FEW else 1
            if layers == 1 and self._graph.n_owned:
                fresh = np.concatenate([fresh, np.setdiff1d(np.arange(self._graph.n_global, dtype=np.int64), self._numbers)])
        further, lengths, columns = [fresh[:0]], [fresh[:0]], [fresh[:0]]
        for _ in range(layers if comm.size > 1 else 0):
            places = self._by_owner(fresh)
            told = comm.alltoall([self._rows(asked) for asked in comm.alltoall([fresh[at] for at in places])])
            back = np.argsort(np.concatenate(places), kind="stable")  # from the order of owners to that of the layer
            size = np.concatenate([each for each, _ in told])
            flat = _runs((np.cumsum(size) - size)[back], size[back])
            further.append(fresh)
            lengths.append(size[back])
            columns.append(np.concatenate([each for _, each in told])[flat])
            fresh = np.setdiff1d(columns[-1], np.concatenate([self._numbers, *further]))
        return np.concatenate(further), np.concatenate(lengths), np.concatenate(columns)

    def _inside(self, further: Longs, columns: Longs) -> tuple[NDArray[np.bool_], Longs]:
        """Which columns are nodes of the block, and their numbers in it."""
        n, first = self._graph.n_owned, self._graph.first
        own = (columns >= first) & (columns < first + n)
        if not len(further):
            return own, columns - first
        order = np.argsort(further)
        at = order[np.minimum(np.searchsorted(further[order], columns), len(further) - 1)]
        return own | (further[at] == columns), np.where(own, columns - first, n + at)

    def _exchanges(self, further: Longs, lengths: Longs, kept: NDArray[np.bool_]) -> tuple[Exchange, Exchange]:
        graph, comm = self._graph, self._graph.comm
        places = self._by_owner(further)
        starts, target = np.cumsum(lengths) - lengths, np.cumsum(kept) - 1
        entries = [_runs(starts[at], lengths[at]) for at in places]
        wanted = comm.alltoall([(further[at], kept[of]) for at, of in zip(places, entries, strict=True)])
        ghost: NDArray[np.bool_] = graph.indices >= graph.n_owned
        before = np.concatenate([[0], np.cumsum(ghost)])
        send = []
        for asked, mask in wanted:
            at = self._entries(asked)[0][mask]
            send.append(np.where(ghost[at], len(ghost) - before[-1] + before[at], at - before[at]))
        rows = Exchange(comm, send, [target[of[kept[of]]] for of in entries])
        return rows, Exchange(comm, [asked - graph.first for asked, _ in wanted], places)

    def free(self) -> None:
        """Release what was opened for messages."""
        self.rows.free()
        self.nodes.free()


def _runs(starts: Longs, lengths: Longs) -> Longs:
    """starts[0], starts[0] + 1, ... lengths[0] of them; then those of starts[1], and so on."""
    return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
