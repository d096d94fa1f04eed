"""An example of each option, out of the scenarios in examples/, which are whole and valid."""

from __future__ import annotations

import io
import types
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from .base import Options
from .outline import expanded, hints, resolve
from .schema import Scenario

FOLDER = Path(__file__).parent / "examples"
_TELLING, _LONGEST = 50, 110  # characters of an example in a table


@cache
def examples() -> dict[tuple[type[Options], str], tuple[str, ...]]:
    """For each group of options and option all uses of it, as YAML on a line, `motility: 1e-10 cm^2/s`."""
    found: dict[tuple[type[Options], str], list[str]] = {}
    for path in _files():
        for group, key, value in _uses(path):
            found.setdefault((group, key), []).append(_line(key, value))
    return {place: tuple(texts) for place, texts in found.items()}


def first_example(group: type[Options], key: str) -> str:
    """The first use of an option that fits into a message; reads no more files than it takes to find it."""
    for path in _files():
        if f"{key}:" in path.read_text(encoding="utf-8"):
            lines = (_line(key, value) for model, name, value in _uses(path) if (model, name) == (group, key))
            short = next((line for line in lines if len(line) <= _LONGEST), "")
            if short:
                return short
    return ""


def _files() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


@cache
def _uses(path: Path) -> list[tuple[type[Options], str, Any]]:
    return list(_within(Scenario, YAML().load(path.read_text(encoding="utf-8"))))


def example(group: type[Options], key: str) -> str:
    """The most telling use of an option that fits into a table; nothing where all are longer, as of options with options of their own."""
    texts = examples().get((group, key), ())
    telling = [text for text in texts if len(text) <= _TELLING]
    return max(telling, key=len) if telling else min((text for text in texts if len(text) <= _LONGEST), key=len, default="")


def _within(group: type[Options], values: Mapping[str, Any]) -> Iterator[tuple[type[Options], str, Any]]:
    for key, value in values.items():
        yield group, key, value
        yield from _below(hints(group)[key], value)


def _below(annotation: Any, value: Any) -> Iterator[tuple[type[Options], str, Any]]:
    value = expanded(annotation, value)
    shape = resolve(annotation, value) if isinstance(value, (Mapping, list)) else None
    shape = _fitting(annotation, value) if isinstance(value, Mapping) and get_origin(shape) in (list, tuple) else shape
    if isinstance(shape, type) and issubclass(shape, Options):
        yield from _within(shape, value)
    elif get_origin(shape) is dict:
        for part in value.values():
            yield from _below(get_args(shape)[1], part)
    elif get_origin(shape) in (list, tuple):
        for part in value:
            yield from _below(get_args(shape)[0], part)


def _fitting(annotation: Any, value: Any) -> Any:
    """Of a choice between a list and options, the options."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return None if any(isinstance(mark, FieldInfo) and mark.discriminator for mark in marks) else _fitting(inner, value)
    if get_origin(annotation) in (Union, types.UnionType):
        return next((m for m in get_args(annotation) if isinstance(m, type) and issubclass(m, Options)), None)
    return None


def _line(key: str, value: Any) -> str:
    value = deepcopy(value)
    _flow(value)
    out = io.StringIO()
    _writer().dump(CommentedMap({key: value}), out)
    return out.getvalue().partition("\n#")[0].strip()


@cache
def _writer() -> YAML:
    yaml = YAML()
    yaml.width = 1_000_000
    return yaml


def _flow(value: Any) -> None:
    """Have a mapping or list, and all in it, written on one line and without remarks."""
    if isinstance(value, (CommentedMap, CommentedSeq)):
        value.fa.set_flow_style()
        value.ca.items.clear()
        value.ca.comment = None
        for part in value.values() if isinstance(value, CommentedMap) else value:
            _flow(part)
