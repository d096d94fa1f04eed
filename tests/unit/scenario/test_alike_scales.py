"""Scales that must be alike: what turns into something else would change its amount, and sums would be of numbers in different units."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.solver.scenario.loader import load
from tests.lib.messages import refused

TEXT = """\
scales:
  {length: 1 um, time: 1 h, depth: 1 um, cells: 1e9 /cm^3, b: 1e9 /cm^3, u: 1e9 /cm^3, f: 1 mg/ml, g: 1 mg/ml, s: 1 nM, r: 1 nM, q: 1 nM}
mesh: {kind: rectangle, cells: [2, 2]}
model:
  cells:
    a: {initial: 0.5, motility: 1, becomes: {b: 0.1}}
    b: {initial: 0.1, motility: 1}
  ecm: {f: {initial: 1}, g: {initial: 0.2}}
  solubles: {s: {initial: 1, diffusion: 1}}
  bound: {r: {on: a, per_cell: 1}, q: {on: b, per_cell: 1}}
species: {u: {initial: 1}}
time: {end: 1}
"""
B, G, S = "scales.b=1e8 /cm^3", "scales.g=1 ug/ml", "scales.s=1 pM"
TURNING = {
    "cells": ([B], "model.cells.a.becomes.b"),
    "of one's own": (["scales.u=1e8 /cm^3", "species.u.becomes={a: 1}"], "species.u.becomes.a"),
    "matrix": ([G, "model.ecm.f.becomes={g: 1}"], "model.ecm.f.becomes.g"),
    "matrix that is opened": ([G, "model.ecm.f.opened_by={s: 1}", "model.ecm.f.opens_into=g"], "model.ecm.f.opens_into"),
    "carried": (["scales.q=1 pM", "model.bound.r.becomes={b: q}"], "model.bound.r.becomes.b"),
    "carried and set free": ([S, "model.bound.r.released_into=s"], "model.bound.r.released_into"),
}
SUMS = {
    "a shared capacity": ([B, "model.cells.a.growth={kind: logistic, rate: 1, shared_with: [b]}"], "model.cells.a.growth.shared_with"),
    "volume": ([B, "model.cells.a.growth={kind: volume_filling, rate: 1}"], "model.cells.a.growth"),
    "volume of matrix": ([G, "model.cells.a.growth={kind: volume_filling, rate: 1}"], "model.cells.a.growth"),
    "pores": ([G, "model.cells.a.pores={closed_above: 1}"], "model.cells.a.pores"),
    "contact": ([G, "model.cells.a.anoikis={rate: 1, half: 1}"], "model.cells.a.anoikis"),
    "room for matrix": ([G, "model.ecm.f.remodelling=1"], "model.ecm.f.remodelling"),
}
STAY = "model.cells.a.becomes={}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The scenario as a file."""
    path = tmp_path / "alike.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", TURNING)
def test_what_turns_keeps_its_amount(case: str, path: Path) -> None:
    """Refused at its place; with scales that are alike it is not."""
    settings, place = TURNING[case]
    with refused("wrong-unit", place, "give both the same scale"):
        load(path, settings)
    same = [text.replace("1e8 /cm^3", "1e9 /cm^3").replace("1 pM", "1 nM").replace("1 ug/ml", "1 g/l") for text in settings]
    assert load(path, same).scales is not None


@pytest.mark.parametrize("case", SUMS)
def test_what_is_added_up_is_alike(case: str, path: Path) -> None:
    """Refused at its place; where all have one scale, or only one is looked at, it is not; cells and matrix are shares of the room."""
    settings, place = SUMS[case]
    with refused("wrong-unit", place, "give both the same scale", ("are added up, and their scales differ",)):
        load(path, [*settings, STAY])
    assert load(path, settings[1:]).scales is not None
    if case in ("pores", "contact"):
        assert load(path, [*settings, f"{place}.of=[g]"]).scales is not None
