"""A network while it is read: nodes and segments one by one, each with its place."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...solver.errors import MeshError
from ..network import ENDS, Network


class Table:
    """Nodes and segments as they are read, each with its place in the file; the names of the file's arrays, and notes."""

    def __init__(self, path: Path, unit: float) -> None:
        self.path, self.unit = path, unit
        self.arrays: tuple[str, ...] = ()
        self.notes: list[str] = []
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
            raise MeshError(f"unknown node {name}", code="unknown-node", place=place, remedy=f"the file has: {some(self.numbers)}")
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
        radius = number(parts[2], place, "radius") if len(parts) > 2 and parts[2] else float("nan")
        kind, name = [*parts[3:], "", ""][:2]
        self.add(parts[0], parts[1], radius, place, kind, name)

    def add(self, a: str, b: str, radius: float, place: str, kind: str = "", name: str = "") -> None:
        """Add a segment between two nodes that are there; the radius may be NaN."""
        for node in (a, b):
            if node not in self.numbers:
                raise MeshError(
                    f"a segment ends at unknown node {node}",
                    code="unknown-node",
                    place=place,
                    remedy=f"the file has: {some(self.numbers)}",
                )
        self.places["segment", len(self.segments)] = place
        self.segments.append((a, b, radius, kind, name))

    def network(self) -> Network:
        """The network; a segment without a name is called after its type, or by its number. Raises MeshError for none."""
        if not self.segments:
            raise MeshError("the network has no segments", code="empty-network", place=str(self.path), remedy="give it at least one")
        names = tuple(name or kind or f"segment{k + 1}" for k, (*_, kind, name) in enumerate(self.segments))
        return Network(
            points=np.array(self.points, dtype=float).reshape(len(self.points), -1) * self.unit,
            nodes=tuple(self.numbers),
            segments=np.array([[self.numbers[a], self.numbers[b]] for a, b, *_ in self.segments], dtype=np.int64).reshape(-1, 2),
            radius=np.array([radius for _, _, radius, *_ in self.segments], dtype=float) * self.unit,
            names=names,
            types=tuple(kind for *_, kind, _ in self.segments),
            ends=self.ends,
            source=f"network {self.path.name}",
            places=self.places,
            arrays=self.arrays,
            notes=tuple(self.notes),
        )


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def number(text: str, place: str, what: str) -> float:
    """The number that a text is; raises MeshError."""
    if not is_number(text):
        raise MeshError(
            f"the {what} is not a number (given {text!r})",
            code="not-a-number",
            place=place,
            remedy="write a number, with a point for decimals",
        )
    return float(text)


def some(names: Iterable[str]) -> str:
    """The first few of many names, for a message."""
    listed = list(names)
    return ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "") or "none"


def text_of(path: Path) -> str:
    """A file of text. Raises MeshError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MeshError(f"cannot be read: {error}", code="unreadable-file", place=str(path), remedy="save it as a text in UTF-8") from None


def rows_of(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a table, separated by comma, semicolon or tab, each with its line; empty ones and comments (#) are left out."""
    lines = text_of(path).splitlines()
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    delimiter = max(",;\t", key=first.count)
    rows = []
    try:
        for line, row in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells and not cells[0].startswith("#"):
                rows.append((line, cells))
    except csv.Error as error:
        raise MeshError(f"no table: {error}", code="unreadable-file", place=str(path), remedy="save it as CSV") from None
    return rows
