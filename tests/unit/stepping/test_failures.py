"""Solver failures: the low-order solution steps in, then smaller steps, then a clear error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg.linear import LinearOptions, LinearSystem
from tests.lib.comm import Comm
from tests.lib.fields import density, least
from tests.lib.march import March
from tests.lib.messages import refused
from tests.lib.models import anderson, lattice, problem_of


def go(comm: Comm, fails: Callable[[str, int], bool], monkeypatch: pytest.MonkeyPatch) -> March:
    """March Anderson's model to t = 1 with linear solves that fail where ``fails(prefix, count)`` says so."""
    march = March(problem_of(anderson(), lattice(1, 30), comm))
    genuine, count = LinearSystem.solve, [0]

    def solve(self: LinearSystem, rtol: float | None = None, first: tuple[float, float] | None = None) -> bool:
        count[0] += 1
        solved = genuine(self, rtol, first)
        if fails(self.ksp.getOptionsPrefix(), count[0]):
            self.x[:] = np.nan
            return False
        return solved

    monkeypatch.setattr(LinearSystem, "solve", solve)
    assert march.run(1.0, (0.5,), step=0.1) == "done"
    return march


def test_a_failed_high_order_solve_takes_the_low_order_solution(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    march = go(comm, lambda prefix, count: prefix == "n_" and count == 21, monkeypatch)
    assert march.watched.outputs == [0.0, 0.5, 1.0]
    assert march.limited("n") == 1
    assert not march.rejected
    assert all(np.isfinite(density(march.problem, name)).all() for name in "nmf") and least(march.problem) >= 0


def test_a_failure_of_both_halves_the_step(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    march = go(comm, lambda prefix, count: prefix.startswith("n_") and 21 <= count <= 23, monkeypatch)
    assert list(march.rejected.values()) == [1] and "linear solver" in next(iter(march.rejected))
    assert min(march.watched.sizes) == pytest.approx(0.05)
    assert march.watched.outputs == [0.0, 0.5, 1.0]


def test_lasting_failure_ends_with_a_message(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused("linear-solver", "t = 0.", says=("linear solver",)):
        go(comm, lambda prefix, count: prefix.startswith("n_") and count > 30, monkeypatch)


def test_a_krylov_method_that_diverges_is_named(comm: Comm) -> None:
    """PETSc itself gives up after one iteration: the low-order solve fails too, the step is halved, and the message says why."""
    problem = problem_of(anderson(), lattice(1, 30), comm)
    march = March(problem, SchemeOptions(linear=LinearOptions(rtol=1e-14, max_iterations=1)))
    assert not march.step(0.5)
    assert march.failure == "linear solver (DIVERGED_MAX_IT), n"
    problem.times.unit = "h"
    with refused("linear-solver", "t = 0 h", says=("linear solver (DIVERGED_MAX_IT), n, even with steps of 0.00012207 h",)):
        march.run(1.0, step=0.5)
    assert march.rejected == {"linear solver (DIVERGED_MAX_IT), n": 13}
    assert least(problem) >= 0.0
