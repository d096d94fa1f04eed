"""Formulas that jump in time, on any number of ranks: the same as alone, and the same bits after a restart before, at and after jumps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_densities
from tests.lib.march import March
from tests.lib.models import boundary, lattice, species
from tests.lib.vessels import flux, tissue, vessel

pytestmark = pytest.mark.mpi

TIGHT = SchemeOptions(linear=LinearOptions(rtol=1e-12))
PULSES = "where(mod(t, 0.5) < 0.125, 4, 0)"


def body(comm: Any) -> Problem:
    """Everything that may jump, in pulses and by peaks."""
    laws = (
        species("n", "exp(-x)", "cells", diffusion=f"0.02*(1 + {PULSES})", growth="0.3*(1 - n)", loss=f"0.2*{PULSES}*o"),
        species("c", "0.1", diffusion="0.05", production="exp(-((t - 0.7)/1e-3)^2)*n", loss="floor(4*t)/4",
                boundaries={"left": boundary("fixed", f"0.1 + {PULSES}"), "top": boundary("exchange", "t", PULSES)}),
        species("o", "1", diffusion="1", loss=f"1 + n + {PULSES}", quasi_steady=True, boundaries={"right": boundary("fixed", "1")}),
        species("f", "1", loss=f"{PULSES}*n"),
    )  # fmt: skip
    wall = vessel("vein", "boundary", ["bottom"], flux("c", PULSES, inside="1 + sin(t)"))
    return tissue(laws, lattice(2, 6), comm, [wall])


@pytest.mark.parametrize("step", [0.2, None])
def test_the_same_as_alone(comm: Comm, step: float | None) -> None:
    together, alone = body(comm), body(MPI.COMM_SELF)
    march, single = March(together, TIGHT), March(alone, TIGHT)
    for m in (march, single):
        m.run(1.2, step=step, tolerance=1e-3)
    jumps = [0.125, 0.25, 0.5, 0.625, 0.75, 1.0, 1.125]
    reached = np.cumsum(march.watched.sizes)
    parallel_assert(comm, all(np.isclose(reached, at, rtol=1e-12).any() for at in jumps), f"steps end at {reached}")
    same_densities(together, alone, 1e-9 if step else 1e-6)
    if step:
        same_accounts(march, single, 1e-9)
    march.balance()
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")


SCENARIO = """
schema_version: 1
mesh: {kind: rectangle, to: [1, 1], cells: [6, 6]}
model:
  cells: {tumour: {initial: "exp(-x)", motility: "0.02*(1 + (mod(t, 0.5) < 0.125))", growth: {kind: logistic, rate: 0.3}}}
  ecm: {initial: 1, degraded_by: {drug: 0.3}}
  solubles:
    drug:
      {initial: 0.1, diffusion: 0.05, production: "where(mod(t, 0.5) < 0.125, 4, 0) + exp(-((t - 0.7)/1e-3)^2)*tumour", decay: floor(4*t)/4}
    oxygen: {initial: 1, diffusion: 1, decay: "1 + tumour + (mod(t, 0.5) < 0.125)", quasi_steady: true}
boundaries:
  left: {drug: {kind: fixed, value: "0.1 + (mod(t, 0.5) < 0.125)"}}
  top: {drug: {kind: exchange, rate: "where(mod(t, 0.5) < 0.125, 4, 0)", value: t}}
  right: {oxygen: {kind: fixed, value: 1}}
time: {end: 1.2}
output: {every: 0.25, figures: false}
"""


@pytest.mark.parametrize("step", [{}, {"time.step": 0.06}])
def test_a_restart_before_at_and_after_jumps(comm: Comm, shared_tmp: Path, step: dict[str, float]) -> None:
    """Every bit, through checkpoints: between jumps, at one that is an output, at one that is none, soon after."""
    file = shared_tmp / "jumps.yaml"
    if comm.rank == 0:
        file.write_text(SCENARIO)
    comm.barrier()
    with Simulation(file, comm=comm, set=step) as whole:
        whole.run()
        end = {name: whole[name] for name in whole.species}
        row = whole.row()
    for at in (0.2, 0.5, 0.625, 0.64):
        run = shared_tmp / f"run-{at}"
        with Simulation(file, comm=comm, set=step, out=run) as first:
            while first.time < at - 1e-9:
                first.step()
            parallel_assert(comm, at in (0.2, 0.64) or abs(first.time - at) < 1e-12, f"no step ends at {at}: {first.time}")
            first.checkpoint()
        with Simulation(file, comm=comm, set=step, out=run, resume=True) as second:
            second.run()
            for name, values in end.items():
                parallel_assert(comm, np.array_equal(second[name], values), f"{name} after a restart at {at}")
            parallel_assert(comm, second.row() == row, f"row after a restart at {at}")
