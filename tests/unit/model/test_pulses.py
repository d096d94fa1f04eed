"""Jumps in time that a run has before it are counted, and said where there are too many."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from invasio.hpc.cost.estimate import estimate
from invasio.solver.cli import main
from invasio.solver.model.build import build_model
from invasio.solver.model.pulses import MANY, jumps_ahead, many_jumps, too_late
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario

TEXT = """\
mesh: {{kind: interval, cells: 3}}
parameters: {{period: 1}}
schedules:
  drug: {{kind: pulses, height: 2, width: 0.25, every: 1{count}}}
model: {{cells: {{tumour: {{initial: 1, motility: 1e-3, death: "{death}"}}}}}}
time: {{end: {end}, {time}}}
output: {{figures: false}}
"""


def scenario(folder: Path, death: str, end: float, count: str = ", count: 1000000", time: str = "step: 1e9", more: str = "") -> Scenario:
    path = folder / "pulses.yaml"
    path.write_text(TEXT.format(death=death, end=end, count=count, time=time) + more, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("death", "end", "number"),
    [
        ("0.1", 1e9, 0),
        ("t > 5", 1e9, 1),
        ("mod(t, period) < 0.5", 100, 199),
        ("floor(t)", 100, 99),
        ("drug", 100, 199),
        ("drug + (t > 0.5)", 100, 200),
        ("mod(t, period) < 0.5", 1e9, 2e9),
        ("0.1*drug", 1e6, 2e6),
        ("where(mod(t, 24) < 0.5, x, 0)", 1e6, 2e6 / 24),
        ("0.1*(cos(2*pi*t/24) > 0.99)", 1e6, 2e6 / 24),
        ("floor(1e-3*t^2)", 1e4, 1e5),
        ("mod(t, 2) < x", 1e5, 5e4),
    ],
)
def test_jumps_are_counted(tmp_path: Path, death: str, end: float, number: float) -> None:
    """A few hundred exactly, of very many the order and two tenths; what depends on the place as well does not count."""
    model = build_model(scenario(tmp_path, death, end))
    least, most = jumps_ahead(model, 0.0, end)
    assert least == most == pytest.approx(number, rel=0.2 if number > 300 else 0.0)
    assert len(many_jumps(model, 0.0, end)) == (number > MANY)


@pytest.mark.parametrize("death", ["drug", "floor(min(t, 1000))"])
def test_jumps_that_end_are_few(tmp_path: Path, death: str) -> None:
    """A thousand pulses, or a thousand levels, at the beginning of a long run."""
    few = build_model(scenario(tmp_path, death, 1e9, count=", count: 1000"))
    assert jumps_ahead(few, 0.0, 1e9)[1] == pytest.approx(2000 if death == "drug" else 1000, rel=0.2)
    assert not many_jumps(few, 0.0, 1e9)


@pytest.mark.parametrize(
    ("death", "text"),
    [
        ("mod(t, period) < 0.2", "mod(t, period) < 0.2 jumps about 2,000,000 times in the run, which ends a step at each: better its mean"),
        ("mod(t, period) < 0.2", "its mean over time, about 0.2\n"),
        ("floor(t)", "floor(t) jumps about 1,000,000 times in the run, which ends a step at each: better t - 0.5, its mean\n"),
        ("0.1*drug", "the schedule drug jumps about 2,000,000 times"),
        ("0.1*drug", "better its mean over time, about 0.5, or pulses with a `count`\n"),
    ],
)
def test_too_many_are_said_by_validate(tmp_path: Path, capsys: pytest.CaptureFixture[str], death: str, text: str) -> None:
    scenario(tmp_path, death, 1e6)
    assert main(["validate", str(tmp_path / "pulses.yaml")]) == 0
    assert text in capsys.readouterr().out


def test_events_count_too(tmp_path: Path) -> None:
    """Radiation without end; at the end of the run nothing happens any more."""
    beam = "radiation: {beam: {dose: 2, start: 1, every: 1, alpha: 0.01, beta: 0.001}}\n"
    model = build_model(scenario(tmp_path, "t > 5", 1e6, more=beam))
    assert jumps_ahead(model, 0.0, 1e6) == (10**6 - 1, 10**6)
    (said,) = many_jumps(model, 0.0, 1e6)
    assert said.startswith("radiation beam happens about 1,000,000 times in the run")


@pytest.mark.parametrize(("time", "least", "most"), [("step: 10", 200, 310), ("tolerance: 1e-3", 199, 60 * 209)])
def test_the_cost_knows_of_them(tmp_path: Path, time: str, least: int, most: int) -> None:
    """199 jumps and ten outputs."""
    low, high = estimate(scenario(tmp_path, "mod(t, period) < 0.5", 100, time=time), 1).steps
    assert (low <= least, high >= least, high <= most) == (True, True, True)
    assert low >= 199


@pytest.mark.parametrize(
    ("when", "end", "said"),
    [
        ("at: [1, 2]", 3, ""),
        ("at: [1, 2, 3, 4]", 3, "happens 2 of 4 times: the next is at t = 3, and the run ends at 3"),
        ("at: [5]", 3, "never happens: it is at t = 5, and the run ends at 3"),
        ("start: 1, every: 1, count: 5", 3.5, "happens 3 of 5 times: the next is at t = 4, and the run ends at 3.5"),
        ("start: 1, every: 1", 3.5, ""),
        ("start: 9, every: 1", 3.5, "never happens: it is at t = 9, and the run ends at 3.5"),
        ("start: 9, every: 1, count: 0", 3.5, ""),
    ],
)
def test_what_is_due_after_the_end_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], when: str, end: float, said: str) -> None:
    """Of radiation and surgery alike, by `validate` and at the start of a run; a run may be prolonged, so it is no error."""
    found = scenario(tmp_path, "0.1", end, more=f"radiation: {{beam: {{{when}, dose: 2, alpha: 0.01}}}}\n")
    sentence = [f"radiation beam {said}"] if said else []
    assert too_late(build_model(found), end) == sentence
    assert main(["validate", str(tmp_path / "pulses.yaml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "radiation beam" in line] == [f"  note        {one}" for one in sentence]


def test_surgery_after_the_end_is_said_too(tmp_path: Path) -> None:
    run(scenario(tmp_path, "0.1", 1.0, time="step: 1", more="surgery: {cut: {at: 7}}\n"), MPI.COMM_SELF, tmp_path / "run")
    said = (tmp_path / "run" / "run.log").read_text(encoding="utf-8")
    assert "WARNING invasio.run: surgery cut never happens: it is at t = 7, and the run ends at 1" in said


def test_they_are_said_at_the_start_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invasio.solver.words.many_jumps", lambda model, start, end: many_jumps(model, start, end, most=3))
    run(scenario(tmp_path, "mod(t, period) < 0.5", 2.5, time="step: 1"), MPI.COMM_SELF, tmp_path / "run")
    assert "mod(t, period) < 0.5 jumps 4 times in the run" in (tmp_path / "run" / "run.log").read_text(encoding="utf-8")
