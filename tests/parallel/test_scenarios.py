"""Whole runs of shipped scenarios: the same files on any number of ranks, and the same end after a stop and a resumption."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver import recording
from invasio.solver.output.layout import FIELDS
from invasio.solver.output.progress import Progress
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.tables import EFFORT, Table, datasets, different

pytestmark = pytest.mark.mpi

TOLERANCE = 1e-9  # with linear solves to 1e-12
COMMON = ["expect=[]", "output.figures=false", "numerics.linear.rtol=1e-12"]
CASES = {
    "line": ("published/anderson_2000/1d_h0.02.yaml", ["time.end=2", "time.step=0.1"]),
    "square": ("published/anderson_2000/square.yaml", ["mesh.size=0.06", "time.end=2", "time.step=0.1"]),
    "adaptive": ("published/anderson_2000/square.yaml", ["mesh.size=0.06", "time.end=1", "time.step=null", "output.every=0.25"]),
}
FIXED = ["line", "square"]


def case(name: str) -> Scenario:
    """A short variant of a shipped scenario."""
    path, settings = CASES[name]
    return load(folder() / path, [*COMMON, *settings])


def fault(path: Path, other: Path, exact: bool = False) -> str:
    """In what two runs differ, "" if in nothing: densities by TOLERANCE unless ``exact``, mesh and times at all; columns by TOLERANCE."""
    ours, theirs = (_tables(folder) for folder in (path, other))
    found = different(ours, theirs, atol=0.0 if exact else TOLERANCE, loose=lambda name: name.startswith("PointData/"))
    return found or different(open_run(path).series, open_run(other).series, atol=TOLERANCE, ignored=EFFORT)


def _tables(path: Path) -> dict[str, Table]:
    """Every table of a run's fields file, except the numbers that are in series.csv too."""
    return {name: table for name, table in datasets(path / FIELDS, "VTKHDF").items() if not name.startswith("FieldData/")}


def whole(name: str, path: Path, comm: Comm) -> None:
    """Run a case to its end."""
    outcome = run(case(name), comm, path)
    parallel_assert(comm, outcome.reason == "done", outcome.reason)


def stopped(name: str, path: Path, comm: Comm, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Run a case until the last rank receives SIGUSR1 after some steps, between two outputs."""

    class Interrupting(Progress):
        def on_step(self, time: float, number: int, dt: float, info: Mapping[str, float]) -> None:
            if number == step and comm.rank == comm.size - 1:
                os.kill(os.getpid(), signal.SIGUSR1)

    with monkeypatch.context() as patch:
        patch.setattr(recording, "Progress", Interrupting)
        outcome = run(case(name), comm, path)
    parallel_assert(comm, outcome.reason == "SIGUSR1", f"ended with: {outcome.reason}")


@pytest.mark.parametrize("name", FIXED)
def test_files_are_those_of_one_rank(comm: Comm, shared_tmp: Path, name: str) -> None:
    """series.csv to solver tolerance; fields.vtkhdf with the same mesh, order and times, and densities to solver tolerance."""
    whole(name, shared_tmp / "many", comm)
    found = ""
    if comm.rank == 0:
        whole(name, shared_tmp / "one", MPI.COMM_SELF)
        found = fault(shared_tmp / "many", shared_tmp / "one")
    parallel_assert(comm, not found, found)


@pytest.mark.parametrize("name", CASES)
def test_resumed_run_ends_in_the_same_bits(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Stopped half-way by a signal to one rank and resumed on as many ranks: every table as in the run that was not stopped."""
    whole(name, shared_tmp / "whole", comm)
    steps = int(open_run(shared_tmp / "whole").series["step"][-1])
    stopped(name, shared_tmp / "parts", comm, monkeypatch, steps // 2 + 1)
    outcome = run(case(name), comm, shared_tmp / "parts", resume=True)
    parallel_assert(comm, outcome.reason == "done", outcome.reason)
    found = ""
    if comm.rank == 0:
        found = fault(shared_tmp / "parts", shared_tmp / "whole", exact=True)
    parallel_assert(comm, not found, found)


@pytest.mark.parametrize("name", FIXED)
def test_resumed_on_one_rank(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Stopped on all ranks, resumed on one: the same run to solver tolerance."""
    whole(name, shared_tmp / "whole", comm)
    stopped(name, shared_tmp / "parts", comm, monkeypatch, 13)
    found = ""
    if comm.rank == 0:
        shutil.copytree(shared_tmp / "parts", shared_tmp / "alone")
        run(case(name), MPI.COMM_SELF, shared_tmp / "alone", resume=True)
        found = fault(shared_tmp / "alone", shared_tmp / "whole")
    parallel_assert(comm, not found, found)
