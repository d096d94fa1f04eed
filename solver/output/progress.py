"""How far the run is: a bar on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import time as clock
from collections.abc import Mapping
from typing import Any, TextIO

from .layout import Frame

log = logging.getLogger("invasio.progress")


class Progress:
    """Observer that tells how far the run is; only rank 0 prints.

    A line holds step, time, dt, what the steps report (iterations, mass drift, ...), seconds per step, the
    time the rest will take at the present pace, and the wall time a batch job has left. The first comes at once.

    Args:
        comm: the communicator.
        start, end: the run's first and last time.
        every: seconds between plain lines.
        stream: where to print; standard output by default. INVASIO_PROGRESS=bar or plain overrides what it looks like.
    """

    def __init__(self, comm: Any, start: float, end: float, every: float = 10.0, stream: TextIO | None = None) -> None:
        self._speaks = comm.rank == 0
        self._start, self._end, self._every = start, end, every
        self._stream = stream or sys.stdout
        self._began = clock.monotonic()
        self._shown = self._logged = float("-inf")
        self._first: tuple[float, int, float] | None = None  # clock, step, time at the first report
        self._now = (start, 0)
        self._bar: Any = None
        self._task: Any = None
        if self._speaks and _bar_wanted(self._stream):
            self._bar, self._task = _bar(self._stream, end - start)

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Move the bar, or print a line if the last one is old enough."""
        if not self._speaks:
            return
        self._now = (time, step)
        now = clock.monotonic()
        if self._first is None:
            self._first = (now, step, time)
            self._say(time, step, dt, info, now)
        elif now - self._shown >= (0.2 if self._bar else self._every):
            self._say(time, step, dt, info, now)

    def on_output(self, frame: Frame) -> None:
        """At the start: say so."""
        if self._speaks and self._shown == float("-inf"):
            self._shown = clock.monotonic()
            if self._bar is None:
                self._print(f"t = {frame.time:g} of {self._end:g}: start")

    def close(self, reason: str) -> None:
        """Say how the run ended and how long it took."""
        if not self._speaks:
            return
        time, step = self._now
        if self._bar is not None:
            self._bar.update(self._task, completed=time - self._start)
            self._bar.stop()
        text = f"{reason}: t = {time:g}, {step} steps in {duration(clock.monotonic() - self._began)}"
        self._print(text)

    def _say(self, time: float, step: int, dt: float, info: Mapping[str, float], now: float) -> None:
        self._shown = now
        text = self.line(time, step, dt, info, now)
        if self._bar is None:
            self._print(text)
            return
        self._bar.update(self._task, completed=time - self._start, description=text)
        if now - self._logged >= self._every:
            self._logged = now
            log.info(text)

    def line(self, time: float, step: int, dt: float, info: Mapping[str, float], now: float) -> str:
        """One line of progress at clock ``now`` (seconds)."""
        parts = [f"step {step}", f"t = {time:.4g} of {self._end:.4g}", f"dt {dt:.2g}"]
        parts += [f"{name.replace('_', ' ')} {value:.3g}" for name, value in info.items()]
        if self._first is not None and step > self._first[1]:
            seconds = now - self._first[0]
            parts.append(f"{seconds / (step - self._first[1]):.2g} s/step")
            if time > self._first[2]:
                parts.append(f"{duration(seconds * (self._end - time) / (time - self._first[2]))} to go")
        left = wall_time_left()
        if left is not None:
            parts.append(f"wall time left {duration(left)}")
        return ", ".join(parts)

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
        log.info(text)


def _bar_wanted(stream: TextIO) -> bool:
    """A bar on a terminal; mpirun gives rank 0 a pseudo-terminal even in a pipe, so there only if INVASIO_PROGRESS=bar."""
    wish = os.environ.get("INVASIO_PROGRESS", "")
    if wish in ("bar", "plain"):
        return wish == "bar"
    return stream.isatty() and not any(name in os.environ for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_ID"))


def wall_time_left() -> float | None:
    """Seconds until the batch system ends this job; None when it does not say (SLURM_JOB_END_TIME)."""
    try:
        return float(os.environ["SLURM_JOB_END_TIME"]) - clock.time()
    except (KeyError, ValueError):
        return None


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 2 min 05 s, 3 h 20 min, 2 d 4 h."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _bar(stream: TextIO, total: float) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Rich

    bar = Rich(BarColumn(bar_width=24), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(), TextColumn("{task.description}"),
               console=Console(file=stream), refresh_per_second=5)  # fmt: skip
    task = bar.add_task("start", total=total)
    bar.start()
    return bar, task
