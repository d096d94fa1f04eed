"""What the error control remembers goes with a checkpoint, and what it tries leaves nothing behind, on any number of ranks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from invasio.solver.simulation import Simulation
from tests.lib import scenarios
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.parallel.test_simulation import different, finished, made

pytestmark = pytest.mark.mpi

ADAPTIVE: dict[str, object] = {"time.step": None, "time.tolerance": 1e-3, "time.first_step": 0.4}  # far too large


@pytest.mark.parametrize("name", scenarios.ALL)
def test_a_run_resumed_after_any_step_has_the_same_bits(comm: Comm, shared_tmp: Path, name: str) -> None:
    """First steps that are tried, rejected and halved among them; the ledger holds to rounding, whatever was tried."""
    path = made(comm, shared_tmp, name)
    with Simulation(path, comm=comm, set=ADAPTIVE) as whole:
        expected = finished(whole)
    ledgers = [float(value) for key, value in expected.items() if key.endswith(".ledger")]
    parallel_assert(comm, bool(ledgers) and max(map(abs, ledgers)) < 1e-12, f"ledgers {ledgers}")
    for count in (2, 7):
        out = shared_tmp / f"after {count}"
        with Simulation(path, comm=comm, set=ADAPTIVE, out=out) as part:
            while part.steps < count and not part.done:
                part.step()
            part.checkpoint()
        with Simulation(path, comm=comm, set=ADAPTIVE, out=out, resume=True) as rest:
            parallel_assert(comm, different(expected, finished(rest)) == [], f"other bits after step {count}")
        comm.barrier()
        if comm.rank == 0:
            shutil.rmtree(out)
