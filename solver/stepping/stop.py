"""Stopping on request: a signal sets a flag, and the ranks agree on it once per step."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class StopRequest:
    """While active, INT, TERM and USR1 ask for a stop after the current step; a second INT aborts.

    Use as a context manager; ``agreed`` is the one reduction per step that decides for all ranks.
    """

    def __init__(self, comm: Any, out_of_time: float | None = None) -> None:
        self.comm, self.out_of_time = comm, out_of_time
        self.name = ""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.name and number == signal.SIGINT:
            self.comm.Abort(130)
        self.name = signal.Signals(number).name

    def agreed(self) -> str:
        """The signal that any rank received, or "" to go on. Collective."""
        if self.comm.size == 1:
            return self.name
        return max(self.comm.allgather(self.name)) if self.comm.allreduce(bool(self.name)) else ""
