"""Options of drugs: the level that acts, and what it does to named rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Context, Options, Rate
from .given import Given, given
from .named import check_name, within
from .parameters import unit_of
from .units import Measure, words
from .wrong import either, wrong


class ByLevel:
    """Marks a drug: while it is validated, "level" is the name of what acts."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Any, info: ValidationInfo) -> Any:
        level = value.get("level", "") if isinstance(value, Mapping) else ""
        with within(info, "level", str(level)):
            return inner(value)


@dataclass(frozen=True)
class OfLevel:
    """Marks a Given > 0 that is compared with the level of a drug: it becomes a number in what that is in."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        plain = core_schema.plain_serializer_function_ser_schema(lambda value: value.number)
        return core_schema.with_info_plain_validator_function(self._read, serialization=plain)

    def _read(self, value: Any, info: ValidationInfo) -> Given:
        context = Context.of(info)
        found = given(value, context)
        level = context.slots.get("level", "")
        if found.number <= 0.0:
            raise wrong("value out of bounds", code="out-of-bounds", remedy="allowed: greater than 0")
        if context.scales is None or level not in {*context.species, *context.scalars}:
            return found
        unit = unit_of(level, context)
        if found.unit is None and unit is not None and level not in context.scales and level not in context.species:
            what = f"{level} is {words(unit.dimension)}, and this is a plain number"
            raise wrong(what, code="wrong-unit", remedy=f"write it with its unit, of {words(unit.dimension)}")
        return found if found.unit is None else Given(_brought(found, unit, level, context), unit, found.stated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}


def _brought(found: Given, unit: Measure | None, level: str, context: Context) -> float:
    """The number in the unit of the level, by its molar mass where that helps."""
    if found.unit is None:
        return found.number
    wanted = [unit] if unit is not None else []
    if unit is not None and level in context.molar:
        wanted += [unit * context.molar[level].power(sign) for sign in (1, -1)]
    for one in wanted:
        if one.dimension == found.unit.dimension:
            return found.number * float(found.unit.factor / one.factor)
    needed = "a plain number" if unit is None else words(unit.dimension)
    raise wrong(f"wrong unit: the text is {words(found.unit.dimension)}", code="wrong-unit", remedy=f"needed is {needed}, as of {level}")


class Saturating(Options):
    """How an effect grows with the level C: C^h/(half^h + C^h)."""

    half: Annotated[Given, OfLevel()] = Field(description="level of half of the effect (EC50, IC50)")
    hill: float = Field(1.0, gt=0, le=100, description="h, the Hill coefficient: how steeply it sets in")


class Lowering(Saturating):
    """A factor 1 - max C^h/(half^h + C^h)."""

    max: float = Field(1.0, ge=0, le=1, description="largest share by which the rate is lowered")


class Raising(Saturating):
    """A factor 1 + max C^h/(half^h + C^h)."""

    max: float = Field(ge=0, description="largest multiple of itself by which the rate is raised")


class Adding(Saturating):
    """A term max C^h/(half^h + C^h) that is added to the rate."""

    max: Annotated[Rate, Field(ge=0)] = Field(description="largest rate that is added")


class Effect(Options):
    """What a drug does to one rate: exactly one of the three."""

    lowers: Lowering | None = Field(None, description="multiplies it by less than 1")
    raises: Raising | None = Field(None, description="multiplies it by more than 1")
    adds: Adding | None = Field(None, description="adds to it: for rates per time, such as the death of cells")

    @model_validator(mode="after")
    def _one(self) -> Self:
        found = [name for name in ("lowers", "raises", "adds") if getattr(self, name) is not None]
        if len(found) != 1:
            raise either(bool(found), *([*found, "lowers", "raises"][:2]))
        return self

    @property
    def law(self) -> Lowering | Raising | Adding:
        """The one that is given."""
        found = self.lowers or self.raises or self.adds
        assert found is not None
        return found

    @property
    def words(self) -> str:
        """For people: what it does to a rate."""
        law = self.law
        verb = "lowered" if self.lowers else "raised" if self.raises else "more"
        hill = "" if law.hill == 1.0 else f", h = {law.hill:g}"
        return f"{verb} by up to {law.max:g}, half of it at {law.half.words}{hill}"


class DrugOptions(Options):
    """A drug by what it does: several that act on one rate multiply (Bliss 1939)."""

    level: str = Field(description="what acts: a schedule, a pool, or a species where it is")
    effects: dict[str, Effect] = Field(min_length=1, description="path of a rate, as model.ecm.degraded_by.mmp2: what is done to it")
    source: str = Field("", description="literature of its effects")


class _DrugNames:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(check_name, handler(source))


DrugMap = dict[Annotated[str, _DrugNames()], Annotated[DrugOptions, ByLevel()]]
