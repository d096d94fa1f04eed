"""Quasi-steady species: closed forms, an independent boundary-value solver, the ledger, and clear refusals."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_bvp

import invasio
from invasio.solver.discretise.problem import Problem
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, l1
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, membrane, passage, problem_of, species
from tests.lib.orders import orders
from tests.verification import flows

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


@pytest.mark.parametrize("dim", [1, 3])
def test_a_guess_far_above_the_level(comm: Comm, dim: int) -> None:
    """0 = D c'' + p - k c, p = k = 1e-6, D = 1e4, begun from a lump: 1 everywhere, though its A c is 1e10 times what is made."""
    lump = " + ".join(f"({x} - 0.4)^2" for x in "xyz"[:dim])
    law = species("c", f"exp(-({lump})/0.02)", "soluble", diffusion="1e4", production="1e-6", loss="1e-6", quasi_steady=True)
    problem = problem_of((law,), lattice(dim, 7), comm)
    March(problem)
    assert np.abs(density(problem, "c") - 1.0).max() < 1e-3


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


@pytest.mark.parametrize("law", ["4.5", "2/(0.1 + o)"])
def test_what_passes_fixed_boundaries_is_booked(comm: Comm, law: str) -> None:
    """As inflow and outflow of each: what is taken up came in, also where one side gives and another takes; adjusted is what is stored."""
    held = {"left": boundary("fixed", "1 + t"), "right": boundary("fixed", "0.2"), "top": boundary("fixed", "0")}
    oxygen = species("o", "1", "soluble", diffusion="0.5", loss=law, quasi_steady=True, boundaries=held)
    problem = problem_of((oxygen,), lattice(2, 10), comm)
    march = March(problem)
    before = amount(problem, "o")
    march.steps(0.1, 4, balanced=True)
    account = march.accounts()["o"]
    came = sum(account[f"inflow:{at}"] - account[f"outflow:{at}"] for at in held)
    assert march.worst < 1e-12
    assert came == pytest.approx(account["dead"], rel=1e-6)
    assert account["adjusted"] == pytest.approx(amount(problem, "o") - before, rel=1e-6)
    assert account["inflow:left"] > 0.0 < account["outflow:top"] and account["inflow:top"] == 0.0 == account["outflow:left"]


def test_flows_that_change_are_booked_at_second_order(comm: Comm) -> None:
    """Over a held and an exchanging boundary, through a membrane and a wall, at its sites too: of order 1 by the rates of the end."""
    found = flows.errors(lambda count: flows.amounts(comm, count), (10, 20), 80)
    for misses in found:
        assert 1.9 < orders(list(misses))[-1] < 2.1, found


def test_flows_after_a_stop_and_after_an_earlier_version(comm: Comm) -> None:
    """The rates of the last balance are kept: the same bits; without them the next step is booked by those of its end."""
    through, again = March(flows.balanced(comm)), March(flows.balanced(comm))
    through.steps(0.1, 6)
    again.steps(0.1, 3)
    kept = again.snapshot()
    resumed = March.restored(flows.balanced(comm), kept).steps(0.1, 3, balanced=True)
    assert resumed.shares() == through.shares()
    for name, values in through.snapshot().arrays.items():
        assert np.array_equal(values, resumed.snapshot().arrays[name]), name
    before = replace(kept, arrays={k: v for k, v in kept.arrays.items() if "rate of" not in k})
    before = replace(before, numbers={k: v for k, v in kept.numbers.items() if not k.startswith("flow/")})
    old = March.restored(flows.balanced(comm), before).steps(0.1, 3, balanced=True)
    assert old.account("o", "dead") == pytest.approx(through.account("o", "dead"), rel=0.05)
    assert old.account("o", "dead") != through.account("o", "dead")


def test_the_flux_over_a_fixed_boundary(comm: Comm) -> None:
    """D k tanh k of c = cosh(k (1 - x))/cosh(k), D k^2 = L: second order."""
    misses = []
    for count in (10, 20, 40):
        oxygen = species("o", "0", "soluble", diffusion="0.5", loss="4.5", quasi_steady=True, boundaries=HELD)
        march = March(problem_of((oxygen,), lattice(1, count), comm)).steps(0.1, 10)
        misses.append(abs(march.account("o", "inflow:left") - 0.5 * 3.0 * math.tanh(3.0)))
    assert orders(misses)[-1] > 1.9, misses


@pytest.mark.parametrize(
    ("loss", "rate", "follows"),
    [
        ("", "", True),
        ("", "1", True),  # passes the open membrane, but it is closed
        ("where(x < 0.4, 1, 0)", "", True),
        ("n/(1 + o)*where(x < 0.4, 1, 0)", "", True),
        ("", "max(0, t - 5)", False),
    ],
)
def test_beyond_a_closed_membrane_nothing_fixes_the_level(comm: Comm, loss: str, rate: str, follows: bool) -> None:
    with refused("no-balance", "species o", "a membrane that lets it pass", ("at (0.5, 0, 0) in tissue", "at t = 0")):
        March(divided(comm, loss, rate, follows))


@pytest.mark.parametrize(("loss", "rate", "follows"), [("n", "", True), ("n/(1 + o)", "", True), ("", "1", False), ("", "0.1 + n", False)])
def test_beyond_a_membrane_it_passes_or_is_used_up(comm: Comm, loss: str, rate: str, follows: bool) -> None:
    March(divided(comm, loss, rate, follows)).steps(0.1, 2, balanced=True)


def test_uptake_by_cells_that_are_not_there_fixes_no_level(comm: Comm) -> None:
    """It is said as what it is, instead of a solver that fails."""
    cells, oxygen = species("n", "0", diffusion="1e-2"), species("o", "1", diffusion="1", loss="n/(0.1 + o)", quasi_steady=True)
    with refused("no-balance", "species o", "give it a loss", ("at t = 0",)):
        March(problem_of((cells, oxygen), lattice(1, 8), comm))


def divided(comm: Comm, loss: str, rate: str, follows: bool) -> Problem:
    """Oxygen held at the left end of a square with a membrane in the middle, and cells that open the membrane."""
    data = replace(lattice(2, 6), interfaces={"k": plane(lattice(2, 6), 0, 0.5)})
    oxygen = species("o", "1", diffusion="1", loss=loss, quasi_steady=True, boundaries=HELD)
    ways = [passage("o", rate, follows_integrity=follows)] if rate else []
    barrier = membrane("k", *ways, degraded_by=(("n", "mean"),))
    return problem_of((species("n", "1", diffusion="1e-3"), oxygen), data, comm, (barrier,))


def test_a_balance_without_a_level_is_refused(comm: Comm) -> None:
    law = species("o", "0", "soluble", diffusion="1", production="1", quasi_steady=True)
    with refused("no-balance", "species o", "decay or loss rate"):
        March(problem_of((law,), lattice(1, 4), comm))


def test_residuals_of_a_balance_are_no_errors_in_time(tmp_path: Path) -> None:
    """What linear solves leave in a balance does not depend on the step: steps still grow at a small tolerance (1 % of the way before)."""
    path = tmp_path / "balance.yaml"
    path.write_text(
        "schema_version: 1\nmesh: {kind: interval, to: 1, cells: 50}\ntime: {end: 0.3, tolerance: 1e-5}\n"
        "model:\n  solubles:\n    o: {diffusion: 0.1, quasi_steady: true, decay: '0.5*ecm'}\n"
        "    made: {diffusion: 1, production: '0.5*ecm*o'}\n  ecm: {initial: 2, degraded_by: {o: 0.5}}\n"
        "boundaries: {left: {o: {kind: fixed, value: 1}}}\noutput: {every: 0.3, figures: false}\n",
        encoding="utf-8",
    )
    with invasio.Simulation(path) as sim:
        while not sim.done and sim.steps < 600:
            sim.step()
        assert sim.done
