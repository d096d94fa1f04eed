"""Options of what happens to cells of a phenotype: uptake, death for want of a soluble, loss without contact."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from .base import Options, Quantity
from .ecm import AgainstEcm
from .formulas import Formula, Over, State
from .named import Keyed, SpeciesName
from .taxis import Sensitivity
from .wrong import wrong


class Uptake(Options):
    """The cells take up a soluble, V n c/(K + c) (Michaelis and Menten)."""

    maximum: Annotated[Formula, Over("key/time", State, 0)] = Field(description="V, per unit of cell density, where it is plentiful")
    half: Annotated[float, Quantity("key")] = Field(gt=0, description="K, the density at which uptake is half of that")


class Necrosis(Options):
    """Cells die where a soluble is low: at a rate that rises smoothly from 0 at `below` to its full value at `full_below`."""

    rate: Annotated[Formula, Over("1/time", State, 0)] = Field(description="loss rate per cell where there is too little")
    below: Annotated[float, Quantity("key")] = Field(gt=0, description="density below which cells begin to die")
    full_below: Annotated[float, Quantity("key")] = Field(
        0.0, ge=0, description="density below which the full rate applies; the same as `below`: a jump, which needs more and shorter steps"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Necrosis:
        if self.full_below > self.below:
            what = f"'full_below' is above 'below' (given {self.full_below:g} and {self.below:g})"
            raise wrong(what, code="out-of-bounds", remedy="allowed: full_below at most below")
        return self


class Anoikis(Options):
    """Cells without contact to the matrix are lost, at the rate r K/(K + F)."""

    rate: Annotated[Formula, Over("1/time", State, 0)] = Field(description="r, loss rate per cell without any contact")
    half: Annotated[float, Quantity("key")] = Field(gt=0, description="K, the density of the matrix at which the loss is half of that")
    of: list[SpeciesName] = Field([], description="components whose sum F counts; default: all")


Follows = Annotated[dict[str, Sensitivity], Keyed("key", "cells", "user")]
KilledBy = Annotated[dict[str, Annotated[Formula, Over("1/time/key", State, 0)]], Keyed("key", "cells", "user")]
Uptakes = Annotated[dict[str, Uptake], Keyed("key", "soluble", "user")]
Necroses = Annotated[dict[str, Necrosis], Keyed("key", "soluble", "user")]
LossWithoutContact = Annotated[Anoikis, AgainstEcm()]
