"""Species that react with each other, on any number of ranks, beside everything else: membranes, boundaries, transfers, drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Transfer
from invasio.solver.scenario.parser import parse
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.extensions import Adding, Surgery
from tests.lib.fields import least
from tests.lib.march import March
from tests.lib.models import EVERY_BOUNDARY, boundary, lattice, membrane, passage, problem_of, species

pytestmark = pytest.mark.mpi

DT = 0.05
LUMP = "exp(-((x - 0.5)^2 + (y - 0.5)^2 + (z - 0.5)^2)/0.1)"


def binding(dim: int, comm: Comm) -> Any:
    """A ligand binds fast to what cells carry and to a matrix; the complex is cut into a product; cells turn into others."""
    beside = {name: condition for name, condition in EVERY_BOUNDARY.items() if dim > 1 or name in ("left", "right")}
    if dim == 1:
        beside["right"] = boundary("fixed", "0.2 + 0.1*t")
    cells = species(
        "cells", LUMP, "cells", diffusion="1e-2", taxis=(("ligand", "ligand", "0.1"),), growth="0.5*(1 - cells)", loss="0.1*ligand"
    )
    laws = (
        replace(cells, transfers=(Transfer("others", parse("0.5*x")),)),
        species("others", f"0.1*{LUMP}", "cells", diffusion="1e-2"),
        species(
            "ligand",
            "0.5*(1 + x)",
            "soluble",
            diffusion="0.1",
            production="0.2*others + 50*complex",
            loss="1e3*free + cells",
            boundaries=beside,
        ),
        species("free", f"{LUMP}", loss="1e3*ligand", production="(50 + 5)*complex"),
        species("complex", "0", diffusion="1e-3", loss="50 + 5", production="1e3*ligand*free"),
        species("product", "0", diffusion="0.2", production="5*complex", loss="0.3", growth="0.1*(1 - product)"),
    )
    data = lattice(dim, {1: 24, 2: 10, 3: 5}[dim])
    data = replace(data, interfaces={"b": plane(data, 0, {1: 0.25, 2: 0.3, 3: 0.4}[dim])})
    barrier = membrane("b", passage("ligand", "0.5"), passage("cells", "0.1*ligand"), passage("product", "2"))
    return problem_of(laws, data, comm, (barrier,), together="partners")


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_on_any_number_of_ranks(comm: Comm, dim: int, limiter: str) -> None:
    """Ledger to 1e-12, nothing negative, the same on one rank, and a restart that repeats every bit."""
    problem, alone = binding(dim, comm), binding(dim, MPI.COMM_SELF)
    parallel_assert(comm, [s.name for s in problem.kinetics[0].members] == ["cells", "others", "ligand", "free", "complex"], "members")
    parallel_assert(comm, [s.name for s in problem.kinetics[0].products] == ["product"], "products")
    options = SchemeOptions(limiter=limiter)
    march = March(problem, options).steps(DT, 3, tried=2.0, balanced=True)
    half = march.snapshot()
    march.steps(DT, 2, tried=2.0, balanced=True)
    single = March(alone, options).steps(DT, 5, tried=2.0)
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    for name in problem.species:
        parallel_assert(comm, least(problem, name) >= 0.0, f"{name} is negative")
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    again = binding(dim, comm)
    resumed = March.restored(again, half, options).steps(DT, 2, tried=2.0, balanced=True)
    parallel_assert(comm, resumed.worst < 1e-12, f"ledger after a restart {resumed.worst:.1e}")
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")


@pytest.mark.parametrize("step", [DT, None])
def test_a_restart_at_an_event(comm: Comm, step: float | None) -> None:
    """A dose of the ligand: what is bound at once is booked, and a run resumed at the very time repeats every bit."""
    dose = [Adding({}, lambda problem: Surgery(problem, 3 * DT, lambda points: points[:, 0] < 0.4, "cells", 0.5, "ligand", 3.0))]
    problem = binding(1, comm)
    march = March(problem, extensions=dose)
    march.run(3 * DT, step=step)
    before = march.snapshot()
    march.run(6 * DT, step=step)
    march.balance()
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    parallel_assert(comm, march.account("ligand", "implanted") > 0.0, "no dose")
    again = binding(1, comm)
    resumed = March.restored(again, before, extensions=dose)
    resumed.run(6 * DT, step=step)
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts")
