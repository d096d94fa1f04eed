"""Arms and outcomes in a scenario: which scenarios they become, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.moments import output_times
from invasio.solver.scenario.schema import Scenario
from tests.lib.messages import refused

BASE = """\
name: s
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}
parameters: {k: 5e-3, unused: 1}
mesh: {kind: interval, cells: 10}
model:
  cells:
    tumour: {initial: 1, motility: 1e-3, haptotaxis: k, secretes: {mmp: 0.1}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-3, decay: 0.5}}
boundaries: {left: {mmp: {kind: fixed, value: 1}}}
time: {end: 10, step: 0.1}
output: {every: 5}
expect: [{at: 10, what: integral, of: tumour, value: 1, relative: 1e-6}]
"""
ARMS = "arms: {control: {}, fast: {model.cells.tumour.motility: 1e-2}}\n"
OUTCOMES = "outcomes: {matrix: {series: ecm.total, at: 120 min}, most: {series: mmp.total, at: max}, end: {series: tumour.total}}\n"


def stated(tmp_path: Path, text: str) -> Scenario:
    """The scenario with these arms and outcomes."""
    path = tmp_path / "s.yaml"
    path.write_text(BASE + text)
    return load(path)


def test_an_arm_is_the_scenario_with_its_values(tmp_path: Path) -> None:
    found = stated(tmp_path, ARMS + OUTCOMES)
    control, fast = found.members
    assert [(m.number, m.name, m.scenario.name) for m in found.members] == [(1, "control", "s-control"), (2, "fast", "s-fast")]
    assert (control.scenario.model.cells["tumour"].motility[""].constant, fast.scenario.model.cells["tumour"].motility[""].constant) == (
        1e-3,
        1e-2,
    )
    for member in found.members:
        assert (member.scenario.arms, member.scenario.expect, member.scenario.output.figures) == (None, [], False)
        assert output_times(member.scenario) == (2.0, 5.0, 10.0)
    assert [(o.series, o.at) for o in found.outcomes.values()] == [("ecm.total", 2.0), ("mmp.total", "max"), ("tumour.total", "end")]


def test_resolved_arms_give_the_same_arms(tmp_path: Path) -> None:
    """Also values that take something away, and lists and mappings."""
    text = "arms: {open: {boundaries.left.mmp: null}, given: {boundaries.left.mmp: {kind: fixed, value: 2}}, late: {output.at: [1, 2]}}\n"
    found = stated(tmp_path, text + OUTCOMES)
    assert found.members[0].scenario.boundaries["left"] == {}
    again = tmp_path / "again.yaml"
    again.write_text(dump_resolved(found))
    assert [dump_resolved(m.scenario) for m in load(again).members] == [dump_resolved(m.scenario) for m in found.members]


@pytest.mark.parametrize(
    ("text", "code", "place", "says"),
    [
        ("arms: {}\n", "nothing-given", "s.yaml:14:7", []),
        ("arms: {a: {}, b: {}}\n", "same-arm", "s.yaml:14:15", ["'a'"]),
        ("arms: {a: {time.step: 0.2}, b: {time.step: 12 min}}\n", "same-arm", "s.yaml:14:29", ["'a'"]),
        ("arms: {a: {time.step: 0.1}}\n", "no-effect", "s.yaml:14:12", ["arms.a.time.step"]),
        ("arms: {a: {time.step: 0.2, parameters.unused: 2}}\n", "no-effect", "s.yaml:14:28", ["parameters.unused"]),
        ("arms: {a: {title: other}}\n", "no-effect", "s.yaml:14:12", []),
        ("arms: {a: {parameters.kk: 2}}\n", "unknown-key", "s.yaml:14:12", ["'a'", "did you mean 'parameters.k'"]),
        ("arms: {a: {model.cells.tumour.motilty: 2}}\n", "unknown-key", "s.yaml:14:12", ["in arm 'a'"]),
        ("arms: {a: {name: other}}\n", "cannot-vary", "s.yaml:14:12", []),
        ("arms: {a: {time.end: 1}}\n" + OUTCOMES, "outside-run", "s.yaml:15:44", ["in arm 'a'", "0 to 1"]),
        ("arms: {a b: {}}\n", "bad-name", "s.yaml:14:8", []),
        ("arms: {figures: {}}\n", "bad-name", "s.yaml:14:8", []),
        (ARMS + "sweep: {kind: grid, vary: {time.step: [1, 2]}}\n", "either-or", "s.yaml:14:1", ["extends"]),
        (ARMS + "outcomes: {o: {series: ecm.totl}}\n", "no-column", "s.yaml:15:24", ["did you mean 'ecm.total'"]),
        (ARMS + "outcomes: {o: {series: ecm.total, at: ende}}\n", "unknown-choice", "s.yaml:15:39", ["did you mean 'end'", "12 h"]),
        ("outcomes: {o: {series: ecm.total, at: 11}}\n", "outside-run", "s.yaml:14:39", []),
    ],
)
def test_what_cannot_be_an_arm_or_outcome_is_refused(tmp_path: Path, text: str, code: str, place: str, says: list[str]) -> None:
    with refused(code, place, says=says):
        stated(tmp_path, text)


def test_an_arm_may_take_away_what_an_outcome_needs(tmp_path: Path) -> None:
    with refused("no-column", "s.yaml", says=["in arm 'bare'", "ecm.total"]):
        stated(tmp_path, "arms: {bare: {model.ecm: null, model.cells.tumour.haptotaxis: null}}\n" + OUTCOMES)


def test_validate_and_explain_know_the_arms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stated(tmp_path, ARMS + OUTCOMES)
    assert main(["validate", str(tmp_path / "s.yaml"), "--cost"]) == 0
    said = capsys.readouterr().out
    assert "arms        control, fast" in said and "outcomes    matrix, most, end" in said and "all arms: " in said
    assert main(["explain", str(tmp_path / "s.yaml")]) == 0
    said = capsys.readouterr().out
    assert "fast: model.cells.tumour.motility = 0.01" in said and "matrix: ecm.total, at t = 2" in said


def test_members_of_a_sweep_may_have_names(tmp_path: Path) -> None:
    text = "sweep: {kind: grid, vary: {time.step: [0.1, 0.2]}, names: [fine, coarse]}\n"
    path = tmp_path / "n.yaml"
    path.write_text(BASE + text)
    assert [(m.name, m.scenario.name) for m in load(path).members] == [("fine", "s-fine"), ("coarse", "s-coarse")]
    path.write_text(BASE + text.replace("[fine, coarse]", "[fine]"))
    with refused("wrong-length", "n.yaml:14", says=["1 names for 2 members"]):
        load(path)
    path.write_text(BASE + text.replace("[fine, coarse]", "[fine, fine]"))
    with refused("repeated-name", "n.yaml:14", says=["'fine'"]):
        load(path)
