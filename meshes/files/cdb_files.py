"""ANSYS's coded database (CDWRITE): nodes, elements and components in their fixed-width blocks, NBLOCK, EBLOCK and CMBLOCK.

Source: Mechanical APDL Programmer's Reference, "Coded Database File Commands". Strict: other forms of these blocks, and elements of a
type that is not listed here, are refused. All other commands are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .cdb_shapes import Element, as_blocks
from .contents import Contents, Ints, Unreadable, Wanted

_FORMAT = re.compile(r"\(\s*(\d*)i(\d+)(?:\s*,\s*(\d*)e(\d+)\.\d+(?:e\d+)?)?\s*\)", re.IGNORECASE)
_FIRST = 11  # numbers before the nodes of an element
_TYPE, _NODES, _NUMBER = 1, 8, 10  # its type's number, the count of its nodes, its own number
_UNBLOCKED = ("n", "en", "e")


@dataclass
class _Read:
    """What has been read so far. types: number of a type -> (number of the element, its KEYOPT(1))."""

    types: dict[int, tuple[int, int]] = field(default_factory=dict)
    nodes: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    elements: list[Element] = field(default_factory=list)
    of_nodes: dict[str, Ints] = field(default_factory=dict)
    of_elements: dict[str, Ints] = field(default_factory=dict)


class _Lines:
    """Lines with their numbers, for messages."""

    def __init__(self, path: Path) -> None:
        self._lines = path.read_text(encoding="latin-1").splitlines()
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while self.number < len(self._lines):
            yield self.next("")

    def next(self, block: str) -> str:
        """The next line. Raises Unreadable at the end of the file."""
        if self.number >= len(self._lines):
            raise Unreadable(f"the file ends within {block}")
        self.number += 1
        return self._lines[self.number - 1]

    def wrong(self, what: str) -> Unreadable:
        """The error of the present line."""
        return Unreadable(f"line {self.number}: {what}")


def read(path: Path, wanted: Wanted | None = None) -> Contents:
    """The contents of a file; element components are regions, node components the outer facets between their nodes. Raises Unreadable."""
    lines, found = _Lines(path), _Read()
    for line in lines:
        words = [word.strip() for word in line.split("!")[0].split(",")]
        command = words[0].lower()
        if command == "et":
            found.types[_number(lines, words, 1)] = (_element(lines, words), found.types.get(_number(lines, words, 1), (0, 0))[1])
        elif command in ("keyo", "keyop", "keyopt") and len(words) > 3 and words[2] == "1":
            kind = _number(lines, words, 1)
            found.types[kind] = (found.types.get(kind, (0, 0))[0], _number(lines, words, 3))
        elif command == "nblock":
            _nodes(lines, words, found)
        elif command == "eblock":
            _elements(lines, words, found)
        elif command == "cmblock":
            _component(lines, words, found)
        elif command in _UNBLOCKED and len(words) > 3 and "-1" not in words:
            raise lines.wrong(f"{words[0]} commands without blocks are not read; write the file with CDWRITE,DB and blocks")
    if not found.nodes or not found.elements:
        raise Unreadable("there is no block of nodes (NBLOCK) or of elements (EBLOCK) in it")
    return _contents(found)


def _contents(found: _Read) -> Contents:
    numbers = np.array(list(found.nodes), dtype=np.int64)
    if len({element.number for element in found.elements}) < len(found.elements):
        raise Unreadable("two elements have the same number")
    place = {int(number): k for k, number in enumerate(numbers)}
    missing = next((n for element in found.elements for n in element.nodes if n not in place), None)
    if missing is not None:
        raise Unreadable(f"an element refers to node {missing}, which is not there")
    blocks, notes = as_blocks(found.elements, place, found.of_elements, found.of_nodes)
    return Contents(np.array(list(found.nodes.values())), blocks, notes=notes)


def _number(lines: _Lines, words: list[str], k: int) -> int:
    try:
        return int(words[k])
    except (IndexError, ValueError):
        raise lines.wrong(f"a whole number is needed in {words[0]}") from None


def _element(lines: _Lines, words: list[str]) -> int:
    """The number of the element in ET: 185 or SOLID185."""
    found = re.fullmatch(r"[A-Za-z]*(\d+)", words[2]) if len(words) > 2 else None
    if found is None:
        raise lines.wrong("ET does not name an element by its number")
    return int(found[1])


def _widths(lines: _Lines, block: str, reals: bool) -> tuple[int, int, int]:
    """Of the format below a block's first line: how many whole numbers, their width, and that of the others."""
    line = lines.next(block).strip()
    found = _FORMAT.fullmatch(line)
    if found is None or (found[3] is not None) != reals:
        raise lines.wrong(f"a format of {block} that is not known (given {line[:40]!r})")
    return int(found[1] or 1), int(found[2]), int(found[4] or 0)


def _whole(lines: _Lines, line: str, width: int) -> list[int]:
    """The whole numbers of a line of fields of one width."""
    try:
        return [int(text) for start in range(0, len(line.rstrip()), width) if (text := line[start : start + width]).strip()]
    except ValueError:
        raise lines.wrong(f"no whole numbers of width {width} (given {line.strip()[:40]!r})") from None


def _nodes(lines: _Lines, words: list[str], found: _Read) -> None:
    """A block of nodes: number, two more whole numbers, x, y, z, and angles, of which those that are 0 at the end are left off."""
    if len(words) > 2 and words[2].lower() not in ("solid", ""):
        raise lines.wrong(f"NBLOCK with {words[2]!r} is not known")
    first, width, wide = _widths(lines, "NBLOCK", True)
    start = first * width
    while not (line := lines.next("NBLOCK")).lstrip().lower().startswith("n,") and line.strip() != "-1":
        try:
            number = int(line[:width])
            x, y, z = (float(line[k : k + wide].strip() or 0.0) for k in range(start, start + 3 * wide, wide))
        except ValueError:
            raise lines.wrong(f"no node (given {line.strip()[:40]!r})") from None
        if number in found.nodes:
            raise lines.wrong(f"node {number} is there twice")
        found.nodes[number] = (x, y, z)


def _elements(lines: _Lines, words: list[str], found: _Read) -> None:
    """A block of elements: material, type, five more, count of nodes, one unused, number, and the nodes, on a second line beyond eight."""
    if len(words) < 3 or words[2].lower() != "solid":
        raise lines.wrong("EBLOCK without SOLID is not read; write the file with CDWRITE,DB")
    _, width, _ = _widths(lines, "EBLOCK", False)
    while (line := lines.next("EBLOCK")).strip() != "-1":
        numbers = _whole(lines, line, width)
        if len(numbers) < _FIRST:
            raise lines.wrong(f"an element has {len(numbers)} numbers before its nodes in place of {_FIRST}")
        material, kind, number = numbers[0], numbers[_TYPE], numbers[_NUMBER]
        count, nodes = numbers[_NODES], numbers[_FIRST:]
        while len(nodes) < count:
            nodes += _whole(lines, lines.next("EBLOCK"), width)
        if len(nodes) != count or kind not in found.types:
            what = f"it has {len(nodes)} nodes in place of {count}" if len(nodes) != count else f"its type {kind} is not defined by ET"
            raise lines.wrong(f"element {number}: {what}")
        found.elements.append(Element(number, *found.types[kind], material, tuple(nodes)))


def _component(lines: _Lines, words: list[str], found: _Read) -> None:
    """A component: numbers, of which a negative one ends a range that the number before begins."""
    if len(words) < 4:
        raise lines.wrong("CMBLOCK needs a name, a kind and a count")
    kinds: Mapping[str, dict[str, Ints]] = {"node": found.of_nodes, "nodes": found.of_nodes, "elem": found.of_elements}
    kind, count = words[2].lower()[:5], _number(lines, words, 3)
    listed = kinds.get(kind, found.of_elements if kind.startswith("elem") else None)
    if listed is None:
        raise lines.wrong(f"a component of {words[2]!r} is not known")
    _, width, _ = _widths(lines, "CMBLOCK", False)
    numbers: list[int] = []
    while len(numbers) < count:
        numbers += _whole(lines, lines.next("CMBLOCK"), width)
    members: list[int] = []
    for number in numbers[:count]:
        if number < 0 and (not members or -number <= members[-1]):
            raise lines.wrong(f"component {words[1]}: a range ends at {-number} and begins nowhere")
        members += [number] if number >= 0 else range(members[-1] + 1, -number + 1)
    listed[words[1]] = np.array(members, dtype=np.int64)
