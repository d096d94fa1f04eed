"""Growth that is left to transport at some nodes and to kinetics at others, on any number of ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import least
from tests.lib.march import March
from tests.lib.models import boundary, lattice, problem_of, species

pytestmark = pytest.mark.mpi


def divided(dim: int, comm: Comm) -> Any:
    """Fast reactions on one side, none to speak of on the other, a wall, and a front of growth through both."""
    fast = "where(x < 0.5, 500, 0.01)"
    laws = (
        species(
            "a",
            "0.1*exp(-(x - 0.5)^2/0.1)",
            diffusion="2e-2",
            production="5*b",
            growth="20*(1 - a)",
            loss=fast,
            boundaries={"left": boundary("fixed", "0"), "right": boundary("exchange", "0.1", "0.5")},
        ),
        species("b", "0.1", "cells", diffusion="1e-2", production=f"{fast}*a", loss="5"),
    )
    return problem_of(laws, lattice(dim, {1: 24, 2: 8, 3: 4}[dim]), comm, together="partners")


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_on_any_number_of_ranks(comm: Comm, dim: int) -> None:
    """Ledger to 1e-12, nothing negative, the same on one rank, and a restart that repeats every bit where choices have been made."""
    problem, alone = divided(dim, comm), divided(dim, MPI.COMM_SELF)
    march = March(problem).steps(0.05, 4, tried=2.0, balanced=True)
    half = march.snapshot()
    march.steps(0.05, 4, tried=2.0, balanced=True)
    single = March(alone).steps(0.05, 8, tried=2.0)
    parts = comm.allreduce(np.bincount(problem.fields["part a"][: problem.graph.n_owned].astype(int), minlength=2))
    parallel_assert(comm, parts.min() > 0, f"all alike: {parts}")
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    parallel_assert(comm, least(problem, "a", "b") >= 0.0, "negative")
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    again = divided(dim, comm)
    resumed = March.restored(again, half).steps(0.05, 4, tried=2.0, balanced=True)
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")
