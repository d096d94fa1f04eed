"""Everything at once (tests/parallel/test_everything.py) as a program that writes checkpoints, for the comparison of two versions.

usage: python3 -m tests.bits.everything --dim 2 --limiter positivity --out DIR [--resume]
Each version of the repository has its own: the options and DIR/checkpoints are all that the comparison knows of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mpi4py import MPI

from invasio.solver.output import checkpoint
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.options import ClockOptions
from invasio.solver.stepping.restart import restore, snapshot, tables
from tests.parallel.test_everything import DT, begun, everything, go

MIDDLE, END = 5, 10  # steps; each is rejected once


def main() -> None:
    """Ten steps with a checkpoint after five and ten, or on from the newest that is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dim", type=int, required=True)
    parser.add_argument("--limiter", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    comm = MPI.COMM_WORLD
    folder = options.out / "checkpoints"
    if comm.rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
    comm.barrier()
    problem = everything(options.dim, comm)
    stepper = begun(problem, options.limiter)
    step = 0
    if options.resume:
        found = checkpoint.load_latest(folder, problem.grid, tables=tables(stepper))
        if found is None:
            raise SystemExit(f"there is no checkpoint in {folder}")
        restore(stepper, found.state, found.scalars)
        step = int(found.scalars["step"])
    else:
        stepper.settle(0.0)
    for until in (MIDDLE, END):
        if step < until:
            go(stepper, range(step, until))
            step = until
            arrays, numbers = snapshot(stepper, Clock(ClockOptions(0.0, 1.0, (1.0,), step=DT), step * DT), step)
            checkpoint.save(folder, problem.grid, arrays, numbers, tables=tables(stepper))


if __name__ == "__main__":
    main()
