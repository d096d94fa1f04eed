"""What a run says at its beginning."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from invasio.solver import words
from invasio.solver.cli import main
from invasio.solver.run import run
from invasio.solver.scenario.loader import load


@pytest.mark.parametrize(("ranks", "nodes", "said"), [(1, 2, False), (2, 7, True), (2, 8, False), (3, 2, True)])
def test_more_ranks_than_the_mesh_can_use(ranks: int, nodes: int, said: bool) -> None:
    """It is said where several ranks have less than 4 nodes each; one alone waits for nobody."""
    assert [note.startswith(f"{ranks} ranks share {nodes} nodes") for note in words.crowded(ranks, nodes)] == [True] * said


def test_what_kept_steps_short() -> None:
    """A user who waits is told which variable it was, and what would take fewer steps; not where there were few anyway."""
    assert words.lengths({"tumour": 499}) == []
    (note,) = words.lengths({"tumour": 300, "mmp": 700})
    assert note.startswith("mmp kept steps short: its error was the largest in 70% of 1000 steps; ten times the tolerance")


REACTING = """\
mesh: {kind: interval, cells: 3}
species: {a: {initial: 1, loss: b}, b: {initial: 1, loss: a}, c: {production: a*b}}
time: {end: 1, step: 0.5}
output: {figures: false}
"""


@pytest.mark.parametrize(("kinetics", "warned"), [("none", True), ("partners", False), ("cycles", False)])
def test_partners_that_are_kept_apart(kinetics: str, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(REACTING + f"numerics: {{kinetics: {kinetics}}}\n", encoding="utf-8")
    run(load(tmp_path / "a.yaml"), MPI.COMM_SELF, tmp_path / "run")
    text = "a, b, c react with each other, but numerics.kinetics is none: steps longer than their reactions take are wrong"
    assert (text in (tmp_path / "run" / "run.log").read_text(encoding="utf-8")) == warned
    assert main(["validate", str(tmp_path / "a.yaml")]) == 0
    assert (f"note        {text}" in capsys.readouterr().out) == warned


PORES = """\
scales: {{collagen: 1 mg/ml}}
mesh: {{kind: interval, cells: 10}}
model:
  cells: {{a: {{initial: 1, motility: 1e-3, pores: {{closed_above: {closed} mg/ml}}}}}}
  bound: {{mt1: {{on: a, per_cell: 1}}}}
  solubles: {{reach: {{diffusion: 1e-3, decay: 1, quasi_steady: true}}}}
  ecm: {{collagen: {{initial: 2 mg/ml, degraded_by: {{{by}: 1}}}}}}
time: {{end: 1, step: 0.5}}
output: {{figures: false}}
"""


@pytest.mark.parametrize(("by", "closed", "warned"), [("a", 1, True), ("mt1", 1, True), ("mt1", 3, False), ("reach", 1, False)])
def test_pores_that_cells_open_only_where_they_are(
    by: str, closed: float, warned: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Closed pores that nothing opens ahead of the cells let the front through by a cell of the mesh at a time."""
    (tmp_path / "a.yaml").write_text(PORES.format(by=by, closed=closed), encoding="utf-8")
    assert main(["validate", str(tmp_path / "a.yaml")]) == 0
    text = f"note        collagen, whose pores stop a, is opened only where {by} is already"
    assert (text in capsys.readouterr().out) == warned
