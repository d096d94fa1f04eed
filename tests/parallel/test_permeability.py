"""Permeabilities that are formulas on several ranks: as on one, conservative to rounding, and the same bits after a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.discretise.problem import Problem
from invasio.solver.errors import SolverError
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.options import ClockOptions, SchemeOptions
from invasio.solver.stepping.restart import restore, snapshot
from invasio.solver.stepping.stepper import Stepper
from tests.cut_meshes import plane
from tests.helpers import parallel_assert
from tests.models import membrane, passage, species
from tests.parallel.test_membranes import LAWS, at_sites
from tests.parallel.test_numerics import everywhere
from tests.unit.meshes.build import make
from tests.vessels import enzyme_opened, flux, tissue, vessel

pytestmark = pytest.mark.mpi

RATE = "0.5*(1 - integrity)*(1 + sin(3*t))*exp(-y)*m/(0.05 + m) + 0.2*n*f + 0.02"


def problem(dim: int, comm: Any, rate: str = RATE) -> Problem:
    """A membrane that every species passes by a formula of its own, and a wall whose entry is a formula of its integrity."""
    data = make(("interval", "rectangle", "box")[dim - 1], cells=12 if dim == 1 else [12, 12] if dim == 2 else [6, 6, 6])
    data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
    ways = (passage("n", rate, taxis=True), passage("m", "0.1 + 0.3*t"), passage("o", "1 + o"))
    barrier = membrane("k", *ways, degraded_by=(("4*m", "mean"), ("n", "sum")), repair="0.1")
    opening = "2*(1 - integrity)^2*m"
    wall = vessel("w", "boundary", ["right"], flux("n", opening, closed=opening), integrity=enzyme_opened("5*m"))
    return tissue(LAWS, data, comm, [wall], None, (barrier,))  # type: ignore[no-any-return]


def march(stepper: Stepper, steps: range) -> None:
    for k in steps:
        assert stepper.attempt(0.1 * k, 0.1)
        stepper.accept(0.1)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_as_on_one_rank_and_after_a_restart(comm: Any, dim: int) -> None:
    """Densities, integrity and fluxes to solver tolerance; the cells that are there and those that entered to rounding."""
    together, alone = problem(dim, comm), problem(dim, MPI.COMM_SELF)
    stepper, single = Stepper(together, SchemeOptions()), Stepper(alone, SchemeOptions())
    stepper.settle(0.0)
    single.settle(0.0)
    g, n = together.graph, together.graph.n_owned
    before = g.sum(g.mass[:n] * together.species["n"].state[:n])[0]
    march(stepper, range(3))
    arrays, numbers = snapshot(stepper, Clock(ClockOptions(0.0, 1.0, (1.0,), step=0.1)), 3)
    kept = {name: values.copy() for name, values in arrays.items()}
    march(stepper, range(3, 6))
    march(single, range(6))
    for name in together.species:
        difference = np.abs(everywhere(together, name) - everywhere(alone, name)).max()
        parallel_assert(comm, difference <= 1e-7, f"{name} differs by {difference:.1e}")
    for name, what in (("k", "b"), ("k", "flux"), ("w", "b")):
        difference = np.abs(at_sites(together, name, what) - at_sites(alone, name, what)).max()
        parallel_assert(comm, difference <= 1e-7, f"{what} of {name} differs by {difference:.1e}")
    entered, crossed = (comm.allreduce(stepper.amounts["n"][key]) for key in ("blood:w", "crossed:k"))
    after = g.sum(g.mass[:n] * together.species["n"].state[:n])[0]
    parallel_assert(comm, abs(after + entered - before) < 1e-13 * before, f"{after} + {entered} instead of {before}")
    assert entered > 0.0 and abs(crossed) > 1e-5
    parallel_assert(comm, abs(crossed - single.amounts["n"]["crossed:k"]) < 1e-7, f"{crossed} crossed")
    again = problem(dim, comm)
    resumed = Stepper(again, SchemeOptions())
    resumed.amounts = {name: dict.fromkeys(account, 0.0) for name, account in stepper.amounts.items()}
    restore(resumed, kept, numbers)
    march(resumed, range(3, 6))
    for name, s in together.species.items():
        parallel_assert(comm, np.array_equal(s.state, again.species[name].state), name)
    parallel_assert(comm, np.array_equal(together.integrities["k"].b, again.integrities["k"].b), "integrity")


def test_a_negative_one_stops_all_ranks(comm: Any) -> None:
    """Also those that have no part of the membrane."""
    with pytest.raises(SolverError, match=r"permeability is -0.15 at t = 0.15, x = 0.5, 0, 0"):
        stepper = Stepper(problem(1, comm, "where(t > 0.1, -t, 1)"), SchemeOptions())
        stepper.settle(0.0)
        march(stepper, range(3))
    cells = (species("n", "1", "cells", diffusion="1"),)
    data = make("interval", cells=2)
    data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
    few = tissue(cells, data, comm, [], None, (membrane("k", passage("n", "n*t")),))
    march(Stepper(few, SchemeOptions()), range(2))
