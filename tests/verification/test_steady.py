"""Quasi-steady species: closed forms, an independent boundary-value solver, the ledger, and clear refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from tests.lib.comm import Comm
from tests.lib.fields import density, l1
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders

HELD = {"left": boundary("fixed", "1")}


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_first_order_uptake(comm: Comm, dim: int) -> None:
    """D c'' = k c with c(0) = 1 and a closed far side: cosh(lambda (1 - x))/cosh(lambda), order two."""
    errors = []
    for cells in (5, 10, 20):
        law = species("o", "0", "soluble", diffusion="0.5", loss="4.5", quasi_steady=True, boundaries=HELD)
        problem = problem_of((law,), lattice(dim, cells), comm)
        March(problem)
        exact = np.cosh(3 * (1 - problem.graph.points[:, 0])) / math.cosh(3)
        errors.append(l1(problem, "o", exact))  # corners spoil the maximum by a log
    assert orders(errors)[-1] > 1.9, errors


def test_michaelis_menten_uptake_by_cells_that_grow(comm: Comm) -> None:
    """0 = D o'' - V n o/(K + o), o(0) = 1, while n doubles: the profile of an independent solver at the end."""
    cells = species("n", "1", "cells", diffusion="1e-3", growth="0.693147180559945")
    oxygen = species("o", "1", "soluble", diffusion="0.1", loss="n/(0.2 + o)", quasi_steady=True, boundaries=HELD)
    errors = []
    for count in (20, 40, 80):
        problem = problem_of((cells, oxygen), lattice(1, count), comm)
        advance(problem, 1.0 / count, count)

        def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return np.vstack([y[1], 2.0 * y[0] / (0.2 + y[0]) / 0.1])

        mesh = np.linspace(0, 1, 200)
        reference = solve_bvp(slope, lambda a, b: np.array([a[0] - 1, b[1]]), mesh, np.vstack([np.ones(200), np.zeros(200)]), tol=1e-8)
        x = problem.graph.points[:, 0]
        errors.append(float(np.abs(density(problem, "o") - reference.sol(x)[0]).max()))
    assert orders(errors)[-1] > 1.8, errors


def test_ledger_balances(comm: Comm) -> None:
    """What comes in through a wall is taken up; what the stored amount changed stands in its own account."""
    cells = species("n", "1 + x", "cells", diffusion="1e-2", growth="0.5*o")
    walls = {"left": boundary("exchange", "1", "2"), "right": boundary("influx", "0.1")}
    oxygen = species("o", "0", "soluble", diffusion="0.1", loss="n/(0.2 + o)", quasi_steady=True, boundaries=walls)
    problem = problem_of((cells, oxygen), lattice(2, 10), comm)
    march = advance(problem, 0.05, 20, balanced=True)
    account = march.accounts()["o"]
    assert march.worst < 1e-12
    assert account["inflow:left"] - account["outflow:left"] + account["inflow:right"] == pytest.approx(account["dead"], rel=1e-6)


def test_a_balance_without_a_level_is_refused(comm: Comm) -> None:
    law = species("o", "0", "soluble", diffusion="1", production="1", quasi_steady=True)
    with refused("no-balance", "species o", "decay or loss rate"):
        March(problem_of((law,), lattice(1, 4), comm))
