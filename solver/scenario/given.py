"""Numbers of any unit that keep it, as those of schedules: what uses them brings them to the unit that it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from .base import Context, plain_number
from .parameters import in_own_unit, parameter
from .reader import shown
from .units import Measure, UnitError, measure
from .wrong import wrong


@dataclass(frozen=True)
class Given:
    """A number with the unit that it is in, None for a plain one; and how it is stated."""

    number: float
    unit: Measure | None
    stated: float | str

    def over(self, other: Given) -> Given:
        """The quotient, in the quotient of the units."""
        one = measure("1")
        unit = None if self.unit is None and other.unit is None else (self.unit or one) / (other.unit or one)
        return Given(self.number / other.number, unit, "")

    @property
    def words(self) -> str:
        """As stated, for people."""
        return self.stated if isinstance(self.stated, str) else f"{self.stated:.12g}"


def given(value: Any, context: Context) -> Given:
    """What a number, a text with a unit or a formula of parameters stands for; raises PydanticCustomError."""
    if isinstance(value, Given):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = plain_number(value)
        if not math.isfinite(number):
            raise wrong("the number is not finite", code="out-of-bounds", remedy="allowed: a finite number")
        return Given(number, None, number)
    if not isinstance(value, str):
        raise wrong(f"wrong type (given {shown(value)})", code="wrong-type", remedy="allowed: a number, or a number with its unit")
    try:
        found = measure(value)
    except UnitError:
        return Given(*parameter(value, context), value)
    if not found.dimension and not any(letter.isalpha() for letter in value.replace("e", "").replace("E", "")):
        return Given(float(found.factor), None, value)
    number, unit = in_own_unit(value, found, context)
    return Given(number, unit if unit.dimension else None, value)


@dataclass(frozen=True)
class Valued:
    """Marks a Given, with bounds of its number: ``Annotated[Given, Valued(above=0)]``."""

    least: float | None = None
    above: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        plain = core_schema.plain_serializer_function_ser_schema(lambda value: value.number)  # formulas are in scales by then
        return core_schema.with_info_plain_validator_function(self._read, serialization=plain)

    def _read(self, value: Any, info: ValidationInfo) -> Given:
        found = given(value, Context.of(info))
        low = self.least if self.above is None else self.above
        if low is not None and not (found.number >= low if self.above is None else found.number > low):
            bound = f"at least {low:g}" if self.above is None else f"greater than {low:g}"
            raise wrong(f"value out of bounds (given {shown(value)})", code="out-of-bounds", remedy=f"allowed: {bound}")
        return found

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "number"}
        if self.least is not None:
            number["minimum"] = self.least
        if self.above is not None:
            number["exclusiveMinimum"] = self.above
        return {"anyOf": [number, {"type": "string"}]}
