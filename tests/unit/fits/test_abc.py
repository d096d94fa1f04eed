"""Fits without a likelihood on several processes: the same answer on any number of them, after a stop, and where runs fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from invasio.hpc.fits import abc
from invasio.hpc.fits.pool import Answer, Stopped
from invasio.hpc.fits.task import DATA, Task
from tests.lib.measured import decaying


class Closed:
    """A pool whose runs are in closed form, take their time, and fail for large values."""

    asked: ClassVar[list[float]] = []
    last: ClassVar[int] = 10**9
    most_at_once: ClassVar[int] = 0

    def __init__(self, task: Task, jobs: int = 1, *_: object) -> None:
        self.jobs, self.stopped, self.most = jobs, False, 0
        self._now, self._lock = 0, threading.Lock()

    def __enter__(self) -> Closed:
        return self

    def __exit__(self, *_: object) -> None:
        type(self).most_at_once = self.most

    def stop(self) -> None:
        self.stopped = True

    def ask(self, arm: str, given: Sequence[float], kind: str = DATA) -> Answer:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.stopped = self.stopped or len(self.asked) >= self.last
            if self.stopped:
                raise Stopped
            self.asked.append(given[0])
        time.sleep(0.004 * (given[0] % 1.0))
        with self._lock:
            self._now -= 1
        if given[0] > 9.0:
            return Answer(failed="too many cells")
        return Answer(tuple(given[0] * np.exp(-0.5 * np.array([0, 0.5, 1, 2, 3]))))


def test_the_answer_hangs_neither_on_processes_nor_on_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one, on three at once, and stopped within a generation: the same values, no run twice, failed ones said."""
    monkeypatch.setattr(abc, "Workers", Closed)
    monkeypatch.setattr(abc, "Here", Closed)
    task = decaying(tmp_path, "vary: {c: {from: 0, to: 10}}, abc: {population: 20, generations: 4}")
    Closed.asked.clear()
    folder, text = abc.draw(task, tmp_path / "one", jobs=1)
    wanted, runs = (folder / "sample.csv").read_text(), (folder / "runs.csv").read_text().splitlines()
    assert "runs failed; the last one: too many cells" in text
    assert len(set(Closed.asked)) == len(Closed.asked) == len(runs) - 1
    abc.draw(task, tmp_path / "three", jobs=3)
    assert (tmp_path / "three" / "sample.csv").read_text() == wanted
    assert Closed.most_at_once == 3
    Closed.asked.clear()
    monkeypatch.setattr(Closed, "last", 50)
    with pytest.raises(Stopped):
        abc.draw(task, tmp_path / "stopped", jobs=3)
    monkeypatch.setattr(Closed, "last", 10**9)
    assert len(Closed.asked) == 50
    abc.draw(task, tmp_path / "stopped", jobs=3)
    assert (tmp_path / "stopped" / "sample.csv").read_text() == wanted
    assert len(set(Closed.asked)) == len(Closed.asked)
