"""Everything at once (tests/parallel/test_everything.py) as a program that writes checkpoints, for the comparison of two versions.

usage: python3 -m tests.bits.everything --dim 2 --limiter positivity --out DIR [--resume]
Each version of the repository has its own: the options and DIR/checkpoints are all that the comparison knows of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from tests.lib.march import March
from tests.parallel.test_everything import DT, everything

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
    problem, scheme = everything(options.dim, comm), SchemeOptions(limiter=options.limiter)
    march = March.loaded(problem, folder, DT, scheme) if options.resume else March(problem, scheme)
    for until in (MIDDLE, END):
        if march.taken < until:
            march.steps(DT, until - march.taken, tried=2.0)
            march.save(folder)


if __name__ == "__main__":
    main()
