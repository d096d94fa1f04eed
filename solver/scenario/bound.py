"""Options of what cells carry: receptors, membrane-bound enzymes, a drug inside cells, any trait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from .base import Context, Options
from .formulas import Formula, Over, State
from .named import unknown_species, within
from .wrong import allowed, wrong

ZERO = Formula.number(0.0)


class OnCells:
    """Marks the options of a bound species: while they are validated, "key" is the phenotype that carries it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._validate, handler(source))

    def _validate(self, value: Any, inner: Any, info: ValidationInfo) -> Any:
        carrier = value.get("on", "") if isinstance(value, Mapping) else ""
        with within(info, "key", str(carrier)):
            return inner(value)


class Phenotype:
    """Marks a text as the name of cells."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def _check(self, value: str, info: ValidationInfo) -> str:
        species = Context.of(info).species
        cells = [name for name, kind in species.items() if kind == "cells"]
        if value in species and value not in cells:
            raise wrong(f"only cells carry something (given {value!r})", code="wrong-species", remedy=allowed(value, cells))
        if species and value not in cells:
            raise unknown_species(value, cells)
        return value


class Bound(Options):
    """What the cells of a phenotype carry and take along: db/dt + div(what goes with the cells) = P + synthesis n - L b.

    In formulas it is an amount per volume, b; one cell carries b/n.
    """

    on: Annotated[str, Phenotype()] = Field(description="the cells that carry it")
    per_cell: Annotated[Formula, Over("own/key", ("space",), 0)] = Field(
        description="what one cell carries at the start, and one that comes in from outside: per unit of the cells' density"
    )
    at_birth: Literal["shared", "per_cell", "inherited"] = Field(
        "shared",
        description="shared: daughters share what a mother carries; per_cell: one that is born brings `per_cell`; "
        "inherited: one that is born carries as much as others do there, as a trait",
    )
    released_into: str | None = Field(
        None,
        description="the soluble into which it is released where its cells die (not by crowding, reactions, radiation or surgery); "
        "none: it is lost with them",
    )
    becomes: dict[str, str] = Field(
        {},
        description="where its cells become another phenotype: the bound species of that phenotype that it turns into; "
        "for phenotypes not named here it is lost with the cells",
    )
    synthesis: Annotated[Formula, Over("own/key/time", State, 0)] = Field(ZERO, description="made by each cell, per time")
    production: Annotated[Formula, Over("own/time", State, 0)] = Field(ZERO, description="further production, per volume and time")
    decay: Annotated[Formula, Over("1/time", State, 0)] = Field(ZERO, description="loss rate, as turnover")


BoundSpecies = Annotated[Bound, OnCells()]
