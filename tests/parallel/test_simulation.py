"""A simulation that a program drives: the bits of a run into a folder, restarts with other numbers, and what may go wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

import invasio
from invasio.postprocess.run import open_run
from invasio.solver import course, recording
from invasio.solver.discretise import operators
from invasio.solver.errors import ScenarioError, SolverError
from invasio.solver.output import checkpoint
from invasio.solver.output.layout import STATUS
from invasio.solver.simulation import Simulation
from tests.lib import requests, scenarios
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.growth import Held, held
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

OTHER: dict[str, dict[str, object]] = {
    "tissue": {"parameters.gamma": 2e-2, "parameters.opening": 5.0, "model.vessels.wall.entry.tumour": 3.0, "time.step": 0.125},
    "line": {"parameters.gamma": 1e-2, "numerics.limiter": "local_bounds"},
    "myopic": {"parameters.fast": 1e-2, "time.tolerance": 1e-2},
}


def made(comm: Comm, folder: Path, name: str) -> Path:
    """A scenario of the library as a file, on all ranks."""
    path = scenarios.write(folder, name) if comm.rank == 0 else folder / f"{name}.yaml"
    comm.barrier()
    return path


def finished(simulation: Simulation) -> dict[str, NDArray[np.float64] | float]:
    """Run to the end: all densities here, and the row of the end without what counts iterations."""
    simulation.run()
    found: dict[str, NDArray[np.float64] | float] = {name: simulation[name] for name in simulation.species}
    return {**found, **simulation.row(), "steps": float(simulation.steps)}


def different(one: dict[str, NDArray[np.float64] | float], other: dict[str, NDArray[np.float64] | float]) -> list[str]:
    """The names of what has not the same bits."""
    assert one.keys() == other.keys()
    return [name for name, value in one.items() if not np.array_equal(value, other[name], equal_nan=True)]


@pytest.mark.parametrize("name", scenarios.ALL)
def test_a_restart_has_the_bits_of_a_fresh_run(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """With other numbers and back with the first ones, on the same mesh, without a new graph."""
    path = made(comm, shared_tmp, name)
    with Simulation(path, comm=comm, set=OTHER[name]) as fresh:
        other = finished(fresh)
    with Simulation(path, comm=comm) as fresh:
        first = finished(fresh)
    parallel_assert(comm, bool(different(first, other)), "the other numbers change nothing")
    with Simulation(path, comm=comm) as simulation:
        simulation.step()
        with monkeypatch.context() as patch:
            patch.setattr(operators, "build_graph", lambda *_: pytest.fail("a graph was made"))
            simulation.restart(OTHER[name])
            found = different(finished(simulation), other)
            parallel_assert(comm, not found, f"with other numbers: {found}")
            simulation.restart()
            found = different(finished(simulation), first)
            parallel_assert(comm, not found, f"with the first numbers again: {found}")


@pytest.mark.parametrize("name", scenarios.ALL)
def test_memory_and_folder_hold_the_same(comm: Comm, shared_tmp: Path, name: str) -> None:
    path = made(comm, shared_tmp, name)
    with Simulation(path, comm=comm, out=shared_tmp / "run", set={"output.precision": "double"}) as simulation:
        simulation.run()
    with Simulation(path, comm=comm) as simulation:
        while not simulation.done:
            simulation.step()
        memory = simulation.recorded
    run = open_run(shared_tmp / "run")
    parallel_assert(comm, memory is not None and np.array_equal(memory.times, run.times), "times")
    assert memory is not None
    series = run.series
    parallel_assert(comm, list(memory.series) == list(series), "columns")
    found = [key for key, column in memory.series.items() if not np.array_equal(column, series[key], equal_nan=True)]
    parallel_assert(comm, not found, f"columns differ: {found}")
    for field in run.fields:
        for time in run.times:
            same = np.array_equal(memory.field(field, time), run.field(field, time))
            parallel_assert(comm, same, f"{field} at {time}")
    parallel_assert(comm, np.array_equal(memory.points, run.points) and np.array_equal(memory.cells, run.cells), "mesh")
    parallel_assert(comm, np.array_equal(memory.cell_region, run.cell_region), "regions")


def test_nodes_are_in_canonical_order(comm: Comm, shared_tmp: Path) -> None:
    with Simulation(made(comm, shared_tmp, "tissue"), comm=comm) as simulation:
        nodes, points = simulation.nodes, simulation.points
        x = simulation["ecm"]
        whole = np.concatenate(comm.allgather(nodes))
        parallel_assert(comm, bool((np.diff(nodes) > 0).all()) and np.array_equal(np.sort(whole), np.arange(len(whole))), "numbers")
        parallel_assert(comm, bool(np.allclose(x, 1 - 0.5 * points[:, 0])), "values belong to their points")
        x[:] = 7.0
        parallel_assert(comm, bool((simulation["ecm"] < 7.0).all()), "it is a copy")


def test_another_mesh_is_built(comm: Comm, shared_tmp: Path) -> None:
    path = made(comm, shared_tmp, "line")
    with Simulation(path, comm=comm, set={"mesh.cells": 20}) as fresh:
        expected = finished(fresh)
    with Simulation(path, comm=comm) as simulation:
        simulation.step()
        simulation.restart({"mesh.cells": 20})
        found = different(finished(simulation), expected)
    parallel_assert(comm, not found, f"{found}")


def test_what_is_refused(comm: Comm, shared_tmp: Path) -> None:
    path = made(comm, shared_tmp, "line")
    with Simulation(path, comm=comm) as simulation:
        simulation.step()
        with refused("unknown-key", place="set: model.cells.tumor", says=["tumour"]):
            simulation.restart({"model.cells.tumor.motility": 1.0})
        parallel_assert(comm, simulation.steps == 1, "a wrong restart leaves the run as it is")
        with refused("no-folder", remedy="out="):
            simulation.checkpoint()
        with refused("no-field", says=["mmp"]):
            simulation["collagen"]
        simulation.run()
        with refused("run-at-end"):
            simulation.step()
    with refused("closed-simulation"):
        simulation.step()


def test_a_checkpoint_is_gone_on_from(comm: Comm, shared_tmp: Path) -> None:
    path = made(comm, shared_tmp, "tissue")
    with Simulation(path, comm=comm, out=shared_tmp / "whole") as whole:
        expected = finished(whole)
    with Simulation(path, comm=comm, out=shared_tmp / "parts") as first:
        first.step()
        first.step()
        first.checkpoint()
    parallel_assert(comm, (shared_tmp / "parts" / STATUS).read_text().startswith("stopped early"), "status")
    with Simulation(path, comm=comm, out=shared_tmp / "parts", resume=True) as second:
        parallel_assert(comm, second.steps == 2, "goes on from the second step")
        found = different(finished(second), expected)
    parallel_assert(comm, not found, f"{found}")
    parallel_assert(comm, (shared_tmp / "parts" / STATUS).read_text() == "done\n", "status of the end")


def test_an_interrupted_step_is_not_gone_on_from(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state may be that of half a step; a restart is whole again."""

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    path = made(comm, shared_tmp, "line")
    with Simulation(path, comm=comm) as fresh:
        expected = finished(fresh)
    with Simulation(path, comm=comm, out=shared_tmp / "run") as simulation:
        simulation.step()
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(course, "one_step", interrupt)
            simulation.step()
        with refused("broken-state", remedy="restart"):
            simulation.step()
        simulation.restart()
        found = different(finished(simulation), expected)
    parallel_assert(comm, not found, f"{found}")
    parallel_assert(comm, (shared_tmp / "run" / STATUS).read_text() == "failed\n", "status")


def test_a_start_that_fails_leaves_the_mesh_for_the_next(comm: Comm, shared_tmp: Path) -> None:
    path = made(comm, shared_tmp, "line")
    with Simulation(path, comm=comm) as fresh:
        expected = finished(fresh)
    with Simulation(path, comm=comm) as simulation:
        with pytest.raises(ScenarioError, match="densities must be finite"):
            simulation.restart({"model.ecm.initial": "log(x)"}, out=shared_tmp / "run")
        with refused("closed-simulation"):
            simulation.step()
        simulation.restart()
        found = different(finished(simulation), expected)
    parallel_assert(comm, not found, f"{found}")


def test_no_request_stays_open(comm: Comm, shared_tmp: Path) -> None:
    """With membranes, walls and overlapping blocks, into a folder, restarted; of runs that fail, and of what could not begin."""
    path, before = made(comm, shared_tmp, "tissue"), requests.left()
    blocks: dict[str, object] = {"numerics.linear.preconditioner": "ilu"}
    with Simulation(path, comm=comm, set=blocks, out=shared_tmp / "run") as simulation:
        opened = requests.left() - before
        parallel_assert(comm, comm.allreduce(opened) > 0 or comm.size == 1, "nothing was opened")
        simulation.step()
        simulation.restart({**blocks, "parameters.gamma": 2e-2})
        simulation.step()
        simulation.restart({"mesh.cells": [9, 9]})
        simulation.step()
    found = [requests.left()]
    with refused("no-region"):
        Simulation(path, comm=comm, set={"output.regions": ["nowhere"]}, out=shared_tmp / "refused")
    found.append(requests.left())
    with pytest.raises(ScenarioError, match="densities must be finite"):
        Simulation(path, comm=comm, set={"model.ecm.initial": "log(x)"}, out=shared_tmp / "wrong")
    found.append(requests.left())
    with pytest.raises(SolverError), Simulation(path, comm=comm, out=shared_tmp / "broken") as simulation:
        simulation.step()
        raise SolverError("a step failed", code="broken-state", place="test", remedy="none")
    found.append(requests.left())
    parallel_assert(comm, found == 4 * [before], f"open: {before}, then {found}")


@pytest.mark.parametrize("name", ["line", "tissue"])
def test_nothing_grows_with_restarts(comm: Comm, shared_tmp: Path, name: str) -> None:
    """On several ranks PETSc frees nothing by itself; requests of messages and open files end as well, with folders too."""
    start = held()
    out = None if name == "line" else shared_tmp / "run"
    with Simulation(made(comm, shared_tmp, name), comm=comm, set={"time.end": 0.1, "output.every": 0.1}) as simulation:

        def after(restarts: int) -> Held:
            for _ in range(restarts):
                simulation.restart({"parameters.gamma": 2e-2}, out=out, overwrite=out is not None)
                simulation.run()
            return held()

        counts = [after(6), after(6), after(6)]
    parallel_assert(comm, counts[0].since(start).petsc > 0, "nothing is counted")
    spans = [then.since(before) for before, then in pairwise(counts)]
    parallel_assert(comm, all((added.files, added.petsc) == (0, 0) for added in spans), f"{spans}")
    # what a library keeps once and for good comes in one span, what a restart leaves in both
    parallel_assert(comm, min(added.python for added in spans) < 6, f"{spans}")


def test_a_last_checkpoint_that_fails_is_no_success(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Path:
        raise SolverError("no room", code="cannot-write", remedy="make some")

    path = made(comm, shared_tmp, "line")
    with monkeypatch.context() as patch, refused("cannot-write"), Simulation(path, comm=comm, out=shared_tmp / "run") as simulation:
        patch.setattr(checkpoint, "save", fail)
        simulation.run()
    comm.barrier()
    parallel_assert(comm, (shared_tmp / "run" / STATUS).read_text() == "failed\n", "status")
    log = (shared_tmp / "run" / "run.log").read_text()
    parallel_assert(comm, "no room" in log, log)


def test_a_checkpoint_of_version_0_1_0_is_read(comm: Comm, shared_tmp: Path) -> None:
    """The run goes on from its middle, with the very numbers, and ends where that version ended but for the error of its steps.

    Since then the rates of walls are of second order, and what fixed values of a species in balance bring is no longer in ``adjusted``.
    """
    data = Path(__file__).parent / "data" / "version_0_1_0"
    out = shared_tmp / "run"
    if comm.rank == 0:
        (out / "checkpoints").mkdir(parents=True)
        shutil.copy(data / "resolved.yaml", out)
        shutil.copy(data / "checkpoint-000000005.h5", out / "checkpoints")
    comm.barrier()
    with Simulation(data / "tissue.yaml", comm=comm, out=out, resume=True) as simulation:
        parallel_assert(comm, simulation.steps == 5 and simulation.time == 0.5, f"{simulation.steps} steps")
        parallel_assert(comm, not _off(simulation, data / "checkpoint-000000005.h5", 1e-14), "the middle is not as it was")
        simulation.run()
        found = _off(simulation, data / "checkpoint-000000010.h5", 2e-3)
        parallel_assert(comm, not found, f"{found}")


def _off(simulation: Simulation, path: Path, bound: float) -> dict[str, float]:
    """Densities and accounts that differ from a checkpoint's of version 0.1.0 by more than a bound, relative to 1 or what is larger."""
    found = dict[str, float]()
    with h5py.File(path) as h5:
        for name in simulation.species:
            found[name] = float(np.abs(simulation[name] - h5[f"state/{name}/state"][:][simulation.nodes]).max(initial=0.0))
        accounts = json.loads(h5["header"][:].tobytes())["scalars"]
    row = simulation.row()
    row["oxygen.adjusted"] += row["oxygen.inflow:left"] - row["oxygen.outflow:left"]
    for key in ("tumour/blood:wall", "tumour/crossed:basement", "oxygen/adjusted", "mmp2/born"):
        (expected,) = accounts[f"amount/{key}"]
        found[key] = abs(row[key.replace("/", ".")] - expected) / max(1.0, abs(expected))
    return {name: off for name, off in found.items() if off > bound}


def test_a_checkpoint_of_a_version_to_come_is_refused(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(comm, shared_tmp, "line")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 99)
        patch.setattr(invasio, "__version__", "9.8.7", raising=False)
        with Simulation(path, comm=comm, out=shared_tmp / "run") as simulation:
            simulation.step()
    with refused("other-version", place="checkpoint", remedy="invasio 9.8.7, or begin anew with --overwrite", says=["format 99"]):
        Simulation(path, comm=comm, out=shared_tmp / "run", resume=True)


def test_options_and_logs_end_with_their_run(comm: Comm, shared_tmp: Path) -> None:
    import logging

    from petsc4py import PETSc

    logger, path = logging.getLogger("invasio"), made(comm, shared_tmp, "line")
    before = logger.level, logger.propagate, list(logger.handlers)
    with Simulation(path, comm=comm, out=shared_tmp / "a", petsc=["-tumour_ksp_type", "gmres"]) as simulation:
        simulation.step()
        parallel_assert(comm, PETSc.Options().hasName("tumour_ksp_type"), "given")
        simulation.restart(out=shared_tmp / "b")
        simulation.step()
        parallel_assert(comm, PETSc.Options().hasName("tumour_ksp_type"), "given to the restart too")
    left = [name for name in PETSc.Options().getAll() if name.startswith(("tumour_", "mmp_"))]
    parallel_assert(comm, not left, f"options left: {left}")
    parallel_assert(comm, (logger.level, logger.propagate, list(logger.handlers)) == before, "the log is as it was")
    for name in ("a", "b"):
        text = (shared_tmp / name / "run.log").read_text()
        parallel_assert(comm, "Peclet" in text, f"{name}: {text}")


def test_each_of_two_simulations_has_its_own_log(comm: Comm, shared_tmp: Path) -> None:
    """Stepped in turn, closed in the order in which they were opened, a third one in memory between: the messages of each run alone."""
    import logging

    logger, paths = logging.getLogger("invasio"), {name: made(comm, shared_tmp, name) for name in ("line", "tissue")}
    before = logger.level, logger.propagate, list(logger.handlers)

    def said(folder: str) -> list[str]:
        """The messages without their times; what they count in seconds is left out."""
        lines = (shared_tmp / folder / "run.log").read_text(encoding="utf-8").splitlines()
        return [line[20:] for line in lines if " took " not in line]

    for name, path in paths.items():
        with Simulation(path, comm=comm, out=shared_tmp / f"{name}-alone") as simulation:
            for _ in range(3):
                simulation.step()
    one, other = (Simulation(path, comm=comm, out=shared_tmp / name) for name, path in paths.items())
    silent = Simulation(paths["tissue"], comm=comm)
    for _ in range(3):
        for simulation in (one, silent, other):
            simulation.step()
    logger.warning("of nobody")
    one.close()
    parallel_assert(comm, logger.level == logging.INFO or comm.rank > 0, "the second log is still open")
    silent.close()
    other.close()
    parallel_assert(comm, (logger.level, logger.propagate, list(logger.handlers)) == before, "the log is as it was")
    for name in paths:
        alone, found = said(f"{name}-alone"), said(name)
        parallel_assert(comm, len(alone) > 0 and alone == [line for line in found if "of nobody" not in line], f"{alone}\n{found}")
    parallel_assert(comm, sum("of nobody" in line for line in said("tissue")) == 1 and "of nobody" not in str(said("line")), "of nobody")


def test_a_signal_stops_after_a_step(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(recording.Progress):
        def on_step(self, time: float, step: int, dt: float, info: object) -> None:
            if step == 2 and comm.rank == comm.size - 1:
                os.kill(os.getpid(), signal.SIGUSR1)

    monkeypatch.setattr(recording, "Progress", Interrupting)
    before = signal.getsignal(signal.SIGUSR1)
    with Simulation(made(comm, shared_tmp, "line"), comm=comm, out=shared_tmp / "run", progress=True) as simulation:
        reason = simulation.run()
        parallel_assert(comm, reason == "SIGUSR1" and simulation.steps == 2, reason)
    parallel_assert(comm, signal.getsignal(signal.SIGUSR1) == before, "the handler is that of before")
    parallel_assert(comm, (shared_tmp / "run" / STATUS).read_text() == "stopped early: SIGUSR1\n", "status")


@pytest.mark.skipif("OMPI_COMM_WORLD_SIZE" in os.environ, reason="starts ranks of its own")
def test_an_error_on_one_rank_ends_all(tmp_path: Path) -> None:
    """In a plain program, without ``python -m mpi4py``."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, invasio\n"
        "with invasio.Simulation(sys.argv[1]) as simulation:\n"
        "    simulation.step()\n"
        "    from mpi4py import MPI\n"
        "    if MPI.COMM_WORLD.rank == 1:\n"
        "        raise ValueError('mine alone')\n"
        "    simulation.run()\n"
        "    simulation.step() if MPI.COMM_WORLD.rank else MPI.COMM_WORLD.barrier()\n",
        encoding="utf-8",
    )
    from invasio.hpc.ranks import mpi_environment

    command = ["mpirun", "-n", "2", sys.executable, str(program), str(scenarios.write(tmp_path, "line"))]
    done = subprocess.run(command, env=mpi_environment(), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode != 0
    assert "mine alone" in done.stderr
