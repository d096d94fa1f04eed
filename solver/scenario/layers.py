"""Layers of a scenario: `extends` lays a file over another, `--set PATH=VALUE` lays single values over both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from . import outline
from .hints import nearby
from .reader import Document, Fault, Faults, Mark, Path_, dotted, read_file, read_text, shown
from .wrong import listed

SET = Mark("--set", 0, 0)
PYTHON = Mark("set", 0, 0)  # values that a program gives
UNTIL = Mark("until", 0, 0)  # the end of a run that is prolonged
OPEN = {("numerics", "petsc")}  # mappings in which `--set` may make new keys
MAX_LAYERS = 10


def read_layers(path: Path, above: tuple[Path, ...] = ()) -> Document:
    """A file laid over what it extends; raises Faults, also for a circle."""
    document = read_file(path)
    if not isinstance(document.data, dict):
        if document.data is None:
            remedy = "`invasio scenarios copy quickstart` makes one to begin with"
            raise Faults([Fault(Mark(str(path), 1, 1), (), "the file is empty", code="empty-scenario", remedy=remedy)])
        what, remedy = "a scenario is a mapping of options", "write lines `name: value`, without dashes"
        raise Faults([Fault(document.mark(()), (), what, code="wrong-type", remedy=remedy)])
    base = document.data.pop("extends", None)
    if base is None:
        return document
    mark = document.mark(("extends",))
    if not isinstance(base, str):
        what, remedy = f"wrong type (given {base!r})", "allowed: the name of a file"
        raise Faults([Fault(mark, ("extends",), what, code="wrong-type", remedy=remedy)])
    below = path.parent / base
    above = (*above, path)
    try:
        circular, there = any(below.resolve() == p.resolve() for p in above), below.is_file()
    except (OSError, ValueError) as error:
        what = f"no file can have this name (given {shown(base)}): {getattr(error, 'strerror', None) or error}"
        raise Faults([Fault(mark, ("extends",), what, code="file-not-found", remedy="check the name")]) from None
    if circular:
        circle = " -> ".join(p.name for p in (*above, below))
        what, remedy = f"the scenarios extend each other in a circle ({circle})", "take `extends` out of one"
        raise Faults([Fault(mark, ("extends",), what, code="wrong-extends", remedy=remedy)])
    if not there:
        if below.is_dir():
            raise Faults([Fault(mark, ("extends",), f"this is a folder (given {base!r})", code="not-a-file", remedy="name a file")])
        what = f"file not found (given {base!r})"
        raise Faults([Fault(mark, ("extends",), what, code="file-not-found", remedy=nearby(below))])
    if len(above) >= MAX_LAYERS:
        what, remedy = f"more than {MAX_LAYERS} scenarios extend each other", "put some of them together"
        raise Faults([Fault(mark, ("extends",), what, code="wrong-extends", remedy=remedy)])
    return over(document, read_layers(below, above))


def over(top: Document, base: Document) -> Document:
    """One document laid over another: mappings are merged, null removes, another `kind` starts afresh."""
    forgotten: set[Path_] = set()

    def merge(upper: Any, lower: Any, path: Path_) -> Any:
        both = isinstance(upper, Mapping) and isinstance(lower, Mapping)
        if not both or ("kind" in upper and upper["kind"] != lower.get("kind")):
            forgotten.add(path)
            return upper
        merged = dict(lower)
        for key, value in upper.items():
            below = (*path, key)
            if value is None and key in merged:
                del merged[key]
                forgotten.add(below)
            else:
                merged[key] = merge(value, merged[key], below) if key in merged else value
        return merged

    data = merge(top.data, base.data, ())
    keys, values = _without(base.keys, forgotten), _without(base.values, forgotten)
    present = {p for p in {*top.keys, *top.values} if _exists(data, p)}
    keys.update({p: m for p, m in top.keys.items() if p in present})
    values.update({p: m for p, m in top.values.items() if p in present})
    return Document(data, keys, values, (*top.folders, *base.folders))


def _without(marks: Mapping[Path_, Mark], forgotten: set[Path_]) -> dict[Path_, Mark]:
    return {p: m for p, m in marks.items() if not any(p[:length] in forgotten for length in range(len(p) + 1))}


def _exists(data: Any, path: Path_) -> bool:
    for part in path:
        inside = part in data if isinstance(data, Mapping) else isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not inside:
            return False
        data = data[part]
    return True


def override(document: Document, overrides: list[str], schema: Any) -> Document:
    """Lay `PATH=VALUE` texts over a document; a path that the scenario does not know is refused. Raises Faults."""
    faults: list[Fault] = []
    for text in overrides:
        try:
            document = _override(document, text, schema)
        except Faults as caught:
            faults += caught.faults
    if faults:
        raise Faults(faults)
    return document


def _override(document: Document, text: str, schema: Any) -> Document:
    dots, equals, value_text = text.partition("=")
    if not equals or not all(_parts(dots)):
        what, remedy = f"not an assignment (given {text!r})", "allowed: PATH=VALUE, such as time.end=10"
        raise Faults([Fault(SET, (), what, code="not-an-assignment", remedy=remedy)])
    try:
        value = read_text(value_text, "--set").data
    except Faults as caught:
        raise Faults([replace(fault, mark=SET, path=tuple(_parts(dots))) for fault in caught.faults]) from None
    return lay(document, dots, value, SET, SET, schema)


def set_values(document: Document, values: Mapping[str, object], schema: Any, place: Mark = PYTHON) -> Document:
    """Lay values of Python over a document, by path; texts are taken as they are. ``place``: what messages call it. Raises Faults."""
    faults: list[Fault] = []
    for dots, value in values.items():
        try:
            if not isinstance(dots, str) or not all(_parts(dots)):
                what = f"not a path (given {dots!r})"
                raise Faults([Fault(place, (), what, code="not-an-assignment", remedy="allowed: a text such as 'time.end'")])
            document = lay(document, dots, _plain(value), place, place, schema)
        except Faults as caught:
            faults += caught.faults
    if faults:
        raise Faults(faults)
    return document


def _plain(value: Any) -> Any:
    """A value as YAML could state it: numbers and arrays of NumPy, tuples and paths are none of YAML's."""
    if isinstance(value, Mapping):
        return {key: _plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(below) for below in value]
    if isinstance(value, PurePath):
        return str(value)
    numpy = getattr(value, "tolist", None)
    return value if numpy is None else numpy()


def _parts(dots: str) -> list[str]:
    return dots.strip().replace("[", ".").replace("]", "").split(".")


def lay(document: Document, dots: str, value: Any, key: Mark, place: Mark, schema: Any) -> Document:
    """Lay one value over a document; ``key`` and ``place`` are where path and value are said. Raises Faults."""
    data, path = _with(document.data, _parts(dots), value, schema, (), key)
    keys, values = document.keys, document.values
    if _is_group(document.data, path):
        keys = {p: m for p, m in keys.items() if p[: len(path)] != path}
        values = {p: m for p, m in values.items() if p[: len(path)] != path}
    return replace(document, data=data, keys={**keys, path: key}, values={**values, path: place})


def _is_group(data: Any, path: Path_) -> bool:
    """Whether a mapping or list stands at the path, so that there are marks below it."""
    for part in path:
        if not _exists(data, (part,)):
            return False
        data = data[part]
    return isinstance(data, (Mapping, list))


def _with(data: Any, parts: list[str], value: Any, annotation: Any, path: Path_, mark: Mark) -> tuple[Any, Path_]:
    """The data with the value at the path, and the path with list numbers as integers."""
    if not parts:
        return value, path
    data = outline.expanded(annotation, data)
    if isinstance(data, list):
        if not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 10) or int(parts[0]) >= len(data):
            raise _refused(mark, path, parts, [str(i) for i in range(len(data))])
        at = int(parts[0])
        inner, full = _with(data[at], parts[1:], value, outline.child(annotation, data, at), (*path, at), mark)
        return [*data[:at], inner, *data[at + 1 :]], full
    data = data if isinstance(data, Mapping) else {}
    used = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in data), 1)  # effects of drugs are called by paths
    key, rest = ".".join(parts[:used]), parts[used:]
    allowed = outline.keys(annotation, data)
    if allowed is None and path not in OPEN:
        allowed = list(data)
    if allowed is not None and key not in allowed and not (key == "kind" and outline.kinds(annotation)):
        raise _refused(mark, path, parts, allowed)
    if key == "kind" and not rest and data.get("kind") != value and outline.kinds(annotation):
        return {"kind": value}, path  # another choice: the options of the old one no longer apply
    inner, full = _with(data.get(key), rest, value, outline.child(annotation, data, key), (*path, key), mark)
    if not rest and value is None:
        return {k: v for k, v in data.items() if k != key}, full
    return {**data, key: inner}, full


def _refused(mark: Mark, path: Path_, parts: list[str], allowed: list[str]) -> Faults:
    near = get_close_matches(parts[0][:60], allowed[:200], n=1)
    tail = f"; did you mean {dotted((*path, near[0]))!r}?" if near else ""
    where = f"in {dotted(path)}" if path else "at the top"
    remedy = f"allowed {where}: {listed(allowed) if allowed else 'nothing'}{tail}"
    return Faults([Fault(mark, (*path, *parts), f"unknown path (given {shown(parts[0])})", code="unknown-key", remedy=remedy)])
