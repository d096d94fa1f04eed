"""Small files of every format, made by the program or library whose format it is.

The body is always the same: two unit cubes side by side, x from 0 to 1 of tag 0 and from 1 to 2 of tag 3; the facets at
x = 0 have tag 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import meshio
import numpy as np
from mpi4py import MPI  # before DOLFINx, whose wheels find their MPI only then

from invasio.meshes.facets import facets_on
from invasio.meshes.structured import lattice

if TYPE_CHECKING:
    from types import ModuleType

POINTS, TETRAHEDRA = lattice((0.0, 0.0, 0.0), (2.0, 1.0, 1.0), (4, 2, 2))
TAGS = np.where(POINTS[TETRAHEDRA].mean(axis=1)[:, 0] < 1, 0, 3)
FACETS = facets_on(TETRAHEDRA, POINTS[:, 0] == 0)[0]
FACET_TAGS = np.full(len(FACETS), 5)
NAMES = {"regions": {"bed": 0, "stroma": 3}, "boundaries": {"skin": 5}}


@dataclass(frozen=True)
class File:
    """A file that was written, the options that read it, and the names expected: region -> volume, boundary -> area."""

    path: Path
    options: dict[str, Any] = field(default_factory=lambda: dict(NAMES))
    regions: dict[str, float] = field(default_factory=lambda: {"bed": 1.0, "stroma": 1.0})
    boundaries: dict[str, float] = field(default_factory=lambda: {"skin": 1.0})


Writer = Callable[[Path], File]


@contextmanager
def gmsh_session() -> Iterator[ModuleType]:
    """gmsh with an empty model, silent."""
    import gmsh

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        yield gmsh
    finally:
        gmsh.finalize()


def _cubes(gmsh: Any, size: float = 0.7) -> tuple[list[int], list[int]]:
    """gmsh's volumes of the two cubes, and the surfaces at x = 0."""
    boxes = [gmsh.model.occ.addBox(x, 0, 0, 1, 1, 1) for x in (0, 1)]
    gmsh.model.occ.fragment([(3, boxes[0])], [(3, boxes[1])])
    gmsh.model.occ.synchronize()
    skin = [tag for _, tag in gmsh.model.getEntitiesInBoundingBox(-0.1, -0.1, -0.1, 0.1, 1.1, 1.1, 2)]
    gmsh.option.setNumber("Mesh.MeshSizeMax", size)
    return boxes, skin


def gmsh_named(version: float, binary: bool, everything: bool = False, order: int = 1, hexahedra: bool = False) -> Writer:
    """Named groups, of which the volume and its outline share a name."""

    def write(folder: Path) -> File:
        path = folder / "m.msh"
        with gmsh_session() as gmsh:
            boxes, skin = _cubes(gmsh)
            for box, name in zip(boxes, ("bed", "stroma"), strict=True):
                gmsh.model.addPhysicalGroup(3, [box], name=name)
            gmsh.model.addPhysicalGroup(2, skin, name="bed")
            if hexahedra:
                for dim, tag in gmsh.model.getEntities(2):
                    gmsh.model.mesh.setTransfiniteSurface(tag)
                    gmsh.model.mesh.setRecombine(dim, tag)
                for _, tag in gmsh.model.getEntities(3):
                    gmsh.model.mesh.setTransfiniteVolume(tag)
            gmsh.option.setNumber("Mesh.SaveAll", int(everything))
            gmsh.option.setNumber("Mesh.MshFileVersion", version)
            gmsh.option.setNumber("Mesh.Binary", int(binary))
            gmsh.model.mesh.generate(3)
            gmsh.model.mesh.setOrder(order)
            gmsh.write(str(path))
        if everything and version < 4:  # gmsh itself leaves the groups out then
            return File(path, {}, {"tissue": 2.0}, {})
        return File(path, {}, boundaries={"bed": 1.0})

    return write


def gmsh_overlapping(version: float, binary: bool) -> Writer:
    """One group of everything and one of a part, which the scenario names."""

    def write(folder: Path) -> File:
        path = folder / "m.msh"
        with gmsh_session() as gmsh:
            boxes, skin = _cubes(gmsh)
            gmsh.model.addPhysicalGroup(3, boxes, name="all")
            gmsh.model.addPhysicalGroup(3, boxes[:1], 17)
            gmsh.model.addPhysicalGroup(2, skin, 5)
            gmsh.option.setNumber("Mesh.MshFileVersion", version)
            gmsh.option.setNumber("Mesh.Binary", int(binary))
            gmsh.model.mesh.generate(3)
            gmsh.write(str(path))
        return File(path, {"regions": {"bed": 17}, "boundaries": {"skin": 5}}, {"bed": 1.0, "region_1" if version < 2 else "all": 1.0})

    return write


def by_meshio(name: str, array: str, **options: Any) -> Writer:
    """A file that meshio writes, with tags in one array."""

    def write(folder: Path) -> File:
        cells = [("tetra", TETRAHEDRA), ("triangle", FACETS)]
        mesh = meshio.Mesh(POINTS, cells, cell_data={array: [TAGS, FACET_TAGS]})
        meshio.write(folder / name, mesh, **options)
        return File(folder / name)

    return write


def vtk_grid(floats: bool = False, shift: float = 0.0) -> Any:
    """The body as one of VTK's unstructured grids."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkUnstructuredGrid

    grid, points, cells = vtkUnstructuredGrid(), vtkPoints(), vtkCellArray()
    points.SetData(numpy_to_vtk(POINTS + shift, deep=True))
    for row in (*TETRAHEDRA, *FACETS):
        cells.InsertNextCell(len(row), row.tolist())
    grid.SetPoints(points)
    grid.SetCells([10] * len(TETRAHEDRA) + [5] * len(FACETS), cells)
    tags = numpy_to_vtk(np.concatenate([TAGS, FACET_TAGS]).astype(float if floats else np.int32), deep=True)
    tags.SetName("tag")
    grid.GetCellData().AddArray(tags)
    return grid


VTK_MODES = [
    (mode, packing, bits)
    for mode in ("Ascii", "Binary", "Raw", "Encoded")
    for packing in ("None", "ZLib", "LZ4", "LZMA")
    for bits in (32, 64)
]


def write_vtu(path: Path, mode: str, packing: str, bits: int, floats: bool = False) -> None:
    """A .vtu file in one of VTK's modes."""
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

    writer = vtkXMLUnstructuredGridWriter()
    writer.SetInputData(vtk_grid(floats=floats))
    writer.SetFileName(str(path))
    getattr(writer, f"SetDataModeTo{mode if mode in ('Ascii', 'Binary') else 'Appended'}")()
    writer.SetEncodeAppendedData(mode == "Encoded")
    getattr(writer, f"SetCompressorTypeTo{packing}")()
    getattr(writer, f"SetHeaderTypeToUInt{bits}")()
    writer.Write()


def vtu(mode: str, packing: str, bits: int, floats: bool = False) -> Writer:
    """A .vtu file in one of VTK's modes."""

    def write(folder: Path) -> File:
        write_vtu(folder / "m.vtu", mode, packing, bits, floats)
        return File(folder / "m.vtu")

    return write


def vtk(version: int, binary: bool) -> Writer:
    """A legacy file of version 4.2 or 5.1."""

    def write(folder: Path) -> File:
        from vtkmodules.vtkIOLegacy import vtkUnstructuredGridWriter

        writer = vtkUnstructuredGridWriter()
        writer.SetInputData(vtk_grid())
        writer.SetFileName(str(folder / "m.vtk"))
        writer.SetFileVersion(version)
        (writer.SetFileTypeToBinary if binary else writer.SetFileTypeToASCII)()
        writer.Write()
        return File(folder / "m.vtk")

    return write


def pieces(ending: str, rounding: float = 0.0) -> Writer:
    """Two pieces with a copy of each other's nodes, but for rounding, listed by a .pvtu or .pvd file; VTK writes each."""

    def write(folder: Path) -> File:
        from vtkmodules.vtkFiltersCore import vtkThreshold
        from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

        names = []
        for k, (low, high) in enumerate(((0, 0), (3, 3), (5, 5))):
            part = vtkThreshold()
            part.SetInputData(vtk_grid(shift=k * rounding))
            part.SetInputArrayToProcess(0, 0, 0, 1, "tag")
            part.SetLowerThreshold(low)
            part.SetUpperThreshold(high)
            writer = vtkXMLUnstructuredGridWriter()
            writer.SetInputConnection(part.GetOutputPort())
            names.append(f"piece{k}.vtu")
            writer.SetFileName(str(folder / names[-1]))
            writer.Write()
        path = folder / f"m.{ending}"
        if ending == "pvd":
            sets = "".join(f'<DataSet timestep="{t}" part="{k}" file="{n}"/>' for t in (0, 1) for k, n in enumerate(names))
            path.write_text(f'<VTKFile type="Collection"><Collection>{sets}</Collection></VTKFile>')
        else:
            listed = "".join(f'<Piece Source="{name}"/>' for name in names)
            path.write_text(f'<VTKFile type="PUnstructuredGrid"><PUnstructuredGrid GhostLevel="0">{listed}</PUnstructuredGrid></VTKFile>')
        return File(path)

    return write


def lattices(ending: str) -> Writer:
    """The body as one of VTK's lattices: an image, a rectilinear grid, a structured grid, or an image in a legacy file."""

    def write(folder: Path) -> File:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkImageData, vtkRectilinearGrid, vtkStructuredGrid
        from vtkmodules.vtkIOLegacy import vtkDataSetWriter
        from vtkmodules.vtkIOXML import vtkXMLImageDataWriter, vtkXMLRectilinearGridWriter, vtkXMLStructuredGridWriter

        data: Any = {".vts": vtkStructuredGrid, ".vtr": vtkRectilinearGrid}.get(ending, vtkImageData)()
        data.SetDimensions(5, 3, 3)
        axes = [np.linspace(0, length, n) for length, n in ((2, 5), (1, 3), (1, 3))]
        if ending == ".vts":
            points = vtkPoints()
            points.SetData(numpy_to_vtk(np.array([[x, y, z] for z in axes[2] for y in axes[1] for x in axes[0]]), deep=True))
            data.SetPoints(points)
        elif ending == ".vtr":
            for letter, axis in zip("XYZ", axes, strict=True):
                getattr(data, f"Set{letter}Coordinates")(numpy_to_vtk(axis, deep=True))
        else:
            data.SetSpacing(0.5, 0.5, 0.5)
        tags = numpy_to_vtk(np.array([0, 0, 3, 3] * 4), deep=True)
        tags.SetName("tag")
        data.GetCellData().AddArray(tags)
        writers = {".vts": vtkXMLStructuredGridWriter, ".vtr": vtkXMLRectilinearGridWriter, ".vti": vtkXMLImageDataWriter}
        writer: Any = writers.get(ending, vtkDataSetWriter)()
        writer.SetInputData(data)
        writer.SetFileName(str(folder / f"m{ending}"))
        writer.Write()
        return File(folder / f"m{ending}", {"regions": NAMES["regions"]}, boundaries={})

    return write


def polygons(folder: Path) -> File:
    """Triangles and quadrilaterals of the plane in VTK's poly data: the square without its third dimension."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
    from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

    points, cells, data = vtkPoints(), vtkCellArray(), vtkPolyData()
    points.SetData(numpy_to_vtk(np.array([[x, y, 0.0] for y in (0, 1) for x in (0, 1, 2)]), deep=True))
    for row in ([0, 1, 4, 3], [1, 2, 5], [1, 5, 4]):
        cells.InsertNextCell(len(row), row)
    tags = numpy_to_vtk(np.array([0, 3, 3]), deep=True)
    tags.SetName("tag")
    data.SetPoints(points)
    data.SetPolys(cells)
    data.GetCellData().AddArray(tags)
    writer = vtkXMLPolyDataWriter()
    writer.SetInputData(data)
    writer.SetFileName(str(folder / "m.vtp"))
    writer.Write()
    return File(folder / "m.vtp", {"regions": NAMES["regions"]}, boundaries={})


def dolfinx_mesh(comm: Any) -> tuple[Any, Any, Any]:
    """DOLFINx's mesh of the body, with the tags of cells and facets."""
    from dolfinx import mesh

    body = mesh.create_box(comm, [[0.0, 0.0, 0.0], [2.0, 1.0, 1.0]], [4, 2, 2])
    count = body.topology.index_map(3).size_local
    middle = mesh.compute_midpoints(body, 3, np.arange(count, dtype=np.int32))
    cells = mesh.meshtags(body, 3, np.arange(count, dtype=np.int32), np.where(middle[:, 0] < 1, 0, 3).astype(np.int32))
    facets = mesh.locate_entities_boundary(body, 2, lambda x: np.isclose(x[0], 0.0))
    sides = mesh.meshtags(body, 2, facets, np.full(len(facets), 5, dtype=np.int32))
    cells.name, sides.name = "cells", "facets"
    return body, cells, sides


def dolfinx_xdmf(text: bool) -> Writer:
    """DOLFINx's XDMF: the mesh, the tags of cells and facets, and a function at two times."""

    def write(folder: Path) -> File:
        from dolfinx import fem, io

        body, cells, sides = dolfinx_mesh(MPI.COMM_SELF)
        function = fem.Function(fem.functionspace(body, ("Lagrange", 1)))
        encoding = io.XDMFFile.Encoding.ASCII if text else io.XDMFFile.Encoding.HDF5
        with io.XDMFFile(MPI.COMM_SELF, folder / "m.xdmf", "w", encoding=encoding) as file:
            file.write_mesh(body)
            body.topology.create_connectivity(2, 3)
            file.write_meshtags(cells, body.geometry)
            file.write_meshtags(sides, body.geometry)
            for time in (0.0, 1.0):
                file.write_function(function, time)
        return File(folder / "m.xdmf")

    return write


def dolfinx_vtu(folder: Path) -> File:
    """DOLFINx's .pvd, which lists a .pvtu, which lists a .vtu; it has no tags."""
    from dolfinx import io

    with io.VTKFile(MPI.COMM_SELF, folder / "m.pvd", "w") as file:
        file.write_mesh(dolfinx_mesh(MPI.COMM_SELF)[0], 0.0)
    return File(folder / "m.pvd", {}, {"tissue": 2.0}, {})


def two_files(ending: str) -> Writer:
    """The cells in one file and the facets, without the nodes that they do not need, in another, as FEniCS users write them."""

    def write(folder: Path) -> File:
        meshio.write(folder / f"m.{ending}", meshio.Mesh(POINTS, [("tetra", TETRAHEDRA)], cell_data={"name_to_read": [TAGS]}))
        used, rows = np.unique(FACETS, return_inverse=True)
        sides = meshio.Mesh(POINTS[used], [("triangle", rows.reshape(FACETS.shape))], cell_data={"name_to_read": [FACET_TAGS]})
        meshio.write(folder / f"facets.{ending}", sides)
        return File(folder / f"m.{ending}", {**NAMES, "facets": str(folder / f"facets.{ending}")})

    return write


def tetgen(ending: str) -> Writer:
    """meshio's nodes and tetrahedra, and the faces as TetGen lists them."""

    def write(folder: Path) -> File:
        mesh = meshio.Mesh(POINTS, [("tetra", TETRAHEDRA)], cell_data={"tetgen:ref": [TAGS]})
        meshio.write(folder / "m.ele", mesh)
        rows = [f"{k} {FACETS[k, 0]} {FACETS[k, 1]} {FACETS[k, 2]} 5" for k in range(len(FACETS))]
        (folder / "m.face").write_text("\n".join([f"{len(rows)} 1", *rows, "# Generated by tetgen -p m.poly", ""]))
        return File(folder / f"m.{ending}")

    return write


def abaqus(folder: Path) -> File:
    """Sets of elements by name."""
    sets = {"bed": np.flatnonzero(TAGS == 0), "stroma": np.flatnonzero(TAGS == 3)}
    cells = [("tetra", TETRAHEDRA), ("triangle", FACETS)]
    nothing = np.empty(0, dtype=int)
    named = {name: [rows, nothing] for name, rows in sets.items()} | {"skin": [nothing, np.arange(len(FACETS))]}
    meshio.write(folder / "m.inp", meshio.Mesh(POINTS, cells, cell_sets=named))
    return File(folder / "m.inp", {})


def abaqus_by_gmsh(folder: Path) -> File:
    """gmsh's sets: one for each entity, and one for each group, which the scenario names."""
    with gmsh_session() as gmsh:
        boxes, skin = _cubes(gmsh)
        for box, name in zip(boxes, ("bed", "stroma"), strict=True):
            gmsh.model.addPhysicalGroup(3, [box], name=name)
        gmsh.model.addPhysicalGroup(2, skin, name="skin")
        gmsh.model.mesh.generate(3)
        gmsh.write(str(folder / "m.inp"))
    return File(folder / "m.inp", {"regions": {"bed": "bed", "stroma": "stroma"}, "boundaries": {"skin": "skin"}})


def abaqus_parts(folder: Path) -> File:
    """As Abaqus/CAE writes it: one part of which two instances stand side by side, sets and a surface of the assembly."""
    points, tetrahedra = lattice((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (2, 2, 2))
    places: Any = points.tolist()
    rows: Any = tetrahedra.tolist()
    lines = ["*Heading", "** Job name: job", "*Part, name=Cube", "*Node"]
    lines += [f"{k + 1:7d}, {x:12.6g}, {y:12.6g}, {z:12.6g}" for k, (x, y, z) in enumerate(places)]
    lines += ["*Element, type=C3D4"]
    lines += [", ".join(str(n + 1) for n in (k, *row)) for k, row in enumerate(rows)]
    lines += [f"*Nset, nset=Set-1, generate\n 1, {len(points)}, 1", f"*Elset, elset=Set-1, internal, generate\n 1, {len(tetrahedra)}, 1"]
    lines += ["*Solid Section, elset=Set-1, material=m", ",", "*End Part", "**", "*Assembly, name=Assembly"]
    lines += ["*Instance, name=Cube-1, part=Cube", "*End Instance"]
    lines += ["*Instance, name=Cube-2, part=Cube", "2., 0., 1.", "2., 0., 0., 2., 1., 0., 90.", "*End Instance"]
    for name, instance in (("bed", "Cube-1"), ("stroma", "Cube-2")):
        lines += [f"*Elset, elset={name}, instance={instance}, generate", f" 1, {len(tetrahedra)}, 1"]
    skin: dict[str, list[int]] = {}
    for k, row in enumerate(rows):
        for face, corners in {"S1": (0, 1, 2), "S2": (0, 3, 1), "S3": (1, 3, 2), "S4": (2, 3, 0)}.items():
            if (points[[row[corner] for corner in corners], 0] == 0).all():
                skin.setdefault(face, []).append(k + 1)
    for face, members in skin.items():
        lines += [f"*Elset, elset=_skin_{face}, internal, instance=Cube-1", *(f" {k}," for k in members)]
    lines += ["*Surface, type=ELEMENT, name=skin", *(f"_skin_{face}, {face}" for face in skin)]
    back = [k + 1 for k, p in enumerate(places) if p[1] == 1]
    lines += [
        "*Nset, nset=back, instance=Cube-1",
        ", ".join(map(str, back)),
        "*End Assembly",
        "*Material, name=m",
        "*Elastic",
        "1., .3",
        "",
    ]
    (folder / "m.inp").write_text("\n".join(lines), encoding="utf-8")
    return File(folder / "m.inp", {}, boundaries={"skin": 1.0, "back": 1.0})


def medit_by_gmsh(folder: Path) -> File:
    """gmsh's .mesh with the numbers of groups as references."""
    with gmsh_session() as gmsh:
        boxes, skin = _cubes(gmsh)
        gmsh.model.addPhysicalGroup(3, boxes[:1], 7)
        gmsh.model.addPhysicalGroup(3, boxes[1:], 3)
        gmsh.model.addPhysicalGroup(2, skin, 5)
        gmsh.option.setNumber("Mesh.SaveElementTagType", 2)  # of groups, not of entities
        gmsh.model.mesh.generate(3)
        gmsh.write(str(folder / "m.mesh"))
    return File(folder / "m.mesh", {"regions": {"bed": 7, "stroma": 3}, "boundaries": {"skin": 5}})


def cdb(hexahedra: bool, wide: int) -> Writer:
    """ANSYS's CDWRITE after its documentation: SOLID185 as tetrahedra or bricks; components of elements and of nodes."""

    def write(folder: Path) -> File:
        if hexahedra:
            first = np.array([x + 5 * y + 15 * z for z in (0, 1) for y in (0, 1) for x in range(4)])
            rows = first[:, None] + np.array([0, 1, 6, 5, 15, 16, 21, 20])
        else:
            rows = TETRAHEDRA[:, [0, 1, 2, 2, 3, 3, 3, 3]]
        left = POINTS[rows].mean(axis=1)[:, 0] < 1
        bed, others = ([k + 1 for k in range(len(rows)) if left[k] == side] for side in (True, False))
        skin = [k + 1 for k in range(len(POINTS)) if POINTS[k, 0] == 0]
        ranges = [others[0], -others[-1]] if len(others) == others[-1] - others[0] + 1 else others
        i = f"%{wide}d"
        lines = ["/COM,ANSYS RELEASE 12.1", "/PREP7", "ET,       1,185", f"NBLOCK,6,SOLID,{len(POINTS)},{len(POINTS)}"]
        lines.append(f"(3i{wide},6e21.13e3)")
        for k, p in enumerate(POINTS):
            shown = [f"{x:21.13E}" for x in np.atleast_1d(p)]
            while shown and float(shown[-1]) == 0.0:  # those at the end are left off
                shown.pop()
            lines.append(i * 3 % (k + 1, 0, 0) + "".join(shown))
        lines += ["N,R5.3,LOC,       -1,", f"EBLOCK,19,SOLID,{len(rows)},{len(rows)}", f"(19i{wide})"]
        lines += ["".join(i % n for n in (1, 1, 1, 1, 0, 0, 0, 0, 8, 0, k + 1, *(row + 1))) for k, row in enumerate(rows)]
        lines.append(i % -1)
        components: list[tuple[str, str, list[int]]] = [("BED", "ELEM", bed), ("STROMA", "ELEM", ranges)]
        for name, kind, members in (*components, ("SKIN", "NODE", skin)):
            lines += [f"CMBLOCK,{name:8},{kind},{len(members):8d}  ! users element component definition", f"(8i{wide})"]
            lines += ["".join(i % n for n in members[at : at + 8]) for at in range(0, len(members), 8)]
        (folder / "m.cdb").write_text("\n".join([*lines, "MPDATA,R5.0, 1,EX  , 1, 1,  1.0,", "/GO", "FINISH", ""]), encoding="utf-8")
        return File(folder / "m.cdb", {"regions": {"bed": "BED", "stroma": "STROMA"}, "boundaries": {"skin": "SKIN"}})

    return write


# Ending -> modes -> writer. docs/meshes.md lists the endings.
FORMATS: dict[str, dict[str, Writer]] = {
    ".msh": {
        **{f"{v}-{'binary' if b else 'text'}": gmsh_named(v, b) for v in (2.2, 4.1) for b in (False, True)},
        "4.0": gmsh_named(4.0, False),
        "1": gmsh_overlapping(1.0, False),
        "2.2-save-all": gmsh_named(2.2, True, everything=True),
        "4.1-save-all": gmsh_named(4.1, True, everything=True),
        "second-order": gmsh_named(4.1, False, order=2),
        "hexahedra": gmsh_named(4.1, True, hexahedra=True),
        "2.2-overlapping": gmsh_overlapping(2.2, False),
        "4.1-overlapping": gmsh_overlapping(4.1, True),
    },
    ".vtu": {
        **{
            f"{m}-{p}-{b}".lower(): vtu(m, p, b)
            for m, p, b in (("Ascii", "None", 32), ("Raw", "LZ4", 64), ("Encoded", "LZMA", 64), ("Binary", "ZLib", 32))
        },
        "whole-floats": vtu("Raw", "ZLib", 64, floats=True),
        "meshio": by_meshio("m.vtu", "material"),
    },
    ".vtk": {
        **{f"{v / 10}-{'binary' if b else 'text'}": vtk(v, b) for v in (42, 51) for b in (False, True)},
        "structured-points": lattices(".vtk"),
    },
    **{ending: {"lattice": lattices(ending)} for ending in (".vts", ".vtr", ".vti")},
    ".pvtu": {"pieces": pieces("pvtu")},
    ".vtp": {"polygons": polygons},
    ".pvd": {"pieces": pieces("pvd"), "dolfinx": dolfinx_vtu, "rounded": pieces("pvd", 1e-15)},
    ".xdmf": {
        "dolfinx-hdf5": dolfinx_xdmf(False),
        "dolfinx-text": dolfinx_xdmf(True),
        **{f"meshio-{mode}".lower(): by_meshio("m.xdmf", "name_to_read", data_format=mode) for mode in ("XML", "HDF", "Binary")},
        "two-files": two_files("xdmf"),
    },
    ".mesh": {"meshio": by_meshio("m.mesh", "medit:ref"), "gmsh": medit_by_gmsh},
    ".meshb": {"meshio": by_meshio("m.meshb", "medit:ref")},
    ".ele": {"tetgen": tetgen("ele")},
    ".node": {"tetgen": tetgen("node")},
    ".inp": {"meshio": abaqus, "gmsh": abaqus_by_gmsh, "parts": abaqus_parts},
    ".med": {"meshio": by_meshio("m.med", "cell_tags")},
    ".bdf": {"meshio": by_meshio("m.bdf", "nastran:ref")},
    ".cdb": {"tetrahedra": cdb(False, 9), "bricks": cdb(True, 10)},
    ".nas": {"meshio": by_meshio("m.nas", "nastran:ref")},
}
CASES = [(ending, mode) for ending, modes in FORMATS.items() for mode in modes]
