"""Options of declared parameters and of scales."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Context, Options, plain_number
from .hints import hint
from .named import check_name
from .parser import ParseError, parse
from .shorthand import Short
from .tree import evaluate, names
from .units import Dimension, Measure, UnitError, measure
from .wrong import joined, meant, wrong

_WRITE = "write a number, a number with a unit, or a formula of other parameters"


class Declared:
    """Marks a float as a declared parameter: a number, a quantity of length and time, or a formula of others."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            lambda value, info: parameter_value(value, Context.of(info)) if isinstance(value, str) else value, handler(source)
        )


def parameter_value(text: str, context: Context) -> float:
    """The number a declared parameter stands for, in the scenario's scales; raises PydanticCustomError."""
    try:
        given = measure(text)
    except UnitError:
        return _computed(text, context)
    if re.search(r"(?<![A-Za-z])cells?(?![A-Za-z])", text):
        remedy = (
            "write them where they are used (amount: 5000 cells), or a plain number in the scenario's scales, and `unit` for the reader"
        )
        raise wrong("numbers of cells are not converted here", code="wrong-unit", remedy=remedy)
    if given.dimension and not {b for b, _ in given.dimension} <= {"length", "time"}:
        remedy = "write a plain number in the scenario's scales, and `unit` for the reader"
        raise wrong("only lengths and times are converted here", code="wrong-unit", remedy=remedy)
    return context.convert(text, "*".join(f"{base}^{power}" for base, power in given.dimension) or "1")


def _computed(text: str, context: Context) -> float:
    try:
        tree = parse(text)
    except ParseError as error:
        raise wrong(str(error), code=error.code, remedy=joined(error.remedy, hint(text)) or _WRITE) from None
    for name in sorted(names(tree)):
        if name not in context.parameters:
            what = f"neither a number with a unit nor a formula of declared parameters (unknown name {name!r})"
            raise wrong(what, code="unknown-name", remedy=meant(name, context.parameters) or hint(text) or _WRITE)
        if math.isnan(context.parameters[name]):
            what = f"{name!r} depends on this parameter, or has no value itself"
            raise wrong(what, code="circular-parameters", remedy="give one of them a number")
    value = float(evaluate(tree, context.parameters))
    if not math.isfinite(value):
        raise wrong(f"the formula gives {value}", code="out-of-bounds", remedy="allowed: a finite number")
    return value


class ParameterOptions(Options):
    """A number with a name, usable in every formula."""

    value: Annotated[float, Declared()] = Field(description="a number, a quantity of length and time, or a formula of other parameters")
    unit: str = Field("", description="unit as printed by explain")
    meaning: str = Field("", description="what it stands for")
    source: str = Field("", description="where the number comes from")


FreeName = Annotated[str, AfterValidator(check_name)]
ParameterMap = dict[FreeName, Annotated[ParameterOptions, Short("value")]]

_NEEDED: dict[str, Dimension] = {"length": (("length", 1),), "time": (("time", 1),)}


def _one_of(value: Any) -> str:
    """The remedy where a unit stands without its number."""
    try:
        measure(f"1 {value}")
    except UnitError:
        return ""
    return f"did you mean '1 {value}'?"


def scale_measure(name: str, value: Any) -> Measure:
    """The measure of one unit of a scale; raises PydanticCustomError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong(f"wrong type (given {value!r})", code="wrong-type", remedy="allowed: a text such as '1 um', or a number")
    try:
        found = measure(value if isinstance(value, str) else repr(value))
    except UnitError as error:
        raise wrong(str(error), code=error.code, remedy=joined(error.remedy, _one_of(value)) or "write a text such as '1 um'") from None
    if found.factor <= 0:
        raise wrong(f"the scale is not positive (given {value!r})", code="out-of-bounds", remedy="allowed: greater than 0")
    if name in _NEEDED and found.dimension != _NEEDED[name]:
        raise wrong(f"wrong unit (given {value!r})", code="wrong-unit", remedy=f"needed is a unit of {name}")
    if name == "depth" and found.dimension not in ((("length", 1),), (("length", 2),)):
        remedy = "needed is a unit of length, or in 1-D of area: the cross-section"
        raise wrong(f"wrong unit (given {value!r})", code="wrong-unit", remedy=remedy)
    if name == "cells" and any(base != "length" or power > 0 for base, power in found.dimension):
        remedy = "needed is a number of cells per length, area or volume"
        raise wrong(f"wrong unit (given {value!r})", code="wrong-unit", remedy=remedy)
    return found


def _scale(value: Any, info: ValidationInfo) -> Any:
    name = Context.of(info).slots.get("scale", "")
    scale_measure(name, value)
    return value


class ScaleText:
    """Marks the value of a scale: the text stays as it is, checked."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(_scale)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, {"type": "number"}]}


def read_scales(raw: Any) -> dict[str, Measure] | None:
    """The scales of a raw scenario, as far as they can be read; None for a non-dimensional one."""
    if not isinstance(raw, Mapping):
        return None
    found = {}
    for name, value in raw.items():
        try:
            found[str(name)] = scale_measure(str(name), value)
        except PydanticCustomError:
            continue
    return found


def read_parameters(raw: Any, context: Context) -> dict[str, float]:
    """The declared parameters of a raw scenario; not a number where the value cannot be read."""
    if not isinstance(raw, Mapping):
        return {}
    values = {str(name): value.get("value") if isinstance(value, Mapping) else value for name, value in raw.items()}
    found = dict.fromkeys(values, math.nan)
    needs = {name: _needed(value) & found.keys() for name, value in values.items()}
    users: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for other in needed:
            users.setdefault(other, []).append(name)
    ready = [name for name, needed in needs.items() if not needed]
    inner = Context(context.scales, parameters=found)
    while ready:  # those whose formula names nothing that is not settled; a circle never is
        name = ready.pop()
        found[name] = _settled(values[name], inner)
        for user in users.get(name, ()):
            needs[user] = needs[user] - {name}
            if not needs[user]:
                ready.append(user)
    return found


def _needed(value: Any) -> frozenset[str]:
    """The names that the text of a parameter is a formula of."""
    if not isinstance(value, str):
        return frozenset()
    try:
        measure(value)
        return frozenset()
    except UnitError:
        pass
    try:
        return names(parse(value))
    except ParseError:
        return frozenset()


def _settled(value: Any, context: Context) -> float:
    if isinstance(value, str):
        try:
            return parameter_value(value, context)
        except PydanticCustomError:
            return math.nan
    number = plain_number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    return number if math.isfinite(number) else math.nan
