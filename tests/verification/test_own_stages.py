"""Moving species that limit themselves: resting states kept and reached for any step, order two, non-negative, balanced ledgers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Boundary, Species
from tests.lib.comm import Comm
from tests.lib.fields import density, greatest, l1, least, owned
from tests.lib.march import March, advance
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders
from tests.verification.test_transfers import turning

WALL = {"left": boundary("fixed", "0")}
STEPS = [0.1, 1.25, 4.0, 50.0, 1e4]
LIMITERS = ["positivity", "local_bounds", "none"]


def logistic(start: str = "0.5", boundaries: Mapping[str, Boundary] | None = None) -> Species:
    return species("c", start, "cells", diffusion="2e-3", growth="1 - c", boundaries=boundaries)


RESTS = {"c": 1.0, "fed": (1 + math.sqrt(3.0)) / 2, "fills": 0.8, "written": 1.0, "gompertz": 1.0}


def resting(start: Mapping[str, str]) -> tuple[Species, ...]:
    """Logistic, with production, into space that others fill, and by formulas of other forms."""
    return (
        logistic(start["c"]),
        species("fed", start["fed"], diffusion="1e-3", production="0.5", growth="1 - fed"),
        species("fills", start["fills"], diffusion="1e-3", growth="5*(1 - fills - ecm)"),
        species("written", start["written"], diffusion="1e-3", production="3*(1 - written)"),
        species("gompertz", start["gompertz"], diffusion="1e-3", growth="-log(gompertz)"),
        species("ecm", "0.2"),
    )


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("start", ["1e-6", "0.5", "7"])
def test_rest_is_reached(comm: Comm, start: str, dt: float) -> None:
    problem = problem_of(resting(dict.fromkeys(RESTS, start)), lattice(1, 2), comm)
    march = advance(problem, dt, max(30, math.ceil(60.0 / dt)), balanced=True)
    assert march.worst < 1e-12
    for name, value in RESTS.items():
        np.testing.assert_allclose(owned(problem, name), value, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("dt", STEPS)
def test_rest_is_kept(comm: Comm, dt: float) -> None:
    problem = problem_of(resting({name: repr(value) for name, value in RESTS.items()}), lattice(1, 2), comm)
    march = advance(problem, dt, 50, balanced=True)
    assert march.worst < 1e-12
    for name, value in RESTS.items():
        np.testing.assert_allclose(owned(problem, name), value, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("limiter", LIMITERS)
def test_rest_beside_a_wall_does_not_depend_on_the_step(comm: Comm, limiter: str) -> None:
    """Freezing or splitting growth off rests wrongly beside a fixed value: by .2, 2, 5 % at steps of 1, 4, 50."""
    found = {}
    for dt in (0.1, 1.0, 4.0, 50.0, 1e3, 1e4):
        problem = problem_of((logistic("0.01", WALL),), lattice(1, 40), comm)
        march = advance(problem, dt, max(40, math.ceil(100 / dt)), SchemeOptions(limiter=limiter), balanced=True)
        assert march.worst < 1e-12 and (limiter == "none" or least(problem, "c") >= 0.0)
        found[dt] = density(problem, "c").copy()
    for dt, values in found.items():
        np.testing.assert_allclose(values, found[0.1], rtol=0, atol=1e-6, err_msg=str(dt))


@pytest.mark.parametrize("limiter", LIMITERS)
@pytest.mark.parametrize("maximum", [None, 1.0])
def test_order_two_beside_a_wall(comm: Comm, limiter: str, maximum: float | None) -> None:
    """Logistic growth from 1 % until it has nearly filled the tissue, with what crowds it growing too."""
    states = []
    for count in (80, 160, 1280):
        law = replace(species("c", "0.05*x", "cells", diffusion="1e-2", growth="1 - c - 0.2*m", boundaries=WALL), maximum=maximum)
        problem = problem_of((law, species("m", "0.1", diffusion="1e-2", production="0.2*c")), lattice(1, 20), comm)
        march = advance(problem, 8.0 / count, count, SchemeOptions(limiter=limiter), balanced=True)
        assert march.worst < 1e-12 and (limiter == "none" or least(problem, "c") >= 0.0)
        states.append(density(problem, "c").copy())
    errors = [l1(problem, "c", s) for s in states[:-1]]
    assert min(orders(errors)) > 1.8 and errors[-1] < 2e-5, errors


def test_logistic_growth_against_its_formula(comm: Comm) -> None:
    errors = []
    for count in (20, 40, 80):
        problem = problem_of((logistic("0.01"),), lattice(1, 2), comm)
        advance(problem, 8.0 / count, count)
        errors.append(float(np.abs(owned(problem, "c") - 1 / (1 + 99 * math.exp(-8.0))).max(initial=0.0)))
    if comm.size == 1:
        assert min(orders(errors)) > 1.9, errors


@pytest.mark.parametrize("dt", [0.4, 4.0, 400.0])
def test_full_tissue_stays_full(comm: Comm, dt: float) -> None:
    """Drift into a corner with a stated maximum, growth that stops there: never above it, at any step."""
    law = species("c", "0.3", "cells", diffusion="1e-3", taxis=(("f", "f", "0.02"),), growth="2*(1 - c)")
    problem = problem_of((replace(law, maximum=1.0), species("f", "x")), lattice(2, 6), comm)
    march = advance(problem, dt, max(20, math.ceil(30 / dt)), balanced=True)
    assert march.worst < 1e-12 and greatest(problem, "c") <= 1.0 + 1e-12
    np.testing.assert_allclose(owned(problem, "c"), 1.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dt", [0.5, 5.0, 500.0])
def test_two_that_crowd_each_other(comm: Comm, dt: float) -> None:
    """Together they fill the space, whatever the step."""
    laws = [species(n, start, "cells", diffusion="1e-3", growth="1 - a - b") for n, start in (("a", "0.1"), ("b", "0.2"))]
    problem = problem_of(tuple(laws), lattice(1, 2), comm)
    march = advance(problem, dt, max(60, math.ceil(60 / dt)), balanced=True)
    assert march.worst < 1e-12
    np.testing.assert_allclose(owned(problem, "a") + owned(problem, "b"), 1.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("speed", "half"), [(2, 1e-3), (50, 1e-2), (10, 1e-6)])
@pytest.mark.parametrize("dt", [0.05, 1.0])
def test_uptake_in_time_ends_in_its_balance(comm: Comm, speed: float, half: float, dt: float) -> None:
    """Michaelis-Menten uptake from a full tissue: no cycle, the profile of the quasi-steady species."""
    held = {"left": boundary("fixed", "1")}
    law = species("o", "1", "soluble", diffusion="1", loss=f"{speed}/(o + {half})", boundaries=held)
    problem = problem_of((law,), lattice(1, 40), comm)
    march = advance(problem, dt, math.ceil(4 / dt) + 20, balanced=True)
    balanced = problem_of((replace(law, quasi_steady=True),), lattice(1, 40), comm)
    March(balanced)
    assert march.worst < 1e-12 and least(problem, "o") >= 0.0
    np.testing.assert_allclose(owned(problem, "o"), owned(balanced, "o"), rtol=0, atol=1e-5)


def test_transfers_beside_growth(comm: Comm) -> None:
    """What turns into another meanwhile: second order, and nothing is lost."""
    states = []
    for count in (20, 40, 80, 320):
        laws = (turning(logistic("0.1 + 0.1*x"), k="0.3"), species("k", "0", "cells", diffusion="1e-3", growth="0.5*(1 - k - c)"))
        problem = problem_of(laws, lattice(1, 10), comm)
        march = advance(problem, 4.0 / count, count, balanced=True)
        assert march.worst < 1e-12
        states.append(density(problem, "c").copy())
    errors = [l1(problem, "c", s) for s in states[:-1]]
    assert min(orders(errors)) > 1.8, errors


@pytest.mark.parametrize("scheme", ["backward_euler", "crank_nicolson"])
def test_other_schemes(comm: Comm, scheme: str) -> None:
    errors = []
    for count in (40, 80):
        problem = problem_of((logistic("0.01"),), lattice(1, 2), comm)
        march = advance(problem, 8.0 / count, count, SchemeOptions(scheme=scheme), balanced=True)
        assert march.worst < 1e-12
        errors.append(l1(problem, "c", np.full(problem.graph.n_local, 1 / (1 + 99 * math.exp(-8.0)))))
    assert orders(errors)[0] > (0.9 if scheme == "backward_euler" else 1.9), errors


def test_restart_repeats_the_bits(comm: Comm) -> None:
    laws = (logistic("0.1 + x", WALL), species("ecm", "1 - 0.5*x", growth="0.5*(1 - ecm - c)", loss="0.2*c"))
    march = March(problem_of(laws, lattice(2, 5), comm)).steps(0.8, 3)
    kept = march.snapshot()
    march.steps(0.8, 3, tried=2.0)
    problem = problem_of(laws, lattice(2, 5), comm)
    March.restored(problem, kept).steps(0.8, 3)
    assert all(np.array_equal(density(problem, name), density(march.problem, name)) for name in ("c", "ecm"))
