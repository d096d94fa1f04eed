"""What cells carry, with everything else at work: uniform stays uniform, bounds, ledger, ranks, restart."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import density
from tests.lib.march import March
from tests.lib.models import carried
from tests.parallel.test_everything import DT, everything

pytestmark = pytest.mark.mpi

LOADS = (
    carried("even", "n", "2", "alike", {"k": "even_k"}),
    carried("even_k", "k", "2", "alike", {"n": "even"}),
    carried("wave", "n", "1 + sin(9*x)", "each", {"k": "taken"}),
    carried("taken", "k", "1", production="0.1*k", loss="1"),
)
RANGES = {"even": ("n", 2.0, 2.0), "even_k": ("k", 2.0, 2.0), "wave": ("n", 0.0, 2.0)}


def laden(comm: Comm) -> Problem:
    """Membrane, three vessels, fibres, phenotypes that become each other, every kind of boundary, with loads."""
    problem: Problem = everything(2, comm, LOADS)
    return problem


def check_ranges(comm: Comm, problem: Problem) -> None:
    """Collective."""
    for name, (carrier, low, high) in RANGES.items():
        n, b = density(problem, carrier), density(problem, name)
        there = n > 1e-200
        r = b[there] / n[there]
        good = bool((r >= low * (1.0 - 1e-11)).all() and (r <= high * (1.0 + 1e-11)).all()) and not b[~there].any()
        parallel_assert(comm, good, f"{name}: {r.min(initial=np.inf)} to {r.max(initial=-np.inf)}")


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
def test_everything_that_cells_carry(comm: Comm, limiter: str) -> None:
    """Also through membranes, walls of vessels and boundaries, into other phenotypes, with close packing and rejected steps."""
    problem, alone, options = laden(comm), laden(MPI.COMM_SELF), SchemeOptions(limiter=limiter)
    march = March(problem, options)
    for _ in march.each(DT, 3, tried=2.0, balanced=True):
        check_ranges(comm, problem)
    half = march.snapshot()
    for _ in march.each(DT, 2, tried=2.0, balanced=True):
        check_ranges(comm, problem)
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    found = march.accounts()["even"]
    passed = [key for key in found if key.startswith(("crossed:", "blood:", "lymph:", "outflow:", "inflow:", "switched"))]
    cells = march.accounts()["n"]
    for key in passed:
        same = abs(found[key] - 2.0 * cells[key]) <= 1e-9 * max(1.0, abs(found[key]))
        parallel_assert(comm, same, f"{key}: {found[key]} instead of {2.0 * cells[key]}")
    parallel_assert(comm, len(passed) > 8, f"only {passed}")
    single = March(alone, options).steps(DT, 5, tried=2.0)
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    again = laden(comm)
    resumed = March.restored(again, half, options).steps(DT, 2, tried=2.0, balanced=True)
    parallel_assert(comm, resumed.worst < 1e-12, f"ledger after a restart {resumed.worst:.1e}")
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")
