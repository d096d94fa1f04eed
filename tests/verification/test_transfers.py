"""What turns into another species: closed forms, order, conservation, and never a negative density."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from invasio.solver.diagnostics.ledger import Ledger, empty_accounts
from invasio.solver.model.balance import Species, Transfer
from invasio.solver.scenario.parser import parse
from invasio.solver.stepping.options import SchemeOptions
from invasio.solver.stepping.stepper import Stepper
from tests.models import advance, lattice, problem_of, species
from tests.verification.studies import rates


def turning(law: Species, **into: str) -> Species:
    """The law with transfers name=rate."""
    return replace(law, transfers=tuple(Transfer(name, parse(rate)) for name, rate in into.items()))


def test_linear_switching_is_second_order(comm: Any) -> None:
    """a -> b at k1, b -> a at k2, uniform: a relaxes to k2/(k1 + k2) with exp(-(k1 + k2) t)."""
    found = []
    for steps in (16, 32, 64):
        laws = (turning(species("a", "1", diffusion="0.1"), b="0.8"), turning(species("b", "0", diffusion="0.2"), a="0.3"))
        problem = problem_of(laws, lattice(2, 4), comm)
        advance(problem, 2.0 / steps, steps)
        exact = (0.3 + 0.8 * np.exp(-1.1 * 2.0)) / 1.1
        found.append(float(np.abs(problem.species["a"].state - exact).max()))
        total = float((problem.graph.mass * (problem.species["a"].state + problem.species["b"].state)).sum())
        assert total == pytest.approx(1.0, rel=1e-12)
    assert rates([1 / 16, 1 / 32, 1 / 64], found)[-1] > 1.9, found


def test_nonlinear_switching_with_movement_is_second_order(comm: Any) -> None:
    """EMT where MMP is, MET where it is not; both phenotypes move, one secretes: against a much smaller step."""
    laws = (
        turning(species("e", "exp(-x^2/0.05)", diffusion="0.01"), n="2*m/(0.2 + m)"),
        turning(species("n", "0.1", diffusion="0.02", taxis=(("f", "f", "0.05"),)), e="0.5/(1 + 4*m)"),
        species("m", "0.1", diffusion="0.05", production="n", loss="0.5"),
        species("f", "1 - 0.5*exp(-x^2/0.05)", loss="2*m"),
    )
    states = []
    for steps in (20, 40, 80, 640):
        problem = problem_of(laws, lattice(1, 40), comm)
        advance(problem, 1.0 / steps, steps)
        states.append(problem.species["n"].state.copy())
    found = [float(np.abs(s - states[-1]).max()) for s in states[:-1]]
    assert rates([1 / 20, 1 / 40, 1 / 80], found)[-1] > 1.85, found


@pytest.mark.parametrize("dt", [0.05, 5.0])
def test_ledger_and_sign(comm: Any, dt: float) -> None:
    """Three species in a ring with rates up to 1e3 per unit time: non-negative, and each account in balance to 1e-12."""
    laws = (
        turning(species("a", "where(x < 0.4, 1, 0)", "cells", diffusion="1e-3", taxis=(("f", "f", "0.05"),)), b="1000*x", c="0.1"),
        turning(species("b", "0", "cells", diffusion="1e-3", growth="0.1*(1 - b)"), c="1"),
        turning(species("c", "0", "cells", diffusion="1e-2"), a="0.5*c"),
        species("f", "1 - x", loss="a"),
    )
    problem = problem_of(laws, lattice(2, 10), comm)
    stepper = Stepper(problem, SchemeOptions())
    stepper.amounts = empty_accounts(problem)
    ledger = Ledger(problem, stepper.amounts)
    for k in range(8):
        assert stepper.attempt(dt * k, dt)
        stepper.accept(dt)
        row = ledger.balance(dt * (k + 1))
        assert min(s.state.min() for s in problem.species.values()) >= 0.0
    assert ledger.worst <= 1e-12
    assert row["a.switched_out"] + row["b.switched_out"] + row["c.switched_out"] == pytest.approx(
        row["a.switched_in"] + row["b.switched_in"] + row["c.switched_in"], rel=1e-12
    )


def test_a_negative_rate_stops_the_step(comm: Any) -> None:
    """The attempt fails, the densities are back, and the reason is told."""
    laws = (turning(species("a", "1", diffusion="1"), b="1 - 2*a"), species("b", "0", diffusion="1"))
    problem = problem_of(laws, lattice(1, 5), comm)
    stepper = Stepper(problem, SchemeOptions())
    assert not stepper.attempt(0.0, 0.1)
    assert stepper.failure == "a rate of transfer is negative or not finite"
    assert (problem.species["a"].state == 1.0).all()
