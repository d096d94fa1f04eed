"""A job that is cancelled leaves a checkpoint, and the same submission goes on from it; one run is never two jobs."""

from __future__ import annotations

import json

from tests.lib.messages import printed
from tests.lib.tables import EFFORT, different, series

from .cluster import Cluster
from .jobs import STEPS, Submitted, can_nest, invasio, submit, submitted


def test_second_submission_is_refused(cluster: Cluster, limited: Submitted) -> None:
    again = submit(cluster, limited.folder, "-n", "2")
    assert again.returncode == 2
    printed(again.stderr, "job-active", f"{limited.folder}: ", f"`scancel {limited.job}`", (f"job {limited.job} of this run is ",))
    assert cluster.command("squeue", "-h", "-o", "%A").split() == [limited.job]


def test_status_of_a_running_job(cluster: Cluster, limited: Submitted) -> None:
    seen = json.loads(invasio(cluster, "status", str(limited.folder), "--json").stdout)[0]
    assert (seen["job"], seen["ranks"]) == (limited.job, 2)
    halted = (("running", "STOPPED"), ("running", "RUNNING"))  # the second before Slurm has noted it
    assert (seen["state"], seen["job_state"]) in (*halted, ("queued again", "PENDING"))  # the last on a slow machine
    assert 1 <= seen["step"] < STEPS


def test_another_scenario_is_refused(cluster: Cluster, limited: Submitted) -> None:
    other = submit(cluster, limited.folder, "--set", "parameters.gamma.value=0")
    assert other.returncode == 2
    printed(other.stderr, "other-run", f"{limited.folder}: ", "choose another --out", ("parameters.gamma.value: was 0.005, is 0",))


def test_finished_run_is_not_submitted_again(cluster: Cluster, reference: Submitted) -> None:
    assert reference.status == "done"
    again = submit(cluster, reference.folder, "-n", "2")
    assert again.returncode == 2
    printed(again.stderr, "already-finished", f"{reference.folder}: ", "to run it again choose another --out")


def test_cancelled_job_goes_on(cluster: Cluster, reference: Submitted) -> None:
    """On one rank, in a sandbox of its own where that is possible: the signals of scancel must not kill the sandbox."""
    site = "environment: {INVASIO_ENVIRONMENT: sealed}\n" if can_nest() else ""
    run = submitted(cluster, cluster.folder / "cancelled", "-n", "1", "--time", "10", site=site)
    run.wait_for_steps()
    cluster.command("scancel", run.job)
    cluster.wait_gone(run.job)
    assert cluster.state(run.job) == "CANCELLED"
    # Slurm's TERM reaches the ranks, and so does the job script's USR1.
    assert run.status in ("stopped early: SIGTERM", "stopped early: SIGUSR1"), run.output
    assert f"left a checkpoint; unless Slurm requeues it, go on with: invasio retry {run.folder}" in run.output
    reached = series(run.folder)["time"][-1]
    assert reached < 1.0
    second = submitted(cluster, run.folder, "-n", "1", "--time", "10", "--report", site=site)
    assert second.job != run.job
    report = str(int(second.job) + 1)
    assert cluster.state(report) == "PENDING"
    cluster.wait(second.job, "COMPLETED", "FAILED", "TIMEOUT", seconds=300)
    assert second.status == "done", second.output
    assert cluster.wait(report, "COMPLETED", "FAILED") == "COMPLETED", (run.folder / f"slurm-after-{report}.out").read_text()
    assert (run.folder / "report.html").exists()
    assert not different(series(second.folder), series(reference.folder), 1e-6, 1e-10, ignored=EFFORT)
