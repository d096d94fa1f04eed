"""`invasio arms` on this machine and as a Slurm array: failures by name, repetition, tables, figure, page."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from invasio.hpc.sites.profile import load_site
from invasio.hpc.slurm.script import render
from invasio.hpc.sweep.array import job_of
from invasio.hpc.sweep.folder import prepare
from invasio.postprocess.arms import figure, table_of, write
from invasio.postprocess.outcomes import as_csv, as_text, measure
from invasio.postprocess.style import style
from invasio.postprocess.sweep import open_sweep
from invasio.solver.api import run
from invasio.solver.cli import main
from invasio.solver.scenario.loader import load
from tests.lib.messages import printed, refused
from tests.lib.tables import rows

SCENARIO = """\
name: tiny
scales: {length: 1 um, time: 1 h, cells: 1 /um}
mesh: {kind: interval, cells: 20}
model: {cells: {tumour: {initial: "exp(-x^2/0.01)", motility: 1e-3, death: 0.5}}}
time: {end: 1, step: 0.125}
output: {every: 0.5}
arms:
  control: {}
  spared: {model.cells.tumour.death: 0.1}
  broken: {model.cells.tumour.initial: "log(x - 2)"}
outcomes:
  survivors: {series: tumour.total}
  early: {series: tumour.total, at: 15 min}
  exposure: {series: tumour.total, at: integral}
  front: {series: tumour.front.xmax, at: max}
"""


def invasio(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line."""
    command = [sys.executable, "-m", "invasio.solver.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd)


def test_arms_from_scenario_to_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One arm cannot begin: the others are compared, it is named, and nothing is run twice."""
    (tmp_path / "tiny.yaml").write_text(SCENARIO)
    done = invasio("arms", "tiny.yaml", "-j", "2", cwd=tmp_path)
    folder = tmp_path / "out" / "tiny-arms"
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "invasio: 1 of 3 arms failed" in done.stderr
    assert "broken: FAILED with exit code 2" in done.stdout and "broken failed: species tumour" in done.stdout
    control, spared = (rows(folder / name / "series.csv") for name in ("control", "spared"))
    table = {row["arm"]: row for row in rows(folder / "outcomes.csv")}
    assert list(table) == ["control", "spared", "broken"]
    assert table["spared"]["survivors (cells)"] == spared[-1]["tumour.total"]
    assert table["control"]["early (cells)"] == next(row["tumour.total"] for row in control if row["time"] == "0.25")
    more = float(spared[-1]["tumour.total"]) - float(control[-1]["tumour.total"])
    assert float(table["spared"]["survivors (cells): difference"]) == more > 0.0
    assert float(table["spared"]["survivors: relative difference"]) == pytest.approx(math.exp(0.4) - 1.0, rel=1e-3)
    assert (table["broken"]["status"], table["broken"]["survivors (cells)"]) == ("failed", "")
    facts = json.loads((folder / "outcomes.json").read_text())
    assert facts["first"] == "control" and facts["outcomes"]["exposure"]["unit"] == "cells h"
    assert facts["arms"]["spared"]["survivors"]["difference"] == more and facts["arms"]["broken"]["survivors"]["value"] is None
    assert "| spared |" in (folder / "outcomes.md").read_text()
    assert (folder / "outcomes.png").stat().st_size > 0 and (folder / "outcomes.pdf").stat().st_size > 0
    page = (folder / "report.html").read_text()
    assert page.count("<img") == 1 and "model.cells.tumour.death = 0.1" in page and 'href="broken/"' in page
    before = (folder / "control" / "series.csv").stat().st_mtime_ns
    assert main(["arms", str(tmp_path / "tiny.yaml"), "--out", str(folder)]) == 1
    assert "2 done, 1 failed" in capsys.readouterr().out
    assert (folder / "control" / "series.csv").stat().st_mtime_ns == before


def finished(tmp_path: Path, text: str = SCENARIO) -> Path:
    """The folder of arms whose runs have ended (made here, without a run), but the last one."""
    (tmp_path / "tiny.yaml").write_text(text)
    sweep = prepare(load(tmp_path / "tiny.yaml"), tmp_path / "arms")
    for number, member in enumerate(sweep.members[:-1]):
        lines = [f"{t!r},{2.0 - number * t!r},{t!r}" for t in (0.0, 0.25, 0.5, 1.0)]
        (member.folder / "series.csv").write_text("\n".join(["time,tumour.total,tumour.front.xmax", *lines, ""]))
        (member.folder / "manifest.json").write_text(json.dumps({"units": {"time": "h", "tumour.total": "cells"}}))
        (member.folder / "STATUS").write_text("done\n")
    return sweep.path


def test_outcomes_of_known_series(tmp_path: Path) -> None:
    sweep = open_sweep(finished(tmp_path))
    table = table_of(sweep)
    control, spared, broken = table.rows
    assert control.values == {"survivors": 2.0, "early": 2.0, "exposure": 2.0, "front": 1.0}
    assert spared.values == {"survivors": 1.0, "early": 1.75, "exposure": 1.5, "front": 1.0}
    assert (broken.status, broken.values) == ("not started", {})
    survivors, front = table.outcomes[0], table.outcomes[3]
    assert (table.difference(spared, survivors), table.relative(spared, survivors), table.relative(spared, front)) == (-1.0, -0.5, 0.0)
    text = as_text(table, sweep)
    assert "survivors (cells)" in text and "-50 %" in text and "0 %" in text and "exposure: tumour.total, integral over time" in text
    assert "exposure (cells h)" in as_csv(table)


def test_outcome_that_never_happens_has_no_number() -> None:
    columns = {"time": [0.0, 1.0], "wall.first_breach": [math.nan, math.nan], "other": [0.0, 3.0]}
    for at in ("end", "max", "min", "integral", 1.0):
        assert math.isnan(measure("run", columns, "wall.first_breach", at))
    with refused("no-column", "run", "other"):
        measure("run", columns, "othr", "end")
    with refused("no-time", "run", "0, 1"):
        measure("run", columns, "other", 0.5)


def test_outcomes_may_change_when_the_runs_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new one is read from what was written; one that needs another output says so, and other arms are another folder's."""
    folder = finished(tmp_path)
    scenario = tmp_path / "tiny.yaml"
    scenario.write_text(SCENARIO + "  least: {series: tumour.total, at: min}\n")
    assert table_of(prepare(load(scenario), folder)).rows[1].values["least"] == 1.0
    scenario.write_text(SCENARIO.replace("15 min", "20 min"))
    with refused("no-time", "control"):
        write(prepare(load(scenario), folder))
    scenario.write_text(SCENARIO.replace("death: 0.1", "death: 0.2"))
    assert main(["arms", str(scenario), "--out", str(folder)]) == 2
    printed(capsys.readouterr().err, "other-run", str(folder), "--out")


@pytest.mark.parametrize("more", [6, 9])
def test_more_arms_than_lines_that_can_be_told_apart(tmp_path: Path, more: int) -> None:
    """The figure shows the first eight that are done and says so; the table has all."""
    arms = "".join(f"  more{k}: {{model.cells.tumour.death: {0.2 + 0.01 * k:g}}}\n" for k in range(more))
    sweep = open_sweep(finished(tmp_path, SCENARIO.replace("  broken:", f"{arms}  broken:")))
    run(load(tmp_path / "tiny.yaml"), out=tmp_path / "one")
    for member in sweep.members[:-1]:
        shutil.copytree(tmp_path / "one", member.folder, dirs_exist_ok=True)
    table, done = table_of(sweep), 2 + more
    with style():
        drawn = figure(sweep, table)
    assert drawn is not None
    legend = drawn.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["control", "spared", *(f"more{k}" for k in range(more))][:8]
    assert legend.get_title().get_text() == (f"the first 8 of {done} arms; the table has all" if done > 8 else "")
    assert len([row for row in table.rows if row.values]) == done and len(as_csv(table).splitlines()) == done + 2
    assert {len(panel.get_lines()) for panel in drawn.axes if panel.get_lines()} == {8}


def test_arms_without_outcomes_are_compared_by_what_differs(tmp_path: Path) -> None:
    table = table_of(open_sweep(finished(tmp_path, SCENARIO.partition("outcomes:")[0])))
    assert [(o.column, o.at) for o in table.outcomes] == [("tumour.total", "end")]


def test_a_scenario_without_arms_or_with_a_sweep_is_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = SCENARIO.partition("arms:")[0]
    (tmp_path / "s.yaml").write_text(plain)
    assert main(["arms", str(tmp_path / "s.yaml")]) == 2
    printed(capsys.readouterr().err, "no-sweep", "", "invasio run", ["arms:"])
    (tmp_path / "s.yaml").write_text(SCENARIO)
    assert main(["sweep", str(tmp_path / "s.yaml")]) == 2
    printed(capsys.readouterr().err, "no-sweep", "", "invasio arms", ["sweep:"])


def test_the_job_of_arms_finds_their_folders_by_number(tmp_path: Path) -> None:
    sweep = open_sweep(finished(tmp_path))
    job = job_of(sweep.path, "tiny", [(m.number, m.folder.name) for m in sweep.members], 1, "10", None)
    script = render(load_site("generic"), job, tmp_path)
    assert "#SBATCH --array=1-3" in script
    lines = [line for line in script.splitlines() if line.startswith("folder=")]
    shell = f'SLURM_ARRAY_TASK_ID=2\n{lines[0]}\necho "$folder"'
    assert subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout == f"{sweep.path / 'spared'}\n"
