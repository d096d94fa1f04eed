"""The ranks of a run: the type of their communicator, and agreement: an error on one becomes the same error on all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import InvasioError

if TYPE_CHECKING:  # importing it starts MPI
    from mpi4py.MPI import Intracomm

Comm: TypeAlias = "Intracomm"


@contextmanager
def agreed(comm: Comm) -> Iterator[None]:
    """Run a block without collectives; if it raised an InvasioError on any rank, raise the lowest rank's on all.

    The block must contain no collective call: ranks that succeed wait for the others at its end.
    Other exceptions pass through and end the program through ``python -m mpi4py``.
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


def of_one_rank(error: BaseException | None, comm: Comm) -> bool:
    """Whether an error may be that of one rank alone among several, so that nothing can be done together any more."""
    return comm.size > 1 and error is not None and not isinstance(error, InvasioError)


def end_together(comm: Comm) -> None:
    """From now on an exception that nobody catches on one of several ranks ends all of them; they would wait for it for ever."""
    if comm.size == 1 or isinstance(sys.excepthook, _EndsAll):
        return
    sys.excepthook = _EndsAll(comm, sys.excepthook)


class _EndsAll:
    """An exception hook that ends all ranks after another hook has told what happened."""

    def __init__(self, comm: Comm, before: Any) -> None:
        self._comm, self._before = comm, before

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._before(kind, error, trace)
        sys.stderr.flush()
        self._comm.Abort(getattr(error, "exit_code", 1))
