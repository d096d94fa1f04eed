"""What must not be negative ends the run on all ranks with the same words as on one, wherever it happens."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from invasio.solver.errors import InvasioError
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import March
from tests.lib.signs import CASES, Negative

pytestmark = pytest.mark.mpi


def said(case: Negative, comm: Comm) -> str:
    """What the run ends with."""
    try:
        March(case.build(comm)).run(1.0, step=0.1)
    except InvasioError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_said_on_any_number_of_ranks(comm: Comm, name: str) -> None:
    together, alone = said(CASES[name], comm), said(CASES[name], MPI.COMM_SELF)
    parallel_assert(comm, bool(together) and together == alone, f"{together!r} instead of {alone!r}")
