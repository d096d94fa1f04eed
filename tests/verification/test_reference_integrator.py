"""Time stepping against PETSc's own integrators on the same semi-discrete equations: different code, same answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from petsc4py import PETSc

from invasio.solver.discretise.problem import Problem
from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import advance
from tests.lib.models import anderson, lattice, problem_of
from tests.lib.orders import orders

D, GAMMA, ETA, ALPHA = 1e-3, 5e-3, 10.0, 0.1


class Equations:
    """dn/dt, dm/dt, df/dt of Anderson's model with central edge fluxes and lumped mass, and their Jacobian; dense."""

    def __init__(self, problem: Problem) -> None:
        g = problem.graph
        self.n = n = g.n_owned
        self.k = np.zeros((n, n))
        rows = np.repeat(np.arange(n), np.diff(g.indptr))
        self.k[rows, g.indices] = g.stiffness
        np.fill_diagonal(self.k, 0.0)
        np.fill_diagonal(self.k, -self.k.sum(axis=1))
        self.mass = g.mass[:n]

    def rate(self, u: Any) -> Any:
        """The right side."""
        n, m, f = u.reshape(3, -1)
        v = GAMMA * self.k * (f[None, :] - f[:, None])
        dn = (D * self.k @ n - 0.5 * (v @ n + v.sum(axis=1) * n)) / self.mass
        return np.concatenate([dn, D * (self.k @ m) / self.mass + ALPHA * n, -ETA * m * f])

    def jacobian(self, u: Any) -> Any:
        """Its derivative."""
        n, m, f = u.reshape(3, -1)
        zero, one = np.zeros((self.n, self.n)), np.eye(self.n)
        v = GAMMA * self.k * (f[None, :] - f[:, None])
        w = 0.5 * GAMMA * self.k * (n[None, :] + n[:, None])
        by_n = (D * self.k - 0.5 * (v + np.diag(v.sum(axis=1)))) / self.mass[:, None]
        by_f = (np.diag(w.sum(axis=1)) - w) / self.mass[:, None]
        return np.block(
            [[by_n, zero, by_f], [ALPHA * one, D * self.k / self.mass[:, None], zero], [zero, -ETA * np.diag(f), -ETA * np.diag(m)]]
        )


def integrate(equations: Equations, start: Any, end: float, kind: str, subtype: str) -> Any:
    """The solution at the end by a PETSc TS with relative tolerance 1e-8."""
    size = len(start)
    ts = PETSc.TS().create(PETSc.COMM_SELF)
    u = PETSc.Vec().createSeq(size)
    u.setArray(start)
    matrix = PETSc.Mat().createDense([size, size], comm=PETSc.COMM_SELF)
    matrix.setUp()

    def residual(ts: Any, t: float, u: Any, velocity: Any, out: Any) -> None:
        out.setArray(velocity.getArray(readonly=True) - equations.rate(u.getArray(readonly=True)))

    def slope(ts: Any, t: float, u: Any, velocity: Any, shift: float, a: Any, p: Any) -> None:
        p.setValues(range(size), range(size), shift * np.eye(size) - equations.jacobian(u.getArray(readonly=True)))
        p.assemble()

    ts.setType(kind)
    PETSc.Options().setValue(f"ts_{kind}_type", subtype)
    ts.setIFunction(residual, u.duplicate())
    ts.setIJacobian(slope, matrix)
    ts.setTime(0.0)
    ts.setMaxTime(end)
    ts.setTimeStep(1e-3)
    ts.setExactFinalTime(PETSc.TS.ExactFinalTime.MATCHSTEP)
    ts.setTolerances(rtol=1e-8, atol=1e-10)
    ts.getSNES().getKSP().setType("preonly")
    ts.getSNES().getKSP().getPC().setType("lu")
    ts.setFromOptions()
    ts.solve(u)
    found = u.getArray().copy()
    for thing in (ts, u, matrix):
        thing.destroy()
    return found


@pytest.mark.parametrize(("kind", "subtype"), [("rosw", "ra34pw2"), ("arkimex", "3")])
def test_anderson_against_petsc(comm: Comm, kind: str, subtype: str) -> None:
    """Differences fall with order two in dt and vanish with it."""
    problem = problem_of(anderson(eps="0.04"), lattice(1, 30), comm)
    start = np.concatenate([density(problem, name) for name in ("n", "m", "f")])
    reference = integrate(Equations(problem), start, 2.0, kind, subtype)
    errors = []
    for steps in (40, 80, 160, 320):
        problem = problem_of(anderson(eps="0.04"), lattice(1, 30), comm)
        assert advance(problem, 2.0 / steps, steps).limited("n") == 0  # the reference has no limiter
        state = np.concatenate([density(problem, name) for name in ("n", "m", "f")])
        errors.append(float(np.abs(state - reference).max()))
    assert min(orders(errors)[1:]) > 1.9, errors
    assert errors[-1] < 2e-5, errors
