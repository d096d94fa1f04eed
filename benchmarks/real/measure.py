"""One real run, from its scenario to its end, on the ranks of this program; works with earlier versions of the program too."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Case:
    """A scenario file, and what is set: for a benchmark that ends soon, and for one of full size."""

    name: str
    scenario: str
    settings: dict[str, Any]
    full: dict[str, Any]


_LUMP = "exp(-10*((x - 0.5)^2 + (y - 0.5)^2))"
_SHAPE = {"kind": "rectangle", "from": [0, 0], "to": [1, 1]}
CASES = (
    Case("block", "scenarios/tissue/tissue_block_3d.yaml", {"mesh.cells": [32, 32, 32]}, {"mesh.cells": [64, 64, 64]}),
    Case(
        "anderson",
        "benchmarks/step/box.yaml",
        {"mesh.cells": [48, 48, 48], "time.end": 5, "output.every": 1},
        {"mesh.cells": [128, 128, 128], "time.end": 5, "output.every": 1},
    ),
    Case("gland", "scenarios/tissue/gland_breakout.yaml", {"time.end": 48}, {"mesh.size": 2}),
    Case("vessels", "scenarios/published/franssen_2019/vessels.yaml", {"time.end": 1.5}, {}),
    Case(
        "chemistry",
        "scenarios/verification/activation.yaml",
        {"mesh": {**_SHAPE, "cells": [40, 40]}, "model.cells.tumour.initial": _LUMP, "time.end": 1200},
        {"mesh": {**_SHAPE, "cells": [200, 200]}, "model.cells.tumour.initial": _LUMP},
    ),
)


def measure(case: Case, full: bool) -> dict[str, Any]:
    """Processor seconds of all ranks, and counts, of set-up and of the run; the same on every rank. Collective."""
    from mpi4py import MPI
    from petsc4py import PETSc

    from invasio.solver.scenario.loader import load
    from invasio.solver.simulation import Simulation

    comm = MPI.COMM_WORLD
    PETSc.Log.begin()
    begun = time.process_time()
    settings = case.full if full else case.settings
    end = settings["time.end"] if "time.end" in settings else load(ROOT / case.scenario).time.end
    with Simulation(ROOT / case.scenario, comm=comm, set=_first_steps(settings, end)) as simulation:  # compiles kernels
        simulation.run()
    compiled, resident = time.process_time() - begun, _resident()
    begun = time.process_time()
    with Simulation(ROOT / case.scenario, comm=comm, set={**settings, "expect": []}) as simulation:
        ready = time.process_time()
        grown = _resident() - resident
        counts = _counts()
        simulation.run()
        done = time.process_time()
        nodes = comm.allreduce(len(simulation.nodes))
        found = {
            "case": case.name,
            "ranks": comm.size,
            "nodes": nodes,
            "steps": simulation.steps,
            "set-up": comm.allreduce(ready - begun),
            "run": comm.allreduce(done - ready),
            "warm-up": comm.allreduce(compiled),
            "memory": comm.allreduce(grown),
            "peak": comm.allreduce(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0),
            "iterations": simulation._now.stepper.info()["iterations"],
            "row": {key: value for key, value in simulation.row().items() if key.endswith(".total")},
        }
    found |= {name: value - counts[name] for name, value in _counts().items()}
    return found


def _first_steps(settings: dict[str, Any], end: float) -> dict[str, Any]:
    """The settings with an end soon after the start: a thousandth of the time."""
    soon = {"expect": [], "output.every": 1e-3 * end, "time.end": 1e-3 * end}
    return {key: value for key, value in settings.items() if key not in soon} | soon


def _counts() -> dict[str, float]:
    from petsc4py import PETSc

    events = {"solves": "KSPSolve", "products": "MatMult", "set-ups": "PCSetUp"}
    return {name: float(PETSc.Log.Event(event).getPerfInfo()["count"]) for name, event in events.items()}


def _resident() -> float:
    """Bytes of this process, without what the C library keeps of freed memory: what is needed anew would come out of that."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * float(resource.getpagesize())


def main(argv: list[str]) -> int:
    """`measure CASE FULL FILE`: measure one case and write JSON."""
    name, full, out = argv
    case = next(c for c in CASES if c.name == name)
    found = measure(case, full == "full")
    from mpi4py import MPI

    if MPI.COMM_WORLD.rank == 0:
        Path(out).write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
