"""Everything at once: membranes, three kinds of vessels, fibres, transfers, bounds, stiff kinetics, boundary conditions, rejected steps.

With permeabilities and entries that are formulas, cells whose diffusion is myopic, an amount stated at the start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from invasio.solver.model.balance import Fibres, Species, Transfer
from invasio.solver.scenario.parser import parse
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import greatest, least
from tests.lib.march import March
from tests.lib.models import EVERY_BOUNDARY, boundary, membrane, passage, species
from tests.lib.vessels import enzyme_opened, flux, tissue, vessel
from tests.parallel.test_vessels import LUMP, tree
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

DT = 0.1
TOP = 0.017  # of the myopic cells: what turns into them soon fills it


def laws(dim: int) -> tuple[Any, ...]:
    """Two phenotypes that turn into each other (one myopic, both bounded), a stiff enzyme, quasi-steady oxygen and a matrix."""
    along = tuple(parse(text) for text in ("1", "x - 0.3", "0.5")[:dim])
    drift = (("f", "f", "0.2"),)
    moving = species("n", f"0.8*{LUMP}", "cells", diffusion="1e-2", taxis=drift, growth="0.5*(1 - n)", boundaries=EVERY_BOUNDARY)
    return (
        replace(moving, transfers=(Transfer("k", parse("2*x*m")),), fibres=Fibres(along, 0.05), maximum=1.0),
        replace(
            species("k", LUMP, "cells", diffusion="0.02*(1 + x)", taxis=(("f", "f", "0.1"),)),
            transfers=(Transfer("n", parse("0.5/(1 + m)")),),
            fibres=Fibres(along, 0.2, True),
            maximum=TOP,
            amount=parse("1e-3"),
        ),
        species("m", f"0.2*{LUMP}", "soluble", diffusion="5e-2", production="1e3*(n + k)", loss="1e3"),
        species("o", "1", "soluble", diffusion="0.5", loss="n/(0.2 + o)", quasi_steady=True, boundaries={"bottom": boundary("fixed", "1")}),
        species("f", f"1 - 0.5*{LUMP}", "ecm", loss="3*m"),
    )


def everything(dim: int, comm: Comm, more: tuple[Species, ...] = ()) -> Any:
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
    return tissue((*laws(dim), *more), data, comm, vessels, {"tree": tree(dim)}, (barrier,))


@pytest.mark.parametrize("limiter", ["positivity", "local_bounds"])
@pytest.mark.parametrize("dim", [2, 3])
def test_everything_at_once(comm: Comm, dim: int, limiter: str) -> None:
    """Ledger to 1e-12, nothing negative, the same on one rank, and a restart that repeats every bit. Steps are first tried too long."""
    problem, alone = everything(dim, comm), everything(dim, MPI.COMM_SELF)
    options = SchemeOptions(limiter=limiter)
    march = March(problem, options).steps(DT, 3, tried=2.0, balanced=True)
    half = march.snapshot()
    march.steps(DT, 2, tried=2.0, balanced=True)
    single = March(alone, options).steps(DT, 5, tried=2.0)
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    parallel_assert(comm, march.info("limited") > 0, "the limiter had nothing to do")
    highest = greatest(problem, "k")
    parallel_assert(comm, abs(highest / TOP - 1.0) < 1e-9, f"the myopic cells reach {highest}, not their maximum")
    for name in problem.species:
        parallel_assert(comm, least(problem, name) >= 0.0, f"{name} is negative")
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    again = everything(dim, comm)
    resumed = March.restored(again, half, options).steps(DT, 2, tried=2.0, balanced=True)
    parallel_assert(comm, resumed.worst < 1e-12, f"ledger after a restart {resumed.worst:.1e}")
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")
