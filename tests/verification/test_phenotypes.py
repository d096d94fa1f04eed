"""Phenotypes: a capacity that several share, followers, EMT and MET, what kills and what is lost without contact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.solver.api import Result
from tests.lib.messages import refused
from tests.verification.test_matrix import written

HEAD = "schema_version: 1\nmesh: {kind: interval, cells: 20}\n"
TAIL = "time: {end: 1, step: 0.1}\noutput: {every: 1, figures: false}\n"
SHARED = (
    HEAD
    + """\
model:
  cells:
    a: {initial: 0.3, motility: 1e-3, growth: {kind: logistic, rate: 1, capacity: 2, shared_with: [b]}}
    b: {initial: 0.2, motility: 1e-3, growth: {kind: logistic, rate: 0.6, capacity: 2, shared_with: [a]}}
"""
    + TAIL
)
FOLLOWERS = """\
schema_version: 1
mesh: {kind: interval, cells: 40, regions: {left: {kind: interval, from: 0, to: 0.5}}, interfaces: {basement: [left, tissue]}}
model:
  cells:
    leader: {initial: 0.5 - 0.5*cos(pi*x)}
    follower: {initial: 1, motility: 0.5, follows: {leader: 0.8}}
  membranes: {basement: {initial: 0, permeability: {follower: {rate: 50, haptotaxis: true}}}}
time: {end: 4, step: 0.1}
output: {every: 4, figures: false}
"""
KILLED = (
    HEAD
    + """\
model:
  cells:
    tumour: {initial: 0.4, motility: 1e-3, growth: {kind: exponential, rate: 0.7}, killed_by: {immune: 3}}
    immune: {initial: 0.5, motility: 1e-3}
"""
    + TAIL
)
SWITCHING = (
    HEAD
    + """\
model:
  cells:
    epithelial: {initial: "exp(-x^2/0.1)", motility: 1e-3, becomes: {mesenchymal: "EMT*(1 - min(1, oxygen))*(1 + tgf)"}}
    mesenchymal: {initial: 0, motility: 5e-3, becomes: {epithelial: "MET*oxygen"}, uptake: {oxygen: {maximum: 2, half: 0.1}}}
  solubles: {oxygen: {initial: 1, diffusion: 0.1, quasi_steady: true}, tgf: {initial: x, diffusion: 1e-2}}
boundaries: {right: {oxygen: {kind: fixed, value: 0.5}}}
"""
    + TAIL
)


def last(run: Result) -> dict[str, float]:
    """The last row of the series."""
    return {name: float(values[-1]) for name, values in run.series.items()}


@pytest.mark.parametrize("dt", [1.0, 1e4])
@pytest.mark.parametrize(("a", "b"), [(0.3, 0.2), (3, 4)])
def test_a_shared_capacity_is_reached_with_the_right_shares(tmp_path: Path, dt: float, a: float, b: float) -> None:
    """a + b = K, and (a/a0)^(1/mu_a) = (b/b0)^(1/mu_b) whatever the step, from below and from above."""
    starts = {"model.cells.a.initial": a, "model.cells.b.initial": b}
    run = invasio.run(written(tmp_path, SHARED), set={**starts, "time.step": dt, "time.end": 40 * dt, "output.every": 40 * dt}, out=None)
    row = last(run)
    assert row["a.total"] + row["b.total"] == pytest.approx(2.0, rel=1e-11)
    assert row["a.total"] / a == pytest.approx((row["b.total"] / b) ** (1 / 0.6), rel=1e-6)
    assert max(abs(row["a.ledger"]), abs(row["b.ledger"])) < 1e-12


@pytest.mark.parametrize("dt", [1.0, 1e4])
def test_a_shared_capacity_is_kept(tmp_path: Path, dt: float) -> None:
    """Any shares that fill it are at rest."""
    starts = {"model.cells.a.initial": 1.2, "model.cells.b.initial": 0.8}
    row = last(invasio.run(written(tmp_path, SHARED), set={**starts, "time.step": dt, "time.end": 10 * dt, "output.every": dt}, out=None))
    assert (row["a.total"], row["b.total"]) == (pytest.approx(1.2, rel=1e-13), pytest.approx(0.8, rel=1e-13))


def test_phenotypes_that_fill_a_volume_keep_their_shares(tmp_path: Path) -> None:
    """a' = 50 a (1 - a - b), b' = 30 b (1 - a - b): (a/0.4)^3 = (b/0.2)^5 for steps of any size, and at rest they are full."""
    growth = "motility: 1e-3, growth: {kind: volume_filling, rate: "
    cells = f"model:\n  cells:\n    a: {{initial: 0.4, {growth}50}}}}\n    b: {{initial: 0.2, {growth}30}}}}\n"
    row = last(invasio.run(written(tmp_path, HEAD + cells + TAIL), set={"time.end": 4, "time.step": 1}, out=None))
    a, b = row["a.total"], row["b.total"]
    assert a + b == pytest.approx(1.0, rel=1e-6)
    assert (a / 0.4) ** 3 == pytest.approx((b / 0.2) ** 5, rel=1e-3)


def test_followers_gather_where_leaders_are_through_a_membrane_too(tmp_path: Path) -> None:
    """n tends to N exp(chi L/d)/int exp(chi L/d), order two, on both sides of an open membrane."""
    errors = []
    for cells in (20, 40, 80):
        run = invasio.run(written(tmp_path, FOLLOWERS), set={"mesh.cells": cells}, out=None)
        x = run.points[:, 0]
        fine = np.linspace(0, 1, 4001)
        whole = np.trapezoid(np.exp(1.6 * (0.5 - 0.5 * np.cos(np.pi * fine))), fine)
        exact = np.exp(1.6 * (0.5 - 0.5 * np.cos(np.pi * x))) / whole
        errors.append(float(np.abs(run.field("follower", 4) - exact).max()))
        assert abs(last(run)["follower.ledger"]) < 1e-12
    assert np.log2(errors[1] / errors[2]) > 1.8, errors


def test_what_others_kill_is_noted_under_their_name(tmp_path: Path) -> None:
    """n' = (g - k I) n: killed = k I n0 (e^((g - k I) t) - 1)/(g - k I), order two; a part of what died, and no part of the balance."""
    errors = []
    for steps in (10, 20, 40):
        row = last(invasio.run(written(tmp_path, KILLED), set={"time.step": 1 / steps}, out=None))
        exact = 1.5 * 0.4 * np.expm1(0.7 - 1.5) / (0.7 - 1.5)
        errors.append(abs(row["tumour.killed:immune"] - exact))
        assert row["tumour.dead"] == pytest.approx(row["tumour.killed:immune"], rel=0.02)
        assert abs(row["tumour.ledger"]) < 1e-12
    assert np.log2(errors[1] / errors[2]) > 1.8, errors
    stiff = last(invasio.run(written(tmp_path, KILLED), set={"model.cells.tumour.killed_by.immune": 2e3}, out=None))
    assert stiff["tumour.killed:immune"] == pytest.approx(0.4, rel=0.2)


@pytest.mark.parametrize(("emt", "met"), [(2.0, 3.0), (2e5, 3e5)])
def test_emt_and_met_in_fields_conserve_cells(tmp_path: Path, emt: float, met: float) -> None:
    """Rates of oxygen and TGF-beta; fast ones are in balance at every node, and there and back nothing is lost."""
    text = SWITCHING.replace("EMT", f"{emt:g}").replace("MET", f"{met:g}")
    run = invasio.run(written(tmp_path, text), out=None)
    row, start = last(run), {name: float(values[0]) for name, values in run.series.items()}
    whole = start["epithelial.total"]
    assert row["epithelial.total"] + row["mesenchymal.total"] == pytest.approx(whole, rel=1e-12)
    assert row["epithelial.switched_out"] == pytest.approx(row["mesenchymal.switched_in"], rel=1e-13)
    assert max(abs(row["epithelial.ledger"]), abs(row["mesenchymal.ledger"])) < 1e-12
    assert row["mesenchymal.invaded_volume"] > 0 and row["mesenchymal.front.xmax"] > 0 and np.isnan(start["mesenchymal.front.xmax"])
    if emt > 1e3:
        o, tgf = run.field("oxygen", 1), run.field("tgf", 1)
        there, back = emt * (1 - np.minimum(1, o)) * (1 + tgf), met * o
        share = there / (there + back)
        found = run.field("mesenchymal", 1)
        assert np.abs(found - share * (found + run.field("epithelial", 1))).max() < 2e-3 * whole


def test_cells_without_contact_are_lost(tmp_path: Path) -> None:
    """r K/(K + F) of a matrix that stays: exponential decay."""
    matrix = "  ecm: {a: {initial: 0.1}, b: {initial: 0.2}}\n"
    text = HEAD + "model:\n  cells: {n: {initial: 1, motility: 1e-3, anoikis: {rate: 2, half: 0.1}}}\n" + matrix + TAIL
    path = written(tmp_path, text)
    assert last(invasio.run(path, set={"time.step": 0.01}, out=None))["n.total"] == pytest.approx(np.exp(-0.5), rel=1e-5)
    row = last(invasio.run(path, set={"time.step": 0.01, "model.cells.n.anoikis.of": ["a"]}, out=None))
    assert row["n.total"] == pytest.approx(np.exp(-1.0), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "code", "place", "remedy"),
    [
        ({"model.cells.tumour.follows": {"tumour": 1}}, "meaningless-option", "model.cells.tumour.follows.tumour", "another"),
        ({"model.cells.tumour.killed_by": {"tumour": 1}}, "meaningless-option", "model.cells.tumour.killed_by.tumour", "another"),
        ({"model.cells.tumour.killed_by": {"imune": 1}}, "no-species", "model.cells.tumour.killed_by.imune", "did you mean 'immune'"),
        ({"model.cells.tumour.killed_by": {"immune": -1}}, "out-of-bounds", "model.cells.tumour.killed_by.immune", "at least 0"),
        ({"model.cells.tumour.anoikis": {"rate": 1, "half": 1}}, "missing-option", "model.cells.tumour.anoikis", "model.ecm"),
        ({"model.cells.tumour.uptake": {"oxygen": {"maximum": 1, "half": 1}}}, "no-species", "model.cells.tumour.uptake.oxygen", "none"),
        (
            {"model.cells.tumour.growth": {"kind": "logistic", "rate": 1, "shared_with": ["imune"]}},
            "no-species",
            "model.cells.tumour.growth.shared_with",
            "did you mean 'immune'",
        ),
    ],
)
def test_bad_input_is_refused_at_its_place(tmp_path: Path, change: dict[str, object], code: str, place: str, remedy: str) -> None:
    with refused(code, place, remedy):
        invasio.run(written(tmp_path, KILLED), set=change, out=None)
