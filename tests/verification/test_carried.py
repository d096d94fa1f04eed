"""What a species takes along: mixing by random motility, uniform stays uniform, bounds, and what it does not carry is not there."""

from __future__ import annotations

from dataclasses import replace
from math import erf

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Species, Transfer
from invasio.solver.scenario.parser import parse
from tests.lib.comm import Comm
from tests.lib.fields import Floats, amount, density
from tests.lib.march import March
from tests.lib.models import EVERY_BOUNDARY, carried, lattice, problem_of, species
from tests.lib.orders import orders

SCHEMES = ("tr_bdf2", "crank_nicolson", "backward_euler")


def per_carrier(problem: Problem, name: str, carrier: str = "n") -> Floats:
    """b/n where there is anything."""
    n, b = density(problem, carrier), density(problem, name)
    there = n > 1e-200
    assert not b[~there].any()
    return np.asarray(b[there] / n[there])


def test_random_motility_mixes_what_cells_carry(comm: Comm) -> None:
    """A step in r at uniform n: r = erfc(x/sqrt(4 D t))/2, of order 2 in space and time together. Net fluxes would not mix it at all."""
    found = []
    for cells in (25, 51, 101):  # the step is in the middle of a cell
        laws = (species("n", "1", "cells", diffusion="1e-2"), carried("b", "n", "x < 0"))
        problem = problem_of(laws, lattice(1, cells, -1.0, 1.0), comm)
        march = March(problem).steps(1.0 / (cells - 1), cells - 1)
        x = problem.graph.points[: problem.graph.n_owned, 0]
        exact = np.array([0.5 * (1.0 - erf(at / np.sqrt(4e-2))) for at in x])
        found.append(float(np.abs(density(problem, "b") - exact).mean()))
        march.balance()
        assert march.worst < 1e-12
    assert found[-1] < 1.5e-4 and min(orders(found)) > 1.8, found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
def test_uniform_stays_uniform(comm: Comm, scheme: str, limiter: str) -> None:
    """To rounding, where the limiter works on cells that drift, grow by a law of their own, die, come in, leave and are held."""
    n = species("n", "exp(-(x - 0.4)^2/1e-3)", "cells", diffusion="1e-4", taxis=(("f", "f", "0.1"),), growth="2*(1 - n)", loss="0.5",
                boundaries={"left": EVERY_BOUNDARY["left"], "right": EVERY_BOUNDARY["right"]})  # fmt: skip
    laws = (n, carried("b", "n", "2", "alike"), carried("c", "n", "3", "each"), species("f", "1 - 0.9*exp(-(x - 0.4)^2/0.02)", loss="n"))
    problem = problem_of(laws, lattice(1, 40), comm)
    march = March(problem, SchemeOptions(scheme=scheme, limiter=limiter))
    for _ in march.each(0.05, 30, tried=5.0, balanced=True):
        for name, value in (("b", 2.0), ("c", 3.0)):
            np.testing.assert_allclose(per_carrier(problem, name), value, rtol=1e-12)
    assert march.info("limited") > 5 and march.worst < 1e-12


def drifting(dim: int) -> tuple[Species, ...]:
    """Cells with a front that the mesh does not resolve, in front of which there are none, and three things that they carry."""
    lump = "exp(-((x - 0.3)^2)/1e-2)*(x < 0.6)" if dim == 1 else "exp(-((x - 0.3)^2 + (y - 0.3)^2)/1e-2)*(x < 0.6)"
    return (
        species("n", lump, "cells", diffusion="1e-4", taxis=(("f", "f", "0.05"),), growth="1 - n", loss="0.2*x"),
        carried("shared", "n", "1 + sin(30*x)"),
        carried("trait", "n", "x > 0.3", "alike"),
        carried("receptor", "n", "x < 0.3", "each"),
        species("f", "x", loss="0.1*n"),
    )


@pytest.mark.parametrize(("dim", "cells"), [(1, 60), (2, 14), (3, 6)])
def test_what_each_carries_stays_between_its_bounds(comm: Comm, dim: int, cells: int) -> None:
    """In steps of any size; nothing is carried where nobody is; the ledger balances."""
    for dt, count in ((1e-2, 20), (0.5, 4), (20.0, 2)):
        problem = problem_of(drifting(dim), lattice(dim, cells), comm)
        march = March(problem)
        for _ in march.each(dt, count, balanced=True):
            for name, least, most in (("shared", 0.0, 2.0), ("trait", 0.0, 1.0), ("receptor", 0.0, 1.0)):
                r = per_carrier(problem, name)
                assert least <= r.min() and r.max() <= most * (1.0 + 1e-12), (dt, name, r.min(), r.max())
        assert march.worst < 1e-12


def test_daughters_share_and_the_dying_take_along(comm: Comm) -> None:
    """Uniform: b stays as it is while cells double, falls as cells do where they die, and follows its own turnover."""
    grow = (species("n", "1", "cells", diffusion="1e-3", growth="1"), carried("b", "n", "2"))
    die = (species("n", "1", "cells", diffusion="1e-3", loss="1"), carried("b", "n", "2"))
    turn = (species("n", "1", "cells", diffusion="1e-3"), carried("b", "n", "2", production="3*n", loss="1"))
    for laws, exact in ((grow, 2.0), (die, 2.0 * np.exp(-1.0)), (turn, 3.0 - np.exp(-1.0))):
        problem = problem_of(laws, lattice(1, 4), comm)
        March(problem).steps(0.02, 50)
        assert amount(problem, "b") == pytest.approx(exact, rel=1e-4)


def phenotypes(each: str, along: bool = True) -> tuple[Species, ...]:
    """Two phenotypes that become each other while they move; what one carries goes along, or does not."""
    a = species("a", "exp(-(x - 0.3)^2/0.02)", "cells", diffusion="1e-2")
    b = species("b", "0.1*x", "cells", diffusion="2e-2", taxis=(("f", "f", "0.05"),))
    return (
        replace(a, transfers=(Transfer("b", parse("2*x")),)),
        replace(b, transfers=(Transfer("a", parse("0.5")),)),
        carried("on_a", "a", each, turns={"b": "on_b"} if along else {}),
        carried("on_b", "b", "2", turns={"a": "on_a"} if along else {}),
        species("f", "x"),
    )


def test_what_they_carry_goes_along_where_cells_become_others(comm: Comm) -> None:
    """Uniform stays uniform on both, the amount of both is kept, second order where they differ; what is not taken along is lost."""
    problem = problem_of(phenotypes("2"), lattice(1, 30), comm)
    for _ in (march := March(problem)).each(0.1, 10, balanced=True):
        for name, carrier in (("on_a", "a"), ("on_b", "b")):
            np.testing.assert_allclose(per_carrier(problem, name, carrier), 2.0, rtol=1e-12)
    states = []
    for steps in (10, 20, 40, 320):
        problem = problem_of(phenotypes("x"), lattice(1, 30), comm)
        before = amount(problem, "on_a") + amount(problem, "on_b")
        march = March(problem).steps(1.0 / steps, steps)
        march.balance()
        assert march.worst < 1e-12 and amount(problem, "on_a") + amount(problem, "on_b") == pytest.approx(before, rel=1e-12)
        states.append(density(problem, "on_b").copy())
    found = [float(np.abs(s - states[-1]).max()) for s in states[:-1]]
    assert orders(found)[-1] > 1.7, found
    march = March(problem_of(phenotypes("2", along=False), lattice(1, 30), comm)).steps(0.1, 10)
    march.balance()
    accounts = march.accounts()
    assert accounts["on_a"]["switched_in"] == 0.0 < accounts["on_a"]["switched_out"]


def test_the_carriers_do_not_notice(comm: Comm) -> None:
    """Their densities have the same bits with and without what they carry."""
    found = []
    for several in (True, False):
        laws = tuple(law for law in drifting(1) if several or law.carried is None)
        problem = problem_of(laws, lattice(1, 40), comm)
        March(problem).steps(0.05, 20)
        found.append(density(problem, "n").copy())
    assert np.array_equal(found[0], found[1])


def test_partners_that_are_carried_react_while_they_move() -> None:
    """Receptors bind what diffuses: against a much smaller step; bound and free add up."""
    laws = (
        species("n", "exp(-(x - 0.3)^2/0.02)", "cells", diffusion="1e-2", taxis=(("f", "f", "0.05"),)),
        carried("free", "n", "1", production="0.5*bound", loss="5*m"),
        carried("bound", "n", "0", production="5*free*m", loss="0.5"),
        species("m", "1 - x", "soluble", diffusion="5e-2", production="0.5*bound", loss="5*free"),
        species("f", "x"),
    )
    states = []
    for steps in (32, 64, 128, 512):
        problem = problem_of(laws, lattice(1, 40), MPI.COMM_SELF, together="partners")
        assert len(problem.kinetics) == 1
        march = March(problem).steps(0.5 / steps, steps)
        march.balance()
        if steps > 32:  # else each is held between bounds of its own
            np.testing.assert_allclose(density(problem, "free") + density(problem, "bound"), density(problem, "n"), rtol=1e-6)
        states.append(density(problem, "bound").copy())
    found = [float(np.abs(s - states[-1]).max()) for s in states[:-1]]
    assert found[0] < 1e-5 and min(orders(found)) > 1.4, found  # the integrator at the nodes has errors of its own
