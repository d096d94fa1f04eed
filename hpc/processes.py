"""Looking after the processes below a launcher, through /proc."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from invasio.solver.parallel import ignore_again

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
GENTLE = (signal.SIGUSR1, signal.SIGHUP)  # however often they come, they only ask
_PROC = Path("/proc")


def stopping() -> tuple[signal.Signals, ...]:
    """Signals that ask for a stop: also that of a terminal that closes, but where it is to be ignored, as under nohup."""
    return _STOPPING if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (*_STOPPING, signal.SIGHUP)


def _table() -> Iterator[tuple[int, int, int]]:
    """(process, parent, session) of every process, zombies left out."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if state not in "ZX":
                    yield int(entry.name), int(parent), int(session)


def ranks_below(launcher: int, markers: Sequence[str]) -> list[int]:
    """The topmost processes below ``launcher`` that have one of these environment variables: its ranks."""
    children = defaultdict(list)
    for process, parent, _ in _table():
        children[parent].append(process)
    found, todo = [], list(children[launcher])
    while todo:
        process = todo.pop()
        if _has_variable(process, markers):
            found.append(process)
        else:
            todo += children[process]
    return sorted(found)


def _has_variable(process: int, names: Sequence[str]) -> bool:
    try:
        entries = (_PROC / str(process) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(entry.partition(b"=")[0].decode(errors="replace") in names for entry in entries)


def catches(process: int, number: int) -> bool:
    """Whether a process has installed a handler for this signal, and does not block it."""
    try:
        status = (_PROC / str(process) / "status").read_text()
    except OSError:
        return False
    masks = {name: int(mask, 16) for name, _, mask in (line.partition(":") for line in status.splitlines()) if name in ("SigCgt", "SigBlk")}
    return bool((masks.get("SigCgt", 0) & ~masks.get("SigBlk", 0)) >> (number - 1) & 1)


def ask_to_stop(launcher: int, markers: Sequence[str], told: set[int]) -> set[int]:
    """Send USR1 to the ranks that were not told yet and can deal with it; returns those told now.

    A rank that is still starting has no handler and would die of the signal: call again later.
    """
    now = set()
    for rank in ranks_below(launcher, markers):
        if rank not in told and catches(rank, signal.SIGUSR1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(rank, signal.SIGUSR1)
            now.add(rank)
    return now


@contextlib.contextmanager
def while_mpi_starts() -> Iterator[None]:
    """Around the first import of mpi4py.MPI: MPICH takes USR1 for itself, and a request to stop would be lost there."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGUSR1) in (None, signal.SIG_DFL):
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        ignore_again()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


def kill_session(session: int) -> None:
    """Kill whatever is left of a session."""
    for process, _, of in _table():
        if of == session:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
