"""Networks written by hand: nodes and segments in YAML, or as rows of a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...solver.errors import MeshError
from ...solver.scenario.reader import Document, Faults, Path_, dotted
from ...solver.scenario.reader import read_file as read_document
from .table import Table, is_number, number


def read_yaml(table: Table) -> None:
    """nodes: {id: [x, y, z]}, ends: {id: inlet | outlet | tip}, segments: [[a, b, radius, type, name], ...]."""
    try:
        document = read_document(table.path)
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


def read_rows(table: Table, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Rows `node,ID,x,y[,z][,end]` and `segment,A,B[,radius[,type[,name]]]` with the lines they stand on."""
    ends: list[tuple[str, str, str]] = []
    for line, cells in rows:
        place = f"{table.path}:{line}:1"
        if cells[0] == "node" and len(cells) >= 4:
            marked = not is_number(cells[-1])
            table.node(cells[1], [number(x, place, "coordinate") for x in cells[2 : len(cells) - marked]], place)
            ends += [(cells[1], cells[-1], place)] * marked
        elif cells[0] == "segment":
            table.segment(cells[1:], place)
        else:
            raise MeshError(
                f"not a row of a network (given {','.join(cells)!r})",
                code="network-entry",
                place=place,
                remedy="allowed: node,ID,x,y,z,end or segment,A,B,radius,type,name; "
                "or a table of edges, its columns named in the first row: x1,y1,z1,x2,y2,z2,radius or source,target,radius (with `nodes`)",
            )
    for name, what, place in ends:
        table.end(name, what, place)
