"""Everything at once: membranes, three kinds of vessels, fibres, transfers, bounds, stiff kinetics, boundary conditions, rejected steps.

With permeabilities and entries that are formulas, cells whose diffusion is myopic, an amount stated at the start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.diagnostics.ledger import Ledger, empty_accounts
from invasio.solver.model.balance import Fibres, Transfer
from invasio.solver.scenario.parser import parse
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.options import ClockOptions, SchemeOptions
from invasio.solver.stepping.restart import restore, snapshot
from invasio.solver.stepping.stepper import Stepper
from tests.cut_meshes import plane
from tests.helpers import parallel_assert
from tests.models import boundary, membrane, passage, species
from tests.parallel.test_numerics import EVERYTHING, everywhere
from tests.parallel.test_vessels import LUMP, tree
from tests.unit.meshes.build import make
from tests.vessels import enzyme_opened, flux, tissue, vessel

pytestmark = pytest.mark.mpi

DT = 0.1
TOP = 0.02  # of the myopic cells: what turns into them soon fills it


def laws(dim: int) -> tuple[Any, ...]:
    """Two phenotypes that turn into each other (one myopic, both bounded), a stiff enzyme, quasi-steady oxygen and a matrix."""
    along = tuple(parse(text) for text in ("1", "x - 0.3", "0.5")[:dim])
    drift = (("f", "f", "0.2"),)
    moving = species("n", f"0.8*{LUMP}", "cells", diffusion="1e-2", taxis=drift, growth="0.5*(1 - n)", boundaries=EVERYTHING)
    return (
        replace(moving, transfers=(Transfer("k", parse("2*x*m")),), fibres=Fibres(along, 0.05), maximum=1.0),
        replace(
            species("k", LUMP, "cells", diffusion="0.02*(1 + x)", taxis=(("f", "f", "0.1"),)),
            transfers=(Transfer("n", parse("0.5/(1 + m)")),), fibres=Fibres(along, 0.2, True), maximum=TOP, amount=parse("1e-3"),
        ),
        species("m", f"0.2*{LUMP}", "soluble", diffusion="5e-2", production="1e3*(n + k)", loss="1e3"),
        species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True, boundaries={"bottom": boundary("fixed", "1")}),
        species("f", f"1 - 0.5*{LUMP}", "ecm", loss="3*m"),
    )


def everything(dim: int, comm: Any) -> Any:
    """The problem in the unit square or cube: a membrane with a vessel along it, a wall beside fixed values, a tree through all."""
    data = make("rectangle" if dim == 2 else "box", cells=[12] * dim if dim == 2 else [6] * dim)
    data = replace(data, interfaces={"b": plane(data, 0, 0.5 if dim == 3 else 0.25)})
    supply = flux("o", "2", closed="2", inside="1", dissolved=True)
    wall = enzyme_opened("20*m", threshold="0.95")
    opened = flux("k", "(1 - integrity)*(1 + t)", closed="(1 - integrity)*(1 + t)")
    vessels = [
        vessel("tree", "network", [], flux("n", "0.5", torn="2"), supply, ruptured="y > 0.5"),
        vessel("wall", "boundary", ["left", "top"], flux("n", "1 + m"), flux("m", "5"), opened, integrity=wall),
        vessel("thin", "interface", ["b"], flux("n", "0.2"), flux("k", "0.1"), carries="lymph"),
    ]
    ways = (
        passage("n", "0.5*(1 + t)/(1 + m)", follows_integrity=True, taxis=True),
        passage("k", "(1 - integrity)*(1 + n)*exp(-y)", taxis=True),
        passage("m", "0.1"),
        passage("o", "2*o"),
    )
    barrier = membrane("b", *ways, degraded_by=(("m", "mean"), ("n", "sum")), repair="0.1", threshold="0.9", breach="0.98")
    return tissue(laws(dim), data, comm, vessels, {"tree": tree(dim)}, (barrier,))


def go(stepper: Stepper, steps: range, ledger: Ledger | None = None) -> None:
    """Steps of one size; each is first tried too long and rejected."""
    for k in steps:
        assert stepper.attempt(k * DT, 2 * DT)
        stepper.reject()
        assert stepper.attempt(k * DT, DT)
        stepper.accept(DT)
        if ledger is not None:
            ledger.balance((k + 1) * DT)


def begun(problem: Any, limiter: str) -> Stepper:
    stepper = Stepper(problem, SchemeOptions(limiter=limiter))
    stepper.amounts = empty_accounts(problem)
    return stepper


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
@pytest.mark.parametrize("dim", [2, 3])
def test_everything_at_once(comm, dim: int, limiter: str) -> None:
    """Ledger to 1e-12, nothing negative, the same on one rank, and a restart that repeats every bit."""
    problem, alone = everything(dim, comm), everything(dim, MPI.COMM_SELF)
    stepper, single = begun(problem, limiter), begun(alone, limiter)
    stepper.settle(0.0)
    single.settle(0.0)
    ledger = Ledger(problem, stepper.amounts)
    go(stepper, range(3), ledger)
    arrays, numbers = snapshot(stepper, Clock(ClockOptions(0.0, 1.0, (1.0,), step=DT)), 3)
    kept = {name: values.copy() for name, values in arrays.items()}
    go(stepper, range(3, 5), ledger)
    go(single, range(5))
    parallel_assert(comm, ledger.worst < 1e-12, f"ledger {ledger.worst:.1e}")
    parallel_assert(comm, stepper.info()["limited"] > 0, "the limiter had nothing to do")
    highest = comm.allreduce(float(problem.species["k"].state.max(initial=0.0)), MPI.MAX)
    parallel_assert(comm, abs(highest / TOP - 1.0) < 1e-9, f"the myopic cells reach {highest}, not their maximum")
    for name, s in problem.species.items():
        parallel_assert(comm, float(s.state.min(initial=0.0)) >= 0.0, f"{name} is negative")
        difference = np.abs(everywhere(problem, name) - everywhere(alone, name)).max()
        parallel_assert(comm, difference <= 1e-6, f"{name} differs by {difference:.1e}")
        for key, amount in single.amounts[name].items():
            total = comm.allreduce(stepper.amounts[name][key])
            parallel_assert(comm, abs(total - amount) <= 1e-6 * max(1.0, abs(amount)), f"account {name}.{key}: {total} not {amount}")
    again = everything(dim, comm)
    resumed = begun(again, limiter)
    restore(resumed, kept, numbers)
    go(resumed, range(3, 5))
    for name, s in problem.species.items():
        parallel_assert(comm, np.array_equal(s.state, again.species[name].state), f"{name} after a restart")
    for name, b in problem.integrities.items():
        parallel_assert(comm, np.array_equal(b.b, again.integrities[name].b), f"integrity of {name} after a restart")
    for name, v in problem.vessels.items():
        for crossing, other in zip(v.crossings, again.vessels[name].crossings, strict=True):
            parallel_assert(comm, np.array_equal(crossing.entered, other.entered), f"entered {name} after a restart")
    parallel_assert(comm, resumed.amounts == stepper.amounts, "accounts after a restart")
