"""Options of the extracellular matrix: one, or several components by name; and its pores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Context, Options, Quantity
from .formulas import Formula, Initial, Over, State
from .membranes import DegradedBy
from .named import Keyed, SpeciesName, within
from .wrong import wrong

ZERO = Formula.number(0.0)
ONE_NAME = "ecm"  # of the matrix that is written without names


class Ecm(Options):
    """Extracellular matrix: does not move; degraded by enzymes or on contact with cells; may be remodelled and deposited.

    Options of one matrix, called ecm, or a mapping name: options of its components.
    """

    initial: Initial = Field(description="density at the start, everywhere or by region")
    degraded_by: DegradedBy = Field({}, description="rate per unit of each enzyme, or of cells that carry a membrane-bound one")
    remodelling: Annotated[Formula, Over("1/time", State, 0)] = Field(
        ZERO, description="nu in nu f (1 - f - sum of all cells and of all other components)"
    )
    deposited_by: Annotated[dict[str, Annotated[Formula, Over("own/time/key", State, 0)]], Keyed("key", "cells", "user")] = Field(
        {}, description="rate per unit of the cells that lay it down"
    )
    opened_by: DegradedBy = Field(
        {}, description="of a cross-linked component: rate per unit of each enzyme, free or on cells, at which it turns into `opens_into`"
    )
    opens_into: Annotated[str, Field(min_length=1)] | None = Field(None, description="the component that it turns into where it is opened")
    becomes: Annotated[dict[str, Annotated[Formula, Over("1/time", State, 0)]], Keyed("key", "ecm", "user")] = Field(
        {}, description="rate of turning into another component, by its name, such as cross-linking; conserves the amount"
    )
    releases: Annotated[dict[str, Annotated[Formula, Over("key/own", ("space",), 0)]], Keyed("key", "soluble")] = Field(
        {}, description="what is set free by degradation: amount of each soluble per amount of matrix degraded"
    )

    @model_validator(mode="after")
    def _open_into_something(self) -> Ecm:
        if self.opened_by and self.opens_into is None:
            raise wrong(
                "'opened_by' is given without 'opens_into'", code="missing-option", remedy="give `opens_into`, the component it becomes"
            )
        if self.opens_into is not None and not self.opened_by:
            raise wrong("'opens_into' is given without 'opened_by'", code="missing-option", remedy="give `opened_by`, rates by enzyme")
        return self


def components(value: Any) -> Mapping[Any, Any]:
    """The components by name of what is written as ``ecm``: that of one matrix is called ecm."""
    if value is None:
        return {}
    named = isinstance(value, Mapping) and not set(map(str, value)) & set(Ecm.model_fields)
    return value if named else {ONE_NAME: value}


class Components:
    """Marks a mapping name: Ecm that may be written as the options of one matrix, which is then called ecm."""

    def pick(self, annotation: Any, value: Any) -> Any:
        """The annotation of the way in which it is written."""
        return annotation if value and components(value) is value else Ecm

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            components,
            handler(source),
            serialization=core_schema.wrap_serializer_function_ser_schema(_short),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        mapping = handler(schema)
        return {"anyOf": [mapping["additionalProperties"], mapping, {"type": "null"}]}


def _short(value: Mapping[str, Ecm], inner: Any) -> Any:
    plain = inner(value)
    return plain[ONE_NAME] if list(plain) == [ONE_NAME] else plain


Matrix = Annotated[dict[str, Ecm], Keyed("own"), Components()]


class AgainstEcm:
    """Marks pores: while they are validated, "key" is the first component of the matrix that they are of."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Any, info: ValidationInfo) -> Any:
        stated = value.get("of") if isinstance(value, Mapping) else None
        known = [name for name, kind in Context.of(info).species.items() if kind == "ecm"]
        if not stated and not known:
            raise wrong("pores without model.ecm", code="missing-option", remedy="give model.ecm, or name species in `of`")
        first = stated[0] if isinstance(stated, list) and stated else known[0] if known else ""
        with within(info, "key", str(first)):
            return inner(value)


class Pores(Options):
    """Pores of the matrix that cells cannot squeeze through where it is dense: motility and taxis times w.

    w = (1 + cos(pi s))/2, s = (F - open_below)/(closed_above - open_below) between 0 and 1, F the density of the matrix.
    """

    open_below: Annotated[float, Quantity("key")] = Field(0.0, ge=0, description="density of the matrix up to which it does not hinder")
    closed_above: Annotated[float, Quantity("key")] = Field(gt=0, description="density from which on no cell gets through")
    of: list[SpeciesName] = Field([], description="components whose sum counts; default: all")

    @model_validator(mode="after")
    def _in_order(self) -> Pores:
        if not self.open_below < self.closed_above:
            what = f"'open_below' is not below 'closed_above' (given {self.open_below:g} and {self.closed_above:g})"
            raise wrong(what, code="out-of-bounds", remedy="allowed: open_below less than closed_above")
        return self
