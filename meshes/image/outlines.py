"""Outlines of a map of regions as arcs that neighbours share, smoothed and resampled without changing how they hang together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError

Points = NDArray[np.float64]
OUTSIDE = -1000  # beyond the picture
_SHARES = (1.0, 0.5, 0.25)  # of smoothing and tolerance, tried in turn where outlines would cross


@dataclass(frozen=True)
class Arc:
    """A piece of outline between two parts, which lie left and right of it (y points down: left of +x is -y).

    points (P, 2) in pixels; the first equals the last in a closed arc. left, right: numbers of connected parts.
    free: a closed arc that no other arc touches, so that its first point may move.
    """

    points: Points
    left: int
    right: int
    free: bool

    @property
    def closed(self) -> bool:
        """Whether the arc ends where it starts."""
        return bool(np.array_equal(self.points[0], self.points[-1]))


def trace(parts: NDArray[np.int64]) -> list[Arc]:
    """All arcs along pixel edges between different parts (rows, columns); negative parts are no tissue.

    Edges between two parts that are no tissue are left out. Arcs end where three parts meet and at the corners of the picture.
    """
    rows, columns = parts.shape
    padded = np.full((rows + 2, columns + 2), OUTSIDE, dtype=np.int64)
    padded[1:-1, 1:-1] = parts
    edges: list[tuple[tuple[int, int], tuple[int, int], int, int]] = []
    up, down = padded[:-1, 1:-1], padded[1:, 1:-1]
    for r, c in zip(*np.nonzero((up != down) & ((up >= 0) | (down >= 0))), strict=True):
        edges.append(((int(c), int(r)), (int(c) + 1, int(r)), int(up[r, c]), int(down[r, c])))
    west, east = padded[1:-1, :-1], padded[1:-1, 1:]
    for r, c in zip(*np.nonzero((west != east) & ((west >= 0) | (east >= 0))), strict=True):
        edges.append(((int(c), int(r)), (int(c), int(r) + 1), int(east[r, c]), int(west[r, c])))
    return _chain(edges, {(0, 0), (columns, 0), (0, rows), (columns, rows)})


def _chain(edges: list[tuple[tuple[int, int], tuple[int, int], int, int]], corners: set[tuple[int, int]]) -> list[Arc]:
    at: dict[tuple[int, int], list[int]] = {}
    for number, (a, b, _, _) in enumerate(edges):
        at.setdefault(a, []).append(number)
        at.setdefault(b, []).append(number)

    def junction(vertex: tuple[int, int]) -> bool:
        if len(at[vertex]) != 2 or vertex in corners:
            return True
        first, second = (edges[n] for n in at[vertex])
        return {first[2], first[3]} != {second[2], second[3]}

    used = [False] * len(edges)
    arcs = []
    starts = [v for v in sorted(at) if junction(v)]
    for vertex in [*starts, *sorted(at)]:
        for number in at[vertex]:
            if used[number]:
                continue
            path, here, edge = [vertex], vertex, number
            forward = edges[number][0] == vertex
            while True:
                used[edge] = True
                a, b, _, _ = edges[edge]
                here = b if here == a else a
                path.append(here)
                if here == vertex or junction(here):
                    break
                edge = next(n for n in at[here] if not used[n])
            left, right = edges[number][2:] if forward else edges[number][3:1:-1]
            arcs.append(Arc(np.array(path, dtype=np.float64), left, right, here == vertex and not junction(vertex)))
    return arcs


def smooth(arcs: list[Arc], width: float, spacing: dict[int, float], tolerance: float) -> list[Arc]:
    """Smooth every arc along its length (Gaussian, ``width`` pixels) and resample it; end points stay.

    spacing: part number -> wanted edge length in pixels; an arc takes the smaller of its two sides, and less where it would
    stray further than ``tolerance`` pixels. Where outlines would cross, the arcs concerned are smoothed less.
    """
    levels = [0] * len(arcs)
    steps = [_step(arc, spacing) for arc in arcs]
    result = [_smooth_one(arc, width, step, tolerance) for arc, step in zip(arcs, steps, strict=True)]
    while bad := crossing(result):
        retry = [k for k in bad if levels[k] < len(_SHARES)]
        if not retry:
            raise MeshError(
                "the outlines of the regions touch themselves",
                code="ragged-outlines",
                place="outlines of the picture",
                remedy="use a larger 'smooth' or 'smallest'",
            )
        for k in retry:
            levels[k] += 1
            # The last resort is the line along the pixel edges, which crosses nothing.
            raw = levels[k] == len(_SHARES)
            result[k] = arcs[k] if raw else _smooth_one(arcs[k], width * _SHARES[levels[k]], steps[k], tolerance * _SHARES[levels[k]])
    return result


def _step(arc: Arc, spacing: dict[int, float]) -> float:
    return min(spacing[part] for part in (arc.left, arc.right) if part >= 0)


def _smooth_one(arc: Arc, width: float, step: float, tolerance: float) -> Arc:
    fine = _gaussian(arc, width) if width > 0 and len(arc.points) > 2 and OUTSIDE not in (arc.left, arc.right) else arc.points
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    while True:
        count = max(3 if arc.closed else 1, int(np.ceil(lengths[-1] / step - 1e-9)))
        coarse = _at(fine, lengths, np.linspace(0.0, lengths[-1], count + 1))
        if step <= 1.0 or _stray(fine, lengths, coarse) <= tolerance:
            return replace(arc, points=coarse)
        step = max(step / 1.4, 1.0)


def _at(points: Points, lengths: NDArray[np.float64], where: NDArray[np.float64]) -> Points:
    result = np.stack([np.interp(where, lengths, points[:, k]) for k in (0, 1)], axis=1)
    result[0], result[-1] = points[0], points[-1]
    return result


def _stray(fine: Points, lengths: NDArray[np.float64], coarse: Points) -> float:
    """Largest distance between points of the fine line and the chord that replaces them."""
    segment = np.minimum((lengths / lengths[-1] * (len(coarse) - 1)).astype(int), len(coarse) - 2)
    a, chord = coarse[segment], coarse[segment + 1] - coarse[segment]
    offset = fine - a
    norm = np.maximum(np.linalg.norm(chord, axis=1), 1e-12)
    return float((np.abs(chord[:, 0] * offset[:, 1] - chord[:, 1] * offset[:, 0]) / norm).max())


def _gaussian(arc: Arc, width: float) -> Points:
    """Gaussian smoothing along the line, repeated on what it took away, so that round shapes do not shrink.

    An open line is continued by point reflection, so its ends stay.
    """
    from scipy.ndimage import gaussian_filter1d

    def twice(line: Points, mode: str) -> Points:
        once = gaussian_filter1d(line, width, axis=0, mode=mode)
        return np.asarray(once + gaussian_filter1d(line - once, width, axis=0, mode=mode))

    if arc.free:
        inner = twice(arc.points[:-1], "wrap")
        return np.concatenate([inner, inner[:1]])
    n = len(arc.points)
    pad = min(n - 1, int(4 * width) + 1)
    before = 2 * arc.points[0] - arc.points[pad:0:-1]
    after = 2 * arc.points[-1] - arc.points[-2 : -pad - 2 : -1]
    result = twice(np.concatenate([before, arc.points, after]), "nearest")[pad : pad + n]
    result[0], result[-1] = arc.points[0], arc.points[-1]
    return result


def areas(arcs: list[Arc], count: int) -> NDArray[np.float64]:
    """The area that the outlines give each of the parts 0 to count - 1, in pixels (Gauss' formula over its arcs)."""
    result = np.zeros(count)
    for arc in arcs:
        (x, y), (dx, dy) = (arc.points[1:] + arc.points[:-1]).T / 2, np.diff(arc.points, axis=0).T
        swept = float((x * dy - y * dx).sum()) / 2
        for part, sign in ((arc.left, 1.0), (arc.right, -1.0)):
            if part >= 0:
                result[part] += sign * swept
    return np.abs(result)


def crossing(arcs: list[Arc]) -> set[int]:
    """Numbers of the arcs with segments that cross or touch others elsewhere than at common end points."""
    from scipy.spatial import cKDTree

    a = np.concatenate([arc.points[:-1] for arc in arcs])
    b = np.concatenate([arc.points[1:] for arc in arcs])
    owner = np.repeat(np.arange(len(arcs)), [len(arc.points) - 1 for arc in arcs])
    longest = float(np.linalg.norm(b - a, axis=1).max())
    pairs = cKDTree((a + b) / 2).query_pairs(longest, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]

    def side(p: Points, q: Points, r: Points) -> NDArray[np.float64]:
        return np.asarray((q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0]))

    bad = (side(a[i], b[i], a[j]) * side(a[i], b[i], b[j]) < 0) & (side(a[j], b[j], a[i]) * side(a[j], b[j], b[i]) < 0)
    for one, two in ((i, j), (j, i)):
        for end, other in ((a[one], b[one]), (b[one], a[one])):
            common = (end == a[two]).all(axis=1) | (end == b[two]).all(axis=1)
            # Both ends in common: two arcs that have collapsed onto each other.
            same = common & ((other == a[two]).all(axis=1) | (other == b[two]).all(axis=1))
            bad |= same | (~common & (_distance(end, a[two], b[two]) < 1e-6))
    return set(owner[i[bad]].tolist()) | set(owner[j[bad]].tolist())


def _distance(p: Points, a: Points, b: Points) -> NDArray[np.float64]:
    """Distance of points from segments, row by row."""
    chord, offset = b - a, p - a
    along = np.clip((chord * offset).sum(axis=1) / np.maximum((chord**2).sum(axis=1), 1e-300), 0, 1)
    return np.asarray(np.linalg.norm(offset - along[:, None] * chord, axis=1))
