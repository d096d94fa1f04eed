"""The ledger of the report: what came and what went make up what is there, whatever the accounts are."""

from __future__ import annotations

from pathlib import Path

import pytest

import invasio
from invasio.postprocess.report import booked, compose
from invasio.postprocess.run import open_run

SCENARIO = """
schema_version: 1
scales: {length: 1 um, time: 1 h, cells: 1e8 /cm^3, depth: 100 um, drug: 1 nM, taken: 1 nM}
mesh: {kind: interval, to: 200, cells: 20}
model:
  cells:
    tumour: {initial: 0.5, motility: 1e-10 cm^2/s, growth: {kind: logistic, rate: 0.02}, death: 0.01, becomes: {other: 0.01}}
    other: {initial: 0, motility: 1e-11 cm^2/s}
  solubles: {drug: {diffusion: 1e-8 cm^2/s, initial: 1, decay: 0.1}, taken: {diffusion: 1e-9 cm^2/s}}
  reactions: {uptake: {equation: "2 drug -> taken", rate: 0.1 /nM/h}}
  vessels:
    vein: {carries: blood, at: {boundary: right}, entry: {tumour: 1 um/h}}
    duct: {carries: lymph, at: {boundary: left}, entry: {tumour: 0.5 um/h}}
boundaries: {left: {drug: {kind: exchange, rate: 1, value: 2}}}
radiation: {boost: {at: [5], dose: 2 Gy, alpha: 0.3 /Gy}}
surgery: {cut: {at: 8, where: "x < 50"}}
time: {end: 10}
output: {figures: false}
"""


def test_what_came_and_went_is_all_there_is(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(SCENARIO)
    invasio.run(tmp_path / "all.yaml", out=tmp_path / "run")
    run = open_run(tmp_path / "run")
    for name in ("tumour", "other", "drug", "taken"):
        total = run.series[f"{name}.total"]
        came, went = booked(run, name)
        expected = float(total[0]) + sum(came.values()) - sum(went.values())
        assert float(total[-1]) == pytest.approx(expected, rel=1e-9, abs=1e-25), name
    assert {"blood:vein", "lymph:duct", "radiation:boost", "surgery:cut", "dead", "switched_out"} == set(booked(run, "tumour")[1])
    assert "reaction:uptake" in booked(run, "taken")[0] and "reaction:uptake" in booked(run, "drug")[1]
    assert "blood vein" in compose(run)
