"""MPI before DOLFINx and PETSc, also where one file is run alone: the wheels find their MPI only so."""

from __future__ import annotations

import pytest
from mpi4py import MPI as MPI

from tests.lib import requests


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Problems that tests have put together themselves let go of their exchanges: MPICH names each that it has to free at its end."""
    requests.free()
