"""Studies of convergence and what they measure, for the tests and for the verification book."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Species
from tests.lib.comm import Comm
from tests.lib.fields import amount, density, greatest, least
from tests.lib.march import March, advance
from tests.lib.models import anderson, lattice, problem_of, species
from tests.lib.orders import Convergence
from tests.verification import manufactured


def spacing(problem: Problem) -> float:
    """(volume / cells)^(1/d). Collective."""
    g = problem.graph
    return float((g.sum(g.mass)[0] / problem.grid.n_cells) ** (1.0 / problem.dim))


def manufactured_rates(
    comm: Comm, laws: tuple[Species, ...], dim: int, kind: str, counts: tuple[int, ...], end: float = 0.1
) -> Convergence:
    """Errors of n, m and f against the size of cells, with dt proportional to h."""
    sizes, found = [], []
    for count in counts:
        problem = problem_of(laws, manufactured.mesh(kind, dim, count), comm)
        steps = 2 * count  # small enough for the error in space to show
        advance(problem, end / steps, steps)
        sizes.append(spacing(problem))
        found.append(manufactured.errors(problem, dim, end))
    return Convergence.of(sizes, found)


def manufactured_in_time(comm: Comm, steps: tuple[int, ...], cells: int = 1500, end: float = 2.0) -> Convergence:
    """Errors of the coupled solution on a fine line against dt."""
    found = []
    for count in steps:
        problem = problem_of(manufactured.coupled(1), lattice(1, cells), comm)
        advance(problem, end / count, count)
        found.append(manufactured.errors(problem, 1, end))
    return Convergence.of([end / count for count in steps], found)


def barenblatt(comm: Comm, dim: int, counts: tuple[int, ...]) -> tuple[Convergence, float]:
    """Degenerate diffusion D = c from a Barenblatt profile at t = 0.1 to 0.6: L1 errors relative to the amount, and the least density."""
    alpha, beta = dim / (dim + 2.0), 1.0 / (dim + 2.0)
    half, centre = 0.5 * (6 + dim) if dim > 1 else 3.5, 0.0
    sizes, errors, lowest = [], [], 0.0
    square = " + ".join(["x^2", "y^2", "z^2"][:dim])

    def clock(t: float) -> float:  # c_t = div(c grad c) = lap(c^2)/2
        return 0.5 * t

    k = beta / 4.0
    for count in counts:
        start = clock(0.1)
        initial = f"{start**-alpha}*max(0, 1 - {k}*({square})/{start ** (2 * beta)})"
        problem = problem_of((species("c", initial, diffusion="c"),), lattice(dim, count, centre - half, centre + half), comm)
        advance(problem, 0.5 / count, count, start=0.1)
        g, end = problem.graph, clock(0.6)
        r2 = (g.points**2).sum(axis=1)
        exact = end**-alpha * np.maximum(0.0, 1.0 - k * r2 / end ** (2 * beta))
        error, amount = g.sum(g.mass * np.abs(density(problem, "c") - exact), g.mass * exact)
        errors.append(float(error / amount))
        lowest = min(lowest, least(problem, "c"))
        sizes.append(2.0 * half / count)
    return Convergence(sizes, {"c": errors}), lowest


def adaptive(problem: Problem, tolerance: float, end: float, limit: float | None = None) -> int:
    """March to the end with steps that the program chooses; how many there were."""
    march = March(problem)
    march.run(end, tolerance=tolerance, max_step=limit)
    return len(march.watched.sizes)


def wave_by_tolerance(
    comm: Comm, tolerances: tuple[float, ...], cells: int = 5000, limit: float | None = None
) -> tuple[Convergence, list[int]]:
    """The exact coupled wave with adaptive steps on a fine line: errors against the tolerance, and how many steps each took."""
    from tests.verification.test_exact_wave import l1, scenario_problem

    steps, errors = [], []
    for tolerance in tolerances:
        problem = scenario_problem(comm, 1, f"mesh.cells={cells}")
        steps.append(adaptive(problem, tolerance, 2.0, limit))
        errors.append(l1(problem, 1, 2.0))
    return Convergence.of(tolerances, errors), steps


def stress(comm: Comm, data: Any, diffusion: float, over: float, seed: int, limiter: str, steps: int = 4) -> dict[str, float]:
    """Random step data on a mesh, steps ``over`` times the explicit limit: least density, relative drift, largest ECM; failed: -inf."""
    blocks = f"where(noise(0.08, {seed}) > 0.55, 1, 0)"
    laws = (
        species("n", blocks, "cells", diffusion=str(diffusion), taxis=(("f", "f", "5e-2"),)),
        species("m", "0", "soluble", diffusion="1e-3", production="0.1*n", loss="0.1"),
        species("f", f"where(noise(0.06, {seed + 1}) > 0.5, 1, 0.1)", "ecm", loss="10*m"),
    )
    problem = problem_of(laws, data, comm)
    dt = over * explicit_limit(problem, diffusion, 5e-2)
    before = amount(problem, "n")
    try:
        advance(problem, dt, steps, SchemeOptions(limiter=limiter))
    except RuntimeError:
        return {"least": -math.inf, "drift": math.inf, "ecm": math.inf, "dt": dt}
    return {
        "least": least(problem),
        "drift": abs(amount(problem, "n") / before - 1.0),
        "ecm": greatest(problem, "f"),
        "dt": dt,
    }


def drift(comm: Comm, cells: int, dt: float, steps: int, rtol: float) -> tuple[float, Problem]:
    """Anderson's model on a line with linear solves to ``rtol``: by how much the amount of cells drifts, and the problem at the end."""
    problem = problem_of(anderson(), lattice(1, cells), comm)
    before = amount(problem, "n")
    advance(problem, dt, steps, SchemeOptions(linear=LinearOptions(rtol=rtol)))
    return abs(amount(problem, "n") / before - 1.0), problem


def explicit_limit(problem: Problem, diffusion: float, sensitivity: float) -> float:
    """The largest step of the explicit scheme, min m_i / sum_j |a_ij + v_ij/2|. Collective."""
    g, f = problem.graph, density(problem, "f")
    rows = np.repeat(np.arange(g.n_owned), np.diff(g.indptr))
    flow = np.abs(g.stiffness) * (diffusion + 0.5 * sensitivity * np.abs(f[g.indices] - f[rows]))
    flow[rows == g.indices] = 0.0
    rate = np.bincount(rows, flow, minlength=g.n_owned) / g.mass[: g.n_owned]
    return 1.0 / float(max(g.comm.allgather(float(rate.max(initial=1e-300)))))
