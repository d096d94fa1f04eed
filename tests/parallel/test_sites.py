"""A share of an organ that is tissue of the mesh: in 1-D, 2-D, 3-D, on any ranks, across a stop, with the cells of the own history."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert

pytestmark = pytest.mark.mpi

TEXT = """\
name: site
scales: {length: 1 um, time: 1 d, cells: 1e8 /cm^3, DEPTH}
mesh: MESH
model:
  cells: {tumour: {initial: {tissue: 0.5, liver: 0}, motility: 1e-10 cm^2/s, growth: {kind: logistic, rate: 0.3}}}
  membranes: {capsule: {}}
  vessels:
    vein: {carries: blood, into: portal, at: {boundary: left}, entry: {tumour: 0.5 um/h}}
    sinusoid: {carries: blood, at: {boundary: right}}
circulation: {seed: 3, stands_for: STANDS, end: 60 d, blood: {transit: 2 h, survival: {single: 0.05}}}
organs:
  anatomy: human_adult
  capture: 0.9
  soil: {lungs: 0.01, others: 0.02}
  colony: {birth: 0.25 /d, death: 0.2 /d}
  sites: {liver: {share: 1e-3, vessel: sinusoid}}
time: {end: 4, step: 0.5}
output: {every: 1, figures: false}
"""
MESHES = {
    1: "{kind: interval, to: 200, cells: 10, regions: {liver: {kind: interval, from: 100, to: 200}}, "
    "interfaces: {capsule: [tissue, liver]}}",
    2: "{kind: rectangle, to: [200, 40], cells: [8, 2], regions: {liver: {kind: rectangle, from: [100, 0], to: [200, 40]}}, "
    "interfaces: {capsule: [tissue, liver]}}",
    3: "{kind: box, to: [200, 40, 40], cells: [6, 2, 2], regions: {liver: {kind: box, from: [100, 0, 0], to: [200, 40, 40]}}, "
    "interfaces: {capsule: [tissue, liver]}}",
}
STANDS = {1: "4e3", 2: "1e4", 3: "2e4"}


def scenario(comm: Comm, folder: Path, dim: int, *more: tuple[str, str]) -> Path:
    """The scenario as a file, on all ranks."""
    path = folder / "site.yaml"
    text = TEXT.replace("MESH", MESHES[dim]).replace(", DEPTH", "" if dim == 3 else ", depth: 100 um").replace("STANDS", STANDS[dim])
    for old, new in more:
        assert old in text, old
        text = text.replace(old, new)
    if comm.rank == 0:
        path.write_text(text, encoding="utf-8")
    comm.barrier()
    return path


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_cells_that_come_are_those_of_the_own_history(comm: Comm, shared_tmp: Path, dim: int) -> None:
    path, whole, parts = scenario(comm, shared_tmp, dim), shared_tmp / "whole", shared_tmp / "parts"
    alone = whole if comm.size == 1 else shared_tmp / "alone"
    run(load(path), comm, whole)
    with Simulation(path, comm=comm, out=parts) as simulation:
        for _ in range(5):
            simulation.step()
    with Simulation(path, comm=comm, out=parts, resume=True) as simulation:
        simulation.run()
    if comm.rank == 0 and comm.size > 1:
        run(load(path), MPI.COMM_SELF, alone)
    comm.barrier()
    said = []
    if comm.rank == 0:
        one, other, third = (open_run(folder).series for folder in (whole, parts, alone))
        said += [f"{name} across a stop" for name in one if not np.array_equal(one[name], other[name], equal_nan=True)]
        names = [name for name in one if name.startswith(("organ.", "site.", "tumour.total", "tumour.in:"))]
        said += [f"{name} on ranks" for name in names if not np.allclose(one[name], third[name], rtol=1e-9, atol=1e-9)]
        came, amount = one["site.liver.arrived:tumour"], one["tumour.arrived:liver"]
        said += [] if came[-1] >= 2 and np.allclose(amount, came, rtol=1e-12) else [f"came {came} {amount}"]
        said += [] if one["circulation.ledger"].max() < 1e-12 and one["tumour.ledger"].max() < 1e-12 else ["ledger"]
        with (whole / "cascade/events.csv").open(encoding="utf-8", newline="") as stream:
            here = [row for row in csv.DictReader(stream) if row["place"] == "liver.site"]
        known = sum(int(row["size"]) for row in here if float(row["entered"]) <= 3.5 and float(row["arrived"]) <= 3.5)
        said += [] if known <= came[-1] <= sum(int(row["size"]) for row in here) else [f"history {known} {came[-1]}"]
        ratio = one["organ.liver.site.arrived"][-1] / (one["organ.liver.arrived"][-1] + one["organ.liver.site.arrived"][-1])
        said += [] if ratio == pytest.approx(1e-3, rel=1e-9) else [f"share {ratio}"]
        said += [] if one["tumour.in:liver"][0] == 0 and one["tumour.in:liver"][-1] > 0.9 * came[-1] else ["tissue of the site"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")


def test_a_wall_too_fine_to_hold_a_cell_is_told(comm: Comm, shared_tmp: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nodes of 20 um by 20 um by 1 um hold a twentieth of a cell at density 1."""
    with Simulation(scenario(comm, shared_tmp, 2, ("depth: 100 um", "depth: 1 um")), comm=comm) as simulation:
        simulation.step()
    told = [record.getMessage() for record in caplog.records if "site liver" in record.getMessage()]
    parallel_assert(comm, len(told) == (1 if comm.rank == 0 else 0) and all("coarser mesh" in text for text in told), f"{told}")


def test_given_one_arrival_it_comes_then_and_nothing_else(comm: Comm, shared_tmp: Path) -> None:
    given = ("vessel: sinusoid}", "vessel: sinusoid, arrivals: [{at: 1.25, cells: {tumour: 3}}]}")
    out = shared_tmp / "out"
    run(load(scenario(comm, shared_tmp, 2, given, ("rate: 0.3", "rate: 0"))), comm, out)
    said = []
    if comm.rank == 0:
        series = open_run(out).series
        said += [] if series["site.liver.arrived:tumour"].tolist() == [0, 0, 3, 3, 3] else ["came"]
        said += [] if np.allclose(series["tumour.in:liver"], [0, 0, 3, 3, 3], rtol=1e-9) else [f"{series['tumour.in:liver']}"]
        said += [] if series["tumour.ledger"].max() < 1e-12 else ["ledger"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")
