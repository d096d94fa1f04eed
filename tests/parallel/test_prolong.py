"""A run that goes on to a later end: the bits of one that went there at once, what its folder then tells, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import invasio
from invasio.postprocess.run import open_run
from invasio.solver.output.layout import LOG, MANIFEST, RESOLVED, STATUS
from invasio.solver.output.records import mapping_of
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.prolong import course_hash
from invasio.solver.simulation import Simulation
from tests.lib import scenarios
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

DOUBLE: dict[str, object] = {"output.precision": "double"}
STEPS: dict[str, dict[str, object]] = {  # without these the choice of steps depends on the end
    "tissue": {},
    "line": {},
    "myopic": {"time.first_step": 1e-3, "time.max_step": 0.05},
}


def made(comm: Comm, folder: Path, name: str) -> Path:
    """A scenario of the library as a file, on all ranks."""
    path = scenarios.write(folder, name) if comm.rank == 0 else folder / f"{name}.yaml"
    comm.barrier()
    return path


def same_files(comm: Comm, one: Path, other: Path) -> None:
    """All outputs of two run folders have the same bits, iterations apart."""
    a, b = open_run(one), open_run(other)
    parallel_assert(comm, np.array_equal(a.times, b.times), f"times {a.times}, {b.times}")
    parallel_assert(comm, a.series.keys() == b.series.keys(), "columns")
    found = [name for name, column in a.series.items() if not np.array_equal(column, b.series[name], equal_nan=True)]
    parallel_assert(comm, not found, f"columns differ: {found}")
    for name in a.fields:
        parallel_assert(comm, all(np.array_equal(a.field(name, t), b.field(name, t)) for t in a.times), name)


@pytest.mark.parametrize("name", scenarios.ALL)
def test_the_bits_of_a_run_to_the_later_end(comm: Comm, shared_tmp: Path, name: str) -> None:
    """With membranes and vessels too: into folders, twice prolonged; in memory."""
    path, given = made(comm, shared_tmp, name), {**DOUBLE, **STEPS[name]}
    once, parts = shared_tmp / "once", shared_tmp / "parts"
    invasio.run(path, comm=comm, out=once, set={**given, "time.end": 1.0})
    invasio.run(path, comm=comm, out=parts, set=given)
    invasio.run(path, comm=comm, out=parts, set=given, resume=True, until=0.75)
    invasio.run(path, comm=comm, out=parts, set=given, resume=True, until=1.0)
    same_files(comm, once, parts)
    for file in ("membranes.vtkhdf", "vessels.vtkhdf"):
        there = (once / file).exists()
        parallel_assert(comm, there == (parts / file).exists() == (name == "tissue"), file)
    with Simulation(path, comm=comm, set=given) as simulation:
        simulation.run()
        simulation.prolong(1.0)
        parallel_assert(comm, simulation.run() == "done" and simulation.time == 1.0, "in memory")
        memory = simulation.recorded
    assert memory is not None
    run = open_run(once)
    for field in run.fields:
        parallel_assert(comm, np.array_equal(memory.field(field, 1.0), run.field(field, 1.0)), f"{field} in memory")


JUMPS = """\
mesh: {kind: interval, cells: 10}
species: {dose: {initial: 1, diffusion: 1e-2, production: "where(t < 0.5, 0, 2) + where(t < 0.8, 0, 1)", loss: "floor(3*t)"}}
time: {end: 0.5, step: 0.1}
output: {every: 0.25, figures: false, precision: double}
"""


def test_what_happens_at_and_after_the_earlier_end(comm: Comm, shared_tmp: Path) -> None:
    """Formulas that jump just at the earlier end and later: in memory, in a folder."""
    path = shared_tmp / "jumps.yaml"
    if comm.rank == 0:
        path.write_text(JUMPS, encoding="utf-8")
    comm.barrier()
    once = invasio.run(path, comm=comm, set={"time.end": 1.0}).field("dose", 1.0)
    invasio.run(path, comm=comm, out=shared_tmp / "run")
    there = invasio.run(path, comm=comm, out=shared_tmp / "run", resume=True, until=1.0).field("dose", 1.0)
    with Simulation(path, comm=comm) as simulation:
        simulation.run()
        simulation.prolong(1.0)
        simulation.run()
        memory = simulation.recorded
    assert memory is not None
    parallel_assert(comm, bool(np.allclose(there, once, rtol=1e-13)), f"in a folder: {there[0]}, {once[0]}")
    parallel_assert(comm, bool(np.allclose(memory.field("dose", 1.0), once, rtol=1e-13)), f"in memory: {once[0]}")


def test_other_ranks_go_on(comm: Comm, shared_tmp: Path) -> None:
    """What one rank began all go on with, to rounding."""
    path = made(comm, shared_tmp, "tissue")
    if comm.rank == 0:
        invasio.run(path, comm=invasio_self(), out=shared_tmp / "run", set=DOUBLE)
    comm.barrier()
    there = invasio.run(path, comm=comm, out=shared_tmp / "run", set=DOUBLE, resume=True, until=1.0)
    at_once = invasio.run(path, comm=comm, set={"time.end": 1.0})
    for field in there.fields:
        difference = float(np.abs(there.field(field, 1.0) - at_once.field(field, 1.0)).max())
        parallel_assert(comm, difference < 1e-9, f"{field} differs by {difference:.1e}")


def invasio_self() -> Comm:
    """A communicator of this rank alone."""
    from mpi4py import MPI

    return MPI.COMM_SELF


def test_an_interrupted_run_goes_on_to_a_later_end(comm: Comm, shared_tmp: Path) -> None:
    """Also from a moment that is no output time; output times follow the interval that is asked for now."""
    path, run = made(comm, shared_tmp, "line"), shared_tmp / "run"
    with Simulation(path, comm=comm, out=run, set=DOUBLE) as simulation:
        simulation.step()
    with Simulation(path, comm=comm, out=run, set={**DOUBLE, "output.every": 0.5}, resume=True, until=1.0) as simulation:
        parallel_assert(comm, 0.0 < simulation.time < 0.25, "where it was")
        simulation.run()
    parallel_assert(comm, list(open_run(run).times) == [0.0, 0.5, 1.0], f"{open_run(run).times}")


def test_what_the_folder_tells(comm: Comm, shared_tmp: Path) -> None:
    path, run = made(comm, shared_tmp, "line"), shared_tmp / "run"
    every: dict[str, object] = {"output": {"figures": False}}  # none stated: a tenth of the run as it was
    invasio.run(path, comm=comm, out=run, set=every)
    first = load(run / RESOLVED)
    invasio.run(path, comm=comm, out=run, set=every, resume=True, until=0.7)
    parts = json.loads((run / MANIFEST).read_text(encoding="utf-8"))["segments"]
    parallel_assert(comm, [(p["resumed_at_time"], p["until"], p["reason"]) for p in parts] == [(None, 0.5, "done"), (0.5, 0.7, "done")])
    parallel_assert(comm, parts[0]["scenario_hash"] != parts[1]["scenario_hash"], "each part says with what scenario")
    now = load(run / RESOLVED)
    parallel_assert(comm, (now.time.end, now.output.every) == (0.7, 0.05), "resolved.yaml")
    parallel_assert(comm, course_hash(now) == course_hash(first), "but for its end it is the same")
    parallel_assert(comm, np.allclose(open_run(run).times, 0.05 * np.arange(15)), "outputs stay evenly spaced")
    said = (run / LOG).read_text(encoding="utf-8")
    parallel_assert(comm, "goes on to t = 0.7; before, it was to end at 0.5" in said, "the log")
    again = invasio.run(run / RESOLVED, comm=comm, out=run, resume=True)
    parallel_assert(comm, again.times[-1] == 0.7 and mapping_of(run / RESOLVED)["time"]["end"] == 0.7, "its own scenario resumes it")


def test_steps_that_were_fitted_to_the_earlier_end(comm: Comm, shared_tmp: Path) -> None:
    """It is said where the end was no multiple of the step and is no output time now."""
    path, run = made(comm, shared_tmp, "line"), shared_tmp / "run"
    given: dict[str, object] = {"time.step": 0.04, "time.end": 0.47}
    invasio.run(path, comm=comm, out=run, set=given)
    invasio.run(path, comm=comm, out=run, set=given, resume=True, until=1.0)
    parallel_assert(comm, "fitted to the end at t = 0.47" in (run / LOG).read_text(encoding="utf-8"))
    run = shared_tmp / "even"
    invasio.run(path, comm=comm, out=run)
    invasio.run(path, comm=comm, out=run, resume=True, until=1.0)
    parallel_assert(comm, "fitted" not in (run / LOG).read_text(encoding="utf-8"))


def test_what_is_refused(comm: Comm, shared_tmp: Path) -> None:
    path, run = made(comm, shared_tmp, "line"), shared_tmp / "run"
    invasio.run(path, comm=comm, out=run)
    for until in (0.4, "0.2"):
        with refused("wrong-order", f"until {float(until):g}", "a later end", says=["t = 0.5"]):
            invasio.run(path, comm=comm, out=run, resume=True, until=float(until))
    with refused("wrong-order", "line.yaml:8:7: time", says=["end -1"]):
        invasio.run(path, comm=comm, out=run, resume=True, until=-1.0)
    with refused("no-scales", "until", says=["time.end"]):
        invasio.run(path, comm=comm, out=run, resume=True, until="2 d")
    with refused("other-run", str(run), "--overwrite", says=["parameters.gamma"]):
        invasio.run(path, comm=comm, out=run, set={"parameters.gamma": 1.0}, resume=True, until=1.0)
    with refused("other-run", str(run), "--until", says=["time.end: was 0.5, is 1.0"]):
        invasio.run(path, comm=comm, out=run, set={"time.end": 1.0}, resume=True)
    parallel_assert(comm, (run / STATUS).read_text(encoding="utf-8") == "done\n", "what is refused leaves the folder as it was")
    parallel_assert(comm, mapping_of(run / RESOLVED)["time"]["end"] == 0.5, "its scenario too")
    with Simulation(path, comm=comm) as simulation:
        simulation.run()
        with refused("wrong-order", "until 0.5", "a later end"):
            simulation.prolong(0.5)
