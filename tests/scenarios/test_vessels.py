"""The shipped tissues with vessels: when cells enter, where, and that none is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from invasio.postprocess.run import Run
from invasio.postprocess.vessels import wall_lines
from invasio.solver.scenario.shipped import folder
from tests.lib.comm import Comm
from tests.scenarios.runs import check_estimate, check_promises, run_shipped


def counts(run: Run, account: str) -> np.ndarray:
    """Cells entered at every output."""
    return np.asarray(run.series[account])


def test_a_lymph_vessel_of_the_colon(comm: Comm, shared_tmp: Path) -> None:
    """Nobody enters before the wall opens; with a whole wall nobody at all; without a wall at once, and more."""
    short = ["time.end=48 h", "time.tolerance=3e-3"]
    path = folder() / "tissue/colon_lymph.yaml"
    run = run_shipped(path, shared_tmp / "opens", comm, *short)
    check_promises(run)
    check_estimate(run)
    entered, first = counts(run, "tumour.lymph:lacuna"), float(run.series["lacuna.first_breach"][-1])
    assert 20.0 < first < 40.0
    before = run.times < first - 6.0
    assert entered[before].max() == 0.0 < entered[-1]
    assert (np.diff(entered) >= 0.0).all() and float(run.series["lacuna.integrity_min"][-1]) < 0.6
    total = run.series["tumour.total"]
    assert np.abs((total + entered) / total[0] - 1.0).max() < 1e-12
    bare = run_shipped(path, shared_tmp / "bare", comm, *short, "model.vessels.lacuna.wall=null")
    assert counts(bare, "tumour.lymph:lacuna")[-1] > 1.2 * entered[-1]
    assert set(wall_lines(run)) == {"lymph"} and np.isfinite(wall_lines(run)["lymph"]).any()


def test_a_block_with_a_blood_tree_and_a_lymph_vessel(comm: Comm, shared_tmp: Path) -> None:
    """Cells enter the torn branch most, lymph after its wall opens; branches add up; blood brings what oxygen is taken up."""
    settings = ["mesh.cells=[8, 8, 8]", "time.end=36 h", "time.tolerance=3e-3", "expect=[]"]
    run = run_shipped(folder() / "tissue/tissue_block_3d.yaml", shared_tmp / "run", comm, *settings)
    check_promises(run)
    check_estimate(run)
    series = run.series
    branches = {name: float(series[name][-1]) for name in series if name.startswith("blood/") and name.endswith(".entered:tumour")}
    area = max(branches, key=lambda name: branches[name])
    assert area == "blood/11.entered:tumour", branches
    assert len(branches) > 15 and abs(sum(branches.values()) / series["tumour.blood:blood"][-1] - 1.0) < 1e-12
    assert series["tumour.lymph:lymph"][1] < 0.05 * series["tumour.lymph:lymph"][-1]
    given, used = -series["oxygen.blood:blood"][-1], series["oxygen.dead"][-1]
    assert abs(given / used - 1.0) < 0.02
    lines = wall_lines(run, 200.0)
    assert "blood" in lines and np.isfinite(lines["blood"]).any()


MANY = """
schema_version: 1
name: many
mesh: {kind: box, to: [1, 1, 1], cells: [4, 4, 4]}
model:
  cells: {tumour: {initial: 1, motility: 1e-3}}
  vessels:
    blood: {carries: blood, entry: {tumour: 0.1}, at: {network: {tree: {from: [.5, .1, .5], seed: 1, TREE}}}}
    lymph: {carries: lymph, entry: {tumour: 0.1}, at: {network: {tree: {from: [.5, .1, .4], seed: 2, TREE}}}}
time: {end: 1, step: 0.1}
output: {every: 0.1}
""".replace(
    "TREE",
    "direction: [0, 1, 0], radius: 0.01, length: 0.2, generations: 12, within: {kind: box, from: [.02, .02, .02], to: [.98, .98, .98]}",
)


def test_thousands_of_segments_cost_what_they_hold(comm: Comm, shared_tmp: Path) -> None:
    """More than 12,000 segments: a number for each and output in one table, and six points of a tube for each, packed."""
    path = shared_tmp / "many.yaml"
    path.write_text(MANY, encoding="utf-8")
    run = run_shipped(path, shared_tmp / "run", comm)
    check_promises(run)
    check_estimate(run)
    segments, outputs = sum(len(run.parts(name)["names"]) for name in ("blood", "lymph")), len(run.times)
    assert segments > 12_000 and outputs == 11
    sizes = {file.name: file.stat().st_size for file in run.path.iterdir() if file.is_file()}
    still, each = 6 * (24 + 3 * 8 + 8 + 5 + 3 * 8) + 8 + 16, 6 * 8 + 2 * 8  # bytes of a segment, at the start and per output, unpacked
    assert sizes["vessels.vtkhdf"] < 0.6 * segments * (still + each * outputs) + 2**20
    assert sizes["fields.vtkhdf"] < 2**20 and sizes["series.csv"] < 2**14 and len(run.series) < 40
    beside = sum(file.stat().st_size for file in (run.path / "checkpoints").iterdir())
    assert beside < segments * 400 + 2**20
