"""The block of a rank for its preconditioner: its own rows of a graph, and some layers of rows of other ranks around them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import elimination, factors

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Indices = NDArray[np.uint32]

RUN = 10_000  # entries of rows that are put in another order together: few enough for the cache
SAMPLE = 10_000  # about so many rows tell whether an order is narrow
NARROW = 2.0  # times the usual distance between neighbours
LAYERS = 3  # the least that needs about as many iterations as one rank does; at least 1, the ghosts
MOST, SHARE = 6, 0.05  # as many are taken where they are less than this share of all nodes
FEW = 500  # nodes in all, of which each rank's block holds every one: as one rank's, however strongly they are coupled


class _Rows(NamedTuple):
    indptr: Indices
    indices: Indices


class Exchange:
    """Messages of the same size every time, from two arrays, numbered one after the other, the first of length n.

    send, receive: for each rank, positions in what is sent and in what is filled.
    """

    def __init__(self, comm: Any, n: int, send: list[Longs], receive: list[Longs]) -> None:
        self._send = [(np.empty(len(at)), at[at < n], at < n, at[at >= n] - n, at >= n) for at in send if len(at)]
        self._receive = [(at, np.empty(len(at))) for at in receive if len(at)]
        to, source = ([r for r, at in enumerate(each) if len(at)] for each in (send, receive))
        receives = [comm.Recv_init(buffer, source=r) for r, (_, buffer) in zip(source, self._receive, strict=True)]
        sends = [comm.Send_init(buffer, dest=r) for r, (buffer, *_) in zip(to, self._send, strict=True)]
        self._requests: list[Any] | None = receives + sends

    def __call__(self, first: Floats, second: Floats, into: Floats) -> None:
        """Send of these arrays, and fill. Collective."""
        assert self._requests is not None, "freed"
        for buffer, at, of_first, beyond, of_second in self._send:
            if len(beyond):
                buffer[of_first] = first[at]
                buffer[of_second] = second[beyond]
            else:
                np.take(first, at, out=buffer, mode="clip")
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
    """The block of this rank on a graph, and how values for it are exchanged. Collective. layers: None for
    LAYERS to MOST, or for all of FEW nodes.

    rows: exchange of the values of matrix rows; nodes: of vectors. values, where, row, exact, beyond, y: memory for all factors in turn.
    """

    def __init__(self, graph: Any, layers: int | None = None) -> None:
        self._graph = graph
        self._numbers: Longs = np.concatenate([np.arange(graph.first, graph.first + graph.n_owned, dtype=np.int64), graph.ghosts])
        self._ends: Longs = np.array(graph.comm.allgather(graph.first + graph.n_owned), dtype=np.int64)
        further, keys, lengths, columns = self._layers(layers)
        total = graph.n_owned + len(further)
        kept, local = self._inside(further, columns)
        row_of = np.repeat(np.arange(len(further), dtype=np.int64), lengths)[kept]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=len(further)))])
        self.block = self._block(_Rows(starts.astype(np.uint32), local[kept].astype(np.uint32)), keys)
        self.rows, self.nodes = self._exchanges(further, lengths, kept)
        self.where = np.zeros(total, dtype=np.uint32)
        self.row = np.zeros(int(np.diff(self.block.indptr).max(initial=0)) + 1)
        self.exact = np.zeros(len(self.block.indices))
        self.beyond, self.y, self.values = np.zeros(len(further)), np.zeros(total), np.zeros(len(row_of))

    def _block(self, further: _Rows, keys: Longs) -> factors.Block:
        """What is eliminated when: further nodes (canonical numbers: keys) in between the own ones, as one rank would."""
        g, rows = self._graph, _Rows(self._graph.indptr, self._graph.indices)
        values = np.arange(len(rows.indices) + len(further.indices), dtype=np.uint32)
        if g.comm.size > 1:
            rows = _Rows(
                np.concatenate([rows.indptr, rows.indptr[-1] + further.indptr[1:]]), np.concatenate([rows.indices, further.indices])
            )
            ghost: NDArray[np.bool_] = g.indices >= g.n_owned
            before = np.cumsum(ghost, dtype=np.uint32)
            values[: len(ghost)] = np.where(ghost, len(ghost) - before[-1:] + before - 1, values[: len(ghost)] - before)
        base: Indices = np.arange(len(rows.indptr) - 1, dtype=np.uint32)
        if len(further.indptr) > 1:
            base = self._base(rows, keys)
        order, rank = base.copy(), np.empty_like(base)
        rank[base] = np.arange(len(base), dtype=np.uint32)
        place = rank.copy()
        run = max(1, RUN * len(order) // max(1, len(rows.indices)))
        elimination.interleave(*rows, order, place, *(np.empty(run + more, dtype=np.uint32) for more in (0, 1, 0)))
        pattern = (np.empty(size, dtype=np.uint32) for size in (len(rows.indptr), len(order), len(values) - len(order), len(values)))
        block = factors.Block(order, *pattern)
        longest = int(np.diff(rows.indptr).max(initial=0))
        elimination.arrange(*rows, values, rank, place, np.empty(longest, dtype=np.uint32), block)
        return block

    def _base(self, rows: _Rows, keys: Longs) -> Indices:
        """Canonical order where that is as narrow as the nodes' own, else levels from a corner of the block (Cuthill and McKee)."""
        g = self._graph
        order = np.argsort(np.concatenate([g.nodes, keys]), kind="stable").astype(np.uint32)
        place = np.empty_like(order)
        place[order] = np.arange(len(order), dtype=np.uint32)
        some = np.arange(0, g.n_owned, 1 + g.n_owned // SAMPLE)
        at, lengths = self._entries(g.first + some)
        row, column = np.repeat(some, lengths)[own := g.indices[at] < g.n_owned], g.indices[at][own]
        reach, usual = np.abs(place[row].astype(np.int64) - place[column]).sum(), np.abs(row - column).sum()
        if reach <= NARROW * usual:
            return order
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import reverse_cuthill_mckee

        signed = (np.ones(len(rows.indices), dtype=np.int8), rows.indices.view(np.int32), rows.indptr.view(np.int32))
        return np.asarray(reverse_cuthill_mckee(csr_array(signed, shape=(len(order), len(order))), symmetric_mode=True).astype(np.uint32))

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

    def _layers(self, layers: int | None) -> tuple[Longs, Longs, Longs, Longs]:
        """The further nodes, layer by layer from the ghosts on, with canonical numbers, lengths and columns of their rows."""
        comm, fresh, most = self._graph.comm, self._graph.ghosts, layers or MOST
        if layers is None and self._graph.n_global <= FEW:
            most = 1
            if self._graph.n_owned:
                fresh = np.concatenate([fresh, np.setdiff1d(np.arange(self._graph.n_global, dtype=np.int64), self._numbers)])
        further, keys, lengths, columns = [fresh[:0]], [fresh[:0]], [fresh[:0]], [fresh[:0]]
        for layer in range(most if comm.size > 1 else 0):
            if layers is None and layer >= LAYERS:
                held = comm.allreduce(sum(map(len, further)) + len(fresh))
                if held > SHARE * self._graph.n_global:
                    break
            places = self._by_owner(fresh)
            told = comm.alltoall(
                [
                    (self._graph.nodes[asked - self._graph.first], *self._rows(asked))
                    for asked in comm.alltoall([fresh[at] for at in places])
                ]
            )
            back = np.argsort(np.concatenate(places), kind="stable")  # from the order of owners to that of the layer
            size = np.concatenate([each for _, each, _ in told])
            keys.append(np.concatenate([each for each, _, _ in told])[back])
            flat = _runs((np.cumsum(size) - size)[back], size[back])
            further.append(fresh)
            lengths.append(size[back])
            columns.append(np.concatenate([each for _, _, each in told])[flat])
            fresh = np.setdiff1d(columns[-1], np.concatenate([self._numbers, *further]))
        return np.concatenate(further), np.concatenate(keys), np.concatenate(lengths), np.concatenate(columns)

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
        rows = Exchange(comm, len(ghost) - int(before[-1]), send, [target[of[kept[of]]] for of in entries])
        return rows, Exchange(comm, graph.n_owned, [asked - graph.first for asked, _ in wanted], places)

    def free(self) -> None:
        """Release what was opened for messages."""
        self.rows.free()
        self.nodes.free()


def _runs(starts: Longs, lengths: Longs) -> Longs:
    """starts[0], starts[0] + 1, ... lengths[0] of them; then those of starts[1], and so on."""
    return np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
