"""Options of declared parameters and of scales."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from .base import Context, Options, plain_number
from .dimensions import Known, Sized, in_units
from .hints import hint
from .library import looked_up
from .named import check_name
from .parser import ParseError, parse
from .quantities import product, word
from .shorthand import Short
from .tree import evaluate, names
from .units import ONE, Measure, UnitError, measure
from .wrong import joined, meant, wrong

_WRITE = "write a number, a number with a unit, or a formula of other parameters"
_LEADING = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


class Declared:
    """Marks a float as a declared parameter: a number, a quantity, or a formula of others."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            lambda value, info: parameter_value(value, Context.of(info)) if isinstance(value, str) else value, handler(source)
        )


def parameter_value(text: str, context: Context) -> float:
    """The number a declared parameter stands for, in its own unit or in the scenario's scales; raises PydanticCustomError."""
    return parameter(text, context)[0]


def parameter(text: str, context: Context) -> tuple[float, Measure | None]:
    """The number a declared parameter stands for, and the unit that it is in where that is its own.

    Lengths, times and what is made of them are numbers in the scenario's scales; everything else keeps the unit it is written in, and
    is converted where a formula uses it. Raises PydanticCustomError.
    """
    try:
        given = measure(text)
    except UnitError:
        return _computed(text, context)
    _refuse_two_readings(text, context)
    cells = re.search(r"(?<![A-Za-z])cells?(?![A-Za-z])", text)
    if not cells and _plain(given) and given.dimension not in {scale.dimension for scale in _densities(context)}:
        return context.convert(text, _in_words(given)), None
    return in_own_unit(text, given, context)


def _refuse_two_readings(text: str, context: Context) -> None:
    """Raises PydanticCustomError where a quantity is as well a formula of a parameter that has the name of a unit: 2*d."""
    try:
        both = sorted(names(parse(text)) & context.parameters.keys())
    except ParseError:
        return
    if both:
        what = f"{both[0]!r} is a unit and the name of a parameter (given {text!r})"
        raise wrong(what, code="two-readings", remedy=f"give the parameter another name than {both[0]!r}")


def in_own_unit(text: str, given: Measure, context: Context) -> tuple[float, Measure]:
    """The number that a text with a unit begins with, and the unit. Raises PydanticCustomError where there are no scales."""
    if context.scales is None:
        what = "the scenario states no scales, so a value with a unit has no meaning"
        raise wrong(what, code="no-scales", remedy="state them, as in `scales: {length: 1 um, time: 1 h}`, or write a plain number")
    number = _LEADING.match(text)
    value = float(number[0]) if number and number[0].strip() else 1.0
    unit = Measure(given.factor / Fraction(value), given.dimension) if value else measure(f"1 {text[number.end() if number else 0 :]}")
    return value, unit


def unit_of(name: str, context: Context) -> Measure | None:
    """What the number that a name stands for in a formula is in, in a scenario with scales; None where it is just a number."""
    scales = context.scales or {}
    if name in context.units or name in context.lengths:
        return context.units.get(name) or context.lengths[name]
    if name in ("x", "y", "z", "t"):
        return scales.get("time" if name == "t" else "length")
    return scales.get(name) if name in context.scalars else context.scale(name) if name in context.species else None


def _plain(given: Measure) -> bool:
    """Whether something is made of lengths and times alone."""
    return {base for base, _ in given.dimension} <= {"length", "time"}


def _in_words(given: Measure) -> str:
    return "*".join(f"{base}^{power}" for base, power in given.dimension) or "1"


def _densities(context: Context) -> list[Measure]:
    """The scales of cells and of species, each once."""
    scales = context.scales or {}
    return list(dict.fromkeys([*([scales["cells"]] if "cells" in scales else []), *map(context.scale, context.species)]))


def known(used: Set[str], context: Context, wanted: Sequence[Measure] = ()) -> Known | None:
    """What the numbers in a formula are in; None where it names no parameter with a unit.

    A parameter is brought to the scale of a species of its kind that the formula names, else to the unit that is needed, else to the
    scale of all species of its kind, if they have the same.
    """
    if context.scales is None or not used & (context.units.keys() | context.lengths.keys()):
        return None
    units = {name: unit for name in used if (unit := unit_of(name, context)) is not None}
    every = _densities(context)
    alone = [scale for scale in every if [other.dimension for other in every].count(scale.dimension) == 1]
    near = [context.scale(name) for name in context.species if name in used]
    return Known(units, [*near, *wanted, *alone], used - context.units.keys(), context.scales.get("length"), context.scales.get("time"))


def _computed(text: str, context: Context) -> tuple[float, Measure | None]:
    try:
        tree = parse(text)
    except ParseError as error:
        raise wrong(str(error), code=error.code, remedy=joined(error.remedy, hint(text)) or _WRITE) from None
    used = names(tree)
    for name in sorted(used):
        if name not in context.parameters:
            what = f"neither a number with a unit nor a formula of declared parameters (unknown name {name!r})"
            raise wrong(what, code="unknown-name", remedy=meant(name, context.parameters) or hint(text) or _WRITE)
        if math.isnan(context.parameters[name]):
            what = f"{name!r} depends on this parameter, or has no value itself"
            raise wrong(what, code="circular-parameters", remedy="give one of them a number")
    found, given = Sized(tree), known(used, context) if used & context.units.keys() else None
    if given is not None:
        try:
            found = in_units(tree, given)
            found = given.scaled(found) if found.unit is not None and _plain(found.unit) else found
        except UnitError as error:
            raise wrong(str(error), code=error.code, remedy=error.remedy) from None
    value = float(evaluate(found.expr, context.parameters))
    if not math.isfinite(value):
        raise wrong(f"the formula gives {value}", code="out-of-bounds", remedy="allowed: a finite number")
    return value, found.unit


def _either_value(schema: dict[str, Any]) -> None:
    """A parameter has a value, or names one of the library."""
    schema.pop("required", None)
    schema["anyOf"] = [{"required": ["value"]}, {"required": ["from", "name"]}]


class ParameterOptions(Options):
    """A number with a name, usable in every formula."""

    model_config = ConfigDict(json_schema_extra=_either_value)

    value: Annotated[float, Declared()] = Field(
        description="a number, a quantity of any unit, or a formula of other parameters; not together with `from`"
    )
    from_: Literal["library"] | None = Field(None, alias="from", description="`library`: a published value, with its unit and source")
    name: str | None = Field(None, description="which value of the library, as `invasio library` lists them")
    unit: str = Field("", description="unit as printed by explain; none: that of the value, or the scales")
    meaning: str = Field("", description="what it stands for")
    source: str = Field("", description="where the number comes from")

    @model_validator(mode="before")
    @classmethod
    def _own_unit(cls, data: Any, info: ValidationInfo) -> Any:
        """The unit of the value: its own where it keeps that, else the scales'."""
        context = Context.of(info)
        data = looked_up(data, context.scales is not None)
        text = data.get("value") if isinstance(data, Mapping) else None
        if not isinstance(text, str) or data.get("unit"):
            return data
        try:
            given, own = measure(text), parameter(text, context)[1]
        except (PydanticCustomError, UnitError):
            return data
        if own is None:  # a number in the scales
            powers = "".join(f"{'*' if power > 0 else '/'}{base}^{abs(power)}" for base, power in given.dimension)
            return {**data, "unit": product(powers, lambda name: word(context.texts.get(name, "")), None)}
        return {**data, "unit": _LEADING.sub("", text).strip()}


FreeName = Annotated[str, AfterValidator(check_name)]
ParameterMap = dict[FreeName, Annotated[ParameterOptions, Short("value")]]


def read_parameters(raw: Any, context: Context) -> Context:
    """The context with the declared parameters of a raw scenario, not a number where the value cannot be read, and their units."""
    units: dict[str, Measure] = {}
    lengths: dict[str, Measure] = {}
    if not isinstance(raw, Mapping):
        return context
    values = {str(name): _stated(value, context) for name, value in raw.items()}
    found = dict.fromkeys(values, math.nan)
    needs = {name: _needed(value) & found.keys() for name, value in values.items()}
    users: dict[str, list[str]] = {}
    for name, needed in needs.items():
        for other in needed:
            users.setdefault(other, []).append(name)
    ready = [name for name, needed in needs.items() if not needed]
    inner = replace(context, parameters=found, units=units, lengths=lengths)
    while ready:  # those whose formula names nothing that is not settled; a circle never is
        name = ready.pop()
        found[name], unit = _settled(values[name], inner)
        if unit is not None:
            units[name] = unit
        elif (one := _of_lengths(values[name], inner)) is not None:
            lengths[name] = one
        for user in users.get(name, ()):
            needs[user] = needs[user] - {name}
            if not needs[user]:
                ready.append(user)
    return inner


def _stated(options: Any, context: Context) -> Any:
    """The value in the raw options of a parameter; None where there is none."""
    try:
        options = looked_up(options, context.scales is not None)
    except PydanticCustomError:
        return None
    return options.get("value") if isinstance(options, Mapping) else options


def _of_lengths(value: Any, context: Context) -> Measure | None:
    """What a parameter that is made of lengths and times is in; None where it is just a number, or a formula."""
    try:
        given = measure(value) if isinstance(value, str) and context.scales else ONE
        return measure(_in_words(given), context.scales) if given.dimension else None
    except UnitError:
        return None


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


def _settled(value: Any, context: Context) -> tuple[float, Measure | None]:
    if isinstance(value, str):
        try:
            return parameter(value, context)
        except PydanticCustomError:
            return math.nan, None
    number = plain_number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    return (number if math.isfinite(number) else math.nan), None
