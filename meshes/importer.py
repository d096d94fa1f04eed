"""Mesh files made elsewhere: names, tags and every check that a solver needs before it trusts one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.scenario.mesh import FileMesh
from .assemble import assemble
from .domain import MeshData
from .facets import Ints, cell_facets, keys
from .meshio_files import Group, RawMesh, read


def import_mesh(options: FileMesh) -> MeshData:
    """Read a mesh file as the options say; raises MeshError with file, fault and remedy."""
    path = Path(options.path)
    raw = read(path, options.tags)
    dim = max(raw.elements)
    points, cells = _flat_points(path, raw, dim)
    points, cells, renumber, dropped = _used_nodes(points, cells)
    _refuse_duplicates(path, points)
    groups = _named([g for g in raw.groups if g.dim == dim], options.regions, "region", path)
    names, tags = _regions(path, points, cells, groups)
    counts = _facet_counts(path, points, cells)
    facet_groups = _named([g for g in raw.groups if g.dim == dim - 1], options.boundaries, "boundary", path)
    boundaries, inner = _split(path, raw, dim, facet_groups, renumber, counts, len(points))
    for name, pair in options.interfaces.items():
        if missing := [region for region in pair if region not in names]:
            raise MeshError(
                f"unknown region {missing[0]!r}",
                code="no-region",
                place=f"{path}: interface {name!r}",
                remedy=f"the mesh has: {', '.join(names)}",
            )
    notes = [f"{dropped} nodes without a cell left out"] * (dropped > 0) + ["second-order cells made straight"] * raw.reduced
    return assemble(points * options.unit, cells, tags, names, boundaries, {**inner, **options.interfaces}, f"file {path.name}", notes)


def _flat_points(path: Path, raw: RawMesh, dim: int) -> tuple[NDArray[np.float64], Ints]:
    cells = raw.elements[dim]
    if cells.min() < 0 or cells.max() >= len(raw.points):
        raise MeshError(
            "cells refer to nodes that the file does not define", code="undefined-nodes", place=str(path), remedy="write the file again"
        )
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


def _named(groups: list[Group], given: Mapping[str, int | str], kind: str, path: Path) -> dict[str, Ints]:
    """Members by name: the scenario's names first, then the file's own, then KIND_TAG."""
    rest, found = list(groups), {}
    for name, what in given.items():
        match = [g for g in rest if what in (g.tag, g.name) and what is not None]
        if not match:
            have = ", ".join(f"{g.name!r}" if g.name else str(g.tag) for g in groups) or "none"
            raise MeshError(
                f"no {kind} group {what!r} to be called {name!r}", code="no-group", place=str(path), remedy=f"the file has: {have}"
            )
        found[name] = np.concatenate([g.members for g in match])
        rest = [g for g in rest if all(g is not m for m in match)]
    for g in rest:
        name = g.name or f"{kind}_{g.tag}"
        found[name] = np.concatenate([found.get(name, np.empty(0, dtype=np.int64)), g.members])
    return found


def _regions(path: Path, points: NDArray[np.float64], cells: Ints, groups: Mapping[str, Ints]) -> tuple[list[str], NDArray[np.int32]]:
    """Region names and the region number of each cell; every cell must be in exactly one group."""
    if not groups:
        kind = ("Curve", "Surface", "Volume")[points.shape[1] - 1]
        raise MeshError(
            "no physical groups",
            code="no-groups",
            place=str(path),
            remedy=f'give every cell a named group (gmsh: Physical {kind}("tissue") = {{...}};) and save again',
        )
    names = list(groups)
    tags = np.full(len(cells), -1, dtype=np.int32)
    for index, members in enumerate(groups.values()):
        twice = members[tags[members] >= 0]
        if len(twice):
            _refuse_two_groups(path, points, cells, twice, names[tags[twice[0]]], names[index])
        tags[members] = index
    _, first, inverse, count = np.unique(keys(cells, len(points)), return_index=True, return_inverse=True, return_counts=True)
    twice = np.flatnonzero(count[inverse] > 1)
    if len(twice):
        partner = first[inverse[twice]]
        other = twice[tags[partner] != tags[twice]]
        if len(other):
            _refuse_two_groups(path, points, cells, other, names[tags[first[inverse[other[0]]]]], names[tags[other[0]]])
        raise MeshError(
            f"{len(twice) - len(np.unique(inverse[twice]))} cells are listed twice",
            code="repeated-cells",
            place=str(path),
            remedy="remove the copies",
        )
    without = np.flatnonzero(tags < 0)
    if len(without):
        raise MeshError(
            f"{len(without)} cells are in no physical group (the first at {_at(points, cells[without[0]])})",
            code="cells-without-group",
            place=str(path),
            remedy=f"give every cell one of the groups ({', '.join(names)})",
        )
    return names, tags


def _refuse_two_groups(path: Path, points: NDArray[np.float64], cells: Ints, which: Ints, a: str, b: str) -> None:
    raise MeshError(
        f"{len(which)} cells are in two groups, {a!r} and {b!r} (the first at {_at(points, cells[which[0]])})",
        code="overlapping-regions",
        place=str(path),
        remedy="regions must not overlap: leave the cells in one of them",
    )


def _at(points: NDArray[np.float64], cell: Ints) -> str:
    return "(" + ", ".join(f"{x:.6g}" for x in points[cell].mean(axis=0)) + ")"


def _facet_counts(path: Path, points: NDArray[np.float64], cells: Ints) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """All facet keys, sorted, and how many cells each belongs to; more than two is refused."""
    facets = cell_facets(cells)
    flat = facets.reshape(-1, facets.shape[2])
    key, first, count = np.unique(keys(flat, len(points)), return_index=True, return_counts=True)
    many = np.flatnonzero(count > 2)
    if len(many):
        raise MeshError(
            f"{len(many)} facets belong to more than two cells (the first at {_at(points, flat[first[many[0]]])}): cells overlap",
            code="overlapping-cells",
            place=str(path),
            remedy="mesh again",
        )
    return key, count


def _split(
    path: Path,
    raw: RawMesh,
    dim: int,
    groups: Mapping[str, Ints],
    renumber: Ints,
    counts: tuple[NDArray[np.generic], NDArray[np.int64]],
    n: int,
) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Facet groups as boundaries (one cell per facet) and interfaces (two cells per facet)."""
    outer: dict[str, Ints] = {}
    inner: dict[str, Ints] = {}
    key, count = counts
    for name, members in groups.items():
        facets = renumber[raw.elements[dim - 1][members]].reshape(-1, dim)
        at = np.searchsorted(key, keys(np.maximum(facets, 0), n))
        at = np.minimum(at, len(key) - 1)
        real = (facets >= 0).all(axis=1) & (key[at] == keys(np.maximum(facets, 0), n))
        if not real.all():
            raise MeshError(
                f"{int((~real).sum())} of {len(facets)} facets of group {name!r} are no sides of cells",
                code="loose-facets",
                place=str(path),
                remedy="embed the curve or surface in the mesh (gmsh: fragment the geometry first), or remove the group",
            )
        inside = count[at] == 2
        if inside.any() and not inside.all():
            raise MeshError(
                f"group {name!r} lies partly on the outside ({int((~inside).sum())} facets) and partly inside the tissue "
                f"({int(inside.sum())})",
                code="mixed-group",
                place=str(path),
                remedy="make two groups, a boundary and an interface",
            )
        (inner if inside.all() else outer)[name] = facets
    return outer, inner
