"""Options of membranes: what opens them, and how each species passes."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import Field

from .base import Options, Quantity, Rate
from .formulas import Formula, OnSurface, Over, State
from .named import Keyed
from .shorthand import Short

DegradedBy = Annotated[dict[str, Annotated[Formula, Over("1/time/key", State, 0)]], Keyed("key", "soluble", "cells", "bound", "user")]
Velocity = Annotated[Formula, Over("length/time", OnSurface, 0)]

_FOLLOWS = (
    "whether it is multiplied by g(b); false: open to this species however intact the membrane is, as for oxygen or small molecules; "
    "default: true, but false for a formula that names `integrity` itself"
)
_SIDES = "; densities in a formula: the mean of its values on the two sides"


class LinearPermeability(Options):
    """Flux per area = kappa (c_0 - c_1), kappa = rate g(b) (Kedem and Katchalsky 1958, doi:10.1016/0006-3002(58)90330-5)."""

    kind: Literal["linear"] = Field("linear", description="flux = kappa (c_0 - c_1)")
    rate: Velocity = Field(description="kappa of the open membrane" + _SIDES)
    follows_integrity: bool | None = Field(None, description=_FOLLOWS)
    haptotaxis: bool = Field(False, description="cells also drift through the opening, up the jump of what guides them")


class PressurePermeability(Options):
    """Flux per area = mu (Pi(c_0) - Pi(c_1)), Pi' = c f'(c), f = (c/c_ref)^exponent: cells are pressed through.

    mu = mobility g(b). Chaplain, Giverso, Lorenzi, Preziosi 2019, arXiv:1901.10803.
    """

    kind: Literal["pressure"] = Field(description="flux = mu (Pi(c_0) - Pi(c_1))")
    mobility: Velocity = Field(description="mu of the open membrane" + _SIDES)
    exponent: float = Field(1.0, gt=0, description="gamma in f = (c/c_ref)^gamma")
    reference: Annotated[float, Quantity("key")] = Field(1.0, gt=0, description="c_ref")
    follows_integrity: bool | None = Field(None, description=_FOLLOWS)


Permeability = Annotated[
    Union[LinearPermeability, PressurePermeability],
    Field(discriminator="kind"),
    Short("rate", (("kind", "linear"),)),
]


class Barrier(Options):
    """A surface whose integrity b enzymes take down, and that opens as they do: db/dt = r (1 - b) - K b, open by g(b)."""

    degraded_by: DegradedBy = Field(
        {}, description="rate per unit of each enzyme (mean of the two sides), or of cells that carry MT1-MMP (sum of the two sides)"
    )
    repair: Rate = Field(0.0, ge=0, description="r, rate at which integrity returns to 1")
    initial: Annotated[Formula, Over("1", ("space",), 0)] = Field(
        Formula.number(1.0), description="integrity at the start, from 0 (gone) to 1 (intact)"
    )
    closed_above: float = Field(1.0, gt=0, le=1, description="b_c, the integrity above which nothing that follows it passes")
    sharpness: float = Field(1.0, gt=0, description="q in g(b) = (1 - b/b_c)^q")
    breached_below: float | None = Field(
        None, gt=0, le=1, description="integrity below which a place counts as breached; default: closed_above, or 0.5 if that is 1"
    )

    @property
    def breach(self) -> float:
        """The integrity below which a place counts as breached."""
        return self.breached_below or (self.closed_above if self.closed_above < 1.0 else 0.5)


class Membrane(Barrier):
    """A basement membrane: a named interface of no thickness whose integrity b enzymes take down, and that opens as they do.

    db/dt = r (1 - b) - K b, open by g(b) = (1 - b/b_c)^q where b < b_c. Species have a value on each side of it.
    """

    permeability: Annotated[dict[str, Permeability], Keyed("key", "cells", "soluble", "user")] = Field(
        {}, description="of the open membrane, by species; species not named do not pass"
    )
