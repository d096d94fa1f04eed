"""Oxygen: closed forms of slab, cylinder and spheroid; balance and transient agree; pressures; death where there is too little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.solver.cli import main
from invasio.solver.scenario.loader import load
from tests.lib.messages import refused
from tests.verification.test_matrix import written
from tests.verification.test_phenotypes import last

SLAB = """\
schema_version: 1
mesh: {kind: interval, cells: 100}
model:
  cells: {tumour: {initial: 1, uptake: {oxygen: {maximum: 4, half: 1e-5}}}}
  solubles: {oxygen: {initial: 1, diffusion: 0.5, quasi_steady: true}}
boundaries: {left: {oxygen: {kind: fixed, value: 1}}}
time: {end: 1, step: 1}
output: {every: 1, figures: false}
"""
CORD = """\
schema_version: 1
mesh: {kind: disc, radius: 100, size: 9, regions: {vessel: {kind: disc, radius: 10, size: 2.5}}}
model:
  cells: {tumour: {initial: 1, uptake: {oxygen: {maximum: 0.4, half: 1e-6}}}}
  solubles: {oxygen: {initial: 1, diffusion: 1200, quasi_steady: true}}
  vessels: {wall: {carries: blood, at: {region: vessel}, exchange: {oxygen: {permeability: 1e9, inside: 40}}}}
time: {end: 1, step: 1}
output: {every: 1, figures: false}
"""
SPHEROID = """\
schema_version: 1
scales: {length: 1 um, time: 1 s, cells: 1e9 /cm^3, oxygen: 1 mmHg}
mesh: {kind: ball, radius: 233 um, size: 50 um}
model:
  cells: {tumour: {initial: 1, uptake: {oxygen: {maximum: 22.0887 mmHg/s, half: 1e-5 mmHg}}}}
  solubles: {oxygen: {initial: 100 mmHg, diffusion: 2e-9 m^2/s, quasi_steady: true}}
boundaries: {outer: {oxygen: {kind: fixed, value: 100 mmHg}}}
time: {end: 1, step: 1}
output: {every: 1, figures: false}
"""
PRESSURES = """\
schema_version: 1
scales: {length: 1 um, time: 1 min, cells: 1e9 /cm^3, depth: 10 um, oxygen: 1 uM}
fields: {fed: {regions: {rim: 2, tissue: 1}}}
mesh: {kind: rectangle, from: [0, 0], to: [100, 100], cells: [4, 4], regions: {rim: {kind: rectangle, from: [50, 0], to: [100, 100]}}}
model:
  cells:
    tumour:
      initial: 1
      death: 0.01*fed
      uptake: {oxygen: {maximum: 20 mmHg/min, half: 1.4 mmHg}}
      necrosis: {oxygen: {rate: 0.5, below: 5 mmHg, full_below: 2.5 mmHg}}
  solubles: {oxygen: {initial: 40 mmHg, diffusion: .00145 cm^2/min, solubility: 1.3 uM/mmHg}}
time: {end: 1, step: 0.1}
output: {every: 1, figures: false}
"""


def test_a_slab_is_fed_to_the_depth_of_zero_order(tmp_path: Path) -> None:
    """sqrt(2 D c0/M) = 0.5, and c = c0 (1 - x/depth)^2 up to there."""
    for cells in (50, 100):  # nodal values are exact but for the half-maximum, which is not 0
        run = invasio.run(written(tmp_path, SLAB), set={"mesh.cells": cells}, out=None)
        exact = np.maximum(0.0, 1 - run.points[:, 0] / 0.5) ** 2
        assert np.abs(run.field("oxygen", 1) - exact).max() < 2e-4


def test_a_cord_around_a_vessel_is_kroghs_cylinder(tmp_path: Path) -> None:
    """c = c_w - M/(4 D) [2 R^2 ln(r/r_w) - (r^2 - r_w^2)]."""
    run = invasio.run(written(tmp_path, CORD), out=None)
    r = np.hypot(*run.points.T)
    exact = 40 - 0.4 / 4800 * (2e4 * np.log(r / 10) - (r**2 - 100))
    assert exact.min() > 0
    assert np.abs(run.field("oxygen", 1) - exact).max() < 0.02 * 40


def test_a_spheroid_just_has_oxygen_at_its_centre_at_233_um(tmp_path: Path) -> None:
    """p0 - a Omega r^2/(6 D): radius sqrt(6 D p0/(a Omega)) = 233 um with D = 2e-9 m^2/s, 100 mmHg, a Omega = 22.09 mmHg/s."""
    run = invasio.run(written(tmp_path, SPHEROID), out=None)
    r = np.linalg.norm(run.points, axis=1)
    found = run.field("oxygen", 1)
    exact = 100 - 22.0887 / (6 * 2e3) * (233**2 - r**2)
    assert np.abs(found - exact).max() < 4.0
    assert found.min() < 4.0
    assert np.sqrt(6 * 2e3 * 100 / 22.0887) == pytest.approx(233, abs=0.2)


def test_balance_and_transient_agree(tmp_path: Path) -> None:
    """Michaelis-Menten uptake in time ends in the quasi-steady profile."""
    path = written(tmp_path, SLAB)
    given: dict[str, object] = {"model.cells.tumour.uptake.oxygen.half": 0.1, "mesh.cells": 30}
    balance = invasio.run(path, set=given, out=None)
    transient = invasio.run(path, set={**given, "model.solubles.oxygen.quasi_steady": False, "time.step": 0.5, "time.end": 20}, out=None)
    assert np.abs(balance.field("oxygen", 1) - transient.field("oxygen", 20)).max() < 1e-6


def test_pressures_stand_for_densities_and_rates_are_by_region(tmp_path: Path) -> None:
    """mmHg by a solubility in every place; the uptake of the cells; twice the death rate in the rim."""
    path = written(tmp_path, PRESSURES)
    scenario = load(path)
    cells = scenario.model.cells["tumour"]
    assert cells.uptake["oxygen"].maximum.constant == pytest.approx(26) and cells.uptake["oxygen"].half == pytest.approx(1.82)
    assert cells.necrosis["oxygen"].below == pytest.approx(6.5)
    run = invasio.run(path, out=None)
    found = run.field("tumour", 1)
    rim, rest = run.points[:, 0] > 51, run.points[:, 0] < 49
    assert found[rim] == pytest.approx(np.exp(-0.02), rel=1e-6) and found[rest] == pytest.approx(np.exp(-0.01), rel=1e-6)
    assert last(run)["oxygen.min"] == pytest.approx(52 - 26, rel=0.1)
    with refused("wrong-unit", "model.solubles.oxygen.solubility", "amount per volume and pressure"):
        plain = ["model.cells.tumour.uptake={}", "model.cells.tumour.necrosis={}", "model.solubles.oxygen.initial=1"]
        load(path, ["model.solubles.oxygen.solubility=1.3 mmHg", *plain])
    with refused("no-region", "fields.fed.regions.nowhere", "rim"):
        load(path, ["fields.fed.regions={nowhere: 1}"])
    with refused("out-of-bounds", "model.cells.tumour.necrosis.oxygen", "at most below"):
        load(path, ["model.cells.tumour.necrosis.oxygen.full_below=6 mmHg"])


def test_a_jump_of_a_rate_is_said_with_what_to_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of necrosis without a ramp, and of a formula; not of a ramp, of times and places, nor with fixed steps, which are not shortened."""
    text = SLAB.replace("initial: 1, uptake", "initial: 1, death: 'where(x < 0.5 and t > 0.2, 1, 0)', uptake").replace(", step: 1}", "}")
    path = written(tmp_path, text)

    def notes(*settings: str) -> list[str]:
        assert main(["validate", str(path), *(part for setting in settings for part in ("--set", setting))]) == 0
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("  note")]

    ramp, jump = "{oxygen: {rate: 1, below: 0.5, full_below: 0.4}}", "{oxygen: {rate: 1, below: 0.5, full_below: 0.5}}"
    assert notes(f"model.cells.tumour.necrosis={ramp}") == []
    (said,) = notes(f"model.cells.tumour.necrosis={jump}")
    assert "oxygen < c_low" in said and "min(1, max(0, (c_low - oxygen)/w))" in said and "full_below" in said
    assert "oxygen < 0.1" in notes("model.cells.tumour.death=where(oxygen < 0.1, 1, 0)")[0]
    assert notes(f"model.cells.tumour.necrosis={jump}", "time.step=0.1") == []


@pytest.mark.parametrize(("oxygen", "share"), [(10.0, 0.0), (7.5, 0.5), (2.0, 1.0)])
def test_cells_die_where_there_is_too_little(tmp_path: Path, oxygen: float, share: float) -> None:
    """From nothing at 10 to the whole rate at 5, smoothly."""
    text = SLAB.replace("uptake: {oxygen: {maximum: 4, half: 1e-5}}", "necrosis: {oxygen: {rate: 2, below: 10, full_below: 5}}")
    text = text.replace("initial: 1, diffusion: 0.5, quasi_steady: true", f"initial: {oxygen}, diffusion: 0.5")
    text = text.replace("value: 1}", f"value: {oxygen}}}")
    run = invasio.run(written(tmp_path, text), set={"mesh.cells": 4}, out=None)
    assert last(run)["tumour.total"] == pytest.approx(np.exp(-2 * share), rel=1e-9)
