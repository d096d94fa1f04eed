"""Cells and nodes of a lattice of simplices by their canonical numbers: those that ``structured`` gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from math import factorial, prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .facets import Ints, canonical

Floats = NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)
Whole = TypeVar("Whole", bound=np.integer)


def grid_values(axes: Sequence[NDArray[Kind]], combine: Callable[[NDArray[Kind], NDArray[Kind]], NDArray[Kind]]) -> NDArray[Kind]:
    """f(x, y, z) of values along the axes at all places of a grid, flat, x fastest."""
    found = axes[0]
    for axis in axes[1:]:
        found = combine(axis[:, None], found[None, :]).ravel()
    return found


class Cells:
    """The lattice of ``axes``, coordinates along each axis; x fastest, boxes cut along their main diagonals (Kuhn)."""

    def __init__(self, axes: Sequence[Floats]) -> None:
        self.axes, self.counts, self.dim = axes, [len(axis) - 1 for axis in axes], len(axes)
        self.n_nodes, self.each = prod(n + 1 for n in self.counts), factorial(self.dim)
        self.n_cells = self.each * prod(self.counts)
        self.strides = np.concatenate([[1], np.cumprod([n + 1 for n in self.counts])])[: self.dim].astype(np.int64)
        self.box_strides = np.concatenate([[1], np.cumprod(self.counts)])[: self.dim].astype(np.int64)
        self._orders = list(permutations(range(self.dim)))

    def around(self, corners: NDArray[Whole], strides: Ints) -> NDArray[Whole]:
        """(B dim!, dim+1) nodes of the cells in boxes, of positive volume, by the nodes (B,) at the lower corners; of the type of these."""
        paths = np.array([np.concatenate([[0], np.cumsum(strides[list(order)])]) for order in self._orders])
        turned = [sum(a > b for k, a in enumerate(order) for b in order[k + 1 :]) % 2 == 1 for order in self._orders]
        paths[turned, -2:] = paths[turned][:, [-1, -2]]
        return (corners[:, None, None] + paths.astype(corners.dtype)).reshape(-1, self.dim + 1)

    def template(self) -> NDArray[np.int32]:
        """(dim!, dim+1) corners of the cells of a box, by bits: 1 for the upper end along x, 2 along y, 4 along z."""
        return self.around(np.zeros(1, dtype=np.int32), 2 ** np.arange(self.dim))

    def numbers(self, boxes: Ints) -> Ints:
        """(B dim!,) the cells in boxes."""
        return (boxes[:, None] * self.each + np.arange(self.each)).ravel()

    def cells(self, boxes: Ints) -> Ints:
        """(B dim!, dim+1) nodes of the cells in boxes."""
        places = np.unravel_index(boxes, self.counts[::-1])[::-1]
        return self.around(np.asarray(sum(p * s for p, s in zip(places, self.strides, strict=True)), dtype=np.int64), self.strides)

    def points(self, nodes: Ints) -> Floats:
        """(..., dim) places of nodes."""
        at = np.unravel_index(nodes, [n + 1 for n in self.counts[::-1]])[::-1]
        return np.stack([axis[k] for axis, k in zip(self.axes, at, strict=True)], axis=-1)

    def side(self, number: int) -> Ints:
        """(F, dim) facets of a side of the box, in canonical order: lower and upper x, then y, then z."""
        axis, upper = number // 2, number % 2
        counts = [np.arange(n) if k != axis else np.array([(0, n - 1)[upper]]) for k, n in enumerate(self.counts)]
        lowest = grid_values([places * stride for places, stride in zip(counts, self.strides, strict=True)], np.add)
        template = self.template()
        there = (template >> axis) & 1 == upper
        corners = template[there & (there.sum(axis=1) == self.dim)[:, None]].reshape(-1, self.dim)
        steps = sum(((corners >> k) & 1) * stride for k, stride in enumerate(self.strides))
        return canonical((lowest[:, None, None] + steps).reshape(-1, self.dim), self.n_nodes)
