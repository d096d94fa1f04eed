"""`python3 -m benchmarks.restart`: Anderson 1-D (51 nodes, 100 fixed steps) again and again with other numbers.

Measured apart, on one core, in seconds of this process's processor time, the median of the repetitions:

    load       the file read and validated
    validate   other values laid over what was read, and validated
    set-up     all of a new simulation, or what a restart makes anew
    stepping   100 steps, with their output at the end

then the rate of whole restarts, and what 1000 restarts add to objects of Python (gc.get_objects after a collection), open files, PETSc's
objects (creations minus destructions in its log) and resident memory.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from mpi4py import MPI

from invasio.solver.scenario.loader import Statement
from invasio.solver.scenario.shipped import folder
from invasio.solver.simulation import Simulation
from tests.lib.growth import held

SCENARIO = "published/anderson_2000/1d_h0.02.yaml"
SETTINGS: dict[str, object] = {"time.end": 1, "time.step": 0.01, "output.every": 1, "expect": []}


def numbers(k: int) -> dict[str, object]:
    """Other numbers each time."""
    return {"parameters.gamma": 5e-3 * (1.0 + 1e-4 * k)}


def median(action: Callable[[int], object], times: int) -> float:
    """Of the processor seconds of several calls, after one that is not counted."""
    found = []
    for k in range(times + 1):
        began = time.process_time()
        action(k)
        found.append(time.process_time() - began)
    return statistics.median(found[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.restart", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--restarts", type=int, default=1000, help="for what grows (default: 1000)")
    parser.add_argument("--repetitions", type=int, default=50, help="of each measurement (default: 50)")
    options = parser.parse_args()
    path, comm, times = folder() / SCENARIO, MPI.COMM_SELF, options.repetitions
    statement = Statement.read(path)
    load = median(lambda k: Statement.read(path).scenario(values=SETTINGS), times)
    validate = median(lambda k: statement.scenario(values={**SETTINGS, **numbers(k)}), times)
    fresh = median(lambda k: _fresh(path, comm), times)
    with Simulation(path, comm=comm, set=SETTINGS) as simulation:
        restart = median(lambda k: simulation.restart(numbers(k)), times)
        both = median(lambda k: _many(simulation, 1), times)
        began, wall = time.process_time(), time.perf_counter()
        for k in range(100):
            simulation.restart(numbers(k))
            simulation.run()
        rate, real = 100 / (time.process_time() - began), 100 / (time.perf_counter() - wall)
        steps, stepping = simulation.steps, both - restart
        held()
        _many(simulation, 20)
        before = held()
        _many(simulation, options.restarts)
        added = held().since(before)
    print(f"load       {1e3 * load:7.2f} ms")
    print(f"validate   {1e3 * validate:7.2f} ms")
    print(f"set-up     {1e3 * (fresh - load):7.2f} ms for a new simulation, {1e3 * (restart - validate):.2f} ms for a restart")
    print(f"stepping   {1e3 * stepping:7.2f} ms for {steps} steps")
    print(f"restarts   {rate:7.1f} a second and core ({real:.1f} a second by the clock); {1 / (fresh + stepping):.1f} with all made anew")
    print(f"{options.restarts} restarts add {added.python} objects, {added.files} files, {added.petsc} of PETSc, {added.resident:.1f} MB")


def _fresh(path: Path, comm: MPI.Intracomm) -> None:
    Simulation(path, comm=comm, set=SETTINGS).close()


def _many(simulation: Simulation, restarts: int) -> None:
    for k in range(restarts):
        simulation.restart(numbers(k))
        simulation.run()


if __name__ == "__main__":
    main()
