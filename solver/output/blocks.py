"""From scattered canonical numbers to contiguous blocks of rows and back, without gathering on one rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..parallel import Comm, agreed

_ROWS_PER_CHUNK = 65536
_CHUNKS_AT_MOST = 64


def chunk_rows(total: int) -> int:
    """Rows per chunk of a table of ``total`` rows; depends on the table only, never on the number of ranks."""
    rows = max(_ROWS_PER_CHUNK, -(-total // _CHUNKS_AT_MOST))
    chunks = max(1, -(-total // rows))
    return max(1, -(-total // chunks))


class Blocks:
    """The plan that moves rows between their owners and one contiguous block per rank.

    Rank r holds rows ``starts[r]`` to ``starts[r+1]`` of the canonical order; blocks end at chunk
    boundaries, so no chunk of a file is shared by two ranks, and a rank may hold no rows.

    Args:
        comm: the communicator; building the plan is collective.
        numbers: (n_owned,) canonical numbers of this rank's rows.
        total: rows of the whole table.

    Raises:
        SolverError: some row belongs to no rank or to more than one.
    """

    def __init__(self, comm: Comm, numbers: NDArray[np.int64], total: int) -> None:
        self.comm = comm
        self.total = total
        self.chunk = chunk_rows(total)
        chunks = -(-total // self.chunk)
        self.starts = np.minimum(total, self.chunk * -(-chunks * np.arange(comm.size + 1) // comm.size))
        self.start = int(self.starts[comm.rank])
        self.count = int(self.starts[comm.rank + 1]) - self.start
        numbers = np.asarray(numbers, dtype=np.int64)
        target = np.searchsorted(self.starts, numbers, side="right") - 1
        self._order = np.argsort(target, kind="stable")
        self._send = np.bincount(np.clip(target, 0, comm.size - 1), minlength=comm.size).astype(np.int64)
        self._receive = np.empty_like(self._send)
        comm.Alltoall(self._send, self._receive)
        self._n_owned = len(numbers)
        arrived = self._exchange(numbers[self._order], self._send, self._receive)
        self._place = arrived - self.start
        with agreed(comm):
            inside = (self._place >= 0) & (self._place < self.count)
            if not inside.all() or len(arrived) != self.count or len(np.unique(arrived)) != self.count:
                raise SolverError(
                    f"rows {self.start} to {self.start + self.count} are not each listed by exactly one rank",
                    code="internal-fault",
                    place="output",
                    remedy="this must not happen: please report it with the scenario",
                )

    def _exchange(self, rows: NDArray[Any], send: NDArray[np.int64], receive: NDArray[np.int64]) -> NDArray[Any]:
        """All-to-all of rows with any trailing shape."""
        width = int(np.prod(rows.shape[1:], dtype=np.int64))
        rows = np.ascontiguousarray(rows)
        if self.comm.size == 1:
            return rows
        out = np.empty((int(receive.sum()), *rows.shape[1:]), dtype=rows.dtype)
        self.comm.Alltoallv([rows, (send * width, _displacements(send * width))], [out, (receive * width, _displacements(receive * width))])
        return out

    def to_block(self, values: NDArray[Any]) -> NDArray[Any]:
        """Collective: rows in the owner's order (n_owned, ...) to this rank's block (count, ...), column by column to save memory."""
        rows: Any = np.asarray(values)
        block: Any = np.empty((self.count, *rows.shape[1:]), dtype=rows.dtype)
        for column in np.ndindex(rows.shape[1:]):
            block[self._place, *column] = self._exchange(rows[:, *column][self._order], self._send, self._receive)
        whole: NDArray[Any] = block
        return whole

    def to_owners(self, block: NDArray[Any]) -> NDArray[Any]:
        """Collective: the inverse of `to_block`."""
        arrived = self._exchange(np.asarray(block)[self._place], self._receive, self._send)
        values = np.empty_like(arrived)
        values[self._order] = arrived
        return values


def _displacements(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64)
