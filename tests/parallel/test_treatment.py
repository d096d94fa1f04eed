"""What drugs, pools, radiation and surgery do to a well-mixed tissue, against closed forms and SciPy; restarts; one rank or several."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

SCENARIO = """\
mesh: {kind: interval, to: 1, cells: 6, regions: {bed: {kind: interval, from: 0, to: 0.5}}}
schedules:
  steady: {kind: table, times: [0], values: [2]}
  plasma: {kind: pharmacokinetics, dose: 3, volume: 1, every: 4, count: 2, half_life: 1.5}
model:
  cells:
    a: {initial: 1, motility: 0.1, death: 0.2}
    b: {initial: 1, motility: 0, growth: {kind: exponential, rate: 0.1}}
    c: {initial: 1, motility: 0.1}
    d: {initial: 1, motility: 0.1, death: 0.01*tired}
  solubles:
    chemo: {diffusion: 1, initial: 5}
  pools:
    tired: {inflow: 0.5*plasma, loss: 0.3, initial: 0.2}
    later: {inflow: tired, loss: 0.1}
drugs:
  first: {level: steady, effects: {model.cells.a.death: {lowers: {max: 0.8, half: 3, hill: 2}}}}
  second: {level: chemo, effects: {model.cells.a.death: {raises: {max: 4, half: 1}}, model.cells.b.death: {adds: {max: 0.3, half: 5}}}}
  third: {level: plasma, effects: {model.cells.c.death: {adds: {max: 0.4, half: 1, hill: 1.5}}}}
radiation:
  rays: {start: 2, every: 3, count: 2, dose: 2, alpha: 0.2, beta: 0.02, of: [b]}
surgery:
  cut: {at: 5, of: [a, b], region: bed, share: 0.75}
time: {end: 10, tolerance: 5e-4}
output: {at: [4.9]}
"""


def _file(folder: Path, comm: Comm) -> Path:
    file = folder / "treated.yaml"
    if comm.rank == 0:
        file.write_text(SCENARIO, encoding="utf-8")
    comm.barrier()
    return file


def _plasma(t: float) -> float:
    return sum(3.0 * 2.0 ** (-(t - 4.0 * k) / 1.5) for k in range(2) if t >= 4.0 * k)


def _pools(end: float) -> Any:
    """(tired, later, loss of c in all, loss of d in all), from one dose to the next."""

    def rates(t: float, y: Any) -> list[float]:
        level = _plasma(t) ** 1.5
        return [0.5 * _plasma(t) - 0.3 * y[0], y[0] - 0.1 * y[1], 0.4 * level / (1.0 + level), 0.01 * y[0]]

    y = np.array([0.2, 0.0, 0.0, 0.0])
    for begin, until in ((0.0, math.nextafter(4.0, 0.0)), (4.0, end)):
        y = solve_ivp(rates, (begin, until), y, rtol=1e-11, atol=1e-13).y[:, -1]
    return y


def test_a_well_mixed_tissue_under_treatment(comm: Comm, shared_tmp: Path) -> None:
    """Emax and Hill, effects that multiply and add, delayed ones, the linear-quadratic law, and what is cut out; all in the ledger."""
    with Simulation(_file(shared_tmp, comm), comm=comm) as run:
        run.run()
        assert run.recorded is not None
        row = run.row()
        before = {name: column[1] for name, column in run.recorded.series.items()}
    death = 0.2 * (1.0 - 0.8 * 4.0 / 13.0) * (1.0 + 4.0 * 5.0 / 6.0)
    survival = math.exp(-(0.2 * 2.0 + 0.02 * 4.0))
    tired, later, c, d = _pools(10.0)
    wanted = {
        "a.total": math.exp(-10.0 * death) * 0.625,
        "b.total": math.exp(10.0 * (0.1 - 0.15)) * survival**2 * 0.625,
        "b.radiation:rays": math.exp(-0.1) * (1.0 - survival) + survival * math.exp(-0.25) * (1.0 - survival),
        "a.surgery:cut": math.exp(-5.0 * death) * 0.375,
        "c.total": math.exp(-c),
        "d.total": math.exp(-d),
        "tired.level": tired,
        "later.level": later,
    }
    for name, value in wanted.items():
        parallel_assert(comm, abs(row[name] / value - 1.0) < 5e-3, f"{name}: {row[name]} instead of {value}")
    ledgers = [value for name, value in row.items() if name.endswith(".ledger")]
    parallel_assert(comm, len(ledgers) == 7 and max(ledgers) < 1e-12, f"ledgers {ledgers}")
    parallel_assert(comm, before["a.surgery:cut"] == 0.0 and before["b.radiation:rays"] > 0.0, "what was before surgery")
    came = 0.5 * 3.0 * 1.5 / math.log(2.0) * sum(1.0 - 2.0 ** (-t / 1.5) for t in (10.0, 6.0))
    parallel_assert(comm, abs(row["tired.came"] / came - 1.0) < 1e-12, f"{row['tired.came']} came, not {came}")


def test_a_treated_run_resumed(comm: Comm, shared_tmp: Path) -> None:
    """Between fractions and doses: the same bits of fields, pools and accounts; and on the same mesh again with fewer fractions."""
    file = _file(shared_tmp, comm)
    loose = {"time.tolerance": 1e-2}
    with Simulation(file, comm=comm, set=loose) as whole:
        whole.run()
        end, row = {name: whole[name] for name in whole.species}, whole.row()
        whole.restart(set={**loose, "radiation.rays.count": 1})
        whole.run()
        fewer = whole.row()
    parallel_assert(comm, fewer["b.radiation:rays"] < row["b.radiation:rays"], "one fraction takes less than two")
    folder = shared_tmp / "resumed"
    with Simulation(file, comm=comm, out=folder, set=loose) as first:
        while first.time < 4.5:
            first.step()
        first.checkpoint()
    with Simulation(file, comm=comm, out=folder, set=loose, resume=True) as second:
        second.run()
        same = all(np.array_equal(second[name], values) for name, values in end.items())
        parallel_assert(comm, same and second.row() == row, "another end after a restart")


def test_rates_that_become_negative_are_said(comm: Comm, shared_tmp: Path) -> None:
    """An inflow below 0, and cells that radiation would make more of."""
    file = _file(shared_tmp, comm)
    with refused("bad-rate", place="pool later"), Simulation(file, comm=comm, set={"model.pools.later.inflow": "tired - 3"}) as run:
        run.run()
    with refused("bad-rate", place="radiation rays"), Simulation(file, comm=comm, set={"radiation.rays.alpha": "0.2 - x"}) as run:
        run.run()
