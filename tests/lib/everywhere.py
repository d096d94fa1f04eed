"""Several ranks against one: values of all ranks in canonical order, and assertions that fail on all ranks together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from mpi4py import MPI

from invasio.solver.discretise.problem import Problem
from tests.lib.comm import Comm
from tests.lib.fields import Floats, crossing, density, entered, first_breach, integrity, owned, sites
from tests.lib.march import March


def parallel_assert(comm: Comm, condition: bool, message: str = "") -> None:
    """Assert that the condition holds on every rank; fails on all ranks together, so that none hangs."""
    failed = comm.allgather(None if condition else f"rank {comm.rank}: {message}")
    faults = [text for text in failed if text is not None]
    assert not faults, "; ".join(faults)


def everywhere(problem: Problem, name: str) -> Floats:
    """A species at all nodes in canonical order (n_nodes), on every rank. Collective."""
    values = np.full(problem.grid.n_nodes, -np.inf)
    values[problem.grid.nodes] = owned(problem, name)
    problem.graph.comm.Allreduce(MPI.IN_PLACE, values, MPI.MAX)
    return values


def at_sites(problem: Problem, name: str, flux_of: str = "") -> Floats:
    """The integrity of a membrane or wall, or the flux of a species through it, at all sites in canonical order. Collective."""
    mine = crossing(problem, flux_of, name).flux if flux_of else integrity(problem, name)
    there = sites(problem, name)
    values = np.full(there.total, -np.inf)
    values[there.numbers[: there.n_owned]] = mine[: there.n_owned]
    problem.graph.comm.Allreduce(MPI.IN_PLACE, values, MPI.MAX)
    return values


def same_densities(together: Problem, alone: Problem, tolerance: float, names: Iterable[str] = ()) -> None:
    """Assert that species (all of them where none is named) are those that each rank found alone. Collective over ``together``."""
    for name in names or together.species:
        difference = float(np.abs(everywhere(together, name) - everywhere(alone, name)).max())
        parallel_assert(together.graph.comm, difference <= tolerance, f"{name} differs by {difference:.1e}")


def same_accounts(together: March, alone: March, tolerance: float, relative: bool = False) -> None:
    """Assert the same of all accounts; relative: to amounts above 1. Collective over ``together``."""
    found = together.accounts()
    for name, account in alone.accounts().items():
        for key, expected in account.items():
            close = abs(found[name][key] - expected) <= tolerance * (max(1.0, abs(expected)) if relative else 1.0)
            said = f"account {name}.{key}: {found[name][key]} instead of {expected}"
            parallel_assert(together.problem.graph.comm, close, said)


def same_sites(together: Problem, alone: Problem, name: str, tolerance: float, *fluxes: str) -> None:
    """Assert the same of the integrity of a membrane or wall and of fluxes through it. Collective over ``together``."""
    for flux in ("", *fluxes):
        difference = float(np.abs(at_sites(together, name, flux) - at_sites(alone, name, flux)).max())
        what = f"flux of {flux} through" if flux else "integrity of"
        parallel_assert(together.graph.comm, difference <= tolerance, f"{what} {name} differs by {difference:.1e}")


def same_breach(together: Problem, alone: Problem, name: str, tolerance: float) -> None:
    """Assert the same of the time of the first breach. Collective over ``together``."""
    first, expected = first_breach(together, name), first_breach(alone, name)
    close = first == expected or abs(first - expected) <= tolerance
    parallel_assert(together.graph.comm, close, f"first breach {first}, alone {expected}")


def same_bits(problem: Problem, again: Problem) -> None:
    """Assert that two problems on the same ranks hold the same bits: densities, integrities, what entered vessels. Collective."""
    comm = problem.graph.comm
    for name in problem.species:
        parallel_assert(comm, np.array_equal(density(problem, name), density(again, name)), f"density of {name}")
    for name in problem.integrities:
        parallel_assert(comm, np.array_equal(integrity(problem, name), integrity(again, name)), f"integrity of {name}")
    for name in problem.vessels:
        other = entered(again, name)
        for species, mine in entered(problem, name).items():
            parallel_assert(comm, np.array_equal(mine, other[species]), f"{species} that entered {name}")
