"""One rank of `mpirun -n N python3 tests/rank.py FOLDER PYTEST ARGUMENTS`; used by run.py.

Rank 0 prints; the others write FOLDER/rank-R.txt; each leaves FOLDER/rank-R.xml. A test that fails on one rank while the others
wait in a collective call would hang: the failing rank waits a while, says what happened and ends all.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lib.comm import Comm

PATIENCE = 60.0  # seconds that a failed rank waits for the others


class Together:
    """Pytest plugin: the ranks meet after every test."""

    def __init__(self, comm: Comm, screen: int) -> None:
        self._comm = comm
        self._screen = screen
        self._failure = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test, then wait for the other ranks."""
        self._failure = ""
        result = yield
        meet(self._comm, f"{item.nodeid}\n{self._failure}" if self._failure else "", self._screen)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember why the test failed here."""
        if report.failed:
            self._failure += report.longreprtext


def meet(comm: Comm, failure: str, screen: int) -> None:
    """Wait for all ranks; a rank with a failure gives up after a while and ends all."""
    arrived = comm.Ibarrier()
    deadline = time.monotonic() + PATIENCE
    while not arrived.Test():
        if failure and time.monotonic() > deadline:
            os.write(screen, f"\nrank {comm.rank} failed alone, the others hang in {failure}\n".encode())
            comm.Abort(1)
        time.sleep(0.001)


def main(folder: Path, arguments: list[str]) -> int:
    """Run pytest on this rank and leave together with the others."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    screen = os.dup(2)
    if comm.rank > 0:
        log = os.open(folder / f"rank-{comm.rank}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
    try:
        report = folder / f"rank-{comm.rank}.xml"
        code = int(pytest.main([f"--junitxml={report}", "-p", "no:cacheprovider", *arguments], [Together(comm, screen)]))
    except BaseException:
        os.write(screen, traceback.format_exc().encode())
        comm.Abort(1)
        raise
    meet(comm, "" if code == 0 else f"pytest, exit code {code}", screen)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
