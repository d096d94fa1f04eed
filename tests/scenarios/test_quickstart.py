"""The quick start: the cells leave the gland because they degrade the ECM and follow it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from invasio.postprocess.run import Run
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.scenarios.runs import check_estimate, check_promises, run_shipped

SHORT = "time.end=3 d"  # three of the five days show the difference
VARIANTS = {
    "whole": [],
    "no haptotaxis": ["model.cells.tumour.haptotaxis.ecm=0", SHORT],
    "no MMP-2": ["model.cells.tumour.secretes.mmp2=0", SHORT],
}


@pytest.fixture(scope="module")
def runs(comm: Comm) -> Iterator[dict[str, Run]]:
    """The quick start as it is, and with one thing switched off."""
    path = Path(comm.bcast(tempfile.mkdtemp(prefix="invasio-test-") if comm.rank == 0 else None))
    scenario = folder() / "quickstart.yaml"
    yield {name: run_shipped(scenario, path / name.replace(" ", "_"), comm, *changes) for name, changes in VARIANTS.items()}
    comm.barrier()
    if comm.rank == 0:
        shutil.rmtree(path, ignore_errors=True)


def stromal_share(run: Run) -> np.ndarray:
    """Share of the tumour cells that is in the stroma, at every output."""
    return np.asarray(run.series["tumour.in:stroma"] / run.series["tumour.total"])


def test_the_cells_leave_the_gland(runs: dict[str, Run]) -> None:
    """Hardly a cell is in the stroma at the start, more than a fifth at the end, more at every output; none is lost."""
    share = stromal_share(runs["whole"])
    assert share[0] < 1e-3
    assert share[-1] > 0.2
    assert (np.diff(share) > 0.0).all()
    total = runs["whole"].series["tumour.total"]
    assert np.abs(total / total[0] - 1.0).max() <= 1e-12


@pytest.mark.parametrize("variant", ["no haptotaxis", "no MMP-2"])
def test_fewer_leave_without(runs: dict[str, Run], variant: str) -> None:
    """Without haptotaxis, or without the enzyme, fewer get out by any time, after three days fewer than half as many."""
    less = stromal_share(runs[variant])
    whole = stromal_share(runs["whole"])[: len(less)]
    np.testing.assert_allclose(runs[variant].series["time"], runs["whole"].series["time"][: len(less)])
    assert less[0] == pytest.approx(whole[0], rel=1e-12)
    assert (less[1:] < whole[1:]).all()
    assert less[-1] < 0.5 * whole[-1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_promises(runs: dict[str, Run], variant: str) -> None:
    """Ledgers and signs, in each variant."""
    check_promises(runs[variant])
    check_estimate(runs[variant])
