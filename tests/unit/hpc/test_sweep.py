"""`invasio sweep` and `retry` on this machine: failures, repetition, interruption, the table, the page, no compiling."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.sweep import dataset, open_sweep
from invasio.postprocess.sweep_report import short_names
from invasio.solver.cli import main
from invasio.solver.output.layout import OUTPUT
from tests.lib.messages import printed
from tests.lib.tables import rows

SCENARIO = """\
name: tiny
mesh: {kind: interval, cells: 20}
model:
  cells:
    tumour: {initial: "exp(-x^2/0.01)", motility: 1e-3, haptotaxis: 5e-3, secretes: {mmp: 0.1}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3}}
time: {end: 1, step: 0.125}
output: {every: 0.5}
"""
# The second begins and breaks down, the third cannot begin: its mesh says so when it is made.
SWEEP = """\
sweep:
  kind: list
  members:
    - {model.cells.tumour.haptotaxis.ecm: 0}
    - {model.cells.tumour.motility: 1e300}
    - {model.cells.tumour.initial: "log(x - 2)"}
    - {model.cells.tumour.haptotaxis.ecm: 1e-2}
  observe: [tumour.front.xmax, ecm.total]
"""
# Counts what numba compiles.
WATCHED = (
    "import sys; from numba.core import event; from invasio.solver.cli import main\n"
    "with event.install_recorder('numba:compile') as seen:\n"
    "    code = main(sys.argv[1:])\n"
    "print('compiled', len(seen.buffer), 'code', code)"
)


def invasio(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line."""
    command = [sys.executable, "-m", "invasio.solver.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The sweep with two members that fail, run once."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "tiny.yaml").write_text(SCENARIO + SWEEP)
    return folder / "out" / "tiny", invasio("sweep", "tiny.yaml", "-j", "2", cwd=folder)


def test_members_that_fail_do_not_stop_the_others(swept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = swept
    assert done.returncode == 1, done.stderr
    assert "invasio: 2 of 4 members failed" in done.stderr and "Traceback" not in done.stderr
    statuses = [(folder / f"run-00{n}" / "STATUS").read_text().strip() for n in (1, 2, 3, 4)]
    assert statuses == ["done", "failed", "failed", "done"]
    second, third = (next(line for line in done.stdout.splitlines() if f"run-00{n}: FAILED" in line) for n in (2, 3))
    assert "FAILED with exit code 4: t = 0: the solution could not be continued" in second
    assert "FAILED with exit code 2: species tumour: its initial value is nan" in third
    assert "[linear-solver]" in second or "[step-failed]" in second, second
    assert "[wrong-initial]" in third, third


def test_table_has_parameters_and_final_observables(swept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = swept
    table = rows(folder / "results.csv")
    assert [row["status"] for row in table] == ["done", "failed", "failed", "done"]
    assert [row["model.cells.tumour.haptotaxis.ecm"] for row in table] == ["0", "", "", "0.01"]
    last = rows(folder / "run-004" / "series.csv")[-1]
    assert (table[3]["time"], table[3]["tumour.front.xmax"]) == ("1.0", last["tumour.front.xmax"])
    assert float(table[3]["tumour.front.xmax"]) > float(table[0]["tumour.front.xmax"])
    assert table[1]["ecm.total"] == ""

    def kept(data: dict, coordinates: dict, facts: dict) -> tuple[dict, dict]:  # type: ignore[type-arg]
        return data, coordinates

    data, coordinates = dataset(open_sweep(folder), kept)
    assert np.array_equal(coordinates["model.cells.tumour.haptotaxis.ecm"][1], [0, np.nan, np.nan, 0.01], equal_nan=True)
    assert np.isnan(data["ecm.total"][1]).tolist() == [False, True, True, False]
    page = (folder / "report.html").read_text()
    assert page.count("<img") == 1 and "run-004" in page and "haptotaxis.ecm" in page and "http" not in page.replace("http-equiv", "")


def test_again_only_what_failed_is_tried(
    swept: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = swept
    monkeypatch.chdir(folder.parents[1])

    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}

    before = stamps()
    assert main(["sweep", "tiny.yaml"]) == 1
    assert "2 done, 2 failed" in capfd.readouterr().out
    assert stamps() == before
    assert main(["retry", str(folder), "--jobs", "2"]) == 1
    assert "[2/2]" in capfd.readouterr().out
    assert main(["retry", str(folder / "run-001")]) == 0
    assert main(["status", str(folder)]) == 0
    said = capfd.readouterr().out
    assert said.count("done ") >= 2 and said.count("failed") == 3 and "4 runs: 2 done, 2 failed" in said
    (folder.parents[1] / "other.yaml").write_text(SCENARIO + SWEEP.replace("1e-2", "2e-2"))
    assert main(["sweep", "other.yaml", "--out", str(folder)]) == 2
    printed(capfd.readouterr().err, "other-run", f"{folder}: ", "choose another --out", ("different sweep",))
    (folder.parents[1] / "none.yaml").write_text(SCENARIO)
    assert main(["sweep", "none.yaml"]) == 2
    printed(capfd.readouterr().err, "no-sweep", "none.yaml: ", "`invasio run`", ("`sweep:`",))


def test_another_page_needs_no_new_run(
    swept: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What `observe` names can be changed (and a wrong name put right) when all has been computed."""
    folder, _ = swept
    monkeypatch.chdir(folder.parents[1])
    before = [(folder / "run-001" / "series.csv").stat().st_mtime_ns]
    for name, code in (("ecm.wrong", 2), ("mmp.max", 1)):
        (folder.parents[1] / "again.yaml").write_text(SCENARIO + SWEEP.replace("ecm.total", name))
        assert main(["sweep", "again.yaml", "--out", str(folder)]) == code
    printed(capfd.readouterr().err, "no-column", says=("'ecm.wrong'",))
    assert '<th class="n">mmp.max</th>' in (folder / "report.html").read_text()
    assert before == [(folder / "run-001" / "series.csv").stat().st_mtime_ns]


def test_names_in_the_table_say_enough() -> None:
    paths = ["model.cells.a.haptotaxis.ecm", "model.cells.b.haptotaxis.ecm", "mesh.size", "seed"]
    assert list(short_names(paths).values()) == ["a.haptotaxis.ecm", "b.haptotaxis.ecm", "mesh.size", "seed"]


def test_a_further_member_compiles_nothing(swept: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = swept
    words = ["run", str(folder / "run-004" / "resolved.yaml"), "--out", str(folder.parent / "further")]
    done = subprocess.run([sys.executable, "-c", WATCHED, *words], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "compiled 0 code 0", done.stdout + done.stderr


def test_interrupted_sweep_goes_on(swept: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """TERM while the first member runs: it leaves a checkpoint, the second is not begun; the same command finishes both."""
    text = SCENARIO.replace("step: 0.125", "step: 0.0009765625").replace("cells: 20", "cells: 400")
    (tmp_path / "long.yaml").write_text(text + "sweep: {kind: grid, vary: {model.cells.tumour.haptotaxis.ecm: [0, 1e-2]}}\n")
    command = [sys.executable, "-m", "invasio.solver.cli", "sweep", "long.yaml", "-j", "1", "--out", "long"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log, deadline = tmp_path / "long" / "run-001" / "run.log", time.monotonic() + 120
    while not (log.exists() and "step 1," in log.read_text()):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate(timeout=180)
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 85, said
    assert (tmp_path / "long" / "run-001" / "STATUS").read_text().startswith("stopped early"), said
    assert not (tmp_path / "long" / "run-002" / OUTPUT).exists()
    done = invasio("sweep", tmp_path / "long", "-j", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    table = rows(tmp_path / "long" / "results.csv")
    assert [(row["status"], row["time"]) for row in table] == [("done", "1.0")] * 2
