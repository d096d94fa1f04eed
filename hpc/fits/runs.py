"""Every run of a fit, kept: a table to read and its values in full; a fit that is begun again finds them and runs none twice."""

from __future__ import annotations

import csv
import io
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .pool import Answer, Here, Workers
from .task import DATA

Floats = NDArray[np.float64]
TABLE, VALUES = "runs{}.csv", "runs{}.f64"  # what is predicted has files of its own


class Runs:
    """Asks the pool for what is not known yet.

    Args:
        folder: of the fit.
        names: of what varies.
        sizes: how many data each arm has, by name.
        kind: what is asked: the data, or predictions. digest: what tells them from others.
    """

    def __init__(
        self, folder: Path, names: Sequence[str], sizes: dict[str, int], pool: Workers | Here, kind: str = DATA, digest: str = ""
    ) -> None:
        self._sizes, self._pool, self._lock = sizes, pool, threading.Lock()
        self._known: dict[tuple[str, tuple[float, ...]], Answer] = {}
        self._names, self._kind = list(names), kind
        words = "" if kind == DATA else f"-{kind}-{digest}"
        self._paths = folder / TABLE.format(words), folder / VALUES.format(words)
        self.made = 0  # by this program
        self.seconds = 0.0
        self._read()
        self.jobs = pool.jobs
        self._threads = ThreadPoolExecutor(pool.jobs) if pool.jobs > 1 else None

    def __len__(self) -> int:
        return len(self._known)

    @property
    def failed(self) -> list[tuple[str, tuple[float, ...], str]]:
        """Arm, values and reason of runs that failed."""
        return [(arm, given, answer.failed) for (arm, given), answer in self._known.items() if answer.failed]

    def model(self, points: Sequence[Sequence[float]]) -> list[Floats | None]:
        """What the model says of all data, arm after arm, for each of several sets of values, at once; None where a run failed."""
        wanted = [(arm, tuple(map(float, point))) for point in points for arm in self._sizes]
        list((self._threads.map if self._threads else map)(self._one, dict.fromkeys(wanted)))
        found: list[Floats | None] = []
        for k in range(0, len(wanted), len(self._sizes)):
            answers = [self._known[key] for key in wanted[k : k + len(self._sizes)]]
            found.append(None if any(a.failed for a in answers) else np.concatenate([np.array(a.values) for a in answers]))
        return found

    def why(self, point: Sequence[float]) -> Answer:
        """The first failed run of a set of values."""
        return next(a for arm in self._sizes if (a := self._known[arm, tuple(map(float, point))]).failed)

    def _one(self, key: tuple[str, tuple[float, ...]]) -> None:
        if key in self._known:
            return
        began = time.monotonic()
        answer = self._pool.ask(*key, self._kind)
        with self._lock:
            self.made += 1
            self.seconds += time.monotonic() - began
            if key not in self._known:
                self._known[key] = answer
                self._keep(key, answer)

    def _keep(self, key: tuple[str, tuple[float, ...]], answer: Answer) -> None:
        arm, given = key
        width = max(self._sizes.values())
        values = np.full(width, np.nan)
        values[: len(answer.values)] = answer.values
        self._values.write(values.tobytes())
        self._values.flush()
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow([arm, *map(repr, given), answer.failed])
        self._table.write(buffer.getvalue().encode())
        self._table.flush()

    def _read(self) -> None:
        """What earlier programs have left, as far as both files have it."""
        width = 8 * max(self._sizes.values())
        table, values = self._paths
        rows = table.read_bytes() if table.exists() else b""
        rows = rows[: rows.rfind(b"\n") + 1]
        lines = list(csv.reader(io.StringIO(rows.decode(errors="replace"))))
        count = min(max(len(lines) - 1, 0), (values.stat().st_size if values.exists() else 0) // width)
        numbers = np.fromfile(values, count=count * width // 8).reshape(count, -1) if count else np.empty((0, width // 8))
        for line, row in zip(lines[1 : count + 1], numbers, strict=True):
            arm, given, failed = line[0], tuple(map(float, line[1:-1])), line[-1]
            self._known[arm, given] = Answer(() if failed else tuple(row[: self._sizes[arm]]), failed)
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(lines[: count + 1] or [["arm", *self._names, "failed"]])
        table.write_text(buffer.getvalue(), encoding="utf-8")
        self._table, self._values = table.open("ab"), values.open("ab")
        os.truncate(values, count * width)

    def close(self) -> None:
        """Close the files."""
        if self._threads:
            self._threads.shutdown(wait=True, cancel_futures=True)
        self._table.close()
        self._values.close()
