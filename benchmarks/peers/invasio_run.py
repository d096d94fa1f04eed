"""invasio on a lattice, adaptive in time: settings ``cells`` along an edge, ``tolerance`` and ``flux``."""

from __future__ import annotations

from typing import Any

from anderson import END, Clock, errors, lost, main
from mpi4py import MPI

from benchmarks.step.setup import Setup
from invasio.solver.stepping.clock import Clock as Steps
from invasio.solver.stepping.loop import one_step
from invasio.solver.stepping.options import ClockOptions


def solve(cells: int, tolerance: float, flux: str = "central") -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    clock = Clock()
    setup = Setup(2, cells, (f"numerics.flux={flux}",), MPI.COMM_SELF)
    stepper, steps, done = setup.stepper, Steps(ClockOptions(0.0, END, (END,), None, tolerance)), 0
    g, species = setup.problem.graph, setup.problem.species
    begun, prepared = g.mass @ species["tumour"].state, clock.lap()
    while not steps.done:
        one_step(stepper, steps)
        done += 1
    spent = clock.lap()
    fields = {letter: species[name].state for letter, name in (("n", "tumour"), ("f", "ecm"), ("m", "mmp"))}
    least = min(float(v.min()) for v in fields.values())
    gone = lost(begun, g.mass @ fields["n"])
    return {"steps": done, "setup": prepared, "loop": spent, "least": least, **gone, **errors(g.points[:, 0], g.points[:, 1], fields)}


if __name__ == "__main__":
    solve(10, 1e-2)  # forms and kernels are compiled, or come from the cache
    main(solve)
