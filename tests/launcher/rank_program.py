"""What the ranks run in the launcher's tests: it works until asked to stop, then ends with 85 like a solver with a checkpoint.

usage: rank_program.py MARKER FOLDER MODE        MODE: wait, late (slow to start), deaf (ignores requests), code=N or crash
"""

import os
import signal
import sys
import time
from pathlib import Path

from invasio.hpc.processes import while_mpi_starts
from invasio.hpc.ranks import die_with_parent

die_with_parent()  # as every rank of `invasio run` does
folder, mode = Path(sys.argv[2]), sys.argv[3]
if mode == "late":
    (folder / f"starting-{os.getpid()}").touch()
    time.sleep(2)

with while_mpi_starts():
    from mpi4py import MPI

comm = MPI.COMM_WORLD
asked: list[int] = []
for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: asked.append(number))
(folder / f"ready-{comm.rank}").touch()
sys.stdout.write(f"rank {comm.rank} of {comm.size}\n")  # one write: lines of two ranks must not mix
sys.stdout.flush()
if mode.startswith("code="):
    comm.Barrier()
    sys.exit(int(mode[5:]))
if mode == "crash" and comm.rank == comm.size - 1:
    comm.Barrier()
    os.kill(os.getpid(), signal.SIGKILL)
if mode == "crash":
    comm.Barrier()
for _ in range(1200):
    time.sleep(0.05)
    if mode != "deaf" and comm.allreduce(len(asked)):
        (folder / f"asked-{comm.rank}-{'-'.join(map(str, asked))}").touch()
        comm.Barrier()
        MPI.Finalize()
        sys.exit(85)
sys.exit(1)
