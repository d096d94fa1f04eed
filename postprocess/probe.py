"""Values of P1 fields between the nodes: at points, along lines, along many rays."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_OUTSIDE = -1
_TOLERANCE = 1e-9
_BATCH = 2_000_000  # candidate pairs tested at once


class Locator:
    """Finds the simplex around any point of a mesh in 1-D, 2-D or 3-D.

    Candidates come from a k-d tree of the cells' centres and are tested with barycentric coordinates; the number
    of candidates grows until the point is found or no cell that could hold it is left.

    Args:
        points: (N, dim) node positions.
        cells: (M, dim+1) node numbers.
    """

    def __init__(self, points: Array, cells: NDArray[np.int64]) -> None:
        self.points = points
        self.cells = cells
        self.dim = points.shape[1]
        corners = points[cells]
        centres = corners.mean(axis=1)
        self._reach = float(np.sqrt(((corners - centres[:, None]) ** 2).sum(axis=2).max(initial=0.0)))
        from scipy.spatial import cKDTree

        self._tree = cKDTree(centres)
        self.lower, self.upper = points.min(axis=0), points.max(axis=0)

    @cached_property
    def spacing(self) -> float:
        """The median edge length of the mesh."""
        corners = self.points[self.cells[:: max(1, len(self.cells) // 20000)]]
        return float(np.median(np.sqrt(((corners[:, 1:] - corners[:, :1]) ** 2).sum(axis=2))))

    def locate(self, at: Array) -> tuple[NDArray[np.int64], Array]:
        """The cell around each of (n, dim) points and the barycentric coordinates there, (n,) and (n, dim+1).

        Outside the mesh the cell is -1 and the coordinates are NaN.
        """
        at = np.atleast_2d(np.asarray(at, dtype=np.float64))
        cell = np.full(len(at), _OUTSIDE, dtype=np.int64)
        share = np.full((len(at), self.dim + 1), np.nan)
        open_ = np.flatnonzero((at >= self.lower - _TOLERANCE).all(axis=1) & (at <= self.upper + _TOLERANCE).all(axis=1))
        count = 8
        while len(open_):
            count = min(count, len(self.cells))
            rest = []
            for part in np.array_split(open_, -(-len(open_) * count // _BATCH)):
                distance, candidate = self._tree.query(at[part], k=count)
                distance, candidate = distance.reshape(len(part), count), candidate.reshape(len(part), count)
                found, where, weights = self._test(at[part], candidate)
                cell[part[found]] = candidate[found, where[found]]
                share[part[found]] = weights[found]
                rest.append(part[~found & (distance[:, -1] <= self._reach * (1 + _TOLERANCE))])
            open_ = np.concatenate(rest)
            if count == len(self.cells):
                break
            count *= 8
        return cell, share

    def _test(self, at: Array, candidate: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], Array]:
        """Whether one of the candidates (n, k) holds each point, which, and the coordinates in it."""
        chosen, number = np.unique(candidate, return_inverse=True)
        number = number.reshape(candidate.shape)
        corners = self.points[self.cells[chosen]]
        edges = np.swapaxes(corners[:, 1:, :] - corners[:, :1, :], 1, 2)
        flat = np.linalg.det(edges) == 0.0
        inverse = np.linalg.inv(np.where(flat[:, None, None], np.eye(self.dim), edges))
        inner = np.einsum("nkij,nkj->nki", inverse[number], at[:, None, :] - corners[number, 0])
        weights = np.concatenate([1.0 - inner.sum(axis=-1, keepdims=True), inner], axis=-1)
        worst = np.where(flat[number], -np.inf, weights.min(axis=-1))
        best = worst.argmax(axis=1)
        row = np.arange(len(at))
        return worst[row, best] >= -_TOLERANCE, best, weights[row, best]

    def values(self, field: Array, at: Array) -> Array:
        """The field (N,) at (n, dim) points; NaN outside the mesh."""
        cell, share = self.locate(at)
        result: Array = np.einsum("ij,ij->i", field[self.cells[cell]], share)
        return result


class Ray:
    """Points ``origin + s direction`` sampled at distances s, located once and used for many fields.

    Args:
        locator: of the mesh.
        origin: (dim,); direction: (dim,), any length.
        spacing: distance between samples; by default a quarter of the mesh's.
    """

    def __init__(self, locator: Locator, origin: Array, direction: Array, spacing: float | None = None) -> None:
        self._locator = locator
        self.origin = np.asarray(origin, dtype=np.float64)
        self.direction = np.asarray(direction, dtype=np.float64) / np.linalg.norm(direction)
        spacing = spacing or locator.spacing / 4
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.maximum((locator.lower - self.origin) / self.direction, (locator.upper - self.origin) / self.direction)
        length = max(float(np.nanmin(ends)), 0.0)
        self.s = np.linspace(0.0, length, max(2, int(np.ceil(length / spacing)) + 1))
        self._cell, self._share = locator.locate(self._at(self.s))

    def _at(self, s: NDArray[Any]) -> Array:
        return np.asarray(self.origin + s[:, None] * self.direction)

    def profile(self, field: Array) -> Array:
        """The field (N,) at the samples; NaN outside the mesh."""
        result: Array = np.einsum("ij,ij->i", field[self._locator.cells[self._cell]], self._share)
        return result

    def outermost(self, field: Array, level: float) -> float:
        """The largest s at which the field passes the level, up or down; NaN if it nowhere does.

        The bracket between two samples is narrowed until it lies in one cell or two, where P1 is linear.
        """
        values = self.profile(field)
        passes = _passes(values, level)
        if not len(passes):
            return float("nan")
        low, high = self.s[passes[-1]], self.s[passes[-1] + 1]
        for _ in range(3):
            fine = np.linspace(low, high, 17)
            values = self._locator.values(field, self._at(fine))
            inner = _passes(values, level)
            if not len(inner):
                break
            low, high = fine[inner[-1]], fine[inner[-1] + 1]
        first, last = self._locator.values(field, self._at(np.array([low, high])))
        return float(low + (high - low) * (first - level) / (first - last))


def _passes(values: Array, level: float) -> NDArray[np.intp]:
    """Samples behind which the level is passed; values outside the mesh are NaN and pass nothing."""
    above = values >= level
    inside = np.isfinite(values)
    return np.flatnonzero((above[:-1] != above[1:]) & inside[:-1] & inside[1:])


def directions(dim: int) -> Array:
    """Unit vectors spread evenly: both ways in 1-D, 64 in 2-D, 200 on a Fibonacci sphere in 3-D."""
    if dim == 1:
        return np.array([[1.0], [-1.0]])
    if dim == 2:
        angle = 2 * np.pi * np.arange(64) / 64
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    index = np.arange(200) + 0.5
    height, turn = 1 - 2 * index / 200, np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


def axes_and_diagonals(dim: int) -> Array:
    """Unit vectors along all axes and all diagonals of the cube, both ways."""
    grid: NDArray[Any] = np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * dim)).reshape(dim, -1).T
    grid = grid[np.any(grid != 0, axis=1)]
    result: Array = grid / np.linalg.norm(grid, axis=1, keepdims=True)
    return result


def peak(s: Array, values: Array, width: float, after: float = 0.0) -> tuple[float, float]:
    """Place and height of the outermost local maximum beyond ``after``, refined by a parabola over +- ``width``.

    A maximum must stand out by a thousandth of its height on both sides and reach a thousandth of the profile's
    largest value. (NaN, NaN) if there is none, as in a profile that only falls.
    """
    inside = np.isfinite(values)
    s, values = s[inside], values[inside]
    top = values.max(initial=0.0)
    for i in range(len(s) - 2, 0, -1):
        if s[i] <= after or values[i] < 1e-3 * top or values[i] < values[i - 1] or values[i] <= values[i + 1]:
            continue
        floor = values[i] * (1 - 1e-3)
        higher_left, higher_right = np.flatnonzero(values[:i] > values[i]), np.flatnonzero(values[i + 1 :] > values[i])
        left = values[higher_left[-1] + 1 if len(higher_left) else 0 : i].min()
        right = values[i + 1 : i + 1 + higher_right[0] if len(higher_right) else None].min()
        if max(left, right) >= floor:
            continue
        near = np.abs(s - s[i]) <= width * (1 + 1e-6)
        if near.sum() < 3:
            near = np.zeros(len(s), dtype=bool)
            near[i - 1 : i + 2] = True
        a, b, c = np.polyfit(s[near] - s[i], values[near], 2)
        shift = -b / (2 * a) if a < 0 else 0.0
        if abs(shift) > width:
            return float(s[i]), float(values[i])
        return float(s[i] + shift), float(c - a * shift**2 if a < 0 else values[i])
    return float("nan"), float("nan")
