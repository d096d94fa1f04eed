"""Membranes on several ranks: the same densities, integrity, crossings and first breach as on one, wherever the partition cuts."""

from __future__ import annotations

import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.domain import MeshData
from invasio.solver.discretise.problem import Problem
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.options import ClockOptions, SchemeOptions
from invasio.solver.stepping.restart import restore, snapshot
from invasio.solver.stepping.stepper import Stepper
from tests.cut_meshes import CASES
from tests.helpers import parallel_assert
from tests.models import advance, boundary, membrane, passage, problem_of, species
from tests.parallel.test_numerics import everywhere
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

LUMP = "exp(-8*(x^2 + y^2 + z^2))"
LAWS = (
    species("n", LUMP, "cells", diffusion="1e-2", taxis=(("f", "f", "5e-2"),)),
    species("m", f"0.2*{LUMP}", "soluble", diffusion="5e-2", production="n", loss="0.5"),
    species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True, boundaries={"left": boundary("fixed", "1")}),
    species("f", f"1 - 0.5*{LUMP}", "ecm", loss="3*m"),
)


def barriers(data: MeshData):  # type: ignore[no-untyped-def]
    ways = (passage("n", "0.5", follows_integrity=True, taxis=True), passage("m", "0.1"), passage("o", "2"))
    return tuple(
        membrane(k, *ways, degraded_by=(("m", "mean"), ("n", "sum")), repair="0.1", threshold="0.9", breach="0.98") for k in data.interfaces
    )


def at_sites(problem: Problem, name: str, what: str) -> np.ndarray:
    """Integrity, or the flux of the cells, of one membrane in canonical order, on every rank."""
    b = problem.integrities[name]
    mine = b.b if what == "b" else next(c.flux for c in problem.species["n"].crossings if c.membrane == name)
    values = np.full(b.sites.total, -np.inf)
    values[b.sites.numbers[: b.sites.n_owned]] = mine[: b.sites.n_owned]
    problem.graph.comm.Allreduce(MPI.IN_PLACE, values, MPI.MAX)
    return values


def same(comm, together: Problem, alone: Problem, tolerance: float) -> None:  # type: ignore[no-untyped-def]
    for name in together.species:
        difference = np.abs(everywhere(together, name) - everywhere(alone, name)).max()
        parallel_assert(comm, difference <= tolerance, f"{name} differs by {difference:.1e}")
    for name, b in together.integrities.items():
        for what in ("b", "flux"):
            difference = np.abs(at_sites(together, name, what) - at_sites(alone, name, what)).max()
            parallel_assert(comm, difference <= tolerance, f"{what} of {name} differs by {difference:.1e}")
        first, expected = comm.allreduce(b.first_breach, MPI.MIN), alone.integrities[name].first_breach
        parallel_assert(comm, first == expected or abs(first - expected) <= tolerance, f"first breach {first}, alone {expected}")


@pytest.mark.parametrize("name", ["two points", "T", "sphere", "torn box"])
def test_same_on_any_number_of_ranks(comm, name: str) -> None:
    """Cells, enzyme and quasi-steady oxygen through membranes that open; pairs across ranks, junctions, rims."""
    data = CASES[name]()
    laws = tuple(law for law in LAWS if law.name != "o" or "left" in data.boundaries)
    ways = tuple(
        membrane(
            m.name, *[p for p in m.passages if p.species in {law.name for law in laws}],
            degraded_by=(("m", "mean"), ("n", "sum")), repair="0.1", threshold="0.9", breach="0.98",
        )
        for m in barriers(data)
    )  # fmt: skip
    together, alone = problem_of(laws, data, comm, ways), problem_of(laws, data, MPI.COMM_SELF, ways)
    parts, whole = advance(together, 0.2, 6), advance(alone, 0.2, 6)
    same(comm, together, alone, 1e-6)
    for law in laws:
        for key, amount in whole.amounts[law.name].items():
            total = comm.allreduce(parts.amounts[law.name][key])
            parallel_assert(comm, abs(total - amount) <= 1e-6, f"account {law.name}.{key}: {total} instead of {amount}")
    before = comm.allreduce(
        float((together.graph.mass * problem_of(laws, data, comm, ways).species["n"].state)[: together.graph.n_owned].sum())
    )
    after = comm.allreduce(float((together.graph.mass * together.species["n"].state)[: together.graph.n_owned].sum()))
    assert abs(after / before - 1) < 1e-12


def test_a_rank_without_membrane(comm) -> None:
    """A long bar with the membrane near one end: most ranks have no part of it."""
    bed = {"bed": {"kind": "rectangle", "from": [0, 0], "to": [0.5, 1]}}
    data = make("rectangle", **{"from": [0, 0], "to": [6, 1]}, cells=[48, 4], regions=bed, interfaces={"m": ["bed", "tissue"]})
    laws = LAWS[:2] + LAWS[3:]
    ways = (membrane("m", passage("n", "0.5", follows_integrity=True), degraded_by=(("m", "mean"),), breach="0.98"),)
    together, alone = problem_of(laws, data, comm, ways), problem_of(laws, data, MPI.COMM_SELF, ways)
    counts = comm.allgather(together.integrities["m"].sites.n)
    parallel_assert(comm, comm.size < 3 or min(counts) == 0 < max(counts), str(counts))
    advance(together, 0.2, 5)
    advance(alone, 0.2, 5)
    same(comm, together, alone, 1e-7)


def test_restart_in_the_middle_of_a_breach(comm) -> None:
    """The steps after a restart repeat those of the run that went on, to the last bit, integrity and counts included."""
    data = CASES["circle"]()
    laws, ways = (
        LAWS[:2] + LAWS[3:],
        (membrane("m", passage("n", "0.5", follows_integrity=True), degraded_by=(("m", "mean"),), breach="0.95"),),
    )
    clock = Clock(ClockOptions(0.0, 2.0, (2.0,), step=0.2))

    def march(stepper: Stepper, steps: range) -> None:
        for k in steps:
            assert stepper.attempt(0.2 * k, 0.2)
            stepper.accept(0.2)

    problem = problem_of(laws, data, comm, ways)
    stepper = Stepper(problem, SchemeOptions())
    march(stepper, range(5))
    arrays, numbers = snapshot(stepper, clock, 5)
    kept = {name: values.copy() for name, values in arrays.items()}
    march(stepper, range(5, 8))
    again = problem_of(laws, data, comm, ways)
    resumed = Stepper(again, SchemeOptions())
    resumed.amounts = {name: dict.fromkeys(account, 0.0) for name, account in stepper.amounts.items()}
    restore(resumed, kept, numbers)
    march(resumed, range(5, 8))
    for name in problem.species:
        parallel_assert(comm, np.array_equal(problem.species[name].state, again.species[name].state), name)
    parallel_assert(comm, np.array_equal(problem.integrities["m"].b, again.integrities["m"].b), "integrity")
    first = [comm.allreduce(p.integrities["m"].first_breach, MPI.MIN) for p in (problem, again)]
    parallel_assert(comm, first[0] == first[1] < 2.0, f"first breach {first}")
    crossed = [comm.allreduce(s.amounts["n"]["crossed:m"]) for s in (stepper, resumed)]
    assert crossed[0] == pytest.approx(crossed[1], rel=1e-12)
    assert abs(crossed[0]) > 1e-5
