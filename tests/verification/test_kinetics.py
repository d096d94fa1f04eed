"""Reacting species against SciPy on the same semi-discrete equations: order, invariants, signs, the MT1-MMP network, rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import invasio
from invasio.solver.cli import main
from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Species
from invasio.solver.model.kinetics import How
from tests.lib.comm import Comm
from tests.lib.fields import amount, least, owned
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders

Rates = Callable[[Any], Any]  # (species, nodes) -> (species, nodes)


def laplacian(problem: Problem) -> Any:
    """M^-1 K of the graph, dense."""
    g = problem.graph
    n = g.n_owned
    k = np.zeros((n, n))
    k[np.repeat(np.arange(n), np.diff(g.indptr)), g.indices] = g.stiffness
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(k, -k.sum(axis=1))
    return k / g.mass[:n, None]


def reference(problem: Problem, names: Sequence[str], diffusion: Sequence[float], rates: Rates, end: float, atol: float = 1e-12) -> Any:
    """The solution of SciPy at the end, (species, nodes), from the problem's state."""
    start = np.array([owned(problem, name) for name in names])
    matrix = laplacian(problem)

    def rate(_: float, y: Any) -> Any:
        c = y.reshape(start.shape)
        return (np.array(diffusion)[:, None] * (c @ matrix.T) + rates(c)).ravel()

    done = solve_ivp(rate, (0.0, end), start.ravel(), method="BDF" if start.size > 400 else "Radau", rtol=1e-9, atol=atol)
    return done.y[:, -1].reshape(start.shape)


def relative(problem: Problem, names: Sequence[str], right: Any) -> float:
    """Sum of differences over sum of values."""
    return float(np.abs(np.array([owned(problem, name) for name in names]) - right).sum() / np.abs(right).sum())


def binding(kon: float, diffusion: Sequence[str | None], starts: Sequence[str]) -> tuple[Species, ...]:
    """a + b <-> c with koff = kon/10."""
    a, b, c = starts
    koff = 0.1 * kon
    return (
        species("a", a, diffusion=diffusion[0], loss=f"{kon}*b", production=f"{koff}*c"),
        species("b", b, diffusion=diffusion[1], loss=f"{kon}*a", production=f"{koff}*c"),
        species("c", c, diffusion=diffusion[2], loss=f"{koff}", production=f"{kon}*a*b"),
    )


def binds(kon: float) -> Rates:
    def rates(c: Any) -> Any:
        r = kon * c[0] * c[1] - 0.1 * kon * c[2]
        return np.array([-r, -r, r])

    return rates


SMOOTH = ("1 + 0.5*cos(pi*x)", "0.5*(1 + 0.8*cos(3*pi*x))", "0.1")


def errors_of(
    laws: Callable[[], tuple[Species, ...]], names: Sequence[str], diffusion: Sequence[float], rates: Rates, comm: Comm,
    end: float, steps: Sequence[int], shape: tuple[int, int] = (1, 20), together: How = "partners",
) -> list[float]:  # fmt: skip
    """Relative errors for these numbers of steps."""
    right, found = None, []
    for count in steps:
        problem = problem_of(laws(), lattice(*shape), comm, together=together)
        if right is None:
            right = reference(problem, names, diffusion, rates, end)
        march = advance(problem, end / count, count, balanced=True)
        assert march.worst < 1e-12 and least(problem, *names) >= 0.0
        found.append(relative(problem, names, right))
    return found


@pytest.mark.parametrize("kon", [1.0, 10.0, 100.0, 1e3, 1e4, 1e6])
def test_order_two_with_transport_for_any_rate(comm: Comm, kon: float) -> None:
    """Far from equilibrium at the start, with diffusivities that differ by 100: a layer that takes 1e-5 to 10 steps; dt*kon up to 2e5."""
    found = errors_of(
        lambda: binding(kon, ("1e-1", "1e-3", "1e-3"), SMOOTH), "abc", (1e-1, 1e-3, 1e-3), binds(kon), comm, 1.0, (5, 10, 20, 40)
    )
    assert found[0] < 5e-4 and found[-1] < 1e-5
    assert min(orders(found)) > 1.6 and np.mean(orders(found)) > 1.85


@pytest.mark.parametrize("kon", [10.0, 1e4])
def test_order_two_of_what_is_made_and_moves(comm: Comm, kon: float) -> None:
    """A product of what reacts at once begins to diffuse at once, and not with half of the step."""

    def laws() -> tuple[Species, ...]:
        return (
            species("a", "2", diffusion="1e-3", loss=f"{kon}*b"),
            species("b", "1 + 0.8*cos(pi*x)", loss=f"{kon}*a"),
            species("p", "0", diffusion="1e-1", production=f"{kon}*a*b"),
        )

    def rates(c: Any) -> Any:
        r = kon * c[0] * c[1]
        return np.array([-r, -r, r])

    found = errors_of(laws, "abp", (1e-3, 0.0, 1e-1), rates, comm, 0.4, (2, 4, 8, 16))
    assert found[-1] < 3e-5 and np.mean(orders(found)) > 1.8


@pytest.mark.parametrize("still", [("1e-1", None, None), ("1e-1", None, "1e-3"), (None, None, None)])
def test_partners_that_do_not_move(comm: Comm, still: tuple[str | None, ...]) -> None:
    """Receptors and complexes that stay where they are; all of them without transport are as exact as the kinetics."""
    diffusion = [float(d) if d else 0.0 for d in still]
    found = errors_of(lambda: binding(1e4, still, SMOOTH), "abc", diffusion, binds(1e4), comm, 1.0, (5, 10, 20))
    if any(still):
        assert found[0] < 3e-3 and min(orders(found)) > 1.5
    else:
        assert max(found) < 1e-6


@pytest.mark.parametrize(("dim", "cells"), [(2, 5), (3, 3)])
def test_order_two_in_the_plane_and_in_space(comm: Comm, dim: int, cells: int) -> None:
    starts = ("1 + 0.5*cos(pi*x)*cos(pi*y)", "0.5*(1 + 0.8*cos(pi*y))", "0.1")
    diffusion = ("1e-1", "1e-3", "1e-3")
    found = errors_of(
        lambda: binding(1e4, diffusion, starts), "abc", [float(d) for d in diffusion], binds(1e4), comm, 1.0, (5, 10, 20), (dim, cells)
    )
    assert found[0] < 3e-3 and min(orders(found)) > 1.5


def test_one_after_another_amounts_are_lost(comm: Comm) -> None:
    """What the coupling is for."""
    lost = {}
    for together in ("none", "partners"):
        problem = problem_of(binding(50.0, ("1e-1", "1e-3", "1e-3"), SMOOTH), lattice(1, 20), comm, together=together)  # type: ignore[arg-type]
        before = amount(problem, "a") + amount(problem, "c")
        advance(problem, 0.05, 10)
        lost[together] = abs(amount(problem, "a") + amount(problem, "c") - before) / before
    assert lost["none"] > 1e-3 and lost["partners"] < 1e-13


BY_HAND = """
schema_version: 1
mesh: {kind: interval, to: 1, cells: 4}
parameters: {kon: 10000, koff: 100}
species:
  a: {initial: 1, diffusion: 1e-3, loss: "kon*b", production: "koff*c"}
  b: {initial: 0.5, diffusion: 1e-3, loss: "kon*a", production: "koff*c"}
  c: {diffusion: 1e-3, loss: koff, production: "kon*a*b"}
time: {end: 10, tolerance: 1e-3}
output: {every: 1, figures: false}
"""


@pytest.mark.parametrize("steps", [{"time.tolerance": 1e-3}, {"time.tolerance": 1e-5}, {"time.step": 0.5}])
def test_a_reversible_pair_written_by_hand(tmp_path: Path, steps: dict[str, float]) -> None:
    """a + c = 1 (once 1.46 and 1.33) and b + c = 1/2 at all outputs, the equilibrium in the end, in few steps."""
    path = tmp_path / "by_hand.yaml"
    path.write_text(BY_HAND, encoding="utf-8")
    done = invasio.run(path, set=steps, out=None)
    assert done.series["step"][-1] < 30
    for at in done.times:
        np.testing.assert_allclose(done.field("a", at) + done.field("c", at), 1.0, rtol=0, atol=1e-12)
        np.testing.assert_allclose(done.field("b", at) + done.field("c", at), 0.5, rtol=0, atol=1e-12)
    for name, value in {"a": 0.5096223724, "b": 0.0096223724, "c": 0.4903776276}.items():
        np.testing.assert_allclose(done.field(name, 10), value, rtol=1e-7)


def test_explain_says_what_is_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "by_hand.yaml"
    path.write_text(BY_HAND, encoding="utf-8")
    said = {}
    for how in ("partners", "none"):
        assert main(["explain", str(path), "--set", f"numerics.kinetics={how}"]) == 0
        said[how] = "integrated together at every node: a, b, c" in capsys.readouterr().out
    assert said == {"partners": True, "none": False}


def test_michaelis_menten_with_a_product_that_grows_by_itself(comm: Comm) -> None:
    """e + s <-> es -> e + p, the enzyme bound, the product made only, with a logistic law of its own."""

    def laws() -> tuple[Species, ...]:
        return (
            species("s", "1 + x", diffusion="1e-1", loss="1e3*e", production="10*es"),
            species("e", "0.1*(1 + cos(pi*x))", loss="1e3*s", production="(10 + 20)*es"),
            species("es", "0", production="1e3*e*s", loss="10 + 20"),
            species("p", "0", diffusion="1e-2", production="20*es", growth="1 - 0.2*p", loss="0.5"),
        )

    def rates(c: Any) -> Any:
        s, e, es, p = c
        on, back, cut = 1e3 * e * s, 10.0 * es, 20.0 * es
        return np.array([back - on, back + cut - on, on - back - cut, cut + (1 - 0.2 * p) * p - 0.5 * p])

    found = errors_of(laws, ("s", "e", "es", "p"), (1e-1, 0.0, 0.0, 1e-2), rates, comm, 0.5, (10, 20, 40, 80))
    assert found[-1] < 1e-4 and np.mean(orders(found)) > 1.75


def test_invariants_over_many_steps(comm: Comm) -> None:
    """What is conserved at every node, and in total with different diffusivities, to rounding."""
    same = problem_of(binding(1e4, ("1e-3",) * 3, ("1", "0.5", "0")), lattice(1, 4), comm, together="partners")
    advance(same, 0.05, 2000)
    np.testing.assert_allclose(owned(same, "a") + owned(same, "c"), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(owned(same, "b") + owned(same, "c"), 0.5, rtol=0, atol=1e-12)
    np.testing.assert_allclose(amount(same, "c"), 0.5 * (1.6 - np.sqrt(1.6**2 - 2.0)), rtol=1e-9)
    problem = problem_of(binding(1e4, ("1e-1", None, "1e-3"), SMOOTH), lattice(1, 10), comm, together="partners")
    before = amount(problem, "a") + amount(problem, "c"), amount(problem, "b") + amount(problem, "c")
    advance(problem, 0.05, 500)
    after = amount(problem, "a") + amount(problem, "c"), amount(problem, "b") + amount(problem, "c")
    np.testing.assert_allclose(after, before, rtol=1e-13)


@pytest.mark.parametrize("dt", [0.01, 1.0, 30.0])
def test_nothing_is_negative_beside_sharp_fronts(comm: Comm, dt: float) -> None:
    """Two reactants that use each other up where they meet, apart at the start, with a fixed value beside."""
    laws = (
        species("a", "where(x < 0.5, 1, 0)", diffusion="1e-2", loss="1e5*b", boundaries={"left": boundary("fixed", "1")}),
        species("b", "where(x < 0.5, 0, 1)", diffusion="1e-3", loss="1e5*a"),
        species("c", "0", diffusion="1e-4", production="1e5*a*b"),
    )
    problem = problem_of(laws, lattice(1, 30), comm, together="partners")
    before = amount(problem, "b")
    march = advance(problem, dt, 40, balanced=True)
    assert march.worst < 1e-12 and least(problem, "a", "b", "c") >= 0.0
    np.testing.assert_allclose(amount(problem, "b") + amount(problem, "c"), before, rtol=1e-12)


NETWORK = {
    "M": ("10", "3.54e-3*T + 3e-6*D", "2.2e-4*C + 9e-4*Q + 0.02*Q"),
    "T": ("4", "3.54e-3*M + 5.9e-3*A", "2.2e-4*C + 6.3*X"),
    "C": ("0", "2.2e-4 + 1.4e-4*P", "3.54e-3*M*T + 4.7e-3*D + 0.02*Q"),
    "P": ("50", "1.4e-4*C", "4.7e-3*D"),
    "D": ("0", "4.7e-3 + 3e-6*M", "1.4e-4*C*P + 9e-4*Q"),
    "Q": ("0", "9e-4 + 0.02", "3e-6*D*M"),
    "A": ("0", "5.9e-3*T", "0.02*Q + 6.3*X"),
    "X": ("0", "6.3 + 33", "5.9e-3*A*T + 2e-8*Y"),
    "Y": ("0", "2e-8", "33*X"),
}


@pytest.mark.parametrize("count", [10, 100])
def test_mt1_timp2_and_mmp2(comm: Comm, count: int) -> None:
    """The network of Karagiannis and Popel 2004 (with koff of MT1.TIMP-2 as 2.2e-4 /s) after an hour, nM and s, stiff by 1e9."""
    laws = tuple(species(name, start, diffusion="1e-3", loss=loss, production=made) for name, (start, loss, made) in NETWORK.items())
    problem = problem_of(laws, lattice(1, 2), comm, together="partners")
    assert [s.name for s in problem.kinetics[0].members] == list(NETWORK)
    march = advance(problem, 3600 / count, count, balanced=True)
    assert march.worst < 1e-12
    right = {"M": 6.03248, "T": 0.0164795, "C": 1.64346, "P": 47.5397, "D": 2.32004, "Q": 2.00904e-3, "A": 0.120237, "Y": 0.0180050}
    for name, value in right.items():
        np.testing.assert_allclose(owned(problem, name), value, rtol=1e-5, err_msg=name)
    for names, total in (("MCDQQ", 10.0), ("TCDQXY", 4.0), ("PDQAXY", 50.0)):
        assert abs(sum(amount(problem, name) for name in names) / total - 1.0) < 1e-13


def test_fed_here_and_carried_away(comm: Comm) -> None:
    """What a complex sets free leaves by diffusion faster than a step: the limiter may not keep it back."""
    laws = (
        species("a", "0", diffusion="1", loss="10*b", production="10*c", boundaries={"right": boundary("fixed", "0")}),
        species("b", "where(x < 0.11, 1, 0)", loss="10*a + 1", production="10*c"),
        species("c", "0", loss="10", production="10*a*b + where(x < 0.11, 1, 0)"),
    )
    found: Mapping[float, Any] = {}
    for dt, count in ((0.02, 3000), (0.5, 120)):
        problem = problem_of(laws, lattice(1, 20), comm, together="partners")
        advance(problem, dt, count)
        found = {**found, dt: owned(problem, "a").copy()}
    np.testing.assert_allclose(found[0.5], found[0.02], rtol=0, atol=1e-3 * found[0.02].max())


@pytest.mark.parametrize("other", ["0.8 - v", "0.8 - v - 0.2*u"])
def test_growth_that_limits_itself_rests_beside_fixed_walls(comm: Comm, other: str) -> None:
    """Partners that use each other up and compete as they grow: the rest state of small steps, for dt*rate from 1 to 50, reached and kept.

    It was off by 1e-4 at 1 and 9e-3 at 4, and from 8 on there was none.
    """

    def laws() -> tuple[Species, ...]:
        walls = ({"left": boundary("fixed", "0.2")}, {"right": boundary("fixed", "0.1")})
        return (
            species("u", "0.5", diffusion="0.02", growth="1 - u - 0.5*v", loss="0.1*v", boundaries=walls[0]),
            species("v", "0.3", diffusion="0.01", growth=other, loss="0.1*u", boundaries=walls[1]),
        )

    problem = problem_of(laws(), lattice(1, 10), comm, together="partners")
    march = advance(problem, 0.2, 300)
    rest = np.array([owned(problem, name) for name in "uv"])
    march.steps(50.0, 20)
    np.testing.assert_allclose(np.array([owned(problem, name) for name in "uv"]), rest, rtol=0, atol=1e-6)
    for dt in (1.0, 4.0, 16.0):
        problem = problem_of(laws(), lattice(1, 10), comm, together="partners")
        advance(problem, dt, 100)
        np.testing.assert_allclose(np.array([owned(problem, name) for name in "uv"]), rest, rtol=0, atol=1e-6)


CYCLES: Mapping[str, tuple[tuple[Species, ...], Rates]] = {
    "predators": (
        (
            species("u", "1 + 0.5*cos(pi*x)", diffusion="1e-2", growth="1 - v"),
            species("v", "0.5", diffusion="1e-3", growth="u - 1"),
        ),
        lambda c: np.array([c[0] * (1 - c[1]), c[1] * (c[0] - 1)]),
    ),
    "emt": (
        (
            species("u", "1 + 0.5*cos(pi*x)", diffusion="1e-2", loss="3", production="1*v"),
            species("v", "0.5", diffusion="1e-3", loss="1", production="3*u"),
        ),
        lambda c: np.array([c[1] - 3 * c[0], 3 * c[0] - c[1]]),
    ),
}


@pytest.mark.parametrize("together", ["none", "partners", "cycles"])
@pytest.mark.parametrize("case", CYCLES)
def test_slow_cycles_are_of_order_two_either_way(comm: Comm, case: str, together: How) -> None:
    """Predators and prey; two phenotypes that turn into each other by production and loss."""
    laws, rates = CYCLES[case]
    assert len(problem_of(laws, lattice(1, 4), comm, together=together).kinetics) == (
        together == "cycles" or (together == "partners" and case == "emt")
    )
    steps = (40, 80, 160) if together == "none" else (20, 40, 80)  # which reach the floor of kinetics
    found = errors_of(lambda: laws, "uv", (1e-2, 1e-3), rates, comm, 4.0, steps, together=together)
    assert found[-1] < 1e-3 and min(orders(found)) > 1.6


def test_what_cannot_be_integrated_is_refused(comm: Comm) -> None:
    """A loss that explodes: the step is refused with the names, on all ranks, and nothing of it stays."""
    laws = (species("a", "1", production="b^3", loss="0"), species("b", "1", production="a^3", loss="0"))
    problem = problem_of(laws, lattice(1, 2), comm, together="partners")
    march = March(problem)
    assert not march.step(10.0)
    assert march.failure == "kinetics of a, b"
    np.testing.assert_array_equal(owned(problem, "a"), 1.0)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("back", ["0", "0.1"])
def test_adaptive_steps_where_transport_takes_what_reactions_use_up(comm: Comm, back: str, tolerance: float) -> None:
    """What transport has made of a member falls at nodes that it leaves: no error in time, however short the step."""
    gain = f"{back}*1e4*c"
    problem = problem_of(
        (
            species("a", "1", diffusion="0.01", loss="1e4*b", production=gain),
            species("b", "0.5*(1 + x)", diffusion="0.02", loss="1e4*a", production=gain),
            species("c", "0", diffusion=None, production="1e4*a*b", loss=f"{back}*1e4"),
        ),
        lattice(1, 10),
        comm,
        together="partners",
    )
    march = March(problem)
    march.run(2.0, tolerance=tolerance)
    assert min(march.watched.sizes) > 1e-7
    assert len(march.watched.sizes) < 1000
    assert amount(problem, "a") + amount(problem, "c") == pytest.approx(1.0, rel=1e-9)
    assert amount(problem, "b") + amount(problem, "c") == pytest.approx(0.75, rel=1e-9)


def test_partners_kept_apart_may_explode_and_say_so(comm: Comm) -> None:
    """Rates beyond all numbers end a run with a message."""
    problem = problem_of(
        (
            species("a", "1", diffusion="0.01", loss="1e3*b", production="100*c"),
            species("b", "0.5*(1 + x)", diffusion="0.02", loss="1e3*a", production="100*c"),
            species("c", "0", diffusion="0.001", production="1e3*a*b", loss="100"),
        ),
        lattice(1, 10),
        comm,
        together="none",
    )
    with refused("linear-solver", remedy="rates that explode"):
        March(problem).run(2.0, step=0.1)
