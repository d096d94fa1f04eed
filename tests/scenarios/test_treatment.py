"""What arms of shipped scenarios of treatment show, beyond the numbers of the scenario as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from invasio.postprocess.run import Run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.scenarios.runs import run_shipped


def _arm(comm: Comm, out: Path, name: str, arm: str, *settings: str) -> Run:
    """An arm of a scenario, with further settings."""
    path = folder() / "treatment" / f"{name}.yaml"
    chosen = (load(path).arms or {})[arm]
    return run_shipped(path, out / arm, comm, *(f"{key}={value}" for key, value in chosen.items()), "arms=null", *settings)


def test_independent_kills_commute(comm: Comm, shared_tmp: Path) -> None:
    """Without its mechanism the order of two drugs leaves the same number of cells, which is that of a closed form."""
    left = {}
    for arm in ("antibody_first_off", "doxorubicin_first_off"):
        run = _arm(comm, shared_tmp, "two_drugs", arm, "mesh.cells=10", "output.every=33 d", "expect=[]")
        left[arm] = float(run.series["tumour.total"][-1])
    assert left["antibody_first_off"] == pytest.approx(left["doxorubicin_first_off"], rel=1e-3)
    assert left["antibody_first_off"] == pytest.approx(1645.3, rel=0.005)  # quadrature of exp(g t - E)
