"""Exchange of ghost values: the only neighbour communication of a time step."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..parallel import Comm


class Halo:
    """Forward update of ghost entries: owners send, neighbours receive; nothing ever flows back.

    Arrays have length ``n_owned + n_ghosts``; ghosts follow the owned entries in ascending global number.
    Several arrays may be updated in one round of messages. Requests are persistent and buffers are
    allocated once. ``rounds``, ``messages`` and ``bytes`` count what this rank has sent.
    """

    def __init__(self, comm: Comm, n_owned: int, ghosts: NDArray[np.int64], width: int = 2) -> None:
        self.comm, self.n_owned, self.width = comm, n_owned, width
        self.rounds = self.messages = self.bytes = 0
        first = np.array(comm.allgather(n_owned)).cumsum()
        owner = np.searchsorted(first, ghosts, side="right")
        want = [np.asarray(ghosts[owner == r]) for r in range(comm.size)]
        asked = comm.alltoall(want)
        offset = int(first[comm.rank]) - n_owned
        # Sorted ghosts are grouped by owner already, so a receive buffer is a slice of the ghost block.
        self._receive = [(r, len(want[r])) for r in range(comm.size) if len(want[r])]
        self._send = [(r, (asked[r] - offset).astype(np.intp)) for r in range(comm.size) if len(asked[r])]
        self._rounds = [self._persistent(w + 1) for w in range(width)]

    def _persistent(self, width: int) -> tuple[list[Any], list[NDArray[np.float64]], list[NDArray[np.float64]]]:
        out: list[NDArray[np.float64]] = [np.empty(width * len(rows)) for _, rows in self._send]
        back: list[NDArray[np.float64]] = [np.empty(width * n) for _, n in self._receive]
        requests = [self.comm.Recv_init(buffer, source=r) for (r, _), buffer in zip(self._receive, back, strict=True)]
        requests += [self.comm.Send_init(buffer, dest=r) for (r, _), buffer in zip(self._send, out, strict=True)]
        return requests, out, back

    def update(self, *arrays: NDArray[np.float64]) -> None:
        """Set the ghost entries of up to ``width`` arrays to their owners' values. Collective."""
        if self.comm.size == 1:
            return
        requests, out, back = self._rounds[len(arrays) - 1]
        for (_, rows), buffer in zip(self._send, out, strict=True):
            for k, array in enumerate(arrays):
                np.take(array, rows, out=buffer[k * len(rows) : (k + 1) * len(rows)], mode="clip")
            self.bytes += buffer.nbytes
        self.messages += len(out)
        self.rounds += 1
        MPI.Prequest.Startall(requests)
        MPI.Request.Waitall(requests)
        start = self.n_owned
        for (_, n), buffer in zip(self._receive, back, strict=True):
            for k, array in enumerate(arrays):
                array[start : start + n] = buffer[k * n : (k + 1) * n]
            start += n

    def free(self) -> None:
        """Release the persistent requests."""
        for requests, _, _ in self._rounds:
            for request in requests:
                request.Free()
        self._rounds = []
