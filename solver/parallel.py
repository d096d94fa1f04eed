"""The ranks of a run: the type of their communicator; agreement: an error on one becomes the same on all of them; and their end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from .errors import InvasioError

if TYPE_CHECKING:  # importing it starts MPI
    from mpi4py.MPI import Intracomm

Comm: TypeAlias = "Intracomm"
_UNTIL_ENDED = 10.0  # seconds until the launcher has ended this rank


@contextmanager
def agreed(comm: Comm) -> Iterator[None]:
    """Run a block without collectives; if it raised an InvasioError on any rank, raise the lowest rank's on all.

    The block must contain no collective call: ranks that succeed wait for the others at its end.
    Other exceptions pass through and end the program (meeting.py).
    """
    error: InvasioError | None = None
    try:
        yield
    except InvasioError as caught:
        error = caught
    if comm.size > 1:
        error = next((e for e in comm.allgather(error) if e is not None), None)
    if error is not None:
        raise error


def end_all(comm: Comm, code: int) -> NoReturn:
    """End all ranks with this exit code, from one of them.

    MPICH's MPI_Abort tells the launcher and comes back: what this rank would do then, such as ending with another code, must not happen.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    comm.Abort(code)
    time.sleep(_UNTIL_ENDED)
    os._exit(code)


def ignore_again() -> None:
    """Ignore the signal of a terminal that closes where it was ignored at the start, as under nohup: MPI and gmsh take it, unasked."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # what Python remembers
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
