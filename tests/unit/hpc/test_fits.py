"""Fits that start programs: runs in processes of their own, on one rank and on several, as in one process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invasio.hpc.fits.fit import fit
from invasio.hpc.fits.pool import Here, Workers
from invasio.hpc.fits.task import Task
from tests.lib.measured import decaying


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    """Two at once; runs that fail where a rate becomes negative are kept, and no search ends there."""
    task = decaying(tmp_path, "vary: {c: {from: 0.5, to: 10}}, screened: 2")
    text = task.path.read_text().replace("death: a*b", 'death: "a*b*(1 - 0.2*max(c - 6, 0)*t)"').replace("starts: 1", "starts: 3")
    task.path.write_text(text)
    here, there = fit(task, tmp_path / "here", jobs=1), fit(task, tmp_path / "there", jobs=2)
    assert [one.value for one in here.estimates] == [one.value for one in there.estimates]
    summary = json.loads((tmp_path / "there" / "estimates.json").read_text())
    assert 0 < summary["failed_runs"] < summary["runs"]


def test_a_fit_on_several_ranks(tmp_path: Path) -> None:
    """In 2-D: values at places, slabs, quantiles and columns are those of one rank, and so are reasons of what fails."""
    (tmp_path / "s.yaml").write_text("""\
name: square
parameters: {d: 1e-2}
mesh: {kind: rectangle, to: [1, 0.5], cells: [8, 4]}
model: {cells: {tumour: {initial: "exp(-(x^2 + y^2)/0.02)", motility: d, death: "0.1*(1 - 60*d*t)"}}}
time: {end: 1, step: 0.25}
fit:
  data: data.csv
  observables:
    slab: {integral: tumour, along: x, noise: {kind: normal, error: 1}}
    point: {value: tumour, noise: {kind: normal, error: 1}}
    median: {quantile: tumour, along: y, noise: {kind: normal, error: 1}}
    tumour.total: {series: tumour.total, noise: {kind: normal, error: 1}}
  vary: {d: {from: 1e-3, to: 0.1, spacing: log}}
""")
    rows = ["1,slab,0,,,0,0.3", "0.5,point,0,0.21,0.13,,", "1,median,0,,,,", "1,tumour.total,0,,,,"]
    (tmp_path / "data.csv").write_text("\n".join(["time,observable,value,x,y,from,to", *rows]) + "\n")
    task = Task(tmp_path / "s.yaml")
    here = Here(task)
    with Workers(task, 1, 2, tmp_path / "log.txt") as pool:
        assert pool.ask("", [1e-2]).values == pytest.approx(here.ask("", [1e-2]).values, rel=1e-9)
        alone, two = here.ask("", [0.1]), pool.ask("", [0.1])
        assert alone.failed and two.code == alone.code
        assert pool.ask("", [2e-3]).values == pytest.approx(here.ask("", [2e-3]).values, rel=1e-9)
