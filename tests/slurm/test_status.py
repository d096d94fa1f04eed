"""`invasio status` from what a run has written; Slurm's queue is given."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from invasio.hpc.status import RunStatus, find_runs, read_status
from invasio.solver.cli import main
from invasio.solver.commands.status import details, summary, table
from tests.lib.messages import refused

RESOLVED = "name: wave\ntime: {start: 0.0, end: 10.0}\n"


def stamp(seconds_ago: float) -> str:
    """The time as run.log writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - seconds_ago))


def run_folder(path: Path, status: str = "running", log: str = "", job: str = "12") -> Path:
    """A run in the middle: two segments, the second from step 100 (t = 2) on, 0.1 s a step, t = 5 reached now."""
    (path / "checkpoints").mkdir(parents=True)
    (path / "resolved.yaml").write_text(RESOLVED)
    (path / "job.json").write_text(f'{{"job": "{job}"}}\n')
    (path / "manifest.json").write_text('{"segments": [{"ranks": 1, "slurm": {"job": "11"}}, {"ranks": 2, "slurm": {"job": "12"}}]}')
    (path / "STATUS").write_text(f"{status}\n")
    (path / "series.csv").write_text("time,step,dt,n.ledger,f.ledger\n0.0,0,0.0,0.0,0.0\n4.0,200,0.02,1e-15,-3e-14\n5.0,2")
    for step in (50, 100):
        (path / "checkpoints" / f"checkpoint-{step:09d}.h5").touch()
    early = "stopped early: t = 2 h, 100 steps in 20 s, drift 2e-15"
    lines = [(4000, "t = 0 of 10: start"), (3990, "step 60, t = 1.2 of 10, dt 0.02"), (3980, early)]
    lines += [
        (16, "step 101, t = 2.02 of 10, dt 0.02, iterations 9"),
        (6, "step 201, t = 4.02 of 10 h, dt 0.02"),
        (1, "step 251, t = 5.02 of 10"),
    ]
    text = "".join(f"{stamp(ago)} INFO    invasio.progress: {what}\n" for ago, what in lines)
    (path / "run.log").write_text(text + log)
    return path


def test_running(tmp_path: Path) -> None:
    found = read_status(run_folder(tmp_path / "run"), {"12": "RUNNING"})
    assert (found.state, found.job, found.job_state, found.ranks, found.segments) == ("running", "12", "RUNNING", 2, 2)
    assert (found.time, found.step, found.progress) == (5.02, 251, 0.502)
    assert found.seconds_per_step == pytest.approx(0.1, rel=0.15)  # the log has whole seconds
    assert found.eta_seconds == pytest.approx(24.9 - 1, abs=4.0)
    assert found.drift == 3e-14
    assert found.checkpoint_step == 100
    text = "\n".join(details(found, True))
    for piece in (
        "run: running",
        "12, running",
        "t = 5.02 of 10 (50.2 %), step 251",
        "a step on 2 ranks",
        "3.0e-14",
        "step 100, ",
        "2 times",
    ):
        assert piece in text


@pytest.mark.parametrize(
    ("status", "queue", "state"),
    [
        ("stopped early: SIGUSR1", {"12": "PENDING"}, "queued again"),
        ("running", {"12": "PENDING"}, "queued again"),  # the node has failed
        ("stopped early: SIGUSR1", {"12": "RUNNING"}, "starting"),
        ("stopped early: SIGTERM", {}, "stopped early: SIGTERM"),
        ("failed", {}, "failed"),
        ("done", {"12": "COMPLETING"}, "done"),
        ("done", {"12": "PENDING"}, "done"),  # it was, when Slurm was asked
    ],
)
def test_states(tmp_path: Path, status: str, queue: dict[str, str], state: str) -> None:
    found = read_status(run_folder(tmp_path / "run", status), queue)
    assert found.state == state
    assert found.eta_seconds is None
    assert ("invasio retry" in "\n".join(details(found, True))) == (state in ("stopped early: SIGTERM", "failed"))


def test_sweeps_among_runs_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named itself, a sweep is shown run by run."""
    sweep = tmp_path / "swept"
    for number, status in enumerate(("done", "failed", "done"), 1):
        run_folder(sweep / f"run-00{number}", status, job="")
    (sweep / "sweep.csv").write_text("member,folder,a\n1,run-001,0\n2,run-002,1\n3,run-003,2\n")
    (sweep / "sweep.yaml").write_text("name: swept\n")
    line = f"{sweep}: sweep of 3: 2 done, 1 failed"
    assert main(["status", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == line
    run_folder(tmp_path / "alone", "done", job="")
    assert main(["status", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].split()[:2] == [str(tmp_path / "alone"), "done"] and line in said
    assert main(["status", str(sweep)]) == 0
    assert "3 runs: 2 done, 1 failed" in capsys.readouterr().out


def test_failed_run_says_why(tmp_path: Path) -> None:
    """What the newest of its outputs said last; the noise of srun and the job script is no reason."""
    folder = run_folder(tmp_path / "run", "failed", f"{stamp(0)} ERROR   invasio.run: rates explode\n")
    assert read_status(folder, {}).why == "rates explode"
    printed = folder / "slurm-12.out"
    printed.write_text("invasio: job 12 on n1, restart 0\ninvasio: the mesh is torn\nsrun: error: n1: task 0: Exited with exit code 3\n")
    os.utime(printed, (time.time() + 5, time.time() + 5))
    assert "  why         the mesh is torn" in details(read_status(folder, {}), True)
    printed.write_text("invasio: job 12 on n1, restart 0\nTraceback:\nMemoryError\nsrun: error: n1\n")
    os.utime(printed, (time.time() + 5, time.time() + 5))
    assert read_status(folder, {}).why == "MemoryError"
    printed.write_text("invasio: job 12 on n1, restart 0\nsrun: error: Couldn't find mpi/none\nsrun: fatal\n")
    os.utime(printed, (time.time() + 5, time.time() + 5))
    assert read_status(folder, {}).why == "srun: error: Couldn't find mpi/none"
    (folder / "STATUS").write_text("done\n")
    assert read_status(folder, {}).why is None


def test_run_that_was_killed_is_told_from_one_that_runs(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", job="")
    for path in folder.glob("*"):
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert read_status(folder, {}).state == "ended without a word"
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert read_status(folder, {}).state == "running"
    assert read_status(folder, {}).state == "ended without a word"


def test_submitted_and_not_started(tmp_path: Path) -> None:
    (tmp_path / "resolved.yaml").write_text(RESOLVED)
    (tmp_path / "job.json").write_text('{"job": "5"}')
    assert read_status(tmp_path, {"5": "PENDING"}).state == "queued"
    assert read_status(tmp_path, {}).state == "not started"
    assert read_status(tmp_path, {}).progress is None


def test_folder_of_runs(tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / name) for name in ("a", "b")]
    assert find_runs([tmp_path]) == runs
    assert find_runs([runs[1]]) == [runs[1]]
    found: list[RunStatus] = [read_status(run, {"12": "RUNNING"}) for run in runs]
    head, *rows = table(found)
    assert head.split() == ["run", "state", "job", "done", "step", "to", "go", "drift"]
    assert [row.split()[1:5] for row in rows] == [["running", "12", "50", "%"]] * 2
    assert summary(found) == "2 runs: 2 running"
    with refused("no-run", str(runs[0] / "checkpoints"), says=("(no resolved.yaml)",)):
        find_runs([runs[0] / "checkpoints"])
    with refused("file-not-found", str(tmp_path / "nothing")):
        find_runs([tmp_path / "nothing"])
