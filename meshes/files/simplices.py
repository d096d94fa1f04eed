"""Quadrilaterals, hexahedra, wedges and pyramids split into simplices, so that neighbours fit together.

In 3-D each cell is a cone from its node of lowest number over the faces that do not hold this node, and each four-sided face
is parted at its own node of lowest number: the same on both sides of a face, whatever the shapes that meet there.
Dompierre, Labbe, Vallet, Camarero 1999, "How to subdivide pyramids, prisms and hexahedra into tetrahedra", 8th Int. Meshing Roundtable.
In 2-D the shorter choice of angles counts: the diagonal whose smaller triangle is the larger one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..facets import signed_measures
from .contents import DIMENSION, FACES, Block, CellSet, Ints, Unreadable

Floats = NDArray[np.float64]

_SPLIT = {"quad": "triangle", "hexahedron": "tetra", "wedge": "tetra", "pyramid": "tetra"}
_PLURAL = {"quad": "quadrilaterals", "hexahedron": "hexahedra", "wedge": "wedges", "pyramid": "pyramids", "tetra": "tetrahedra"}


def simplices(points: Floats, blocks: Sequence[Block]) -> tuple[list[Block], list[str]]:
    """Blocks of points, lines, triangles and tetrahedra only, and what was split.

    Raises Unreadable for a cell that is folded, so that its parts would overlap.
    """
    flat = max((DIMENSION[b.shape] for b in blocks), default=0) == 2
    done, notes = [], []
    for block in blocks:
        if block.shape not in _SPLIT:
            done.append(block)
            continue
        nodes, source = _flat_quads(points, block.nodes) if flat else _pulled(points, block)
        done.append(_taken(block, _SPLIT[block.shape], nodes, source))
        if flat or block.shape != "quad":
            kind = "triangles" if flat else "tetrahedra"
            notes.append(f"{len(block.nodes)} {_PLURAL[block.shape]} split into {len(nodes)} {kind}")
    return done, notes


def _taken(block: Block, shape: str, nodes: Ints, source: Ints) -> Block:
    """The parts of a block's cells: row k comes from row source[k]."""
    arrays = {name: values[source] for name, values in block.arrays.items()}
    sets = tuple(CellSet(s.name, s.tag, np.flatnonzero(np.isin(source, s.rows))) for s in block.sets)
    return Block(shape, nodes, block.origin[source], arrays, sets, block.curved)


def _flat_quads(points: Floats, quads: Ints) -> tuple[Ints, Ints]:
    """(2 n, 3) triangles of quadrilaterals in the plane, and the quadrilateral of each."""
    ways = [quads[:, [[0, 1, 2], [0, 2, 3]]], quads[:, [[1, 2, 3], [1, 3, 0]]]]
    areas = [signed_measures(points[:, :2], way.reshape(-1, 3)).reshape(-1, 2) for way in ways]
    whole = areas[0].sum(axis=1)
    least = [(area * np.sign(whole)[:, None]).min(axis=1) for area in areas]
    chosen = np.where((least[0] >= least[1])[:, None, None], ways[0], ways[1])
    source = np.repeat(np.arange(len(quads)), 2)
    return _proper(chosen.reshape(-1, 3), source)


def _pulled(points: Floats, block: Block) -> tuple[Ints, Ints]:
    """The simplices of a block of cells or four-sided facets in space, and the cell of each."""
    if block.shape == "quad":
        parts = _parted(block.nodes, (0, 1, 2, 3))
        return _proper(np.concatenate(parts), np.tile(np.arange(len(block.nodes)), len(parts)))
    lowest = block.nodes.argmin(axis=1)
    found, sources = [], []
    for apex in range(block.nodes.shape[1]):
        rows = np.flatnonzero(lowest == apex)
        for face in FACES[block.shape]:
            if apex in face or not len(rows):
                continue
            for triangles in _parted(block.nodes[rows], face):
                found.append(np.column_stack([block.nodes[rows, apex], triangles]))
                sources.append(rows)
    nodes, source = _proper(np.concatenate(found), np.concatenate(sources))
    size = signed_measures(points, nodes)
    turned = np.bincount(source, size, len(block.nodes))[source]
    folded = np.flatnonzero(size * np.sign(turned) < 0)
    if len(folded):
        where = ", ".join(f"{x:.6g}" for x in points[block.nodes[source[folded[0]]]].mean(axis=0))
        count = len(np.unique(source[folded]))
        raise Unreadable(f"{count} {_PLURAL[block.shape]} are folded, so that their tetrahedra would overlap (the first at ({where}))")
    return nodes, source


def _parted(cells: Ints, face: tuple[int, ...]) -> list[Ints]:
    """The triangles (n, 3) of one face of all cells."""
    if len(face) == 3:
        return [cells[:, face]]
    corners = cells[:, face]
    even = (corners.argmin(axis=1) % 2 == 0)[:, None]
    return [np.where(even, corners[:, a], corners[:, b]) for a, b in (([0, 1, 2], [1, 2, 3]), ([0, 2, 3], [1, 3, 0]))]


def _proper(nodes: Ints, source: Ints) -> tuple[Ints, Ints]:
    """Without the simplices that a cell with a repeated node gives (a wedge written as a hexahedron), in the order of the cells."""
    ordered = np.sort(nodes, axis=1)
    keep = np.flatnonzero((ordered[:, 1:] != ordered[:, :-1]).all(axis=1))
    keep = keep[np.argsort(source[keep], kind="stable")]
    return nodes[keep], source[keep]
