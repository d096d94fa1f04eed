"""Stopping on request: a signal or the end of the job's wall time sets a flag; the ranks agree on it once per step."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType
from typing import Any

from ..parallel import Comm, end_all, ignore_again

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
MARGIN = 120.0  # seconds of wall time kept for the last checkpoint


class StopRequest:
    """While active, INT, TERM, USR1 and HUP (a terminal that closes) ask for a stop after the current step; a second INT aborts.

    HUP is left alone where it is ignored, as under nohup. A batch job that is about to end (SLURM_JOB_END_TIME) asks too.
    Use as a context manager; outside the main thread, which alone receives signals, it leaves them to that.
    """

    def __init__(self, comm: Comm) -> None:
        self.comm, self.reason = comm, ""
        end = os.environ.get("SLURM_JOB_END_TIME", "")
        self._deadline = float(end) - MARGIN if end.isdigit() else float("inf")
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is not threading.main_thread():
            return self
        for number in _SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                ignore_again()
                continue
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: one that Python does not know

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.reason and number == signal.SIGINT:
            end_all(self.comm, 130)
        self.reason = signal.Signals(number).name

    def agreed(self) -> str:
        """Why to stop, if any rank has a reason, else "". One reduction, more only at the very end. Collective."""
        if not self.reason and time.time() > self._deadline:
            self.reason = "the job's wall time ends"
        if self.comm.size == 1:
            return self.reason
        return max(self.comm.allgather(self.reason)) if self.comm.allreduce(int(bool(self.reason))) else ""
