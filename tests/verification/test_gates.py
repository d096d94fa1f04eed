"""Exchange through boundaries, walls and membranes that turns densities over within a step: second order in time, accounts included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearOptions
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.fields import density, integrity
from tests.lib.march import March
from tests.lib.models import boundary, integrity_law, lattice, membrane, passage, species
from tests.lib.orders import orders
from tests.lib.vessels import flux, tissue, vessel
from tests.verification import flows

M, S = species("m", "1", loss="1", diffusion="1"), species("s", "1", growth="0 - 1")
N = species("n", "1", diffusion="0.1")
BLOOD = "1 + sin(3*t)"


def at_boundary(value: str, rate: str, **terms: str) -> Callable[[Comm], Problem]:
    """An exchange at the right end."""
    law = species("n", "1", diffusion="0.1", boundaries={"right": boundary("exchange", value, rate)}, **terms)  # type: ignore[arg-type]
    return lambda comm: tissue((law, M, S), lattice(1, 8), comm, [])


def at_wall(opened: str, inside: str = "", law: str = "", repair: str = "0") -> Callable[[Comm], Problem]:
    """A vessel at the right end, with an integrity that begins at rest where one is stated."""
    wall = integrity_law((law, "mean"), repair=repair, initial="0.5") if law else None
    crossing = flux("n", opened, inside=inside or "0")
    return lambda comm: tissue((N, M, S), lattice(1, 8), comm, [vessel("v", "boundary", ["right"], crossing, integrity=wall)])


def at_membrane(comm: Comm) -> Problem:
    """One whose integrity follows the enzyme."""
    data = lattice(1, 8)
    cells = species("n", "1 - 0.8*(x > 0.5)", diffusion="0.1")
    barrier = membrane("k", passage("n", "1", follows_integrity=True), degraded_by=(("100*m", "mean"),), repair="100", initial="0.5")
    return tissue((cells, M), replace(data, interfaces={"k": plane(data, 0, 0.5)}), comm, [], None, (barrier,))


CASES: dict[str, Callable[[Comm], Problem]] = {
    "density outside": at_boundary(BLOOD, "100"),
    "density outside, growth that limits itself": at_boundary(BLOOD, "100", growth="1 - n"),
    "density outside, loss": at_boundary(BLOOD, "100", loss="2*m"),
    "density inside": at_wall("100", BLOOD),
    "rate of exchange": at_boundary("0.5", "100*(1.1 + sin(3*t))"),
    "integrity of a wall": at_wall("1", BLOOD, "100*m", "100"),
    "integrity of a membrane": at_membrane,
}


def reached(build: Callable[[Comm], Problem], comm: Comm, steps: int) -> list[np.ndarray]:
    """Densities, accounts and integrities at t = 0.8."""
    problem = build(comm)
    march = March(problem, SchemeOptions(linear=LinearOptions(rtol=1e-12))).steps(0.8 / steps, steps, balanced=True)
    assert march.worst < 1e-12
    accounts = np.array([amount for key, amount in march.accounts()["n"].items() if ":" in key])
    surfaces = [integrity(problem, name) for name in problem.integrities]
    return [density(problem, "n").copy(), accounts, *surfaces]


@pytest.mark.parametrize("name", CASES)
def test_second_order_where_it_is_stiff(comm: Comm, name: str) -> None:
    """Densities in 8, 16, 32 steps against 1024, dt s from about 300 to 40; accounts and integrities likewise or within 1e-4; balanced."""
    exact = reached(CASES[name], comm, 1024)
    misses = np.array([[np.abs(a - b).max() for a, b in zip(reached(CASES[name], comm, n), exact, strict=True)] for n in (8, 16, 32)])
    assert orders(list(misses[:, 0]))[-1] > 1.6, (name, misses)
    for errors in misses[:, 1:].T:
        assert orders(list(errors))[-1] > 1.6 or errors[-1] < 1e-4, (name, misses)


@pytest.mark.parametrize(("speed", "rate"), [(10.0, 100.0), (1e4, 1e4)])
def test_fast_gates_beside_fast_transport(comm: Comm, speed: float, rate: float) -> None:
    """The tissue as a whole follows the density outside: what came in besides what went out was of order 1.5 and 1.0."""
    found = flows.errors(lambda count: flows.gated_amounts(comm, speed, rate, count), (20, 40), 160)
    for misses in found:
        assert 1.9 < orders(list(misses))[-1] < 2.2, found


def test_a_gate_that_is_weak_beside_transport_is_not_followed_by_itself(comm: Comm) -> None:
    """A wall that opens where diffusion is twenty times as fast: a node followed by itself would be off by 9.8e-4."""

    def end(steps: int) -> np.ndarray:
        opening = vessel("v", "boundary", ["left"], flux("n", "1", inside="0.1"), integrity=integrity_law(("1", "mean")))
        law = species("n", "0.3 + 0.4*x^2*(3 - 2*x)", diffusion="1")
        problem = tissue((law,), lattice(1, 12), comm, [opening])
        March(problem).steps(1.0 / steps, steps)
        return density(problem, "n").copy()

    exact = end(512)
    assert np.abs(end(8) - exact).max() < 5e-4
    assert np.abs(end(32) - exact).max() < 6e-5
