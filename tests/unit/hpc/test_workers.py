"""Many small runs in one process per core: the bits of a program for each, and a worker that dies takes one run with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.hpc.sweep.folder import prepare
from invasio.hpc.sweep.local import Pool
from invasio.hpc.sweep.workers import Workers
from invasio.postprocess.compare import compare
from invasio.postprocess.run import open_run
from invasio.postprocess.sweep import SweepRun
from invasio.solver.scenario.loader import load

SCENARIO = """\
name: tiny
mesh: {kind: disc, radius: 1, size: 0.3}
model: {cells: {tumour: {initial: "exp(-x^2/0.01)", motility: 1e-3, death: 0.5}}}
time: {end: 1, step: 0.125}
output: {every: 0.5}
sweep: {kind: list, members: [{mesh.size: 0.4}, {model.cells.tumour.initial: "log(x - 2)"}, {model.cells.tumour.death: 1}, {time.end: 2}]}
"""


def prepared(tmp_path: Path, name: str) -> SweepRun:
    """A folder of the sweep, of which nothing has run."""
    (tmp_path / "tiny.yaml").write_text(SCENARIO)
    return prepare(load(tmp_path / "tiny.yaml"), tmp_path / name)


def test_a_worker_gives_the_bits_of_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In 2-D, on the mesh of the run before or on another, also after one that could not begin."""
    many = prepared(tmp_path, "many")
    assert Workers(1).run([member.folder for member in many.members]) == 1
    assert [member.status for member in many.members] == ["done", "failed", "done", "done"]
    said = capsys.readouterr().out
    assert "run-002: FAILED with exit code 2: species tumour" in said and "[3/4] run-003: done" in said and "to go" in said
    alone = prepared(tmp_path, "alone").members[2].folder
    assert Pool(1).run([alone]) == 0
    assert (many.members[2].folder / "series.csv").read_bytes() == (alone / "series.csv").read_bytes()
    assert all(row.largest == 0.0 for row in compare(open_run(many.members[2].folder), open_run(alone)).rows)
    assert {path.name for path in alone.iterdir()} == {path.name for path in many.members[2].folder.iterdir()}


class Killing(Workers):
    """The worker is killed that has the first run."""

    def _start(self, folder: Path) -> None:
        super()._start(folder)
        if folder.name == "run-001":
            self._running[-1].process.kill()


def test_a_worker_that_dies_takes_one_run_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = prepared(tmp_path, "killed")
    assert Killing(1).run([sweep.members[0].folder, sweep.members[2].folder]) == 1
    assert [sweep.members[k].status for k in (0, 2)] == ["failed", "done"]
    assert "run-001: FAILED with exit code -9" in capsys.readouterr().out
