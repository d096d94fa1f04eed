"""What cells carry, as scenarios state it: units, what is refused, the law as it is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from invasio.solver.model.build import build_model
from invasio.solver.model.text import explain
from invasio.solver.scenario.carried_words import never_there
from invasio.solver.scenario.loader import load
from tests.lib.messages import refused

HEAD = """\
schema_version: 1
mesh: {kind: interval, cells: 4}
model:
  cells:
    tumour: {initial: 1, motility: 1e-3, haptotaxis: 1e-2, death: 0.1, becomes: {sessile: 0.3}}
    sessile: {initial: 1, death: 0.2, growth: {kind: logistic, rate: 1}}
  ecm: {initial: 1, degraded_by: {mt1: 2}}
  bound:
"""
TAIL = "\ntime: {end: 1}\n"


def scenario(folder: Path, lines: str, more: str = "") -> Path:
    """A file with these lines of model.bound."""
    path = folder / "bound.yaml"
    path.write_text(HEAD + "\n".join(f"    {line}" for line in lines.splitlines()) + TAIL + more, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "code", "place", "remedy"),
    [
        ("mt1: {on: ecm, per_cell: 1}", "wrong-species", "model.bound.mt1.on", "allowed: tumour, sessile"),
        ("mt1: {on: tumor, per_cell: 1}", "no-species", "model.bound.mt1.on", "did you mean 'tumour'?"),
        ("mt1: {on: mt1, per_cell: 1}", "wrong-species", "model.bound.mt1.on", "allowed: tumour, sessile"),
        ("mt1: {on: c, per_cell: 1}\nc: {on: tumour, per_cell: 1}", "wrong-species", "model.bound.mt1.on", "allowed: tumour, sessile"),
        ("mt1: {on: tumour, per_cell: -1}", "out-of-bounds", "model.bound.mt1.per_cell", "at least 0"),
        ("mt1: {on: tumour, per_cell: n}", "unknown-name", "model.bound.mt1.per_cell", "x, y, z"),
        ("mt1: {on: tumour}", "missing-option", "model.bound.mt1.per_cell", "give `per_cell`"),
        ("mt1: {on: tumour, per_cell: 1, becomes: {other: q}}", "wrong-transfer", "model.bound.mt1.becomes.other", "allowed: sessile"),
        ("mt1: {on: tumour, per_cell: 1, becomes: {sessile: mt1}}", "wrong-transfer", "model.bound.mt1.becomes.sessile", ""),
        (
            "mt1: {on: tumour, per_cell: 1, becomes: {sessile: q}}\nq: {on: sessile, per_cell: 0}",
            "immobile-species",
            "model.bound.mt1.becomes.sessile",
            "give it a motility",
        ),
        ("mt1: {on: tumour, per_cell: 1, released_into: ecm}", "no-species", "model.bound.mt1.released_into", ""),
        ("mt1: {on: tumour, per_cell: 1, at_birth: halved}", "unknown-choice", "model.bound.mt1.at_birth", "inherited"),
        ("mt1: {on: tumour, per_cell: 1}\necm: {on: tumour, per_cell: 1}", "repeated-name", "", "rename one"),
        ("mt1: {on: tumour, per_cell: 1}\nt: {on: tumour, per_cell: 1}", "bad-name", "model.bound.t", "choose another name"),
    ],
)
def test_what_is_no_bound_species_is_refused(tmp_path: Path, line: str, code: str, place: str, remedy: str) -> None:
    path = scenario(tmp_path, line)
    with refused(code, place, remedy):
        load(path)


@pytest.mark.parametrize("moves", [True, False])
def test_cells_that_stay_pass_on_nothing_by_reactions(moves: bool, tmp_path: Path) -> None:
    """What is carried stayed behind where a reaction used its cells up, and was not brought where others became them."""
    eaten = ("  reactions: {eaten: {equation: tumour + sessile -> tumour, rate: 1}}\n", "model.reactions.eaten.equation")
    for more, line, place in ((eaten[0], "", eaten[1]), ("", ", at_birth: per_cell", "model.bound.mt1.at_birth")):
        path = scenario(tmp_path, f"mt1: {{on: sessile, per_cell: 1{line}}}")
        text = path.read_text(encoding="utf-8").replace("\ntime", f"\n{more}time", 1)
        path.write_text(text.replace("sessile: {initial: 1,", "sessile: {initial: 1, motility: 1e-9,") if moves else text, encoding="utf-8")
        if moves:
            assert load(path).model.bound["mt1"].on == "sessile"
        else:
            with refused("immobile-species", place, "give it a motility"):
                load(path)


def test_per_cell_has_a_unit_of_its_own(tmp_path: Path) -> None:
    """Amounts, and numbers of molecules, per cell."""
    scales = "scales: {length: 1 um, time: 1 h, tumour: 1e6 cells/ml, sessile: 1e6 cells/ml, mt1: 1 nM, depth: 10 um}\n"
    for text, value in (("2 fmol/cell", 2e3), ("2 fmol", 2e3), ("6.02214076e8 /cell", 1e3), ("3", 3.0)):
        path = scenario(tmp_path, f"mt1: {{on: tumour, per_cell: {text}}}", scales)
        law = build_model(load(path)).parameters["r"]
        assert law.value == pytest.approx(value, rel=1e-12), text
    with refused("wrong-unit", "model.bound.mt1.per_cell", "needed is"):
        load(scenario(tmp_path, "mt1: {on: tumour, per_cell: 2 um}", scales))


NEVER = """\
scales: {length: 1 um, time: 1 h, depth: 1 um^2, cells: 1e9 /cm^3}
mesh: {kind: interval, cells: 4}
model:
  cells: {e: {initial: 1, becomes: {m: 0.1}, motility: 1}, m: {initial: 0, motility: 1}}
  proteolysis: {on: m, mt1: 10, timp2: 1, prommp2: 1, diffusion: 1}
time: {end: 1}
"""


def test_what_is_never_there_is_said(tmp_path: Path) -> None:
    """MT1-MMP of leaders who all become leaders without it; not where they bring or make it, are there, or come with its kin."""
    path = tmp_path / "never.yaml"
    path.write_text(NEVER, encoding="utf-8")
    (said,) = never_there(load(path))
    assert said.startswith("mt1 is never there: no m is there at the start") and "at_birth: per_cell" in said
    assert never_there(load(path, ["model.cells.m.initial=1"])) == []
    own = NEVER.replace("mt1: 10, ", "")
    for bound in (
        "mt1: {on: m, per_cell: 10, at_birth: per_cell}",
        "mt1: {on: m, per_cell: 10, synthesis: 1}",
        "mt1: {on: m, per_cell: 10}, seed: {on: e, per_cell: 1, becomes: {m: mt1}}",
        "mt1: {on: m, per_cell: 10}, seed: {on: e, per_cell: 1, becomes: {m: mt1_timp2}}",  # which lets go of it
    ):
        scaled = own.replace("cells: 1e9 /cm^3", "cells: 1e9 /cm^3, seed: 1 nM") if "seed" in bound else own
        path.write_text(scaled.replace("  proteolysis", f"  bound: {{{bound}}}\n  proteolysis"), encoding="utf-8")
        assert never_there(load(path)) == [], bound


def test_the_law_is_explained(tmp_path: Path) -> None:
    """With what moves its cells, and what is lost with them; of cells that stay, as a law of its own."""
    lines = "mt1: {on: tumour, per_cell: 2, synthesis: 3, decay: 0.5}\nq: {on: sessile, per_cell: 1, at_birth: inherited}"
    text = explain(build_model(load(scenario(tmp_path, lines))))
    assert "∂mt1/∂t = ∇·(d_n1 ∇mt1) − ∇·(γ mt1 ∇f) + σ n1 − β mt1 − δ_n1 mt1 − λ mt1" in text
    assert "goes with tumour, mt1/n1 in each" in text and "start: mt1 = r_mt1 n1" in text
    found = re.search(r"∂q/∂t = (.*)", text)
    assert found and "δ_n2 q" in found[1] and "max(0" in found[1]
