"""series.csv: one row of observables per output, a plain table that any program reads."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..parallel import Comm, agreed
from .folder import replace_text
from .layout import Frame

log = logging.getLogger("invasio.output")
Recorded = tuple[NDArray[np.float64], Mapping[str, NDArray[np.float64]]]
NOTHING: Recorded = (np.empty(0), {})
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
        recorded: times of outputs up to then and the observables at them, as fields.vtkhdf holds them (rank 0): rows that are missing
            or damaged are restored from them, without step and dt, and the log says so.

    Raises:
        SolverError: on all ranks, if the file cannot be written or has columns that the run does not write.
    """

    def __init__(self, path: Path, comm: Comm, resume_at: float | None = None, recorded: Recorded = NOTHING) -> None:
        self.path = path
        self.comm = comm
        self.last_time = float("-inf")
        self._columns: list[str] | None = None
        self._told = False  # that there would be more columns
        self._stream: TextIO | None = None
        self._held: list[str] = []  # rows that are not written yet
        with agreed(comm):
            if comm.rank == 0:
                try:
                    self._open(resume_at, recorded)
                except OSError as error:
                    raise self._cannot(error) from error
        self.last_time = comm.bcast(self.last_time) if comm.size > 1 else self.last_time

    def _open(self, resume_at: float | None, recorded: Recorded) -> None:
        kept: dict[float, list[str]] = {}
        if resume_at is not None:
            limit = resume_at + 1e-12 * abs(resume_at)
            self._columns, kept, bad = _good_rows(self.path, limit)
            times, columns = recorded
            if self._columns is None and columns:
                self._columns = [*_FIRST, *columns]
            missing = [k for k, time in enumerate(times) if float(time) not in kept and time <= limit]
            able = self._columns is not None and set(self._columns[len(_FIRST) :]) <= set(columns)
            if able and self._columns is not None:
                for k in missing:
                    kept[float(times[k])] = [
                        repr(float(times[k])),
                        "",
                        "",
                        *(repr(float(columns[n][k])) for n in self._columns[len(_FIRST) :]),
                    ]
            self._say(bad, len(missing), able, len(times))
        rows = [kept[time] for time in sorted(kept)]
        text = "" if self._columns is None else "".join(_line(row) for row in [self._columns, *rows])
        replace_text(self.path, text)
        if kept:
            self.last_time = max(kept)
        self._stream = self.path.open("a", encoding="utf-8", newline="")

    def _say(self, bad: list[int], missing: int, restored: bool, outputs: int) -> None:
        """Tell of rows that are not as the run wrote them, and keep the file as it was found."""
        found, said = self.path.exists(), []
        if not found:
            said.append("it is missing")
        if bad:
            said.append(f"line {', '.join(map(str, bad[:5]))}{', ...' if len(bad) > 5 else ''} cannot be read")
        if missing:
            how = "were restored from fields.vtkhdf, without step and dt" if restored else "are lost"
            said.append(f"{missing} of {outputs} rows {how}")
        if found and bad:
            aside = self.path.with_name(f"{self.path.stem}-damaged{self.path.suffix}")
            os.replace(self.path, aside)
            said.append(f"as it was found it is {aside.name} now")
        if said:
            log.warning("%s: %s", self.path, "; ".join(said))

    def sync(self) -> None:
        """Bring the rows to the disk (rank 0). Raises SolverError."""
        if self._stream is None:
            return
        self._write()
        try:
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise self._cannot(error) from error

    def _cannot(self, error: OSError) -> SolverError:
        remedy = "free some space or mend the permissions, and use --resume"
        return SolverError(f"cannot be written: {error.strerror}", code="cannot-write", place=str(self.path), remedy=remedy)

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to write between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Append a row, unless its time is there already (a resumed run's first frame)."""
        self.hold(frame)
        self.write()

    def hold(self, frame: Frame) -> int:
        """Keep the row of a frame until ``write``; rows that are held cost nothing that must be reckoned with."""
        if frame.time > self.last_time:
            self.last_time = frame.time
            with agreed(self.comm):
                if self._stream is not None:
                    self._held += self._lines(frame)
        return 0

    def write(self) -> None:
        """Append the rows that are held. Collective."""
        with agreed(self.comm):
            self._write()

    def _write(self) -> None:
        lines, self._held = self._held, []
        if self._stream is None or not lines:
            return
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except OSError as error:
            raise self._cannot(error) from error

    def _lines(self, frame: Frame) -> list[str]:
        """The row of a frame, below the names of the columns if it is the first."""
        found = frame.observables
        begun, names = self._columns is not None, list(found) if self._columns is None else self._columns[len(_FIRST) :]
        if begun and (lost := [name for name in names if name not in found]):
            raise SolverError(
                f"it has columns that this run does not write: {', '.join(sorted(lost))}",
                code="cannot-resume",
                place=str(self.path),
                remedy="use --overwrite, or another --out",
            )
        if not begun:
            self._columns = [*_FIRST, *names]
        elif len(names) < len(found) and not self._told:
            self._told = True
            log.info("%s keeps the columns it began with; this version would write %d more", self.path.name, len(found) - len(names))
        head = [] if begun or self._columns is None else [_line(self._columns)]
        return [*head, _row([float(frame.time), frame.step, float(frame.dt), *map(found.__getitem__, names)])]

    def close(self, reason: str) -> None:
        """Write what is held, and close the file."""
        if self._stream is not None:
            try:
                self._write()
            finally:
                self._stream.close()
                self._stream = None


def _good_rows(path: Path, limit: float) -> tuple[list[str] | None, dict[float, list[str]], list[int]]:
    """Head of a table (None where it has none), its good rows up to a time by their times, and the numbers of lines that are not.

    A last line without an end is one that a kill cut off. Raises OSError.
    """
    if not path.exists():
        return None, {}, []
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")[:-1]
    head, *rows = [_cells(line) for line in lines] or [[]]
    if tuple(head[: len(_FIRST)]) != _FIRST or len(set(head)) != len(head) or any("\ufffd" in name for name in head):
        return None, {}, [1, *range(2, len(lines) + 1)] if lines else []
    kept: dict[float, list[str]] = {}
    bad, last = [], float("-inf")
    for number, row in enumerate(rows, 2):
        values = [_number(cell) for cell in row]
        time = values[0] if values else None
        if len(row) != len(head) or None in values or time is None or not last < time < float("inf"):
            bad.append(number)
            continue
        last = time
        if time <= limit:
            kept[time] = row
    return head, kept, bad


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _number(text: str) -> float | None:
    """The number in a cell, nan in an empty one; None where something else stands."""
    try:
        return float(text or "nan")
    except ValueError:
        return None


def _line(values: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _row(values: list[float]) -> str:
    """A line of numbers: integers, and doubles with as many digits as give them back. As one list: a call for each takes twice as long."""
    if not set(map(type, values)) <= {int, float}:  # of NumPy, which write their types
        values = [int(value) if isinstance(value, int) else float(value) for value in values]
    return repr(values)[1:-1].replace(", ", ",") + "\n"
