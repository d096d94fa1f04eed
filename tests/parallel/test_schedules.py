"""Doses in runs: their amount whatever the steps, a restart between and inside them, one rank or several."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert

pytestmark = pytest.mark.mpi

SCENARIO = """\
mesh: {kind: interval, to: 1, cells: 4}
schedules:
  infusion: {kind: pulses, height: 100, width: 0.5, start: 9, every: 24, count: 2}
  plasma: {kind: pharmacokinetics, dose: 50, every: 12, count: 4, half_life: 9, volume: 1}
  oral: {kind: pharmacokinetics, dose: 3, start: 2, every: 7, half_life: 2, absorption_half_life: 2, volume: 1}
  drip: {kind: pharmacokinetics, dose: 3, at: [1, 30], half_life: 2, duration: 5, volume: 1, peripheral: {to: 0.3, back: 0.2}}
  protocol: {kind: table, times: [3, 20, 21], values: [0, 5, 1]}
species:
  a: {diffusion: 1e-2, production: infusion}
  b: {diffusion: 1, production: "0.1*plasma*(1 + x)"}
  c: {production: 2*oral + drip}
  d: {production: protocol/2}
  e: {initial: 1, loss: "plasma/(plasma + 20)*(1 + x)"}
time: {end: 40, tolerance: 1e-2}
output: {every: 20}
"""
KE = math.log(2.0) / 9.0


def _bolus(t: float) -> float:
    """The integral of plasma."""
    return sum(50.0 / KE * -math.expm1(-KE * (t - 12.0 * k)) for k in range(4) if t > 12.0 * k)


WANTED = {
    "a": {20.0: 50.0, 40.0: 100.0},
    "b": {t: 0.15 * _bolus(t) for t in (20.0, 40.0)},
    "d": {20.0: 0.5 * 17 * 2.5, 40.0: 0.5 * (17 * 2.5 + 3.0 + 19.0)},
}


def _file(folder: Path, comm: Comm) -> Path:
    file = folder / "doses.yaml"
    if comm.rank == 0:
        file.write_text(SCENARIO, encoding="utf-8")
    comm.barrier()
    return file


@pytest.mark.parametrize(
    "times", [{"time.tolerance": 1e-1}, {"time.tolerance": 1e-4}, {"time.step": 7.3}, {"output.at": [9.2, 33.4999]}], ids=str
)
def test_doses_are_exact_for_any_steps(comm: Comm, shared_tmp: Path, times: dict[str, Any]) -> None:
    with Simulation(_file(shared_tmp, comm), comm=comm, set=times) as run:
        run.run()
        recorded = run.recorded
        assert recorded is not None
        for name, wanted in WANTED.items():
            for time, amount in wanted.items():
                found = recorded.series[f"{name}.total"][int(np.flatnonzero(recorded.times == time)[0])]
                parallel_assert(comm, abs(found / amount - 1.0) < 1e-11, f"{name} at {time}: {found} instead of {amount}")


def test_a_restart_between_and_inside_doses(comm: Comm, shared_tmp: Path) -> None:
    """Stopped at the first step after a time within a dose, and between doses: the same bits."""
    file = _file(shared_tmp, comm)
    with Simulation(file, comm=comm) as whole:
        whole.run()
        end = {name: whole[name] for name in whole.species}
        row, steps = whole.row(), whole.steps
    for stop in (9.1, 20.0):
        folder = shared_tmp / f"stop_{stop}"
        with Simulation(file, comm=comm, out=folder) as first:
            while first.time < stop:
                first.step()
            first.checkpoint()
        with Simulation(file, comm=comm, out=folder, resume=True) as second:
            second.run()
            same = all(np.array_equal(second[name], values) for name, values in end.items())
            parallel_assert(comm, same and second.row() == row and second.steps == steps, f"a restart after {stop}")


def test_steps_end_where_doses_begin_and_end(comm: Comm, shared_tmp: Path) -> None:
    with Simulation(_file(shared_tmp, comm), comm=comm) as run:
        reached = []
        while not run.done:
            run.step()
            reached.append(run.time)
    jumps = [9.0, 9.5, 33.0, 33.5, 12.0, 24.0, 36.0, 1.0, 6.0, 30.0, 35.0, 16.0, 23.0]
    parallel_assert(comm, set(jumps) <= set(reached), f"{sorted(set(jumps) - set(reached))} are not ends of steps")
