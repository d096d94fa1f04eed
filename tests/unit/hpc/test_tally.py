"""How many of many runs are done: a bar below the lines on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import io

import pytest

from invasio.hpc import tally
from invasio.hpc.tally import Tally


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(tally.time, "monotonic", lambda: now[0])
    return now


def test_a_bar_stays_below_the_lines(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setenv("INVASIO_PROGRESS", "bar")
    stream = io.StringIO()
    with Tally(4, stream) as told:
        clock[0] += 30.0
        told.at(1, "runs")
        told.line("[1/4] control: done")
        told.at(2, "runs", 7.0)
    rows = stream.getvalue().split("\r\x1b[K")
    assert rows[1] == "━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1 of 4 runs, about 1 min 30 s to go"
    assert rows[2] == "[1/4] control: done\n"
    assert rows[4].endswith("2 of 4 runs, about 7 s to go") and rows[4].count("━") == 12
    assert rows[-1] == "", "the bar goes"


def test_lines_elsewhere(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setenv("INVASIO_PROGRESS", "plain")
    stream = io.StringIO()
    told = Tally(10, stream)
    for done in range(1, 11):
        clock[0] += 6.0
        told.at(done, "runs")
    told.line("done")
    assert stream.getvalue().splitlines() == [
        *(f"{done} of 10 runs, about {6 * (10 - done)} s to go" for done in (2, 4, 6, 8)),
        "done",
    ]
