"""A sweep as arrays of a real Slurm: one member fails, the others finish, a dependent job collects; only what failed is retried.

This Slurm takes three tasks in an array (MaxArraySize), so that the four members are two arrays.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.lib.messages import printed
from tests.lib.tables import rows

from .cluster import Cluster
from .jobs import LONG, SCENARIO, SITE, invasio

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
    - {{parameters.gamma.value: 2e-2}}
"""
LIMITS = 'time: "10"\nthrottle: 2\n'
QUICK = [*LONG, "time.end=0.5", "time.step=0.0078125"]


def sweep(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    """`invasio sweep` of four members with the site profile of these tests."""
    (cluster.folder / "swept.yaml").write_text(SWEEP.format(base=SCENARIO))
    (cluster.folder / "sweep-site.yaml").write_text(SITE + LIMITS)
    return invasio(cluster, "sweep", "swept.yaml", "--submit", "--site", "sweep-site.yaml", "--no-warm", *options, settings=QUICK)


@pytest.fixture(scope="module")
def swept(cluster: Cluster) -> tuple[Path, list[str], str]:
    """The folder, the arrays and the job that collects; submitted once, ended."""
    with cluster.halted():
        first = sweep(cluster, "--collect", "-n", "1")
        again = sweep(cluster, "-n", "1")
    assert first.returncode == 0, first.stdout + first.stderr + cluster.logs()
    words = first.stdout.splitlines()[1].replace(",", "").split()
    arrays, after = words[1:3], words[-1]
    assert again.returncode == 2, again.stdout + again.stderr
    printed(again.stderr, "job-active", remedy="wait for them", says=("(4)",))
    cluster.wait(after, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=300)
    return cluster.folder / "out" / "swept", arrays, after


def statuses(folder: Path) -> list[str]:
    return [(folder / f"run-00{n}" / "STATUS").read_text().strip() for n in (1, 2, 3, 4)]


def test_the_others_finish_and_a_dependent_job_collects(cluster: Cluster, swept: tuple[Path, list[str], str]) -> None:
    folder, (array, second), after = swept
    said = "".join(path.read_text() for path in folder.rglob("slurm-*.out"))
    assert statuses(folder) == ["done", "failed", "done", "done"], said
    assert cluster.state(after) == "COMPLETED", said
    assert [cluster.state(f"{array}_{n}") for n in (1, 2, 3)] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert cluster.state(f"{second}_1") == "COMPLETED"
    assert f"job {second}_1 on" in (folder / "run-004" / f"slurm-{second}.out").read_text()
    assert "its initial value is nan" in (folder / "run-002" / f"slurm-{array}.out").read_text()
    assert f"job {array}_1 on" in (folder / "run-001" / f"slurm-{array}.out").read_text()
    table = rows(folder / "results.csv")
    assert [(row["status"], row["time"]) for row in table] == [("done", "0.5"), ("failed", ""), ("done", "0.5"), ("done", "0.5")]
    assert "run-002: species tumour: its initial value is nan" in (folder / "report.html").read_text()


def test_only_what_failed_is_submitted_again(cluster: Cluster, swept: tuple[Path, list[str], str]) -> None:
    """With the profile and options of before, although the command names none."""
    folder, (array, _), after = swept
    nothing = sweep(cluster, "-n", "1")
    assert nothing.returncode == 1 and "1 of 4 members failed" in nothing.stderr
    again = invasio(cluster, "retry", str(folder))
    assert again.returncode == 0, again.stderr
    said = again.stdout.splitlines()
    assert said[0] == f"{folder}: was job {array}, so it goes to Slurm again (--here: on this machine)"
    script = (folder / "job.sh").read_text()
    assert "#SBATCH --array=2%2" in script and "#SBATCH --time=10" in script and "export OMPI_MCA_pml=ob1" in script
    assert int(said[2].replace(",", "").split()[1]) > int(after)
    deadline = time.monotonic() + 180
    while statuses_or_nothing(folder / "run-002") != "failed":
        assert time.monotonic() < deadline, cluster.logs()
        time.sleep(0.2)
    assert statuses(folder) == ["done", "failed", "done", "done"]
    here = invasio(cluster, "retry", str(folder / "run-002"), "--here")
    assert here.returncode == 2 and "its initial value is nan" in here.stderr and "job" not in here.stdout


def statuses_or_nothing(run: Path) -> str:
    path = run / "STATUS"
    return path.read_text().strip() if path.exists() else ""
