r"""A P1 field of one mesh on another: at points, or so that its amount stays.

values: c_i = c_old(x_i), in the old cell that a point just inside a new cell at node i lies in, so that the two sides of a membrane keep
their own values where both meshes have it.
amount: the lumped projection c_i = (1/m_i) int phi_i c_old, by midpoints of parts of the new cells that are no larger than the old cells,
and then factors that make the amounts those of before, to rounding (regional.py).
Both keep signs and constants, and are of order 2 in the mesh sizes where the field is smooth. The projection smooths over the new cells: at
a boundary it is of order 1 where the field has a slope across it.

Every rank finds its own points in the old mesh, whatever the partitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product

import numpy as np
from numpy.typing import NDArray

from ...meshes.locate import SLACK, barycentric, candidates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAR = 0.5  # of the size of an old cell: outlines that are approximated differ by that
MOST = 8  # parts of a new cell along an edge
JUST = 1e-4  # a coordinate below 0 that is taken for a place in the cell nevertheless
TRIED = (4, 24)  # cells with the nearest centres, for what is not found in the first few
BATCH = 200_000  # points at once


@dataclass(frozen=True)
class Carrier:
    """A mesh with values at its nodes: points (N, dim), cells (M, dim+1), values (N,).

    region (M,): the number that the new mesh gives to the region of the same name, -1 where it has none.
    """

    points: Floats
    cells: Ints
    values: Floats
    region: Ints

    @property
    def dim(self) -> int:
        """1, 2 or 3."""
        return int(self.points.shape[1])

    @property
    def sizes(self) -> Floats:
        """h = (dim! volume)^(1/dim) of the cells (M,)."""
        vertices = self.points[self.cells]
        return np.asarray(np.abs(np.linalg.det(vertices[:, 1:] - vertices[:, :1])) ** (1.0 / self.dim))

    @property
    def volume(self) -> float:
        """Of the whole mesh."""
        return float((self.sizes**self.dim).sum() / _factorial(self.dim))

    @property
    def amount(self) -> float:
        """int c."""
        return float((self.sizes**self.dim * self.values[self.cells].mean(axis=1)).sum() / _factorial(self.dim))

    def by_region(self, count: int) -> tuple[Floats, Floats]:
        """Volumes (count,) and amounts (count,) in the regions of the new mesh."""
        volumes = self.sizes**self.dim / _factorial(self.dim)
        weights = volumes, volumes * self.values[self.cells].mean(axis=1)
        volume, amount = (np.bincount(self.region + 1, weight, count + 1)[1:].astype(np.float64) for weight in weights)
        return volume, amount

    def within(self, region: int) -> Carrier:
        """The cells of one region."""
        mine = self.region == region
        return Carrier(self.points, self.cells[mine], self.values, self.region[mine])

    def near(self, low: Floats, high: Floats) -> Carrier:
        """The cells around a box."""
        vertices = self.points[self.cells]
        pad = 2.0 * float(self.sizes.max(initial=0.0))
        wanted = ((vertices.max(axis=1) >= low - pad) & (vertices.min(axis=1) <= high + pad)).all(axis=1)
        return Carrier(self.points, self.cells[wanted], self.values, self.region[wanted])


@dataclass(frozen=True)
class Found:
    """Where points lie in a carrier: cell (p,), -1 far outside; share (p, dim+1) >= 0; beyond (p,): whether outside, not only just so."""

    cell: Ints
    share: Floats
    beyond: NDArray[np.bool_]


class Locator:
    """Finds points in a carrier; one just outside takes the nearest place inside."""

    def __init__(self, carrier: Carrier) -> None:
        from scipy.spatial import cKDTree

        self.carrier = carrier
        vertices = carrier.points[carrier.cells]
        self._centres, self._corner, self._sizes = vertices.mean(axis=1), vertices[:, 0], carrier.sizes
        self._inverse = np.linalg.inv(np.swapaxes(vertices[:, 1:] - vertices[:, :1], 1, 2))
        self._tree = cKDTree(self._centres)

    def find(self, points: Floats) -> Found:
        """A cell around each point (p, dim), else the nearest; on a face either, with values that agree."""
        parts = [self._find(points[k : k + BATCH]) for k in range(0, len(points), BATCH)] or [self._find(points)]
        return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("cell", "share", "beyond")))

    def _find(self, points: Floats) -> Found:
        count, k = len(points), self.carrier.dim + 1
        cell, share, beyond = np.full(count, -1, dtype=np.int64), np.zeros((count, k)), np.zeros(count, dtype=bool)
        if not len(self._centres):
            return Found(cell, share, np.ones(count, dtype=bool))
        for many in TRIED:  # nearly all lie in one of the cells with the nearest centres
            self._try(points, many, cell, share)
        lost = np.flatnonzero(cell < 0)
        number, point, inside = candidates(self.carrier.points, self.carrier.cells, points[lost])
        cell[lost[point]], share[lost[point]] = number, inside
        lost = np.flatnonzero(cell < 0)
        if len(lost):
            cell[lost], share[lost], distance = self._nearest(points[lost])
            beyond[lost] = distance > NEAR * self._sizes[cell[lost]]
        np.maximum(share, 0.0, out=share)
        return Found(cell, share / share.sum(axis=1, keepdims=True), beyond)

    def _try(self, points: Floats, many: int, cell: Ints, share: Floats) -> None:
        """Look for points that are not found yet in the cells with the nearest centres; fills ``cell`` and ``share``."""
        lost = np.flatnonzero(cell < 0)
        many = min(many, len(self._centres))
        near = np.asarray(self._tree.query(points[lost], k=many)[1], dtype=np.int64).reshape(len(lost), many)
        for column in near.T:
            open_ = np.flatnonzero(cell[lost] < 0)
            number, at = column[open_], lost[open_]
            inner = np.einsum("pij,pj->pi", self._inverse[number], points[at] - self._corner[number])
            all_ = np.concatenate([1.0 - inner.sum(axis=1, keepdims=True), inner], axis=1)
            here = all_.min(axis=1) >= -SLACK
            cell[at[here]], share[at[here]] = number[here], all_[here]

    def _nearest(self, points: Floats) -> tuple[Ints, Floats, Floats]:
        """Of the cells with the nearest centres the one whose nearest place, by clipped coordinates, is nearest."""
        many = min(8, len(self._centres))
        _, near = self._tree.query(points, k=many)
        near = np.asarray(near, dtype=np.int64).reshape(len(points), many)
        best, cell = np.full(len(points), np.inf), near[:, 0].copy()
        share = np.zeros((len(points), self.carrier.dim + 1))
        for column in near.T:
            vertices = self.carrier.points[self.carrier.cells[column]]
            inside = np.maximum(barycentric(vertices, points), 0.0)
            inside /= inside.sum(axis=1, keepdims=True)
            distance = np.linalg.norm(np.einsum("pk,pkd->pd", inside, vertices) - points, axis=1)
            closer = distance < best
            best[closer], cell[closer], share[closer] = distance[closer], column[closer], inside[closer]
        return cell, share, best

    def find_within(self, points: Floats, region: Ints, alike: Sequence[int]) -> Found:
        """As ``find``; points (p,) of regions that both meshes have are sought in that region, as outlines of it differ a little."""
        found = self.find(points)
        if not len(self.carrier.cells):
            return found
        strays = self.carrier.region[found.cell] != region
        for number in alike:
            rows = np.flatnonzero(strays & (region == number))
            cells = np.flatnonzero(self.carrier.region == number)
            if not len(rows) or not len(cells):
                continue
            there = Locator(self.carrier.within(number)).find(points[rows])
            near = ~there.beyond
            found.cell[rows[near]], found.share[rows[near]], found.beyond[rows[near]] = cells[there.cell[near]], there.share[near], False
        return found

    def shifted(self, found: Found, points: Floats) -> Found:
        """The same cells with the coordinates of other points, where these are in them or just outside."""
        if not len(self.carrier.cells):
            return found
        share = barycentric(self.carrier.points[self.carrier.cells[found.cell]], points)
        return Found(found.cell, np.where(share.min(axis=1, keepdims=True) >= -JUST, share, found.share), found.beyond)


def sampled(carrier: Carrier, found: Found, zero_beyond: bool) -> Floats:
    """Values (p,) of the field where points were found."""
    if not len(carrier.cells):
        return np.zeros(len(found.cell))
    around = carrier.values[carrier.cells[found.cell]]
    values = np.einsum("pk,pk->p", found.share, around)
    values = np.where(around.min(axis=1) >= 0.0, np.maximum(values, 0.0), values)
    return np.where(found.beyond, 0.0, values) if zero_beyond else values


def midpoints(vertices: Floats, parts: int) -> tuple[Floats, Floats]:
    """Points (M q, dim) in simplices (M, dim+1, dim) with equal weights, and their coordinates (q, dim+1); exact for linear functions.

    They are the centres of parts^dim parts of a simplex: of the cubes' simplices that tile it.
    """
    dim = vertices.shape[2]
    share = _lattice(dim, parts)
    return np.einsum("qk,mkd->mqd", share, vertices).reshape(-1, dim), share


def _lattice(dim: int, parts: int) -> Floats:
    """Barycentric coordinates (parts^dim, dim+1) of the centres of Kuhn's simplices that tile one: x1 >= x2 >= ... in [0, 1]^dim."""
    rows = []
    for corner in product(range(parts), repeat=dim):
        for order in permutations(range(dim)):
            vertex = np.array(corner, dtype=float)
            centre = vertex.copy()
            for axis in order:
                vertex[axis] += 1.0
                centre += vertex
            centre /= dim + 1.0
            if all(a >= b for a, b in pairwise(centre)):
                rows.append(centre / parts)
    x = np.array(rows)
    ones, zeros = np.ones((len(x), 1)), np.zeros((len(x), 1))
    steps = np.hstack([ones, x, zeros])
    return steps[:, :-1] - steps[:, 1:]


def _factorial(dim: int) -> float:
    return (1.0, 1.0, 2.0, 6.0)[dim]
