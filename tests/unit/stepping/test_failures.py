"""Solver failures: the low-order solution steps in, then smaller steps, then a clear error."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.errors import SolverError
from invasio.solver.linalg.linear import LinearOptions, LinearSystem
from invasio.solver.output.layout import Frame
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.loop import march
from invasio.solver.stepping.options import ClockOptions, SchemeOptions
from invasio.solver.stepping.stepper import Stepper
from invasio.solver.stepping.stop import StopRequest
from tests.models import anderson, lattice, problem_of


class Watcher:
    """Observer that remembers what it was shown."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.outputs: list[float] = []

    def on_step(self, time: float, step: int, dt: float, info: object) -> None:
        self.steps.append(dt)

    def on_output(self, frame: Frame) -> None:
        self.outputs.append(frame.time)

    def close(self, reason: str) -> None:
        self.reason = reason


def go(comm, fails, monkeypatch):  # type: ignore[no-untyped-def]
    """March Anderson's model to t = 1 with linear solves that fail where ``fails(prefix, count)`` says so."""
    problem = problem_of(anderson(), lattice(1, 30), comm)
    stepper, watcher = Stepper(problem, SchemeOptions()), Watcher()
    genuine, count = LinearSystem.solve, [0]

    def solve(self: LinearSystem, rtol: float | None = None) -> bool:
        count[0] += 1
        solved = genuine(self, rtol)
        if fails(self.ksp.getOptionsPrefix(), count[0]):
            self.x[:] = np.nan
            return False
        return solved

    monkeypatch.setattr(LinearSystem, "solve", solve)
    clock = Clock(ClockOptions(0.0, 1.0, (0.5, 1.0), step=0.1))
    with StopRequest(comm) as stop:
        reason = march(stepper, clock, [watcher], lambda t, k, dt: Frame(t, k, dt, {}, {}), stop)
    return problem, stepper, clock, watcher, reason


def test_a_failed_high_order_solve_takes_the_low_order_solution(comm, monkeypatch) -> None:
    problem, stepper, clock, watcher, reason = go(comm, lambda prefix, count: prefix == "n_" and count == 21, monkeypatch)
    assert reason == "done"
    assert watcher.outputs == [0.0, 0.5, 1.0]
    assert stepper.transports[0].limited == 1
    assert not clock.rejected
    assert all(np.isfinite(s.state).all() and s.state.min() >= 0 for s in problem.species.values())


def test_a_failure_of_both_halves_the_step(comm, monkeypatch) -> None:
    _, _, clock, watcher, reason = go(comm, lambda prefix, count: prefix.startswith("n_") and 21 <= count <= 23, monkeypatch)
    assert reason == "done"
    assert list(clock.rejected.values()) == [1] and "linear solver" in next(iter(clock.rejected))
    assert min(watcher.steps) == pytest.approx(0.05)
    assert watcher.outputs == [0.0, 0.5, 1.0]


def test_lasting_failure_ends_with_a_message(comm, monkeypatch) -> None:
    with pytest.raises(SolverError, match=r"could not be continued beyond t = 0\.[0-9]+: linear solver"):
        go(comm, lambda prefix, count: prefix.startswith("n_") and count > 30, monkeypatch)


def test_a_krylov_method_that_diverges_is_named(comm) -> None:
    """PETSc itself gives up after one iteration: the low-order solve fails too, the step is halved, and the message says why."""
    problem = problem_of(anderson(), lattice(1, 30), comm)
    stepper = Stepper(problem, SchemeOptions(linear=LinearOptions(rtol=1e-14, max_iterations=1)))
    assert not stepper.attempt(0.0, 0.5)
    assert stepper.failure == "linear solver (DIVERGED_MAX_IT), n"
    clock = Clock(ClockOptions(0.0, 1.0, (1.0,), step=0.5))
    message = r"beyond t = 0: linear solver \(DIVERGED_MAX_IT\), n, even with steps of"
    with StopRequest(comm) as stop, pytest.raises(SolverError, match=message):
        march(stepper, clock, [], lambda t, k, dt: Frame(t, k, dt, {}, {}), stop)
    assert clock.rejected == {"linear solver (DIVERGED_MAX_IT), n": 13}
    assert min(s.state.min() for s in problem.species.values()) >= 0.0
