"""Blocks of biology together on several ranks: the numbers of one rank, and of a run that was stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

import invasio
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.tables import EFFORT, different

pytestmark = pytest.mark.mpi

BLOCKS = """\
schema_version: 1
name: blocks
fields: {fed: {regions: {bed: 1, tissue: 2}}}
mesh: {kind: rectangle, cells: [6, 4], regions: {bed: {kind: rectangle, from: [0, 0], to: [0.5, 1]}}}
model:
  cells:
    tumour:
      initial: {bed: "exp(-(x - 0.2)^2/0.02)"}
      motility: {bed: 1e-2, tissue: 5e-3}
      haptotaxis: {collagen: 1e-2, fibrin: 2e-2}
      secretes: {mmp: {kind: contact, rate: 1}}
      growth: {kind: volume_filling, rate: 1, capacity: 2}
      pores: {open_below: 0.5, closed_above: 1.1}
      becomes: {follower: 0.5*oxygen}
      killed_by: {immune: 0.5*fed}
      anoikis: {rate: 0.5, half: 0.2}
      uptake: {oxygen: {maximum: 2, half: 0.1}}
      necrosis: {oxygen: {rate: 2, below: 0.9, full_below: 0.1}}
    follower: {initial: 0.01, motility: 1e-2, follows: {tumour: 2e-2}, growth: {kind: logistic, rate: 1, shared_with: [immune]}}
    immune: {initial: 0.1, motility: 1e-2, growth: {kind: logistic, rate: 0.5, shared_with: [follower]}}
  ecm:
    collagen: {initial: 0.3 + 0.1*x, degraded_by: {mmp: 5}, releases: {tgf: 0.5}, remodelling: 0.1}
    bundles: {initial: 0.7, opened_by: {mmp: 3, tumour: 1}, opens_into: collagen}
    fibrin: {initial: 0.1, deposited_by: {tumour: 0.2}, degraded_by: {mmp: 1}, becomes: {bundles: 0.1}}
  solubles:
    oxygen: {initial: 1, diffusion: 0.1, quasi_steady: true}
    mmp: {initial: 0.01, diffusion: 1e-2, decay: 0.5}
    tgf: {initial: 0.01, diffusion: 1e-2}
boundaries: {right: {oxygen: {kind: fixed, value: 1}}}
time: {end: 0.4, step: 0.05}
numerics: {linear: {rtol: 1e-12}}
output: {every: 0.2, figures: false}
"""


@pytest.fixture
def path(comm: Comm, shared_tmp: Path) -> Path:
    """The scenario as a file that all ranks see."""
    found = shared_tmp / "blocks.yaml"
    if comm.rank == 0:
        found.write_text(BLOCKS, encoding="utf-8")
    comm.barrier()
    return found


def test_the_numbers_are_those_of_one_rank(comm: Comm, path: Path) -> None:
    """Every column of the series; ledgers to 1e-12."""
    together, alone = invasio.run(path, comm=comm, out=None), invasio.run(path, comm=MPI.COMM_SELF, out=None)
    found = different(together.series, alone.series, atol=1e-9, ignored=EFFORT)
    ledgers = [float(np.abs(values).max()) for name, values in together.series.items() if name.endswith(".ledger")]
    parallel_assert(comm, not found and max(ledgers) < 1e-12, f"{found} {max(ledgers)}")


def test_a_run_that_is_resumed_goes_on_as_if_it_had_not_stopped(comm: Comm, path: Path, shared_tmp: Path) -> None:
    """Half of it, then the rest from the checkpoint."""
    whole = invasio.run(path, comm=comm, out=shared_tmp / "whole")
    invasio.run(path, comm=comm, out=shared_tmp / "parts", set={"time.end": 0.2})
    resumed = invasio.run(path, comm=comm, out=shared_tmp / "parts", resume=True, set={"time.end": 0.2}, until=0.4)
    found = different(resumed.series, whole.series, atol=0.0 if comm.size == 1 else 1e-15, ignored=EFFORT)
    parallel_assert(comm, not found, found)
