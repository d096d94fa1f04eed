"""Running shipped scenarios as the command does, without pictures, and what must hold in every row of their series."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from invasio.hpc.cost.estimate import estimate
from invasio.postprocess.run import Run, open_run
from invasio.solver.run import run
from invasio.solver.scenario.columns import columns
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.shipped import Header
from tests.lib.comm import Comm

PATIENCE = 60.0  # seconds: a scenario that says it takes longer needs an entry in SHORTER

# Scenarios too slow for a test, with settings that make them short; their expected numbers must still be met.
SHORTER: dict[str, list[str]] = {
    "fits/matrigel": ["time.end=3 d", "output.every=1", "mesh.cells=[12, 12, 45]"],
    "tissue/crosslinked_collagen": ["mesh.cells=125"],
    "tissue/hypoxic_gland": ["mesh.size=40", "mesh.regions.gland.size=20", "time.end=5 d", "time.tolerance=3e-3"],
    "verification/activation": ["time.tolerance=1e-3"],
}

_SECONDS = {"s": 1.0, "second": 1.0, "seconds": 1.0, "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0}


def seconds(header: Header) -> float:
    """The cost that a scenario states, for example "20 s on one core"."""
    found = re.match(r"([\d.]+) (\w+) on one core", header.cost)
    if found is None or found[2] not in _SECONDS:
        raise ValueError(f"{header.path}: cost {header.cost!r} does not read as 'NUMBER s on one core'")
    return float(found[1]) * _SECONDS[found[2]]


def run_shipped(path: Path, out: Path, comm: Comm, *settings: str) -> Run:
    """Run a scenario file into a new folder and open the result; its series has the columns known beforehand, each with a unit."""
    scenario = load(path, ["output.figures=false", *settings])
    outcome = run(scenario, comm, out)
    if outcome.reason != "done":
        raise RuntimeError(f"{path} stopped early: {outcome.reason}")
    finished = open_run(outcome.folder)
    known, begun = columns(scenario)
    refused = [name for name in finished.series if name not in known and not name.startswith(begun)]
    missing = sorted(set(known) - set(finished.series)) if scenario.mesh.kind not in ("image", "file") else []
    assert not refused and not missing, f"{path}: not known beforehand: {refused}; not written: {missing}"
    without = [name for name in (*finished.series, *finished.fields) if not finished.units.get(name)]
    assert not without, f"{path}: columns and fields without a unit: {without}"
    return finished


def check_estimate(run_: Run) -> None:
    """What `validate --cost` says beforehand holds nodes, steps and disk that it took."""
    cost = estimate(load(run_.path / "resolved.yaml"), 1)
    disk = sum(path.stat().st_size for path in run_.path.rglob("*") if path.is_file())
    took = {"nodes": len(run_.points), "steps": int(run_.series["step"][-1]), "disk": disk}
    for name, value in took.items():
        low, high = getattr(cost, name)
        assert low <= value <= high, (name, low, value, high)


def check_promises(run_: Run) -> None:
    """In every row: the ledgers close to 1e-12 and no density is negative."""
    series = run_.series
    species = [name.removesuffix(".ledger") for name in series if name.endswith(".ledger")]
    assert species and len(series["time"]) == len(run_.times) > 1
    for name in species:
        assert series[f"{name}.ledger"].max() <= 1e-12, (name, series[f"{name}.ledger"])
        least = series.get(f"{name}.min", series.get(f"{name}.level"))  # pools have a level
        if name == "circulation":
            behind = ("blood.", "cavity.", "organ.")
            second = bool(run_.scenario["organs"].get("colony", {}).get("second"))  # cells in colonies of two stages have no mean
            means = {key: column for key, column in series.items() if key.startswith(behind) and not (second and key.endswith(".growing"))}
            least = np.min(list(means.values()), axis=0)
        assert least is not None and least.min() >= 0.0, (name, least)
