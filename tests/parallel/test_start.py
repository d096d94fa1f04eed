"""Runs that start from the state of others: what is taken to the bit, what is moved to another mesh, what begins anew, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.postprocess.run import open_run
from invasio.solver.output.layout import LOG, MANIFEST
from invasio.solver.simulation import Simulation
from tests.lib import scenarios
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi


def first(comm: Comm, folder: Path, name: str, **given: object) -> Path:
    """A scenario of the library, run into the folder "first"; its file."""
    path = scenarios.write(folder, name) if comm.rank == 0 else folder / f"{name}.yaml"
    comm.barrier()
    invasio.run(path, comm=comm, out=folder / "first", set={"output.precision": "single", **given})
    return path


@pytest.mark.parametrize("name", scenarios.ALL)
def test_the_last_state_to_the_bit(comm: Comm, shared_tmp: Path, name: str) -> None:
    """Doubles of the checkpoint, though outputs are single; integrities too; accounts are 0, and the ledger closes to the end."""
    path = first(comm, shared_tmp, name)
    with Simulation(path, comm=comm, out=shared_tmp / "first", set={"output.precision": "single"}, resume=True) as then:
        before, rows = {species: then[species] for species in then.species}, then.row()
    with Simulation(
        path, comm=comm, out=shared_tmp / "second", set={"start": str(shared_tmp / "first"), "parameters.gamma": 2e-2}
    ) as simulation:
        now = simulation.row()
        for species, values in before.items():
            if species != "oxygen":  # in balance with the others from the start on
                parallel_assert(comm, np.array_equal(simulation[species], values), species)
                parallel_assert(comm, now[f"{species}.total"] == rows[f"{species}.total"], f"amount of {species}")
        booked = [key for key in now if key.endswith((".born", ".dead", ".switched_in", ".switched_out")) and now[key] != 0.0]
        parallel_assert(comm, not booked, f"booked already: {booked}")
        same = [key for key in now if "integrity" in key and now[key] != rows[key]]
        parallel_assert(comm, not same and ("basement.integrity_mean" in now) == (name == "tissue"), f"integrities: {same}")
        parallel_assert(comm, simulation.time == 0.0 and simulation.run() == "done", "to its end")
    facts = json.loads((shared_tmp / "second" / MANIFEST).read_text(encoding="utf-8"))["start"]
    earlier = json.loads((shared_tmp / "first" / MANIFEST).read_text(encoding="utf-8"))["hashes"]
    parallel_assert(comm, facts["time"] == 0.5 and facts["same_mesh"] and facts["run"] == str(shared_tmp / "first"), f"{facts}")
    parallel_assert(comm, facts["scenario"] == earlier["scenario"] and facts["mesh"] == earlier["mesh"], "provenance")


POOLED = """
scales: {length: 1 um, time: 1 h, a: 1 nM, p: 1 nM}
mesh: {kind: interval, to: 1, cells: 8}
model:
  pools: {p: {inflow: "2 nM/h", loss: 0.5 /h, initial: 1 nM}, q: {inflow: p, loss: 1}}
  solubles: {a: {initial: 1, diffusion: 1 um^2/h, decay: "0.1*p"}}
time: {end: 4}
output: {every: 1, figures: false}
"""


@pytest.mark.parametrize(("at", "cells"), [("last", 8), ("last", 6), ("2 h", 8)])
def test_pools_keep_their_levels(comm: Comm, shared_tmp: Path, at: str, cells: int) -> None:
    """A + (A_0 - A) exp(-k t), A = 4 nM, in the scale of now, on any mesh; a pool that the other run has not begins by `initial`."""
    path, more = shared_tmp / "pooled.yaml", shared_tmp / "more.yaml"
    if comm.rank == 0:
        path.write_text(POOLED, encoding="utf-8")
        more.write_text(POOLED.replace("q: {", "r: {initial: 3}, q: {"), encoding="utf-8")
    comm.barrier()
    invasio.run(path, comm=comm, out=shared_tmp / "first")
    later = {"start": {"run": str(shared_tmp / "first"), "at": at}, "mesh.cells": cells, "scales.p": "1 uM"}
    with Simulation(more, comm=comm, out=None, set=later) as simulation:
        before, reached = simulation.row(), 4 - 3 * np.exp(-0.5 * (4 if at == "last" else 2))
        parallel_assert(comm, before["p.level"] == pytest.approx(1e-3 * reached, rel=1e-9), f"{before['p.level']}")
        parallel_assert(comm, before["q.level"] > 1.0 and before["r.level"] == 3.0, f"{before}")
        parallel_assert(comm, simulation.run() == "done", "to its end")
        now = simulation.row()
        parallel_assert(comm, now["p.level"] == pytest.approx(1e-3 * (4 + (reached - 4) * np.exp(-2)), rel=1e-9), f"{now['p.level']}")
        parallel_assert(comm, abs(now["p.ledger"]) < 1e-12 and abs(now["q.ledger"]) < 1e-12, "ledger")


def test_it_goes_on_as_the_run_would(comm: Comm, shared_tmp: Path) -> None:
    """With the same numbers, and the time going on: within the error of the first step, which has no history."""
    path = first(comm, shared_tmp, "line")
    at_once = invasio.run(path, comm=comm, set={"time.end": 1.0})
    given: dict[str, object] = {"start.run": str(shared_tmp / "first"), "time.start": 0.5, "time.end": 1.0}
    there = invasio.run(path, comm=comm, set=given)
    parallel_assert(comm, list(there.times) == [0.5, 0.75, 1.0], f"{there.times}")
    for field in there.fields:
        difference = float(np.abs(there.field(field, 1.0) - at_once.field(field, 1.0)).max())
        parallel_assert(comm, difference < 1e-3 * float(at_once.field(field, 1.0).max()), f"{field} differs by {difference:.1e}")


def test_an_output_time_and_some_species(comm: Comm, shared_tmp: Path) -> None:
    """As precise as the outputs; what is not taken starts by its formula, which is said."""
    path, out = first(comm, shared_tmp, "line"), shared_tmp / "second"
    start: dict[str, object] = {"run": str(shared_tmp / "first"), "at": 0.25, "species": ["tumour", "mmp"]}
    with Simulation(path, comm=comm, out=out, set={"start": start}) as simulation:
        then = open_run(shared_tmp / "first").field("tumour", 0.25)[simulation.nodes]
        parallel_assert(comm, np.array_equal(simulation["tumour"], then), "tumour")
        x = simulation.points[:, 0]
        parallel_assert(comm, bool(np.allclose(simulation["ecm"], 1.0 - 0.5 * np.exp(-(x**2) / 0.01), rtol=1e-14)), "ecm")
    said = (out / LOG).read_text(encoding="utf-8")
    parallel_assert(comm, "t = 0.25 of it, and t = 0 here" in said and "ecm by `initial`" in said, "the log")


def test_another_mesh(comm: Comm, shared_tmp: Path) -> None:
    """Cells and solubles keep their amounts, the ECM its values; integrities start as stated."""
    path, out = first(comm, shared_tmp, "tissue"), shared_tmp / "second"
    with Simulation(path, comm=comm, out=shared_tmp / "first", set={"output.precision": "single"}, resume=True) as then:
        before = then.row()
    given: dict[str, object] = {"start": str(shared_tmp / "first"), "mesh.cells": [10, 9]}
    with Simulation(path, comm=comm, out=out, set=given) as simulation:
        now = simulation.row()
        for species in ("tumour", "runner", "mmp2"):
            off = abs(now[f"{species}.total"] / before[f"{species}.total"] - 1.0)
            parallel_assert(comm, off < 1e-12, f"{species} is off by {off:.1e}")
        off = abs(now["ecm.total"] / before["ecm.total"] - 1.0)
        parallel_assert(comm, off < 0.02, f"the ECM is off by {off:.1e}")
        parallel_assert(comm, now["basement.integrity_min"] == 1.0, "the membrane is whole")
        parallel_assert(comm, simulation.run() == "done", "to its end")
    parallel_assert(comm, "integrity of basement, wall as stated" in (out / LOG).read_text(encoding="utf-8"), "the log")


def test_resuming_and_restarting(comm: Comm, shared_tmp: Path) -> None:
    """A run started so has the bits of one that was not interrupted, whatever has become of the first; a restart starts so again."""
    path, out = first(comm, shared_tmp, "line"), shared_tmp / "second"
    given: dict[str, object] = {"start": str(shared_tmp / "first"), "output.precision": "double"}
    whole = invasio.run(path, comm=comm, set=given)
    with Simulation(path, comm=comm, out=out, set=given) as simulation:
        begun = simulation["tumour"]
        simulation.step()
    facts = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["start"]
    invasio.run(path, comm=comm, out=shared_tmp / "first", set={"output.precision": "single"}, resume=True, until=1.0)
    parts = invasio.run(path, comm=comm, out=out, set=given, resume=True)
    for field in whole.fields:
        parallel_assert(comm, np.array_equal(parts.field(field, 0.5), whole.field(field, 0.5)), field)
    parallel_assert(comm, json.loads((out / MANIFEST).read_text(encoding="utf-8"))["start"] == facts, "provenance of then")
    with Simulation(path, comm=comm, set={"start": {"run": str(shared_tmp / "first"), "at": 0.5}}) as simulation:
        simulation.step()
        simulation.restart({"parameters.gamma": 1e-3})
        parallel_assert(comm, bool(np.allclose(simulation["tumour"], begun, rtol=1e-6)), "after a restart")


def test_what_is_refused(comm: Comm, shared_tmp: Path) -> None:
    path, run = first(comm, shared_tmp, "line"), str(shared_tmp / "first")
    other = scenarios.write(shared_tmp, "myopic") if comm.rank == 0 else shared_tmp / "myopic.yaml"
    comm.barrier()
    for scenario, start, code, place, says in (
        (path, str(shared_tmp / "nowhere"), "file-not-found", "set: start", ["nowhere"]),
        (path, {"run": run, "species": ["runner"]}, "no-species", "start.species", ["'runner'"]),
        (path, {"run": run, "at": 0.3}, "no-time", "first", ["0.3"]),
        (path, {"run": run, "at": "2 d"}, "no-scales", "start.at", []),
        (other, run, "wrong-length", "start", ["1 dimensions"]),
    ):
        with refused(code, place, says=says):
            Simulation(scenario, comm=comm, set={"start": start})
    with refused("wrong-initial", "species tumour", says=["maximum"]):
        Simulation(path, comm=comm, set={"start": run, "model.cells.tumour.maximum": 1e-3, "model.cells.tumour.initial": 0})
