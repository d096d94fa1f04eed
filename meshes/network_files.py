"""Vessel networks from files: YAML and CSV tables of nodes and segments, and polylines that meshio reads."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.errors import MeshError
from ..solver.scenario.network import Network as Options
from ..solver.scenario.reader import Document, Faults, Path_, dotted
from ..solver.scenario.reader import read_file as read_yaml
from .network import ENDS, Network

FORMATS = ".yaml, .csv, .vtk and .vtu"


class _Table:
    """Nodes and segments as they are read, each with its place in the file."""

    def __init__(self, path: Path, unit: float) -> None:
        self.path, self.unit = path, unit
        self.numbers: dict[str, int] = {}
        self.points: list[list[float]] = []
        self.segments: list[tuple[str, str, float, str, str]] = []
        self.ends: dict[int, str] = {}
        self.places: dict[tuple[str, int], str] = {}

    def node(self, name: str, at: list[float], place: str) -> None:
        """Add a node; raises MeshError for a name used twice and for a wrong number of coordinates."""
        if name in self.numbers:
            raise MeshError(f"node {name} is there twice", code="repeated-name", place=place, remedy="rename or remove one")
        if len(at) not in (2, 3) or not all(np.isfinite(at)):
            raise MeshError(
                f"node {name} has not 2 or 3 finite coordinates (given {at})",
                code="bad-coordinates",
                place=place,
                remedy="give x, y and in 3-D z",
            )
        if self.points and len(at) != len(self.points[0]):
            raise MeshError(
                f"node {name} has {len(at)} coordinates, those before have {len(self.points[0])}",
                code="bad-coordinates",
                place=place,
                remedy="give all nodes as many",
            )
        self.places["node", len(self.points)] = place
        self.numbers[name] = len(self.points)
        self.points.append(at)

    def end(self, name: str, what: str, place: str) -> None:
        """Mark an end."""
        if name not in self.numbers:
            raise MeshError(f"unknown node {name}", code="unknown-node", place=place, remedy=f"the file has: {_some(self.numbers)}")
        if what not in ENDS:
            raise MeshError(
                f"node {name}: unknown kind of end (given {what!r})", code="wrong-end", place=place, remedy=f"allowed: {', '.join(ENDS)}"
            )
        self.ends[self.numbers[name]] = what

    def segment(self, parts: list[str], place: str) -> None:
        """Add a segment: two nodes, radius, type, name; the last three may be left out."""
        if not 2 <= len(parts) <= 5:
            raise MeshError(
                f"a segment of {len(parts)} values",
                code="network-entry",
                place=place,
                remedy="write node, node, radius, type, name; the last three can be left out",
            )
        for name in parts[:2]:
            if name not in self.numbers:
                raise MeshError(
                    f"a segment ends at unknown node {name}",
                    code="unknown-node",
                    place=place,
                    remedy=f"the file has: {_some(self.numbers)}",
                )
        radius = _number(parts[2], place, "radius") if len(parts) > 2 and parts[2] else float("nan")
        kind, name = [*parts[3:], "", ""][:2]
        self.places["segment", len(self.segments)] = place
        self.segments.append((parts[0], parts[1], radius, kind, name))

    def network(self) -> Network:
        """The network; a segment without a name is called after its type, or by its number."""
        names = tuple(name or kind or f"segment{k + 1}" for k, (*_, kind, name) in enumerate(self.segments))
        return Network(
            points=np.array(self.points, dtype=float).reshape(len(self.points), -1) * self.unit,
            nodes=tuple(self.numbers),
            segments=np.array([[self.numbers[a], self.numbers[b]] for a, b, *_ in self.segments], dtype=np.int64).reshape(-1, 2),
            radius=np.array([radius for _, _, radius, *_ in self.segments]) * self.unit,
            names=names,
            types=tuple(kind for *_, kind, _ in self.segments),
            ends=self.ends,
            source=f"network {self.path.name}",
            places=self.places,
        )


def read_file(options: Options) -> Network:
    """The network of a file, not yet checked; raises MeshError with file, line and column where the format has them."""
    path = Path(options.file or "")
    readers = {".yaml": _yaml, ".yml": _yaml, ".csv": _csv, ".vtk": _polylines, ".vtu": _polylines}
    if path.suffix.lower() not in readers:
        raise MeshError(
            f"unknown format of a network (given {path.suffix or 'none'!r})",
            code="unknown-format",
            place=str(path),
            remedy=f"allowed: {FORMATS}",
        )
    table = _Table(path, options.unit)
    readers[path.suffix.lower()](table)
    return table.network()


def _yaml(table: _Table) -> None:
    """nodes: {id: [x, y, z]}, ends: {id: inlet | outlet | tip}, segments: [[a, b, radius, type, name], ...]."""
    try:
        document = read_yaml(table.path)
    except Faults as caught:
        raise caught.faults[0].error(MeshError) from None
    data = document.data if isinstance(document.data, Mapping) else {}
    for key in data:
        if key not in ("nodes", "ends", "segments"):
            raise MeshError(
                f"unknown entry of a network (given {key!r})",
                code="unknown-key",
                place=str(document.mark((key,), key=True)),
                remedy="allowed: nodes, ends, segments",
            )
    for name, at in _group(document, data, "nodes", dict).items():
        place = _place(document, ("nodes", name))
        if not isinstance(at, list) or not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in at):
            raise MeshError(
                f"a node that is no list (given {at!r})",
                code="network-entry",
                place=place,
                remedy="write a list of coordinates: [x, y] or [x, y, z]",
            )
        table.node(str(name), [float(x) for x in at], place)
    for name, what in _group(document, data, "ends", dict).items():
        table.end(str(name), str(what), _place(document, ("ends", name)))
    for k, row in enumerate(_group(document, data, "segments", list)):
        place = _place(document, ("segments", k))
        if not isinstance(row, list):
            raise MeshError(
                f"a segment that is no list (given {row!r})",
                code="network-entry",
                place=place,
                remedy="write [node, node, radius, type, name]",
            )
        table.segment(["" if value is None else str(value) for value in row], place)


def _group(document: Document, data: Mapping[str, Any], key: str, kind: type) -> Any:
    group = data.get(key)
    if group is None and key == "ends":
        return {}
    if not isinstance(group, kind):
        word = "mapping" if kind is dict else "list"
        raise MeshError(
            f"given is {'nothing' if group is None else type(group).__name__}",
            code="wrong-type",
            place=f"{document.mark((key,))}: {key}",
            remedy=f"give a {word}",
        )
    return group


def _place(document: Document, path: Path_) -> str:
    return f"{document.mark(path)}: {dotted(path)}"


def _csv(table: _Table) -> None:
    """Rows `node,ID,x,y[,z][,end]` and `segment,A,B[,radius[,type[,name]]]`; rows that begin with # are comments."""
    try:
        text = table.path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MeshError(
            f"cannot be read: {error}", code="unreadable-file", place=str(table.path), remedy="save it as a text in UTF-8"
        ) from None
    ends: list[tuple[str, str, str]] = []
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells or cells[0].startswith("#"):
            continue
        place = f"{table.path}:{number}:1"
        if cells[0] == "node" and len(cells) >= 4:
            marked = not _is_number(cells[-1])
            table.node(cells[1], [_number(x, place, "coordinate") for x in cells[2 : len(cells) - marked]], place)
            ends += [(cells[1], cells[-1], place)] * marked
        elif cells[0] == "segment":
            table.segment(cells[1:], place)
        else:
            raise MeshError(
                f"not a row of a network (given {','.join(cells)!r})",
                code="network-entry",
                place=place,
                remedy="allowed: node,ID,x,y,z,end or segment,A,B,radius,type,name",
            )
    for name, what, place in ends:
        table.end(name, what, place)


def _polylines(table: _Table) -> None:
    """Lines of a .vtk or .vtu file; radius from the point or cell array of this name."""
    from .meshio_files import read_lines

    points, lines, radius = read_lines(table.path)
    used, numbers = np.unique(lines, return_inverse=True)
    for node in used:
        table.node(str(node), [float(x) for x in points[node]], f"{table.path}: point {node}")
    ends = used[numbers.reshape(-1, 2)]
    for k in range(len(ends)):
        size = "" if radius is None else repr(float(radius[k]))
        table.segment([str(ends[k, 0]), str(ends[k, 1]), size], f"{table.path}: line {k}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str, place: str, what: str) -> float:
    if not _is_number(text):
        raise MeshError(
            f"the {what} is not a number (given {text!r})",
            code="not-a-number",
            place=place,
            remedy="write a number, with a point for decimals",
        )
    return float(text)


def _some(names: Mapping[str, int]) -> str:
    listed = list(names)
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "") or "none"
