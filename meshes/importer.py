"""Mesh files made elsewhere: names, tags and every check that a solver needs before it trusts one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.scenario.mesh import FileMesh
from .assemble import assemble
from .domain import MeshData
from .facets import Ints
from .files.groups import RawMesh
from .files.reading import read
from .files.regions import named, regions, sides, single


def import_mesh(options: FileMesh) -> MeshData:
    """Read a mesh file as the options say; raises MeshError with file, fault and remedy."""
    path = Path(options.path)
    raw = read(path, options.tags, Path(options.facets) if options.facets else None, options.facet_tags)
    dim = max(raw.elements)
    points, cells = _flat_points(path, raw, dim)
    points, cells, renumber, dropped = _used_nodes(points, cells)
    _refuse_duplicates(path, points)
    parts, _ = named([g for g in raw.groups if g.dim == dim], options.regions, "region", path, len(cells))
    cells, parts = single(path, points, cells, parts)
    names, tags, said = regions(path, points, cells, parts)
    facets = raw.elements[dim - 1]
    listed, left_out = named([g for g in raw.groups if g.dim == dim - 1], options.boundaries, "boundary", path, len(facets))
    boundaries, inner = sides(path, facets, listed, renumber, cells, points)
    for name, pair in options.interfaces.items():
        if missing := [region for region in pair if region not in names]:
            raise MeshError(
                f"unknown region {missing[0]!r}",
                code="no-region",
                place=f"{path}: interface {name!r}",
                remedy=f"the mesh has: {', '.join(names)}",
            )
        if name in boundaries or name in inner:
            raise MeshError(
                f"interface {name!r} has the name of a group of facets in the file",
                code="repeated-name",
                place=str(path),
                remedy="give it another name, or leave it out if that group is meant",
            )
    notes = [f"{dropped} nodes without a cell left out"] * (dropped > 0) + [*raw.notes, *said, *left_out]
    return assemble(points * options.unit, cells, tags, names, boundaries, {**inner, **options.interfaces}, f"file {path.name}", notes)


def _flat_points(path: Path, raw: RawMesh, dim: int) -> tuple[NDArray[np.float64], Ints]:
    cells = raw.elements[dim]
    used = raw.points[np.unique(cells)]
    if not np.isfinite(used).all():
        raise MeshError(
            f"{int((~np.isfinite(used).all(axis=1)).sum())} nodes have coordinates that are not finite numbers",
            code="bad-coordinates",
            place=str(path),
            remedy="write the file again",
        )
    extent = np.ptp(used, axis=0)
    for axis in range(dim, 3):
        if extent[axis] > 1e-9 * extent.max():
            low, high = used[:, axis].min(), used[:, axis].max()
            kind = "triangles do" if dim == 2 else "lines do"
            raise MeshError(
                f"{'xyz'[axis]} is not flat: the {kind} not lie at one {'xyz'[axis]} (from {low:g} to {high:g})",
                code="not-flat",
                place=str(path),
                remedy=(
                    f"a {'surface' if dim == 2 else 'curve'} in space is no tissue: mesh its inside with "
                    f"{'tetrahedra' if dim == 2 else 'triangles'}, or set {'xyz'[axis]} to 0"
                ),
            )
    return raw.points[:, :dim], cells


def _used_nodes(points: NDArray[np.float64], cells: Ints) -> tuple[NDArray[np.float64], Ints, Ints, int]:
    """Leave out nodes that no cell uses; also the new number of every old node, -1 if left out."""
    used, inverse = np.unique(cells, return_inverse=True)
    renumber = np.full(len(points), -1, dtype=np.int64)
    renumber[used] = np.arange(len(used))
    return points[used], inverse.reshape(cells.shape).astype(np.int64), renumber, len(points) - len(used)


def _refuse_duplicates(path: Path, points: NDArray[np.float64]) -> None:
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).query_pairs(1e-9 * float(np.ptp(points, axis=0).max()), output_type="ndarray")
    if len(pairs):
        where = ", ".join(f"{x:.6g}" for x in points[pairs[0, 0]])
        raise MeshError(
            f"{len(pairs)} pairs of nodes at the same place (the first at ({where})): cells on the two sides do not hang together",
            code="double-nodes",
            place=str(path),
            remedy="merge them (gmsh: Coherence Mesh, or gmsh.model.mesh.removeDuplicateNodes())",
        )
