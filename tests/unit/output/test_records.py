"""series.csv, manifest.json, run.log and the progress lines."""

from __future__ import annotations

import io
import json
import logging
import subprocess
from pathlib import Path
from typing import Any

import h5py  # noqa: F401  (its version is in the manifest once it is loaded)
import numpy as np
import pytest

from invasio.solver.output.cost import Cost
from invasio.solver.output.layout import Frame
from invasio.solver.output.log import RunLog, on_screen
from invasio.solver.output.manifest import Manifest, git_revision
from invasio.solver.output.progress import Progress, duration
from invasio.solver.output.series import Series
from tests.lib.messages import refused


def row(time: float, **observables: float) -> Frame:
    return Frame(time, round(10 * time), 0.1, {}, observables or {"mass": time / 3, "events": 2})


def run(series: Series, *times: float) -> str:
    for time in times:
        series.on_output(row(time))
    series.close("done")
    return series.path.read_text(encoding="utf-8")


def test_series_is_a_plain_table_with_exact_numbers(comm: Any, shared_tmp: Path) -> None:
    text = run(Series(shared_tmp / "series.csv", comm), 0.0, 1.0)
    assert text == f"time,step,dt,mass,events\n0.0,0,0.1,0.0,2\n1.0,10,0.1,{1 / 3!r},2\n"


def test_series_is_cut_when_resumed_and_a_torn_row_is_dropped(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "series.csv"
    whole = run(Series(path, comm), 0.0, 1.0, 2.0, 3.0)
    path.write_text(whole + "4.0,40,0.", encoding="utf-8")
    assert run(Series(path, comm, resume_at=1.0), 1.0, 2.0, 3.0) == whole
    assert run(Series(path, comm), 0.0) == whole[: whole.index("1.0,10")]


RECORDED = (np.array([0.0, 1.0, 2.0]), {"mass": np.array([0.0, 1 / 3, 2 / 3]), "events": np.array([2.0, 2.0, 2.0])})


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("deed", ["missing", "empty", "no head", "binary", "bad row", "short row", "twice", "no time", "cut"])
def test_rows_are_restored_or_said_to_be_lost(
    comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, deed: str, known: bool
) -> None:
    """From what fields.vtkhdf holds, without step and dt; the file as it was found is kept."""
    path = shared_tmp / "series.csv"
    whole = run(Series(path, comm), 0.0, 1.0, 2.0, 3.0)
    lines = whole.splitlines(keepends=True)
    damaged = {
        "empty": b"",
        "no head": "".join(lines[1:]).encode(),
        "binary": bytes(range(256)) + b"\n" + whole.encode(),
        "bad row": "".join([*lines[:2], "1.0,x,0.1,?,2\n", *lines[3:]]).encode(),
        "short row": "".join([*lines[:2], "1.0,10\n", *lines[3:]]).encode(),
        "twice": "".join([*lines[:2], lines[1], *lines[3:]]).encode(),
        "no time": "".join([*lines[:2], ",10,0.1,0.5,2\n", *lines[3:]]).encode(),
        "cut": "".join([*lines[:2], lines[2][:-3]]).encode(),
    }
    if deed == "missing":
        path.unlink()
    else:
        path.write_bytes(damaged[deed])
    text = run(Series(path, comm, 2.0, RECORDED if known else (np.empty(0), {})), 2.0, 3.0)
    alone = deed in ("bad row", "short row", "twice", "no time")
    times = [line.partition(",")[0] for line in text.splitlines()[1:]]
    if known:
        assert times == ["0.0", "1.0", "2.0", "3.0"]
        columns = [line.split(",")[3] for line in text.splitlines()[1:]]
        assert list(map(float, columns)) == [0.0, 1 / 3, 2 / 3, 1.0]
        count = 1 if alone else 2 if deed == "cut" else 3
        assert f"{count} of 3 rows were restored from fields.vtkhdf" in caplog.text
    elif alone:
        assert times == ["0.0", "2.0", "3.0"]
    assert known or deed in ("empty", "cut") or "series.csv: " in caplog.text
    if alone:
        assert "line 3 cannot be read" in caplog.text
        assert (shared_tmp / "series-damaged.csv").read_bytes() == damaged[deed]


def test_series_refuses_other_columns(comm: Any, shared_tmp: Path) -> None:
    run(Series(shared_tmp / "series.csv", comm), 0.0)
    series = Series(shared_tmp / "series.csv", comm, resume_at=0.0)
    with refused("cannot-resume", str(series.path), "--overwrite", ("events",)):
        series.on_output(row(1.0, mass=1.0, front=2.0))
    series.close("failed")


def test_series_in_a_folder_that_is_gone(comm: Any, shared_tmp: Path) -> None:
    with refused("cannot-write", str(shared_tmp / "gone" / "series.csv"), "--resume", ("No such file or directory",)):
        Series(shared_tmp / "gone" / "series.csv", comm)


def test_manifest_says_what_ran_where_and_how_it_ended(comm: Any, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    path = shared_tmp / "manifest.json"
    first = Manifest(path, comm, {"name": "a", "petsc_options": {"ksp_type": "cg"}})
    first.on_output(row(2.0))
    running = json.loads(path.read_text(encoding="utf-8"))
    assert running["segments"][0]["reason"] == "running"
    first.close("stopped early")
    Manifest(path, comm, {"name": "a", "petsc_options": {}}, resumed_at=2.0).close("done")
    after = json.loads(path.read_text(encoding="utf-8"))
    one, two = after["segments"]
    assert (one["reason"], one["last_output_time"], one["resumed_at_time"]) == ("stopped early", 2.0, None)
    assert (two["reason"], two["resumed_at_time"], two["ranks"]) == ("done", 2.0, comm.size)
    assert two["slurm"] == {"job": "77", "restart_count": "1"}
    assert {"python", "numpy", "h5py", "hdf5", "mpi", "mpi4py"} <= set(two["versions"])
    assert one["start"] <= one["stop"] <= two["stop"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"segments": 3}', '{"segments": [1, "a"]}', '{"segments": "ab"}', "\0\0", None])
def test_a_damaged_manifest_is_kept_aside(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture, content: str | None) -> None:
    path = shared_tmp / "manifest.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    Manifest(path, comm, {"name": "a"}, resumed_at=2.0).close("done")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [segment["reason"] for segment in found["segments"]] == ["done"]
    assert "what it told of the run so far is lost" in caplog.text
    if content is not None:
        assert (shared_tmp / "manifest-damaged.json").read_text(encoding="utf-8") == content


def test_revision_of_a_checkout(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "f").write_text("1", encoding="utf-8")
    for words in (["init", "-q"], ["add", "f"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    clean = git_revision(tmp_path)
    assert clean is not None and len(clean) == 40
    (tmp_path / "f").write_text("2", encoding="utf-8")
    assert git_revision(tmp_path) == clean + "+changes"


def test_log_goes_to_the_file_and_warnings_to_the_screen(comm: Any, shared_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared_tmp / "run.log"
    with on_screen(comm):
        first = RunLog(path, comm)
        logging.getLogger("invasio.part").info("quiet")
        logging.getLogger("invasio.part").warning("loud")
        first.close()
        second = RunLog(path, comm, append=True)
        logging.getLogger("invasio.part").info("later")
        second.close()
    assert [line.split(": ")[-1] for line in path.read_text(encoding="utf-8").splitlines()] == ["quiet", "loud", "later"]
    assert capsys.readouterr().err == "invasio: loud\n"


def test_progress_lines(comm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("invasio.solver.output.progress.clock.monotonic", lambda: now[0])
    monkeypatch.setattr("invasio.solver.output.progress.clock.time", lambda: now[0])
    monkeypatch.setenv("SLURM_JOB_END_TIME", "4725")
    screen = io.StringIO()
    progress = Progress(comm, 0.0, 10.0, every=10.0, stream=screen, unit="h", opening="gland: 9 nodes")
    progress.on_output(row(0.0))
    for step in range(1, 26):
        now[0] += 1.0
        progress.on_step(step * 0.1, step, 0.1, {"iterations": 7.0 * step + (step > 11), "kept": 1.0})
        if step == 20:
            progress.on_output(row(2.0, **{"n.ledger": 1e-15, "f.ledger": -2e-15}))
    progress.close("done")
    assert screen.getvalue().splitlines() == [
        "gland: 9 nodes",
        "t = 0 of 10 h: start",
        "step 1, t = 0.1 of 10 h, dt 0.1, 7 iterations/step, wall time left 1 h 02 min",
        "step 11, t = 1.1 of 10 h, dt 0.1, 7 iterations/step, 1 s/step, 1 min 29 s to go, wall time left 1 h 01 min",
        "step 21, t = 2.1 of 10 h, dt 0.1, 7.1 iterations/step, drift 2e-15, 1 s/step, 1 min 19 s to go, wall time left 1 h 01 min",
        "done: t = 2.5 h, 25 steps in 25 s, drift 2e-15",
    ]


def test_a_finished_run_that_is_resumed_says_where_it_is(comm: Any) -> None:
    screen = io.StringIO()
    progress = Progress(comm, 0.0, 8.0, stream=screen, unit="d", at=(8.0, 41))
    progress.close("done")
    assert screen.getvalue() == "done: t = 8 d, 41 steps in 0 s\n"


def test_progress_bar(comm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVASIO_PROGRESS", "bar")
    screen = io.StringIO()
    progress = Progress(comm, 0.0, 10.0, stream=screen)
    progress.on_output(row(0.0))
    progress.on_step(5.0, 1, 5.0, {"iterations": 3})
    progress.close("done")
    assert " 50 %" in screen.getvalue() and screen.getvalue().splitlines()[-1].startswith("done: t = 5, 1 steps in ")


@pytest.mark.parametrize(("seconds", "text"), [(8.2, "8 s"), (125, "2 min 05 s"), (12000, "3 h 20 min"), (188000, "2 d 4 h"), (-3, "0 s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_cost_of_output(comm: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    monkeypatch.setattr("invasio.solver.output.cost.clock.perf_counter", lambda: now[0])

    class Slow(Cost):
        def on_output(self, frame: Frame) -> None:
            now[0] += 2.0

        def close(self, reason: str) -> None:
            now[0] += 1.0

    cost = Cost([Slow([])])
    for time in (0.0, 1.0):
        cost.on_output(row(time))
        now[0] += 22.0
    with cost.counted(), caplog.at_level("INFO"):
        now[0] += 1.0
    with caplog.at_level("INFO"):
        cost.close("done")
    assert caplog.messages == ["output and checkpoints took 6 s, 12.0 % of the run"]
