"""A scaling series as jobs: one for each number of ranks, one after the other, and one that collects; repeated, only what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lib.messages import printed
from tests.lib.tables import rows
from tests.unit.hpc.test_scaling import SCENARIO

from .cluster import Cluster
from .jobs import SITE, invasio

WORDS = ("scaling", "plate.yaml", "--ranks", "1,2", "--steps", "2", "--repeat", "1", "--predict", "64", "--out", "a series")
SUBMIT = (*WORDS, "--submit", "--site", "scaling-site.yaml", "--time", "10")


@pytest.fixture(scope="module")
def series(cluster: Cluster) -> tuple[Path, list[str], str]:
    """The folder, the jobs that measure and the one that collects, all ended."""
    (cluster.folder / "plate.yaml").write_text(SCENARIO)
    (cluster.folder / "scaling-site.yaml").write_text(SITE)
    with cluster.halted():
        done = invasio(cluster, *SUBMIT)
        assert done.returncode == 0, done.stdout + done.stderr + cluster.logs()
        words = done.stdout.splitlines()[0].replace(",", "").split()
        jobs, after = words[1:3], words[-1]
        assert "afterany:" + jobs[0] in cluster.command("scontrol", "show", "job", jobs[1])  # they do not disturb each other
        again = invasio(cluster, *SUBMIT)
    assert again.returncode == 1
    printed(again.stderr, "job-active", f"{cluster.folder}/a series: ", "scancel", (f"({', '.join(jobs)})",))
    cluster.wait(after, "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", seconds=300)
    return cluster.folder / "a series", jobs, after


def test_jobs_measure_and_the_last_one_collects(cluster: Cluster, series: tuple[Path, list[str], str]) -> None:
    folder, jobs, after = series
    said = "".join(path.read_text() for path in folder.glob("slurm-*.out"))
    assert [cluster.state(job) for job in (*jobs, after)] == ["COMPLETED"] * 3, said
    table = rows(folder / "scaling.csv")
    kinds = [(row["kind"], row["ranks"], row["nodes"]) for row in table]
    assert kinds == [("measured", "1", "81"), ("measured", "2", "81"), ("predicted", "64", "81")]
    assert float(table[1]["difference"]) < 1e-6 and float(table[1]["ghost_messages"]) > 0
    assert (folder / "scaling.png").stat().st_size > 20_000


def test_again_only_what_is_missing(cluster: Cluster, series: tuple[Path, list[str], str]) -> None:
    folder, jobs, after = series
    nothing = invasio(cluster, *SUBMIT)
    assert nothing.returncode == 0 and "results agree" in nothing.stdout and "job" not in nothing.stdout
    other = invasio(cluster, *SUBMIT, "--steps", "3")
    assert other.returncode == 1
    printed(other.stderr, "other-run", f"{folder}: ", "choose another --out")
    (folder / "ranks-2" / "result-1.json").unlink()
    partly = invasio(cluster, "scaling", "a series", "--collect")
    assert partly.returncode == 1 and "not measured: 1 of 1 on 2 ranks;" in partly.stderr
    more = invasio(cluster, *SUBMIT)
    assert more.returncode == 0 and more.stdout.startswith(f"job {int(after) + 1}, one after the other")
    assert json.loads((folder / "series.json").read_text())["jobs"] == [*jobs, str(int(after) + 1)]
    cluster.command("scancel", str(int(after) + 1), str(int(after) + 2))


def test_dry_run_writes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    (cluster.folder / "plate.yaml").write_text(SCENARIO)
    done = invasio(cluster, *WORDS[:-2], "--out", str(tmp_path / "new"), "--series", "weak", "--submit", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("#!/bin/bash\n") == 3
    assert done.stdout.count("#SBATCH --ntasks=2\n") == 1
    assert f"scaling {tmp_path}/new --collect\n" in done.stdout
    assert not (tmp_path / "new").exists()
