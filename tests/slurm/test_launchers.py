"""srun and mpirun give the answer of one rank."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.tables import EFFORT, different, series

from .cluster import Cluster
from .jobs import SCENARIO

SHORT = ["--set", "time.end=1", "--set", "output.figures=false", "--set", "expect=null"]
LAUNCHERS = {"alone": [], "srun": ["srun", "--mpi=pmix", "-n", "2"], "mpirun": ["mpirun", "-n", "2"]}


def run(cluster: Cluster, launcher: str, folder: Path) -> Path:
    """Run the short scenario with one of the launchers."""
    words = [*LAUNCHERS[launcher], sys.executable, "-m", "mpi4py", "-m", "invasio.solver.cli", "run", str(SCENARIO), *SHORT]
    out = folder / launcher
    done = subprocess.run(
        ["timeout", "-k", "5", "60", *words, "--out", str(out)], env=cluster.environment, capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{cluster.logs()}"
    return out


@pytest.fixture(scope="module")
def alone(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run on one rank."""
    return run(cluster, "alone", tmp_path_factory.mktemp("alone"))


@pytest.mark.parametrize("launcher", ["srun", "mpirun"])
def test_two_ranks_give_the_answer_of_one(cluster: Cluster, alone: Path, tmp_path: Path, launcher: str) -> None:
    folder = run(cluster, launcher, tmp_path)
    assert '"ranks": 2' in (folder / "manifest.json").read_text()
    assert not different(series(alone), series(folder), 1e-7, 1e-10, ignored=EFFORT)


def test_a_launcher_of_another_mpi_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """`--mpi=none` starts two programs that know nothing of each other."""
    words = ["srun", "--mpi=none", "-n", "2", sys.executable, "-m", "invasio.solver.cli", "run", str(SCENARIO), *SHORT]
    done = subprocess.run(
        ["timeout", "-k", "5", "60", *words, "--out", str(tmp_path / "run")], env=cluster.environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    said = "SLURM_STEP_NUM_TASKS: the launcher started 2 ranks but MPI sees 1"
    assert said in done.stderr and "[launcher-mismatch]" in done.stderr
    assert not (tmp_path / "run").exists()
