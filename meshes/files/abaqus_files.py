"""Abaqus's input file: parts and their instances, nodes, elements, sets of elements, surfaces, and sets of nodes.

Source: Abaqus Keywords Reference (*PART, *INSTANCE, *NODE, *ELEMENT, *ELSET, *NSET, *SURFACE). meshio keeps the last block of nodes
only and gives sets of *ELEMENT to other elements where a block has none, so it is read here. All other keywords are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from .abaqus_shapes import Solid, as_contents, shape_of
from .contents import Contents, Unreadable, Wanted

Number = TypeVar("Number", int, float)

_INTERNAL = "internal"  # sets that Abaqus/CAE made for itself


@dataclass
class _Line:
    """A keyword with its options, and the rows of words below it."""

    number: int
    keyword: str
    options: dict[str, str]
    rows: list[list[str]] = field(default_factory=list)

    def wrong(self, what: str) -> Unreadable:
        """The error of this keyword."""
        return Unreadable(f"line {self.number}: *{self.keyword.upper()}: {what}")

    def name(self) -> str:
        """Of a part, an instance, or a set."""
        found = next((self.options[key] for key in ("name", "elset", "nset") if key in self.options), "")
        if not found:
            raise self.wrong("it has no name")
        return found


def read(path: Path, wanted: Wanted | None = None) -> Contents:
    """The contents of a file; sets of elements are regions, surfaces and sets of nodes boundaries. Raises Unreadable."""
    if wanted is not None:
        raise Unreadable("input files of Abaqus hold no values at points or cells")
    parts: dict[str, Solid] = {}
    placed: dict[str, Solid] = {}
    alone = here = Solid()
    for line in _lines(path):
        if line.keyword == "part":
            here = parts[line.name().lower()] = Solid()
        elif line.keyword == "instance":
            part = parts.get(line.options.get("part", "").lower())
            if part is None:
                raise line.wrong(f"there is no part {line.options.get('part', '')!r}")
            here = placed[line.name().lower()] = part.moved(_numbers(line, float))
        elif line.keyword in ("end part", "end instance"):
            here = alone
        elif line.keyword == "include":
            raise line.wrong("other files are not read; put their lines here")
        elif line.keyword == "node":
            _nodes(line, here)
        elif line.keyword == "element":
            _elements(line, here)
        elif line.keyword in ("elset", "nset", "surface"):
            of = placed.get(line.options.get("instance", "").lower())
            _sets(line, [of] if of else list(placed.values()) if here is alone and placed else [here])
    return as_contents([solid for solid in (alone, *(placed or parts).values()) if solid.elements])


def _nodes(line: _Line, solid: Solid) -> None:
    for number, *place in _numbers(line, float):
        solid.nodes[int(number)] = (*place[:3], *[0.0] * (3 - len(place)))
    if "nset" in line.options:
        solid.of_nodes.setdefault(line.name(), []).extend(int(row[0]) for row in line.rows)


def _sets(line: _Line, solids: Sequence[Solid]) -> None:
    """A set or a surface of one part, or of all that stand together. Raises Unreadable for what none of them has."""
    missing = set[str]()
    known = set[str]()
    for solid in solids:
        elements = {**solid.hidden, **solid.of_elements}
        others = solid.of_nodes if line.keyword == "nset" else elements
        for row in line.rows:
            words = row[:1] if line.keyword == "surface" else row
            if "generate" in line.options:
                words, members = [], _range(line, row)
            else:
                members = [int(word) for word in words if word.isdigit()]
            for word in words:
                found = None if word.isdigit() else _named(word, others)
                (missing if found is None and not word.isdigit() else known).add(word)
                members += found or []
            if line.keyword != "surface":
                _kept(line, solid).extend(members)
            elif line.options.get("type", "element").lower() == "element":
                face = (row[1:] or [""])[0].upper()
                solid.surfaces.setdefault(line.name(), []).extend((number, face) for number in members)
    if missing - known and line.options.get("type", "element").lower() == "element":
        raise line.wrong(f"there is no set {sorted(missing - known)[0]!r}")


def _kept(line: _Line, solid: Solid) -> list[int]:
    """Where the members of a set go; those that Abaqus/CAE made for itself name nothing."""
    quiet = _INTERNAL in line.options
    if line.keyword == "elset":
        return (solid.hidden if quiet else solid.of_elements).setdefault(line.name(), [])
    return [] if quiet else solid.of_nodes.setdefault(line.name(), [])


def _range(line: _Line, row: list[str]) -> list[int]:
    try:
        first, last, *step = map(int, row)
        return list(range(first, last + 1, *(step or [1])[:1]))
    except (TypeError, ValueError):
        raise line.wrong(f"no range (given {', '.join(row)[:40]!r})") from None


def _elements(line: _Line, solid: Solid) -> None:
    kind = line.options.get("type", "").upper()
    found = shape_of(kind)
    if found is None:
        raise line.wrong(f"elements of type {kind or 'unknown'} are not known here; leave them out of the file")
    shape, count = found
    if not shape:
        solid.left_out[kind] = solid.left_out.get(kind, 0) + len(line.rows)
        return
    words = iter([word for row in _numbers(line, int) for word in row])
    numbers = []
    for number in words:
        nodes = tuple(islice(words, count))
        if len(nodes) < count:
            raise line.wrong(f"element {number} has {len(nodes)} nodes instead of {count}")
        if number in solid.elements:
            raise line.wrong(f"two elements have the number {number}")
        solid.elements[number] = (shape, nodes)
        numbers.append(number)
    if "elset" in line.options:
        solid.of_elements.setdefault(line.name(), []).extend(numbers)


def _named(name: str, sets: dict[str, list[int]]) -> list[int] | None:
    return next((members for key, members in sets.items() if key.lower() == name.rpartition(".")[2].lower()), None)


def _numbers(line: _Line, kind: Callable[[str], Number]) -> list[list[Number]]:
    try:
        return [[kind(word) for word in row] for row in line.rows]
    except ValueError as error:
        raise line.wrong(str(error)) from None


def _lines(path: Path) -> Iterator[_Line]:
    """Keywords with what stands below them; a keyword goes on in the next line after a comma."""
    found: _Line | None = None
    open_ = False
    for number, text in enumerate(path.read_text(encoding="latin-1").splitlines(), 1):
        text = text.strip()
        if not text or text.startswith("**"):
            continue
        if text.startswith("*") or open_:
            words = [word.strip() for word in text.removeprefix("*").split(",")]
            if not open_ or found is None:
                if found is not None:
                    yield found
                found = _Line(number, " ".join(words.pop(0).lower().split()), {})
            for word in filter(None, words):
                key, _, value = word.partition("=")
                found.options[key.strip().lower()] = value.strip().strip('"')
            open_ = text.endswith(",")
        elif found is not None:
            found.rows.append([word.strip() for word in text.rstrip(",").split(",")])
    if found is None:
        raise Unreadable("there are no keywords in it")
    yield found
