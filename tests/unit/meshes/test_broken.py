"""Broken mesh files through the command line: code, place and remedy, exit code 3, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.files.writing import write
from invasio.solver.cli import main
from tests.lib.messages import printed, refused
from tests.unit.meshes.build import make, options
from tests.unit.meshes.writers import gmsh_session

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def save(path: Path, points: np.ndarray, cells: list[tuple[str, np.ndarray]], tags: list[list[int]] | None = None) -> None:
    data = {"material": [np.array(t) for t in tags]} if tags else None
    meshio.write_points_cells(path, points, cells, cell_data=data)


def not_flat(path: Path) -> None:
    save(path, SQUARE * [1, 1, 0] + np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0.5], [0, 0, 0]]), [("triangle", HALVES)], [[1, 1]])


def bent_line(path: Path) -> None:
    save(path, SQUARE, [("line", np.array([[0, 1], [1, 2]]))], [[1, 1]])


def folded(path: Path) -> None:
    cube = np.concatenate([SQUARE, SQUARE + np.array([0, 0, 1])])
    cube[6] = (0.5, 0.5, -0.5)
    save(path, cube, [("hexahedron", np.arange(8)[None])], [[1]])


def only_points(path: Path) -> None:
    save(path, SQUARE, [("vertex", np.arange(4)[:, None])], [[1, 1, 1, 1]])


def two_groups(path: Path) -> None:
    save(path, SQUARE, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [1, 2, 0]]))], [[1, 1, 2]])


def two_groups_in_gmsh(path: Path) -> None:
    with gmsh_session() as gmsh:
        surface = gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [surface], name="stroma")
        gmsh.model.addPhysicalGroup(2, [surface], name="bed")
        gmsh.option.setNumber("Mesh.MeshSizeMin", 2)
        gmsh.model.mesh.generate(2)
        gmsh.write(str(path))


def twice(path: Path) -> None:
    save(path, SQUARE, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [1, 2, 0]]))], [[1, 1, 1]])


def some_without_group(path: Path) -> None:
    with gmsh_session() as gmsh:
        surfaces = [gmsh.model.occ.addRectangle(x, 0, 0, 1, 1) for x in (0, 1)]
        gmsh.model.occ.fragment([(2, surfaces[0])], [(2, surfaces[1])])
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, surfaces[:1], name="stroma")
        gmsh.option.setNumber("Mesh.MeshSizeMin", 2)
        gmsh.option.setNumber("Mesh.SaveAll", 1)
        gmsh.model.mesh.generate(2)
        gmsh.write(str(path))


def flat_cell(path: Path) -> None:
    points = np.concatenate([SQUARE, [[2.0, 0, 0]]])
    save(path, points, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [0, 1, 4]]))], [[1, 1, 1]])


def double_nodes(path: Path) -> None:
    points = np.concatenate([SQUARE, SQUARE[[0, 2]]])
    save(path, points, [("triangle", np.array([[0, 1, 2], [4, 5, 3]]))], [[1, 1]])


def overlapping(path: Path) -> None:
    points = np.concatenate([SQUARE, [[0.4, 0.9, 0.0]]])
    save(path, points, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [0, 2, 4]]))], [[1, 1, 1]])


def loose_curve(path: Path) -> None:
    save(path, SQUARE, [("triangle", HALVES), ("line", np.array([[1, 3]]))], [[1, 1], [5]])


def in_and_out(path: Path) -> None:
    save(path, SQUARE, [("triangle", HALVES), ("line", np.array([[0, 1], [0, 2]]))], [[1, 1], [5, 5]])


def several_arrays(path: Path) -> None:
    data = {"a": [np.array([1, 1])], "b": [np.array([1, 2])]}
    meshio.write_points_cells(path, SQUARE, [("triangle", HALVES)], cell_data=data)


def not_a_number(path: Path) -> None:
    save(path, SQUARE * [[np.nan], [1], [1], [1]], [("triangle", HALVES)], [[1, 1]])


def rubbish(path: Path) -> None:
    path.write_text("this is no mesh\n")


def cut_off(path: Path) -> None:
    save(path.with_name("whole.vtu"), SQUARE, [("triangle", HALVES)])
    path.write_bytes(path.with_name("whole.vtu").read_bytes()[:300])


BROKEN: list[tuple[Callable[[Path], None], str, str, tuple[str, ...]]] = [
    (not_flat, ".vtu", "not-flat", ("z is not flat", "triangles", "(from 0 to 0.5)", "tetrahedra", "set z to 0")),
    (bent_line, ".vtu", "not-flat", ("y is not flat", "lines", "(from 0 to 1)", "triangles", "set y to 0")),
    (folded, ".vtu", "folded-cells", ("1 hexahedra", "(the first at (0.4", "mesh again")),
    (only_points, ".vtu", "no-cells", ("lines, triangles or tetrahedra",)),
    (two_groups, ".vtu", "overlapping-regions", ("1 cells", "'region_1' and 'region_2'", "(the first at (0.666667, 0.333333))")),
    (two_groups_in_gmsh, ".msh", "overlapping-regions", ("4 cells", "'stroma' and 'bed'", "(the first at (0.5, 0.166667))")),
    (twice, ".vtu", "repeated-cells", ("1 cells", "remove the copies")),
    (some_without_group, ".msh", "cells-without-group", ("4 cells", "(the first at (1.16667, 0.5))", "stroma", "regions: {NAME: 0}")),
    (flat_cell, ".vtu", "flat-cells", ("1 cells", "(the first, cell 2, at (1, 0))", "remove them or mesh again")),
    (double_nodes, ".vtu", "double-nodes", ("2 pairs", "(the first at (0, 0))", "Coherence Mesh", "removeDuplicateNodes()")),
    (overlapping, ".vtu", "overlapping-cells", ("1 facets", "(the first at (0.5, 0.5))", "mesh again")),
    (loose_curve, ".vtu", "loose-facets", ("1 of 1 facets", "'boundary_5'", "embed", "remove the group")),
    (in_and_out, ".vtu", "mixed-group", ("'boundary_5'", "outside (1 facets)", "inside the tissue (1)", "make two groups")),
    (several_arrays, ".vtu", "ambiguous-tags", ("(a, b)", "'tags: NAME'")),
    (not_a_number, ".vtu", "bad-coordinates", ("1 nodes",)),
]


@pytest.mark.parametrize(("make_file", "ending", "code", "says"), BROKEN, ids=[f.__name__ for f, *_ in BROKEN])
def test_message_and_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], make_file: Callable[[Path], None], ending: str, code: str, says: tuple[str, ...]
) -> None:
    path = tmp_path / f"mesh{ending}"
    make_file(path)
    capfd.readouterr()
    assert main(["mesh", "info", str(path)]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    printed(err, code, "file mesh" + ending if make_file is flat_cell else str(path), says=says)


@pytest.mark.parametrize(("make_file", "ending"), [(rubbish, ".msh"), (rubbish, ".xdmf"), (rubbish, ".obscure"), (cut_off, ".vtu")])
def test_unreadable_files(tmp_path: Path, capfd: pytest.CaptureFixture[str], make_file: Callable[[Path], None], ending: str) -> None:
    path = tmp_path / f"mesh{ending}"
    make_file(path)
    capfd.readouterr()
    assert main(["mesh", "info", str(path)]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    printed(err, "unreadable-file", str(path), "known formats are .msh, .vtu, .pvtu, .vtk, .pvd, .vtp, .pvtp, .vts, .vtr, .vti, .xdmf, ")
    assert len(err.splitlines()) == 1


def test_missing_file(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", "info", "nowhere.msh"]) == 3
    printed(capfd.readouterr().err, "file-not-found", "nowhere.msh", "check the name")


def test_names_and_tags_that_the_file_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "mesh.vtu"
    save(path, SQUARE, [("triangle", HALVES)], [[1, 2]])
    wanted: tuple[tuple[dict[str, Any], str, str, tuple[str, ...]], ...] = (
        ({"regions": {"bed": 9}}, "no-group", "the file has: 1, 2", ("region group 9", "'bed'")),
        ({"boundaries": {"skin": "rim"}}, "no-group", "the file has: none", ("boundary group 'rim'", "'skin'")),
        ({"tags": "label"}, "no-tags", "the file has: material", ("'label'",)),
        ({"interfaces": {"m": ["region_1", "bed"]}}, "no-region", "the mesh has: region_1, region_2", ("interface 'm'", "'bed'")),
    )
    for given, code, remedy, says in wanted:
        with refused(code, str(path), remedy, says):
            build_data(options("file", path=str(path), **given))


def test_convert_and_view_through_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from matplotlib.image import imread

    write(make("box", cells=[2, 2, 2]), tmp_path / "a.msh")
    assert main(["mesh", "convert", str(tmp_path / "a.msh"), str(tmp_path / "b.vtu")]) == 0
    assert make("file", path=str(tmp_path / "b.vtu")).regions == ("tissue",)
    assert main(["mesh", "view", str(tmp_path / "b.vtu"), "-o", str(tmp_path / "c.png")]) == 0
    assert imread(tmp_path / "c.png")[..., :3].std() > 0.05
    capfd.readouterr()
    assert main(["mesh", "convert", str(tmp_path / "a.msh"), str(tmp_path / "b.stl")]) == 3
    printed(capfd.readouterr().err, "unknown-format", f"{tmp_path}/b.stl", "known endings are .msh, .vtu, .xdmf", ("'.stl'",))
    write(make("interval", cells=2), tmp_path / "i.msh")
    assert main(["mesh", "convert", str(tmp_path / "i.msh"), str(tmp_path / "i.xdmf")]) == 3
    printed(capfd.readouterr().err, "unknown-format", f"{tmp_path}/i.xdmf", "use .msh or .vtu", ("XDMF", "interval"))
