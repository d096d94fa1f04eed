"""A lattice whose nodes near the outlines of discs and balls lie on them: lengths, areas and volumes of round regions come right.

Each square or cube belongs to the region that has most of it. A node between regions moves along the normal of the outline
onto it, by less than half a square along each axis, so that nothing can fold over; where a cell would become too flat its nodes go
less far. Then each outline is widened so that its region has the area or volume that it should have, as chords cut off a part.
Regions with straight sides stay as the lattice has them. Source of the division: fitted.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..solver.scenario.mesh import BallShape, BoxMesh, DiscShape, RectangleMesh
from .facets import Ints, signed_measures
from .fitted import pulled, unfolded

Floats = NDArray[np.float64]
Round = DiscShape | BallShape

_REACH = 0.45  # how far, in squares, a node may move along each axis
_FAR = 1.0  # how far, in diagonals, an outline may lie from a node that stands between its region and others
_ROUNDS = 4  # of widening
_PARTS = {2: 16, 3: 6}  # along each edge of a square on an outline, to find how much of it lies in which region
_BATCH = 20_000  # squares at once


@dataclass(frozen=True)
class FittedLattice:
    """points (N, dim), cells (M, dim+1), region (M,) of each, 0 being the rest, and what is to be said."""

    points: Floats
    cells: Ints
    region: NDArray[np.int32]
    notes: tuple[str, ...]


def fitted_lattice(options: RectangleMesh | BoxMesh, axes: Sequence[Floats]) -> FittedLattice:
    """The lattice of a rectangle or box with nodes on its discs or balls."""
    dim, counts = len(axes), np.array([len(axis) - 1 for axis in axes])
    shapes = list(options.regions.values())
    edges = np.array([axis[1] - axis[0] for axis in axes])
    start = _grid(axes)
    squares = _squares(counts)
    labels, wanted = _shares(shapes, start, squares, edges)
    on, owner = _between(shapes, start, squares, labels, edges)
    priority = np.arange(len(start))
    priority[on] += len(start)
    cells, source = pulled(squares, priority) if dim == 3 else _halved(squares, priority)
    region = labels[source]
    points = start.copy()
    if not len(on):
        return FittedLattice(points, cells, region, ())
    number = np.full(len(start), -1, dtype=np.int64)
    number[on] = np.arange(len(on))
    near = cells[(number[cells] >= 0).any(axis=1)]
    ends = np.array([axis[[0, -1]] for axis in axes])
    free = (start[on] != ends[:, 0]) & (start[on] != ends[:, 1])
    radii = np.array([shape.radius if isinstance(shape, (DiscShape, BallShape)) else 0.0 for shape in shapes])
    stated, held = radii.copy(), 0.0
    for _ in range(_ROUNDS):
        moved = _moved(shapes, start[on], owner, radii, free, edges)
        held = float((unfolded(points, on, start[on], moved, near, number) < 1.0).mean())
        have = np.bincount(region, np.abs(signed_measures(points, cells)), len(shapes) + 1)
        for k in np.unique(owner):
            gain = (wanted[k + 1] / have[k + 1]) ** (1.0 / dim) if have[k + 1] > 0.0 else 1.0
            radii[k] = np.clip(radii[k] * gain, 0.95 * stated[k], 1.05 * stated[k])
    notes = (f"{len(on)} nodes of the lattice moved onto round outlines, {held:.0%} of them less far than these are",)
    return FittedLattice(points, cells, region, notes)


def _grid(axes: Sequence[Floats]) -> Floats:
    return np.stack([grid.ravel() for grid in np.meshgrid(*axes[::-1], indexing="ij")][::-1], axis=1)


def _squares(counts: Ints) -> Ints:
    """Nodes of each square (n, 4) or cube (n, 8) in VTK's order, x fastest."""
    strides = np.concatenate([[1], np.cumprod(counts + 1)])[:-1]
    first = _grid([np.arange(n, dtype=np.float64) for n in counts]).astype(np.int64) @ strides
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = ring if len(counts) == 2 else np.array([[*corner, z] for z in (0, 1) for corner in ring])
    return np.asarray(first[:, None] + corners @ strides)


def _labels(shapes: Sequence[object], points: Floats) -> NDArray[np.int32]:
    """The number of the last shape that each point lies in, from 1; 0 in none."""
    from .structured import inside

    found = np.zeros(len(points), dtype=np.int32)
    for k, shape in enumerate(shapes, start=1):
        found[inside(shape, points)] = k
    return found


def _between(shapes: Sequence[object], start: Floats, squares: Ints, labels: NDArray[np.int32], edges: Floats) -> tuple[Ints, Ints]:
    """Nodes between the region of a round shape and others, and the number of this shape; of several the one that counts, the last."""
    owner = np.full(len(start), -1, dtype=np.int64)
    for k, shape in enumerate(shapes):
        if not isinstance(shape, (DiscShape, BallShape)):
            continue
        mine = labels == k + 1
        both = np.ones(len(start), dtype=bool)
        for part in (mine, ~mine):
            mark = np.zeros(len(start), dtype=bool)
            mark[squares[part]] = True
            both &= mark
        away = np.abs(np.linalg.norm(start - np.array(shape.centre), axis=1) - shape.radius)
        owner[both & (away < _FAR * float(np.linalg.norm(edges)))] = k
    on = np.flatnonzero(owner >= 0)
    return on, owner[on]


def _halved(squares: Ints, priority: Ints) -> tuple[Ints, Ints]:
    """Two triangles of each square, parted at its node of lowest priority, and the square of each."""
    even = (priority[squares].argmin(axis=1) % 2 == 0)[:, None]
    first = np.where(even, squares[:, [0, 1, 2]], squares[:, [0, 1, 3]])
    second = np.where(even, squares[:, [0, 2, 3]], squares[:, [1, 2, 3]])
    return np.stack([first, second], axis=1).reshape(-1, 3), np.repeat(np.arange(len(squares)), 2)


def _moved(shapes: Sequence[object], start: Floats, owner: Ints, radii: Floats, free: NDArray[np.bool_], edges: Floats) -> Floats:
    """By how much each node moves; nodes of the sides stay on them."""
    centres = np.array([getattr(shape, "centre", (0.0,) * start.shape[1]) for shape in shapes])
    centre, radius = centres[owner], radii[owner, None]
    place = start.copy()
    for _ in range(8):  # along the part of the normal that is free: one step where all of it is
        ray = np.where(free, place - centre, 0.0)
        length = np.linalg.norm(place - centre, axis=1, keepdims=True)
        across = (ray**2).sum(axis=1, keepdims=True)
        far = length - radius
        place -= np.divide(far * length, across, out=np.zeros_like(far), where=across > 1e-12 * radius**2) * ray
        place = start + np.clip(place - start, -_REACH * edges, _REACH * edges)
    return np.asarray(place - start)


def _shares(shapes: Sequence[object], start: Floats, squares: Ints, edges: Floats) -> tuple[NDArray[np.int32], Floats]:
    """The region of each square, and the area or volume that each region should have, from parts of the squares on outlines."""
    dim, measure, count = start.shape[1], float(prod(edges)), len(shapes) + 1
    centres = start[squares[:, 0]] + edges / 2
    labels = _labels(shapes, centres)
    cut = np.zeros(len(squares), dtype=bool)
    for shape in shapes:
        if isinstance(shape, (DiscShape, BallShape)):
            away = np.abs(np.linalg.norm(centres - np.array(shape.centre), axis=1) - shape.radius)
            cut |= away <= 0.5 * float(np.linalg.norm(edges))
    sums = np.bincount(labels[~cut], minlength=count) * measure
    some = np.flatnonzero(cut)
    each = (np.arange(_PARTS[dim]) + 0.5) / _PARTS[dim] - 0.5
    offsets = _grid([each * edge for edge in edges])
    for at in range(0, len(some), _BATCH):
        rows = some[at : at + _BATCH]
        found = _labels(shapes, (centres[rows][:, None] + offsets).reshape(-1, dim)) + count * np.repeat(np.arange(len(rows)), len(offsets))
        parts = np.bincount(found, minlength=count * len(rows)).reshape(len(rows), count)
        labels[rows] = parts.argmax(axis=1)
        sums = sums + parts.sum(axis=0) * (measure / len(offsets))
    return labels, np.asarray(sums, dtype=np.float64)
