"""What each rank runs in test_one_rank.py: the command line, with a fault of one rank put somewhere.

usage: injected.py PLACE:FAULT:RANK ARGUMENTS, with PLACE of PLACES, FAULT a name of FAULTS or "no room", RANK -1 for all
"""

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from invasio.hpc.processes import while_mpi_starts

with while_mpi_starts():
    from mpi4py import MPI

from petsc4py import PETSc

from invasio.hpc import ranks
from invasio.postprocess import expect
from invasio.solver import checkpointer, course, recording
from invasio.solver.errors import SolverError
from invasio.solver.output import blocks, checkpoint, digest, fields, folder, hdf, room, series, together

ALL = -1
FAULTS: dict[str, Callable[[], BaseException]] = {
    "memory": lambda: MemoryError("Unable to allocate 1.00 TiB"),
    "system": lambda: OSError(errno.EIO, os.strerror(errno.EIO), "/dev/broken"),
    "full": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "bug": lambda: ZeroDivisionError("a fault of the program"),
    "petsc": lambda: PETSc.Error(76),
    "interrupt": KeyboardInterrupt,
    "message": lambda: SolverError("said on one rank", code="step-failed", place="here", remedy="nothing"),
}
PLACES: dict[str, tuple[Any, str, int]] = {  # object, function, at which call
    "set-up": (course.Ground, "problem", 1),
    "folder": (folder.RunFolder, "set_status", 1),
    "step": (course, "one_step", 4),
    "output": (recording.Recording, "on_output", 2),
    "series": (series.Series, "_write", 2),
    "before a write of all": (hdf.SharedFile, "write_rows", 9),
    "within a write of all": (hdf, "put", 9),
    "flush": (hdf.SharedFile, "flush", 4),
    "fields": (fields.FieldsWriter, "_append", 2),
    "room for fields": (fields.FieldsWriter, "hold", 4),
    "rows of fields": (fields.FieldsWriter, "_append", 4),
    "snapshot": (checkpointer, "snapshot", 1),
    "checkpoint": (checkpoint, "_sums", 1),
    "digest": (digest, "_whole", 1),
    "closing": (recording.Recording, "finish", 1),
    "expectations": (expect, "check", 1),
}


def no_more_room() -> None:
    """What a full disk does: no file of this process grows beyond what the largest one has now."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = (Path(sys.argv[sys.argv.index("--out") + 1]) / "fields.vtkhdf").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def inject(place: str, fault: str, rank: int) -> None:
    """Have the place raise the fault on one rank, instead of doing its work."""
    target, name, call = PLACES[place]
    blocks._ROWS_PER_CHUNK = 8  # every rank has some, of so small a run too
    together.OFTEN = -1.0  # each output is written at once, so that calls can be counted
    if fault == "no room":
        room._MARGIN = 0  # else all outputs of so small a run have room at once
    usual, calls = getattr(target, name), iter(range(1, 1_000_000))

    def failing(*args: Any, **options: Any) -> Any:
        if next(calls) == call and rank in (MPI.COMM_WORLD.rank, ALL):
            if fault == "no room":
                no_more_room()
            else:
                raise FAULTS[fault]()
        return usual(*args, **options)

    setattr(target, name, failing)


if __name__ == "__main__":
    where, what, who = sys.argv[1].split(":")
    inject(where, what, int(who))
    sys.exit(ranks.main(sys.argv[2:]))
