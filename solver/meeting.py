"""What becomes of the others when one of several ranks fails: it finds out whether they failed alike, and if not it says why and ends all.

A rank that fails alone must call nothing that others have to take part in: they are somewhere else. So the ranks meet on a communicator of
their own, without blocking, and one that waits in vain knows that it is alone.
"""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .errors import InvasioError, SolverError
from .parallel import Comm, end_all

PATIENCE = 10.0  # seconds to wait for ranks that may fail alike: an InvasioError is mostly one of all
BRIEF = 1.0  # and where another exception was raised, which is mostly one rank's
_SPEAKER = 0.3  # seconds in which a lower rank that failed too is heard of
_NOTE = 1  # tag of an empty message to higher ranks: "I have failed"
_meetings: list[Meeting] = []
_held: list[object] = []  # what nothing may be freed of any more, since that would wait for the others


class Meeting:
    """Where the ranks of a communicator meet; get it with ``of``, whose first call is collective. It is kept to the end.

    Attributes:
        lost: this rank has waited in vain: nothing can be done together any more.
    """

    def __init__(self, comm: Comm) -> None:
        self._comm = comm.Dup()
        self.lost = False

    @staticmethod
    def of(comm: Comm) -> Meeting:
        """That of a communicator of several ranks, or of another one of the same. Collective the first time."""
        found = Meeting.known(comm)
        if found is None:
            found = Meeting(comm)
            _meetings.append(found)
        return found

    @staticmethod
    def known(comm: Comm) -> Meeting | None:
        """The same if there is one already. Not collective."""
        mpi = sys.modules["mpi4py.MPI"]
        same = (mpi.IDENT, mpi.CONGRUENT)  # type: ignore[attr-defined]
        return next((m for m in _meetings if type(comm).Compare(comm, m._comm) in same), None)

    def faults(self, failed: bool, patience: float) -> list[bool] | None:
        """Which ranks have failed, as soon as all are here; a rank that has waits so many seconds at most, and gets None. Collective."""
        comm = self._comm
        if self.lost:
            return None
        if failed:
            for rank in range(comm.rank + 1, comm.size):
                _held.append(comm.Isend(bytearray(), dest=rank, tag=_NOTE))
        mine, all_ = bytearray([failed]), bytearray(comm.size)
        request, deadline = comm.Iallgather(mine, all_), time.monotonic() + patience
        if not failed:
            request.Wait()
        while not request.Test():
            if time.monotonic() > deadline:
                self.lost = True
                _held.extend((request, mine, all_))
                return None
            time.sleep(0.001)
        for rank in range(comm.rank):
            if all_[rank]:
                comm.Recv(bytearray(), source=rank, tag=_NOTE)
        return [bool(fault) for fault in all_]

    def first(self) -> bool:
        """Whether no lower rank has failed, as far as is known a moment later."""
        time.sleep(_SPEAKER if self._comm.rank else 0.0)
        return not any(self._comm.Iprobe(source=rank, tag=_NOTE) for rank in range(self._comm.rank))


def of_one_rank(error: BaseException | None, comm: Comm) -> bool:
    """Whether an error is one of some ranks only, so that nothing can be done together any more; those that fail alike meet here."""
    if error is None or comm.size == 1:
        return False
    known: bool | None = getattr(error, "of_one_rank", None)
    if known is None:
        meeting, alike = Meeting.known(comm), isinstance(error, InvasioError)
        found = None if meeting is None else meeting.faults(True, PATIENCE if alike else BRIEF)
        known = not alike if meeting is None else found is None or not all(found)
        error.of_one_rank = known  # type: ignore[attr-defined]
    return known


def hold(thing: object) -> None:
    """Keep something to the end of the process: freeing it would wait for the other ranks."""
    _held.append(thing)


def as_error(error: BaseException) -> InvasioError | None:
    """What to tell the user where the system has refused something; None for faults of the program, which are told with their traceback."""
    if isinstance(error, InvasioError):
        return error
    if isinstance(error, MemoryError):
        what = f"the system gives no more{f': {error}' if str(error) else ''}"
        return SolverError(what, code="out-of-memory", place="memory", remedy="use more nodes, a coarser mesh, or fewer ranks on a node")
    if isinstance(error, OSError):
        remedy = "mend what it says (room, permissions, open files), and use --resume"
        place = str(error.filename or "system")
        return SolverError(f"the system refuses: {error.strerror or error}", code="system-refuses", place=place, remedy=remedy)
    return None


def exit_code(error: BaseException) -> int:
    """The exit code that an error ends the program with."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    known = as_error(error)
    return 1 if known is None else known.exit_code


def tell(error: BaseException, comm: Comm, say: Callable[[], None]) -> None:
    """Have an error told once; where it is one of some ranks only, end all ranks with its exit code, and do not come back."""
    if not of_one_rank(error, comm):
        if comm.rank == 0:
            say()
        return
    meeting = Meeting.of(comm)
    if meeting.first():
        say()
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(0.1)  # the launcher passes on what was said before it ends all
    else:
        time.sleep(PATIENCE)  # a lower rank speaks, and ends this one
    end_all(comm, exit_code(error))


def end_together(comm: Comm) -> None:
    """From now on an exception that nobody catches on one of several ranks ends all of them. Collective."""
    if comm.size == 1:
        return
    meeting = Meeting.of(comm)
    if not isinstance(sys.excepthook, _EndsAll):
        sys.excepthook = _EndsAll(comm, sys.excepthook)
        atexit.register(lambda: end_all(comm, 1) if meeting.lost else None)  # a program that caught the error and leaves


class _EndsAll:
    """An exception hook that has another hook tell what happened, once, and ends all ranks."""

    def __init__(self, comm: Comm, before: Any) -> None:
        self._comm, self._before = comm, before

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        tell(error, self._comm, lambda: self._before(kind, error, trace))
        Meeting.of(self._comm).faults(True, PATIENCE)  # rank 0 has spoken
        end_all(self._comm, exit_code(error))
