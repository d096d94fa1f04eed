"""A scenario's numbers on the grid of the cascade: by organ and phenotype, formulas of time and pools; what follows the run; intervals."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import pytest

from invasio.solver.cascade.build import plan_of
from invasio.solver.cascade.draw import interval
from invasio.solver.cascade.entered import entries_of, followed
from invasio.solver.cascade.grid import Grid
from invasio.solver.circulation.where import arrests
from invasio.solver.commands import validate
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario
from tests.lib.cascades import changed
from tests.lib.messages import refused

COARSE = ("end: 2 y", "end: 20 d\n  step: 0.5 d")
TABLE = {"time": [0.0, 5.0, 10.0], "vein/right.entered:tumour": [0.0, 10.0, 30.0], "duct/left.entered:tumour": [0.0, 0.0, 10.0]}
BEDS = """beds: {lungs: {share: 1, into: arteries}, brain: {share: .12}, heart: {share: .04}, kidneys: {share: .19}, liver: {share: .065},
    gut: {share: .1525, into: liver}, adrenals: {share: .003}, bone: {share: .4295}}"""


def _read(folder: Path, *pairs: tuple[str, str]) -> Scenario:
    file = folder / "cascade.yaml"
    file.write_text(changed(COARSE, *pairs), encoding="utf-8")
    return load(file)


def test_values_differ_by_organ_and_phenotype_and_others_are_the_rest(tmp_path: Path) -> None:
    plan = plan_of(_read(tmp_path, ("lungs: 0.005", "lungs: {tumour: 0.005}"), ("capture: 0.9", "capture: {tumour: 0.9}")))
    soil = dict(zip(plan.places, plan.soil[:, 0, 0], strict=True))
    assert (soil["liver"], soil["lungs"], soil["II"], soil["kidneys"]) == (0.02, 0.005, 0.001, 0.001)
    assert plan.beds.capture.shape == (1, 1, 1) and plan.beds.capture[0, 0, 0] == 0.9
    assert plan.soil.shape == (len(plan.places), 1, 1) and plan.places[-2:] == ("II", "III")
    assert len(plan.times) == 41 and plan.times[-1] == 20.0


def test_vessels_lead_where_they_are_said_to(tmp_path: Path) -> None:
    """Arrests from a systemic, a portal and a pulmonary vein: the closed form of the loop, which others have computed."""
    pairs = (("anatomy: human_adult", BEDS), ("capture: 0.9", "capture: 0.5"))
    expected = {
        "systemic": {"lungs": 0.6501, "liver": 0.0459, "brain": 0.0390, "kidneys": 0.0618},
        "portal": {"liver": 0.5230, "lungs": 0.3251, "brain": 0.0195, "kidneys": 0.0309},
        "pulmonary": {"lungs": 0.300, "liver": 0.092, "brain": 0.078, "kidneys": 0.124},
    }
    for way, shares in expected.items():
        scenario = _read(tmp_path, *pairs, ("carries: blood,", f"carries: blood, into: {way},"))
        plan, entries = plan_of(scenario), entries_of(scenario, TABLE)
        start = entries.parts[0].beds
        assert start is not None
        found = dict(zip(plan.beds.names, np.ravel(arrests(plan.beds, start[None])), strict=False))
        assert found == pytest.approx(found | shares, abs=6e-4), way


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("capture: 0.9", 'capture: "0.9*(t < 10)"', "no-loss", "organs.capture"),
        ("birth: 0.25 /d", "birth: 50 /d", "out-of-bounds", "organs.colony.birth"),
    ],
)
def test_values_that_do_not_go_together_are_refused(tmp_path: Path, old: str, new: str, code: str, place: str) -> None:
    scenario = _read(tmp_path, (old, new))
    with refused(code, place, "", []):
        plan_of(scenario)


def test_formulas_count_as_their_mean_and_pools_by_their_law(tmp_path: Path) -> None:
    scenario = _read(
        tmp_path,
        ("after: none", "after: none\n  pools: {priming: {initial: 1, inflow: 0, loss: 0.2 /d}}"),
        ("wake: 0.002 /d", 'wake: "0.002*t"'),
        ("extravasation: 0.8", "extravasation: priming"),
    )
    plan = plan_of(scenario)
    middles = 0.5 * (plan.times[1:] + plan.times[:-1])
    assert plan.dormancy.wake[0, 0] == pytest.approx(0.002 * middles, rel=1e-12)
    exact = (np.exp(-0.2 * plan.times[:-1]) - np.exp(-0.2 * plan.times[1:])) / (0.2 * np.diff(plan.times))
    assert plan.extravasation[0, 0] == pytest.approx(exact, rel=1e-5)  # the middles of eight parts


def test_values_that_no_chance_can_have_are_refused(tmp_path: Path) -> None:
    with refused("bad-rate", "organs.soil.liver", "at most 1"):
        plan_of(_read(tmp_path, ("liver: 0.02", 'liver: "0.1*t"')))
    with refused("unknown-name", "circulation.pools.early", "stated before", ["late"]):
        plan_of(_read(tmp_path, ("after: none", "after: none\n  pools: {early: {inflow: late}, late: {inflow: 0.1 /d}}")))


SOILS = {
    "of time": (("liver: 0.02", 'liver: "0.1*t"'),),
    "pool of the circulation": (("liver: 0.02", "liver: primed"), ("after: none", "after: none\n  pools: {primed: {inflow: 0.1 /d}}")),
    "pool of the tissue": (("liver: 0.02", "liver: primed"), ("  vessels:", "  pools: {primed: {inflow: 0.1 /d}}\n  vessels:")),
}


@pytest.mark.parametrize("pairs", SOILS.values(), ids=SOILS)
def test_a_soil_that_rises_above_one_is_refused_beforehand_at_its_place(tmp_path: Path, pairs: tuple[tuple[str, str], ...]) -> None:
    """By `validate`, with file, line and column; also where a pool of the tissue brings it there after the run."""
    path = tmp_path / "cascade.yaml"
    _read(tmp_path, *pairs)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(k for k, text in enumerate(lines, 1) if "soil:" in text)
    place = f"cascade.yaml:{line}:{lines[line - 1].index('liver: ') + 8}: organs.soil.liver"
    with refused("bad-rate", place, "at most 1"):
        validate.main(argparse.Namespace(scenario=path, overrides=[], cost=False, ranks=None, resolved=False))


@pytest.mark.parametrize(("after", "cells"), [("none", 40.0), ("last", 100.0), ('"5*(t < 14)"', 60.0)])
def test_what_enters_after_the_run(tmp_path: Path, after: str, cells: float) -> None:
    """The last step brought 6 cells a day, in the ratio 2 to 1; a formula is shared alike."""
    scenario = _read(tmp_path, ("after: none", f"after: {after}"))
    plan = plan_of(scenario)
    entries = followed(scenario, entries_of(scenario, TABLE), Grid(scenario, plan.times))
    assert entries.times[-1] == 20.0 and entries.cells[-1].sum() == pytest.approx(cells, rel=1e-12)
    assert entries.cells[-1, 0, 0] - 30.0 == pytest.approx(2.0 * (entries.cells[-1, 1, 0] - 10.0), abs=1e-9)


def test_intervals_of_draws_are_exact_ones() -> None:
    """Nothing in n draws: up to 1 - (alpha/2)^(1/n); the ends for 3 of 10 are tabulated."""
    low, high = interval(0, 100)
    assert float(low) == 0.0 and float(high) == pytest.approx(1 - 0.025 ** (1 / 100), rel=1e-9)
    low, high = interval(3, 10)
    assert float(low) == pytest.approx(0.06674, abs=1e-5) and float(high) == pytest.approx(0.65245, abs=1e-5)
    assert math.isclose(float(interval(10, 10)[1]), 1.0)
