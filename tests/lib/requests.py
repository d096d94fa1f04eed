"""The persistent requests that exchanges of ghost values open, and which of them nobody has freed."""

from __future__ import annotations

from typing import Any

from mpi4py import MPI

from invasio.solver.discretise.halo import Halo
from invasio.solver.linalg.overlap import Exchange

_opened: list[Any] = []


def _watch(kind: type[Halo] | type[Exchange]) -> None:
    begin: Any = kind.__init__

    def watched(self: Any, *args: Any, **options: Any) -> None:
        begin(self, *args, **options)
        left()  # what was freed is not kept: others count objects
        rounds = [requests for requests, *_ in self._rounds] if isinstance(self, Halo) else [self._requests]
        _opened.extend(request for requests in rounds for request in requests)

    kind.__init__ = watched  # type: ignore[method-assign]


_watch(Halo)
_watch(Exchange)


def left() -> int:
    """How many are open on this rank."""
    _opened[:] = [request for request in _opened if request != MPI.REQUEST_NULL]
    return len(_opened)


def free() -> None:
    """Free all: no exchange can be used afterwards."""
    for request in _opened:
        if request != MPI.REQUEST_NULL:
            request.Free()
