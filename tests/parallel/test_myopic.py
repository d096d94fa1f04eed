"""Myopic diffusion on several ranks: the same densities as on one, and fluxes that cancel to the last bit."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_densities
from tests.lib.fields import amount
from tests.lib.march import advance
from tests.lib.models import boundary, lattice, problem_of, species
from tests.verification.test_myopic import myopic

pytestmark = pytest.mark.mpi


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_myopic_cells_on_several_ranks(comm: Comm, dim: int) -> None:
    data = lattice(1, 30) if dim == 1 else obtuse_rectangle(10) if dim == 2 else lattice(3, 5)
    n = species("n", "where(x < 0.4, 1, 0)", "cells", diffusion="0.01 + 0.1*x", taxis=(("f", "f", "0.05"),))
    o = species("o", "1", diffusion="1 + x", loss="n", quasi_steady=True, boundaries={"left": boundary("fixed", "1")})
    direction = ["1", "x - 0.3", "0.5"][:dim]
    laws = (myopic(n, 0.05, *direction), myopic(o, 0.5, *direction), species("f", "x^2"))
    problem = problem_of(laws, data if comm.rank == 0 else None, comm)
    alone = problem_of(laws, data, MPI.COMM_SELF)
    before = amount(problem, "n")
    for found in (problem, alone):
        advance(found, 0.1, 5)
    parallel_assert(comm, abs(amount(problem, "n") / before - 1.0) < 1e-13, "amount")
    same_densities(problem, alone, 1e-6, ("n", "o"))
