"""A sweep as an array of a real Slurm: one member fails, the others finish, a dependent job collects; only what failed is retried."""

from __future__ import annotations

import csv
import subprocess
import time
from pathlib import Path

import pytest

from .cluster import Cluster
from .jobs import LONG, SCENARIO, invasio

SWEEP = """\
extends: {base}
name: swept
time: {{end: 0.5}}
sweep:
  kind: list
  members:
    - {{parameters.gamma.value: 0}}
    - {{model.cells.tumour.initial: "log(x - 2)"}}
    - {{parameters.gamma.value: 1e-2}}
"""
SITE = """\
extends: generic
time: "10"
throttle: 2
environment: {OMPI_MCA_btl: "self,sm", OMPI_MCA_pml: ob1, OMPI_MCA_mpi_yield_when_idle: "1"}
"""
QUICK = [*LONG, "time.end=0.5", "time.step=0.0078125"]


def sweep(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    """`invasio sweep` of three members with the site profile of these tests."""
    (cluster.folder / "swept.yaml").write_text(SWEEP.format(base=SCENARIO))
    (cluster.folder / "sweep-site.yaml").write_text(SITE)
    return invasio(cluster, "sweep", "swept.yaml", "--submit", "--site", "sweep-site.yaml", "--no-warm", *options, settings=QUICK)


@pytest.fixture(scope="module")
def swept(cluster: Cluster) -> tuple[Path, str, str]:
    """The folder, the array and the job that collects; submitted once, ended."""
    first = sweep(cluster, "--collect", "-n", "1")
    assert first.returncode == 0, first.stdout + first.stderr + cluster.logs()
    words = first.stdout.splitlines()[1].replace(",", "").split()
    array, after = words[1], words[-1]
    again = sweep(cluster, "-n", "1")
    assert again.returncode == 2, again.stdout + again.stderr
    assert "all members that are not finished are running or queued already (3)" in again.stderr
    cluster.wait(after, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=120)
    return cluster.folder / "out" / "swept", array, after


def statuses(folder: Path) -> list[str]:
    return [(folder / f"run-00{n}" / "STATUS").read_text().strip() for n in (1, 2, 3)]


def test_the_others_finish_and_a_dependent_job_collects(cluster: Cluster, swept: tuple[Path, str, str]) -> None:
    folder, array, after = swept
    said = "".join(path.read_text() for path in folder.rglob("slurm-*.out"))
    assert statuses(folder) == ["done", "failed", "done"], said
    assert cluster.state(after) == "COMPLETED", said
    assert [cluster.state(f"{array}_{n}") for n in (1, 2, 3)] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert "its initial value is nan" in (folder / "run-002" / f"slurm-{array}.out").read_text()
    assert f"job {array}_1 on" in (folder / "run-001" / f"slurm-{array}.out").read_text()
    with (folder / "results.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [(row["status"], row["time"]) for row in table] == [("done", "0.5"), ("failed", ""), ("done", "0.5")]
    assert (folder / "report.html").exists()


def test_only_what_failed_is_submitted_again(cluster: Cluster, swept: tuple[Path, str, str]) -> None:
    folder, array, _ = swept
    nothing = sweep(cluster, "-n", "1")
    assert nothing.returncode == 1 and "1 of 3 members failed" in nothing.stderr
    again = sweep(cluster, "-n", "1", "--retry")
    assert again.returncode == 0, again.stderr
    assert "#SBATCH --array=2%2" in (folder / "job.sh").read_text()
    job = again.stdout.splitlines()[1].replace(",", "").split()[1]
    assert int(job) > int(array)
    deadline = time.monotonic() + 60
    while statuses_or_nothing(folder / "run-002") != "failed":
        assert time.monotonic() < deadline, cluster.logs()
        time.sleep(0.2)
    assert statuses(folder) == ["done", "failed", "done"]


def statuses_or_nothing(run: Path) -> str:
    path = run / "STATUS"
    return path.read_text().strip() if path.exists() else ""
