"""Broken mesh files through the command line: the exact message, exit code 3, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.meshio_files import write
from invasio.solver.cli import main
from invasio.solver.errors import MeshError
from tests.unit.meshes.build import make, options
from tests.unit.meshes.test_files import BODIES, original, through_gmsh

SQUARE = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
HALVES = np.array([[0, 1, 2], [0, 2, 3]])


def save(path: Path, points: np.ndarray, cells: list[tuple[str, np.ndarray]], tags: list[list[int]] | None = None) -> None:
    data = {"material": [np.array(t) for t in tags]} if tags else None
    meshio.write_points_cells(path, points, cells, cell_data=data)


def no_groups(path: Path) -> None:
    save(path, SQUARE, [("triangle", HALVES)])


def gmsh_without_groups(path: Path) -> None:
    write(original(*BODIES[1]), path.with_name("with.msh"))
    through_gmsh(path.with_name("with.msh"), path, 4.1, groups=False)


def not_flat(path: Path) -> None:
    save(path, SQUARE * [1, 1, 0] + np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0.5], [0, 0, 0]]), [("triangle", HALVES)], [[1, 1]])


def bent_line(path: Path) -> None:
    save(path, SQUARE, [("line", np.array([[0, 1], [1, 2]]))], [[1, 1]])


def quads(path: Path) -> None:
    save(path, SQUARE, [("quad", np.array([[0, 1, 2, 3]]))], [[1]])


def hexahedra(path: Path) -> None:
    save(path, np.concatenate([SQUARE, SQUARE + np.array([0, 0, 1])]), [("hexahedron", np.arange(8)[None])], [[1]])


def only_points(path: Path) -> None:
    save(path, SQUARE, [("vertex", np.arange(4)[:, None])], [[1, 1, 1, 1]])


def two_groups(path: Path) -> None:
    save(path, SQUARE, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [1, 2, 0]]))], [[1, 1, 2]])


def two_groups_in_gmsh(path: Path) -> None:
    import gmsh

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        surface = gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [surface], name="stroma")
        gmsh.model.addPhysicalGroup(2, [surface], name="bed")
        gmsh.option.setNumber("Mesh.MeshSizeMin", 2)
        gmsh.model.mesh.generate(2)
        gmsh.write(str(path))
    finally:
        gmsh.finalize()


def twice(path: Path) -> None:
    save(path, SQUARE, [("triangle", np.array([[0, 1, 2], [0, 2, 3], [1, 2, 0]]))], [[1, 1, 1]])


def some_without_group(path: Path) -> None:
    save(path, SQUARE, [("triangle", HALVES)], [[0, 1]])


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
    no_groups(path.with_name("whole.vtu"))
    path.write_bytes(path.with_name("whole.vtu").read_bytes()[:300])


NO_GROUPS = 'no physical groups: give every cell a named group (gmsh: Physical Surface("tissue") = {...};) and save again'
BROKEN: list[tuple[Callable[[Path], None], str, str]] = [
    (no_groups, ".vtu", NO_GROUPS),
    (gmsh_without_groups, ".msh", NO_GROUPS),
    (
        not_flat,
        ".vtu",
        "z is not flat: the triangles do not lie at one z (from 0 to 0.5); "
        "a surface in space is no tissue: mesh its inside with tetrahedra, or set z to 0",
    ),
    (
        bent_line,
        ".vtu",
        "y is not flat: the lines do not lie at one y (from 0 to 1); "
        "a curve in space is no tissue: mesh its inside with triangles, or set y to 0",
    ),
    (
        quads,
        ".vtu",
        "1 cells of type 'quad'; only triangles and tetrahedra are supported: "
        "mesh without recombination (gmsh: Mesh.RecombineAll=0, no Recombine commands) or split the cells",
    ),
    (
        hexahedra,
        ".vtu",
        "1 cells of type 'hexahedron'; only triangles and tetrahedra are supported: "
        "mesh without recombination (gmsh: Mesh.RecombineAll=0, no Recombine commands) or split the cells",
    ),
    (only_points, ".vtu", "the file holds no cells (lines, triangles or tetrahedra)"),
    (
        two_groups,
        ".vtu",
        "1 cells are in two groups, 'region_1' and 'region_2' (the first at (0.666667, 0.333333)); "
        "regions must not overlap: leave the cells in one of them",
    ),
    (
        two_groups_in_gmsh,
        ".msh",
        "4 cells are in two groups, 'stroma' and 'bed' (the first at (0.5, 0.166667)); "
        "regions must not overlap: leave the cells in one of them",
    ),
    (twice, ".vtu", "1 cells are listed twice; remove the copies"),
    (
        some_without_group,
        ".vtu",
        "1 cells are in no physical group (the first at (0.666667, 0.333333)); the groups are region_1: give every cell one",
    ),
    (flat_cell, ".vtu", "1 cells have no volume (the first, cell 2, at (1, 0)); remove them or mesh again"),
    (
        double_nodes,
        ".vtu",
        "2 pairs of nodes at the same place (the first at (0, 0)): cells on the two sides do not hang together; "
        "merge them (gmsh: Coherence Mesh, or gmsh.model.mesh.removeDuplicateNodes())",
    ),
    (overlapping, ".vtu", "1 facets belong to more than two cells (the first at (0.5, 0.5)): cells overlap; mesh again"),
    (
        loose_curve,
        ".vtu",
        "1 of 1 facets of group 'boundary_5' are no sides of cells; "
        "embed the curve or surface in the mesh (gmsh: fragment the geometry first), or remove the group",
    ),
    (
        in_and_out,
        ".vtu",
        "group 'boundary_5' lies partly on the outside (1 facets) and partly inside the tissue (1); "
        "make two groups, a boundary and an interface",
    ),
    (several_arrays, ".vtu", "several integer cell arrays (a, b); say which one holds the regions with 'tags: NAME'"),
    (not_a_number, ".vtu", "1 nodes have coordinates that are not finite numbers"),
]


@pytest.mark.parametrize(("make_file", "ending", "message"), BROKEN, ids=[f.__name__ for f, _, _ in BROKEN])
def test_exact_message_and_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], make_file: Callable[[Path], None], ending: str, message: str
) -> None:
    path = tmp_path / f"mesh{ending}"
    make_file(path)
    capfd.readouterr()
    assert main(["mesh", "info", str(path)]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    name = "file mesh" + ending if make_file is flat_cell else str(path)
    assert err == f"invasio: {name}: {message}\n"


@pytest.mark.parametrize(("make_file", "ending"), [(rubbish, ".msh"), (rubbish, ".xdmf"), (rubbish, ".obscure"), (cut_off, ".vtu")])
def test_unreadable_files(tmp_path: Path, capfd: pytest.CaptureFixture[str], make_file: Callable[[Path], None], ending: str) -> None:
    path = tmp_path / f"mesh{ending}"
    make_file(path)
    capfd.readouterr()
    assert main(["mesh", "info", str(path)]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"invasio: {path}: not readable as a mesh (")
    assert err.endswith("known formats are .msh (2.2, 4.1), .vtu, .xdmf and others of meshio\n")
    assert len(err.splitlines()) == 1


def test_missing_file(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["mesh", "info", "nowhere.msh"]) == 3
    assert capfd.readouterr().err == "invasio: nowhere.msh: file not found\n"


def test_names_and_tags_that_the_file_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "mesh.vtu"
    save(path, SQUARE, [("triangle", HALVES)], [[1, 2]])
    for given, words in (
        ({"regions": {"bed": 9}}, "no region group 9 to be called 'bed' (the file has: 1, 2)"),
        ({"boundaries": {"skin": "rim"}}, "no boundary group 'rim' to be called 'skin' (the file has: none)"),
        ({"tags": "label"}, "no integer cell array 'label' (the file has: material)"),
        ({"interfaces": {"m": ["region_1", "bed"]}}, "interface 'm': unknown region 'bed' (the mesh has: region_1, region_2)"),
    ):
        with pytest.raises(MeshError) as caught:
            build_data(options("file", path=str(path), **given))
        assert str(caught.value) == f"{path}: {words}"


def test_convert_and_view_through_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from matplotlib.image import imread

    write(make("box", cells=[2, 2, 2]), tmp_path / "a.msh")
    assert main(["mesh", "convert", str(tmp_path / "a.msh"), str(tmp_path / "b.vtu")]) == 0
    assert make("file", path=str(tmp_path / "b.vtu")).regions == ("tissue",)
    assert main(["mesh", "view", str(tmp_path / "b.vtu"), "-o", str(tmp_path / "c.png")]) == 0
    assert imread(tmp_path / "c.png")[..., :3].std() > 0.05
    capfd.readouterr()
    assert main(["mesh", "convert", str(tmp_path / "a.msh"), str(tmp_path / "b.stl")]) == 3
    assert capfd.readouterr().err == f"invasio: {tmp_path}/b.stl: cannot write '.stl'; known endings are .msh, .vtu, .xdmf\n"
    write(make("interval", cells=2), tmp_path / "i.msh")
    assert main(["mesh", "convert", str(tmp_path / "i.msh"), str(tmp_path / "i.xdmf")]) == 3
    assert "cannot read points back from XDMF" in capfd.readouterr().err
