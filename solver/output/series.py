"""series.csv: one row of observables per output, a plain table that any program reads."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from ..errors import SolverError
from ..parallel import Comm, agreed
from .folder import replace_text
from .layout import Frame
from .records import numbers_of, rows_of

log = logging.getLogger("invasio.output")
_FIRST = ("time", "step", "dt")


class Series:
    """Observer that appends a row to series.csv at every output; rank 0 writes.

    The first row names the columns: time, step, dt, then the observables in their order. Numbers are
    written so that reading gives back the same double.

    Args:
        path: the file.
        comm: the communicator.
        resume_at: keep the rows up to this time in an existing file (a row cut short by a kill is dropped);
            without it the file starts empty.

    Raises:
        SolverError: on all ranks, if the file cannot be written or has columns that the run does not write.
    """

    def __init__(self, path: Path, comm: Comm, resume_at: float | None = None) -> None:
        self.path = path
        self.comm = comm
        self.last_time = float("-inf")
        self._columns: list[str] | None = None
        self._told = False  # that there would be more columns
        self._stream: TextIO | None = None
        with agreed(comm):
            if comm.rank == 0:
                try:
                    self._open(resume_at)
                except OSError as error:
                    raise SolverError(
                        f"cannot be written: {error.strerror}",
                        code="cannot-write",
                        place=str(path),
                        remedy="free some space or mend the permissions, and use --resume",
                    ) from error
        self.last_time = comm.bcast(self.last_time) if comm.size > 1 else self.last_time

    def _open(self, resume_at: float | None) -> None:
        kept: list[list[str]] = []
        if resume_at is not None and self.path.exists():
            head, rows = rows_of(self.path)
            if head:
                limit = resume_at + 1e-12 * abs(resume_at)
                self._columns = head
                times = numbers_of(self.path)[head[0]]
                kept = [row for row, time in zip(rows, times, strict=True) if time <= limit]
        text = "" if self._columns is None else "".join(_line(row) for row in [self._columns, *kept])
        replace_text(self.path, text)
        if kept:
            self.last_time = float(kept[-1][0])
        self._stream = self.path.open("a", encoding="utf-8", newline="")

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to write between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Append a row, unless its time is there already (a resumed run's first frame)."""
        if frame.time <= self.last_time:
            return
        self.last_time = frame.time
        with agreed(self.comm):
            if self._stream is not None:
                self._append(self._stream, frame)

    def _append(self, stream: TextIO, frame: Frame) -> None:
        columns = [*_FIRST, *frame.observables]
        lost = sorted(set(self._columns or ()) - set(columns))
        if lost:
            raise SolverError(
                f"it has columns that this run does not write: {', '.join(lost)}",
                code="cannot-resume",
                place=str(self.path),
                remedy="use --overwrite, or another --out",
            )
        try:
            if self._columns is None:
                stream.write(_line(columns))
                self._columns = columns
            elif len(self._columns) < len(columns) and not self._told:
                self._told = True
                log.info(
                    "%s keeps the columns it began with; this version would write %d more",
                    self.path.name,
                    len(columns) - len(self._columns),
                )
            values = {"time": repr(float(frame.time)), "step": str(frame.step), "dt": repr(float(frame.dt))}
            stream.write(_line([values[name] if name in values else _text(frame.observables[name]) for name in self._columns]))
            stream.flush()
        except OSError as error:
            raise SolverError(
                f"cannot be written: {error.strerror}",
                code="cannot-write",
                place=str(self.path),
                remedy="free some space or mend the permissions, and use --resume",
            ) from error

    def close(self, reason: str) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _line(values: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _text(value: float) -> str:
    return str(int(value)) if isinstance(value, int) else repr(float(value))
