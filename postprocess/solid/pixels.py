"""Which pixels triangles cover, and how deep they lie there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .surface import Floats, Ints

_BATCH = 2_000_000  # pixels at once


@dataclass(frozen=True)
class Fragments:
    """What of some triangles is seen at which pixels (n,): number of the pixel, its middle, depth (larger is nearer), triangle."""

    x: Floats
    y: Floats
    pixel: Ints
    depth: Floats
    triangle: Ints

    def where(self, chosen: NDArray[np.bool_]) -> Fragments:
        """Some of them."""
        return Fragments(self.x[chosen], self.y[chosen], self.pixel[chosen], self.depth[chosen], self.triangle[chosen])


class Covered:
    """Triangles on a screen of rows and columns: corners (t, 3, 2) in pixels, depth (t, 3).

    Shares of the corners are linear in a triangle: s_k = A_k x + B_k y + C_k, and its pixels in a row are those where all are >= 0.
    """

    def __init__(self, corners: Floats, depth: Floats, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        (ax, ay), (bx, by), (cx, cy) = (corners[:, k].T for k in range(3))
        twice = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        self._usable = np.flatnonzero(twice != 0.0)
        inverse = np.divide(1.0, twice, out=np.zeros_like(twice), where=twice != 0.0)
        second = np.stack([cy - ay, ax - cx, ay * cx - ax * cy]) * inverse
        third = np.stack([ay - by, bx - ax, ax * by - ay * bx]) * inverse
        first = np.array([[0.0], [0.0], [1.0]]) - second - third
        self._shares = np.stack([first, second, third])  # (corner, coefficient, t)
        self._depth = np.einsum("kct,tk->ct", self._shares, depth)
        low, high = corners[..., 1].min(axis=1), corners[..., 1].max(axis=1)
        self._first = np.clip(np.ceil(low - 0.5), 0, rows).astype(np.int64)
        self._count = np.maximum(np.clip(np.floor(high - 0.5), -1, rows - 1).astype(np.int64) - self._first + 1, 0)

    def shares(self, of: Fragments) -> Floats:
        """(n, 3) shares of the corners at pixels."""
        a, b, c = (self._shares[:, k, of.triangle] for k in range(3))
        return np.asarray((a * of.x + b * of.y + c).T)

    def batches(self) -> Iterator[Fragments]:
        """All pixels, some triangles at a time."""
        count = self._count[self._usable]
        triangle = np.repeat(self._usable, count)
        y = np.arange(len(triangle)) - np.repeat(np.cumsum(count) - count, count) + self._first[triangle] + 0.5
        left, right = np.full(len(triangle), 0.5), np.full(len(triangle), self.columns - 0.5)
        for a, b, c in self._shares:
            slope, rest = a[triangle], b[triangle] * y + c[triangle]
            root = np.divide(-rest, slope, out=np.zeros_like(rest), where=slope != 0.0)
            np.maximum(left, root, out=left, where=slope > 0)
            np.minimum(right, root, out=right, where=slope < 0)
            right[(slope == 0.0) & (rest < 0)] = -1.0
        begin = np.ceil(left - 0.5).astype(np.int64)
        wide = np.maximum(np.floor(right - 0.5).astype(np.int64) - begin + 1, 0)
        ends = np.cumsum(wide)
        start = 0
        while start < len(wide):
            before = int(ends[start - 1]) if start else 0
            stop = max(int(np.searchsorted(ends, before + _BATCH, side="right")), start + 1)
            part = slice(start, stop)
            row = np.repeat(np.arange(start, stop), wide[part])
            number = np.arange(len(row)) - np.repeat(ends[part] - wide[part] - before, wide[part]) + begin[row]
            of, x, at = triangle[row], number + 0.5, y[row]
            a, b, c = self._depth
            depth = a[of] * x + (b[triangle[part]] * y[part] + c[triangle[part]])[row - start]
            yield Fragments(x, at, np.floor(at).astype(np.int64) * self.columns + number, depth, of)
            start = stop
