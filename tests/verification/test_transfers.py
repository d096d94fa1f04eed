"""What turns into another species: closed forms, order, conservation, and never a negative density."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from invasio.solver.model.balance import Species, Transfer
from invasio.solver.model.kinetics import How
from invasio.solver.scenario.parser import parse
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, least
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import lattice, problem_of, species
from tests.lib.orders import orders


def turning(law: Species, **into: str) -> Species:
    """The law with transfers name=rate."""
    return replace(law, transfers=tuple(Transfer(name, parse(rate)) for name, rate in into.items()))


def test_linear_switching_is_second_order(comm: Comm) -> None:
    """a -> b at k1, b -> a at k2, uniform: a relaxes to k2/(k1 + k2) with exp(-(k1 + k2) t)."""
    found = []
    for steps in (16, 32, 64):
        laws = (turning(species("a", "1", diffusion="0.1"), b="0.8"), turning(species("b", "0", diffusion="0.2"), a="0.3"))
        problem = problem_of(laws, lattice(2, 4), comm)
        advance(problem, 2.0 / steps, steps)
        exact = (0.3 + 0.8 * np.exp(-1.1 * 2.0)) / 1.1
        found.append(float(np.abs(density(problem, "a") - exact).max()))
        assert amount(problem, "a") + amount(problem, "b") == pytest.approx(1.0, rel=1e-12)
    assert orders(found)[-1] > 1.9, found


@pytest.mark.parametrize("how", ["none", "partners"])
def test_accounts_stand_in_their_order(comm: Comm, how: How) -> None:
    """Its own first, then what is transferred: columns of series.csv keep their places, also in runs that an earlier version began."""
    laws = (turning(species("a", "1", diffusion="0.1"), b="0.8"), turning(species("b", "0", diffusion="0.2"), a="0.3"))
    march = March(problem_of(laws, lattice(1, 4), comm, together=how))
    assert list(march.accounts()["a"]) == ["born", "dead", "switched_in", "switched_out"]


@pytest.mark.parametrize("how", ["none", "partners"])
def test_nonlinear_switching_with_movement_is_second_order(comm: Comm, how: How) -> None:
    """EMT where MMP is, MET where it is not; both phenotypes move, one secretes: against a much smaller step."""
    laws = (
        turning(species("e", "exp(-x^2/0.05)", diffusion="0.01"), n="2*m/(0.2 + m)"),
        turning(species("n", "0.1", diffusion="0.02", taxis=(("f", "f", "0.05"),)), e="0.5/(1 + 4*m)"),
        species("m", "0.1", diffusion="0.05", production="n", loss="0.5"),
        species("f", "1 - 0.5*exp(-x^2/0.05)", loss="2*m"),
    )
    states = []
    for steps in (20, 40, 80, 640):
        problem = problem_of(laws, lattice(1, 40), comm, together=how)
        advance(problem, 1.0 / steps, steps)
        states.append(density(problem, "n").copy())
    found = [float(np.abs(s - states[-1]).max()) for s in states[:-1]]
    assert orders(found)[-1] > 1.85, found


@pytest.mark.parametrize("how", ["none", "partners"])
@pytest.mark.parametrize("dt", [0.05, 5.0])
def test_ledger_and_sign(comm: Comm, dt: float, how: How) -> None:
    """Three species in a ring with rates up to 1e3 per unit time: non-negative, and each account in balance to 1e-12."""
    laws = (
        turning(species("a", "where(x < 0.4, 1, 0)", "cells", diffusion="1e-3", taxis=(("f", "f", "0.05"),)), b="1000*x", c="0.1"),
        turning(species("b", "0", "cells", diffusion="1e-3", growth="0.1*(1 - b)"), c="1"),
        turning(species("c", "0", "cells", diffusion="1e-2"), a="0.5*c"),
        species("f", "1 - x", loss="a"),
    )
    problem = problem_of(laws, lattice(2, 10), comm, together=how)
    march = March(problem)
    for _ in march.each(dt, 8, balanced=True):
        assert least(problem) >= 0.0
    assert march.worst <= 1e-12
    out, into = (sum(march.account(name, key) for name in "abc") for key in ("switched_out", "switched_in"))
    assert out == pytest.approx(into, rel=1e-12)


@pytest.mark.parametrize("moving", [{"diffusion": "0.01"}, {}])
@pytest.mark.parametrize("make", [{"production": "1"}, {"growth": "3 - a"}])
def test_what_turns_fast_beside_its_sources_needs_no_small_steps(comm: Comm, moving: dict[str, Any], make: dict[str, Any]) -> None:
    """Made or growing, turned there and back 50 and 20 times per unit of time, dying at 5: the balance by hand, in steps of 25/50."""
    laws = (turning(species("a", "1", **moving, **make), b="50"), turning(species("b", "0", loss="5", **moving), a="20"))
    march = March(problem_of(laws, lattice(1, 4), comm, together="partners"))
    march.steps(0.5, 40)
    a = 0.1 if "production" in make else 0.0  # 1 = 5 b = 5 * 2 a, and growth of 3 - a loses to 5 * 2 = 10
    assert amount(march.problem, "a") == pytest.approx(a, abs=1e-5)
    assert amount(march.problem, "b") == pytest.approx(2.0 * a, abs=1e-5)


@pytest.mark.parametrize("how", ["none", "partners"])
def test_into_what_is_full_and_with_what_is_carried(comm: Comm, how: How) -> None:
    """A stated maximum holds whatever integrates the rest; what does not fit stays what it was."""
    laws = (turning(species("a", "1", diffusion="0.1"), b="50"), replace(species("b", "0", diffusion="0.1"), maximum=0.4))
    problem = problem_of(laws, lattice(1, 4), comm, together=how)
    advance(problem, 0.5, 6)
    np.testing.assert_allclose([amount(problem, "a"), amount(problem, "b")], [0.6, 0.4], rtol=0, atol=1e-9)


def test_a_rate_that_is_no_number_ends_the_run(comm: Comm) -> None:
    """With its formula, place and time, and what it takes to be finite."""
    laws = (turning(species("a", "1", diffusion="1"), b="where(t > 0, 1/(1 - a), 1)"), species("b", "0", diffusion="1"))
    problem = problem_of(laws, lattice(1, 5), comm)
    says = ["rate of becoming b must be a finite number", "1 / (1 - a)", "is inf at t = 0", "where a = 1"]
    with refused("bad-rate", "species a", "finite for all values of its names", says):
        March(problem)
