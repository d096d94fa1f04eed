"""Tables of edges in CSV: a row per segment with the coordinates of both ends, or with the names of nodes in a second file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from .sizes import plain, size_array
from .table import Table, number, rows_of

Row = tuple[int, list[str]]
_SIDES = (
    ("1", "2"),
    ("0", "1"),
    ("start", "end"),
    ("from", "to"),
    ("source", "target"),
    ("begin", "end"),
    ("a", "b"),
    ("p1", "p2"),
    ("p0", "p1"),
    ("v1", "v2"),
)
_NODES = (
    *(("source", "target"), ("from", "to"), ("node1", "node2"), ("node1id", "node2id"), ("node0", "node1"), ("start", "end")),
    *(("startnode", "endnode"), ("sourcenode", "targetnode"), ("u", "v"), ("n1", "n2"), ("head", "tail"), ("vertex1", "vertex2")),
)
_PREFIXES = ("", "pos", "coord", "node", "position", "point")
_IDS = ("id", "node", "nodeid", "name", "label", "index", "vertex", "number")


def coordinates(header: Sequence[str], side: str = "") -> list[int]:
    """The columns of x, y and, where there is one, z of one end ("" of a node): x1, 1x, x_start, pos_x, ..."""
    place = {plain(name): k for k, name in enumerate(header)}
    for prefix in _PREFIXES:
        for form in ("{p}{a}{s}", "{p}{s}{a}", "{s}{p}{a}"):
            found = [place.get(form.format(p=prefix, a=axis, s=side)) for axis in "xyz"]
            if found[0] is not None and found[1] is not None:
                return [k for k in found if k is not None]
    return []


def is_edges(header: Sequence[str]) -> bool:
    """Whether a first row names the columns of a table of edges."""
    return bool(_ends_at(header) or _ends_named(header))


def _ends_at(header: Sequence[str]) -> tuple[list[int], list[int]] | None:
    for first, second in _SIDES:
        a, b = coordinates(header, first), coordinates(header, second)
        if a and len(a) == len(b):
            return a, b
    return None


def _ends_named(header: Sequence[str]) -> tuple[int, int] | None:
    place = {plain(name): k for k, name in enumerate(header)}
    return next(((place[a], place[b]) for a, b in _NODES if a in place and b in place), None)


def read_edges(table: Table, rows: Sequence[Row], options: Options) -> None:
    """A table of edges whose first row names the columns. Raises MeshError."""
    (line, header), *body = rows
    table.arrays = tuple(header)
    size = size_array(header, options, f"{table.path}:{line}:1")
    columns = {plain(name): k for k, name in enumerate(header)}
    placed, named = _ends_at(header), _ends_named(header)
    if placed is None and options.nodes is None:
        raise MeshError(
            f"edges between nodes that are in no file (columns {', '.join(header)})",
            code="unknown-node",
            place=f"{table.path}:{line}:1",
            remedy="give the table of nodes (id, x, y, z) with `nodes: FILE`, or columns x1,y1,z1,x2,y2,z2",
        )
    if options.nodes is not None:
        _read_nodes(table, Path(options.nodes))
    for line, cells in body:
        place = f"{table.path}:{line}:1"
        if named is not None and options.nodes is not None:
            ends = tuple(_cell(cells, k, place, header) for k in named)
        else:
            ends = tuple(_node_at(table, [_cell(cells, k, place, header) for k in side], place) for side in placed or ())
        radius = float("nan")
        if size is not None and (text := _optional(cells, header.index(size[0]))):
            radius = size[1] * number(text, place, size[0])
        kind = _optional(cells, columns.get("type", columns.get("kind")))
        name = _optional(cells, columns.get("name", columns.get("vessel")))
        table.add(ends[0], ends[1], radius, place, kind, name)


def _node_at(table: Table, texts: Sequence[str], place: str) -> str:
    """The node at a place, made where there is none yet; it is called after the place."""
    at = [number(text, place, "coordinate") for text in texts]
    name = "(" + ", ".join(f"{x!r}" for x in at) + ")"
    if name not in table.numbers:
        table.node(name, at, place)
    return name


def _read_nodes(table: Table, path: Path) -> None:
    rows = rows_of(path)
    if not rows:
        raise MeshError("the table is empty", code="network-entry", place=str(path), remedy="give the columns id, x, y, z")
    (line, header), *body = rows
    at, columns = coordinates(header), {plain(name): k for k, name in enumerate(header)}
    key = next((columns[name] for name in _IDS if name in columns), None)
    if not at or key is None:
        raise MeshError(
            f"no table of nodes (columns {', '.join(header)})",
            code="network-entry",
            place=f"{path}:{line}:1",
            remedy="name its columns in the first row: id, x, y, z, and end for inlets, outlets and tips",
        )
    for line, cells in body:
        place = f"{path}:{line}:1"
        name = _cell(cells, key, place, header)
        table.node(name, [number(_cell(cells, k, place, header), place, "coordinate") for k in at], place)
        if what := _optional(cells, columns.get("end")):
            table.end(name, what, place)


def _optional(cells: Sequence[str], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""


def _cell(cells: Sequence[str], column: int, place: str, header: Sequence[str]) -> str:
    text = _optional(cells, column)
    if not text:
        raise MeshError(f"nothing in column {header[column]}", code="network-entry", place=place, remedy="complete the row, or remove it")
    return text
