"""What states the units: scales, and of a species its molar mass and its solubility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Context
from .units import Dimension, Measure, UnitError, measure
from .wrong import joined, wrong


def molar_mass(value: str) -> str:
    """The text of a molar mass, checked; raises PydanticCustomError."""
    try:
        found = measure(value)
    except UnitError as error:
        raise wrong(str(error), code=error.code, remedy=joined(error.remedy, "write it as 72 kg/mol")) from None
    if found.dimension != (("amount", -1), ("mass", 1)) or found.factor <= 0:
        raise wrong(f"wrong unit (given {value!r})", code="wrong-unit", remedy="needed is a mass per amount, such as 72 kg/mol")
    return value


MolarMass = Annotated[str, AfterValidator(molar_mass)]


def solubility(value: str) -> str:
    """The text of a solubility, checked; raises PydanticCustomError."""
    try:
        found = measure(value)
    except UnitError as error:
        raise wrong(str(error), code=error.code, remedy=joined(error.remedy, "write it as 1.3 uM/mmHg")) from None
    if found.dimension != (("amount", 1), ("length", -2), ("mass", -1), ("time", 2)) or found.factor <= 0:
        what = f"wrong unit (given {value!r})"
        raise wrong(what, code="wrong-unit", remedy="needed is an amount per volume and pressure, such as 1.3 uM/mmHg")
    return value


Solubility = Annotated[str, AfterValidator(solubility)]


def read_solubility(raw: Any) -> dict[str, Measure]:
    """The solubilities that species of a raw block state, as far as they can be read."""
    found = {}
    for name, options in raw.items() if isinstance(raw, Mapping) else ():
        text = options.get("solubility") if isinstance(options, Mapping) else None
        try:
            found[str(name)] = measure(solubility(text)) if isinstance(text, str) else None
        except PydanticCustomError:
            continue
    return {name: per_pressure for name, per_pressure in found.items() if per_pressure is not None}


def read_molar(raw: Any) -> dict[str, Measure]:
    """The molar masses that species of a raw block state, as far as they can be read."""
    found = {}
    for name, options in raw.items() if isinstance(raw, Mapping) else ():
        text = options.get("molar_mass") if isinstance(options, Mapping) else None
        try:
            found[str(name)] = measure(molar_mass(text)) if isinstance(text, str) else None
        except PydanticCustomError:
            continue
    return {name: mass for name, mass in found.items() if mass is not None}


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
