"""YAML 1.2 with positions: a file becomes plain data and the place of every key and value in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from .hints import hint, nearby

Path_ = tuple[str | int, ...]
MAX_NODES = 100_000
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Mark:
    """A place in a file; line 0 means that the source has no lines (``--set``)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where."""

    mark: Mark
    path: Path_
    what: str

    def __str__(self) -> str:
        path = dotted(self.path)
        return f"{self.mark}: {path}: {self.what}" if path else f"{self.mark}: {self.what}"


class Faults(Exception):
    """One or more faults, raised together."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True)
class Document:
    """Plain data with the marks of keys and values by path."""

    data: Any
    keys: Mapping[Path_, Mark] = field(default_factory=dict)
    values: Mapping[Path_, Mark] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()

    def mark(self, path: Path_, key: bool = False) -> Mark:
        """The place of a value (or key), or of what it would stand in."""
        if key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return Mark("scenario", 0, 0)


def dotted(path: Path_) -> str:
    """A path as it is written in messages: ``expect[0].value``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def shown(value: Any) -> str:
    """A value as it is quoted in messages."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_file(path: Path) -> Document:
    """Read one file; raises Faults."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Faults([Fault(Mark(str(path), 0, 0), (), f"file not found{nearby(path)}")]) from None
    except IsADirectoryError:
        inside = ", ".join(sorted(p.name for p in path.iterdir() if p.suffix in (".yaml", ".yml"))[:10])
        what = "this is a folder; name a scenario file" + (f" (in it: {inside})" if inside else "")
        raise Faults([Fault(Mark(str(path), 0, 0), (), what)]) from None
    except UnicodeDecodeError as error:
        raise Faults([_encoding(error, str(path))]) from None
    except OSError as error:
        raise Faults([Fault(Mark(str(path), 0, 0), (), f"cannot be read: {error.strerror}")]) from None
    document = read_text(text, str(path))
    return replace(document, folders=(path.resolve().parent,))


def read_text(text: str, file: str) -> Document:
    """Read YAML text; raises Faults for bad YAML, repeated keys and tags."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise Faults([Fault(Mark(file, 1, 1), (), "the text is nested too deep")]) from None
    except MarkedYAMLError as error:
        raise Faults([_syntax(error, text, file)]) from None
    except ReaderError as error:
        place = _place(file, text[: error.position])
        raise Faults([Fault(place, (), f"a control character (U+{ord(text[error.position]):04X}); delete it")]) from None
    except YAMLError as error:
        raise Faults([Fault(Mark(file, 1, 1), (), f"not YAML: {error}")]) from None
    reader = _Reader(file)
    data = reader.build(node, ()) if node is not None else None
    if reader.faults:
        raise Faults(reader.faults)
    return Document(data, reader.keys, reader.values)


def _place(file: str, before: str) -> Mark:
    """The place after a beginning of a text."""
    return Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _encoding(error: UnicodeDecodeError, file: str) -> Fault:
    raw = bytes(error.object)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Fault(Mark(file, 1, 1), (), "the text is UTF-16; save it as UTF-8")
    if b"\0" in raw:
        return Fault(Mark(file, 0, 0), (), "this is no text; a scenario is a YAML file")
    place = _place(file, raw[: error.start].decode("utf-8"))
    return Fault(place, (), "the text is not in UTF-8; save it as UTF-8 (some editors call the other one Latin-1, ANSI or Windows-1252)")


# what ruamel.yaml says, and what has happened
_MEANT = (
    ("expected <block end>", "wrong indentation: this line begins in a column in which no group above it begins"),
    ("mapping values are not allowed", "a second ': ' in one line, or a line indented further than the group it belongs to"),
    ("could not find expected ':'", "a key without ': ' (a colon and a blank) after it"),
    ("unexpected end of stream", "a quote that is never closed"),
    ("expected ',' or '}'", "a '{' that is never closed, or a comma missing after an entry"),
    ("expected ',' or ']'", "a '[' that is never closed, or a comma missing after an entry"),
    ("found another document", "a second document ('---'); a scenario is one"),
    ("found undefined alias", "an alias (*name) without its anchor (&name)"),
)
# where it began says more than where it was noticed
_AT_START = ("could not find expected ':'", "unexpected end of stream", "expected ',' or")


def _syntax(error: MarkedYAMLError, text: str, file: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.splitlines()
    row = lines[line] if line < len(lines) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or row[column : column + 1] == "\t":
        return Fault(Mark(file, line + 1, row.index("\t") + 1), (), "a tab (YAML is indented with spaces)")
    problem = str(error.problem)
    meant = next((words for said, words in _MEANT if said in problem), "")
    if not meant:
        context = f"{error.context}: " if error.context else ""
        return Fault(Mark(file, line + 1, column + 1), (), f"not YAML: {context}{problem}")
    if error.context_mark is not None and any(said in problem for said in _AT_START):
        line, column = error.context_mark.line, error.context_mark.column
    return Fault(Mark(file, line + 1, column + 1), (), f"not YAML: {meant}{hint(row) if 'never closed' in meant else ''}")


class _Reader:
    def __init__(self, file: str) -> None:
        self.file, self.count, self.open = file, 0, set[int]()
        self.keys: dict[Path_, Mark] = {}
        self.values: dict[Path_, Mark] = {}
        self.faults: list[Fault] = []

    def mark(self, node: Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def fault(self, node: Node, path: Path_, what: str) -> None:
        self.faults.append(Fault(self.mark(node), path, what))

    def build(self, node: Node, path: Path_) -> Any:
        self.count += 1
        if self.count > MAX_NODES or id(node) in self.open:
            if not any("too large" in f.what for f in self.faults):
                self.fault(node, path, "the scenario is too large, or an alias contains itself")
            return None
        self.values[path] = self.mark(node)
        if isinstance(node, ScalarNode):
            return self.scalar(node, path)
        self.open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]
            return dict(self.pairs(node, path)) if isinstance(node, MappingNode) else None
        finally:
            self.open.discard(id(node))

    def pairs(self, node: MappingNode, path: Path_) -> Iterator[tuple[str, Any]]:
        first: dict[str, Mark] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.fault(key, path, "a key must be a text")
                continue
            name = str(key.value)
            if str(key.tag) == _TAG + "merge":
                self.fault(key, (*path, name), "merge keys are not supported (use `extends`)")
                continue
            if name in first:
                self.fault(key, (*path, name), f"repeated key (first on line {first[name].line})")
                continue
            first[name] = self.keys[(*path, name)] = self.mark(key)
            built = self.build(value, (*path, name))
            if built is None and isinstance(value, ScalarNode) and not value.value:  # nothing stands there: the key is what can be seen
                self.values[(*path, name)] = self.mark(key)
            yield name, built

    def scalar(self, node: ScalarNode, path: Path_) -> Any:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if tag in ("str", "timestamp"):
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        try:
            if tag == "int":
                return int(text, 0) if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else int(text)
            if tag == "float":
                special = text.lower().lstrip("+-")
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan") if special in (".inf", ".nan") else text)
        except ValueError:
            self.fault(node, path, f"not a number (given {text!r})")
            return None
        self.fault(node, path, f"tags are not allowed (given {node.tag!s})")
        return None
