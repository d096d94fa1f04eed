"""Fixtures shared by all tests, on any number of ranks."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # tests that start MPI programs import no MPI themselves
    from tests.lib.comm import Comm


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--slow` runs the tests that take minutes as well."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow as well")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without `--slow`, tests marked slow are left out."""
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Of several workers each takes whole groups of tests."""
    from .groups import Groups

    return Groups(config, log)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A test that leaves a run.log open, or logging silent, would take the messages of all later ones."""
    logger = logging.getLogger("invasio")
    before = logger.propagate, logger.level, logger.disabled, logging.root.manager.disable, logging.getLogger("invasio.output").disabled
    yield
    left = logger.propagate, logger.level, logger.disabled, logging.root.manager.disable, logging.getLogger("invasio.output").disabled
    logger.propagate = before[0]
    assert left == before, "logging is not as it was"


@pytest.fixture(scope="session")
def comm() -> Comm:
    """The communicator of all ranks of this test run."""
    from mpi4py import MPI

    return MPI.COMM_WORLD


@pytest.fixture
def shared_tmp(comm: Comm) -> Iterator[Path]:
    """One temporary folder, the same on every rank, removed afterwards."""
    path = Path(comm.bcast(tempfile.mkdtemp(prefix="invasio-test-") if comm.rank == 0 else None))
    yield path
    comm.barrier()
    if comm.rank == 0:
        shutil.rmtree(path, ignore_errors=True)
