"""The shape of the options: which keys are allowed at a path, for suggestions and for `--set`."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from .base import Options


@cache
def hints(model: type[Options]) -> dict[str, Any]:
    """The annotations of a model by the names used in YAML."""
    found = get_type_hints(model, include_extras=True)
    return {field.alias or name: found[name] for name, field in model.model_fields.items()}


def expanded(annotation: Any, value: Any) -> Any:
    """A value in its long form, where the annotation knows a short one."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        for mark in reversed(marks):
            if hasattr(mark, "expand"):
                value = mark.expand(value)
        return expanded(inner, value)
    return value


def resolve(annotation: Any, value: Any) -> Any:
    """The model, mapping or list type an annotation means for this value; None for scalars and unknown choices."""
    value = expanded(annotation, value)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        for mark in marks:
            if hasattr(mark, "pick"):
                return resolve(mark.pick(inner, value), value)
        if any(isinstance(mark, FieldInfo) and mark.discriminator for mark in marks):
            kind = value.get("kind") if isinstance(value, Mapping) else None
            return next((m for m in _choices(inner) if kind in get_args(m.model_fields["kind"].annotation)), None)
        return resolve(inner, value)
    if origin in (Union, types.UnionType):
        found = [resolve(member, value) for member in get_args(annotation)]
        return next((f for f in found if f is not None), None)
    if origin in (dict, list, tuple) or (isinstance(annotation, type) and issubclass(annotation, Options)):
        return annotation
    return None


def _choices(annotation: Any) -> Iterator[type[Options]]:
    """The models of a tagged choice, also of one that is made of others."""
    if get_origin(annotation) is Annotated:
        yield from _choices(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _choices(member)
    elif isinstance(annotation, type) and issubclass(annotation, Options):
        yield annotation


def child(annotation: Any, value: Any, key: str | int) -> Any:
    """The annotation of what stands under a key; None if nothing can."""
    shape = resolve(annotation, value)
    origin = get_origin(shape)
    if origin is dict:
        return get_args(shape)[1]
    if origin in (list, tuple):
        return get_args(shape)[0] if isinstance(key, int) or str(key).isdigit() else None
    if shape is None:
        return None
    return hints(shape).get(str(key))


def keys(annotation: Any, value: Any) -> list[str] | None:
    """The keys allowed in a group of options; None where keys are free or nothing is known."""
    shape = resolve(annotation, value)
    return list(hints(shape)) if isinstance(shape, type) and issubclass(shape, Options) else None


def kinds(annotation: Any) -> list[str]:
    """The kinds a tagged choice offers."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [name for member in get_args(annotation) for name in kinds(member)]
    if isinstance(annotation, type) and issubclass(annotation, Options) and "kind" in annotation.model_fields:
        return list(get_args(annotation.model_fields["kind"].annotation))
    return []
