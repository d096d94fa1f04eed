"""One rank of `mpirun -n N python3 tests/rank.py FOLDER PYTEST ARGUMENTS`; used by run.py.

Rank 0 prints; the others write FOLDER/rank-R.txt; each leaves FOLDER/rank-R.xml. A test that fails on one rank while the others
wait in a collective call would hang. So the ranks meet after each phase of a test, before fixtures are taken down, which is done
together; a rank that fails and meets nobody for a while prints its report and ends all.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from invasio.solver.parallel import end_all

if TYPE_CHECKING:
    from tests.lib.comm import Comm

PATIENCE = float(os.environ.get("INVASIO_TEST_PATIENCE") or 30.0)  # seconds that a failed rank waits for the others


class Together:
    """Pytest plugin: the ranks meet after every phase of every test."""

    def __init__(self, comm: Comm, screen: int) -> None:
        self._comm = comm
        self._screen = screen
        self._failure = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test, then wait for the other ranks."""
        self._failure = ""
        result = yield
        meet(self._comm, self._failure, self._screen)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember why the test failed here; wait for the other ranks before what comes next, which they may do together."""
        if report.failed:
            self._failure += f"{report.nodeid} ({report.when})\n{report.longreprtext}\n"
        if report.when == "teardown":
            return
        alike = meet(self._comm, self._failure, self._screen)
        if report.when == "setup" and not alike and report.failed:
            end(self._comm, self._failure, self._screen)  # the others run the test now


def meet(comm: Comm, failure: str, screen: int) -> bool:
    """Wait for all ranks, whether all or none have failed; a rank with a failure gives up after a while and ends all."""
    failed, found = np.array([bool(failure)], dtype=np.uint8), np.empty(comm.size, dtype=np.uint8)
    request, deadline = comm.Iallgather(failed, found), time.monotonic() + PATIENCE
    while not request.Test():
        if failure and time.monotonic() > deadline:
            end(comm, failure, screen)
        time.sleep(0.001)
    return bool(found.all() or not found.any())


def end(comm: Comm, failure: str, screen: int) -> None:
    """Print the report and end all ranks."""
    os.write(screen, f"\nrank {comm.rank} failed alone, the others wait for it: {failure}\n".encode())
    time.sleep(0.2)
    end_all(comm, 1)


def main(folder: Path, arguments: list[str]) -> int:
    """Run pytest on this rank and leave together with the others."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD.Dup()  # what meets here mixes with no call of the tests
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
        end_all(comm, 1)
    meet(comm, "" if code == 0 else f"pytest, exit code {code}", screen)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
