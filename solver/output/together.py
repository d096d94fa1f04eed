"""Outputs that come many in a moment are written together: an append costs about the same for one as for twenty."""

from __future__ import annotations

import time as clock
from collections.abc import Mapping, Sequence

from ..parallel import Comm
from .layout import Frame, Writer

LATE = 0.2  # seconds that an output may wait: whoever kills the run finds it as it was so long before, or as it is
OFTEN = 0.05  # seconds from one output to the next: where they are further apart each is written at once
MOST = 2**22  # bytes that wait


class Together:
    """Observer that has writers write each output at once, or, while ``pooled``, those of a moment in one go; rank 0's clock decides.

    Args:
        writers: in the order in which they are served.
        comm: the communicator.
    """

    def __init__(self, writers: Sequence[Writer], comm: Comm) -> None:
        self.writers, self.comm = writers, comm
        self.pooled = False
        self._waiting = 0  # bytes
        self._holds = False
        self._written = self._before = float("-inf")  # when something was written, and the output before

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Write what has waited long enough; ranks meet only while something waits."""
        if self._holds and self._due(clock.perf_counter()):
            self.write()

    def on_output(self, frame: Frame) -> None:
        """Hold the frame, and write. Collective."""
        self._waiting += sum(writer.hold(frame) for writer in self.writers)
        self._holds = True
        now = clock.perf_counter()
        if not self.pooled or self._waiting > MOST or self._due(now, now - self._before > OFTEN):
            self.write()
        self._before = clock.perf_counter()

    def _due(self, now: float, rare: bool = False) -> bool:
        due = rare or now - self._written > LATE
        return self.comm.bcast(due) if self.comm.size > 1 else due

    def write(self) -> None:
        """Write all that waits. Collective."""
        self._waiting, self._holds = 0, False
        for writer in self.writers:
            writer.write()
        self._written = clock.perf_counter()

    def close(self, reason: str) -> None:
        """Close the writers, which write what they hold. Collective."""
        for writer in self.writers:
            writer.close(reason)
