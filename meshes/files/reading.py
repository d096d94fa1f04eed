"""Which library reads which file, and one message for all that goes wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...solver.errors import MeshError
from .contents import DIMENSION, Block, Contents, Ints, Missing, Unreadable, Wanted
from .gmsh_files import is_gmsh
from .groups import RawMesh, elements, groups, passed_over, tag_array
from .isolated import isolated
from .simplices import simplices


@dataclass(frozen=True)
class Format:
    """What is read: endings, whose format it is, and the function that reads it."""

    endings: tuple[str, ...]
    name: str
    read: Callable[[Path, Wanted | None], Contents]


def _vtk(path: Path, wanted: Wanted | None = None) -> Contents:
    return isolated("vtk_files", path, wanted=wanted)


def _msh(path: Path, wanted: Wanted | None = None) -> Contents:
    by_gmsh = wanted is None and is_gmsh(path)  # values at nodes and cells are read by meshio
    return isolated("gmsh_files" if by_gmsh else "meshio_files", path, wanted=wanted)


def _xdmf(path: Path, wanted: Wanted | None = None) -> Contents:
    return isolated("xdmf_files" if wanted is None else "xdmf_functions", path, wanted=wanted)


def _meshio(path: Path, wanted: Wanted | None = None) -> Contents:
    return isolated("meshio_files", path, wanted=wanted)


def _cdb(path: Path, wanted: Wanted | None = None) -> Contents:
    return isolated("cdb_files", path, wanted=wanted)


def _abaqus(path: Path, wanted: Wanted | None = None) -> Contents:
    return isolated("abaqus_files", path, wanted=wanted)


# docs/meshes.md has a row for each, and a test that writes such files and reads them.
FORMATS = (
    Format((".msh",), "gmsh", _msh),
    Format((".vtu", ".pvtu", ".vtk", ".pvd", ".vtp", ".pvtp", ".vts", ".vtr", ".vti"), "VTK, ParaView", _vtk),
    Format((".xdmf",), "DOLFINx, meshio", _xdmf),
    Format((".mesh", ".meshb"), "Medit", _meshio),
    Format((".ele", ".node"), "TetGen", _meshio),
    Format((".inp",), "Abaqus", _abaqus),
    Format((".med",), "Salome", _meshio),
    Format((".bdf", ".nas"), "Nastran", _meshio),
    Format((".cdb",), "ANSYS", _cdb),
)
KNOWN = ", ".join(ending for each in FORMATS for ending in each.endings) + " and others of meshio"


_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".nii", ".nii.gz", ".mgz", ".nrrd", ".mha", ".mhd", ".npy", ".svs")
_NETWORKS = (".swc", ".am", ".graphml", ".csv")


def contents(path: Path, what: str = "a mesh", known: str = KNOWN, wanted: Wanted | None = None) -> Contents:
    """What a file holds; arrays of several numbers and later times only where wanted.

    Raises MeshError with the file, what was found and what to do.
    """
    if not path.is_file():
        raise MeshError("file not found", code="file-not-found", place=str(path), remedy="check the name and the folder")
    reader = next((each.read for each in FORMATS if path.suffix.lower() in each.endings), _meshio)
    try:
        return reader(path, wanted)
    except Unreadable as error:
        missing = isinstance(error, Missing)
        raise MeshError(
            f"not readable as {what} ({error})",
            code="missing-package" if missing else "unreadable-file",
            place=str(path),
            remedy="install it (Debian: python3-vtk9, python3-gmsh, python3-meshio; pip: vtk, gmsh, meshio)"
            if missing
            else _otherwise(path) or f"known formats are {known}",
        ) from None


def _otherwise(path: Path) -> str:
    """What a file that is no mesh is for."""
    name = path.name.lower()
    if name.endswith(_PICTURES):
        return "a picture or volume becomes a mesh with `mesh: {kind: image, image: FILE, regions: {...}}` in a scenario"
    return "a network of vessels is given under `model.vessels`, with a mesh of the tissue around it" if name.endswith(_NETWORKS) else ""


def read(path: Path, tags: str | None = None, facets: Path | None = None, facet_tags: str | None = None) -> RawMesh:
    """Read a mesh file, and the file of its facets where there is one; the options name the arrays that hold the tags.

    Raises MeshError for a missing or unreadable file and for cells that cannot be split into simplices.
    """
    found = contents(path)
    blocks, notes = simple(path, found)
    dim = max((DIMENSION[b.shape] for b in blocks if len(b.nodes)), default=0)
    if not dim:
        raise MeshError(
            "the file holds no cells (lines, triangles or tetrahedra)",
            code="no-cells",
            place=str(path),
            remedy="mesh the body and save its cells",
        )
    cells = [block for block in blocks if DIMENSION[block.shape] == dim]
    listed = groups(path, blocks, dim, tags)
    sides, whence = blocks, path
    if facets is not None:
        sides, whence = _matched(path, found, cells, facets, dim), facets
    by_number = tags is None and listed and all(group.name is None for group in listed)
    if by_number and (said := passed_over(cells, tag_array(path, cells, tags))):
        notes.append(said)
    like = None if facets else tag_array(path, cells, tags)
    listed += groups(whence, sides, dim - 1, facet_tags, False, like)
    notes += ["second-order cells made straight"] * any(block.curved for block in cells)
    return RawMesh(
        points=found.points,
        elements={dim: elements(blocks, dim), dim - 1: elements(sides, dim - 1)},
        groups=tuple(listed),
        notes=(*found.notes, *notes),
    )


def simple(path: Path, found: Contents) -> tuple[list[Block], list[str]]:
    """Its cells as simplices, and what was split. Raises MeshError."""
    for block in found.blocks:
        if len(block.nodes) and (block.nodes.min() < 0 or block.nodes.max() >= len(found.points)):
            raise MeshError(
                "cells refer to nodes that the file does not define", code="undefined-nodes", place=str(path), remedy="write the file again"
            )
    try:
        return simplices(found.points, found.blocks)
    except Unreadable as error:
        raise MeshError(str(error), code="folded-cells", place=str(path), remedy="mesh again, or split them where they are made") from None


def _matched(path: Path, mesh: Contents, cells: list[Block], facets: Path, dim: int) -> list[Block]:
    """The facets of a file of their own, with the nodes of the mesh at the same places."""
    from scipy.spatial import cKDTree

    other = contents(facets)
    blocks = [b for b in simple(facets, other)[0] if DIMENSION[b.shape] == dim - 1]
    if not blocks:
        kind = ("points", "lines", "triangles")[dim - 1]
        raise MeshError(
            f"the file holds no facets of the mesh {path}", code="no-facets", place=str(facets), remedy=f"give the file with its {kind}"
        )
    used = np.unique(np.concatenate([b.nodes.ravel() for b in cells]))
    wanted = np.unique(np.concatenate([b.nodes.ravel() for b in blocks]))
    reach = 1e-6 * float(np.ptp(mesh.points[used], axis=0).max())
    away, nearest = cKDTree(mesh.points[used]).query(other.points[wanted], distance_upper_bound=reach)
    lost = np.flatnonzero(~np.isfinite(away))
    if len(lost):
        where = ", ".join(f"{x:.6g}" for x in other.points[wanted[lost[0]]])
        raise MeshError(
            f"{len(lost)} nodes of facets are no nodes of {path} (the first at ({where}))",
            code="loose-facets",
            place=str(facets),
            remedy="write both files from one mesh",
        )
    number: Ints = np.zeros(len(other.points), dtype=np.int64)
    number[wanted] = used[nearest]
    return [Block(b.shape, number[b.nodes], b.origin, b.arrays, b.sets) for b in blocks]
