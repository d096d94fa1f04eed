"""The preset of proteolysis: what it is written out as, what may be stated beside it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import invasio
from invasio.solver.cli import main
from invasio.solver.scenario.loader import Statement, load
from tests.lib.messages import refused

GOOD = """\
scales: {length: 1 um, time: 1 s, depth: 1 um^2}
mesh: {kind: interval, to: 1, cells: 1}
model:
  proteolysis:
    mt1: 10 nM
    timp2: 4 nM
    prommp2: 50 nM
    diffusion: 0.1
time: {end: 3600, step: 120}
output: {every: 3600, figures: false}
"""


def written(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in GOOD
    path = folder / "preset.yaml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    return path


def test_it_is_written_out(tmp_path: Path) -> None:
    """Nine species and six reactions, constants in the scenario's scales; the resolved scenario reads back as the same."""
    scenario = load(written(tmp_path))
    assert list(scenario.model.solubles) == ["timp2", "prommp2", "mmp2", "mmp2_timp2", "mmp2_timp2_tight"]
    assert list(scenario.species) == ["mt1", "mt1_timp2", "mt1_timp2_prommp2", "mt1_timp2_prommp2_mt1"]
    receptor = scenario.model.reactions["receptor"]
    assert receptor.equation == "mt1 + timp2 <-> mt1_timp2"
    assert receptor.forward is not None and receptor.forward.constant == pytest.approx(3.54e-3, rel=1e-14)
    assert all("Karagiannis" in r.source for r in scenario.model.reactions.values())
    assert Statement.of(scenario).scenario().model == scenario.model
    resolved = scenario.resolved()
    assert resolved["model"]["proteolysis"]["timp2"] == "4 nM" and not resolved["model"]["solubles"] and not resolved["model"]["reactions"]


def test_its_numbers(tmp_path: Path) -> None:
    """The reference after an hour; with a drug that binds MMP-2 there is less of it, and the drug is kept."""
    done = invasio.run(written(tmp_path), out=None)
    for name, value in {"mt1": 6.03248, "timp2": 0.0164795, "mmp2": 0.120237, "mmp2_timp2_tight": 0.0180050}.items():
        assert done.field(name, 3600) == pytest.approx(value, rel=1e-5)
    drug = "    inhibitor: {initial: 5 nM, forward: 1e6 /M/s, backward: 1e-3 /s, source: us}\ntime: {"
    done = invasio.run(written(tmp_path, "time: {", drug), out=None)
    assert (done.field("mmp2", 3600) < 0.12 / 2).all()
    assert done.field("inhibitor", 3600) + done.field("mmp2_inhibitor", 3600) == pytest.approx(5.0, rel=1e-12)


def test_other_names_constants_and_species_of_ones_own(tmp_path: Path) -> None:
    more = "    names: {mmp2: gelatinase_a}\n    rates: {activation: {rate: 0.1 /s}}\n    source: ours\n"
    more += "  solubles:\n    timp2: {initial: 3, diffusion: 7, decay: 0.01}\ntime: {"
    path = written(tmp_path, "time: {", more)
    path.write_text(path.read_text(encoding="utf-8").replace("    timp2: 4 nM\n", ""), encoding="utf-8")
    scenario = load(path)
    assert "gelatinase_a" in scenario.model.solubles and "mmp2" not in scenario.model.solubles
    timp2, activation = scenario.model.solubles["timp2"], scenario.model.reactions["activation"]
    assert timp2.decay.constant == 0.01 and timp2.diffusion[""].constant == 7.0
    assert activation.rate is not None and activation.rate.constant == 0.1 and activation.source == "ours"
    assert "-> mt1 + mt1_timp2 + gelatinase_a" in activation.equation


OWN = "  reactions:\n    dimer: {equation: 'mmp2 ->', rate: 1}\ntime: {"
TWICE = "  solubles: {timp2: {diffusion: 1}}\ntime: {"
ROLE = "    names: {timp: x}\ntime: {"
RATE = "    rates: {receptr: {forward: 1}}\ntime: {"
CELLS = "    on: tumor\n  cells: {tumour: {initial: 2}}\ntime: {"
ORDER = "    rates: {dimer: {forward: 1 /s}}\ntime: {"


def test_on_cells(tmp_path: Path) -> None:
    """MT1-MMP and its complexes are bound to cells, 10 nM of them where there are 2 units of cells."""
    more = "    on: tumour\n  cells: {tumour: {initial: 2, motility: 1e-3}}\ntime: {"
    path = written(tmp_path, "time: {", more)
    path.write_text(path.read_text(encoding="utf-8").replace("mt1: 10 nM", "mt1: 5").replace("1 um^2}", "1 um^2, cells: 1e8 /cm^3}"))
    scenario = load(path)
    assert list(scenario.model.bound) == ["mt1", "mt1_timp2", "mt1_timp2_prommp2", "mt1_timp2_prommp2_mt1"]
    done = invasio.run(path, out=None)
    for name, value in {"mt1": 6.03248, "mmp2": 0.120237}.items():
        assert done.field(name, 3600) == pytest.approx(value, rel=1e-5)


WRONG = {
    "over a reaction of one's own": ("time: {", OWN, "repeated-name", ":10:5: model.reactions.dimer", "rename"),
    "a species twice": ("time: {", TWICE, "stated-twice", ":6:12: model.proteolysis.timp2", "there"),
    "a unit of the wrong kind": ("4 nM", "4 um", "wrong-unit", ":6:12: model.solubles.timp2.initial", "amount/length^3"),
    "an unknown role": ("time: {", ROLE, "unknown-key", ":9:12: model.proteolysis.names", "timp2"),
    "an unknown reaction": ("time: {", RATE, "unknown-key", ":9:12: model.proteolysis.rates", "receptor"),
    "unknown cells, once": ("time: {", CELLS, "no-species", ":9:9: model.proteolysis.on", "tumour"),
    "an unknown option": ("timp2:", "timp:", "unknown-key", ":6:5: model.proteolysis.timp", "timp2"),
    "nothing diffuses": ("    diffusion: 0.1\n", "", "missing-option", ":5:5: model.proteolysis", "diffusion"),
    "a rate of the wrong order": ("time: {", ORDER, "wrong-unit", ":9:12: model.reactions.dimer.forward", "length^3/amount/time"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str, tmp_path: Path) -> None:
    old, new, code, place, remedy = WRONG[case]
    with refused(code, f"preset.yaml{place}", remedy):
        load(written(tmp_path, old, new))


def test_it_needs_scales(tmp_path: Path) -> None:
    with refused("no-scales", "model.proteolysis", "scales"):
        load(written(tmp_path, "scales: {length: 1 um, time: 1 s, depth: 1 um^2}\n"))


def test_other_amounts_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(written(tmp_path)), "--set", "model.proteolysis.timp2=7 nM"]) == 0
    said = capsys.readouterr().out
    assert "start: m1 = 7" in said and "Karagiannis" in said
