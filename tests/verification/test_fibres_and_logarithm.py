"""Movement along fibres, and haptotaxis up ln f where f itself underflows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Fibres
from invasio.solver.scenario.parser import parse
from tests.bad_meshes import shaken
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, l1, least, logarithm
from tests.lib.march import advance
from tests.lib.messages import refused
from tests.lib.models import boundary, lattice, problem_of, species
from tests.lib.orders import orders


def along(law: Any, across: float, *direction: str) -> Any:
    """The law with fibres."""
    return replace(law, fibres=Fibres(tuple(parse(d) for d in direction), across))


@pytest.mark.parametrize("angle", [0.0, 30.0, 75.0])
def test_a_wave_decays_with_the_tensor(comm: Comm, angle: float) -> None:
    """2 + exp(-lambda t) cos(k.x) with lambda = D (a |k|^2 + (1 - a) (e.k)^2), on perturbed meshes: order two."""
    k, d, across, end = np.array([4.0, -2.0]), 0.1, 0.1, 0.3
    e = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    rate = d * (across * k @ k + (1 - across) * (e @ k) ** 2)
    wave = f"2 + exp(-{rate}*t)*cos({k[0]}*x + ({k[1]})*y)"
    held = {side: boundary("fixed", wave) for side in ("left", "right", "bottom", "top")}
    errors = []
    for count in (10, 20, 40):
        law = species("c", wave.replace("*t", "*0"), diffusion=str(d), boundaries=held)
        problem = problem_of((along(law, across, str(3 * e[0]), str(3 * e[1])),), shaken(2, count, 0.25), comm)
        advance(problem, end / count, count)
        exact = 2 + math.exp(-rate * end) * np.cos(problem.graph.points[:, :2] @ k)
        errors.append(l1(problem, "c", exact))
    assert orders(errors)[-1] > 1.8, errors


def test_strong_anisotropy_oblique_to_the_mesh_stays_positive(comm: Comm) -> None:
    """A thousandth across, oblique: K^D is negative on many edges; limited >= 0 and conservative, unlimited negative."""
    law = along(species("c", "where((x - 0.5)^2 + (y - 0.5)^2 < 0.01, 1, 0)", diffusion="0.1"), 1e-3, "1", "0.6")
    lowest = {}
    for limiter in ("positivity", "none"):
        problem = problem_of((law,), lattice(2, 20), comm)
        before = amount(problem, "c")
        advance(problem, 0.02, 10, SchemeOptions(limiter=limiter))
        lowest[limiter] = least(problem, "c")
        assert amount(problem, "c") == pytest.approx(before, rel=1e-12)
    assert lowest["positivity"] >= 0.0
    assert lowest["none"] < -1e-3


def test_the_number_of_components_must_fit(comm: Comm) -> None:
    law = along(species("c", "1", diffusion="1"), 0.5, "1", "0", "0")
    with refused("wrong-length", "species c", "2", ("3 components",)):
        problem_of((law,), lattice(2, 3), comm)


def test_haptotaxis_goes_on_where_ecm_underflows(comm: Comm) -> None:
    """f = exp(-r (1 + x) t) with r t = 2000: f is 0 in double precision, but its logarithm still guides the cells.

    Drift -chi r t against diffusion: the equilibrium exp(-chi r t x/d) of the moment, held since drift is fast.
    """
    laws = (species("n", "1", "cells", diffusion="1", taxis=(("f", "log(f)", "0.002"),)), species("f", "1", loss="2000*(1 + x)"))
    problem = problem_of(laws, lattice(1, 40), comm)
    advance(problem, 0.01, 100)
    assert greatest(problem, "f") == 0.0
    log = logarithm(problem, "f")
    assert log is not None
    np.testing.assert_allclose(log, -2000.0 * (1 + problem.graph.points[:, 0]), rtol=1e-12)
    n, x = density(problem, "n"), problem.graph.points[:, 0]
    slope = np.polyfit(x, np.log(n), 1)[0]
    assert -4.0 < slope < -3.0  # the equilibrium of this moment has -4, and n lags behind


def test_an_empty_region_keeps_its_logarithm(comm: Comm) -> None:
    """Where there was no ECM to begin with, nothing happens to its logarithm."""
    laws = (species("n", "1", "cells", diffusion="1", taxis=(("f", "log(f)", "1e-4"),)), species("f", "where(x < 0.5, 0, 1)", loss="5"))
    problem = problem_of(laws, lattice(1, 10), comm)
    advance(problem, 0.1, 5)
    log = logarithm(problem, "f")
    assert log is not None
    np.testing.assert_allclose(log[problem.graph.points[:, 0] < 0.45], math.log(1e-300))
    np.testing.assert_allclose(log[problem.graph.points[:, 0] > 0.55], -2.5, rtol=1e-12)
