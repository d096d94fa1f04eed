"""`invasio paraview`: the script of the standard views runs in the real ParaView, also after the folder was moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from invasio.postprocess.paraview import script
from invasio.postprocess.run import open_run
from invasio.solver.cli import main
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from tests.lib.comm import Comm
from tests.paraview.paraview import missing
from tests.unit.output.synthetic import cells_at, ecm_at
from tests.unit.postprocess.folders import make

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs the test environment: {missing()}")

SCENARIO = "name: a\nscales: {length: 200 um, time: 6 h}\nmodel: {cells: {tumour: {}}, ecm: {initial: 1}, solubles: {mmp: {}}}\n"
FRONT_AT = 0.2 + 0.05 * np.arctanh(0.98)  # at t = 0, where the synthetic cells are at 1 % of their largest density


def state(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    return {"tumour": cells_at(points, time), "ecm": ecm_at(points, time), "mmp": 0.5 * cells_at(points, time)}


def near(picture: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    return np.abs(picture - np.array(colour)).max(axis=2) < 0.03


def test_the_invaded_region_ends_where_the_front_is(comm: Comm, shared_tmp: Path) -> None:
    made = make(shared_tmp / "run", comm, 2, 40, [0.0, 1.5, 3.0], state, SCENARIO)
    script.write(open_run(made), [0.0, 3.0])
    moved = made.rename(shared_tmp / "moved")
    pictures = script.render(open_run(moved))
    assert [str(p.relative_to(moved)) for p in pictures] == [f"figures/paraview-{k}.png" for k in (1, 2)]
    for time, path in zip((0.0, 3.0), pictures, strict=True):
        picture = matplotlib.image.imread(path)[..., :3]
        assert picture.shape == (1280, 1600, 3)
        panel = picture[640:, 805:1480]  # below right, without the border and the legend
        left, right = near(panel, (0.0, 0.447, 0.698)), near(panel, (0.835, 0.369, 0.0))
        tissue = np.flatnonzero((left | right | near(panel, (0.88, 0.88, 0.88)))[320])
        ends, invaded = tissue[[0, -1]], np.flatnonzero((left | right)[320])
        assert 560 < ends[1] - ends[0] < 640
        share = (invaded[-1] - ends[0]) / (ends[1] - ends[0])
        assert share == pytest.approx(FRONT_AT + 0.1 * time, abs=0.01)
        assert right.any() == (share > 0.51)  # coloured by region: the right half is another one


@pytest.mark.parametrize(("dim", "n", "shape"), [(1, 50, (640, 800, 3)), (3, 8, (1280, 2400, 3))])
def test_one_and_three_dimensions(comm: Comm, shared_tmp: Path, dim: int, n: int, shape: tuple[int, ...], capsys: Any) -> None:
    run = make(shared_tmp / "run", comm, dim, n, [0.0, 2.0], state, SCENARIO)
    assert main(["paraview", str(run), "--render", "--times", "2"]) == 0
    said = capsys.readouterr().out.split()
    assert said == [str(run / "views.py"), str(run / "figures" / "paraview-1.png")]
    picture = matplotlib.image.imread(said[1])[..., :3]
    assert picture.shape == shape
    assert 0.02 < (picture.min(axis=2) < 0.9).mean() < 0.9
    assert len(np.unique((picture.reshape(-1, 3) * 255).astype(int), axis=0)) > 100


def test_vessels_are_drawn_in_their_colours(comm: Comm, shared_tmp: Path) -> None:
    """A blood network and a lymph wall stand in every view of a run, vermilion and green."""
    text = """
name: a
mesh: {kind: rectangle, cells: [10, 10]}
model:
  cells: {tumour: {initial: 1, motility: 1e-2}}
  vessels:
    tree: {carries: blood, at: {network: {tree: {from: [0.5, 0.1], direction: [0, 1], radius: 0.02, length: 0.8, generations: 0}}}, entry: {tumour: 1}}
    side: {carries: lymph, at: {boundary: left}, entry: {tumour: 1}}
time: {end: 0.1, step: 0.05}
output: {figures: false}
"""  # noqa: E501
    (shared_tmp / "a.yaml").write_text(text, encoding="utf-8")
    finished = run(load(shared_tmp / "a.yaml"), comm, shared_tmp / "run")
    opened = open_run(finished.folder)
    script.write(opened, [0.1])
    picture = matplotlib.image.imread(script.render(opened)[0])[..., :3]
    blood, lymph = near(picture, (0.835, 0.369, 0.0)), near(picture, (0.0, 0.62, 0.451))
    assert blood.sum() > 500 and lymph.sum() > 500
    assert np.flatnonzero(blood.any(axis=0)).mean() > np.flatnonzero(lymph.any(axis=0)).mean()
