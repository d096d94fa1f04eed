"""From scattered canonical numbers to contiguous blocks of rows and back, without gathering on one rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..parallel import Comm, agreed

_ROWS_PER_CHUNK = 65536
_CHUNKS_AT_MOST = 64
_PIECES_AT_MOST = 8  # of a rank's block: for each of them the ranks meet, and as many of its rows are on the way at once


def chunk_rows(total: int) -> int:
    """Rows per chunk of a table of ``total`` rows; depends on the table only, never on the number of ranks."""
    rows = max(_ROWS_PER_CHUNK, -(-total // _CHUNKS_AT_MOST))
    chunks = max(1, -(-total // rows))
    return max(1, -(-total // chunks))


class Shares:
    """One contiguous block of a table of ``total`` rows per rank.

    Rank r holds rows ``starts[r]`` to ``starts[r+1]`` of the canonical order; blocks end at chunk
    boundaries, so no chunk of a file is shared by two ranks, and a rank may hold no rows.
    """

    def __init__(self, comm: Comm, total: int) -> None:
        self.comm = comm
        self.total = total
        self.chunk = chunk_rows(total)
        chunks = -(-total // self.chunk)
        self.starts = np.minimum(total, self.chunk * -(-chunks * np.arange(comm.size + 1) // comm.size))
        self.start = int(self.starts[comm.rank])
        self.count = int(self.starts[comm.rank + 1]) - self.start
        most = -(-int(np.diff(self.starts).max()) // self.chunk)  # chunks of a rank
        self.piece = self.chunk * max(1, -(-most // _PIECES_AT_MOST))  # rows of a piece, at most
        self._pieces = -(-most * self.chunk // self.piece)

    def pieces(self) -> Iterator[tuple[int, int]]:
        """This rank's block piece by piece, as (first row, after the last one); as many on all ranks, maybe without rows."""
        end = self.start + self.count
        for piece in range(self._pieces):
            first = min(end, self.start + piece * self.piece)
            yield first, min(end, first + self.piece)


class Blocks(Shares):
    """The plan that moves rows between their owners and one contiguous block per rank.

    Args:
        comm: the communicator; building the plan is collective.
        numbers: (n_owned,) canonical numbers of this rank's rows.
        total: rows of the whole table.

    Raises:
        SolverError: some row belongs to no rank or to more than one.
    """

    def __init__(self, comm: Comm, numbers: NDArray[np.int64], total: int) -> None:
        super().__init__(comm, total)
        numbers = np.asarray(numbers, dtype=np.int64)
        self._n_owned = len(numbers)
        self._as_is = comm.size == 1 and len(numbers) == total and _counted(numbers)
        if self._as_is:
            return
        short = np.int32 if total < 2**31 else np.int64  # two numbers per row are kept
        cells = comm.size * self._pieces
        begins = self.chunk * np.arange(max(1, -(-total // self.chunk)))  # all rows of a chunk go to one piece of one rank
        target = np.clip(np.searchsorted(self.starts, begins, side="right") - 1, 0, comm.size - 1)
        by_chunk = (target * self._pieces + (begins - self.starts[target]) // self.piece).astype(
            np.int16 if cells < 2**15 else np.int64
        )  # NumPy sorts short numbers fastest
        key = by_chunk.take(numbers // self.chunk, mode="clip")
        self._order = np.argsort(key, kind="stable").astype(short)
        # rows by rank and piece, of those that are sent and of those that arrive
        self._send = np.bincount(key, minlength=cells).astype(np.int64).reshape(comm.size, self._pieces)
        self._receive = np.empty_like(self._send)
        comm.Alltoall(self._send, self._receive)
        arrived = self._exchange(numbers[self._order], self._send.sum(axis=1), self._receive.sum(axis=1))
        seen = np.zeros(self.count, dtype=bool)
        with agreed(comm):
            place = arrived - self.start
            inside = bool(((place >= 0) & (place < self.count)).all()) and len(place) == self.count
            if inside:
                seen[place] = True
            if not inside or not seen.all():
                raise SolverError(
                    f"rows {self.start} to {self.start + self.count} are not each listed by exactly one rank",
                    code="internal-fault",
                    place="output",
                    remedy="this must not happen: please report it with the scenario",
                )
        self._place = place.astype(short)

    def _exchange(self, rows: NDArray[Any], send: NDArray[np.int64], receive: NDArray[np.int64]) -> NDArray[Any]:
        """All-to-all of rows with any trailing shape."""
        width = int(np.prod(rows.shape[1:], dtype=np.int64))
        rows = np.ascontiguousarray(rows)
        if self.comm.size == 1:
            return rows
        out = np.empty((int(receive.sum()), *rows.shape[1:]), dtype=rows.dtype)
        self.comm.Alltoallv([rows, (send * width, _displacements(send * width))], [out, (receive * width, _displacements(receive * width))])
        return out

    def to_block(self, values: NDArray[Any], *, copy: bool = True) -> NDArray[Any]:
        """Collective: rows in the owner's order (n_owned, ...) to this rank's block (count, ...), column by column to save memory.

        copy: the block is the caller's own; else it may be the given rows.
        """
        rows: Any = np.asarray(values)
        if self._as_is:
            return np.array(rows, order="C") if copy else np.ascontiguousarray(rows)
        block: Any = np.empty((self.count, *rows.shape[1:]), dtype=rows.dtype)
        for column in np.ndindex(rows.shape[1:]):
            some = rows[:, *column][self._order]
            block[self._place, *column] = self._exchange(some, self._send.sum(axis=1), self._receive.sum(axis=1))
        whole: NDArray[Any] = block
        return whole

    def in_pieces(self, values: Callable[[NDArray[Any] | slice], NDArray[Any]]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Collective: this rank's block of a large table piece by piece, as (first row, rows); as many on all ranks, maybe without rows.

        values: rows (k, ...) of this rank by their places in the owner's order.
        """
        sent, arrived = (
            (np.concatenate([[0], np.cumsum(counts)]) for counts in (self._send, self._receive)) if not self._as_is else ((), ())
        )
        for piece, (start, stop) in enumerate(self.pieces()):
            first, size = start - self.start, stop - start
            if self._as_is:
                yield start, values(slice(first, first + size))
                continue
            at = range(piece, self._pieces * self.comm.size, self._pieces)
            rows = values(np.concatenate([self._order[sent[k] : sent[k + 1]] for k in at]))
            some = self._exchange(rows, self._send[:, piece], self._receive[:, piece])
            block = np.empty((size, *some.shape[1:]), dtype=some.dtype)
            block[np.concatenate([self._place[arrived[k] : arrived[k + 1]] for k in at]) - first] = some
            yield start, block

    def to_owners(self, block: NDArray[Any]) -> NDArray[Any]:
        """Collective: the inverse of `to_block`."""
        if self._as_is:
            return np.array(block, order="C")
        arrived = self._exchange(np.asarray(block)[self._place], self._receive.sum(axis=1), self._send.sum(axis=1))
        values = np.empty_like(arrived)
        values[self._order] = arrived
        return values


def _counted(numbers: NDArray[np.int64]) -> bool:
    """Whether they are 0, 1, 2, ...; block by block, without large arrays."""
    some = np.arange(_ROWS_PER_CHUNK)
    starts = range(0, len(numbers), _ROWS_PER_CHUNK)
    return all(bool((numbers[start : start + len(some)] == some[: len(numbers) - start] + start).all()) for start in starts)


def _displacements(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
