"""Elements of Abaqus as cells, parts in their places, surfaces and sets of nodes as facets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .contents import CORNERS, DIMENSION, FACES, Block, CellSet, Contents, Unreadable
from .node_sets import outer_facets

_SOLID = re.compile(r"(?:C|DC|DCC|AC|EC|EMC|Q|GK)3D(27|20|18|15|13|10|8|6|5|4)|SC(6|8)R")
_PLANE = re.compile(r"(?:CPEG?|CPS|C?GAX|CAX|DCC?2D|DCC?AX|AC2D|ACAX|EMC2D|M3D|DS|SFM3D|R3D|GK2D|GKPS|GKPE|STRI|S)(3|4|6|8|9)")
_LINE = re.compile(r"(T2D|T3D|B2|B3|DC1D|R2D|RAX)([123])")
_NO_TISSUE = re.compile(
    r"SPRING|DASHPOT|MASS|ROTARY|CONN|GAP|IT[TS]|HEATCAP|COH|FRAME|PIPE|ELBOW|RB[23]D|JOINT|FLINK|DCOUP|PSI|CIN|SAX|DCONV|LS"
)
_OF_COUNT = {4: "tetra", 10: "tetra", 5: "pyramid", 13: "pyramid", 6: "wedge", 15: "wedge", 18: "wedge"} | dict.fromkeys(
    (8, 20, 27), "hexahedron"
)
_OF_CORNERS = {2: "line", 3: "triangle", 4: "quad"}


def shape_of(kind: str) -> tuple[str, int] | None:
    """Shape and number of nodes of a type of element; no shape for what is no tissue (springs, contact); None for what is not known."""
    if _NO_TISSUE.match(kind):
        return "", 0
    if found := _SOLID.match(kind):
        count = int(found[1] or found[2])
        return _OF_COUNT[count], count
    if found := _PLANE.match(kind):
        count = int(found[1])
        return ("triangle" if count in (3, 6) else "quad"), count
    if found := _LINE.match(kind):
        quadratic = found[2] == ("2" if found[1].startswith("B") else "3")
        return "line", 3 if quadratic else 2
    return None


@dataclass
class Solid:
    """A part, or one in its place. nodes: number -> x, y, z; elements: number -> shape and nodes; surfaces: (element, face)."""

    nodes: dict[int, tuple[float, ...]] = field(default_factory=dict)
    elements: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    of_elements: dict[str, list[int]] = field(default_factory=dict)
    of_nodes: dict[str, list[int]] = field(default_factory=dict)
    surfaces: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    hidden: dict[str, list[int]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def moved(self, rows: Sequence[Sequence[float]]) -> Solid:
        """Shifted by the first row, turned about the axis through two points by the degrees of the second. Raises Unreadable."""
        if not self.nodes:
            return _copied(self, self.nodes)
        points = np.array(list(self.nodes.values()))
        if rows:
            points = points + np.array([*rows[0], 0.0, 0.0, 0.0])[:3]
        if len(rows) > 1:
            from scipy.spatial.transform import Rotation

            if len(rows[1]) < 7:
                raise Unreadable("an instance is turned by fewer than seven numbers")
            start, end = np.array(rows[1][:3]), np.array(rows[1][3:6])
            axis = (end - start) / np.linalg.norm(end - start)
            points = Rotation.from_rotvec(np.radians(rows[1][6]) * axis).apply(points - start) + start
        return _copied(self, {node: tuple(map(float, point)) for node, point in zip(self.nodes, points, strict=True)})


def _copied(solid: Solid, nodes: dict[int, tuple[float, ...]]) -> Solid:
    """With sets and surfaces of its own, which those of the assembly extend."""
    return replace(
        solid,
        nodes=dict(nodes),
        elements=dict(solid.elements),
        of_elements={name: list(found) for name, found in solid.of_elements.items()},
        of_nodes={name: list(found) for name, found in solid.of_nodes.items()},
        surfaces={name: list(found) for name, found in solid.surfaces.items()},
        hidden=dict(solid.hidden),
    )


def as_contents(solids: Sequence[Solid]) -> Contents:
    """All parts in one list of points and cells. Raises Unreadable."""
    if not solids:
        raise Unreadable("there are no elements in it")
    points: list[tuple[float, ...]] = []
    blocks: list[Block] = []
    notes: list[str] = []
    for solid in solids:
        place = {number: len(points) + k for k, number in enumerate(solid.nodes)}
        points += solid.nodes.values()
        blocks += _blocks(solid, place)
        notes += [f"{count} elements of type {kind} left out, which are no tissue" for kind, count in solid.left_out.items()]
    return Contents(np.array(points, dtype=np.float64).reshape(-1, 3), tuple(blocks), notes=tuple(notes))


def _blocks(solid: Solid, place: dict[int, int]) -> list[Block]:
    rows: dict[str, list[int]] = {}
    for number, (shape, _) in solid.elements.items():
        rows.setdefault(shape, []).append(number)
    dim = max(DIMENSION[shape] for shape in rows)
    blocks = []
    for shape, numbers in rows.items():
        try:
            nodes = [[place[n] for n in _corners(solid, shape, solid.elements[number][1])] for number in numbers]
        except KeyError as error:
            raise Unreadable(f"an element refers to node {error}, which is not there") from None
        origin = np.array(numbers, dtype=np.int64)
        sets = [CellSet(name, None, hit) for name, found in solid.of_elements.items() if len(hit := np.flatnonzero(np.isin(origin, found)))]
        curved = any(len(solid.elements[number][1]) > CORNERS[shape] for number in numbers)
        blocks.append(Block(shape, np.array(nodes, dtype=np.int64), origin, {}, tuple(sets), curved))
    cells = [block for block in blocks if DIMENSION[block.shape] == dim]
    facets, _ = outer_facets(cells, place, solid.of_nodes, whole=True)
    return [*blocks, *_surfaces(solid, place), *facets]


def _corners(solid: Solid, shape: str, nodes: tuple[int, ...]) -> tuple[int, ...]:
    """Of a line with three nodes, whose middle stands second or last, the two that are farthest apart."""
    if shape != "line" or len(nodes) == 2:
        return nodes[: CORNERS[shape]]
    pairs = ((nodes[0], nodes[1]), (nodes[0], nodes[2]))
    return max(pairs, key=lambda pair: float(np.linalg.norm(np.subtract(solid.nodes[pair[0]], solid.nodes[pair[1]]))))


def _surfaces(solid: Solid, place: dict[int, int]) -> list[Block]:
    """The faces of elements that a surface lists, each once."""
    number: dict[tuple[int, ...], int] = {}
    listed: dict[int, list[tuple[int, ...]]] = {2: [], 3: [], 4: []}
    members: dict[int, dict[str, list[int]]] = {2: {}, 3: {}, 4: {}}
    for name, faces in solid.surfaces.items():
        for element, face in faces:
            shape, nodes = solid.elements.get(element, ("", ()))
            which = FACES.get(shape, ())
            if not re.fullmatch(r"S[1-6]", face) or int(face[1:]) > len(which):
                continue  # sides of shells, edges
            corners = tuple(place[nodes[k]] for k in which[int(face[1:]) - 1])
            key, count = tuple(sorted(corners)), len(corners)
            if key not in number:
                number[key] = len(listed[count])
                listed[count].append(corners)
            members[count].setdefault(name, []).append(number[key])
    return [
        Block(
            _OF_CORNERS[count],
            np.array(rows, dtype=np.int64),
            np.arange(len(rows)),
            {},
            tuple(CellSet(name, None, np.unique(found)) for name, found in members[count].items()),
        )
        for count, rows in listed.items()
        if rows
    ]
