"""Meshes written for other programs: .msh by gmsh, .vtu and .xdmf by meshio, with the names of their parts."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from ...solver.errors import MeshError
from ..domain import MeshData
from ..facets import Ints
from ..gmsh_session import gmsh_model

FORMATS = (".msh", ".vtu", ".xdmf")
_TYPE = ("vertex", "line", "triangle", "tetra")
_GMSH_TYPE = (15, 1, 2, 4)


def write(data: MeshData, path: Path) -> None:
    """Write a mesh with its names as .msh (2.2: physical groups), .vtu or .xdmf (one 0/1 cell array per name, "region:NAME").

    Raises MeshError for another ending, or a file that cannot be written.
    """
    if path.suffix not in FORMATS:
        raise MeshError(
            f"cannot write {path.suffix or 'a file without ending'!r}",
            code="unknown-format",
            place=str(path),
            remedy=f"known endings are {', '.join(FORMATS)}",
        )
    dim = data.points.shape[1]
    if dim == 1 and path.suffix == ".xdmf":
        raise MeshError(
            "meshio cannot read points back from XDMF, so an interval would lose its ends",
            code="unknown-format",
            place=str(path),
            remedy="use .msh or .vtu",
        )
    points = np.zeros((len(data.points), 3))
    points[:, :dim] = data.points
    parts = [("region", name, data.cells[data.cell_region == k]) for k, name in enumerate(data.regions)]
    parts += [("boundary", name, facets) for name, facets in data.boundaries.items()]
    parts += [("interface", name, facets) for name, facets in data.interfaces.items()]
    try:
        path.open("ab").close()  # a sentence of the system's own if it cannot be written
        (_by_gmsh if path.suffix == ".msh" else _by_meshio)(points, parts, path)
    except OSError as error:
        raise MeshError(
            f"cannot be written ({error.strerror or error})", code="cannot-write", place=str(path), remedy="choose another file"
        ) from None


def _by_meshio(points: np.ndarray, parts: list[tuple[str, str, Ints]], path: Path) -> None:
    import meshio

    cells = [(_TYPE[rows.shape[1] - 1], rows) for *_, rows in parts]
    data = {
        f"{kind}:{name}": [np.full(len(rows), k == j, np.int32) for j, (_, rows) in enumerate(cells)]
        for k, (kind, name, _) in enumerate(parts)
    }
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        meshio.write_points_cells(path, points, cells, cell_data=data)


def _by_gmsh(points: np.ndarray, parts: list[tuple[str, str, Ints]], path: Path) -> None:
    with gmsh_model(f"writing {path.name}") as gmsh:
        start = 1
        for number, (_, name, rows) in enumerate(parts, 1):
            dim = rows.shape[1] - 1
            gmsh.model.addDiscreteEntity(dim, number)
            if number == 1:
                gmsh.model.mesh.addNodes(dim, number, np.arange(1, len(points) + 1), points.ravel())
            gmsh.model.mesh.addElementsByType(number, _GMSH_TYPE[dim], np.arange(start, start + len(rows)), rows.ravel() + 1)
            gmsh.model.addPhysicalGroup(dim, [number], number, name)
            start += len(rows)
        gmsh.option.setNumber("Mesh.MshFileVersion", 2.2)
        gmsh.option.setNumber("Mesh.Binary", 0)
        gmsh.option.setNumber("Mesh.SaveAll", 0)
        gmsh.write(str(path))
