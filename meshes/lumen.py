"""Cutting the lumen of a vessel out of a mesh: its cells go, its outline becomes a boundary of the region's name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import Ints, between, boundary, canonical, keys
from .names import check_names


def cut_out(data: MeshData, names: Sequence[str]) -> MeshData:
    """The mesh without the named regions; the facets between each and what is left are a boundary of the region's name.

    Named facets that no cell is left at go; those that had a lumen on one side leave the interfaces, since the wall is there.
    Raises MeshError for a region that is not there, one that touches no tissue, and where nothing is left.
    """
    names = list(dict.fromkeys(names))
    check_names(data, "region", names)
    if not names:
        return data
    source = data.source or "mesh"
    numbers = [data.regions.index(name) for name in names]
    gone = np.isin(data.cell_region, numbers)
    if gone.all():
        raise MeshError(
            f"the lumens ({', '.join(names)}) are the whole mesh: no tissue is left",
            code="no-tissue",
            place=source,
            remedy="leave a region that is no lumen",
        )
    n = len(data.points)
    walls: dict[str, Ints] = {}
    for name, number in zip(names, numbers, strict=True):
        walls[name] = between(data.cells, data.cell_region == number, ~gone, n)
        if not len(walls[name]):
            raise MeshError(
                f"region {name!r} is the lumen of a vessel, but it touches no tissue",
                code="isolated-lumen",
                place=source,
                remedy="move or enlarge it, or take out the vessel",
            )
    cells = data.cells[~gone]
    used, inverse = np.unique(cells, return_inverse=True)
    new = np.full(n, -1, dtype=np.int64)
    new[used] = np.arange(len(used))
    kept = [k for k, name in enumerate(data.regions) if name not in names]
    region = np.full(len(data.regions), -1, dtype=np.int32)
    region[kept] = np.arange(len(kept), dtype=np.int32)
    tissue = inverse.reshape(cells.shape).astype(np.int64)
    outer = keys(boundary(tissue, len(used))[0], len(used))

    def moved(facets: Ints, inner: bool) -> Ints:
        rows = new[facets]
        rows = rows[(rows >= 0).all(axis=1)]
        return canonical(rows[np.isin(keys(rows, len(used)), outer) != inner], len(used))

    boundaries = {name: moved(facets, False) for name, facets in data.boundaries.items()}
    interfaces = {name: moved(facets, True) for name, facets in data.interfaces.items()}
    for name in names:
        # A group of facets may have the name of the region: that is its outline, which is the wall.
        kind = "a boundary" if len(boundaries.pop(name, ())) else "an interface" if len(interfaces.pop(name, ())) else ""
        if kind:
            raise MeshError(
                f"region {name!r} is the lumen of a vessel, but {kind} has this name already",
                code="repeated-name",
                place=source,
                remedy="rename one of them",
            )
    return MeshData(
        points=np.ascontiguousarray(data.points[used]),
        cells=tissue,
        cell_region=region[data.cell_region[~gone]],
        regions=tuple(data.regions[k] for k in kept),
        boundaries={**boundaries, **{name: moved(w, False) for name, w in walls.items()}},
        interfaces=interfaces,
        source=data.source,
        notes=(*data.notes, f"cut out: {', '.join(names)}"),
        section=data.section,
    )
