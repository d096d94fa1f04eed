"""Membranes on several ranks: the same densities, integrity, crossings and first breach as on one, wherever the partition cuts."""

from __future__ import annotations

import pytest
from mpi4py import MPI

from invasio.meshes.domain import MeshData
from invasio.solver.discretise.problem import Problem
from invasio.solver.model.balance import Membrane
from tests.cut_meshes import CASES
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_breach, same_densities, same_sites
from tests.lib.fields import amount, first_breach, sites
from tests.lib.march import March, advance
from tests.lib.models import boundary, membrane, passage, problem_of, species
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

LUMP = "exp(-8*(x^2 + y^2 + z^2))"
LAWS = (
    species("n", LUMP, "cells", diffusion="1e-2", taxis=(("f", "f", "5e-2"),)),
    species("m", f"0.2*{LUMP}", "soluble", diffusion="5e-2", production="n", loss="0.5"),
    species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True, boundaries={"left": boundary("fixed", "1")}),
    species("f", f"1 - 0.5*{LUMP}", "ecm", loss="3*m"),
)


def barriers(data: MeshData) -> tuple[Membrane, ...]:
    ways = (passage("n", "0.5", follows_integrity=True, taxis=True), passage("m", "0.1"), passage("o", "2"))
    return tuple(
        membrane(k, *ways, degraded_by=(("m", "mean"), ("n", "sum")), repair="0.1", threshold="0.9", breach="0.98") for k in data.interfaces
    )


def same(together: Problem, alone: Problem, tolerance: float) -> None:
    """Densities, integrity, fluxes of the cells and first breaches are those of one rank. Collective."""
    same_densities(together, alone, tolerance)
    for barrier in together.model.membranes:
        same_sites(together, alone, barrier.name, tolerance, "n")
        same_breach(together, alone, barrier.name, tolerance)


@pytest.mark.parametrize("name", ["two points", "T", "sphere", "torn box"])
def test_same_on_any_number_of_ranks(comm: Comm, name: str) -> None:
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
    before = amount(together, "n")
    parts, whole = advance(together, 0.2, 6), advance(alone, 0.2, 6)
    same(together, alone, 1e-6)
    same_accounts(parts, whole, 1e-6)
    assert abs(amount(together, "n") / before - 1) < 1e-12


def test_a_rank_without_membrane(comm: Comm) -> None:
    """A long bar with the membrane near one end: most ranks have no part of it."""
    bed = {"bed": {"kind": "rectangle", "from": [0, 0], "to": [0.5, 1]}}
    data = make("rectangle", **{"from": [0, 0], "to": [6, 1]}, cells=[48, 4], regions=bed, interfaces={"m": ["bed", "tissue"]})
    laws = LAWS[:2] + LAWS[3:]
    ways = (membrane("m", passage("n", "0.5", follows_integrity=True), degraded_by=(("m", "mean"),), breach="0.98"),)
    together, alone = problem_of(laws, data, comm, ways), problem_of(laws, data, MPI.COMM_SELF, ways)
    counts = comm.allgather(sites(together, "m").n)
    parallel_assert(comm, comm.size < 3 or min(counts) == 0 < max(counts), str(counts))
    advance(together, 0.2, 5)
    advance(alone, 0.2, 5)
    same(together, alone, 1e-7)


def test_restart_in_the_middle_of_a_breach(comm: Comm) -> None:
    """The steps after a restart repeat those of the run that went on, to the last bit, integrity and counts included."""
    data = CASES["circle"]()
    laws, ways = (
        LAWS[:2] + LAWS[3:],
        (membrane("m", passage("n", "0.5", follows_integrity=True), degraded_by=(("m", "mean"),), breach="0.95"),),
    )
    problem = problem_of(laws, data, comm, ways)
    march = advance(problem, 0.2, 5)
    half = march.snapshot()
    march.steps(0.2, 3)
    again = problem_of(laws, data, comm, ways)
    resumed = March.restored(again, half).steps(0.2, 3)
    same_bits(problem, again)
    first = [first_breach(p, "m") for p in (problem, again)]
    parallel_assert(comm, first[0] == first[1] < 2.0, f"first breach {first}")
    crossed = [m.account("n", "crossed:m") for m in (march, resumed)]
    assert crossed[0] == pytest.approx(crossed[1], rel=1e-12)
    assert abs(crossed[0]) > 1e-5
