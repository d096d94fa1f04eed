"""Networks in VTK's files: lines and polylines, with sizes on points or cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from ..files.contents import Block, Contents
from ..files.reading import contents
from .sizes import size_array
from .table import Table

FORMATS = ".vtk, .vtu, .vtp, .pvtu, .pvtp and .pvd"


def read_polylines(table: Table, options: Options) -> None:
    """Lines of the file; the pieces of a polyline have one name. Raises MeshError for a file without lines."""
    found = contents(table.path, "a network", FORMATS)
    blocks = [block for block in found.blocks if block.shape == "line" and len(block.nodes)]
    if not blocks:
        raise MeshError(
            "the file has no lines", code="empty-network", place=str(table.path), remedy="a network is made of lines or polylines"
        )
    table.notes += found.notes
    on_cells = list(dict.fromkeys(name for block in blocks for name in block.arrays))
    table.arrays = tuple(dict.fromkeys([*on_cells, *found.point_arrays]))
    chosen = size_array(table.arrays, options, str(table.path))
    used = np.unique(np.concatenate([block.nodes.ravel() for block in blocks]))
    if used[0] < 0 or used[-1] >= len(found.points):
        raise MeshError(
            "lines refer to points that the file does not define",
            code="undefined-nodes",
            place=str(table.path),
            remedy="write the file again",
        )
    for node in used:
        table.node(str(node), [float(x) for x in found.points[node]], f"{table.path}: point {node}")
    for block in blocks:
        radius = _radii(block, found, chosen)
        for k in range(len(block.nodes)):
            a, b = block.nodes[k]
            line = int(block.origin[k])
            table.add(str(a), str(b), float(radius[k]), f"{table.path}: line {line}", "", f"segment{line + 1}")


def _radii(block: Block, found: Contents, chosen: tuple[str, float] | None) -> NDArray[np.float64]:
    """The radius of each line (n,): of the line itself, or the mean of the points at its ends; NaN where there is none."""
    if chosen is None:
        return np.full(len(block.nodes), np.nan)
    name, factor = chosen
    if name in block.arrays:
        return factor * np.asarray(block.arrays[name], dtype=np.float64)
    if name not in found.point_arrays:
        return np.full(len(block.nodes), np.nan)
    at_points = np.asarray(found.point_arrays[name], dtype=np.float64)
    return np.asarray(factor * 0.5 * (at_points[block.nodes[:, 0]] + at_points[block.nodes[:, 1]]))
