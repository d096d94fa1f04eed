"""What a file of cells holds, whatever its format: plain arrays, nothing checked yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Values = NDArray[np.generic]

# Corners of each shape, in VTK's order; the dimension follows.
CORNERS = {"vertex": 1, "line": 2, "triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 6, "hexahedron": 8}
DIMENSION = {"vertex": 0, "line": 1, "triangle": 2, "quad": 2, "tetra": 3, "pyramid": 3, "wedge": 3, "hexahedron": 3}
# Corners of the faces of each shape, with their normals inwards: S1, S2 ... of Abaqus. VTK and gmsh differ in the sense of the wedge only.
FACES: dict[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0)),
    "pyramid": ((0, 1, 2, 3), (0, 4, 1), (1, 4, 2), (2, 4, 3), (3, 4, 0)),
    "wedge": ((0, 1, 2), (3, 5, 4), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)),
    "hexahedron": ((0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)),
}
NO_TAG = int(np.iinfo(np.int64).min)  # of a cell that an array says nothing about


@dataclass(frozen=True)
class CellSet:
    """Rows of a block that belong together under a name or a number."""

    name: str | None
    tag: int | None
    rows: Ints


@dataclass(frozen=True)
class Block:
    """Cells of one shape.

    nodes (n, corners); origin (n,): the number of the file's cell that each row comes from; arrays: name -> (n,) values;
    curved: they had nodes between the corners, which are left out.
    """

    shape: str
    nodes: Ints
    origin: Ints
    arrays: Mapping[str, Values] = field(default_factory=dict)
    sets: tuple[CellSet, ...] = ()
    curved: bool = False


@dataclass(frozen=True)
class Contents:
    """Points (N, 3), cells by shape, arrays on the points, and what the reader did that the user should know."""

    points: NDArray[np.float64]
    blocks: tuple[Block, ...]
    point_arrays: Mapping[str, Values] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """That the values of a file count, not its mesh alone: arrays of several numbers too, at one of its times (None: the last)."""

    time: float | None = None


class Unreadable(Exception):
    """A file that is not what its ending says, damaged or cut off; the text says what was found."""


class Missing(Unreadable):
    """A library that reads a format is not installed: its module ``name``."""

    name = ""
