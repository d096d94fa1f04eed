"""The formats that meshio reads: Medit, TetGen, MED, Nastran and others."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from .contents import CORNERS, Block, CellSet, Contents, Ints, Unreadable, Wanted

if TYPE_CHECKING:
    from meshio import Mesh

Result = TypeVar("Result")

_FAMILIES = "cell_tags"  # MED's array of family numbers, which stand for lists of names
_TETGEN = (".node", ".ele")


def read(path: Path, wanted: Wanted | None = None) -> Contents:
    """The contents of a file in the format that its ending says. Raises Unreadable."""
    import meshio

    if path.suffix in _TETGEN and not all(_rows(path.with_suffix(ending)) for ending in _TETGEN):
        raise Unreadable("there are no numbers in it")  # where meshio would look for them without end
    mesh = quietly(lambda: meshio.read(path))
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    if wanted is not None:
        return Contents(points, tuple(blocks_of(mesh, wide=True)), {name: np.asarray(values) for name, values in mesh.point_data.items()})
    blocks = blocks_of(mesh)
    if path.suffix in _TETGEN:
        blocks = [b for b in blocks if b.shape != "vertex"]
        blocks += _sides(path.with_suffix(".face"), "triangle", path.with_suffix(".node"))
    return Contents(points, tuple(blocks))


def quietly(call: Callable[[], Result]) -> Result:
    """What a call of meshio returns; what it prints is the reason where it fails. Raises Unreadable."""
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            return call()
    except (Exception, SystemExit) as error:  # meshio's readers let any error of a damaged file through
        words = [*(line.strip() for line in said.getvalue().splitlines()), *str(error).splitlines()]
        raise Unreadable(next((w for w in words if w and w != "1"), type(error).__name__)) from None


def blocks_of(mesh: "Mesh", wide: bool = False) -> list[Block]:
    """The cells of one of meshio's meshes; wide: also with arrays of several numbers. Raises Unreadable for shapes that are not read."""
    blocks, start = [], 0
    for k, cells in enumerate(mesh.cells):
        shape = re.sub(r"\d+$", "", cells.type)
        if shape not in CORNERS:
            raise Unreadable(f"{len(cells.data)} cells of type {cells.type!r} are not read; split them into triangles or tetrahedra")
        nodes = np.asarray(cells.data, dtype=np.int64).reshape(len(cells.data), -1)[:, : CORNERS[shape]]
        arrays = {name: np.asarray(parts[k]).reshape(-1) for name, parts in mesh.cell_data.items() if np.size(parts[k]) == len(nodes)}
        if wide:
            arrays |= {name: np.asarray(parts[k]) for name, parts in mesh.cell_data.items() if name not in arrays}
        sets = [
            CellSet(name, None, np.asarray(parts[k], dtype=np.int64))
            for name, parts in mesh.cell_sets.items()
            if not name.startswith("gmsh:") and parts[k] is not None and len(parts[k])
        ]
        if families := getattr(mesh, _FAMILIES, None):
            sets += _families(np.asarray(arrays.pop(_FAMILIES, []), dtype=np.int64), families)
        blocks.append(Block(shape, nodes, start + np.arange(len(nodes)), arrays, tuple(sets), np.shape(cells.data)[-1] > CORNERS[shape]))
        start += len(nodes)
    return blocks


def _families(values: Ints, names: Mapping[int, list[str]]) -> list[CellSet]:
    """Groups by MED's families: 0 is none."""
    sets = []
    for family in np.unique(values[values != 0]).tolist():
        rows = np.flatnonzero(values == family)
        sets += [CellSet(name, None, rows) for name in names.get(family, [])] or [CellSet(None, int(family), rows)]
    return sets


def _sides(path: Path, shape: str, nodes_file: Path) -> list[Block]:
    """The facets with their markers that TetGen writes into a file beside the nodes, which meshio leaves out."""
    if not path.is_file():
        return []
    try:
        (count, marked), *rest = [[int(x) for x in row] for row in _rows(path)]
        first = int(_rows(nodes_file)[1][0])
        table = np.array(rest, dtype=np.int64)[:count, : CORNERS[shape] + 1 + marked]
        if table.shape != (count, CORNERS[shape] + 1 + marked):
            raise ValueError("it has fewer numbers than it says")
    except (ValueError, IndexError, OverflowError) as error:
        raise Unreadable(f"{path.name}: {error or 'it is empty'}") from None
    arrays = {"tetgen:ref": table[:, -1]} if marked else {}
    return [Block(shape, table[:, 1 : CORNERS[shape] + 1] - first, np.arange(count), arrays)]


def _rows(path: Path) -> list[list[float]]:
    """The rows of numbers of one of TetGen's files."""
    try:
        rows = [line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
        return [[float(word) for word in row] for row in rows if row]
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path.name}: {error}") from None
