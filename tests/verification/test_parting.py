"""Growth of what reacts goes to whom holds it in balance: few steps beside fast reactions, rest beside walls, order two, against SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Boundary, Species
from invasio.solver.stepping.control import SOLVED, aim
from tests.lib.comm import Comm
from tests.lib.fields import least, owned
from tests.lib.march import March
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders
from tests.verification.test_kinetics import laplacian

TIGHT = LinearOptions(rtol=1e-11)
WALL = {"left": boundary("fixed", "0")}
RATE = 50.0  # of growth


def turning(
    there: float, back: float, motility: tuple[float, float], walls: Mapping[str, Boundary], start: str = ""
) -> tuple[Species, ...]:
    """a <-> b, while a grows logistically; at the start as much as a wall holds there."""
    start = start or ("0.01*x*(2 - x)" if walls else "0.01*(1 + x)")
    return (
        species(
            "a",
            start,
            diffusion=f"{motility[0]}",
            production=f"{back}*b",
            growth=f"{RATE}*(1 - a)",
            loss=f"{there}",
            boundaries=walls,
        ),
        species("b", "0", diffusion=f"{motility[1]}", production=f"{there}*a", loss=f"{back}"),
    )


def posed(comm: Comm, there: float, back: float, motility: tuple[float, float], walls: Mapping[str, Boundary], dim: int = 1) -> Problem:
    """The problem, in which a chooses."""
    problem = problem_of(turning(there, back, motility, walls), lattice(dim, {1: 20, 2: 5, 3: 3}[dim]), comm, together="partners")
    assert problem.model.kinetics[0].parted == {"a"}
    return problem


def right(problem: Problem, there: float, back: float, motility: tuple[float, float], end: float) -> Any:
    """SciPy on the same equations in space, (species, nodes)."""
    matrix = laplacian(problem)
    start = np.array([owned(problem, name) for name in "ab"])
    fixed = problem.species["a"].fixed[: start.shape[1]]

    def rates(_: float, y: Any) -> Any:
        a, b = y.reshape(start.shape)
        turned = there * a - back * b
        found = np.array([motility[0] * (matrix @ a) + RATE * a * (1 - a) - turned, motility[1] * (matrix @ b) + turned])
        found[0, fixed] = 0.0
        return found.ravel()

    start[0, fixed] = 0.0
    done = solve_ivp(rates, (0.0, end), start.ravel(), method="Radau", rtol=1e-9, atol=1e-14)
    return done.y[:, -1].reshape(start.shape)


def off(problem: Problem, exact: Any) -> float:
    """The largest error of a species, relative to its largest density."""
    found = np.array([owned(problem, name) for name in "ab"])
    return float((np.abs(found - exact).max(axis=1) / exact.max(axis=1)).max())


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize(("walls", "most"), [({}, 40), (WALL, 90)])
def test_fast_reactions_take_what_fast_growth_makes(comm: Comm, dim: int, walls: Mapping[str, Boundary], most: int) -> None:
    """Growth at 50 of a tissue that grows at .02: 1152 steps at 1e-4 while growth stayed with transport."""
    case = (2030.0, 0.8, (1e-3, 1e-2))
    tolerance = 1e-4
    problem = posed(comm, *case, walls, dim)
    exact = right(problem, *case, 8.0)
    march = March(problem, SchemeOptions(linear=TIGHT, kinetics=SOLVED * aim(tolerance)))
    march.run(8.0, tolerance=tolerance)
    march.balance()
    assert len(march.watched.sizes) < most and march.worst < 1e-12 and least(problem, "a", "b") >= 0.0
    assert off(problem, exact) < 3.0 * tolerance


@pytest.mark.parametrize("walls", [{}, WALL])
def test_order_two_in_steps_of_twenty_times_their_growth(comm: Comm, walls: Mapping[str, Boundary]) -> None:
    """dt*rate of 20, 10, 5 and 2.5."""
    case = (2030.0, 0.8, (1e-2, 2e-2))
    found = []
    for count in (5, 10, 20, 40):
        problem = posed(comm, *case, walls)
        exact = right(problem, *case, 2.0)
        march = March(problem, SchemeOptions(linear=TIGHT)).steps(2.0 / count, count, balanced=True)
        assert march.worst < 1e-12
        found.append(off(problem, exact))
    assert found[0] < 2e-2 and np.mean(orders(found)) > 1.7, found


def test_a_wall_holds_its_value_at_once(comm: Comm) -> None:
    """Where a start is not as a wall has it, what was there before has no time to react: b was 20 times too much, of first order."""
    case = (2030.0, 0.8, (1e-2, 2e-2))
    found = []
    for count in (10, 20, 40):
        problem = problem_of(turning(*case, WALL, "0.01"), lattice(1, 20), comm, together="partners")
        exact = right(problem, *case, 2.0)
        March(problem, SchemeOptions(linear=TIGHT)).steps(2.0 / count, count)
        found.append(off(problem, exact))
    assert max(found) < 0.03 and found[-1] < 0.01, found


@pytest.mark.parametrize("there", [1e-2, 60.0, 1e3])
def test_rest_beside_a_wall_is_that_of_tiny_steps(comm: Comm, there: float) -> None:
    """Reactions slower than growth, as fast, and faster: what transport holds stays with it."""
    case = (there, max(1.0, there), (0.1, 0.05))
    problem = posed(comm, *case, WALL)
    exact = right(problem, *case, 40.0)
    march = March(problem, SchemeOptions(linear=TIGHT))
    march.run(100.0, tolerance=1e-4)
    march.balance()
    assert off(problem, exact) < 1e-5 and march.worst < 1e-12


def test_who_holds_it(comm: Comm) -> None:
    """Beside fast reactions nothing is left to transport, beside slow ones all; in one tissue both at once."""
    for there, wanted in ((2030.0, 0.0), (1e-2, 1.0)):
        problem = posed(comm, there, 0.8, (1e-3, 1e-2), WALL)
        March(problem).run(1.0, tolerance=1e-2)
        assert (problem.fields["part a"][1 : problem.graph.n_owned] == wanted).all()
    only = "where(x < 0.5, 2030, 0.01)"
    laws = (
        species("a", "0.01", diffusion="1e-3", production="0.8*b", growth="50*(1 - a)", loss=only),
        species("b", "0", diffusion="1e-2", production=f"{only}*a", loss="0.8"),
    )
    problem = problem_of(laws, lattice(1, 20), comm, together="partners")
    March(problem).run(1.0, tolerance=1e-2)
    n = problem.graph.n_owned
    np.testing.assert_array_equal(problem.fields["part a"][:n], np.where(problem.graph.points[:n, 0] < 0.5, 0.0, 1.0))
