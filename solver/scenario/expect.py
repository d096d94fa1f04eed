"""Options of expected numbers: what a scenario promises, checked by `invasio test` and by the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Context, Length, Options, Time
from .named import known_species
from .quantities import AMOUNT, dimension_of
from .wrong import either, wrong

What = Literal["integral", "value", "position", "peak_position", "peak_value", "minimum", "maximum", "anisotropy", "series"]
Point = Annotated[tuple[Length, ...], Field(min_length=1, max_length=3)]
Direction = Literal["x", "y", "z", "radius"] | Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]


_DIMENSIONS = {"integral": AMOUNT, "position": "length", "peak_position": "length", "anisotropy": "length"}  # others: own


def _of_pool(column: str, context: Context) -> tuple[str, str] | None:
    """The pool of a column and its dimension; None where it is not one of a pool."""
    owner, _, key = column.partition(".")
    return (owner, "own") if owner in context.scalars and key in ("level", "came", "went") else None


class Measured:
    """Marks a float as a quantity of the dimension of what is expected, or, with one, of the species' density.

    Such a value is a plain number in the scenario's scales, or a text with a unit.
    """

    def __init__(self, dimension: str = "") -> None:
        self.dimension = dimension

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._convert, handler(source))

    def _convert(self, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str) or not {"what", "of"} <= info.data.keys():
            return value
        what, own, context = info.data["what"], info.data["of"], Context.of(info)
        dimension = self.dimension or _DIMENSIONS.get(what, "own")
        if what == "series":
            own, dimension = _of_pool(own, context) or dimension_of(own, context.species)
            if not dimension:
                remedy = "write a plain number"
                raise wrong("what this column measures is not known, so a unit has no meaning", code="wrong-unit", remedy=remedy)
        return replace(context, slots={**context.slots, "own": own}).convert(value, dimension)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "string"}]}


class Expectation(Options):
    """One number the run has to reproduce at one time.

    integral: over the tissue or a region. value: at a point. position: outermost place along ``along`` where the
    species falls below ``level``. peak_position, peak_value: of the outermost maximum beyond ``after``. anisotropy:
    largest minus smallest position of ``level`` over directions from ``origin``. series: the column ``of`` of series.csv.
    """

    at: Time = Field(ge=0, description="time; must be an output time")
    what: What = Field(description="which number")
    of: str = Field(description="species; with `what: series` a column of series.csv, such as tumour.in:stroma")
    value: Annotated[float, Measured()] = Field(description="expected number: with a unit, or plain in the scenario's scales")
    tolerance: Annotated[float, Measured()] | None = Field(None, gt=0, description="largest absolute error, likewise")
    relative: float | None = Field(None, gt=0, description="largest error relative to the value")
    level: Annotated[float, Measured("own")] | None = Field(None, description="density that marks a position (position, anisotropy)")
    point: Point | None = Field(None, description="place (value)")
    region: str | None = Field(None, description="region to integrate over; none: everywhere (integral)")
    along: Direction | None = Field(None, description="direction of positions and peaks; radius: mean over rays from the origin")
    origin: Point | None = Field(None, description="start of rays; none: the lower end of the mesh for x, y, z, its centre for radius")
    after: Length = Field(0.0, ge=0, description="look for the peak only beyond this distance from the origin")
    source: str = Field("", description="where the number comes from")

    @field_validator("of")
    @classmethod
    def _species(cls, value: str, info: ValidationInfo) -> str:
        return value if info.data.get("what") in (None, "series") else known_species(value, info)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.tolerance is None) == (self.relative is None):
            raise either(self.tolerance is not None, "tolerance", "relative")
        if self.what in ("position", "anisotropy") and self.level is None:
            raise wrong(f"'{self.what}' without a 'level'", code="missing-option", remedy="give 'level'")
        if self.what == "value" and self.point is None:
            raise wrong("'value' without a 'point'", code="missing-option", remedy="give 'point'")
        if self.what != "integral" and self.region is not None:
            raise wrong(f"'region' has no meaning for '{self.what}'", code="meaningless-option", remedy="take it out")
        return self

    @property
    def bound(self) -> float:
        """Largest absolute error."""
        if self.tolerance is not None:
            return self.tolerance
        return (self.relative or 0.0) * abs(self.value)
