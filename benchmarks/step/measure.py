"""One measurement: Anderson's model (n, m, f) on one mesh, on the ranks of this program."""

from __future__ import annotations

import dataclasses
import resource
import statistics
import time
from typing import Any

import numpy as np
from mpi4py import MPI

from benchmarks.triad import triad
from invasio.solver.components.mobile import Mobile
from invasio.solver.components.transport import Transport
from invasio.solver.heap import give_back
from invasio.solver.parallel import Comm
from invasio.solver.stepping.stepper import Stepper

from .instruments import CountingComm, Instruments
from .setup import Setup
from .traffic import PETSC_EVENTS, NumpyCount, petsc_bytes, petsc_counts

WARM_UP = 3  # steps before the measured ones: the first is done twice and guesses have no history
EDGE_CELLS = {2: 40, 3: 12}  # cells along an edge of the mesh on which NumPy's passes are counted


@dataclasses.dataclass(frozen=True)
class Case:
    """What is measured: dimension, nodes aimed at, step and number of steps, overrides of the scenario."""

    dim: int
    nodes: int
    dt: float
    steps: int
    overrides: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """Cells along an edge of the lattice."""
        return max(2, round(self.nodes ** (1.0 / self.dim)) - 1)


def march(stepper: Stepper, dt: float, first: int, last: int) -> list[tuple[float, float]]:
    """Steps first to last; wall and processor seconds of each."""
    spent = []
    for k in range(first, last):
        wall, cpu = time.perf_counter(), time.process_time()
        if not stepper.attempt(k * dt, dt):
            raise RuntimeError(f"step {k} failed")
        stepper.accept(dt)
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return spent


def numpy_traffic(case: Case) -> tuple[float, float]:
    """Bytes per node and passes of NumPy's part of a step, counted on a small mesh, by each rank alone."""
    count = NumpyCount()
    with count.watch():
        setup = Setup(case.dim, EDGE_CELLS[case.dim], case.overrides, MPI.COMM_SELF)
    march(setup.stepper, case.dt, 0, 3)
    count.bytes, count.passes = 0.0, 0
    march(setup.stepper, case.dt, 3, 5)
    return count.bytes / 2 / setup.problem.graph.n_local, count.passes / 2


def transports(stepper: Stepper) -> list[Transport]:
    """What advances the moving species."""
    return [c.transport for c in stepper.components if isinstance(c, Mobile)]


def solver_state(stepper: Stepper) -> dict[str, dict[str, float]]:
    """Per field: solves and iterations of both systems, limited steps."""
    return {t.species.name: _state_of(t) for t in transports(stepper)}


def _state_of(t: Transport) -> dict[str, float]:
    low = (t.low.solves, t.low.iterations) if t.low is not None else (0, 0)
    return {"solves": t.high.solves, "iterations": t.high.iterations, "low_solves": low[0], "low_iterations": low[1], "limited": t.limited}


def measure(case: Case, comm: Comm) -> dict[str, Any]:
    """All numbers of one case; the same on every rank. Collective."""
    from petsc4py import PETSc

    PETSc.Log.begin()
    start = time.perf_counter()
    numpy_bytes, numpy_passes = numpy_traffic(case)
    march(Setup(case.dim, EDGE_CELLS[case.dim], case.overrides, comm).stepper, case.dt, 0, 2)  # kernels
    warm = time.perf_counter() - start
    before = _memory()
    instruments = Instruments()
    with instruments.attached():  # before the stepper is made: it may keep kernels in tables of its own
        setup = Setup(case.dim, case.cells, case.overrides, comm)
        problem, stepper = setup.problem, setup.stepper
        g = problem.graph
        after_setup = _memory()
        counted = CountingComm(g.comm)
        object.__setattr__(g, "comm", counted)
        setup.seconds["first steps"] = sum(cpu for _, cpu in march(stepper, case.dt, 0, WARM_UP))
        after_steps = _memory()
        bandwidth = [triad(comm)]
        instruments.clear()
        counted.reductions = 0
        states, events = [solver_state(stepper)], [petsc_counts()]
        sent = [(g.halo.rounds, g.halo.messages, g.halo.bytes)]
        spent = march(stepper, case.dt, WARM_UP, WARM_UP + case.steps)
        states.append(solver_state(stepper))
        events.append(petsc_counts())
        sent.append((g.halo.rounds, g.halo.messages, g.halo.bytes))
        reductions = counted.reductions
        seconds, calls = dict(instruments.seconds), dict(instruments.calls)
        bandwidth.append(triad(comm))
        instruments.clear()
        instruments.counting = True
        march(stepper, case.dt, WARM_UP + case.steps, WARM_UP + case.steps + 4)
    per_call = {name: total / instruments.calls[name] for name, total in instruments.bytes.items()}
    petsc = {name: {k: events[1][name][k] - events[0][name][k] for k in events[0][name] if k != "id"} for name in events[0]}
    solved = {name: {k: v - states[0][name][k] for k, v in state.items()} for name, state in states[1].items()}
    nnz, steps = len(g.indices), case.steps
    chosen = {t.species.name: t.high._chosen for t in transports(stepper)}
    jacobi = all(pair is not None and pair[1] == "jacobi" for pair in chosen.values())
    by_part = {name: per_call[name] * calls[name] / steps for name in per_call if name in calls}
    by_part["PETSc"] = petsc_bytes(petsc, g.n_owned, nnz, jacobi) / steps
    by_part["NumPy"] = numpy_bytes * g.n_local
    here = {
        "wall": [w for w, _ in spent],
        "cpu": [c for _, c in spent],
        "seconds": {name: value / steps for name, value in seconds.items()},
        "bytes": by_part,
        "petsc_seconds": {name: event["time"] / steps for name, event in petsc.items() if event["count"]},
        "messages": [float(b - a) / steps for a, b in zip(*sent, strict=True)],
        "petsc_messages": [sum(petsc[n][k] for n in PETSC_EVENTS) / steps for k in ("numMessages", "messageLength", "numReductions")],
        "memory": {"kept": after_steps["now"] - before["now"], "peak_setup": after_setup["peak"] - before["now"]},
    }
    ranks, parts = comm.allgather(here), comm.allgather(dict(setup.seconds))
    walls = [max(each) for each in zip(*(r["wall"] for r in ranks), strict=True)]
    cpus = [sum(each) for each in zip(*(r["cpu"] for r in ranks), strict=True)]
    total = {name: sum(r["bytes"].get(name, 0.0) for r in ranks) for name in by_part}
    n, z = g.n_global, comm.allreduce(nnz) / g.n_global
    unit = 1e6 * comm.size / n  # seconds per step -> core-microseconds per node
    return {
        "dim": case.dim,
        "nodes": n,
        "z": z,
        "ranks": comm.size,
        "dt": case.dt,
        "steps": steps,
        "overrides": list(case.overrides),
        "triad": bandwidth,
        "microseconds": {
            "minimum": min(walls) * unit,
            "median": statistics.median(walls) * unit,
            "cpu_minimum": min(cpus) * 1e6 / n,
            "cpu_median": statistics.median(cpus) * 1e6 / n,
        },
        "fields": {name: _per_solve(state, steps) | {"solver": chosen[name]} for name, state in solved.items()},
        "numpy_passes": numpy_passes,
        "bytes_per_node": {name: value / n for name, value in total.items()},
        "design_bytes_per_node": design_bytes(solved, {t.species.name: t.high.symmetric for t in transports(stepper)}, steps, z),
        "microseconds_by_part": {name: sum(r["seconds"].get(name, 0.0) for r in ranks) * 1e6 / n for name in ranks[0]["seconds"]},
        "petsc_microseconds": {name: sum(r["petsc_seconds"].get(name, 0.0) for r in ranks) * 1e6 / n for name in ranks[0]["petsc_seconds"]},
        "petsc_counts": {name: event["count"] / steps for name, event in petsc.items() if event["count"]},
        "ghost_rounds_messages_bytes": ranks[0]["messages"],
        "petsc_messages_bytes_reductions": ranks[0]["petsc_messages"],
        "reductions": reductions / steps,
        "setup_seconds": {name: max(each.get(name, 0.0) for each in parts) for name in parts[0]},
        "warm_up_seconds": warm,
        "memory_per_node": {name: sum(r["memory"][name] for r in ranks) / n for name in ranks[0]["memory"]},
        "amounts": {name: float(g.sum(g.mass[: g.n_owned] * s.state[: g.n_owned])[0]) for name, s in problem.species.items()},
    }


def _per_solve(state: dict[str, float], steps: int) -> dict[str, float]:
    return {
        "solves_per_step": state["solves"] / steps,
        "iterations_per_solve": state["iterations"] / max(1.0, state["solves"]),
        "low_solves_per_step": state["low_solves"] / steps,
        "low_iterations_per_solve": state["low_iterations"] / max(1.0, state["low_solves"]),
        "limited": state["limited"] / steps,
    }


def design_bytes(solved: dict[str, dict[str, float]], symmetric: dict[str, bool], steps: int, z: float) -> float:
    """The design's count per node and step: sum over fields of N_it b_Krylov + two matrix refreshes + the limiter's row pass."""
    krylov = {True: 12.0 * z + 156.0, False: 24.0 * z + 280.0}
    iterations = {name: (state["iterations"] + state["low_iterations"]) / steps for name, state in solved.items()}
    return sum(iterations[name] * krylov[symmetric[name]] + 56.0 * z + 52.0 * z + 150.0 for name in solved)


def bounds(result: dict[str, Any]) -> dict[str, float]:
    """Core-microseconds per node and step that the memory allows: counted traffic (32-byte triad), and the design's formula."""
    rate = float(np.max(result["triad"])) * 1e-6
    return {"traffic": sum(result["bytes_per_node"].values()) / (rate * 32.0 / 24.0), "design": result["design_bytes_per_node"] / rate}


def _memory() -> dict[str, float]:
    """Bytes now and at the peak so far of this process; as in a run, freed memory is given back."""
    give_back()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {"now": pages * float(resource.getpagesize()), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0}
