"""Elements of ANSYS as cells: the shape follows from the kind of element and from which of its corners are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .contents import CORNERS, DIMENSION, Block, CellSet, Ints, Unreadable
from .node_sets import outer_facets

# Numbers of elements: bricks of 8 or 20 nodes that may be degenerate; tetrahedra of 4 or 10; plane ones of 4 or 8 and of 6; surfaces.
_BRICKS = (5, 45, 46, 62, 64, 65, 69, 70, 73, 90, 95, 96, 97, 117, 122, 164, 185, 186, 226, 231, 236, 239, 278, 279)
_TETRAHEDRA = (87, 92, 98, 123, 168, 187, 227, 232, 237, 240, 285, 291)
_PLANE = (2, 13, 25, 35, 42, 53, 55, 67, 75, 77, 78, 82, 83, 121, 145, 146, 162, 182, 183, 223, 230, 233, 238, 292, 293)
_SHELLS = (28, 41, 43, 57, 63, 91, 93, 99, 131, 132, 143, 150, 152, 154, 157, 163, 181, 281)
_LINES = (151, 153)
_OTHERS = {  # known, and nothing of the tissue: springs, masses, links, beams, contact
    *(1, 3, 4, 8, 10, 14, 20, 21, 23, 24, 30, 31, 32, 33, 34, 37, 39, 40, 44, 54, 68, 71, 129, 130, 160, 161, 165, 166, 167),
    *(169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179, 180, 184, 188, 189, 201, 250, 288, 289, 290),
}
_MESHING = 200  # MESH200: its KEYOPT(1) says which shape
_OF_KEY = ("line", "line", "line", "line", "triangle", "triangle", "quad", "quad", "tetra", "tetra", "hexahedron", "hexahedron")
_SAME = {  # shape -> its corners among those of the brick or quadrilateral, and pairs of corners that are the same then
    "tetra": ((0, 1, 2, 4), ((2, 3), (4, 5), (5, 6), (6, 7))),
    "wedge": ((0, 1, 2, 4, 5, 6), ((2, 3), (6, 7))),
    "pyramid": ((0, 1, 2, 3, 4), ((4, 5), (5, 6), (6, 7))),
    "triangle": ((0, 1, 2), ((2, 3),)),
}
_BEYOND = {"line": 2, "triangle": 3, "quad": 4, "tetra": 4, "hexahedron": 8}


class Element(NamedTuple):
    """Number, the number of its kind (185) with KEYOPT(1), material, nodes by their numbers in the file."""

    number: int
    kind: int
    key: int
    material: int
    nodes: tuple[int, ...]


def as_blocks(
    elements: Sequence[Element], place: Mapping[int, int], of_elements: Mapping[str, Ints], of_nodes: Mapping[str, Ints]
) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Cells by shape with element components as sets, outer facets with node components as sets, and what was left out.

    place: number of a node -> its row. Raises Unreadable.
    """
    rows: dict[str, list[tuple[Element, tuple[int, ...]]]] = {}
    others: dict[int, int] = {}
    for element in elements:
        found = _shape(element)
        if found is None:
            others[element.kind] = others.get(element.kind, 0) + 1
        else:
            rows.setdefault(found[0], []).append((element, found[1]))
    notes = [f"{count} elements of type {kind} left out, which are no tissue" for kind, count in others.items()]
    dim = max((DIMENSION[shape] for shape in rows), default=0)
    blocks = []
    for shape, listed in rows.items():
        nodes = np.array([[place[n] for n in corners] for _, corners in listed], dtype=np.int64)
        numbers = np.array([element.number for element, _ in listed], dtype=np.int64)
        arrays = {"material": np.array([element.material for element, _ in listed])} if DIMENSION[shape] == dim else {}
        sets = [CellSet(name, None, hit) for name, members in of_elements.items() if len(hit := np.flatnonzero(np.isin(numbers, members)))]
        curved = any(len(element.nodes) > _largest(element) for element, _ in listed)
        blocks.append(Block(shape, nodes, numbers, arrays, tuple(sets), curved))
    facets, left = outer_facets([b for b in blocks if DIMENSION[b.shape] == dim], place, of_nodes)
    return (*blocks, *facets), (*notes, *left)


def _largest(element: Element) -> int:
    """Nodes of an element of its kind with straight edges."""
    if element.kind in _BRICKS:
        return 8
    return 4 if element.kind in (*_TETRAHEDRA, *_PLANE, *_SHELLS) else _BEYOND[_OF_KEY[element.key]] if element.kind == _MESHING else 2


def _shape(element: Element) -> tuple[str, tuple[int, ...]] | None:
    """Shape and corners; None for what is no tissue. Raises Unreadable for kinds that are not known."""
    nodes, kind = element.nodes, element.kind
    if kind in _OTHERS:
        return None
    if kind == _MESHING:
        if not 0 <= element.key < len(_OF_KEY):
            raise Unreadable(f"MESH200 with KEYOPT(1) = {element.key} is not known")
        shape = _OF_KEY[element.key]
    elif kind in _LINES:
        shape = "line"
    elif kind in _TETRAHEDRA:
        shape = "tetra"
    elif kind in _BRICKS:
        shape = "hexahedron"
    elif kind in (*_PLANE, *_SHELLS):
        shape = "triangle" if len(nodes) in (3, 6) else "quad"
    else:
        raise Unreadable(
            f"element {element.number} is of ANSYS's type {kind}, which is not known here; leave such elements out of the file"
        )
    corners = nodes[: CORNERS[shape]]
    if len(corners) < CORNERS[shape]:
        raise Unreadable(f"element {element.number} has {len(nodes)} nodes, too few for its type {kind}")
    for narrow in {"hexahedron": ("tetra", "wedge", "pyramid"), "quad": ("triangle",)}.get(shape, ()):
        kept, same = _SAME[narrow]
        if all(corners[a] == corners[b] for a, b in same):
            shape, corners = narrow, tuple(corners[k] for k in kept)
            break
    if len(set(corners)) < len(corners):
        raise Unreadable(f"element {element.number} names a corner twice in a way that is not known")
    return shape, corners
