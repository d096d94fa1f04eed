"""Krylov methods in single precision: the tolerance holds for residuals in double, on any number of ranks, or PETSc takes over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from scipy.sparse import csr_array

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.halo import Halo
from invasio.solver.linalg import linear
from invasio.solver.linalg.linear import LinearOptions, LinearSystem, Pattern
from invasio.solver.linalg.petsc_options import PetscOptions
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import March
from tests.lib.models import anderson, lattice, problem_of
from tests.parallel.test_incomplete import graph_of

pytestmark = pytest.mark.mpi
N = 90


def matrix(symmetric: bool, spread: float = 1.0) -> csr_array:
    """Of a step on a chain with some longer edges; rows differ by factors up to ``spread``."""
    rng = np.random.default_rng(7)
    a = np.zeros((N, N))
    for i, j in [(i, i + 1) for i in range(N - 1)] + [tuple(rng.choice(N, 2, replace=False)) for _ in range(N // 3)]:
        a[i, j] = a[j, i] = -rng.uniform(0.5, 1.5)
    if not symmetric:
        a *= rng.uniform(0.6, 1.4, a.shape)
    size = spread ** rng.uniform(-0.5, 0.5, N)
    a *= np.sqrt(np.outer(size, size))
    return csr_array(a + np.diag(size - a.sum(axis=0)))


def system(a: csr_array, comm: Comm, options: LinearOptions, symmetric: bool, empty: bool = False, unit: float = 1.0) -> LinearSystem:
    """A system of this rank's rows; empty: the first of several ranks has none. unit: of the matrix."""
    ends = np.linspace(0, N, comm.size + 1).astype(int)
    if empty and comm.size > 1:
        ends[1] = 0
    graph = graph_of(a, comm, int(ends[comm.rank]), int(ends[comm.rank + 1]))
    graph.halo = Halo(comm, graph.n_owned, graph.ghosts)
    graph.mass = np.full(graph.n_owned + len(graph.ghosts), unit)
    made = LinearSystem(Pattern(graph), "s_", options, symmetric, False)
    ghost = graph.indices >= graph.n_owned
    made.own[:], made.ghost[:] = unit * graph.data[~ghost], unit * graph.data[ghost]
    made.changed()
    made.choose(1.0)
    made.rows = slice(graph.first, graph.first + graph.n_owned)  # type: ignore[attr-defined]
    return made


def gathered(comm: Comm, part: np.ndarray) -> np.ndarray:
    return np.concatenate(comm.allgather(part))


def by_petsc(self: LinearSystem, rtol: float | None = None) -> bool:
    raise AssertionError("PETSc was asked")


@pytest.mark.parametrize("preconditioner", ["jacobi", "ilu"])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize(
    ("rtol", "spread", "unit", "density"),
    [(1e-8, 1.0, 1.0, 1.0), (1e-13, 1e3, 1e-18, 1e-9), (1e-3, 10.0, 1e9, 1e30), (1e-6, 1.0, 1.0, 1e-140)],
)
def test_the_residual_in_double_is_within_the_tolerance(
    comm: Comm,
    monkeypatch: pytest.MonkeyPatch,
    preconditioner: str,
    symmetric: bool,
    rtol: float,
    spread: float,
    unit: float,
    density: float,
) -> None:
    """From nothing, which takes several rounds, and from a good guess, whatever the units are; beside a rank without rows too."""
    a = matrix(symmetric, spread)
    monkeypatch.setattr(LinearSystem, "_solve_by_petsc", by_petsc)
    for empty in (False, True):
        s = system(a, comm, LinearOptions(preconditioner=preconditioner, rtol=rtol), symmetric, empty, unit)
        exact = density * np.random.default_rng(3).uniform(0.0, 1.0, N)
        b = unit * (a @ exact)
        s.b[:] = b[s.rows]  # type: ignore[attr-defined]
        counts = []
        for guess in (0.0, 1.0 + 1e-4 * np.cos(np.arange(N))):
            s.x[:] = (guess * exact)[s.rows]  # type: ignore[attr-defined]
            solved = s.solve()
            x = gathered(comm, s.x)
            left = float(np.linalg.norm(b - unit * (a @ x)) / np.linalg.norm(b))
            parallel_assert(comm, solved and s.outcome == "CONVERGED_RTOL" and left <= rtol * (1.0 + 1e-6), f"{left} {s.outcome}")
            assert np.abs(x - exact).max() < 1e3 * max(rtol, 1e-14) * np.abs(exact).max()
            counts.append(s.taken)
        assert counts[1] <= counts[0], counts
        assert counts[0] > 0 and s.iterations == sum(counts) and s.solves == 2
        before = s.x.copy()
        assert s.solve() and s.taken == 0, "what is solved already takes no iteration"
        parallel_assert(comm, bool((s.x == before).all()))
        s.destroy()


@pytest.mark.parametrize("preconditioner", ["jacobi", "ilu"])
def test_the_same_bits_twice(comm: Comm, preconditioner: str) -> None:
    """Nothing is kept of earlier solves: a restart goes on with the same bits."""
    a = matrix(False)
    found = []
    for warm in (False, True):
        s = system(a, comm, LinearOptions(preconditioner=preconditioner), False)
        s.b[:] = np.sin(np.arange(N))[s.rows]  # type: ignore[attr-defined]
        if warm:
            s.x[:] = 1.0
            assert s.solve()
            s.own *= 2.0
            s.ghost *= 2.0
            s.changed()
            assert s.solve()
            s.own /= 2.0
            s.ghost /= 2.0
            s.changed()
        s.x[:] = 0.0
        assert s.solve()
        found.append(s.x.copy())
        s.destroy()
    parallel_assert(comm, bool((found[0] == found[1]).all()))


@pytest.mark.parametrize("symmetric", [True, False])
def test_failures_are_those_of_all_ranks(comm: Comm, symmetric: bool) -> None:
    """A value that is not finite, on one rank, and too few iterations."""
    s = system(matrix(symmetric), comm, LinearOptions(preconditioner="jacobi", max_iterations=3), symmetric)
    s.b[:] = 1.0 + np.cos(np.arange(N))[s.rows]  # type: ignore[attr-defined]
    assert not s.solve() and s.outcome == "DIVERGED_MAX_IT" and s.taken == 3
    if comm.rank == comm.size - 1:
        s.b[0] = np.nan
    assert not s.solve() and s.outcome.startswith("DIVERGED_NAN"), s.outcome
    s.destroy()


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("density", [1e-165, 1e-200])
def test_squares_that_are_zero_raise_nothing(comm: Comm, symmetric: bool, density: float) -> None:
    """Densities whose squares are 0 in double, wholly or only of the residual that is left."""
    s = system(matrix(symmetric), comm, LinearOptions(preconditioner="jacobi"), symmetric)
    s.b[:] = density * (1.0 + np.cos(np.arange(N)))[s.rows]  # type: ignore[attr-defined]
    s.solve()
    parallel_assert(comm, bool(np.isfinite(s.x).all() and np.abs(s.x).max(initial=0.0) <= 1e3 * density))
    s.destroy()


def test_a_breakdown_is_said(comm: Comm) -> None:
    """(r, C r) = 0 at the first step of BiCGStab: our own gives up, with x as it was; nothing is divided by 0."""
    graph: Any = graph_of(csr_array(np.ones((2, 2))), MPI.COMM_SELF)
    graph.halo, graph.mass = Halo(MPI.COMM_SELF, 2, graph.ghosts), np.ones(2)
    s = LinearSystem(Pattern(graph), "s_", LinearOptions(preconditioner="jacobi"), False, False)
    s.own[:] = 1.0, -2.0, 0.0, 1.0
    s.changed()
    s.choose(1.0)
    s.b[:] = 1.0
    assert s._krylov is not None
    assert not s._krylov.solve(1e-8, 100) and s._krylov.outcome == "DIVERGED_BREAKDOWN"
    assert (s.x == 0.0).all()
    s.destroy()


def test_options_of_petsc_mean_petsc(comm: Comm) -> None:
    """Any of them for this system; none of another's."""
    for words, own in (((), True), (("-other_ksp_type", "gmres"), True), (("-s_ksp_max_it", "90"), False)):
        with PetscOptions({}, words):
            s = system(matrix(True), comm, LinearOptions(preconditioner="jacobi"), True)
            assert (s._krylov is not None) == own, words
            s.b[:] = 1.0
            assert s.solve()
            s.destroy()


@pytest.mark.parametrize(("dim", "cells", "preconditioner"), [(1, 60, "jacobi"), (2, 24, "ilu"), (3, 9, "jacobi"), (3, 9, "ilu")])
def test_steps_are_those_with_petsc(comm: Comm, monkeypatch: pytest.MonkeyPatch, dim: int, cells: int, preconditioner: str) -> None:
    """Anderson's model: the same fields to the tolerance of the solver, and about the same number of iterations."""
    square = " + ".join(f"{x}^2" for x in "xyz"[:dim])

    def run() -> tuple[March, list[np.ndarray]]:
        march = March(
            problem_of(anderson(square=square), lattice(dim, cells), comm),
            SchemeOptions(linear=LinearOptions(preconditioner=preconditioner)),
        )
        for _ in range(6):
            assert march.step(0.05)
        return march, [march.problem.species[name].state.copy() for name in "nm"]

    own, found = run()
    assert all(own.system(name)._krylov is not None for name in "nm")
    monkeypatch.setattr(LinearSystem, "_own_krylov", lambda self: None)
    petsc, wanted = run()
    for name, here, there in zip("nm", found, wanted, strict=True):
        parallel_assert(comm, bool(np.abs(here - there).max(initial=0.0) < 1e-6 * comm.allreduce(np.abs(there).max(initial=0.0), MPI.MAX)))
        assert own.system(name).iterations <= 1.4 * petsc.system(name).iterations + 6


def test_small_systems_are_petscs(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is asked for, they are not worth it; from ``WORTH`` nodes on they are."""
    for worth, own in ((N + 1, False), (N, True)):
        monkeypatch.setattr(linear, "WORTH", worth)
        s = system(matrix(True), comm, LinearOptions(), True)
        assert (s._krylov is not None) == own
        s.destroy()
