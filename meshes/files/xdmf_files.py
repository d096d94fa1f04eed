"""XDMF: the mesh and the tags that DOLFINx, meshio or ParaView write into one file, each grid read by meshio.

DOLFINx gives tags a grid of their own that refers to the points of the mesh; meshio reads files of one grid only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from .contents import NO_TAG, Block, Contents, Ints, Unreadable, Values
from .meshio_files import blocks_of, quietly

if TYPE_CHECKING:
    from meshio import Mesh


def read(path: Path) -> Contents:
    """The contents of a file: its first grid, with the cell arrays of the others on the cells and facets they name. Raises Unreadable."""
    grids = grids_of(path)
    first = next((grid for grid in grids if grid.find("Topology") is not None and grid.find("Geometry") is not None), None)
    if first is None:
        raise Unreadable("there is no grid with a topology and a geometry in it")
    geometry = first.find("Geometry")
    mesh = _grid(path, first, geometry)
    blocks = blocks_of(mesh)
    seen = [_text(first)]
    for grid in grids:
        # Grids of functions refer to the mesh as it is, or name it once more.
        if grid is first or grid.find("Topology") is None or _text(grid) in seen:
            continue
        seen.append(_text(grid))
        tagged = _grid(path, grid, grid.find("Geometry") if grid.find("Geometry") is not None else geometry)
        if tagged.points.shape != mesh.points.shape:
            raise Unreadable(f"grid {grid.get('Name')!r} has points of its own; keep one mesh in a file")
        for block in blocks_of(tagged):
            blocks = _joined(blocks, block)
    return Contents(with_points(mesh), tuple(blocks))


def grids_of(path: Path) -> list[ElementTree.Element]:
    """All grids of a file that hold something themselves. Raises Unreadable."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, UnicodeError, ValueError) as error:
        raise Unreadable(f"no XML: {error}") from None
    return [grid for grid in root.iter("Grid") if grid.get("GridType", "Uniform") == "Uniform"]


def with_points(mesh: "Mesh") -> NDArray[np.float64]:
    """The points (N, 3) of meshio's mesh."""
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    return points


def _text(grid: ElementTree.Element) -> str:
    """What tells a grid's cells and cell arrays."""
    parts = [part for part in grid if part.tag == "Topology" or (part.tag == "Attribute" and part.get("Center") == "Cell")]
    return "".join(ElementTree.tostring(part, encoding="unicode").strip() for part in parts)


def _grid(path: Path, grid: ElementTree.Element, geometry: ElementTree.Element | None) -> "Mesh":
    """meshio's mesh of one grid, as if the file held no other."""
    cells = [part for part in grid if part.tag == "Attribute" and part.get("Center") == "Cell"]
    return part_of(path, geometry, grid.find("Topology"), cells)


def part_of(
    path: Path, geometry: ElementTree.Element | None, topology: ElementTree.Element | None, attributes: Sequence[ElementTree.Element]
) -> "Mesh":
    """meshio's mesh of parts of a file. Raises Unreadable."""
    from meshio.xdmf.common import xdmf_to_meshio_type
    from meshio.xdmf.main import XdmfReader

    known = {name.lower(): name for name in xdmf_to_meshio_type}
    alone = ElementTree.Element("Xdmf", Version="3.0")
    inside = ElementTree.SubElement(ElementTree.SubElement(alone, "Domain"), "Grid")
    for part in (geometry, topology, *attributes):
        if part is None:
            continue
        copy = deepcopy(part)
        for item in copy.iter("DataItem"):
            if item.get("Format") == "XML":
                item.attrib.setdefault("Precision", "8")  # DOLFINx writes doubles and does not say so
            if item.get("Format") == "Binary" and item.text:
                item.text = str(path.parent / item.text.strip())
        if copy.tag == "Topology":
            kind = copy.attrib.pop("Type", None)
            kind = copy.attrib.pop("TopologyType", kind) or ""
            copy.set("TopologyType", known.get(kind.lower(), kind))  # case does not count: DOLFINx writes PolyLine
        inside.append(copy)
    return quietly(lambda: XdmfReader(str(path)).read_xdmf3(alone))


def _joined(blocks: list[Block], tagged: Block) -> list[Block]:
    """The blocks with one more: its arrays go to the cells that are there already, in whatever order; others are added."""
    for k, block in enumerate(blocks):
        if block.shape != tagged.shape:
            continue
        row, known = _rows(block.nodes, tagged.nodes)
        if not known.all():
            continue
        arrays: Mapping[str, Values] = {**block.arrays, **{n: _spread(v, row, len(block.nodes)) for n, v in tagged.arrays.items()}}
        return [*blocks[:k], Block(block.shape, block.nodes, block.origin, arrays, block.sets, block.curved), *blocks[k + 1 :]]
    return [*blocks, tagged]


def _rows(nodes: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Rows of ``nodes`` with the same nodes as those of ``wanted``, and whether there is one."""
    both = np.sort(np.concatenate([nodes, wanted]), axis=1)
    _, number = np.unique(both, axis=0, return_inverse=True)
    number = number.reshape(-1)
    place = np.full(number.max() + 1, -1, dtype=np.int64)
    place[number[: len(nodes)]] = np.arange(len(nodes))
    row = place[number[len(nodes) :]]
    return row, row >= 0


def _spread(values: Values, row: Ints, count: int) -> Values:
    """Values at the given rows; elsewhere NO_TAG, or no number where they have fractions."""
    numbers = np.asarray(values, dtype=np.float64)
    whole = bool((numbers == np.round(numbers)).all())
    result: Values = np.full(count, NO_TAG, dtype=np.int64) if whole else np.full(count, np.nan)
    result[row] = values
    return result
