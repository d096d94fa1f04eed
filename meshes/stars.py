"""The cell stars of chosen nodes: which cells hang together around a node once some facets are parted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .facets import Ints, cell_facets, keys

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Surroundings:
    """The m cells that touch an interface, and their (dim+1) m facets.

    cell_numbers (m,), ascending; cells (m, dim+1); nodes: all nodes of these cells, ascending;
    corners (facets, dim): the corners of each facet as positions in ``cells.ravel()``, by ascending node;
    key, order: the facets' keys, sorted, and the facet behind each.
    """

    cell_numbers: Ints
    cells: Ints
    nodes: Ints
    corners: Ints
    key: NDArray[np.generic]
    order: Ints

    @classmethod
    def of(cls, cells: Ints, on: Flags) -> Surroundings:
        """The cells with a node in ``on`` (N,)."""
        touching = np.zeros(len(cells), dtype=bool)
        for column in cells.T:
            touching |= on[column]
        numbers = np.flatnonzero(touching)
        near = cells[numbers]
        listed = cell_facets(np.arange(near.size, dtype=np.int64).reshape(near.shape)).reshape(-1, near.shape[1] - 1)
        corners = np.take_along_axis(listed, np.argsort(near.ravel()[listed], axis=1), axis=1)
        nodes = np.unique(near)
        key = keys(np.searchsorted(nodes, near.ravel()[corners]), len(nodes))
        order = np.argsort(key, kind="stable")
        return cls(numbers, near, nodes, corners, key[order], order)

    def find(self, rows: Ints) -> tuple[Ints, Ints]:
        """The facets (F, dim) as seen from their cell of lower and of higher number: the same if there is one cell, -1 if none."""
        at = np.minimum(np.searchsorted(self.nodes, rows), len(self.nodes) - 1)
        wanted = keys(at, len(self.nodes))
        left, right = np.searchsorted(self.key, wanted, side="left"), np.searchsorted(self.key, wanted, side="right")
        there = (self.nodes[at] == rows).all(axis=1) & (right > left)
        first, second = (np.where(there, self.order[np.where(there, position, 0)], -1) for position in (left, right - 1))
        return first, second

    def cell_of(self, facets: Ints) -> Ints:
        """The number of the cell of each facet."""
        return np.asarray(self.cell_numbers[facets // self.cells.shape[1]])

    def opposite(self, facets: Ints) -> Ints:
        """The node of the cell of each facet that is not on it."""
        return np.asarray(self.cells.ravel()[facets])  # facet k of a cell lies opposite to its vertex k

    def copies(self, on: Flags, parted: Flags, n: int) -> tuple[Ints, Ints]:
        """The new node numbers of the cells (m, dim+1), and the old number behind each number from ``n`` on."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        flat = self.cells.ravel()
        twin = np.flatnonzero(self.key[1:] == self.key[:-1])
        one, two = self.order[twin], self.order[twin + 1]
        joined = ~parted[one]
        one, two = self.corners[one[joined]].ravel(), self.corners[two[joined]].ravel()
        relevant = on[flat[one]]
        links = one[relevant], two[relevant]
        graph = coo_matrix((np.ones(len(links[0]), dtype=np.int8), links), shape=(flat.size, flat.size))
        corners = np.flatnonzero(on[flat])
        _, first, part = np.unique(connected_components(graph, directed=False)[1][corners], return_index=True, return_inverse=True)
        node = flat[corners[first]]
        order = np.lexsort((first, node))  # corners ascend with cells: the lowest corner of a part is in its lowest cell
        repeated = np.zeros(len(order), dtype=bool)
        repeated[1:] = node[order][1:] == node[order][:-1]
        number = np.empty(len(order), dtype=np.int64)
        number[order] = np.where(repeated, n - 1 + np.cumsum(repeated), node[order])
        new = flat.copy()
        new[corners] = number[part.reshape(-1)]
        return new.reshape(self.cells.shape), node[order][repeated]
