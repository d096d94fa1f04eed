"""The ranks of a run: the type of their communicator, and agreement: an error on one becomes the same error on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from .errors import InvasioError

if TYPE_CHECKING:  # importing it starts MPI
    from mpi4py.MPI import Intracomm

Comm: TypeAlias = "Intracomm"


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
