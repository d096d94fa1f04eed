"""Balances whose uptake depends on the species itself, down to uptake of order zero: solved for any mesh, or refused where not unique."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.model.balance import Species
from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, least, owned
from tests.lib.march import March
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, problem_of, species

HELD = {"left": boundary("fixed", "1")}


def oxygen(loss: str, diffusion: str = "1", growth: str = "") -> Species:
    return species("o", "1", "soluble", diffusion=diffusion, loss=loss, growth=growth, quasi_steady=True, boundaries=HELD)


@pytest.mark.parametrize("speed", [2, 5, 100])
@pytest.mark.parametrize("half", [1e-2, 1e-6])
@pytest.mark.parametrize(("dim", "cells"), [(1, 10), (1, 40), (1, 400), (2, 8), (3, 4)])
def test_the_discrete_balance_holds(comm: Comm, dim: int, cells: int, half: float, speed: float) -> None:
    """What comes in at the wall is what is taken up, in any dimension; along the tissue the three-point balance, in one."""
    problem = problem_of((oxygen(f"{speed}/(o + {half})"),), lattice(dim, cells), comm)
    March(problem)
    g, c = problem.graph, owned(problem, "o")
    assert c.min(initial=0.0) >= 0.0
    if dim == 1 and comm.size == 1:
        at = np.argsort(g.points[:, 0])
        c, h = c[at], 1.0 / cells
        flux = np.diff(c) / h
        assert np.abs(np.diff(flux) - h * speed * c[1:-1] / (c[1:-1] + half)).max() < 1e-8 * np.abs(flux).max()
    elif dim > 1:  # all lines across the tissue have one profile up to the pattern of the lattice: it falls from wall to wall
        assert np.all(c[np.isclose(g.points[: g.n_owned, 0], 1.0)] <= 1.0 / cells)


@pytest.mark.parametrize("dim", [1, 2])
def test_uptake_of_order_zero(comm: Comm, dim: int) -> None:
    """D c'' = V where c > 0: c = (1 - x/d)^2 up to d = sqrt(2 D/V) and nothing beyond, here at a node."""
    for cells in (8, 32):
        problem = problem_of((oxygen("8/(o + 1e-6)"),), lattice(dim, cells), comm)
        March(problem)
        exact = np.maximum(0.0, 1.0 - 2.0 * problem.graph.points[:, 0]) ** 2
        np.testing.assert_allclose(density(problem, "o"), exact, rtol=0, atol=2e-5)


def test_on_obtuse_cells(comm: Comm) -> None:
    problem = problem_of((oxygen("50/(o + 1e-3)"),), obtuse_rectangle(5), comm)
    March(problem)
    assert least(problem, "o") >= 0.0 and 0.05 < amount(problem, "o") < 0.25


def test_motility_that_depends_on_the_species_as_well(comm: Comm) -> None:
    """((1 + c) c')' = c/(K + c): in one dimension the flux at the wall is all uptake."""
    problem = problem_of((oxygen("3/(o + 0.01)", diffusion="1 + o"),), lattice(1, 40), comm)
    march = March(problem)
    assert march.step(0.1)
    march.balance()
    x, c = problem.graph.points[: problem.graph.n_owned, 0], owned(problem, "o")
    # Kirchhoff: u = c + c^2/2 obeys u'' = 3 c/(0.01 + c); u is convex and falls
    if comm.size == 1:
        u = (c + 0.5 * c * c)[np.argsort(x)]
        assert np.abs(np.diff(u, 2) * 1600 - (3 * c / (0.01 + c))[np.argsort(x)][1:-1]).max() < 1e-5


def test_growth_is_part_of_the_balance(comm: Comm) -> None:
    """0 = c'' + 2 c - 11 c is 0 = c'' - 9 c: growth is not taken from the state before."""
    found = []
    for law in (oxygen("11", growth="2"), oxygen("9")):
        problem = problem_of((law,), lattice(1, 20), comm)
        March(problem)
        found.append(density(problem, "o").copy())
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)


def test_restart_repeats_the_bits(comm: Comm) -> None:
    laws = (species("n", "1 + x", "cells", diffusion="1e-2", growth="0.5"), oxygen("20*n/(o + 1e-3)"))
    march = March(problem_of(laws, lattice(2, 6), comm)).steps(0.1, 3)
    kept = march.snapshot()
    march.steps(0.1, 3)
    problem = problem_of(laws, lattice(2, 6), comm)
    March.restored(problem, kept).steps(0.1, 3)
    assert np.array_equal(density(problem, "o"), density(march.problem, "o"))


@pytest.mark.parametrize("loss", ["2/(o + 0.1)^2", "exp(-3*o)"])
def test_uptake_that_falls_with_the_density_is_refused(comm: Comm, loss: str) -> None:
    with refused("no-unique-balance", "species o, at x = (", says=("uptake of o falls where it has more of it", "its loss rate is")):
        March(problem_of((oxygen(loss),), lattice(1, 10), comm))
