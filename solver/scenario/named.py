"""Names in scenarios: mappings by name, names of species, and what a name stands for in the dimensions below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from .base import Context
from .hints import DECIMALS, as_name, glued
from .parser import RESERVED
from .wrong import joined, meant, wrong

_KNOWN = frozenset(get_args(core_schema.ErrorType))


def check_name(name: str) -> str:
    """The name, if it can be one of a species or parameter."""
    if not name.isascii() or not name.isidentifier():
        near = as_name(name)
        tail = f"did you mean {near!r}?" if near else ""
        rule = "allowed: letters a to z, digits and _, not starting with a digit"
        raise wrong(f"not a name (given {name!r})", code="bad-name", remedy=joined(rule, tail))
    if name in RESERVED or name in ("own", "key", "length", "time", "cells", "gray", "integrity"):
        raise wrong(f"this word has a meaning of its own (given {name!r})", code="bad-name", remedy="choose another name")
    return name


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
            remedy = f"allowed: {', '.join(sorted(allowed)) or 'none'}"
            raise wrong(f"species of the wrong kind (given {key!r})", code="wrong-species", remedy=remedy)
        if self.kinds and key not in allowed:
            raise unknown_species(str(key), allowed)


def known_species(value: str, info: ValidationInfo) -> str:
    """The name, if it is one of the scenario's species."""
    species = Context.of(info).species
    if species and value not in species:
        raise unknown_species(value, list(species))
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
            faults += [raised_again(fault) for fault in error.errors(include_url=False)]
    if faults:
        raise ValidationError.from_exception_data("mapping", faults)
    return result


def raised_again(fault: Any) -> Any:
    """A fault of an inner validation in the form in which it can be raised again."""
    again = {"type": fault["type"], "loc": fault["loc"], "input": fault["input"], "ctx": fault.get("ctx", {})}
    if fault["type"] not in _KNOWN:
        again["type"] = PydanticCustomError(fault["type"], "{text}", fault["ctx"])
    return again


def unknown_species(given: str, known: list[str]) -> PydanticCustomError:
    """The error for a species that does not exist, with those that do and a suggestion."""
    slip = DECIMALS if given[:1].isdigit() else glued(given, known) or meant(given, known)
    remedy = joined(f"allowed: {', '.join(sorted(known)) or 'none'}", slip)
    return wrong(f"unknown species (given {given!r})", code="no-species", remedy=remedy)
