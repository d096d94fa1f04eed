"""SWC: a row per point with its parent; made for neurons, written for vessels by many tracing programs."""

from __future__ import annotations

from ...solver.errors import MeshError
from ...solver.scenario.network import Network as Options
from .sizes import size_array
from .table import Table, number, text_of

_COLUMNS = "id, type, x, y, z, radius, parent (-1 for none)"


def read_swc(table: Table, options: Options) -> None:
    """Points and, from each to its parent, a segment with the mean of their radii. Raises MeshError."""
    rows: dict[str, tuple[str, float, str, str]] = {}
    for line, text in enumerate(text_of(table.path).splitlines(), 1):
        words = text.split("#")[0].split()
        if not words:
            continue
        place = f"{table.path}:{line}:1"
        if len(words) < 7:
            raise MeshError(f"a row of {len(words)} values", code="network-entry", place=place, remedy=f"an SWC row is: {_COLUMNS}")
        table.node(words[0], [number(word, place, "coordinate") for word in words[2:5]], place)
        rows[words[0]] = (words[6], number(words[5], place, "radius"), f"type{words[1]}", place)
    table.arrays = ("radius",)
    chosen = size_array(table.arrays, options, str(table.path))
    factor = chosen[1] if chosen else 1.0
    for name, (parent, radius, kind, place) in rows.items():
        if parent.startswith("-"):
            continue
        if parent not in rows:
            raise MeshError(f"point {name} has the unknown parent {parent}", code="unknown-node", place=place, remedy="-1 means: no parent")
        table.add(parent, name, 0.5 * factor * (radius + rows[parent][1]), place, kind, f"segment{name}")
