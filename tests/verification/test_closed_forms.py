"""The scheme against closed forms: convergence rates, and exactness where the scheme is exact."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import erf

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg.linear import LinearOptions
from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, l1, least
from tests.lib.march import March, advance
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders, overall


@pytest.mark.parametrize(("dim", "cells"), [(1, (16, 32, 64)), (2, (8, 16, 32)), (3, (4, 8, 16))])
@pytest.mark.parametrize("flux", ["central", "scharfetter_gummel"])
def test_haptotaxis_equilibrium_in_any_dimension(comm: Comm, dim: int, cells: tuple[int, ...], flux: str) -> None:
    """n tends to N exp(gamma f/d)/int exp(gamma f/d) on frozen ECM: second order; exact for Scharfetter-Gummel where K_ij >= 0."""
    f = "0.5*(1 - cos(pi*x))" if dim == 1 else "0.25*(1 - cos(pi*x))*(1 - cos(pi*y))"
    errors = []
    for count in cells:
        problem = problem_of((species("n", "1", diffusion="1", taxis=(("f", "f", "2"),)), species("f", f)), lattice(dim, count), comm)
        advance(problem, 2.0, 20, SchemeOptions(flux=flux))
        g = problem.graph
        shape = np.exp(2.0 * density(problem, "f"))
        # the discrete amount is conserved exactly, so the reference is normalised by the same lumped sum for SG only
        fine = np.linspace(0.0, 1.0, 2001)
        fine_f = 0.5 * (1 - np.cos(np.pi * fine))
        if dim == 1:
            total = np.trapezoid(np.exp(2 * fine_f), fine)
        else:
            total = np.trapezoid(np.trapezoid(np.exp(2 * np.outer(fine_f, fine_f)), fine), fine)
        if flux == "scharfetter_gummel":
            assert l1(problem, "n", shape / (g.mass * shape).sum()) < 1e-7
        errors.append(l1(problem, "n", shape / total))
    assert orders(errors)[-1] > 1.8, errors


@pytest.mark.parametrize("bad", [False, True])
def test_diffusion_of_a_mode_is_second_order(comm: Comm, bad: bool) -> None:
    """1 + cos(pi x) cos(pi y) decays with 2 pi^2 D, on regular and on obtuse meshes alike."""
    errors = []
    for count in (8, 16, 32):
        data = obtuse_rectangle(count, stretch=1) if bad else lattice(2, count)
        problem = problem_of((species("c", "1 + cos(pi*x)*cos(pi*y)", diffusion="0.1"),), data, comm)
        advance(problem, 0.4 / count, count)
        x, y = problem.graph.points[:, 0], problem.graph.points[:, 1]
        errors.append(l1(problem, "c", 1 + np.cos(np.pi * x) * np.cos(np.pi * y) * np.exp(-2 * np.pi**2 * 0.1 * 0.4)))
    assert orders(errors)[-1] > 1.8, errors


def test_exact_wave_in_space_and_time(comm: Comm) -> None:
    """Logarithmic haptotaxis, degradation and logistic growth together: order two with dt ~ h (reference page D)."""
    k, c = math.sqrt(2.0) / 2.0, 3.0 / math.sqrt(2.0)

    def n_exact(x: np.ndarray, t: float) -> np.ndarray:
        return 0.5 * (1 - np.tanh(k * (x - c * t)))

    wave = f"0.5*(1 - tanh({k}*(x - {c}*t)))"
    errors = []
    for count in (60, 120, 240):
        laws = (
            species(
                "n",
                f"0.5*(1 - tanh({k}*x))",
                diffusion="1",
                taxis=(("f", "log(f)", "3"),),
                growth="1 - n",
                boundaries={"left": boundary("fixed", wave), "right": boundary("fixed", wave)},
            ),
            species("f", f"(1 + exp(-2*{k}*x))^(-1/3)", loss="n"),
        )
        problem = problem_of(laws, lattice(1, count, -10.0, 14.0), comm)
        advance(problem, 2.4 / count, count)
        errors.append(l1(problem, "n", n_exact(problem.graph.points[:, 0], 2.4)))
    assert orders(errors)[-1] > 1.9, errors


def test_time_order_is_two(comm: Comm) -> None:
    """Halving dt on one mesh, against a much finer dt: order two, with haptotaxis, secretion, degradation and growth coupled."""
    laws = (
        species("n", "exp(-x^2/0.02)", diffusion="0.01", taxis=(("f", "f", "0.05"),), growth="2*(1 - n - f)"),
        species("m", "0.1", diffusion="0.01", production="n", loss="0.5"),
        species("f", "1 - 0.5*exp(-x^2/0.02)", loss="5*m"),
    )
    states = []
    for steps in (20, 40, 80, 640):
        problem = problem_of(laws, lattice(1, 50), comm)
        advance(problem, 1.0 / steps, steps)
        states.append({name: density(problem, name).copy() for name in problem.species})
    for name in ("n", "m", "f"):
        errors = [float(np.abs(s[name] - states[-1][name]).max()) for s in states[:-1]]
        assert orders(errors)[-1] > 1.85, (name, errors)


def test_ecm_decay_is_exact(comm: Comm) -> None:
    """Uniform cells, secreted and decaying MMP, degraded ECM: the closed form of the reference page E."""
    a, b, eta, n0, m0, t = 0.3, 0.7, 4.0, 0.8, 0.1, 1.5
    laws = (
        species("n", str(n0), diffusion="1e-3"),
        species("m", str(m0), diffusion="1e-3", production=f"{a}*n", loss=str(b)),
        species("f", "1", loss=f"{eta}*m"),
    )
    decay = (1 - math.exp(-b * t)) / b
    m_exact = m0 * math.exp(-b * t) + a * n0 * decay
    f_exact = math.exp(-eta * ((m0 - a * n0 / b) * decay + a * n0 * t / b))
    errors = []
    for steps in (20, 40, 80):
        problem = problem_of(laws, lattice(2, 3), comm)
        advance(problem, t / steps, steps)
        errors.append(float(np.abs(density(problem, "f") / f_exact - 1).max()) + float(np.abs(density(problem, "m") - m_exact).max()))
    assert orders(errors)[-1] > 1.9, errors
    assert errors[-1] < 2e-4


@pytest.mark.parametrize(
    ("k", "taken"),
    [
        ("0.1", (0.0097670, 0.0474260, 0.0924129, 0.1761112)),
        ("1", (0.0804033, 0.3188955, 0.5296028, 0.7756060)),
        ("10", (0.2738823, 0.6849837, 0.8865044, 0.9852669)),
    ],
)
def test_robin_sink_takes_the_known_share(comm: Comm, k: str, taken: tuple[float, ...]) -> None:
    """-D dc/dn = k c on one side of a slab: what left through it by t = .1, .5, 1, 2, order two."""
    errors = []
    for count in (20, 40):
        problem = problem_of(
            (species("c", "1", diffusion="1", boundaries={"right": boundary("exchange", "0", k)}),), lattice(1, count), comm
        )
        dt = 0.2 / count
        march, left = March(problem), []
        for duration in (0.1, 0.4, 0.5, 1.0):
            march.steps(dt, round(duration / dt))
            left.append(march.account("c", "outflow:right"))
        errors.append(max(abs(a - b) for a, b in zip(left, taken, strict=True)))
    assert orders(errors)[0] > 1.7, errors


def test_fixed_value_diffuses_in(comm: Comm) -> None:
    """c = 1 held at x = 0 of a long slab: erfc(x/2 sqrt(t)), and the ledger knows what came in (2 sqrt(t/pi))."""
    errors, inflows, t = [], [], 0.5
    for count in (80, 160, 320):
        held = {"left": boundary("fixed", "1")}
        problem = problem_of((species("c", "where(x <= 0, 1, 0)", diffusion="1", boundaries=held),), lattice(1, count, 0.0, 8.0), comm)
        march = advance(problem, 2 * t / count, count // 2)
        errors.append(l1(problem, "c", 1 - erf(problem.graph.points[:, 0] / (2 * math.sqrt(t)))))
        # the node on the side was full at the start: half a cell that did not have to come in
        inflows.append(abs(march.account("c", "inflow:left") + 4.0 / count - 2 * math.sqrt(t / math.pi)))
    assert orders(errors)[-1] > 1.8, errors
    assert orders(inflows)[-1] > 1.8, inflows


def test_influx_and_outflow(comm: Comm) -> None:
    """A given influx adds exactly g A t; drift against an outflow side carries out v c A, and nothing is lost track of."""
    flows = {"left": boundary("influx", "0.3 + 0.2*t")}
    problem = problem_of((species("c", "0", diffusion="1", boundaries=flows),), lattice(2, 6), comm)
    march = advance(problem, 0.05, 20)
    assert march.account("c", "inflow:left") == pytest.approx(0.3 + 0.1, rel=1e-12)
    assert amount(problem, "c") == pytest.approx(0.4, rel=1e-12)
    # uniform drift v = 1 through the unit interval: what left by t = 0.5 is the half nearest the outlet
    laws = (species("c", "1", diffusion="1e-4", taxis=(("f", "f", "1"),), boundaries={"right": boundary("outflow")}), species("f", "x"))
    problem = problem_of(laws, lattice(1, 200), comm)
    march = advance(problem, 0.0025, 200)
    assert march.account("c", "outflow:right") == pytest.approx(0.5, abs=5e-3)


def test_logistic_ecm_stays_below_its_bound(comm: Comm) -> None:
    """Remodelling nu f (1 - f): the exact logistic curve, and never above max(f0, 1) however large the step."""
    laws = (species("f", "0.1 + 1.2*x", growth="3*(1 - f)"),)
    problem = problem_of(laws, lattice(1, 4), comm)
    start = density(problem, "f").copy()
    advance(problem, 0.7, 3)
    exact = start * math.exp(6.3) / (1 + start * (math.exp(6.3) - 1))
    np.testing.assert_allclose(density(problem, "f"), exact, rtol=1e-12)
    assert greatest(problem, "f") <= 1.3


def test_barenblatt(comm: Comm) -> None:
    """Degenerate diffusion D = c: the exact edge mean follows Barenblatt's profile, its edge included, and stays non-negative."""

    def tau(t: float) -> float:
        return 0.5 * t

    errors = []
    for count in (40, 80, 160, 320):
        initial = f"{tau(0.1) ** (-1 / 3)}*max(0, 1 - x^2/{12 * tau(0.1) ** (2 / 3)})"
        problem = problem_of((species("c", initial, diffusion="c"),), lattice(1, count, -3.5, 3.5), comm)
        before = amount(problem, "c")
        advance(problem, 0.5 / count, count, start=0.1)
        x = problem.graph.points[:, 0]
        exact = tau(0.6) ** (-1 / 3) * np.maximum(0, 1 - x**2 / (12 * tau(0.6) ** (2 / 3)))
        errors.append(l1(problem, "c", exact))
        assert least(problem, "c") >= 0.0
        assert abs(amount(problem, "c") / before - 1) < 1e-13
    assert overall(errors) > 1.5, errors  # the profile has a kink: order 2 cannot be expected


def test_motility_that_is_off_stays_off(comm: Comm) -> None:
    """Harmonic mean: nothing enters where motility is 0; the arithmetic mean leaks one layer of cells."""
    entered = []
    for mean in ("harmonic", "arithmetic"):
        law = species("c", "where(x < 0.5, 1, 0)", diffusion="where(f > 0.5, 0, 1)")
        law = dataclasses.replace(law, diffusion_mean=mean)
        problem = problem_of((law, species("f", "where(x < 0.7, 0, 1)")), lattice(1, 40), comm)
        advance(problem, 0.02, 20)
        beyond = problem.graph.points[:, 0] > 0.7 - 1e-9
        entered.append(float((problem.graph.mass * density(problem, "c"))[beyond].sum()))
    assert entered[0] == 0.0
    assert entered[1] > 0.0


@pytest.mark.parametrize("preconditioner", ["jacobi", "ilu", "gamg", "hypre"])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_fixed_values_leave_the_matrix_symmetric(comm: Comm, dim: int, preconditioner: str) -> None:
    """c = 1 at one end and 0 at the other tends to 1 - x, to the solver's tolerance times dt D/h^2, with every preconditioner."""
    ends = {"left": boundary("fixed", "1"), "right": boundary("fixed", "0")}
    problem = problem_of((species("c", "0", diffusion="1", boundaries=ends),), lattice(dim, (200, 40, 8)[dim - 1]), comm)
    options = SchemeOptions(linear=LinearOptions(preconditioner=preconditioner, rtol=1e-12))
    matrix = advance(problem, 1.0, 20, options).matrix("c")
    assert (matrix - matrix.copy().transpose()).norm() == 0.0
    assert np.abs(density(problem, "c") - (1.0 - problem.graph.points[:, 0])).max() < 1e-7


def test_a_matrix_that_is_not_finite_fails_the_step(comm: Comm) -> None:
    """Incomplete factorisations of such a matrix may never return, so they are not begun."""
    laws = (species("c", "1", diffusion="where(t > 0.25, log(x - 2), 10)"), species("o", "1", diffusion="1", loss="1", quasi_steady=True))
    march = March(problem_of(laws, lattice(2, 20), comm))
    assert march.step(0.1)
    assert not march.step(0.1, at=0.3)
