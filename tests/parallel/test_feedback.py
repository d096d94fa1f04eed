"""Means of the cascade in formulas of the tissue: the ledger, the same on any ranks and across a stop, and nothing else changes by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from invasio.postprocess.run import open_run
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.simulation import Simulation
from tests.lib.cascades import changed
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert

pytestmark = pytest.mark.mpi

SMALL = (("end: 2 y", "end: 200 d\n  step: 4 d"), ("every: 5", "every: 1, figures: false"))
STEPS = ("end: 10, step: 0.5", "end: 2, step: 0.25")
NAMES = ("after: none", "after: none\n  feedback: {seen: blood.cells, burden: organ.lungs.stuck}")
USED = (
    NAMES,
    ("rate: 0.3", 'rate: "0.3/(1 + burden/0.1)"'),
    ("extravasation: 0.8", 'extravasation: "0.8/(1 + seen/100)"'),
)


def scenario(comm: Comm, folder: Path, *more: tuple[str, str]) -> Path:
    """The scenario as a file, on all ranks."""
    path = folder / "feedback.yaml"
    if comm.rank == 0:
        path.write_text(changed(*SMALL, *more), encoding="utf-8")
    comm.barrier()
    return path


def test_names_that_no_formula_uses_change_nothing(comm: Comm, shared_tmp: Path) -> None:
    plain, named = shared_tmp / "plain", shared_tmp / "named"
    run(load(scenario(comm, shared_tmp, STEPS)), comm, plain)
    run(load(scenario(comm, shared_tmp, STEPS, NAMES)), comm, named)
    said = []
    if comm.rank == 0:
        one, other = open_run(plain).series, open_run(named).series
        tissue = [name for name in one if name.startswith(("tumour.", "vein.", "duct."))]
        said += [name for name in tissue if one[name].tolist() != other[name].tolist()]
        behind = [name for name in one if name.startswith(("organ.", "blood.", "circulation."))]
        said += [name for name in behind if not np.allclose(one[name], other[name], rtol=1e-10, atol=1e-12)]
        said += [] if len(tissue) > 10 and len(behind) > 50 and (plain / "cascade/events.csv").exists() else ["columns"]
        texts = [(folder / "cascade/events.csv").read_text(encoding="utf-8") for folder in (plain, named)]
        said += [] if texts[0] == texts[1] else ["history"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")


@pytest.mark.parametrize("steps", [STEPS, ("end: 10, step: 0.5", "end: 2, tolerance: 1e-3")])
def test_the_same_on_any_ranks_and_across_a_stop(comm: Comm, shared_tmp: Path, steps: tuple[str, str]) -> None:
    """With growth of colonies that is an integral over ages."""
    steps_and = (steps, *USED, ("micro: 50 cells", "growth: {kind: gompertz, rate: 0.1, limit: 1e8}, micro: 50 cells"))
    path, whole, parts, alone = scenario(comm, shared_tmp, *steps_and), shared_tmp / "whole", shared_tmp / "parts", shared_tmp / "alone"
    run(load(path), comm, whole)
    with Simulation(path, comm=comm, out=parts) as simulation:
        for _ in range(5):
            simulation.step()
    with Simulation(path, comm=comm, out=parts, resume=True) as simulation:
        simulation.run()
    if comm.rank == 0:
        run(load(path), MPI.COMM_SELF, alone)
    comm.barrier()
    said = []
    if comm.rank == 0:
        one, other, third = (open_run(folder).series for folder in (whole, parts, alone))
        said += [f"{name} across a stop" for name in one if one[name].tolist() != other[name].tolist()]
        said += [] if one["circulation.ledger"].max() < 1e-12 and one["tumour.ledger"].max() < 1e-12 else ["ledger"]
        names = [name for name in one if name.startswith(("organ.", "blood.", "tumour.total", "circulation.entered"))]
        said += [f"{name} on ranks" for name in names if not np.allclose(one[name], third[name], rtol=1e-9, atol=1e-9)]
        said += [] if one["blood.cells"][-1] > 1 and one["organ.lungs.stuck"][-1] > 0.1 else ["numbers"]
    parallel_assert(comm, not comm.bcast(said), f"wrong: {said}")
