"""Cutting a mesh along interfaces, so that species have two values there: one copy of a node per part of its cell star."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..solver.errors import MeshError
from .domain import Membrane, MeshData
from .facets import Ints, canonical, facet_measures
from .names import check_names
from .orientation import first_is_side_0
from .stars import Surroundings


def cut(data: MeshData, names: Sequence[str]) -> MeshData:
    """The mesh parted along the named interfaces: a new mesh with ``membranes``.

    The cells around each node of an interface fall into parts that are connected by facets that are not cut; each part
    gets a copy of the node. So closed and open interfaces, junctions of any number of arms, of one or of several
    interfaces, and ends on the outer boundary need no special case, and at an end inside the tissue (a free rim) the
    node stays one. The part with the lowest cell number keeps the number of the node; the copies follow the old nodes,
    ascending by node and lowest cell. Cells keep their numbers. Named facets refer to the copies of their own cells;
    a facet that is cut is listed once per side. Interfaces must be cut in one call.

    Raises MeshError for an unknown or empty interface, facets on the outer boundary or not in the mesh, facets that
    two of the interfaces share, an interface of which every node lies on a free rim, and a one-sided surface.
    """
    names = list(dict.fromkeys(names))
    check_names(data, "interface", names)
    if not names:
        return data
    if data.membranes:
        raise ValueError("the mesh is cut already; name all interfaces in one call")
    n = len(data.points)
    rows = {name: canonical(data.interfaces[name], n) for name in names}
    on = np.zeros(n, dtype=bool)
    for name in names:
        if not len(rows[name]):
            raise MeshError(
                f"interface {name!r} is empty: it has no facets",
                code="empty-interface",
                place=_source(data),
                remedy="give it some, or leave its membrane out",
            )
        on[rows[name]] = True
    around = Surroundings.of(data.cells, on)
    found = {name: _find(data, around, "interface", name, rows[name]) for name in names}
    _check(data, rows, found)
    parted = np.zeros(len(around.corners), dtype=bool)
    for first, second in found.values():
        parted[first] = parted[second] = True
    copies, origin = around.copies(on, parted, n)
    cells = data.cells.copy()
    cells[around.cell_numbers] = copies

    def moved(kind: str, name: str, facets: Ints) -> Ints:
        """Named facets in the new numbers, once per side where they are cut."""
        touched = on[facets].any(axis=1)
        first, second = _find(data, around, kind, name, np.sort(facets[touched], axis=1))
        sides = np.concatenate([first, second[parted[second]]])
        return canonical(np.concatenate([facets[~touched], copies.ravel()[around.corners[sides]]]), n + len(origin))

    return replace(
        data,
        points=np.concatenate([data.points, data.points[origin]]),
        cells=cells,
        boundaries={name: moved("boundary", name, facets) for name, facets in data.boundaries.items()},
        interfaces={name: moved("interface", name, facets) for name, facets in data.interfaces.items()},
        membranes={name: _membrane(data, name, rows[name], found[name], around, copies) for name in names},
    )


def faced(data: MeshData, pairs: Mapping[str, Sequence[str]]) -> MeshData:
    """The cut mesh with side 0 of its membranes on the region named first; ``pairs``: interface -> its two regions."""
    number = {region: k for k, region in enumerate(data.regions)}
    turn = [name for name in data.membranes if name in pairs and number[pairs[name][0]] > number[pairs[name][1]]]
    turned = {name: data.membranes[name] for name in turn}
    membranes = {name: replace(m, facets=m.facets[:, ::-1].copy(), pairs=m.pairs[:, ::-1].copy()) for name, m in turned.items()}
    return replace(data, membranes={**data.membranes, **membranes}) if turn else data


def pairs_at_facets(membrane: Membrane) -> Ints:
    """The position in ``pairs`` of the pair at each node of each facet, (F, dim); -1 at a free rim.

    In a Domain every pair at a facet of this rank is among the pairs of this rank.
    """
    size = max(int(membrane.facets.max(initial=0)), int(membrane.pairs.max(initial=0))) + 1
    code = membrane.pairs.min(axis=1) * size + membrane.pairs.max(axis=1)
    wanted = membrane.facets.min(axis=1) * size + membrane.facets.max(axis=1)
    at = np.searchsorted(code, wanted)
    return np.where(membrane.facets[:, 0] == membrane.facets[:, 1], -1, at)


def _find(data: MeshData, around: Surroundings, kind: str, name: str, rows: Ints) -> tuple[Ints, Ints]:
    first, second = around.find(rows)
    missing = np.flatnonzero(first < 0)
    if len(missing):
        raise MeshError(
            f"{len(missing)} of {len(first)} facets of {kind} {name!r} are no sides of cells (the first at {_at(data, rows[missing[0]])})",
            code="loose-facets",
            place=_source(data),
            remedy=f"mesh again with cells that follow the {kind}",
        )
    return first, second


def _membrane(data: MeshData, name: str, rows: Ints, found: tuple[Ints, Ints], around: Surroundings, copies: Ints) -> Membrane:
    first, second = found
    count, dim = rows.shape
    regions = np.stack([data.cell_region[around.cell_of(side)] for side in found], axis=1).astype(np.int64)
    ahead = first_is_side_0(data, name, rows, regions, around.opposite(first))
    new = copies.ravel()[around.corners]
    facets = np.stack([new[np.where(ahead, first, second)], new[np.where(ahead, second, first)]], axis=1)
    measure = facet_measures(data.points, rows)
    share = np.repeat(measure / dim, dim)
    a, b = facets[:, 0].ravel(), facets[:, 1].ravel()
    crossed = a != b
    if not crossed.any():
        raise MeshError(
            f"interface {name!r} has {count} facet{'s' * (count > 1)} (the first at {_at(data, rows[0])}) and every "
            "node of it lies on a free rim, where the two sides are joined: nothing can be crossed",
            code="uncrossable-interface",
            place=_source(data),
            remedy="extend the interface, or use smaller cells",
        )
    size = int(copies.max()) + 1
    code, which = np.unique(np.minimum(a, b)[crossed] * size + np.maximum(a, b)[crossed], return_inverse=True)
    which = which.reshape(-1)
    pairs = np.stack([code // size, code % size], axis=1)
    # Where a surface meets itself its facets may see a pair both ways round: the larger part decides.
    backward = np.bincount(which, np.where(a < b, share, -share)[crossed]) < 0
    pairs[backward] = pairs[backward][:, ::-1]
    return Membrane(
        facets=facets,
        pairs=pairs,
        sigma=np.asarray(np.bincount(which, share[crossed]), dtype=np.float64),
        rim=float(share[~crossed].sum()),
        measure=float(measure.sum()),
        facet_numbers=np.arange(count),
        pair_numbers=np.arange(len(pairs)),
        n_facets=count,
        n_pairs=len(pairs),
    )


def _check(data: MeshData, rows: Mapping[str, Ints], found: Mapping[str, tuple[Ints, Ints]]) -> None:
    taken: dict[str, Ints] = {}
    for name, (first, second) in found.items():
        outer = np.flatnonzero(first == second)
        if len(outer):
            raise MeshError(
                f"{len(outer)} of {len(first)} facets of interface {name!r} lie on the outer boundary (the first at "
                f"{_at(data, rows[name][outer[0]])}): a membrane needs tissue on both sides",
                code="interface-on-boundary",
                place=_source(data),
                remedy="take them out of the interface, or make them a boundary with a wall",
            )
        for other, those in taken.items():
            shared = np.flatnonzero(np.isin(first, those))
            if len(shared):
                raise MeshError(
                    f"interfaces {other!r} and {name!r} share {len(shared)} facets (the first at "
                    f"{_at(data, rows[name][shared[0]])}): one place has one membrane",
                    code="shared-facets",
                    place=_source(data),
                    remedy="take them out of one of the two",
                )
        taken[name] = first


def _source(data: MeshData) -> str:
    return data.source or "mesh"


def _at(data: MeshData, nodes: Ints) -> str:
    return "(" + ", ".join(f"{x:.6g}" for x in data.points[nodes].mean(axis=0)) + ")"
