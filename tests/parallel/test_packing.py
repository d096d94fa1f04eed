"""A stated maximum on several ranks: kept to rounding, the same densities as on one rank, accounts in balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mpi4py import MPI

from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_densities
from tests.lib.fields import greatest
from tests.lib.models import boundary, lattice, problem_of, species
from tests.verification.test_packing import packed
from tests.verification.test_transfers import turning

pytestmark = pytest.mark.mpi


def laws() -> tuple[Any, ...]:
    """Two phenotypes that drift into a corner, grow where there is room, and turn into each other; one held on a side."""
    held, drift, block = {"left": boundary("fixed", "0.5")}, (("f", "f", "0.3"),), "where(x > 0.4 and x < 0.95, 0.9, 0.05)"
    n = species("n", block, "cells", diffusion="1e-4", taxis=drift, growth="2*(1 - n)", loss="0.3", boundaries=held)
    k = species("k", "0.6", "cells", diffusion="1e-2")
    return replace(turning(n, k="2*x"), maximum=1.0), replace(turning(k, n="5*x"), maximum=0.7), species("f", "x")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_packed_cells_on_several_ranks(comm: Comm, dim: int) -> None:
    """As on one rank; with the maximum reached on every step."""
    cells = {1: 40, 2: 12, 3: 5}[dim]
    problem = problem_of(laws(), lattice(dim, cells) if comm.rank == 0 else None, comm)
    alone = problem_of(laws(), lattice(dim, cells), MPI.COMM_SELF)
    for found in (problem, alone):
        march = packed(found, 0.1, 8, {"n": 1.0, "k": 0.7})
        parallel_assert(comm, greatest(found, "n") > 1.0 - 1e-9, "nothing was packed")
        parallel_assert(comm, march.packing("n").circles == 0, "the sweeps did not end")
    same_densities(problem, alone, 1e-7, ("n", "k"))
