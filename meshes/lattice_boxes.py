"""The boxes of a lattice around a rank's nodes: where its nodes and cells are, without a list of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Boxes:
    """The grid of nodes of all boxes around the owned nodes of a rank, x fastest; boxes are cut alike, along main diagonals.

    axes: coordinates along each axis. before: layers of boxes along each axis before those whose cells are owned, 0 or 1. places: local
    numbers of the nodes of the grid, -1 for those that no cell here has; empty where they are the numbers in the grid. template
    (dim!, dim+1): the corners of a box that each cell has, by bits: 1 for the upper end along x, 2 along y, 4 along z. The cells of a
    mesh are those of the owned boxes, x fastest, then those of the others that have an owned node.
    """

    axes: tuple[Floats, ...]
    before: tuple[int, ...]
    places: NDArray[np.int32]
    template: NDArray[np.int32]
