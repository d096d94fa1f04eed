"""A stated maximum on several ranks: kept to rounding, the same densities as on one rank, accounts in balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from tests.helpers import parallel_assert
from tests.models import boundary, lattice, problem_of, species
from tests.parallel.test_numerics import everywhere
from tests.verification.test_packing import march
from tests.verification.test_transfers import turning

pytestmark = pytest.mark.mpi


def laws() -> tuple[Any, ...]:
    """Two phenotypes that drift into a corner, grow where there is room, and turn into each other; one held on a side."""
    drift = (("f", "f", "0.3"),)
    moving = {"diffusion": "1e-4", "taxis": drift, "growth": "2*(1 - n)", "loss": "0.3"}
    n = species("n", "where(x > 0.4 and x < 0.95, 0.9, 0.05)", "cells", boundaries={"left": boundary("fixed", "0.5")}, **moving)
    k = species("k", "0.6", "cells", diffusion="1e-2")
    return replace(turning(n, k="2*x"), maximum=1.0), replace(turning(k, n="5*x"), maximum=0.7), species("f", "x")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_packed_cells_on_several_ranks(comm: Any, dim: int) -> None:
    """As on one rank; with the maximum reached on every step."""
    cells = {1: 40, 2: 12, 3: 5}[dim]
    problem = problem_of(laws(), lattice(dim, cells) if comm.rank == 0 else None, comm)
    alone = problem_of(laws(), lattice(dim, cells), MPI.COMM_SELF)
    for found in (problem, alone):
        stepper, _ = march(found, 0.1, 8, {"n": 1.0, "k": 0.7})
        highest = found.graph.comm.allreduce(float(found.species["n"].state.max(initial=0.0)), MPI.MAX)
        parallel_assert(comm, highest > 1.0 - 1e-9, "nothing was packed")
        parallel_assert(comm, stepper.transports[0].packing.circles == 0, "the sweeps did not end")
    for name in ("n", "k"):
        difference = float(np.abs(everywhere(problem, name) - everywhere(alone, name)).max())
        parallel_assert(comm, difference <= 1e-7, f"{name} differs by {difference:.1e}")
