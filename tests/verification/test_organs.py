"""Shipped cascades by hand: the body cavity, levels of lymph nodes; and how orders of organs are compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from invasio.solver.cascade.draw import prepared
from invasio.solver.circulation.chances import chances
from invasio.solver.circulation.histories import histories
from invasio.solver.scenario.loader import load
from tests.lib.cascade import off
from tests.verification.organs import ROOT, SEEN, Case, conditionals, fitted, in_order, levels, shares

TIMES = np.linspace(0, 30, 31).astype(float)


def case(name: str, cells: float, *settings: str, **columns: str) -> Case:
    """A shipped cascade whose vessels take up ``cells`` of a block each, at a constant rate, without its tissue."""
    scenario = load(ROOT / "scenarios" / "cascade" / f"{name}.yaml", list(settings))
    table = {"time": TIMES, **{f"{vessel}/{side}.entered:tumour": (cells * TIMES / 30).astype(float) for vessel, side in columns.items()}}
    plan, entries = prepared(scenario, table)
    return Case(replace(plan, report=(len(plan.times) - 1,)), entries)


def test_levels_are_independent_unless_their_colonies_shed() -> None:
    """Without shedding: P(level positive) = 1 - exp(-cells * held here * soil * P(200 cells)), whatever the others are."""
    one = case("oropharynx", 30, duct="left")
    alone = replace(one, plan=replace(one.plan, colony=replace(one.plan.colony, sheds=None)))
    drawn = levels(alone, 1000)
    closed = chances(alone.plan, one.entries, ("micro",)).micro[-1]
    nodes = [one.plan.places.index(name) for name in one.plan.lymph.names]
    cells = 14 * 30.0
    events = -np.log1p(-closed[nodes])
    assert events[1] / events[0] == pytest.approx(0.06, rel=1e-9) and events[2] / events[0] == pytest.approx(0.06**2, rel=1e-9)
    at = np.linspace(170, 200, 3001)  # ages of colonies at the end
    grown = np.exp(-0.05 * at)
    eta = 0.25 * (1 - grown) / (0.25 - 0.2 * grown)
    tail = np.mean((1 - 0.2 * (1 - grown) / (0.25 - 0.2 * grown)) * eta**199)
    assert events[0] == pytest.approx(cells * 0.94 * 0.02 * tail, rel=1e-3)
    for level in range(3):
        chance = closed[nodes[level]]
        assert off(drawn[:, level], chance, chance * (1 - chance)) < 4
    two, three = drawn[:, 0] > 0, drawn[:, 1]
    chance = closed[nodes[1]]
    assert off(three[two], chance, chance * (1 - chance)) < 4 and off(three[~two], chance, chance * (1 - chance)) < 4
    shed = conditionals(levels(one, 250))
    assert shed[3] > shed[4] + 0.2 and shed[5] > shed[6] + 0.05, shed  # P(III | II), P(III | not II), P(IV | III), P(IV | not III)


def test_injected_melanoma_and_spontaneous_spread() -> None:
    """Colonies seen with 8 cells, against the Markov chain of birth and death on the grid; of these, switch/(switch + regress) go on."""
    path = ROOT / "scenarios" / "cascade" / "melanoma.yaml"
    table = {"time": np.array([0.0, 0.1, 1.0]), "portal/right.entered:melanoma": np.array([0.0, 100.0, 100.0])}
    plan, entries = prepared(load(path), table)
    birth, death, last = 0.8, 0.95, 80
    sizes = np.arange(last + 1.0)
    rates = np.diag(birth * sizes[:-1], 1) + np.diag(death * sizes[1:], -1)
    rates -= np.diag(rates.sum(axis=1))
    small = sizes < 8
    now = expm(rates * (0.25 - 0.05 - 5 / 1440))[1]  # from entry in 0.1 d and 5 min of transit to the first time of the grid
    step, seen = expm(rates * 0.25), 0.0
    for _ in range(200):
        seen += now[~small].sum()
        now = (now * small) @ step
    alive = 0.9 * 0.92
    micro = alive * (1 - 0.43) * seen
    assert 1 / 42 < micro < 1 / 38 and alive > 0.8 and alive * 0.43 == pytest.approx(0.36, abs=0.005)
    units = [batch.units for batch in histories(plan, entries, range(1, 5))]
    cells = 4 * 20_000
    micros, macros = (sum(int(np.isfinite(getattr(batch, kind)).sum()) for batch in units) for kind in ("micro", "macro"))
    assert abs(micros - cells * micro) < 4 * np.sqrt(cells * micro) < 0.1 * cells * micro
    assert abs(macros - 0.01 * micros) < 4 * np.sqrt(0.01 * micros) and macros > 5
    alone = prepared(load(path, ["circulation.blood.survival.single=5e-4"]), table)[0]
    assert float(alone.blood.single.max()) * micro / 0.9 < 1e-4  # of cells that come by themselves; fewer yet go on


def test_soil_that_is_fitted_gives_the_shares_back() -> None:
    seen = SEEN[0].shares
    one = case("breast", 20, "circulation.step=10 d", vein="right", duct="left")
    soil = fitted(one, seen)
    assert max(soil.values()) == 1 and soil["lungs"] < soil["liver"] < soil["adrenals"]
    events = one.expected(one.soil(soil))
    assert shares(events, seen) == pytest.approx(dict(seen), abs=5e-3)
    assert in_order(seen, events) == (6, 6) and in_order({"a": 2, "b": 1, "c": 0.5}, {"a": 1, "b": 3, "c": 2}) == (1, 3)
    twice = replace(one, plan=replace(one.plan, soil=one.soil({}) * np.array(2.0), stands_for=0.5 * one.plan.stands_for))
    assert twice.expected(twice.plan.soil)["liver"] == pytest.approx(one.expected(one.soil({}))["liver"], rel=1e-2)


def test_the_page_has_no_number_of_its_own() -> None:
    """docs/organs.md is the template with tables: its text is there word for word."""
    page, text = (Path(ROOT, name).read_text(encoding="utf-8") for name in ("docs/organs.md", "tests/verification/organs.md"))
    for part in ("## Organs", "## Levels of lymph nodes", "## Melanoma cells injected"):
        assert part in page and part in text
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) == (len(SEEN) + 2) + 6 + 7
