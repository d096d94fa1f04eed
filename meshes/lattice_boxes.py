"""The boxes of a lattice around a rank's nodes: where its nodes and cells are, without a list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .facets import Ints
from .lattice_cells import Cells, grid_values

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Boxes:
    """The grid of nodes of all boxes around the owned nodes of a rank, x fastest; boxes are cut alike, along main diagonals.

    origin: places in the lattice of the lowest node; sizes: nodes along each axis. before: layers of boxes along each axis before those
    whose cells are owned, 0 or 1. places: local numbers of the nodes of the grid, -1 for those that no cell here has; empty where they
    are the numbers in the grid. The owned cells are those of the owned boxes, x fastest.
    """

    lattice: Cells
    origin: tuple[int, ...]
    sizes: tuple[int, ...]
    before: tuple[int, ...]
    places: NDArray[np.int32]

    @property
    def axes(self) -> list[Floats]:
        """Coordinates of the nodes along each axis."""
        return [axis[o : o + n] for axis, o, n in zip(self.lattice.axes, self.origin, self.sizes, strict=True)]

    @property
    def strides(self) -> Ints:
        """Of the grid."""
        return np.concatenate([[1], np.cumprod(self.sizes)])[: len(self.sizes)].astype(np.int64)

    def cells(self, others: NDArray[np.int32]) -> NDArray[np.int32]:
        """(M, dim+1) local nodes of the owned cells, and after them those of others."""
        low = [np.arange(b, n - 1) * s for b, n, s in zip(self.before, self.sizes, self.strides, strict=True)]
        own = self.lattice.around(grid_values(low, np.add).astype(np.int32), self.strides)
        if len(self.places):
            for column in own.T:
                column[:] = self.places[column]
        return np.concatenate([own, others]) if len(others) else own

    def numbers(self) -> Ints:
        """Canonical numbers of the owned cells."""
        ends = zip(self.origin, self.before, self.sizes, self.lattice.box_strides, strict=True)
        return self.lattice.numbers(grid_values([np.arange(o + b, o + n - 1) * stride for o, b, n, stride in ends], np.add))

    def corners(self, some: NDArray[Any] | slice) -> Ints:
        """(k, dim+1) canonical nodes of some of the owned cells."""
        lattice = self.lattice
        counts = [n - 1 - b for n, b in zip(self.sizes, self.before, strict=True)]
        total = int(np.prod(counts)) * lattice.each
        if isinstance(some, slice):  # a box at a time
            wanted = range(total)[some]
            if wanted.step == 1:
                first, last = wanted.start // lattice.each, -(-wanted.stop // lattice.each)
                cells = lattice.around(self._lowest(np.arange(first, last), counts), lattice.strides)
                return cells[wanted.start - first * lattice.each :][: len(wanted)]
            some = np.array(wanted)
        elif some.dtype == bool:
            some = np.flatnonzero(some)
        box, cell = np.divmod(some, lattice.each)
        return self._lowest(box, counts)[:, None] + lattice.around(np.zeros(1, dtype=np.int64), lattice.strides)[cell]

    def _lowest(self, boxes: Ints, counts: list[int]) -> Ints:
        """Canonical numbers of the lowest nodes of owned boxes."""
        at = np.unravel_index(boxes, counts[::-1])[::-1]
        ends = zip(at, self.origin, self.before, self.lattice.strides, strict=True)
        return np.asarray(sum((k + o + b) * stride for k, o, b, stride in ends), dtype=np.int64)
