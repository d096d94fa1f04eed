"""Small scenarios that once came out wrong without a word, each for its whole kind, from the file to the series."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import invasio
from invasio.solver.cli import main

HEAD = "schema_version: 1\nname: case\nmesh: {kind: interval, cells: 2}\n"


def ran(folder: Path, text: str, **options: Any) -> Any:
    """A run in memory. options: as ``time__step``."""
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return invasio.run(path, set={name.replace("__", "."): value for name, value in options.items()}, out=None)


LOGISTIC = (
    HEAD
    + """\
model:
  cells:
    moving: {initial: 0.5, motility: 1e-3, growth: {kind: logistic, rate: 1}}
    still: {initial: 0.5, growth: {kind: logistic, rate: 1}}
species: {user: {initial: 0.5, diffusion: 1e-3, growth: 1, self_limitation: 1}}
time: {end: 400, step: 1.25}
output: {every: 100, figures: false}
"""
)


@pytest.mark.parametrize(("step", "end"), [(0.5, 400), (1, 400), (1.25, 400), (2, 400), (2.5, 400), (4, 400), (20, 400), (1e4, 1e6)])
def test_growth_that_limits_itself_ends_at_its_capacity(tmp_path: Path, step: float, end: float) -> None:
    """.834 at 1.25, none left at 4, 9e57 at 20."""
    series = ran(tmp_path, LOGISTIC, time__step=step, time__end=end, output__every=end).series
    for name in ("moving", "still", "user"):
        assert series[f"{name}.total"][-1] == pytest.approx(1.0, rel=1e-7), name


FILLING = (
    HEAD
    + """\
model: {cells: {n: {initial: 0.1, motility: 1e-3, growth: {kind: volume_filling, rate: 5}}}, ecm: {initial: 0.2}}
time: {end: 40, step: 0.4}
output: {every: 40, figures: false}
"""
)


@pytest.mark.parametrize("step", [0.1, 0.4, 1, 2])
def test_cells_fill_what_the_matrix_leaves(tmp_path: Path, step: float) -> None:
    """.56 or none at all."""
    assert ran(tmp_path, FILLING, time__step=step).series["n.total"][-1] == pytest.approx(0.8, rel=1e-7)


FIRST = (
    HEAD
    + """\
model: {cells: {n: {initial: 0.01, motility: 1e-3, growth: {kind: logistic, rate: 1}}}}
time: {end: 2e4}
output: {at: [5, 10, 2e4], figures: false}
"""
)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-4, 1e-5, 1e-6])
def test_the_first_step_of_a_long_run_is_not_believed(tmp_path: Path, tolerance: float) -> None:
    """28 % too little at t = 5 at any tolerance; 19,800 steps from 10 to the end, of which `max_step` asks ten."""
    series = ran(tmp_path, FIRST, time__tolerance=tolerance).series
    assert series["n.total"][1:] == pytest.approx([0.5998596, 0.9955255, 1.0], rel=max(3.0 * tolerance, 1e-7))
    assert series["step"][-1] - series["step"][-2] < 110


ORDER = (
    HEAD
    + """\
species:
  still: {initial: 0.2, production: 0.5, growth: 1, self_limitation: 1}
  moving: {initial: 0.2, diffusion: 1e-3, production: 0.5, growth: 1, self_limitation: 1}
time: {end: 2, step: 0.1}
output: {at: [2], figures: false}
"""
)


def test_what_stays_is_of_the_order_of_what_moves(tmp_path: Path) -> None:
    """y' = .5 + y - y^2 in closed form, as which it is solved now; what stayed was of order 1."""
    right, far = (1.0 + math.sqrt(3.0)) / 2.0, (1.0 - math.sqrt(3.0)) / 2.0
    part = (0.2 - right) / (0.2 - far) * math.exp(-2.0 * math.sqrt(3.0))
    exact = (right - far * part) / (1.0 - part)
    assert exact == pytest.approx(1.2611063, rel=1e-7)
    runs = [ran(tmp_path, ORDER, time__step=step).series for step in (0.1, 0.05, 0.025, 0.0125)]
    for name in ("still", "moving"):
        errors = [abs(series[f"{name}.total"][-1] - exact) for series in runs]
        assert max(errors) < 1e-12 or min(np.log2(errors[:-1]) - np.log2(errors[1:])) > 1.85, (name, errors)


UPTAKE = """\
schema_version: 1
name: case
mesh: {kind: interval, cells: 40}
model:
  cells: {tumour: {initial: 1}}
  solubles: {oxygen: {diffusion: 1, quasi_steady: true, initial: 1, decay: "SPEED*tumour/(oxygen + HALF)"}}
boundaries: {left: {oxygen: {kind: fixed, value: 1}}}
time: {end: 1}
output: {every: 1, figures: false}
"""


@pytest.mark.parametrize("cells", [10, 40])
@pytest.mark.parametrize("half", [1e-3, 1e-6])
@pytest.mark.parametrize("speed", [2, 10, 100])
def test_uptake_down_to_no_half_saturation(tmp_path: Path, speed: float, half: float, cells: int) -> None:
    """It was refused, but by luck of the mesh. Without half-saturation it reaches sqrt(2 D c0/V), as (1 - x/depth)^2."""
    text = UPTAKE.replace("SPEED", f"{speed}").replace("HALF", f"{half}")
    run = ran(tmp_path, text, mesh__cells=cells)
    x = np.linspace(0.0, 1.0, cells + 1)
    right = np.maximum(0.0, 1.0 - x / math.sqrt(2.0 / speed)) ** 2
    found = np.sort(run.field("oxygen", 1))[::-1]
    assert np.abs(found - right).max() < 0.5 * speed / cells**2 + 3.0 * math.sqrt(half)


def test_uptake_in_time_ends_in_its_balance(tmp_path: Path) -> None:
    """A two-cycle in 248,303 steps."""
    text = UPTAKE.replace("SPEED", "50").replace("HALF", "1e-2")
    steady = np.sort(ran(tmp_path, text).field("oxygen", 1))
    run = ran(tmp_path, text, model__solubles__oxygen__quasi_steady=False)
    assert np.abs(np.sort(run.field("oxygen", 1)) - steady).max() < 1e-6
    assert run.series["step"][-1] < 300


SIGNS = """\
schema_version: 1
name: case
mesh: {kind: interval, cells: 4}
model:
  cells: {tumour: {initial: 1, motility: MOTILITY, death: DEATH, secretes: {mmp: SECRETION}}}
  solubles: {mmp: {initial: 1, diffusion: 1e-3}}
  ecm: {initial: 1, degraded_by: {mmp: DEGRADATION}}
time: {end: 2}
output: {every: 1, figures: false}
"""


@pytest.mark.parametrize("which", ["DEATH", "SECRETION", "DEGRADATION", "MOTILITY"])
def test_a_rate_below_zero_ends_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str], which: str) -> None:
    """Formula, value, place, time, names and a remedy, with exit code 4; it ran on, or asked for a report."""
    formula = "0.2 - tumour" if which != "MOTILITY" else "tumour - 1.6"
    text = SIGNS.replace(which, f'"{formula}"')
    for other in ("DEATH", "SECRETION", "DEGRADATION", "MOTILITY"):
        text = text.replace(other, "0.1")
    path = tmp_path / "signs.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(["run", str(path), "--out", str(tmp_path / "out")]))
    assert ended.value.code == 4
    said = capfd.readouterr().err
    for part in (formula, "tumour = 1", "t = ", "x = ", "write max(0, "):
        assert part in said, (part, said)


UNSEEN = """\
schema_version: 1
name: case
mesh: {kind: interval, to: 10, cells: 200}
model:
  cells:
    epithelial: {initial: "exp(-x^2)", motility: 1e-3, becomes: {mesenchymal: 0.5}}
    mesenchymal: {initial: 0, motility: 0.1}
time: {end: 10}
output: {every: 1, figures: false}
"""


def test_a_phenotype_that_is_not_there_at_first_has_a_front(tmp_path: Path) -> None:
    """It was nan, and the invaded volume 0."""
    series = ran(tmp_path, UNSEEN).series
    assert 2.0 < series["mesenchymal.front.xmax"][-1] < 6.0
    assert series["mesenchymal.invaded_volume"][-1] > 1.0
