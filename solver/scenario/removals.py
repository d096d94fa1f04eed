"""Options of what takes cells out at once: radiation and surgery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Options, Quantity, Time
from .formulas import Formula, Over, State
from .named import SpeciesName
from .parameters import FreeName
from .schedules import Repeated
from .trains import Train
from .wrong import either

EVERYWHERE = "none: everywhere"


class Somewhere(Options):
    """What is taken, and where."""

    of: list[SpeciesName] | None = Field(None, min_length=1, description="species that it acts on; none: all cells")
    region: str | None = Field(None, description=f"region of the mesh; {EVERYWHERE}")
    where: Annotated[Formula, Over("1", ("space",))] | None = Field(
        None, description=f"instead: condition in x, y, z, such as `x > 0.3`; not 0 is true; {EVERYWHERE}"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.region is not None and self.where is not None:
            raise either(True, "region", "where")
        return self

    def species(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Which it takes, of a scenario with these cells."""
        return tuple(cells) if self.of is None else tuple(dict.fromkeys(self.of))

    @property
    def place(self) -> str:
        """Where, for people."""
        return f" in {self.region}" if self.region else f" where {self.where.plain()}" if self.where else ""


class Radiation(Repeated, Somewhere):
    """Fractions of radiation that a share exp(-alpha d - beta d^2) of the cells survives, each at an instant (linear-quadratic law).

    Source: Fowler 1989, Br. J. Radiol. 62:679-694, doi:10.1259/0007-1285-62-740-679.
    """

    dose: Annotated[float, Quantity("gray")] = Field(ge=0, description="d of one fraction, plain numbers in Gy")
    alpha: Annotated[Formula, Over("1/gray", State, 0)] = Field(description="plain numbers per Gy; may depend on oxygen")
    beta: Annotated[Formula, Over("1/gray^2", State, 0)] = Field(Formula.number(0.0), description="plain numbers per Gy^2")
    source: str = Field("", description="literature of alpha and beta")

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.dose:g} Gy {self.moments}{self.place}"


class Surgery(Somewhere):
    """Cells that are cut out at a time."""

    at: Time = Field(description="when")
    share: float = Field(1.0, gt=0, le=1, description="share of them that is removed")

    @property
    def train(self) -> Train:
        """When, as instants."""
        return Train(at=(self.at,))

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.share:g} of what is there at {self.at:g}{self.place}"


RadiationMap = dict[FreeName, Radiation]
SurgeryMap = dict[FreeName, Surgery]
