"""Two things from outside the solver, without an edit in it: a pool behind a vessel's wall that pushes back, and surgery at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from scipy.integrate import solve_ivp

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import everywhere, parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.extensions import Adding, Pool, Surgery
from tests.lib.fields import amount, density
from tests.lib.march import March
from tests.lib.messages import refused
from tests.lib.models import lattice, species
from tests.lib.vessels import flux, tissue, vessel

pytestmark = pytest.mark.mpi

KAPPA, CLEARANCE, START = 0.5, 0.3, 0.2
TIGHT = SchemeOptions(linear=LinearOptions(rtol=1e-12))


def pool(problem: Any) -> Pool:
    """What passes the wall on the left."""
    return Pool(problem, "plasma", "drug", "vein", CLEARANCE)


def surgery(at: float) -> Any:
    """Half of the tumour where x < 0.3 is cut out, and some of another species put in."""
    return lambda problem: Surgery(problem, at, lambda points: points[:, 0] < 0.3, "tumour", 0.5, "gel", 2.0)


def body(comm: Comm, dim: int, diffusion: str = "1e3", *more: Any) -> Any:
    """A drug that passes a wall in both directions, a tumour that the drug in plasma kills, and a gel."""
    laws = (
        species("drug", "1", diffusion=diffusion),
        species("tumour", "exp(-x)", "cells", diffusion="1e-2", growth="0.1 - plasma"),
        species("gel", "0.1"),
    )
    wall = vessel("vein", "boundary", ["left"], flux("drug", str(KAPPA), inside="plasma"))
    adding = [Adding({"plasma": START}, pool), *more]
    return tissue(laws, lattice(dim, 6 if dim > 1 else 20), comm, [wall], extensions=adding), adding


def exact(t: float) -> tuple[float, float]:
    """Amounts in the tissue, of size 1 and well mixed, and in the pool."""

    def rates(_: float, y: Any) -> Any:
        flow = KAPPA * (y[0] - y[1])
        return [-flow, flow - CLEARANCE * y[1]]

    end = solve_ivp(rates, (0.0, t), [1.0, START], rtol=1e-11, atol=1e-13).y[:, -1]
    return float(end[0]), float(end[1])


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_pool_fills_and_empties(comm: Comm, dim: int) -> None:
    """Two compartments against SciPy, order 2; both ledgers to 1e-12."""
    errors = []
    for steps in (8, 16, 32):
        problem, adding = body(comm, dim)
        march = March(problem, TIGHT, extensions=adding).steps(4.0 / steps, steps, balanced=True)
        tissue_amount, plasma = exact(4.0)
        errors.append(abs(amount(problem, "drug") - tissue_amount) + abs(march.scalar("plasma") - plasma))
        parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
        cleared = march.account("plasma", "cleared")
        closed = amount(problem, "drug") + march.scalar("plasma") + cleared
        parallel_assert(comm, abs(closed - 1.0 - START) < 1e-10, f"drug in all places {closed}")
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    parallel_assert(comm, bool((orders > 1.7).all()), f"errors {errors}, orders {orders}")


def test_a_step_may_be_refused_and_a_run_resumed(comm: Comm) -> None:
    """The same as alone, and a restart after rejected steps repeats every bit, the pool's too."""
    problem, adding = body(comm, 2, "0.1")
    alone, _ = body(MPI.COMM_SELF, 2, "0.1")
    march = March(problem, TIGHT, extensions=adding).steps(0.1, 4, tried=2.0)
    half = march.snapshot()
    march.steps(0.1, 4, tried=2.0, balanced=True)
    single = March(alone, TIGHT, extensions=adding).steps(0.1, 8, tried=2.0)
    same_densities(problem, alone, 1e-9)
    same_accounts(march, single, 1e-9)
    again, _ = body(comm, 2, "0.1")
    resumed = March.restored(again, half, TIGHT, extensions=adding).steps(0.1, 4, tried=2.0, balanced=True)
    same_bits(problem, again)
    parallel_assert(comm, resumed.scalar("plasma") == march.scalar("plasma"), "plasma after a restart")
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts after a restart")
    parallel_assert(comm, resumed.worst < 1e-12 and march.worst < 1e-12, "ledger")


@pytest.mark.parametrize("step", [0.3, None])
def test_surgery_happens_at_its_time(comm: Comm, step: float | None) -> None:
    """Steps end at it, it happens once, it is booked, and the output at its time shows what was before."""
    at = 0.55
    problem, adding = body(comm, 2, "0.1", Adding({}, surgery(at)))
    march = March(problem, TIGHT, extensions=adding)
    march.run(1.2, outputs=(at,), step=step, tolerance=1e-4)
    march.balance()
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    x = everywhere(problem, "gel")
    cut = problem.graph.comm.allreduce(float((problem.graph.mass * (problem.graph.points[:, 0] < 0.3))[: problem.graph.n_owned].sum()))
    parallel_assert(comm, set(np.round(x, 12)) == {0.1, 2.1}, "the gel is not what it was with what was put in")
    parallel_assert(comm, abs(march.account("gel", "implanted") - 2.0 * cut) < 1e-12, "what was put in is not booked")
    parallel_assert(comm, march.account("tumour", "resected") > 0.0, "what was cut out is not booked")
    reached = np.cumsum(march.watched.sizes)
    parallel_assert(comm, bool((np.abs(reached - at) < 1e-12).any()), "no step ends at the surgery")
    parallel_assert(comm, at in march.watched.outputs, "no output at the surgery")


def test_what_is_due_survives_a_restart(comm: Comm) -> None:
    """A run stopped at the very time of the surgery, before it, does it when it is resumed; one stopped after does not repeat it."""
    at, more = 0.5, Adding({}, surgery(0.5))
    problem, adding = body(comm, 2, "0.1", more)
    march = March(problem, TIGHT, extensions=adding)
    march.run(at, step=0.25)
    before = march.snapshot()
    parallel_assert(comm, march.account("gel", "implanted") == 0.0, "the surgery happened before its time was over")
    march.run(1.0, step=0.25)
    after = march.snapshot()
    again, _ = body(comm, 2, "0.1", more)
    resumed = March.restored(again, before, TIGHT, extensions=adding)
    resumed.run(1.0, step=0.25)
    same_bits(problem, again)
    parallel_assert(comm, resumed.shares() == march.shares(), "accounts")
    late, _ = body(comm, 2, "0.1", more)
    once = March.restored(late, after, TIGHT, extensions=adding)
    once.run(1.5, step=0.25)
    parallel_assert(comm, once.account("gel", "implanted") == march.account("gel", "implanted"), "the surgery was repeated")


def test_formulas_read_the_pool(comm: Comm) -> None:
    """Growth 0.1 - A of the tumour: its amount decays by exp of the integral of that, to second order."""
    errors = []
    for steps in (16, 32):
        problem, adding = body(comm, 1)
        start = amount(problem, "tumour")
        March(problem, TIGHT, extensions=adding).steps(4.0 / steps, steps)
        grid = np.linspace(0.0, 4.0, 2001)
        plasma = np.array([exact(t)[1] if t else START for t in grid[::20]])
        integral = np.trapezoid(0.1 - np.interp(grid, grid[::20], plasma), grid)
        errors.append(abs(amount(problem, "tumour") / start / np.exp(integral) - 1.0))
    parallel_assert(comm, errors[1] < 2e-3 and errors[0] / errors[1] > 2.5, f"errors {errors}")
    parallel_assert(comm, bool((density(problem, "tumour") > 0.0).all()), "the tumour is gone")


def test_checkpoints_hold_the_pool(comm: Comm, shared_tmp: Path) -> None:
    """Through the file, on any number of ranks."""
    problem, adding = body(comm, 1, "0.1")
    march = March(problem, TIGHT, extensions=adding).steps(0.1, 3)
    march.save(shared_tmp)
    again, _ = body(comm, 1, "0.1")
    loaded = March.loaded(again, shared_tmp, 0.1, TIGHT, extensions=adding)
    parallel_assert(comm, loaded.scalar("plasma") == march.scalar("plasma"), "plasma in a checkpoint")
    march.steps(0.1, 2)
    loaded.steps(0.1, 2)
    same_bits(problem, again)


SCENARIO = """
schema_version: 1
mesh: {kind: rectangle, to: [1, 1], cells: [8, 8]}
model:
  cells: {tumour: {initial: "exp(-x)", motility: 1e-2, death: "plasma"}}
  solubles: {drug: {initial: 1, diffusion: 0.1}, gel: {diffusion: 0.1, initial: 0.1}}
  vessels: {vein: {carries: blood, at: {boundary: left}, exchange: {drug: {permeability: 0.5, inside: plasma}}}}
time: {end: 1, step: 0.05}
output: {every: 0.25, figures: false}
"""


def test_a_simulation_with_extensions(comm: Comm, shared_tmp: Path) -> None:
    """Formulas of the YAML name the scalar; series.csv has the pool; stopped between and resumed, the run ends with the same bits."""
    file = shared_tmp / "pool.yaml"
    if comm.rank == 0:
        file.write_text(SCENARIO)
    comm.barrier()
    adding = [Adding({"plasma": START}, pool, surgery(0.4))]
    with Simulation(file, comm=comm, extensions=adding) as whole:
        whole.run()
        assert whole.recorded is not None
        series = whole.recorded.series
        end = {name: whole[name] for name in whole.species}
    parallel_assert(comm, series["plasma.amount"][-1] > START, "the pool did not fill")
    parallel_assert(comm, series["tumour.resected"][-1] > 0.0 == series["tumour.resected"][1], "the surgery is not in the series")
    worst = max(series[name].max() for name in ("plasma.ledger", "tumour.ledger", "drug.ledger", "gel.ledger"))
    parallel_assert(comm, worst < 1e-12, f"ledger {worst:.1e}")
    with Simulation(file, comm=comm, out=shared_tmp / "run", extensions=adding) as first:
        while first.time < 0.6:
            first.step()
        first.checkpoint()
    with Simulation(file, comm=comm, out=shared_tmp / "run", resume=True, extensions=adding) as second:
        parallel_assert(comm, 0.55 < second.time < 0.65, f"resumed at {second.time}")
        second.run()
        for name, values in end.items():
            parallel_assert(comm, np.array_equal(second[name], values), f"{name} after a restart")
        second.restart(set={"model.cells.tumour.motility": 2e-2})
        second.run()
        again = {name: second[name] for name in second.species}
    with Simulation(file, comm=comm, set={"model.cells.tumour.motility": 2e-2}, extensions=adding) as fresh:
        fresh.run()
        for name, values in again.items():
            parallel_assert(comm, np.array_equal(fresh[name], values), f"{name} after a restart with another motility")


def test_names_of_scalars_are_declared_and_free(comm: Comm, shared_tmp: Path) -> None:
    """Without the extension the name is unknown; a scalar called as a species is refused."""
    file = shared_tmp / "pool.yaml"
    if comm.rank == 0:
        file.write_text(SCENARIO)
    comm.barrier()
    with refused("unknown-name", place="pool.yaml"):
        Simulation(file, comm=comm, set={"model.cells.tumour.death": 0.1})
    with refused("repeated-name"):
        Simulation(file, comm=comm, extensions=[Adding({"plasma": 0.0, "drug": 1.0})])
