"""All expressions of a law, whatever its parts: species, membranes, vessels and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast, get_args

from ..scenario.expressions import Expr
from ..scenario.tree import names

L = TypeVar("L")
_EXPRESSIONS = get_args(Expr)


def map_expressions(law: L, f: Callable[[Expr], Expr]) -> L:
    """The law with ``f`` applied to each of its expressions."""
    return cast(L, _mapped(law, f))


def expressions(law: object) -> Iterator[Expr]:
    """Each expression of a law or of several, in the order of the fields."""
    for part in _parts(law):
        if isinstance(part, _EXPRESSIONS):
            yield cast(Expr, part)


def names_in(*laws: object) -> frozenset[str]:
    """What their expressions depend on: species, parameters, coordinates, the time, an integrity."""
    return frozenset().union(*(names(expr) for expr in expressions(laws)))


def sources(*laws: object) -> tuple[str, ...]:
    """The literature of these laws and of their terms, each once."""
    found = (getattr(part, "source", "") for part in _parts(laws))
    return tuple(dict.fromkeys(source for source in found if source))


def _parts(value: object) -> Iterator[object]:
    """The value and all that it holds, expressions whole."""
    yield value
    if isinstance(value, _EXPRESSIONS):
        return
    for part in _children(value):
        yield from _parts(part)


def _children(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (tuple, list)):
        yield from value
    elif is_dataclass(value):
        yield from (getattr(value, field.name) for field in fields(value))


def _mapped(value: object, f: Callable[[Expr], Expr]) -> object:
    if isinstance(value, _EXPRESSIONS):
        return f(cast(Expr, value))
    if isinstance(value, Mapping):
        return {key: _mapped(part, f) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_mapped(part, f) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        before = {field.name: getattr(value, field.name) for field in fields(value)}
        after = {name: _mapped(part, f) for name, part in before.items()}
        return replace(value, **{name: part for name, part in after.items() if part is not before[name]})
    return value
