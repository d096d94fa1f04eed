"""The only module that imports meshio: mesh files to and from plain arrays and groups."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import Ints

_SIMPLEX = {"vertex": 0, "line": 1, "line3": 1, "triangle": 2, "triangle6": 2, "triangle7": 2, "tetra": 3, "tetra10": 3}
_DIMENSION = {"quad": 2, "quad8": 2, "quad9": 2, "polygon": 2, "hexahedron": 3, "wedge": 3, "pyramid": 3}
_TYPE = ("vertex", "line", "triangle", "tetra")
_KNOWN_TAGS = ("gmsh:physical", "medit:ref", "cell_tags", "name_to_read", "tags", "region", "material")
_KINDS = ("region", "boundary", "interface")
FORMATS = (".msh", ".vtu", ".xdmf")


@dataclass(frozen=True)
class Group:
    """Elements of one dimension that belong together: rows of ``RawMesh.elements[dim]``."""

    dim: int
    name: str | None
    tag: int | None
    members: Ints


@dataclass(frozen=True)
class RawMesh:
    """What a file holds: points (N, 3), simplices by dimension (E, dim+1), groups; nothing checked yet."""

    points: NDArray[np.float64]
    elements: dict[int, Ints]
    groups: tuple[Group, ...]
    reduced: bool  # second-order cells lost their mid-edge nodes


def _read(path: Path, what: str, known: str) -> Any:
    """What meshio makes of a file; raises MeshError."""
    import meshio

    if not path.is_file():
        raise MeshError("file not found", code="file-not-found", place=str(path), remedy="check the name")
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            return meshio.read(path)
    except (Exception, SystemExit) as error:
        words = [*(line.strip() for line in said.getvalue().splitlines()), *str(error).splitlines()]
        reason = next((w for w in words if w and w != "1"), type(error).__name__)
        raise MeshError(
            f"not readable as {what} ({reason})",
            code="unreadable-file",
            place=str(path),
            remedy=f"known formats are {known} and others of meshio",
        ) from None


def read_lines(path: Path) -> tuple[NDArray[np.float64], Ints, NDArray[np.float64] | None]:
    """Points (n, 3), lines (l, 2) and, where there is a point or cell array of that name, the radius (l,) of a file of polylines.

    Raises MeshError for an unreadable file and one without lines.
    """
    mesh = _read(path, "a network", ".vtk and .vtu")
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    lines: list[Ints] = []
    sizes: list[NDArray[np.float64]] = []
    for number, block in enumerate(mesh.cells):
        if block.type not in ("line", "polyline", "VTK_POLY_LINE"):
            continue
        given = mesh.cell_data.get("radius")
        for k, row in enumerate(block.data):
            row = np.asarray(row, dtype=np.int64)
            lines.append(np.stack([row[:-1], row[1:]], axis=1))
            if given is not None:
                sizes.append(np.full(len(row) - 1, float(np.ravel(given[number][k])[0])))
    if not lines:
        raise MeshError("the file has no lines", code="empty-network", place=str(path), remedy="a network is made of lines or polylines")
    found = np.concatenate(lines)
    radius = np.concatenate(sizes) if sizes else None
    if radius is None and "radius" in mesh.point_data:
        at_points = np.ravel(mesh.point_data["radius"]).astype(float)
        radius = 0.5 * (at_points[found[:, 0]] + at_points[found[:, 1]])
    return points, found, radius


def read(path: Path, tags: str | None = None) -> RawMesh:
    """Read a mesh file; ``tags`` names the integer cell array with the group numbers where there are several.

    Raises MeshError for a missing or unreadable file and for cells that are no simplices.
    """
    mesh = _read(path, "a mesh", ".msh (2.2, 4.1), .vtu, .xdmf")
    _refuse_other_cells(path, mesh)
    blocks: dict[int, list[tuple[int, Ints]]] = {}
    for number, block in enumerate(mesh.cells):
        if block.type in _SIMPLEX and len(block.data):
            dim = _SIMPLEX[block.type]
            blocks.setdefault(dim, []).append((number, np.asarray(block.data[:, : dim + 1], dtype=np.int64)))
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    groups = [g for dim, listed in blocks.items() for g in _groups(path, mesh, dim, [k for k, _ in listed], tags)]
    return RawMesh(
        points=points,
        elements={dim: np.concatenate([data for _, data in listed]) for dim, listed in blocks.items()},
        groups=tuple(groups),
        reduced=any(block.type in ("line3", "triangle6", "triangle7", "tetra10") for block in mesh.cells),
    )


def _refuse_other_cells(path: Path, mesh: Any) -> None:
    highest = max((_SIMPLEX[b.type] for b in mesh.cells if b.type in _SIMPLEX), default=0)
    for block in mesh.cells:
        if block.type in _SIMPLEX or not len(block.data):
            continue
        if _DIMENSION.get(block.type, 3) >= highest:
            raise MeshError(
                f"{len(block.data)} cells of type {block.type!r}",
                code="cell-type",
                place=str(path),
                remedy=(
                    "only triangles and tetrahedra are supported: mesh without recombination (gmsh: Mesh.RecombineAll=0, no "
                    "Recombine commands) or split the cells"
                ),
            )
    if not highest:
        raise MeshError(
            "the file holds no cells", code="no-cells", place=str(path), remedy="save the mesh with its lines, triangles or tetrahedra"
        )


def _groups(path: Path, mesh: Any, dim: int, blocks: list[int], wanted: str | None) -> list[Group]:
    """All groups of one dimension, from whichever way the format has of storing them."""
    ours = [key for key in mesh.cell_data if key.partition(":")[0] in _KINDS and key.partition(":")[2]]
    if ours:  # as written by ``write`` below
        found = [(key, np.flatnonzero(_stack(mesh.cell_data[key], blocks))) for key in ours]
        return [Group(dim, key.partition(":")[2], None, members) for key, members in found if len(members)]
    sets = _named_sets(mesh, dim, blocks)
    array = _tag_array(path, mesh, wanted)
    if array is None:
        return sets
    values = _stack(mesh.cell_data[array], blocks)
    names = {(int(d), int(t)): name for name, (t, d) in mesh.field_data.items() if np.size(mesh.field_data[name]) == 2}
    families = getattr(mesh, "cell_tags", None) or {}  # MED: a family number stands for a list of names
    groups = []
    for tag in np.unique(values[values != 0]).astype(int).tolist():
        members = np.flatnonzero(values == tag)
        for name in families.get(tag, [names.get((dim, tag))]):
            if name is None or name not in {g.name for g in sets}:
                groups.append(Group(dim, name, tag, members))
    return sets + groups


def _named_sets(mesh: Any, dim: int, blocks: list[int]) -> list[Group]:
    """Named cell sets (gmsh 4.1, Abaqus); meshio lists the members of each block."""
    groups = []
    for name, parts in mesh.cell_sets.items():
        if name.startswith("gmsh:"):
            continue
        offset, members = 0, []
        for k in blocks:
            if parts[k] is not None:
                members.append(np.asarray(parts[k], dtype=np.int64) + offset)
            offset += len(mesh.cells[k].data)
        joined = np.concatenate(members) if members else np.empty(0, dtype=np.int64)
        stored = mesh.field_data.get(name)
        if len(joined) and (stored is None or int(stored[1]) == dim):
            groups.append(Group(dim, name, None if stored is None else int(stored[0]), joined))
    return groups


def _tag_array(path: Path, mesh: Any, wanted: str | None) -> str | None:
    integers = [key for key, parts in mesh.cell_data.items() if all(np.ndim(p) == 1 and np.asarray(p).dtype.kind in "iu" for p in parts)]
    listed = ", ".join(integers) or "none"
    if wanted is not None:
        if wanted not in integers:
            raise MeshError(f"no integer cell array {wanted!r}", code="no-tags", place=str(path), remedy=f"the file has: {listed}")
        return wanted
    known = [key for key in _KNOWN_TAGS if key in integers]
    if known:
        return known[0]
    integers = [key for key in integers if not key.startswith("gmsh:")]
    if len(integers) > 1:
        raise MeshError(
            f"several integer cell arrays ({listed})",
            code="ambiguous-tags",
            place=str(path),
            remedy="say which one holds the regions with 'tags: NAME'",
        )
    return integers[0] if integers else None


def _stack(parts: Any, blocks: list[int]) -> NDArray[Any]:
    return np.concatenate([np.asarray(parts[k]) for k in blocks])


def write(data: MeshData, path: Path) -> None:
    """Write a mesh with its names as .msh (2.2: physical groups), .vtu or .xdmf (one 0/1 cell array per name, "region:NAME").

    Raises MeshError for another ending, or a file that cannot be written.
    """
    import meshio

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
    tagged = [("boundary", n, f) for n, f in data.boundaries.items()] + [("interface", n, f) for n, f in data.interfaces.items()]
    cells = [(_TYPE[dim], data.cells[data.cell_region == r]) for r in range(len(data.regions))]
    cells += [(_TYPE[dim - 1], f) for _, _, f in tagged]
    names = [("region", name) for name in data.regions] + [(kind, name) for kind, name, _ in tagged]
    lengths = [len(c) for _, c in cells]
    if path.suffix == ".msh":
        tags = [np.full(n, k + 1, dtype=np.int32) for k, n in enumerate(lengths)]
        extra = {
            "cell_data": {"gmsh:physical": tags, "gmsh:geometrical": tags},
            "field_data": {name: np.array([k + 1, dim - (kind != "region")]) for k, (kind, name) in enumerate(names)},
            "file_format": "gmsh22",
            "binary": False,
        }
    else:
        rows = {f"{kind}:{name}": k for k, (kind, name) in enumerate(names)}
        extra = {"cell_data": {key: [np.full(n, k == j, dtype=np.int32) for j, n in enumerate(lengths)] for key, k in rows.items()}}
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            meshio.write_points_cells(path, points, cells, **extra)
    except OSError as error:
        raise MeshError(
            f"cannot be written ({error.strerror or error})", code="cannot-write", place=str(path), remedy="choose another file"
        ) from None
