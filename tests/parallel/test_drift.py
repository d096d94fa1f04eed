"""Drift with a stated velocity on several ranks: the same densities as on one, and no cell is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.verification.test_drift import sinking

pytestmark = pytest.mark.mpi


@pytest.mark.parametrize("dim", [1, 3])
def test_sinking_on_several_ranks(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """Crowded cells that grow: as on one rank, with the same count."""
    if comm.rank == 0:
        sinking(shared_tmp, dim, '"-v*(t > 0.3)*(1 - tumour/K)"', ", growth: {kind: logistic, rate: 0.1, capacity: K}", end=2.0, step=0.1)
    comm.barrier()
    path = shared_tmp / "sinking.yaml"
    with Simulation(path, comm=comm) as together, Simulation(path, comm=MPI.COMM_SELF) as alone:
        together.run()
        alone.run()
        difference = np.abs(together["tumour"] - alone["tumour"][np.searchsorted(alone.nodes, together.nodes)]).max()
        parallel_assert(comm, bool(difference < 1e-8), f"{difference:.1e}")
        totals = [one.row()["tumour.total"] for one in (together, alone)]
        parallel_assert(comm, abs(totals[0] / totals[1] - 1) < 1e-12, f"{totals}")
