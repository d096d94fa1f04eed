"""What one rank runs: some steps of a scenario, timed, with every message and reduction counted."""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from mpi4py import MPI

from invasio.hpc.ranks import check_launcher, die_with_parent
from invasio.solver.discretise.problem import Problem
from invasio.solver.errors import SolverError, StoppedEarly
from invasio.solver.linalg.petsc_options import PetscOptions
from invasio.solver.meeting import as_error, end_together, exit_code, tell
from invasio.solver.output.folder import replace_text, writing
from invasio.solver.parallel import Comm, agreed
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario
from invasio.solver.setup import scheme_options, set_up
from invasio.solver.stepping.stepper import Stepper
from invasio.solver.stepping.stop import StopRequest

WARM_UP = 2  # steps before the clock starts: kernels from the cache, solvers chosen
DEFAULT_STEPS = 200.0  # of these one run is made, where the program would choose the step
# PETSc's operations that end in one reduction each; its own count of reductions is gone since 3.25.
_REDUCING = ("VecNorm", "VecDot", "VecTDot", "VecMDot", "VecMTDot", "VecDotNorm2", "VecReduceComm")


class Counted(MPI.Intracomm):
    """A communicator that counts the reductions made through it."""

    def __init__(self, *_: object) -> None:
        self.reductions = 0

    def allreduce(self, *args: Any, **kwargs: Any) -> Any:
        """As MPI's, counted."""
        self.reductions += 1
        return super().allreduce(*args, **kwargs)

    def Allreduce(self, *args: Any, **kwargs: Any) -> Any:
        """As MPI's, counted."""
        self.reductions += 1
        return super().Allreduce(*args, **kwargs)


def measure(scenario: Scenario, steps: int, comm: Comm) -> dict[str, Any]:
    """Times, counts per step and final amounts; the same on every rank. Collective; raises InvasioError on all ranks."""
    from petsc4py import PETSc  # it is started by now, without files of options

    PETSc.Log.begin()
    _, problem = set_up(scenario, comm)
    stepper = Stepper(problem, scheme_options(scenario))
    stepper.settle(scenario.time.start)
    graph = problem.graph
    counted = Counted(comm)
    object.__setattr__(graph, "comm", counted)
    dt = scenario.time.step or (scenario.time.end - scenario.time.start) / DEFAULT_STEPS
    moment, walls, before = scenario.time.start, [], np.zeros(0)
    with StopRequest(counted) as stop:
        for step in range(WARM_UP + steps):
            if step == WARM_UP:
                before = _counts(problem, counted)
            comm.Barrier()
            began = time.perf_counter()
            if not stepper.attempt(moment, dt):
                raise SolverError(
                    f"a step of {dt:g} failed",
                    code="step-failed",
                    place=f"t = {moment:g}",
                    remedy="give a smaller time.step for this measurement",
                )
            stepper.accept(dt)
            reason = stop.agreed()
            walls.append(time.perf_counter() - began)
            moment += dt
            if reason:
                raise StoppedEarly(
                    f"stopped ({reason})", code="stopped-early", place=f"t = {moment:g}", remedy="start the measurement again"
                )
    counts = (_counts(problem, counted) - before) / steps
    slowest = np.max(comm.allgather(walls[WARM_UP:]), axis=0)
    # By rank: the most messages and bytes count; reductions are made by all together.
    most = np.max(comm.allgather(counts), axis=0)
    names = ("ghost_rounds", "ghost_messages", "ghost_bytes", "solver_messages", "solver_bytes", "reductions")
    return {
        "ranks": comm.size,
        "nodes": graph.n_global,
        "dim": problem.dim,
        "moving": len(problem.mobile),
        "steps": steps,
        "seconds": {"median": float(np.median(slowest)), "minimum": float(slowest.min())},
        **dict(zip(names, map(float, most), strict=True)),
        "memory": float(comm.allreduce(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0, op=MPI.MAX)),
        "state": _state(problem),
    }


def _counts(problem: Problem, counted: Counted) -> Any:
    """This rank's rounds, messages, bytes, and reductions so far; PETSc's from its own log."""
    from petsc4py import PETSc

    halo = problem.graph.halo
    log = PETSc.Log.Event("KSPSolve").getPerfInfo()
    solver = sum(PETSc.Log.Event(name).getPerfInfo()["count"] for name in _REDUCING)
    reductions = (counted.reductions + solver) * (halo.comm.size > 1)
    return np.array([halo.rounds, halo.messages, halo.bytes, log["numMessages"], log["messageLength"], reductions], dtype=float)


def _state(problem: Problem) -> dict[str, list[float]]:
    """For each species integral, integral of its square, maximum: what must not depend on the number of ranks."""
    graph, found = problem.graph, {}
    n = graph.n_owned
    for name, species in problem.species.items():
        density, mass = species.state[:n], graph.mass[:n]
        sums = graph.sum(mass * density, mass * density**2)
        found[name] = [*map(float, sums), float(graph.comm.allreduce(float(density.max(initial=0.0)), op=MPI.MAX))]
    return found


def measure_into(scenario: Path, steps: int, result: Path, comm: Comm) -> None:
    """Measure a scenario's file and write what was found as JSON (rank 0). Collective; raises InvasioError on all ranks."""
    check_launcher(comm)
    stated = load(scenario)
    with PetscOptions(stated.numerics.petsc):
        found = measure(stated, steps, comm)
    with agreed(comm):
        if comm.rank == 0:
            with writing(result.parent):
                replace_text(result, json.dumps(found) + "\n")


def main(argv: list[str]) -> int:
    """`SCENARIO STEPS RESULT` on each rank."""
    die_with_parent()
    comm = MPI.COMM_WORLD
    end_together(comm)
    try:
        measure_into(Path(argv[0]), int(argv[1]), Path(argv[2]), comm)
    except (Exception, KeyboardInterrupt) as error:
        fault, known = error, as_error(error)
        tell(error, comm, lambda: print(f"invasio: {known}", file=sys.stderr, flush=True) if known else traceback.print_exception(fault))
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
