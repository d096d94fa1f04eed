"""A sweep's members: which values, in which order, and that each is a scenario like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.members import MAX_MEMBERS
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.shipped import folder
from tests.lib.messages import refused

BASE = """\
name: s
scales: {length: 1 um, time: 1 h, cells: 1e5 /cm^2, mmp: 1 nM}
mesh: {kind: interval, cells: 10}
model:
  cells:
    tumour: {initial: 1, motility: 1e-10 cm^2/s, haptotaxis: 5e-3, secretes: {mmp: 0.1}}
  ecm: {initial: 1, degraded_by: {mmp: 10}}
  solubles: {mmp: {diffusion: 1e-9 cm^2/s}}
time: {end: 10, step: 0.1}
expect: [{at: 10, what: integral, of: tumour, value: 1, relative: 1e-6}]
"""
MOTILITY, CHI, MMP = "model.cells.tumour.motility", "model.cells.tumour.haptotaxis.ecm", "model.cells.tumour.secretes.mmp"


def sweep(tmp_path: Path, text: str) -> Scenario:
    """The scenario with a sweep."""
    path = tmp_path / "s.yaml"
    path.write_text(BASE + text)
    return load(path)


def values(scenario: Scenario, path: str) -> list[object]:
    return [member.values[path] for member in scenario.members]


def test_grid_is_every_combination_and_the_last_path_varies_fastest(tmp_path: Path) -> None:
    text = f"sweep: {{kind: grid, vary: {{{CHI}: [0, 2e-3], {MMP}: {{from: 0.01, to: 1, spacing: log, count: 3}}}}}}\n"
    found = sweep(tmp_path, text)
    assert [member.number for member in found.members] == [1, 2, 3, 4, 5, 6]
    assert values(found, CHI) == [0, 0, 0, 2e-3, 2e-3, 2e-3]
    assert values(found, MMP) == [0.01, 0.1, 1.0] * 2
    last = found.members[-1].scenario
    assert last.resolved()["model"]["cells"]["tumour"]["haptotaxis"]["ecm"]["sensitivity"] == 2e-3
    assert last.resolved()["model"]["cells"]["tumour"]["secretes"]["mmp"]["rate"] == 1.0
    assert (last.name, last.sweep, last.expect, last.output.figures) == ("s-006", None, [], False)
    again = tmp_path / "again.yaml"
    again.write_text(dump_resolved(found))
    assert [dump_resolved(m.scenario) for m in load(again).members] == [dump_resolved(m.scenario) for m in found.members]


def test_ranges_may_have_a_unit(tmp_path: Path) -> None:
    text = f"sweep: {{kind: grid, vary: {{{MOTILITY}: {{from: 1e-11, to: 1e-9, unit: cm^2/s, spacing: log, count: 3}}}}}}\n"
    found = sweep(tmp_path, text)
    assert values(found, MOTILITY) == ["1e-11 cm^2/s", "1e-10 cm^2/s", "1e-09 cm^2/s"]
    assert dump_resolved(found.members[1].scenario).count("motility: 36.0") == 1  # um^2/h


def test_list_takes_members_one_by_one_and_null_removes(tmp_path: Path) -> None:
    text = f"sweep: {{kind: list, figures: true, members: [{{{CHI}: 0}}, {{time.end: 2 d, {MMP}: null}}, {{mesh.cells: 5}}]}}\n"
    found = sweep(tmp_path, text)
    assert [m.scenario.time.end for m in found.members] == [10, 48, 10]
    assert [list(m.scenario.model.cells["tumour"].secretes) for m in found.members] == [["mmp"], [], ["mmp"]]
    assert all(m.scenario.output.figures for m in found.members)
    again = tmp_path / "again.yaml"
    again.write_text(dump_resolved(found))
    assert load(again).resolved() == found.resolved()


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_samples_fill_the_range_and_come_from_the_seed(tmp_path: Path, kind: str) -> None:
    def sample(seed: int) -> np.ndarray:
        text = (
            f"sweep: {{kind: {kind}, n: 16, seed: {seed}, vary: {{{CHI}: {{from: 1e-4, to: 1e-2, spacing: log}}, "
            f"{MMP}: {{from: 0, to: 2}}, numerics.flux: [central, scharfetter_gummel]}}}}\n"
        )
        found = sweep(tmp_path, text)
        assert values(found, "numerics.flux").count("central") == 8
        return np.array([values(found, CHI), values(found, MMP)], dtype=float)

    one = sample(1)
    assert np.array_equal(one, sample(1)) and not np.array_equal(one, sample(2))
    shares = np.array([np.log10(one[0] / 1e-4) / 2, one[1] / 2])
    for row in shares:  # one in each sixteenth of the range
        assert sorted((16 * row).astype(int)) == list(range(16))


def test_a_fault_of_a_range_is_told_once(tmp_path: Path) -> None:
    """Not for each sample; and without a list of allowed options where there is none to give."""
    with refused("out-of-bounds", MOTILITY, "allowed: at least 0"):
        sweep(tmp_path, f"sweep: {{kind: sobol, n: 8, vary: {{{MOTILITY}: {{from: -2, to: -1, unit: cm^2/s}}}}}}\n")
    with refused("unknown-key", ".count", "take it out", ("(given 'count')",)):
        sweep(tmp_path, f"sweep: {{kind: sobol, n: 8, vary: {{{MOTILITY}: {{from: 1e-4, to: 1e-2, count: 3}}}}}}\n")


def test_too_many_members_are_refused_before_they_are_made(tmp_path: Path) -> None:
    span = "{from: 0, to: 1, count: 1000}"
    with refused("too-many", "s.yaml:11:8: sweep", f"at most {MAX_MEMBERS}"):
        sweep(tmp_path, f"sweep: {{kind: grid, vary: {{{CHI}: {span}, {MMP}: {span}, {MOTILITY}: {span}}}}}\n")


def test_the_shipped_sweep_contains_its_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(folder() / "sweeps" / "haptotaxis_mmp.yaml")]) == 0
    assert f"Sweep: 12 members, which differ in\n  {CHI}: 0.0, 0.0025, 0.005, 0.0075\n" in capsys.readouterr().out
    found = load(folder() / "sweeps" / "haptotaxis_mmp.yaml")
    assert len(found.members) == 12
    assert any(dict(member.values) == {CHI: 5e-3, MMP: 0.1} for member in found.members)
