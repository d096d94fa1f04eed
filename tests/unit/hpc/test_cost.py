"""`validate --cost`: nodes as the meshes have them, steps as the clock makes them, work that grows as it should."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

from invasio.hpc.cost.estimate import estimate, text
from invasio.hpc.cost.nodes import mesh_size
from invasio.meshes import hdf5
from invasio.meshes.build import build_data
from invasio.meshes.domain import MeshData
from invasio.solver.cli import main
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.schema import Scenario

BASE = """\
mesh: {mesh}
model: {{cells: {{tumour: {{initial: 1, motility: 1e-3}}}}, ecm: {{initial: 1}}}}
time: {time}
"""


def scenario(tmp_path: Path, mesh: str, time: str = "{end: 1, step: 0.1}") -> Scenario:
    path = tmp_path / "s.yaml"
    path.write_text(BASE.format(mesh=mesh, time=time))
    return load(path)


@pytest.mark.parametrize(
    "mesh",
    [
        "{kind: interval, size: 0.013}",
        "{kind: rectangle, to: [1, 2], size: 0.1}",
        "{kind: rectangle, cells: [7, 3], diagonal: crossed}",
        "{kind: box, cells: [3, 4, 5]}",
    ],
)
def test_lattices_are_counted_exactly(tmp_path: Path, mesh: str) -> None:
    options = scenario(tmp_path, mesh).mesh
    size, data = mesh_size(options), build_data(options)
    assert (size.low, size.high, size.dim) == (len(data.points), len(data.points), data.points.shape[1])


@pytest.mark.parametrize(
    "mesh",
    [
        "{kind: disc, size: 0.05}",
        "{kind: rectangle, size: 0.04, structured: false, regions: {in: {kind: disc, centre: [0.5, 0.5], radius: 0.2, size: 0.01}}}",
        "{kind: ball, size: 0.25}",
        "{kind: image, image: 'skimage:immunohistochemistry', size: 12, regions: {epithelium: brown, stroma: blue}}",
    ],
)
def test_other_meshes_are_within_their_range(tmp_path: Path, mesh: str) -> None:
    options = scenario(tmp_path, mesh).mesh
    size, nodes = mesh_size(options), len(build_data(options).points)
    assert size.low <= nodes <= size.high, (size, nodes)
    assert size.dim == (3 if "ball" in mesh else 2)


@pytest.mark.parametrize("ending", ["gmsh22.msh", "gmsh.msh", "vtu", "h5"])
def test_files_are_counted_from_their_head(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.0]])
    tags = {"gmsh:physical": [np.array([1, 1])], "gmsh:geometrical": [np.array([1, 1])]}
    mesh = meshio.Mesh(points, [("triangle", np.array([[0, 1, 2], [1, 3, 2]]))], cell_data=tags, field_data={"tissue": np.array([1, 2])})
    path = tmp_path / f"square.{ending.rpartition('.')[2]}"
    if ending == "h5":
        hdf5.write(MeshData(points[:, :2], mesh.cells[0].data, np.zeros(2, dtype=np.int32), ("tissue",)), path)
    elif ending == "vtu":
        meshio.Mesh(points, mesh.cells).write(path, binary=False)
    else:
        mesh.write(path, file_format=ending.partition(".")[0], binary=False)
    options = scenario(tmp_path, f"{{kind: file, path: {path.name}}}").mesh
    monkeypatch.setattr("invasio.meshes.importer.import_mesh", lambda *_: pytest.fail("the whole file is read"))
    assert (mesh_size(options).low, mesh_size(options).high, mesh_size(options).dim) == (4, 4, 2)


def test_fixed_steps_are_counted_and_work_is_in_proportion(tmp_path: Path) -> None:
    mesh = "{kind: box, cells: [99, 99, 99]}"
    one = estimate(scenario(tmp_path, mesh), 1)
    more = estimate(scenario(tmp_path, mesh, "{end: 1, step: 0.01}"), 1)
    assert (one.nodes, one.steps[0], more.steps[0]) == ((10**6, 10**6), 10, 100)
    assert more.core_seconds[0] - one.core_seconds[0] == pytest.approx(90 * (0.1 + 1.5e-4))
    assert one.memory[0] < estimate(scenario(tmp_path, mesh), 8).memory[0]
    assert one.disk[1] >= 11 * 2 * 8 * 10**6 + 10**6 * (24 + 6 * 40)
    tight = estimate(scenario(tmp_path, mesh, "{end: 1, tolerance: 1e-6}"), 1)
    loose = estimate(scenario(tmp_path, mesh, "{end: 1}"), 1)
    assert tight.steps[1] == pytest.approx(1e3**0.5 * loose.steps[1], rel=0.01)  # steps of second order whose error is tolerance^(3/2)
    assert "core-hours" in text(one, 1) and "assuming" in text(one, 1)


def test_the_command_says_it_for_a_whole_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "scenarios/sweeps/haptotaxis_mmp.yaml", "--cost", "-n", "2"]) == 0
    said = capsys.readouterr().out
    assert "nodes       51\n" in said and "sweep       12 members" in said and "the whole sweep: " in said and "2 ranks" in said
