"""Surfaces made of triangles: where a field passes a value, the skin of a mesh, what is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])


@dataclass(frozen=True)
class Surface:
    """Triangles (t, 3) between points (v, 3), and values (v, ...) at the points by name."""

    points: Floats
    triangles: Ints
    values: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def areas(self) -> Floats:
        """(t,) area of every triangle."""
        a, b, c = (self.points[self.triangles[:, k]] for k in range(3))
        return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))

    @property
    def volume(self) -> float:
        """What a closed surface encloses, by the divergence theorem."""
        a, b, c = (self.points[self.triangles[:, k]] for k in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)

    def faceted(self) -> Surface:
        """The same with points of each triangle's own, and its normal as the value ``normal``."""
        points = self.points[self.triangles].reshape(-1, 3)
        own = {name: value[self.triangles].reshape(-1, *value.shape[1:]) for name, value in self.values.items()}
        corners = points.reshape(-1, 3, 3)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return Surface(points, np.arange(len(points)).reshape(-1, 3), {**own, "normal": np.repeat(normal, 3, axis=0)})


def joined(surfaces: list[Surface]) -> Surface:
    """Several surfaces as one, with the values that all of them have."""
    names = set.intersection(*(set(s.values) for s in surfaces)) if surfaces else set()
    starts = np.cumsum([0, *(len(s.points) for s in surfaces)])
    return Surface(
        np.concatenate([s.points for s in surfaces] or [np.empty((0, 3))]),
        np.concatenate([s.triangles + k for s, k in zip(surfaces, starts, strict=False)] or [np.empty((0, 3), dtype=np.int64)]),
        {name: np.concatenate([s.values[name] for s in surfaces]) for name in sorted(names)},
    )


def contour(points: Floats, cells: Ints, of: Floats, level: float, values: Mapping[str, Floats]) -> Surface:
    """Where a field that is linear in tetrahedra passes a value; triangles turn their outside to lower values.

    points (N, 3), cells (M, 4), of (N,); values (N, ...) at the nodes are taken along.
    """
    above = of > level
    inside = above[cells]
    count = inside.sum(axis=1)
    ends: list[Ints] = []
    for many in (1, 3):  # one corner is cut off: a triangle
        which = np.flatnonzero(count == many)
        lone = np.argmax(inside[which] == (many == 1), axis=1)
        tetra = cells[which]
        rest = tetra[np.arange(len(which))[:, None], _FACES[lone]]
        ends.append(np.stack([np.repeat(tetra[np.arange(len(which)), lone][:, None], 3, axis=1), rest], axis=2))
    which = np.flatnonzero(count == 2)  # an edge is cut off: a quadrangle, as two triangles
    order = np.argsort(~inside[which], axis=1, kind="stable")
    a, b, c, d = (cells[which][np.arange(len(which)), order[:, k]] for k in range(4))
    ring = [np.stack(pair, axis=1) for pair in ((a, c), (a, d), (b, d), (b, c))]
    ends += [np.stack([ring[0], ring[1], ring[2]], axis=1), np.stack([ring[0], ring[2], ring[3]], axis=1)]
    pairs = np.sort(np.concatenate(ends), axis=2)
    edges, number = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    low, high = of[edges[:, 0]], of[edges[:, 1]]
    share = np.divide(level - low, high - low, out=np.zeros(len(edges)), where=high != low)
    found = _between(points, values, edges, share, number.reshape(-1, 3))
    return _turned(found, points, np.concatenate(ends), above)


def _turned(surface: Surface, points: Floats, ends: Ints, above: NDArray[np.bool_]) -> Surface:
    """Each triangle turned so that its normal leads from what lies above to what does not; without those of no area."""
    flip = np.where(above[ends[:, :, 0]], 1.0, -1.0)[..., None]
    outwards = ((points[ends[:, :, 1]] - points[ends[:, :, 0]]) * flip).sum(axis=1)
    a, b, c = (surface.points[surface.triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    wrong = np.einsum("ij,ij->i", normal, outwards) < 0
    triangles = surface.triangles.copy()
    triangles[wrong] = triangles[wrong][:, [0, 2, 1]]
    return Surface(surface.points, triangles[np.linalg.norm(normal, axis=1) > 0], surface.values)


def clip(surface: Surface, by: Floats, level: float = 0.0) -> Surface:
    """The part of a surface on which a value (v,) at its points, linear in its triangles, is at least ``level``."""
    keep = by >= level
    inside = keep[surface.triangles]
    count = inside.sum(axis=1)
    whole = surface.triangles[count == 3]
    pieces: list[Ints] = []  # corners as pairs of points: twice the same, or the ends of an edge that is cut
    for many in (1, 2):
        which = surface.triangles[count == many]
        lone = np.argmax(inside[count == many] == (many == 1), axis=1)
        rows = np.arange(len(which))
        tip, left, right = (which[rows, (lone + k) % 3] for k in range(3))
        to_left, to_right = np.stack([tip, left], axis=1), np.stack([tip, right], axis=1)
        twice = {name: np.stack([n, n], axis=1) for name, n in (("tip", tip), ("left", left), ("right", right))}
        if many == 1:
            pieces.append(np.stack([twice["tip"], to_left, to_right], axis=1))
        else:
            pieces.append(np.stack([to_left, twice["left"], twice["right"]], axis=1))
            pieces.append(np.stack([to_left, twice["right"], to_right], axis=1))
    pairs = np.sort(np.concatenate([np.stack([whole, whole], axis=2), *pieces]), axis=2)
    edges, number = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    low, high = by[edges[:, 0]], by[edges[:, 1]]
    share = np.divide(level - low, high - low, out=np.zeros(len(edges)), where=high != low)
    return _between(surface.points, surface.values, edges, share, number.reshape(-1, 3))


def _between(points: Floats, values: Mapping[str, Floats], edges: Ints, share: Floats, triangles: Ints) -> Surface:
    """A surface whose points lie on edges (e, 2), at a share (e,) of the way."""

    def at(array: Floats) -> Floats:
        weight = share.reshape(-1, *([1] * (array.ndim - 1)))
        return np.asarray((1.0 - weight) * array[edges[:, 0]] + weight * array[edges[:, 1]])

    return Surface(at(points), triangles, {name: at(value) for name, value in values.items()})


def skin(points: Floats, cells: Ints, values: Mapping[str, Floats]) -> Surface:
    """The faces of tetrahedra that have a cell on one side only, turned outwards; also both sides of a cut in the mesh."""
    faces = cells[:, _FACES].reshape(-1, 3)
    across = cells.reshape(-1)  # _FACES[k] lies opposite to corner k
    _, first, count = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
    lone = np.sort(first[count == 1])
    faces, opposite = faces[lone], points[across[lone]]
    a, b, c = (points[faces[:, k]] for k in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), opposite - a) > 0
    faces[inwards] = faces[inwards][:, [0, 2, 1]]
    used, number = np.unique(faces, return_inverse=True)
    return Surface(points[used], number.reshape(-1, 3), {name: value[used] for name, value in values.items()})


def gradient(points: Floats, cells: Ints, of: Floats) -> Floats:
    """(N, 3) the gradient of a field at the nodes: the mean of its gradients in the cells around, by volume."""
    corners = points[cells]
    edges = corners[:, 1:] - corners[:, :1]
    volume = np.linalg.det(edges)
    usable = volume != 0.0
    slopes = np.linalg.solve(edges[usable], (of[cells[usable]][:, 1:] - of[cells[usable]][:, :1])[..., None])[..., 0]
    found = np.zeros((len(points), 3))
    for axis in range(3):
        weight = np.repeat(np.abs(volume[usable]) * slopes[:, axis], 4)
        found[:, axis] = np.bincount(cells[usable].ravel(), weight, minlength=len(points))
    total = np.bincount(cells[usable].ravel(), np.repeat(np.abs(volume[usable]), 4), minlength=len(points))
    return np.asarray(found / np.maximum(total, 1e-300)[:, None])


def above(points: Floats, cells: Ints, of: Floats, level: float, values: Mapping[str, Floats]) -> Surface:
    """The closed surface of the body in which a field exceeds a value: where it passes the value, and the skin of the mesh."""
    rim = skin(points, cells, {**values, "of": of})
    return joined([contour(points, cells, of, level, values), clip(rim, rim.values["of"], level)])
