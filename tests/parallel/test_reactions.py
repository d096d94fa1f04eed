"""Reactions of a scenario on any number of ranks: the same as on one, every account closed, the bits of a run after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

from invasio.meshes.build import build_domain
from invasio.solver.discretise.problem import Problem, discretise
from invasio.solver.model.build import build_model
from invasio.solver.scenario.loader import load
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_accounts, same_bits, same_densities
from tests.lib.fields import least
from tests.lib.march import March

pytestmark = pytest.mark.mpi

# partners that move, stay and are in balance at all times; a catalyst, a law of one's own, nothing of some at most nodes
TEXT = """
schema_version: 1
name: reactions
mesh: {kind: MESH}
model:
  cells: {tumour: {initial: "exp(-20*x^2)", motility: 1e-2, growth: {kind: logistic, rate: 0.5}}}
  solubles:
    ligand: {initial: "0.5*(1 + x)", diffusion: 0.1, decay: 0.1, production: 0.2}
    complex: {diffusion: 1e-3}
    drug: {initial: "where(x < 0.3, 1, 0)", diffusion: 1e-3}
    oxygen: {initial: 1, diffusion: 1, decay: "0.1 + tumour", production: 1, quasi_steady: true}
  reactions:
    binding: {equation: "free + ligand <-> complex", forward: 1e3, backward: 50}
    cut: {equation: "complex + tumour -> free + tumour + 2 piece", rate: 5}
    uptake: {equation: "drug -> inside", law: "oxygen*tumour*drug/(0.1 + drug)"}
    killing: {equation: "tumour + inside -> inside", rate: 2}
species: {free: {initial: "exp(-20*x^2)"}, piece: {diffusion: 0.2, loss: 0.3}, inside: {}}
boundaries: {left: {ligand: {kind: fixed, value: "0.2 + 0.1*t"}}}
time: {end: 0.5, step: 0.05}
output: {every: 0.25, figures: false}
"""
DT, STEPS = 0.05, 3
MESHES = {1: "interval, to: 1, cells: 16", 2: "rectangle, to: [1, 1], cells: [6, 6]", 3: "box, to: [1, 1, 1], cells: [3, 3, 3]"}


def posed(comm: Comm, folder: Path, dim: int) -> Problem:
    """The scenario on its mesh."""
    path = folder / f"reactions_{comm.size}_{MPI.COMM_WORLD.rank}.yaml"
    path.write_text(TEXT.replace("MESH", MESHES[dim]), encoding="utf-8")
    scenario = load(path)
    return discretise(build_model(scenario), build_domain(scenario.mesh, comm))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_on_any_number_of_ranks(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """Ledger to 1e-12, the same on one rank, what the stoichiometry says of accounts, and every bit after a restart at any step."""
    problem, alone = posed(comm, shared_tmp, dim), posed(MPI.COMM_SELF, shared_tmp, dim)
    march, single = March(problem), March(alone).steps(DT, STEPS, tried=2.0)
    before = []
    for _ in range(STEPS):
        before.append(march.snapshot())
        march.steps(DT, 1, tried=2.0, balanced=True)
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    same_densities(problem, alone, 1e-6)
    same_accounts(march, single, 1e-6, relative=True)
    for name in problem.species:
        parallel_assert(comm, least(problem, name) >= 0.0, f"{name} is negative")
    book = march.accounts()
    bound = [book[name]["reaction:binding"] for name in ("free", "complex")]
    cut = [book[name]["reaction:cut"] for name in ("free", "complex", "piece")]
    parallel_assert(comm, abs(bound[0] - bound[1]) < 1e-13 and abs(bound[0]) > 1e-3, f"binding {bound}")
    parallel_assert(comm, max(abs(cut[0] - cut[1]), abs(2 * cut[0] - cut[2])) < 1e-13 and cut[0] > 1e-3, f"cut {cut}")
    parallel_assert(comm, "reaction:cut" not in book["tumour"] and "reaction:killing" not in book["inside"], "catalysts")
    for taken in range(STEPS) if dim == 1 else (1,):
        again = posed(comm, shared_tmp, dim)
        resumed = March.restored(again, before[taken]).steps(DT, STEPS - taken, tried=2.0)
        same_bits(problem, again)
        parallel_assert(comm, resumed.shares() == march.shares(), f"accounts after a restart at step {taken}")
