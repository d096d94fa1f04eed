"""GraphML, as networkx, igraph and Gephi write it; read by networkx."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from .edges import coordinates
from .sizes import arrays, size_array
from .table import Table

_WHOLE = ("pos", "position", "coords", "coordinates", "coord", "xyz", "point", "v_coords")  # all coordinates in one text


def read_graphml(table: Table, options: Options) -> None:
    """Nodes with coordinates, edges with a radius. Raises MeshError."""
    import networkx

    try:
        graph = networkx.read_graphml(table.path, force_multigraph=True)
    except Exception as error:  # networkx lets any error of a damaged file through
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise MeshError(
            f"not readable as GraphML ({reason})", code="unreadable-file", place=str(table.path), remedy="write the file again"
        ) from None
    for name, data in graph.nodes(data=True):
        place = f"{table.path}: node {name}"
        table.node(str(name), _at(data, place), place)
        if data.get("end"):
            table.end(str(name), str(data["end"]), place)
    edges = list(graph.edges(data=True))
    on_edges = list(dict.fromkeys(key for *_, data in edges for key in data))
    on_nodes = list(dict.fromkeys(key for _, data in graph.nodes(data=True) for key in data))
    table.arrays = tuple(dict.fromkeys([*on_edges, *on_nodes]))
    size = (
        size_array(on_edges, options, str(table.path)) if _usual(on_edges, options) else size_array(table.arrays, options, str(table.path))
    )
    for number, (a, b, data) in enumerate(edges, 1):
        place = f"{table.path}: edge {number} (from {a} to {b})"
        radius = float("nan")
        if size is not None:
            name, factor = size
            given = [data[name]] if name in data else [graph.nodes[n][name] for n in (a, b) if name in graph.nodes[n]]
            if given:
                radius = factor * sum(_number(value, place, name) for value in given) / len(given)
        table.add(str(a), str(b), radius, place, str(data.get("type", "")), str(data.get("name", "")))


def _usual(names: list[str], options: Options) -> bool:
    """Whether the edges say their size themselves; otherwise their nodes may."""
    try:
        return size_array(names, options, "") is not None
    except MeshError:
        return options.radius_from is None and options.diameter_from is None


def _at(data: Mapping[str, object], place: str) -> list[float]:
    names = list(data)
    if columns := coordinates(names):
        return [_number(data[names[k]], place, names[k]) for k in columns]
    for key in _WHOLE:
        if key in data:
            return [_number(word, place, key) for word in re.split(r"[\s,;\[\]()]+", str(data[key])) if word]
    raise MeshError(f"a node without coordinates; {arrays(names)}", code="bad-coordinates", place=place, remedy="give it x, y and in 3-D z")


def _number(value: object, place: str, what: str) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise MeshError(
            f"the {what} is not a number (given {value!r})",
            code="not-a-number",
            place=place,
            remedy="write a number, with a point for decimals",
        ) from None
