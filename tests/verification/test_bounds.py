"""Flux correction with an upper bound: close packing, and local bounds as an option."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, least
from tests.lib.march import advance
from tests.lib.models import lattice, problem_of, species

BLOCK = "where(x > 0.2 and x < 0.5 and y > 0.2 and y < 0.7, 1, 0)"


def laws(maximum: float | None) -> tuple[Any, ...]:
    """Packed cells that drift uniformly, with almost no diffusion: their density cannot rise, but central fluxes overshoot."""
    n = species("n", BLOCK, "cells", diffusion="1e-5", taxis=(("f", "f", "0.2"),))
    return replace(n, maximum=maximum), species("f", "x")


def test_a_stated_maximum_is_kept(comm: Comm) -> None:
    """Without the bound the correction overshoots 1, with it never by more than rounding; both conserve."""
    highest, amounts = [], []
    for maximum in (None, 1.0):
        problem = problem_of(laws(maximum), lattice(2, 24), comm)
        advance(problem, 0.02, 30)
        highest.append(greatest(problem, "n"))
        amounts.append(amount(problem, "n"))
        assert least(problem, "n") >= 0.0
    assert highest[0] > 1.01
    assert highest[1] <= 1.0 + 1e-12
    assert amounts[1] == pytest.approx(amounts[0], rel=1e-12)


@pytest.mark.parametrize("bad", [False, True])
def test_local_bounds_add_no_extremes(comm: Comm, bad: bool) -> None:
    """Pure diffusion of step data with few steps: within the old bounds, where the positivity limiter overshoots or not."""
    data = obtuse_rectangle(10) if bad else lattice(2, 20)
    problem = problem_of((species("n", f"1 + {BLOCK}", "cells", diffusion="1e-2"),), data, comm)
    before = amount(problem, "n")
    advance(problem, 0.05, 10, SchemeOptions(limiter="local_bounds"))
    state = density(problem, "n")
    assert state.min() >= 1.0 - 1e-10 and state.max() <= 2.0 + 1e-10
    assert amount(problem, "n") == pytest.approx(before, rel=1e-12)


def test_positivity_alone_keeps_smooth_peaks(comm: Comm) -> None:
    """Why local bounds are an option only: they clip a smooth peak, the default does not touch it."""
    n = species("n", "exp(-((x - 0.3)^2)/0.003) + 0.001", "cells", diffusion="1e-4", taxis=(("f", "f", "0.3"),))
    peaks = {}
    for limiter in ("positivity", "local_bounds", "none"):
        problem = problem_of((n, species("f", "x")), lattice(1, 60), comm)
        advance(problem, 0.01, 60, SchemeOptions(limiter=limiter))
        peaks[limiter] = greatest(problem, "n")
    assert peaks["positivity"] == pytest.approx(peaks["none"], rel=1e-3)
    assert peaks["local_bounds"] < 0.99 * peaks["none"]


def test_a_maximum_that_is_never_reached_changes_nothing(comm: Comm) -> None:
    """The bound is skipped to the last bit where it is not needed."""
    runs = []
    for maximum in (None, 5.0):
        n = replace(species("n", "1 + 0.5*cos(pi*x)", "cells", diffusion="0.1", taxis=(("f", "f", "0.1"),)), maximum=maximum)
        problem = problem_of((n, species("f", "x^2")), lattice(2, 8), comm)
        advance(problem, 0.05, 6)
        runs.append(density(problem, "n").copy())
    assert np.array_equal(runs[0], runs[1])
