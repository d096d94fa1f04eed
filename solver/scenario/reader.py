"""YAML 1.2 with positions: a file becomes plain data and the place of every key and value in it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from ..errors import InvasioError, ScenarioError
from . import syntax
from .bounded import MAX_DEPTH, MAX_NODES, TooDeep, TooLarge, compose, read_bytes
from .hints import nearby

Path_ = tuple[str | int, ...]
AnyError = TypeVar("AnyError", bound=InvasioError)
MOST_SHOWN = 40  # faults in one message
LONGEST_KEY = 200  # characters
_LONGEST = 600  # characters of one part of a message
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
    """One thing that is wrong, where, what to do, and its code."""

    mark: Mark
    path: Path_
    what: str
    code: str
    remedy: str

    @property
    def place(self) -> str:
        """File, line, column and the path of the option."""
        return f"{self.mark}: {cut(dotted(self.path))}" if self.path else str(self.mark)

    def error(self, kind: type[AnyError]) -> AnyError:
        """The fault as an error of the kind."""
        return kind(cut(self.what), code=self.code, place=self.place, remedy=cut(self.remedy))

    def __str__(self) -> str:
        return str(self.error(ScenarioError))


class Faults(Exception):
    """One or more faults, raised together; ``more``: further ones that are only counted."""

    def __init__(self, faults: list[Fault], more: int = 0) -> None:
        super().__init__("\n".join(map(str, faults[:MOST_SHOWN])))
        self.faults, self.more = faults, more


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
    text = repr(value[:100] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def cut(text: str) -> str:
    """A part of a message, without the middle where it is very long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 100]} ... {text[-95:]}"


def read_file(path: Path) -> Document:
    """Read one file; raises Faults."""
    try:
        text = io.TextIOWrapper(io.BytesIO(read_bytes(path)), encoding="utf-8").read()
    except FileNotFoundError:
        raise Faults([Fault(Mark(str(path), 0, 0), (), "file not found", code="file-not-found", remedy=nearby(path))]) from None
    except IsADirectoryError:
        remedy = "name a scenario file" + _scenarios_in(path)
        raise Faults([Fault(Mark(str(path), 0, 0), (), "this is a folder", code="not-a-file", remedy=remedy)]) from None
    except UnicodeDecodeError as error:
        raise Faults([_at(str(path), syntax.of_encoding(error))]) from None
    except TooLarge as error:
        what, remedy = f"this is no scenario: {error}", "name a scenario file"
        raise Faults([Fault(Mark(str(path), 0, 0), (), what, code="too-large", remedy=remedy)]) from None
    except (OSError, ValueError) as error:
        what, remedy = f"cannot be read: {getattr(error, 'strerror', error)}", "check its name and permissions"
        raise Faults([Fault(Mark(str(path), 0, 0), (), what, code="unreadable-file", remedy=remedy)]) from None
    document = read_text(text, str(path))
    return replace(document, folders=(path.resolve().parent,))


def _scenarios_in(folder: Path) -> str:
    try:
        inside = ", ".join(sorted(p.name for p in folder.iterdir() if p.suffix in (".yaml", ".yml"))[:10])
    except OSError:
        inside = ""
    return f" (in it: {inside})" if inside else ""


def _at(file: str, found: syntax.Found) -> Fault:
    return Fault(Mark(file, found.line, found.column), (), found.what, code=found.code, remedy=found.remedy)


def read_text(text: str, file: str) -> Document:
    """Read YAML text; raises Faults for bad YAML, repeated keys and tags."""
    try:
        node = compose(text)
    except TooDeep:
        what, remedy = f"the text is nested too deep (more than {MAX_DEPTH} levels)", "write it with fewer brackets"
        raise Faults([Fault(Mark(file, 1, 1), (), what, code="not-yaml", remedy=remedy)]) from None
    except TooLarge as error:
        what, remedy = f"the text is too large: {error}", "use `extends`"
        raise Faults([Fault(Mark(file, 1, 1), (), what, code="too-large", remedy=remedy)]) from None
    except MarkedYAMLError as error:
        raise Faults([_at(file, syntax.of_yaml(error, text))]) from None
    except ReaderError as error:
        raise Faults([_at(file, syntax.of_character(error.position, text))]) from None
    except YAMLError as error:
        what, remedy = f"not YAML: {error}", "a scenario is a YAML file"
        raise Faults([Fault(Mark(file, 1, 1), (), what, code="not-yaml", remedy=remedy)]) from None
    reader = _Reader(file)
    data = reader.build(node, ()) if node is not None else None
    if reader.faults:
        raise Faults(reader.faults)
    return Document(data, reader.keys, reader.values)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file, self.count, self.open = file, 0, set[int]()
        self.keys: dict[Path_, Mark] = {}
        self.values: dict[Path_, Mark] = {}
        self.faults: list[Fault] = []

    def mark(self, node: Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def fault(self, node: Node, path: Path_, what: str, *, code: str, remedy: str) -> None:
        self.faults.append(Fault(self.mark(node), path, what, code=code, remedy=remedy))

    def build(self, node: Node, path: Path_) -> Any:
        self.count += 1
        if self.count > MAX_NODES or id(node) in self.open:
            if not any(f.code == "too-large" for f in self.faults):
                what = "the scenario is too large, or an alias contains itself"
                self.fault(node, path, what, code="too-large", remedy="use `extends`, or an alias (*name) elsewhere")
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
                self.fault(key, path, "a key that is no text", code="wrong-type", remedy="write `name: value`")
                continue
            name = str(key.value)
            if not self.key(key, path, name):
                continue
            if str(key.tag) == _TAG + "merge":
                self.fault(key, (*path, name), "merge keys are not supported", code="not-supported", remedy="use `extends`")
                continue
            if name in first:
                what = f"repeated key (first on line {first[name].line})"
                self.fault(key, (*path, name), what, code="repeated-key", remedy="take one out")
                continue
            first[name] = self.keys[(*path, name)] = self.mark(key)
            built = self.build(value, (*path, name))
            if built is None and isinstance(value, ScalarNode) and not value.value:  # nothing stands there: the key is what can be seen
                self.values[(*path, name)] = self.mark(key)
            yield name, built

    def key(self, node: ScalarNode, path: Path_, name: str) -> bool:
        """Whether a text can be a key; a fault where it cannot."""
        what = ""
        if len(name) > LONGEST_KEY:
            what = f"a key of {len(name)} characters (given {shown(name)})"
        elif name.splitlines() not in ([name], []) or syntax.unprintable(name):
            what = f"a key with a line break or a character that cannot be printed (given {shown(name)})"
        if what:
            self.fault(node, path, what, code="bad-name", remedy=f"allowed: at most {LONGEST_KEY} characters in one line")
        return not what

    def scalar(self, node: ScalarNode, path: Path_) -> Any:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        if tag in ("str", "timestamp"):
            bad = syntax.unprintable(text)
            if bad:
                self.fault(node, path, f"a control character (U+{ord(bad):04X})", code="not-text", remedy="delete it")
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        try:
            if tag == "int":
                return self.whole(node, path, text)
            if tag == "float":
                special = text.lower().lstrip("+-")
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan") if special in (".inf", ".nan") else text)
        except ValueError:
            remedy = "write a number, or put quotes around a text"
            self.fault(node, path, f"not a number (given {shown(text)})", code="not-a-number", remedy=remedy)
            return None
        self.fault(node, path, f"tags are not allowed (given {node.tag!s})", code="not-supported", remedy="take the tag out")
        return None

    def whole(self, node: ScalarNode, path: Path_, text: str) -> int | float | None:
        """A whole number; one of more than 64 bits becomes a float, or a fault where it is beyond those too."""
        digits = text.lstrip("+-0")
        if len(digits) > 400:
            value = math.inf
        else:
            exact = int(text, 0) if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else int(text)
            if -(2**63) <= exact < 2**63:
                return exact
            value = float(exact) if abs(exact) < 1 << 1023 else math.inf
        if math.isinf(value):
            what, remedy = f"the number is too large (given {text[:57]}...)", "allowed: a finite number"
            self.fault(node, path, what, code="out-of-bounds", remedy=remedy)
            return None
        return value
