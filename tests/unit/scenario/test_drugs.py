"""Drugs in a scenario: which rates they name, what these become, and what is refused; radiation, surgery and pools beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.model.build import build_model
from invasio.solver.model.text import explain
from invasio.solver.scenario.loader import dump_resolved, load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.tree import evaluate, names
from tests.lib.messages import refused

SCENARIO = """\
scales: {length: 1 mm, time: 1 h, cells: 1e8 /cm^3, depth: 1 mm, mmp: 1 nM, chemo: 1 nM, tired: 1 uM}
mesh: {kind: interval, to: 1, cells: 4}
parameters: {a: 0.3 /Gy}
schedules:
  plasma: {kind: pharmacokinetics, dose: 50 mg, volume: 207 L, every: 12 h, half_life: 4.5 h}
model:
  cells: {tumour: {initial: 1, motility: 1e-3, secretes: {mmp: 0.1}, growth: {kind: logistic, rate: 0.01}}}
  ecm: {initial: 1, degraded_by: {mmp: 0.4}}
  solubles:
    mmp: {diffusion: 1e-2, decay: 0.1}
    chemo: {diffusion: 1, initial: 2, molar_mass: 500 g/mol}
  pools: {tired: {inflow: 2 uM/d, loss: 0.1 /h}}
  vessels: {v: {carries: blood, at: {boundary: left}, entry: {tumour: 0.1}, exchange: {chemo: {permeability: 0.2}}}}
drugs:
  inhibitor: {level: plasma, effects: {model.ecm.degraded_by.mmp: {lowers: {max: 0.9, half: 100 ng/mL, hill: 2}}}}
  cytotoxic: {level: chemo, effects: {model.cells.tumour.death: {adds: {max: 0.48 /d, half: 1 ug/mL}}}}
time: {end: 20}
"""


def _load(folder: Path, text: str = SCENARIO) -> Scenario:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return load(folder / "a.yaml")


def _rate(scenario: Scenario, species: str, **values: float) -> float:
    """The loss of a species, with values of names; of a schedule at time t."""
    model = build_model(scenario)
    (term,) = next(law for law in model.species if law.name == species).loss
    known = {name: 0.0 for name in names(term.expr)} | model.values() | {"t": 0.0} | values
    return float(evaluate(term.expr, known))


def test_an_effect_can_be_changed_from_outside(tmp_path: Path) -> None:
    """Its name is a path with dots; what follows it is found as below any other name, and what is not there is refused."""
    (tmp_path / "a.yaml").write_text(SCENARIO, encoding="utf-8")
    effect = "drugs.cytotoxic.effects.model.cells.tumour.death"
    changed = load(tmp_path / "a.yaml", [f"{effect}.adds.max=0.24 /d"])
    assert _rate(changed, "tumour", chemo=2000.0) == pytest.approx(0.005, rel=1e-12)
    with refused("unknown-key", remedy="allowed in drugs.cytotoxic.effects.model.cells.tumour.death"):
        load(tmp_path / "a.yaml", [f"{effect}.less=1"])


def test_effects_are_those_of_emax_and_hill(tmp_path: Path) -> None:
    """In the units that they are stated in, also after the scenario was resolved."""
    scenario = _load(tmp_path)
    (tmp_path / "b.yaml").write_text(dump_resolved(scenario), encoding="utf-8")
    level = 50.0 / 207.0 / 0.1  # at t = 0, of 100 ng/mL
    for found in (scenario, load(tmp_path / "b.yaml")):
        lowered = 1.0 - 0.9 * level**2 / (1.0 + level**2)
        assert _rate(found, "ecm", mmp=1.0) == pytest.approx(0.4 * lowered, rel=1e-12)
        for chemo in (0.0, 2000.0, 1e6):  # nM; half is at 1 ug/mL of 500 g/mol
            assert _rate(found, "tumour", chemo=chemo) == pytest.approx(0.02 * chemo / (2000.0 + chemo), rel=1e-12)


def test_several_drugs_multiply_and_literature_stays(tmp_path: Path) -> None:
    more = "  other: {level: tired, effects: {model.ecm.degraded_by.mmp: {raises: {max: 3, half: 1 uM}}}}\n"
    scenario = _load(tmp_path, SCENARIO.replace("  cytotoxic", more + "  cytotoxic"))
    alone = _rate(_load(tmp_path), "ecm", mmp=1.0)
    assert _rate(scenario, "ecm", mmp=1.0, tired=2.0) == pytest.approx(alone * (1.0 + 3.0 * 2.0 / 3.0), rel=1e-12)
    text = explain(build_model(scenario))
    assert "degradation of ecm by mmp: Anderson et al. 2000" in text and "η" in text
    assert "Drug inhibitor (plasma)\n  model.ecm.degraded_by.mmp: lowered by up to 0.9, half of it at 100 ng/mL, h = 2" in text
    assert "pool tired [uM]\n    dtired/dt = p − k tired\n    start: tired = 0" in text


def test_a_vessel_stands_for_all_that_passes_its_wall(tmp_path: Path) -> None:
    more = "  sealing: {level: tired, effects: {model.vessels.v: {lowers: {max: 0.5, half: 1 uM}}}}\n"
    model = build_model(_load(tmp_path, SCENARIO.replace("  cytotoxic", more + "  cytotoxic")))
    for flux, rate in zip(model.vessels[0].fluxes, (0.1, 0.2), strict=True):
        assert evaluate(flux.opened, model.values() | {"tired": 1.0}) == pytest.approx(0.75 * rate)


def test_dose_and_sensitivity_have_units_of_their_own(tmp_path: Path) -> None:
    """exp(-0.3 2 - 0.03 4) with alpha a parameter per Gy; surgery takes what it says."""
    ray = "radiation: {week: {at: [1], dose: 200 cGy, alpha: a, beta: 0.03 /Gy^2}}\nsurgery: {cut: {at: 2 h, where: x > 0.5, share: 0.9}}\n"
    model = build_model(_load(tmp_path, SCENARIO + ray))
    stays = [float(evaluate(removal.stays, model.values())) for removal in model.removals]
    assert stays == pytest.approx([2.718281828459045**-0.72, 0.1], rel=1e-12)
    assert [removal.species for removal in model.removals] == [("tumour",), ("tumour",)]
    text = explain(model)
    assert "Radiation week (times in h): 2 Gy at 1" in text and "Surgery cut (times in h): 0.9 of what is there at 2 where x > 0.5" in text


PATH = "model.ecm.degraded_by.mmp"
WRONG = {
    "no such rate": (PATH, "model.ecm.degraded_by.mmp2", "unknown-key", "drugs.inhibitor.effects.model.ecm.degraded_by.mmp2", "mmp"),
    "no rate": (PATH, "model.ecm.initial", "no-rate", "drugs.inhibitor.effects.model.ecm.initial", "name a rate"),
    "a group": (PATH, "model.ecm", "no-rate", "drugs.inhibitor.effects.model.ecm", "name one of them: initial, degraded_by"),
    "a number": (PATH, "time.end", "no-rate", "drugs.inhibitor.effects.time.end", "name a rate"),
    "below a rate": (PATH, "model.cells.tumour.death.x", "unknown-key", "drugs.inhibitor", "name the rate itself"),
    "a rate of 0": (PATH, "model.ecm.remodelling", "no-rate", "drugs.inhibitor", "use adds"),
    "no such level": ("level: plasma", "level: plasmo", "unknown-name", "drugs.inhibitor.level", "did you mean 'plasma'?"),
    "another unit": ("half: 100 ng/mL", "half: 100 nM", "wrong-unit", "drugs.inhibitor.effects", "needed is mass/length^3"),
    "no unit": ("half: 100 ng/mL", "half: 100", "wrong-unit", "drugs.inhibitor.effects", "write it with its unit"),
    "half of 0": ("half: 100 ng/mL", "half: 0 ng/mL", "out-of-bounds", "drugs.inhibitor.effects", "greater than 0"),
    "more than all": ("max: 0.9", "max: 1.1", "out-of-bounds", "drugs.inhibitor.effects", "at most 1"),
    "nothing done": ("lowers: {max: 0.9, half: 100 ng/mL, hill: 2}", "", "either-or", "drugs.inhibitor.effects", "'lowers' and 'raises'"),
    "added elsewhere": (
        "lowers: {max: 0.9, half: 100 ng/mL, hill: 2}",
        "adds: {max: 0.9 /h, half: 1 ng/mL}",
        "wrong-unit",
        "drugs.inhibitor",
        "use lowers or raises",
    ),
    "species in a pool": (
        PATH + ": {lowers",
        "model.pools.tired.loss: {lowers",
        "name-not-usable",
        "drugs.inhibitor",
        "let a schedule act",
    ),
    "a dose in h": (
        "\ntime:",
        "\nradiation: {r: {at: [1], dose: 2 h, alpha: 1}}\ntime:",
        "wrong-unit",
        "radiation.r.dose",
        "needed is dose",
    ),
    "at the start": ("\ntime:", "\nradiation: {r: {dose: 2 Gy, alpha: 1}}\ntime:", "outside-run", "radiation.r", "begin later"),
    "no such region": ("\ntime:", "\nsurgery: {s: {at: 2, region: bed}}\ntime:", "no-region", "surgery.s.region", "tissue"),
    "a soluble that is irradiated": (
        "\ntime:",
        "\nradiation: {r: {at: [1], dose: 2 Gy, alpha: 1, of: [tumour, chemo]}}\ntime:",
        "no-species",
        "radiation.r.of[1]",
        "allowed: tumour",
    ),
    "receptors without their cells": (
        "{v: {carries: blood, at: {boundary: left}, entry: {tumour: 0.1}, exchange: {chemo: {permeability: 0.2}}}}\n",
        "{}\n  bound: {r: {on: tumour, per_cell: 1}}\nsurgery: {s: {at: 2, of: [r]}}\n",
        "no-species",
        "surgery.s.of[0]",
        "name 'tumour'",
    ),
    "two places": (
        "\ntime:",
        "\nsurgery: {s: {at: 2, region: tissue, where: x > 1}}\ntime:",
        "either-or",
        "surgery.s",
        "'region' and 'where'",
    ),
    "a pool called as a species": (
        "pools: {tired:",
        "pools: {chemo: {inflow: 1}, tired:",
        "repeated-name",
        "model.pools.chemo",
        "rename one",
    ),
}


@pytest.mark.parametrize(("old", "new", "code", "place", "remedy"), WRONG.values(), ids=WRONG)
def test_what_is_refused(tmp_path: Path, old: str, new: str, code: str, place: str, remedy: str) -> None:
    """Before anything runs, at its line."""
    assert old in SCENARIO
    text = SCENARIO.replace(old, new, 1)
    if "tired.loss" in new:
        text = text.replace("level: plasma", "level: chemo").replace("half: 100 ng/mL", "half: 1 nM")
    with refused(code, place=place, remedy=remedy) as caught:
        _load(tmp_path, text)
    assert "a.yaml:" in str(caught)
