"""Fixtures shared by all tests, on any number of ranks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def comm():  # type: ignore[no-untyped-def]
    """The communicator of all ranks of this test run."""
    from mpi4py import MPI

    return MPI.COMM_WORLD


@pytest.fixture
def shared_tmp(comm) -> Iterator[Path]:  # type: ignore[no-untyped-def]
    """One temporary folder, the same on every rank, removed afterwards."""
    path = Path(comm.bcast(tempfile.mkdtemp(prefix="invasio-test-") if comm.rank == 0 else None))
    yield path
    comm.barrier()
    if comm.rank == 0:
        shutil.rmtree(path, ignore_errors=True)
