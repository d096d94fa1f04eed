"""How far the run is: a bar on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import time as clock
from collections.abc import Mapping
from typing import Any, TextIO

from ..parallel import Comm
from .layout import Frame

log = logging.getLogger("invasio.progress")


class Progress:
    """Observer that tells how far the run is; only rank 0 prints.

    A line holds step, time, dt, iterations a step, the largest relative error of the ledgers (drift), seconds per step,
    the time the rest will take at the present pace, and the wall time a batch job has left. The first comes at once.

    Args:
        comm: the communicator.
        start, end: the run's first and last time.
        every: seconds between plain lines.
        stream: where to print; standard output by default. INVASIO_PROGRESS=bar or plain overrides what it looks like.
        unit: of time.
        opening: the line before all others.
        at: time and step at which a resumed run goes on.
    """

    def __init__(
        self,
        comm: Comm,
        start: float,
        end: float,
        every: float = 10.0,
        stream: TextIO | None = None,
        unit: str = "",
        opening: str = "",
        at: tuple[float, int] | None = None,
    ) -> None:
        self._speaks = comm.rank == 0
        self._start, self._end, self._every = start, end, every
        self._unit = f" {unit}" if unit else ""
        self._stream = stream or sys.stdout
        self._began = clock.monotonic()
        self._shown = self._logged = float("-inf")
        self._first: tuple[float, int, float] | None = None  # clock, step, time at the first report
        self._now = at or (start, 0)
        self._work = (0, 0.0)  # step and iterations at the last report
        self._drift: float | None = None
        self._bar: Any = None
        self._task: Any = None
        if self._speaks:
            if opening:
                self._print(opening)
            if bar_wanted(self._stream):
                self._bar, self._task = _bar(self._stream, end - start)

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Move the bar, or print a line if the last one is old enough."""
        if not self._speaks:
            return
        self._now = (time, step)
        now = clock.monotonic()
        if self._first is None:
            self._first = (now, step, time)
            self._work = (step, info.get("iterations", 0.0)) if step > 1 else (0, 0.0)
            self._say(time, step, dt, info, now)
        elif now - self._shown >= (0.2 if self._bar else self._every):
            self._say(time, step, dt, info, now)

    def on_output(self, frame: Frame) -> None:
        """Note the drift; at the start: say so."""
        drifts = [abs(value) for name, value in frame.observables.items() if name.endswith(".ledger")]
        self._drift = max(drifts, default=None)
        if self._speaks and self._shown == float("-inf"):
            self._shown = clock.monotonic()
            if self._bar is None:
                self._print(f"t = {frame.time:g} of {self._end:g}{self._unit}: start")

    def close(self, reason: str) -> None:
        """Say how the run ended, how long it took, and how well the ledgers close."""
        if not self._speaks:
            return
        time, step = self._now
        if self._bar is not None:
            self._bar.update(self._task, completed=time - self._start)
            self._bar.stop()
        text = f"{reason}: t = {time:g}{self._unit}, {step} steps in {duration(clock.monotonic() - self._began)}"
        self._print(text + (f", drift {self._drift:.0e}" if self._drift is not None else ""))

    def _say(self, time: float, step: int, dt: float, info: Mapping[str, float], now: float) -> None:
        self._shown = now
        if self._bar is None:
            self._print(self.line(time, step, dt, info, now))
            return
        self._bar.update(self._task, completed=time - self._start, description=", ".join(self._where(time, step, dt) + self._rest(now)))
        if now - self._logged >= self._every:
            self._logged = now
            log.info(self.line(time, step, dt, info, now))

    def line(self, time: float, step: int, dt: float, info: Mapping[str, float], now: float) -> str:
        """One line of progress at clock ``now`` (seconds)."""
        where = self._where(time, step, dt)
        parts = [where[1], where[0], where[2]]
        iterations = info.get("iterations", 0.0)
        if step > self._work[0] and "iterations" in info:
            parts.append(f"{(iterations - self._work[1]) / (step - self._work[0]):.3g} iterations/step")
        self._work = (step, iterations)
        if self._drift is not None:
            parts.append(f"drift {self._drift:.0e}".replace("0e+00", "0"))
        if self._first is not None and step > self._first[1]:
            parts.append(f"{(now - self._first[0]) / (step - self._first[1]):.2g} s/step")
        return ", ".join(parts + self._rest(now))

    def _where(self, time: float, step: int, dt: float) -> list[str]:
        return [f"t = {time:.4g} of {self._end:.4g}{self._unit}", f"step {step}", f"dt {dt:.2g}"]

    def _rest(self, now: float) -> list[str]:
        """What is left to do, at the pace since the first step, and what is left of the job."""
        parts = []
        time = self._now[0]
        if self._first is not None and time > self._first[2]:
            parts.append(f"{duration((now - self._first[0]) * (self._end - time) / (time - self._first[2]))} to go")
        left = wall_time_left()
        if left is not None:
            parts.append(f"wall time left {duration(left)}")
        return parts

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
        log.info(text)


def bar_wanted(stream: TextIO) -> bool:
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
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Rich

    bar = Rich(BarColumn(bar_width=16), TextColumn("{task.percentage:3.0f} %"), TextColumn("{task.description}"),
               console=Console(file=stream), refresh_per_second=5)  # fmt: skip
    task = bar.add_task("start", total=total)
    bar.start()
    return bar, task
