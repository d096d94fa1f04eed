"""Meshes with interfaces for the tests of cutting, and what every cut mesh has to satisfy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from invasio.meshes.cut import cut, pairs_at_facets
from invasio.meshes.domain import MeshData
from invasio.meshes.facets import between, boundary, canonical, cell_facets, facet_measures, facets_on, keys, signed_measures
from tests.bad_meshes import obtuse_rectangle, sliver_box
from tests.unit.meshes.build import make

Where = Callable[[np.ndarray], np.ndarray]
BED = {"bed": {"kind": "disc", "radius": 0.5}}
BALL = {"bed": {"kind": "ball", "centre": [0.5, 0.5, 0.5], "radius": 0.3}}
CUT = {"m": ["bed", "tissue"]}
# Squares of the unit lattice, (axis of the normal, lowest corner), that make a band with one side.
MOEBIUS = [(0, (0, 0, 0)), (1, (0, 0, 0)), (0, (1, 0, 0)), (2, (1, 0, 0)), (2, (1, 1, 0)), (2, (0, 1, 0)), (0, (0, 1, 0))]


def plane(data: MeshData, axis: int, value: float, where: Where = lambda x: np.ones(len(x), dtype=bool)) -> np.ndarray:
    """The facets on a plane whose centroids are in a place."""
    found = canonical(facets_on(data.cells, np.abs(data.points[:, axis] - value) < 1e-9)[0], len(data.points))
    return found[where(data.points[found].mean(axis=1))]


def named(data: MeshData, **interfaces: np.ndarray) -> MeshData:
    """The mesh with these interfaces."""
    return replace(data, interfaces=interfaces)


def lattice(dim: int, n: int = 6) -> MeshData:
    """The unit interval, square or cube of n cells each way and one region."""
    return make(("interval", "rectangle", "box")[dim - 1], cells=n if dim == 1 else [n] * dim)


def sorted_into(data: MeshData, regions: tuple[str, ...], numbers: np.ndarray) -> MeshData:
    """The mesh with other regions and an interface between the first two, and those between others, all together called m."""
    tags = numbers.astype(np.int32)
    pairs = [(a, b) for a in range(len(regions)) for b in range(a)]
    found = [between(data.cells, tags == a, tags == b, len(data.points)) for a, b in pairs]
    return replace(data, regions=regions, cell_region=tags, interfaces={"m": canonical(np.concatenate(found), len(data.points))})


def half(data: MeshData) -> MeshData:
    """Two regions, left and right of the middle as far as the cells allow: a ragged interface."""
    return sorted_into(data, ("left", "right"), data.points[data.cells].mean(axis=1)[:, 0] > 0.5)


def scattered(data: MeshData, seed: int = 3) -> MeshData:
    """Every cell in one of three regions at random: junctions of all kinds at every node."""
    return sorted_into(data, ("a", "b", "c"), np.random.default_rng(seed).integers(0, 3, len(data.cells)))


def torn(data: MeshData, seed: int = 5) -> MeshData:
    """An interface of a tenth of all inner facets, picked at random: holes, rims and single facets everywhere."""
    every = cell_facets(data.cells).reshape(-1, data.points.shape[1])
    key = keys(every, len(data.points))
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    inner = first[count == 2]
    chosen = np.random.default_rng(seed).choice(inner, len(inner) // 10, replace=False)
    return named(data, m=canonical(every[chosen], len(data.points)))


def moebius() -> MeshData:
    """A band with one side inside a cube."""
    data = lattice(3, 4)
    rows = []
    for axis, corner in MOEBIUS:
        low = (np.array(corner) + 1) / 4

        def inside(x: np.ndarray, low: np.ndarray = low, axis: int = axis) -> np.ndarray:
            rest = [k for k in range(3) if k != axis]
            return np.asarray(((x[:, rest] > low[rest]) & (x[:, rest] < low[rest] + 0.25)).all(axis=1))

        rows.append(plane(data, axis, low[axis], inside))
    return named(data, band=canonical(np.concatenate(rows), len(data.points)))


CASES: dict[str, Callable[[], MeshData]] = {
    "point": lambda: make("interval", cells=10, regions={"bed": {"kind": "interval", "from": 0, "to": 0.5}}, interfaces=CUT),
    "two points": lambda: named(d := lattice(1), m=np.concatenate([plane(d, 0, 1 / 3), plane(d, 0, 2 / 3)])),
    "two cells": lambda: named(d := lattice(1, 2), m=plane(d, 0, 0.5)),
    "square": lambda: named(d := lattice(2), m=plane(d, 0, 0.5)),
    "box": lambda: named(d := lattice(3), m=plane(d, 2, 0.5)),
    "circle": lambda: make("disc", size=0.2, regions=BED, interfaces=CUT),
    "sphere": lambda: make("box", size=0.2, structured=False, regions=BALL, interfaces=CUT),
    "quarter circle": lambda: make("rectangle", size=0.1, structured=False, regions=BED, interfaces=CUT),
    "slit": lambda: named(d := lattice(2), m=plane(d, 0, 0.5, lambda x: np.abs(x[:, 1] - 0.5) < 1 / 3)),
    "slit to the boundary": lambda: named(d := lattice(2), m=plane(d, 0, 0.5, lambda x: x[:, 1] < 0.5)),
    "patch": lambda: named(d := lattice(3), m=plane(d, 1, 0.5, lambda x: np.abs(x - 0.5).max(axis=1) < 1 / 3)),
    "slit in a box": lambda: named(d := lattice(3), m=plane(d, 0, 0.5, lambda x: x[:, 1] < 0.5)),
    "cross": lambda: named(d := lattice(2), m=plane(d, 0, 0.5), k=plane(d, 1, 0.5)),
    "cross of one name": lambda: named(d := lattice(2), m=np.concatenate([plane(d, 0, 0.5), plane(d, 1, 0.5)])),
    "cross in a box": lambda: named(d := lattice(3, 4), m=plane(d, 0, 0.5), k=plane(d, 1, 0.5)),
    "T": lambda: named(d := lattice(2), m=plane(d, 0, 0.5), k=plane(d, 1, 0.5, lambda x: x[:, 0] > 0.5)),
    "T of one name": lambda: named(d := lattice(2), m=np.concatenate([plane(d, 0, 0.5), plane(d, 1, 0.5, lambda x: x[:, 0] > 0.5)])),
    "two in a line": lambda: named(
        d := lattice(2), m=plane(d, 0, 0.5, lambda x: x[:, 1] < 0.5), k=plane(d, 0, 0.5, lambda x: x[:, 1] > 0.5)
    ),
    "obtuse": lambda: half(obtuse_rectangle(6)),
    "slivers": lambda: half(sliver_box(5)),
    "scattered square": lambda: scattered(obtuse_rectangle(5)),
    "scattered box": lambda: scattered(sliver_box(3)),
    "torn square": lambda: torn(obtuse_rectangle(6)),
    "torn box": lambda: torn(sliver_box(5)),
}


@cache
def case(name: str) -> tuple[MeshData, MeshData]:
    """A mesh and the same mesh cut along all its interfaces."""
    data = CASES[name]()
    return data, cut(data, list(data.interfaces))


def parts_by_walking(data: MeshData, names: list[str]) -> dict[int, list[set[int]]]:
    """For each node of the named interfaces the sets of cells around it that hang together, found cell by cell."""
    n = len(data.points)
    cells_at: dict[Any, list[int]] = {}
    around: dict[int, list[int]] = {}
    key = keys(cell_facets(data.cells), n).reshape(len(data.cells), -1)
    for cell, (facets, nodes) in enumerate(zip(key, data.cells, strict=True)):
        for facet in facets.tolist():
            cells_at.setdefault(facet, []).append(cell)
        for node in map(int, nodes.ravel()):
            around.setdefault(node, []).append(cell)
    rows = np.concatenate([data.interfaces[name] for name in names])
    closed = set(keys(rows, n).tolist())
    result = {}
    for node in np.unique(rows).tolist():
        star, parts = set(around[node]), []
        while star:
            part, front = set(), [min(star)]
            while front:
                cell = front.pop()
                if cell not in star:
                    continue
                star.discard(cell)
                part.add(cell)
                for facet in set(key[cell].tolist()) - closed:
                    front += cells_at[facet]
            parts.append(part)
        result[node] = parts
    return result


def check_cut(before: MeshData, after: MeshData) -> None:
    """All that holds for every cut mesh."""
    dim, n = before.points.shape[1], len(before.points)
    assert np.array_equal(after.points[:n], before.points)
    assert np.array_equal(after.points[after.cells], before.points[before.cells])
    assert np.array_equal(after.cell_region, before.cell_region)
    assert np.array_equal(np.unique(after.cells), np.arange(len(after.points)))
    assert (signed_measures(after.points, after.cells) > 0).all()
    check_copies(before, after)
    outside = boundary(after.cells, len(after.points))[0]
    at_edge = keys(outside, len(after.points))
    for name, facets in before.boundaries.items():
        assert np.isin(keys(after.boundaries[name], len(after.points)), at_edge).all()
        assert same_places(before.points[facets], after.points[after.boundaries[name]])
    opened = 0
    for name, membrane in after.membranes.items():
        rows = before.interfaces[name]
        assert membrane.facets.shape == (len(rows), 2, dim)
        assert np.array_equal(after.points[membrane.facets[:, 0]], after.points[membrane.facets[:, 1]])
        assert same_places(after.points[membrane.facets[:, 0]], before.points[rows])
        parted = (membrane.facets[:, 0] != membrane.facets[:, 1]).any(axis=1)
        opened += int(parted.sum())
        assert np.isin(keys(membrane.facets[parted].reshape(-1, dim), len(after.points)), at_edge).all()
        listed = canonical(membrane.facets.reshape(-1, dim), len(after.points))
        assert np.array_equal(after.interfaces[name], listed)
        check_pairs(after, name)
    assert len(outside) == len(boundary(before.cells, n)[0]) + 2 * opened


def check_copies(before: MeshData, after: MeshData) -> None:
    """Each part of each star has one node of its own; no other node changed."""
    n = len(before.points)
    parts = parts_by_walking(before, list(after.membranes))
    expected = before.cells.copy()
    fresh = n
    for node in sorted(parts):
        for number, part in enumerate(sorted(parts[node], key=min)):
            if number:
                members = np.array(sorted(part))
                expected[members] = np.where(before.cells[members] == node, fresh, expected[members])
                fresh += 1
    assert len(after.points) == fresh
    assert np.array_equal(after.cells, expected)


def check_pairs(after: MeshData, name: str) -> None:
    """Pairs once each, at one place, with measures that add up; each facet finds its pairs."""
    m = after.membranes[name]
    dim = after.points.shape[1]
    i, j = m.pairs.T
    assert (i != j).all()
    low, high = np.minimum(i, j), np.maximum(i, j)
    assert len(np.unique(low * len(after.points) + high)) == len(i) == m.n_pairs
    assert np.array_equal(np.lexsort((high, low)), np.arange(len(i)))
    assert np.array_equal(after.points[i], after.points[j])
    assert (m.sigma > 0).all()
    measures = facet_measures(after.points, m.facets[:, 0])
    assert np.isclose(m.measure, measures.sum(), rtol=1e-13)
    assert np.isclose(m.sigma.sum() + m.rim, m.measure, rtol=1e-13)
    found = pairs_at_facets(m)
    rim = m.facets[:, 0] == m.facets[:, 1]
    assert np.array_equal(found < 0, rim)
    again = np.zeros(len(i))
    for facet, node in zip(*np.nonzero(~rim), strict=True):
        assert set(m.facets[facet, :, node]) == set(m.pairs[found[facet, node]])
        again[found[facet, node]] += measures[facet] / dim
    assert np.allclose(again, m.sigma, rtol=1e-12)
    assert np.isclose(m.rim, (measures[:, None] * rim / dim).sum(), rtol=1e-12, atol=1e-15)


def same_places(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two lists of facets (F, dim, dim) have the same coordinates, in any order."""

    def ordered(x: np.ndarray) -> np.ndarray:
        rows = np.array([sorted(facet) for facet in x.tolist()]).reshape(len(x), -1)
        return rows[np.lexsort(rows.T)]

    return a.shape == b.shape and bool(np.array_equal(ordered(a), ordered(b)))
