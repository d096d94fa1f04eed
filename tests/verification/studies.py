"""Studies of convergence and what they measure, for the tests and for the verification book."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Species
from invasio.solver.output.layout import Frame
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.loop import march
from invasio.solver.stepping.options import ClockOptions, SchemeOptions
from invasio.solver.stepping.stepper import Stepper
from invasio.solver.stepping.stop import StopRequest
from tests.models import advance, lattice, problem_of, species
from tests.verification import manufactured


def rates(sizes: list[float], errors: list[float]) -> list[float]:
    """Orders between successive sizes."""
    return [math.log(e / finer) / math.log(h / h_finer) for (h, e), (h_finer, finer) in pairwise(zip(sizes, errors, strict=True))]


def overall(found: dict[str, Any], name: str) -> float:
    """The order between the coarsest and the finest size."""
    sizes, errors = found["sizes"], found["errors"][name]
    return math.log(errors[0] / errors[-1]) / math.log(sizes[0] / sizes[-1])


def spacing(problem: Problem) -> float:
    """(volume / cells)^(1/d). Collective."""
    g = problem.graph
    return float((g.sum(g.mass)[0] / problem.grid.n_cells) ** (1.0 / problem.dim))


Found = dict[str, Any]  # sizes, and errors and rates by species


def manufactured_rates(comm: Any, laws: tuple[Species, ...], dim: int, kind: str, counts: tuple[int, ...], end: float = 0.1) -> Found:
    """Sizes, errors of n, m and f, and orders, with dt proportional to h."""
    sizes, found = [], []
    for count in counts:
        problem = problem_of(laws, manufactured.mesh(kind, dim, count), comm)
        steps = 2 * count  # small enough for the error in space to show
        advance(problem, end / steps, steps)
        sizes.append(spacing(problem))
        found.append(manufactured.errors(problem, dim, end))
    names = [law.name for law in laws]
    return {
        "sizes": sizes,
        "errors": {name: [e[name] for e in found] for name in names},
        "rates": {name: rates(sizes, [e[name] for e in found]) for name in names},
    }


def manufactured_in_time(comm: Any, steps: tuple[int, ...], cells: int = 1500, end: float = 2.0) -> dict[str, Any]:
    """Errors of the coupled solution on a fine line, and orders in dt."""
    found = []
    for count in steps:
        problem = problem_of(manufactured.coupled(1), lattice(1, cells), comm)
        advance(problem, end / count, count)
        found.append(manufactured.errors(problem, 1, end))
    sizes = [end / count for count in steps]
    errors = {name: [e[name] for e in found] for name in ("n", "m", "f")}
    return {"sizes": sizes, "errors": errors, "rates": {name: rates(sizes, e) for name, e in errors.items()}}


def barenblatt(comm: Any, dim: int, counts: tuple[int, ...]) -> dict[str, Any]:
    """Degenerate diffusion D = c from a Barenblatt profile at t = 0.1 to 0.6: L1 errors relative to the amount, orders, least density."""
    alpha, beta = dim / (dim + 2.0), 1.0 / (dim + 2.0)
    half, centre = 0.5 * (6 + dim) if dim > 1 else 3.5, 0.0
    sizes, errors, least = [], [], 0.0
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
        error, amount = g.sum(g.mass * np.abs(problem.species["c"].state - exact), g.mass * exact)
        errors.append(float(error / amount))
        least = min(least, float(problem.species["c"].state.min(initial=0.0)))
        sizes.append(2.0 * half / count)
    return {"sizes": sizes, "errors": {"c": errors}, "rates": {"c": rates(sizes, errors)}, "least": least}


class Quiet:
    """Observer that counts steps and keeps nothing."""

    steps = 0

    def on_step(self, time: float, step: int, dt: float, info: Any) -> None:
        """Count."""
        self.steps += 1

    def on_output(self, frame: Frame) -> None:
        """Nothing."""

    def close(self, reason: str) -> None:
        """Nothing."""


def adaptive(problem: Problem, tolerance: float, end: float, limit: float | None = None) -> tuple[int, Clock]:
    """March to the end with steps that the program chooses; the number of steps taken, and the clock."""
    stepper, watcher = Stepper(problem, SchemeOptions()), Quiet()
    stepper.settle(0.0)
    clock = Clock(ClockOptions(0.0, end, (end,), tolerance=tolerance, max_step=limit))
    with StopRequest(problem.graph.comm) as stop:
        march(stepper, clock, [watcher], lambda t, k, dt: Frame(t, k, dt, {}, {}), stop)
    return watcher.steps, clock


def wave_by_tolerance(comm: Any, tolerances: tuple[float, ...], cells: int = 5000, limit: float | None = None) -> dict[str, Any]:
    """The exact coupled wave with adaptive steps on a fine line: steps, errors, and orders in the tolerance."""
    from tests.verification.test_exact_wave import l1, scenario_problem

    steps, errors = [], []
    for tolerance in tolerances:
        problem = scenario_problem(comm, 1, f"mesh.cells={cells}")
        steps.append(adaptive(problem, tolerance, 2.0, limit)[0])
        errors.append(l1(problem, 1, 2.0))
    names = {name: [e[name] for e in errors] for name in errors[0]}
    return {"sizes": list(tolerances), "steps": steps, "errors": names, "rates": {n: rates(list(tolerances), e) for n, e in names.items()}}


def stress(comm: Any, data: Any, diffusion: float, over: float, seed: int, limiter: str, steps: int = 4) -> dict[str, float]:
    """Random step data on a mesh, steps ``over`` times the explicit limit: least density, relative drift, largest ECM; failed: -inf."""
    blocks = f"where(noise(0.08, {seed}) > 0.55, 1, 0)"
    laws = (
        species("n", blocks, "cells", diffusion=str(diffusion), taxis=(("f", "f", "5e-2"),)),
        species("m", "0", "soluble", diffusion="1e-3", production="0.1*n", loss="0.1"),
        species("f", f"where(noise(0.06, {seed + 1}) > 0.5, 1, 0.1)", "ecm", loss="10*m"),
    )
    problem = problem_of(laws, data, comm)
    dt = over * explicit_limit(problem, diffusion, 5e-2)
    g, n = problem.graph, problem.species["n"]
    before = g.sum(g.mass * n.state)[0]
    try:
        advance(problem, dt, steps, SchemeOptions(limiter=limiter))
    except RuntimeError:
        return {"least": -math.inf, "drift": math.inf, "ecm": math.inf, "dt": dt}
    least = min(float(s.state[: g.n_owned].min(initial=0.0)) for s in problem.species.values())
    return {
        "least": min(g.comm.allgather(least)),
        "drift": abs(g.sum(g.mass * n.state)[0] / before - 1.0),
        "ecm": max(g.comm.allgather(float(problem.species["f"].state.max(initial=0.0)))),
        "dt": dt,
    }


def explicit_limit(problem: Problem, diffusion: float, sensitivity: float) -> float:
    """The largest step of the explicit scheme, min m_i / sum_j |a_ij + v_ij/2|. Collective."""
    g, f = problem.graph, problem.species["f"].state
    rows = np.repeat(np.arange(g.n_owned), np.diff(g.indptr))
    flow = np.abs(g.stiffness) * (diffusion + 0.5 * sensitivity * np.abs(f[g.indices] - f[rows]))
    flow[rows == g.indices] = 0.0
    rate = np.bincount(rows, flow, minlength=g.n_owned) / g.mass[: g.n_owned]
    return 1.0 / float(max(g.comm.allgather(float(rate.max(initial=1e-300)))))
