"""Options of boundary conditions: per named boundary and species; what is not named has no flux."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import Field

from .base import Options
from .formulas import Formula, Over
from .named import Keyed

Outside = ("space", "time")


class NoFlux(Options):
    """Nothing crosses."""

    kind: Literal["no_flux"] = Field(description="nothing crosses")


class Fixed(Options):
    """c = value."""

    kind: Literal["fixed"] = Field(description="c = value")
    value: Annotated[Formula, Over("own", Outside, 0)] = Field(description="density on the boundary")


class Influx(Options):
    """A given total flux into the tissue."""

    kind: Literal["influx"] = Field(description="a given total flux into the tissue")
    value: Annotated[Formula, Over("own*length/time", Outside, 0)] = Field(description="amount per area and time")


class Exchange(Options):
    """Flux out = rate (c - value)."""

    kind: Literal["exchange"] = Field(description="flux out = rate (c - value)")
    rate: Annotated[Formula, Over("length/time", Outside, 0)] = Field(description="exchange velocity")
    value: Annotated[Formula, Over("own", Outside, 0)] = Field(Formula.number(0.0), description="density outside")


class Outflow(Options):
    """What drifts onto the boundary leaves; no diffusive flux."""

    kind: Literal["outflow"] = Field(description="what drifts onto the boundary leaves; no diffusive flux")


Condition = Annotated[Union[NoFlux, Fixed, Influx, Exchange, Outflow], Field(discriminator="kind")]
Conditions = Annotated[dict[str, Condition], Keyed("own", "cells", "soluble", "user")]
