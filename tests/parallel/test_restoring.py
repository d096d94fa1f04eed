"""What fast reactions hold, in the stages of transport, on any number of ranks: beside walls and a membrane, with and without history."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mpi4py import MPI

from invasio.solver.components.kinetics import Coupled
from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import least
from tests.lib.march import March
from tests.lib.models import boundary, lattice, membrane, passage, problem_of, species

pytestmark = pytest.mark.mpi


def held(dim: int, comm: Comm) -> Problem:
    """Made where x is small, bound for good within 1/500, by way of an intermediate; a wall, and a membrane that one of them passes."""
    laws = (
        species(
            "a",
            "0",
            diffusion="0.2",
            production="exp(-20*x^2) + 2e3*c",
            loss="500*b",
            boundaries={"right": boundary("exchange", "0.1", "0.5")},
        ),
        species("b", "1", diffusion="0.05", loss="500*a", production="2e3*c", boundaries={"left": boundary("fixed", "1")}),
        species("c", "0", diffusion="0.2", loss="2e3 + 1e4", production="500*a*b"),
        species("d", "0", diffusion="0.1", production="1e4*c"),
    )
    data = lattice(dim, {1: 24, 2: 10, 3: 5}[dim])
    data = replace(data, interfaces={"m": plane(data, 0, {1: 0.25, 2: 0.3, 3: 0.4}[dim])})
    return problem_of(laws, data, comm, (membrane("m", passage("b", "0.5"), passage("a", "2")),), together="partners")


@pytest.mark.parametrize(("dim", "scheme"), [(1, "tr_bdf2"), (1, "crank_nicolson"), (1, "backward_euler"), (2, "tr_bdf2"), (3, "tr_bdf2")])
def test_on_any_number_of_ranks(comm: Comm, dim: int, scheme: str) -> None:
    """Ledger to 1e-12, nothing negative, the same on one rank, and a restart that repeats every bit."""
    options = SchemeOptions(scheme=scheme)
    problem, alone = held(dim, comm), held(dim, MPI.COMM_SELF)
    march = March(problem, options).steps(0.05, 3, tried=2.0, balanced=True)
    half = march.snapshot()
    march.steps(0.05, 3, tried=2.0, balanced=True)
    single = March(alone, options).steps(0.05, 6, tried=2.0)
    coupled = next(c for c in march._stepper.components if isinstance(c, Coupled))
    parallel_assert(comm, any(r.acts for r in coupled.restoring.by_member.values()), "nothing is held")
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    parallel_assert(comm, least(problem, *"abcd") >= 0.0, "negative")
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    again = held(dim, comm)
    resumed = March.restored(again, half, options).steps(0.05, 3, tried=2.0, balanced=True)
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")
