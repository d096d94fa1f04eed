"""The same answer on any number of ranks: every case is also solved by each rank alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.domain import MeshData
from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Fibres, Species, Transfer
from invasio.solver.scenario.parser import parse
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.lib.comm import Comm
from tests.lib.everywhere import everywhere, parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import amount, density, least
from tests.lib.march import March, advance
from tests.lib.models import EVERY_BOUNDARY, anderson, boundary, lattice, problem_of, species

pytestmark = pytest.mark.mpi

FULL = (
    species("n", "1 + cos(3*pi*x)", "cells", diffusion="0.01", taxis=(("f", "f", "0.2"),), growth="1 - n - f", boundaries=EVERY_BOUNDARY),
    species("m", "0", "soluble", diffusion="0.05", production="n", loss="2"),
    species("f", "x", "ecm", loss="m", growth="0.5*(1 - f - n)"),
)
TURNING = (  # what this page has besides: transfers, fibres, an upper bound, a carried logarithm, stiff kinetics
    replace(
        species("n", "where(x < 0.5, 1, 0)", "cells", diffusion="0.01", taxis=(("f", "log(f)", "0.02"),)),
        transfers=(Transfer("k", parse("2*x*m")),),
        fibres=Fibres((parse("1"), parse("x - 0.3")), 0.05),
        maximum=1.0,
    ),
    replace(species("k", "0", "cells", diffusion="0.02"), transfers=(Transfer("n", parse("0.5/(1 + m)")),)),
    species("m", "0.1", "soluble", diffusion="0.05", production="1e4*k", loss="1e4"),
    species("f", "1 - 0.5*y", "ecm", loss="200*(0.1 + m)"),
)
NOISY = (*anderson()[:2], species("f", "0.5 + 0.5*noise(0.1, 7)", "ecm", loss="10*m"))


def compare(comm: Comm, laws: Any, data: MeshData, dt: float, steps: int, tolerance: float, options: SchemeOptions | None = None) -> None:
    together, alone = problem_of(laws, data, comm), problem_of(laws, data, MPI.COMM_SELF)
    parts, whole = advance(together, dt, steps, options), advance(alone, dt, steps, options)
    same_densities(together, alone, tolerance)
    for name in together.species:
        parallel_assert(comm, least(together, name) >= 0.0, f"{name} is negative")
    same_accounts(parts, whole, tolerance)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_strong_diffusion_between_fixed_values(comm: Comm, dim: int) -> None:
    """Incomplete factorisation and multigrid next to nodes whose values are given, on other ranks too."""
    ends = {"left": boundary("fixed", "1 + sin(t)"), "right": boundary("fixed", "0.5")}
    compare(comm, (species("c", "0", diffusion="1", loss="1", boundaries=ends),), lattice(dim, (200, 20, 8)[dim - 1]), 0.1, 3, 1e-6)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_anderson(comm: Comm, dim: int) -> None:
    """Cells, MMP and ECM in 1-D, 2-D and 3-D."""
    compare(comm, anderson(square=" + ".join(["x^2", "y^2", "z^2"][:dim])), lattice(dim, (40, 12, 6)[dim - 1]), 0.1, 10, 1e-7)


def test_all_boundaries_growth_and_ledger(comm: Comm) -> None:
    """All kinds of boundary at once."""
    compare(comm, FULL, lattice(2, 12), 0.05, 10, 1e-7)


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
def test_transfers_fibres_bounds_logarithm_and_stiff_kinetics(comm: Comm, limiter: str) -> None:
    """All at once, limited in many steps."""
    compare(comm, TURNING, lattice(2, 12), 0.05, 8, 1e-6, SchemeOptions(limiter=limiter))


def test_quasi_steady_oxygen(comm: Comm) -> None:
    """Cells and the oxygen they take up, in balance at all times."""
    held = {"left": boundary("fixed", "1"), "top": boundary("exchange", "1", "0.5")}
    laws = (
        species("n", "1 + x", "cells", diffusion="1e-2", growth="0.5*o"),
        species("o", "0", "soluble", diffusion="0.1", loss="n/(0.2 + o)", quasi_steady=True, boundaries=held),
    )
    compare(comm, laws, lattice(2, 12), 0.05, 6, 1e-6)


def test_what_a_steady_species_clips_is_that_of_all_ranks(comm: Comm) -> None:
    """Strong uptake on obtuse cells undershoots; the amount set to zero is reported alike everywhere."""
    laws = (species("o", "0", "soluble", diffusion="1", loss="3e3", quasi_steady=True, boundaries={"left": boundary("fixed", "1")}),)
    data = obtuse_rectangle(12)
    together, alone = (advance(problem_of(laws, data, c), 0.1, 2).info("clipped") for c in (comm, MPI.COMM_SELF))
    parallel_assert(comm, alone > 0.0 and abs(together / alone - 1.0) < 1e-6, f"{together} instead of {alone}")


def test_random_ecm_does_not_know_the_partition(comm: Comm) -> None:
    """A noisy ECM is the same on any number of ranks, to the last bit."""
    data = lattice(2, 12)
    together, alone = problem_of(NOISY, data, comm), problem_of(NOISY, data, MPI.COMM_SELF)
    parallel_assert(comm, np.array_equal(everywhere(together, "f"), everywhere(alone, "f")))


@pytest.mark.parametrize("mesh", ["obtuse", "sliver"])
def test_limiter_on_bad_meshes(comm: Comm, mesh: str) -> None:
    """Step data on bad meshes, limited in every step."""
    data, square = (obtuse_rectangle(8), "x^2 + y^2") if mesh == "obtuse" else (sliver_box(5), "x^2 + y^2 + z^2")
    initial = f"where({square} < 0.3, 1, 0)"
    laws = (species("n", initial, "cells", diffusion="1e-5", taxis=(("f", "f", "5e-2"),)), species("f", f"1 - 0.5*{initial}", loss="n"))
    compare(comm, laws, data, 0.05, 8, 1e-6)


@pytest.mark.parametrize("cells", [1, 2])
def test_fewer_cells_than_ranks(comm: Comm, cells: int) -> None:
    """A rank without cells or nodes takes part all the same."""
    compare(comm, anderson(), lattice(1, cells), 0.1, 3, 1e-9)


def test_mass_is_conserved_and_ghosts_agree(comm: Comm) -> None:
    """The amount of cells drifts by rounding only; ghost values equal their owners'."""
    problem = problem_of(anderson(square="x^2 + y^2"), lattice(2, 16), comm)
    before = amount(problem, "n")
    advance(problem, 0.05, 40)
    after = amount(problem, "n")
    parallel_assert(comm, abs(after / before - 1.0) <= 1e-12, f"drift {after / before - 1}")
    for name in problem.species:
        ghosts = density(problem, name).copy()
        problem.graph.halo.update(ghosts)
        parallel_assert(comm, np.array_equal(ghosts, density(problem, name)), f"{name}: stale ghosts")


def test_stiffness_is_symmetric_to_the_last_bit_across_ranks(comm: Comm) -> None:
    """K_ij seen from i equals K_ji seen from j."""
    g = problem_of(anderson(square="x^2 + y^2"), obtuse_rectangle(8), comm).graph
    number = np.concatenate([np.arange(g.first, g.first + g.n_owned), g.ghosts])
    row = np.repeat(np.arange(g.n_owned), np.diff(g.indptr))
    mine = {(int(number[i]), int(number[j])): float(k) for i, j, k in zip(row, g.indices, g.stiffness, strict=True)}
    merged: dict[tuple[int, int], float] = {}
    for part in comm.allgather(mine):
        merged |= part
    parallel_assert(comm, all(merged[j, i] == k for (i, j), k in merged.items()))
    parallel_assert(comm, min(k for (i, j), k in merged.items() if i != j) < 0.0, "the mesh should be bad")


@pytest.mark.parametrize("laws", [FULL, TURNING], ids=["full", "turning"])
def test_a_snapshot_continues_the_run(comm: Comm, laws: tuple[Species, ...]) -> None:
    """Stopping after 5 of 10 adaptive-history steps and restoring into a fresh problem gives the same bits."""
    data = lattice(2, 10)
    whole = problem_of(laws, data, comm)
    advance(whole, 0.05, 10)
    half = problem_of(laws, data, comm)
    stopped = advance(half, 0.05, 5).snapshot()
    again = problem_of(laws, data, comm)
    March.restored(again, stopped).steps(0.05, 5)
    same_bits(whole, again)


@pytest.mark.parametrize("laws", [FULL, TURNING], ids=["full", "turning"])
def test_a_snapshot_goes_on_on_another_number_of_ranks(comm: Comm, laws: tuple[Species, ...]) -> None:
    """From one rank to all and back: the very densities at once, those of one rank after more steps, and accounts that go on."""
    data = lattice(2, 10)
    alone, together, again = (problem_of(laws, data, c) for c in (MPI.COMM_SELF, comm, MPI.COMM_SELF))
    single = advance(alone, 0.05, 5)
    all_ranks = March.restored(together, single.snapshot())
    same_densities(together, alone, 0.0)
    same_accounts(all_ranks, single, 1e-13, relative=True)
    back = March.restored(again, all_ranks.snapshot())
    same_densities(together, again, 0.0)
    for march in (single, all_ranks, back):
        march.steps(0.05, 5)
    for march in (single, back):
        same_densities(together, march.problem, 1e-6)
        same_accounts(all_ranks, march, 1e-6)
