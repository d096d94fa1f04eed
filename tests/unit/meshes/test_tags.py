"""What tags mean: 0 is a tag, whole floats are tags, none is all tissue, overlapping groups, and cells that are split."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

from invasio.meshes.build import build_data
from invasio.meshes.facets import signed_measures
from invasio.meshes.files.contents import Block
from invasio.meshes.files.simplices import simplices
from invasio.meshes.files.writing import write
from invasio.meshes.quality import quality
from tests.lib.messages import refused
from tests.unit.meshes.build import check, make, measures, options
from tests.unit.meshes.test_broken import HALVES, SQUARE, some_without_group, two_groups_in_gmsh
from tests.unit.meshes.writers import FORMATS, gmsh_session


def halves(path: Path, **arrays: list[float]) -> str:
    """Two triangles of the unit square with cell arrays."""
    data = {name: [np.array(values)] for name, values in arrays.items()}
    meshio.write_points_cells(path, SQUARE, [("triangle", HALVES)], cell_data=data)
    return str(path)


def test_tag_0_is_a_region(tmp_path: Path) -> None:
    path = halves(tmp_path / "m.vtu", material=[0, 1])
    assert make("file", path=path).regions == ("region_0", "region_1")
    assert make("file", path=path, regions={"bed": 0}).regions == ("bed", "region_1")


def test_without_tags_all_is_tissue_and_that_is_said(tmp_path: Path) -> None:
    data = make("file", path=halves(tmp_path / "m.vtu"))
    assert data.regions == ("tissue",) and data.notes == ("no tags in the file: all cells are region 'tissue'",)
    assert make("file", path=halves(tmp_path / "m.vtu"), regions={"stroma": 0}).regions == ("stroma",)
    assert make("file", path=halves(tmp_path / "n.vtu", result=[0.5, 1.0])).regions == ("tissue",)
    assert make("file", path=halves(tmp_path / "o.vtu", a=[1, 2], b=[1, 2]), tags="").regions == ("tissue",)


def test_whole_floats_are_tags_and_whole_numbers_before_them(tmp_path: Path) -> None:
    assert make("file", path=halves(tmp_path / "m.vtu", result=[1.0, 2.0])).regions == ("region_1", "region_2")
    path = halves(tmp_path / "n.vtu", result=[1.0, 2.0], part=[5, 6], cell_id=[0, 1])
    assert make("file", path=path).regions == ("region_5", "region_6")
    assert make("file", path=path, tags="result").regions == ("region_1", "region_2")
    with refused("no-tags", path, "the file has: result, part", ("'share'",)):
        make("file", path=path, tags="share")


def test_facets_of_tag_0_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    cells = [("triangle", HALVES), ("line", np.array([[0, 1], [1, 2]]))]
    meshio.write_points_cells(tmp_path / "m.vtu", SQUARE, cells, cell_data={"tag": [np.array([4, 4]), np.array([0, 2])]})
    data = build_data(options("file", path=str(tmp_path / "m.vtu")))
    assert list(data.boundaries) == ["boundary_2"] and data.notes == (
        "1 facets of tag 0 left out; `boundaries: {NAME: 0}` gives them a name",
    )
    assert set(build_data(options("file", path=str(tmp_path / "m.vtu"), boundaries={"skin": 0})).boundaries) == {"skin", "boundary_2"}


def test_groups_that_the_scenario_names_count(tmp_path: Path) -> None:
    path = tmp_path / "m.msh"
    two_groups_in_gmsh(path)
    with refused("overlapping-regions", str(path), "name in `regions` the groups that count"):
        build_data(options("file", path=str(path)))
    data = build_data(options("file", path=str(path), regions={"gland": "bed"}))
    assert data.regions == ("gland",) and data.notes == ("4 cells of group 'stroma' are in gland as well, which counts",)


def test_cells_without_a_group_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "m.msh"
    some_without_group(path)
    assert measures(build_data(options("file", path=str(path), regions={"rest": 0}))) == pytest.approx({"rest": 1.0, "stroma": 1.0})


def test_one_name_for_a_volume_and_its_outline_is_written_and_read(tmp_path: Path) -> None:
    file = FORMATS[".msh"]["4.1-binary"](tmp_path)
    data = build_data(options("file", path=str(file.path)))
    for ending in (".msh", ".vtu", ".xdmf"):
        write(data, tmp_path / f"again{ending}")
        again = build_data(options("file", path=str(tmp_path / f"again{ending}")))
        assert measures(again) == pytest.approx(measures(data)) and len(again.boundaries["bed"]) == len(data.boundaries["bed"])


def test_the_facets_of_another_mesh_are_refused(tmp_path: Path) -> None:
    path = halves(tmp_path / "m.vtu", tag=[1, 2])
    meshio.write_points_cells(tmp_path / "f.vtu", SQUARE + np.array([0.1, 0, 0]), [("line", np.array([[0, 1]]))])
    with refused("loose-facets", str(tmp_path / "f.vtu"), "from one mesh", ("2 nodes", "(0.1, 0, 0)")):
        build_data(options("file", path=path, facets=str(tmp_path / "f.vtu")))
    with refused("no-facets", path, "its lines"):
        build_data(options("file", path=path, facets=path))


def all_shapes() -> tuple[np.ndarray, list[tuple[str, np.ndarray]], float]:
    """A hexahedron, a pyramid and a wedge on two of its faces, a tetrahedron on the pyramid: points, cells, volume."""
    cube = [[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    points = np.array([*cube, [0.5, 0.5, 2], [2, 0, 0], [2, 1, 0], [0.5, -1, 2]], dtype=float)
    cells = [
        ("hexahedron", np.array([[0, 1, 2, 3, 4, 5, 6, 7]])),
        ("pyramid", np.array([[4, 5, 6, 7, 8]])),
        ("wedge", np.array([[1, 9, 5, 2, 10, 6]])),
        ("tetra", np.array([[4, 5, 8, 11]])),
    ]
    return points, cells, 1 + 1 / 3 + 1 / 2 + abs(np.linalg.det(points[[5, 8, 11]] - points[4])) / 6


@pytest.mark.parametrize("ending", [".vtu", ".xdmf", ".msh"])
def test_all_shapes_are_split_and_fit_together(tmp_path: Path, ending: str) -> None:
    points, cells, volume = all_shapes()
    path = tmp_path / f"m{ending}"
    meshio.write_points_cells(path, points, cells, **({"file_format": "gmsh22", "binary": False} if ending == ".msh" else {}))
    data = build_data(options("file", path=str(path)))
    check(data)
    assert measures(data) == pytest.approx({"tissue": volume}) and len(data.cells) == 6 + 2 + 3 + 1
    assert "1 hexahedra split into 6 tetrahedra" in data.notes and "1 wedges split into 3 tetrahedra" in data.notes


@pytest.mark.parametrize("seed", range(20))
def test_splits_fit_together_for_every_order_of_the_nodes(seed: int) -> None:
    """Whatever the numbers of the nodes are, the volume is kept and facets of neighbours are the same."""
    points, cells, volume = all_shapes()
    number = np.random.default_rng(seed).permutation(len(points))
    place = np.empty_like(points)
    place[number] = points
    blocks, _ = simplices(place, [Block(shape, number[nodes], np.arange(len(nodes))) for shape, nodes in cells])
    rows = np.concatenate([block.nodes for block in blocks])
    assert np.abs(signed_measures(place, rows)).sum() == pytest.approx(volume)
    facets = np.sort(rows[:, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]].reshape(-1, 3), axis=1)
    _, count = np.unique(facets, axis=0, return_counts=True)
    # Outside: 4 faces of the cube, 3 of the pyramid, 2 of 4 corners and 2 of 3 of the wedge, 3 of the tetrahedron.
    assert count.max() == 2 and (count == 1).sum() == 4 * 2 + 3 + (2 * 2 + 2) + 3


def test_quadrilaterals_that_are_not_convex_are_split_inside(tmp_path: Path) -> None:
    points = np.array([[0.0, 0, 0], [2, 0, 0], [0.5, 0.5, 0], [0, 2, 0]])
    for turn in range(4):
        meshio.write_points_cells(tmp_path / "m.vtu", points, [("quad", np.roll([0, 1, 2, 3], turn)[None])])
        assert measures(make("file", path=str(tmp_path / "m.vtu"))) == pytest.approx({"tissue": 1.0})


def test_hexahedra_of_gmsh_with_facets_of_four_corners(tmp_path: Path) -> None:
    with gmsh_session() as gmsh:
        surface = gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
        gmsh.model.occ.extrude([(2, surface)], 0, 0, 1, numElements=[3], recombine=True)
        gmsh.model.occ.synchronize()
        gmsh.model.mesh.setRecombine(2, surface)
        gmsh.model.addPhysicalGroup(3, [1], name="tissue")
        gmsh.model.addPhysicalGroup(2, [tag for _, tag in gmsh.model.getEntities(2)], name="skin")
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.4)
        gmsh.model.mesh.generate(3)
        gmsh.write(str(tmp_path / "m.msh"))
    data = make("file", path=str(tmp_path / "m.msh"))  # make checks that the skin is the whole outside
    assert measures(data) == pytest.approx({"tissue": 1.0})


@pytest.mark.parametrize("dim", [1, 2])
def test_tags_of_dolfinx_in_a_plane_and_on_a_line(tmp_path: Path, dim: int) -> None:
    """Its names of shapes differ in their case from those of others; facets are lines in 2-D."""
    from dolfinx import io, mesh
    from mpi4py import MPI

    comm = MPI.COMM_SELF
    body = mesh.create_interval(comm, 4, [0.0, 2.0]) if dim == 1 else mesh.create_rectangle(comm, [[0.0, 0.0], [2.0, 1.0]], [4, 2])
    count = body.topology.index_map(dim).size_local
    middle = mesh.compute_midpoints(body, dim, np.arange(count, dtype=np.int32))
    cells = mesh.meshtags(body, dim, np.arange(count, dtype=np.int32), np.where(middle[:, 0] < 1, 1, 3).astype(np.int32))
    sides = mesh.locate_entities_boundary(body, dim - 1, lambda x: np.isclose(x[0], 0.0))
    facets = mesh.meshtags(body, dim - 1, sides, np.full(len(sides), 5, dtype=np.int32))
    cells.name, facets.name = "cells", "facets"
    with io.XDMFFile(comm, tmp_path / "m.xdmf", "w") as file:
        file.write_mesh(body)
        body.topology.create_connectivity(dim - 1, dim)
        file.write_meshtags(cells, body.geometry)
        file.write_meshtags(facets, body.geometry)
    named = {"regions": {"bed": 1, "stroma": 3}, "boundaries": {"skin": 5}}
    found = quality(build_data(options("file", path=str(tmp_path / "m.xdmf"), **named)))
    assert {name: part.measure for name, part in found.regions.items()} == pytest.approx({"bed": 1.0, "stroma": 1.0})
    assert found.boundaries["skin"].measure == pytest.approx(1.0)


def test_an_array_that_is_taken_before_others_is_said(tmp_path: Path) -> None:
    """Whole numbers written as floats stand back behind integers, and that is said with the option that takes them."""
    path = halves(tmp_path / "m.vtk", label=[0, 3], grade=[1.0, 2.0], pressure=[0.5, 1.5])
    said = "regions are the numbers of the cell array 'label'; whole numbers are in grade as well (`tags: NAME` takes them)"
    assert said in make("file", path=path).notes
    assert not any("cell array" in note for note in make("file", path=path, tags="grade").notes)
