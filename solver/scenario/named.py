"""Names in scenarios: mappings by name, names of species, and what a name stands for in the dimensions below it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from .base import Context
from .hints import as_name
from .parser import RESERVED

_KNOWN = frozenset(get_args(core_schema.ErrorType))


def check_name(name: str) -> str:
    """The name, if it can be one of a species or parameter."""
    if not name.isascii() or not name.isidentifier():
        near = as_name(name)
        tail = f"; did you mean {near!r}?" if near else ""
        raise _not_a_name(f"not a name (given {name!r}; allowed: letters a to z, digits and _, not starting with a digit{tail})")
    if name in RESERVED or name in ("own", "key", "length", "time", "cells", "integrity"):
        raise _not_a_name(f"this word has a meaning of its own and cannot be a name (given {name!r})")
    return name


def _not_a_name(text: str) -> PydanticCustomError:
    return PydanticCustomError("name", "{text}", {"text": text})


class Keyed:
    """Marks a mapping by name: while an item is validated, ``slot`` stands for its key in dimensions.

    ``kinds``: when not empty, keys must be species of these kinds. The slot "own" without kinds declares the names.
    """

    def __init__(self, slot: str, *kinds: str) -> None:
        self.slot, self.kinds = slot, kinds

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Callable[[Any], Any], info: ValidationInfo) -> Any:
        if not isinstance(value, Mapping) or not value:
            return inner(value)
        return each(value, inner, info, self.slot, self._check)

    def _check(self, key: Any, context: Context) -> None:
        if self.slot == "own" and not self.kinds:
            check_name(str(key))
        allowed = [name for name, kind in context.species.items() if kind in self.kinds]
        if self.kinds and key in context.species and key not in allowed:
            text = f"species of the wrong kind (given {key!r}; allowed: {', '.join(sorted(allowed)) or 'none'})"
            raise PydanticCustomError("wrong_kind", "{text}", {"text": text})
        if self.kinds and key not in allowed:
            raise unknown("species", str(key), allowed)


def known_species(value: str, info: ValidationInfo) -> str:
    """The name, if it is one of the scenario's species."""
    species = Context.of(info).species
    if species and value not in species:
        raise unknown("species", value, list(species))
    return value


SpeciesName = Annotated[str, AfterValidator(known_species)]


class Slot:
    """Marks an option: while it is validated, ``slot`` stands for ``name`` in dimensions."""

    def __init__(self, slot: str, name: str) -> None:
        self.slot, self.name = slot, name

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Callable[[Any], Any], info: ValidationInfo) -> Any:
        with within(info, self.slot, self.name):
            return inner(value)


class within:
    """A block in which a slot of the validation context has another value."""

    def __init__(self, info: ValidationInfo, slot: str, name: str) -> None:
        self.info, self.slot, self.name = info, slot, name

    def __enter__(self) -> None:
        self.before = Context.of(self.info)
        if self.info.context:
            self.info.context["context"] = replace(self.before, slots={**self.before.slots, self.slot: self.name})

    def __exit__(self, *_: object) -> None:
        if self.info.context:
            self.info.context["context"] = self.before


def each(
    value: Mapping[Any, Any], inner: Callable[[Any], Any], info: ValidationInfo, slot: str, check: Callable[[Any, Context], None]
) -> dict[Any, Any]:
    """Validate a mapping item by item, each with its own key in the context; all errors at once."""
    result: dict[Any, Any] = {}
    faults: list[InitErrorDetails] = []
    for key, item in value.items():
        try:
            check(key, Context.of(info))
            with within(info, slot, str(key)):
                result.update(inner({key: item}))
        except PydanticCustomError as error:
            faults.append({"type": error, "loc": (key, "[key]"), "input": key})
        except ValidationError as error:
            faults += [_again(fault) for fault in error.errors(include_url=False)]
    if faults:
        raise ValidationError.from_exception_data("mapping", faults)
    return result


def _again(fault: Any) -> Any:
    """A fault of an inner validation in the form in which it can be raised again."""
    again = {"type": fault["type"], "loc": fault["loc"], "input": fault["input"], "ctx": fault.get("ctx", {})}
    if fault["type"] not in _KNOWN:
        again["type"] = PydanticCustomError(fault["type"], "{text}", {"text": fault["msg"]})
    return again


def unknown(what: str, given: str, allowed: list[str]) -> PydanticCustomError:
    """The error for a name that does not exist, with what exists and a suggestion."""
    near = get_close_matches(given, allowed, n=1)
    glued = [name for name in allowed if re.match(rf"{re.escape(name)}\s", given)]
    meant = f"; did you mean {near[0]!r}?" if near else ""
    tail = f"; is the colon after {glued[0]!r} missing?" if glued else meant
    known = ", ".join(sorted(allowed)) or "none"
    return PydanticCustomError("unknown_name", "{text}", {"text": f"unknown {what} (given {given!r}; allowed: {known}{tail})"})
