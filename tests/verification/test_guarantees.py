"""What holds by construction: densities never negative, amounts conserved, every account in balance; on any mesh."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Species
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, least
from tests.lib.march import March, advance
from tests.lib.models import EVERY_BOUNDARY, boundary, lattice, problem_of, species
from tests.verification import studies

STEP2 = "where((x - 0.5)^2 + (y - 0.5)^2 < 0.04, 1, 0)"
STEP3 = "where((x - 0.5)^2 + (y - 0.5)^2 + (z - 0.5)^2 < 0.04, 1, 0)"


def sharp(initial: str, diffusion: str = "1e-6") -> tuple[Species, ...]:
    """Step data with almost no diffusion and strong haptotaxis."""
    return (
        species("n", initial, "cells", diffusion=diffusion, taxis=(("f", "f", "5e-2"),)),
        species("m", f"0.5*{initial}", "soluble", diffusion="1e-3", production="0.1*n"),
        species("f", f"1 - 0.5*{initial}", "ecm", loss="10*m"),
    )


@pytest.mark.parametrize(("mesh", "initial"), [("obtuse", STEP2), ("sliver", STEP3)])
def test_never_negative_on_bad_meshes_and_without_limiter_negative(comm: Comm, mesh: str, initial: str) -> None:
    """The minimum is >= 0 exactly with the limiter; the same case without it goes negative or fails."""
    data = obtuse_rectangle(16) if mesh == "obtuse" else sliver_box(8)
    problem = problem_of(sharp(initial), data, comm)
    before = amount(problem, "n")
    march = March(problem)
    for _ in march.each(0.1, 10):
        assert least(problem) >= 0.0
    assert march.limited("n") == 11  # every step, the first one twice
    assert abs(amount(problem, "n") / before - 1) < 1e-12

    unlimited = problem_of(sharp(initial), data, comm)
    try:
        advance(unlimited, 0.1, 10, SchemeOptions(limiter="none"))
        lowest = least(unlimited, "n")
    except RuntimeError:
        lowest = -np.inf
    assert lowest < -1e-3


@pytest.mark.parametrize("dt", [0.02, 0.4, 4.0])
def test_random_data_and_large_steps(comm: Comm, dt: float) -> None:
    """Random step data, steps far beyond any explicit limit, slightly diffusive cells: non-negative, conservative, f within its bound."""
    initial = "where(noise(0.07, 3) > 0.5, 1, 0)"
    problem = problem_of(sharp(initial, "1e-5"), obtuse_rectangle(10), comm)
    before = amount(problem, "n")
    advance(problem, dt, 5)
    assert least(problem) >= 0.0
    assert greatest(problem, "f") <= 1.0
    assert abs(amount(problem, "n") / before - 1) < 1e-12


def test_amount_does_not_drift_with_loose_linear_solves(comm: Comm) -> None:
    """2000 steps at rtol 1e-4: the flux form conserves whatever the solver leaves."""
    drift, problem = studies.drift(comm, 40, 0.01, 2000, 1e-4)
    assert drift <= 1e-13 and least(problem) >= 0.0


def test_the_limiter_is_skipped_exactly_where_nothing_is_negative(comm: Comm) -> None:
    """Smooth positive data: limited and unlimited runs are the same to the last bit."""
    laws = (species("n", "1 + 0.5*cos(pi*x)", diffusion="0.1", taxis=(("f", "f", "0.1"),)), species("f", "x^2"))
    runs = []
    for limiter in ("positivity", "none"):
        problem = problem_of(laws, lattice(2, 10), comm)
        assert advance(problem, 0.05, 10, SchemeOptions(limiter=limiter)).limited("n") == 0
        runs.append(density(problem, "n").copy())
    assert np.array_equal(runs[0], runs[1])


@pytest.mark.parametrize("initial", ["1 + cos(3*pi*x)", "where(x > 0.6, 2, 0)"])
def test_ledger_with_everything_switched_on(comm: Comm, initial: str) -> None:
    """Growth, death, secretion and all kinds of boundary at once: residual <= 1e-12 for each species, limited or not."""
    drift = (("f", "f", "0.2"),)
    laws = (
        species("n", initial, "cells", "0.01", drift, growth="1 - n - f", loss="0.1*m", boundaries=EVERY_BOUNDARY),
        species("m", "0", "soluble", diffusion="0.05", production="n", loss="2", boundaries={"right": boundary("exchange", "0", "1")}),
        species("f", "x", "ecm", loss="m", growth="0.5*(1 - f - n)"),
    )
    problem = problem_of(laws, lattice(2, 12), comm)
    march = advance(problem, 0.04, 25, balanced=True)
    assert march.worst <= 1e-12
    assert march.account("n", "outflow:right") > 0.0
    assert march.account("n", "inflow:left") == pytest.approx(0.2 * (1.0 + (1 - np.cos(1.0))), rel=1e-3)


def test_a_rate_that_explodes_fails_and_leaves_the_state(comm: Comm) -> None:
    """A non-finite rate makes the attempt fail on all ranks and puts the densities back."""
    laws = (species("n", "1", diffusion="1", loss="1/(f - f)"), species("f", "1"))
    problem = problem_of(laws, lattice(1, 8), comm)
    before = density(problem, "n").copy()
    assert not March(problem).step(0.1)
    assert np.array_equal(density(problem, "n"), before)
