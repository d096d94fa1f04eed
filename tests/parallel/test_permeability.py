"""Permeabilities that are formulas on several ranks: as on one, conservative to rounding, and the same bits after a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mpi4py import MPI

from invasio.solver.discretise.problem import Problem
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_bits, same_densities, same_sites
from tests.lib.fields import amount
from tests.lib.march import March, advance
from tests.lib.messages import refused
from tests.lib.models import membrane, passage, species
from tests.lib.vessels import enzyme_opened, flux, tissue, vessel
from tests.parallel.test_membranes import LAWS
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

RATE = "0.5*(1 - integrity)*(1 + sin(3*t))*exp(-y)*m/(0.05 + m) + 0.2*n*f + 0.02"


def problem(dim: int, comm: Comm, rate: str = RATE) -> Problem:
    """A membrane that every species passes by a formula of its own, and a wall whose entry is a formula of its integrity."""
    data = make(("interval", "rectangle", "box")[dim - 1], cells=12 if dim == 1 else [12, 12] if dim == 2 else [6, 6, 6])
    data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
    ways = (passage("n", rate, taxis=True), passage("m", "0.1 + 0.3*t"), passage("o", "1 + o"))
    barrier = membrane("k", *ways, degraded_by=(("4*m", "mean"), ("n", "sum")), repair="0.1")
    opening = "2*(1 - integrity)^2*m"
    wall = vessel("w", "boundary", ["right"], flux("n", opening, closed=opening), integrity=enzyme_opened("5*m"))
    return tissue(LAWS, data, comm, [wall], None, (barrier,))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_as_on_one_rank_and_after_a_restart(comm: Comm, dim: int) -> None:
    """Densities, integrity and fluxes to solver tolerance; the cells that are there and those that entered to rounding."""
    together, alone = problem(dim, comm), problem(dim, MPI.COMM_SELF)
    before = amount(together, "n")
    march = advance(together, 0.1, 3)
    half = march.snapshot()
    march.steps(0.1, 3)
    single = advance(alone, 0.1, 6)
    same_densities(together, alone, 1e-7)
    same_sites(together, alone, "k", 1e-7, "n")
    same_sites(together, alone, "w", 1e-7)
    entered, crossed = march.account("n", "blood:w"), march.account("n", "crossed:k")
    after = amount(together, "n")
    parallel_assert(comm, abs(after + entered - before) < 1e-13 * before, f"{after} + {entered} instead of {before}")
    assert entered > 0.0 and abs(crossed) > 1e-5
    parallel_assert(comm, abs(crossed - single.account("n", "crossed:k")) < 1e-7, f"{crossed} crossed")
    again = problem(dim, comm)
    March.restored(again, half).steps(0.1, 3)
    same_bits(together, again)


def test_a_negative_one_stops_all_ranks(comm: Comm) -> None:
    """Also those that have no part of the membrane."""
    with refused("bad-rate", "membrane ", says=("is -0.15 at t = 0.15, x = 0.5",)):
        advance(problem(1, comm, "where(t > 0.1, -t, 1)"), 0.1, 3)
    cells = (species("n", "1", "cells", diffusion="1"),)
    data = make("interval", cells=2)
    data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
    few = tissue(cells, data, comm, [], None, (membrane("k", passage("n", "n*t")),))
    advance(few, 0.1, 2)
