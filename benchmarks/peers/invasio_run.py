"""invasio on a lattice, adaptive in time: settings ``dim``, ``cells`` along an edge, ``tolerance`` and ``flux``."""

from __future__ import annotations

from typing import Any

from anderson import END, Clock, judged, lost, main
from mpi4py import MPI

from benchmarks.step.setup import Setup
from invasio import __version__
from invasio.solver.stepping.clock import Clock as Steps
from invasio.solver.stepping.loop import one_step
from invasio.solver.stepping.options import ClockOptions


def solve(dim: int, cells: int, tolerance: float, flux: str = "central") -> dict[str, Any]:
    """March to the end; processor seconds of set-up and loop, and errors."""
    clock = Clock()
    setup = Setup(dim, cells, (f"numerics.flux={flux}",), MPI.COMM_SELF)
    stepper, steps, done = setup.stepper, Steps(ClockOptions(0.0, END, (END,), None, tolerance)), 0
    g, species = setup.problem.graph, setup.problem.species
    begun, prepared = g.mass @ species["tumour"].state, clock.lap()
    while not steps.done:
        one_step(stepper, steps)
        done += 1
    spent = clock.lap()
    fields = {letter: species[name].state for letter, name in (("n", "tumour"), ("f", "ecm"), ("m", "mmp"))}
    gone = lost(begun, g.mass @ fields["n"])
    return {"steps": done, "setup": prepared, "loop": spent, **gone, **judged(g.points[:, :dim].T, fields)}


if __name__ == "__main__":
    for dim in (2, 3):
        solve(dim, 10, 1e-2)  # kernels are compiled, or come from the cache
    main(solve, invasio=__version__)
