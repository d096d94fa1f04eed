"""Options of vessels: where they are, what they let in, their wall, what they exchange."""

from __future__ import annotations

from typing import Annotated, Literal, Self, Union

from pydantic import Field, model_validator

from .base import Options
from .formulas import Formula, OnSurface, Over
from .membranes import Barrier
from .named import Keyed
from .network import Network
from .shorthand import Short
from .wrong import wrong

Speed = Annotated[Formula, Over("length/time", OnSurface, 0)]
Names = Union[str, list[str]]
ZERO = Formula.number(0.0)


class Place(Options):
    """Where a vessel is: one of the four. Several names of boundaries, interfaces or regions are parts of one vessel."""

    boundary: Names | None = Field(None, description="boundary of the mesh that is the wall")
    interface: Names | None = Field(None, description="interface inside the mesh: a thin vessel, entered from both sides")
    region: Names | None = Field(None, description="region that is the lumen: it is cut out of the tissue, and its outline is the wall")
    network: Network | None = Field(None, description="lines with a radius inside a tissue in 2-D or 3-D")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [key for key in ("boundary", "interface", "region", "network") if getattr(self, key) is not None]
        if len(given) != 1:
            words = " and ".join(given) or "nothing"
            what = f"a vessel is at one place (given {words})"
            raise wrong(what, code="either-or", remedy="allowed: one of boundary, interface, region, network")
        if given[0] != "network":
            if not self.names:
                raise wrong("the list of names is empty", code="nothing-given", remedy=f"give at least one {given[0]}")
            twice = [name for name in self.names if self.names.count(name) > 1]
            if twice:
                raise wrong(f"{given[0]} {twice[0]!r} is named twice", code="repeated-name", remedy="name it once")
        return self

    @property
    def kind(self) -> str:
        """boundary, interface, region or network."""
        return next(key for key in ("boundary", "interface", "region", "network") if getattr(self, key) is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the boundaries, interfaces or regions; none for a network."""
        given = self.boundary or self.interface or self.region or ()
        return (given,) if isinstance(given, str) else tuple(given)


class Entry(Options):
    """Cells that enter per wall area and time = k c."""

    rate: Speed = Field(description="k through an open wall, and through a vessel without `wall`")
    closed: Speed | None = Field(
        None,
        description="k where the wall is closed; in between the two are mixed by how far it is open; default: 0, but the same as `rate` "
        "where that is a formula that names `integrity` itself",
    )


class WallExchange(Options):
    """Flux out of the tissue per wall area = permeability (c - inside)."""

    permeability: Speed = Field(description="of the wall")
    inside: Annotated[Formula, Over("key", ("space", "time"), 0)] = Field(ZERO, description="density in the blood or lymph")


class Wall(Barrier):
    """Basement membrane of the wall: integrity b, db/dt = r (1 - b) - K b; open to g(b) = (1 - b/b_c)^q where b < b_c, else 0."""


class Ruptured(Options):
    """Where the wall is torn: every phenotype enters at one rate, whatever the integrity."""

    entry: Speed = Field(description="k of every phenotype")
    where: Annotated[Formula, Over("1", ("space",))] | None = Field(
        None, description="condition in x, y, z, such as `x > 0.3`; not 0 is true"
    )
    parts: list[str] = Field([], description="names of torn boundaries, interfaces, regions, or of segments (or their type) of a network")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.where is None and not self.parts:
            raise wrong("nothing says which part is torn", code="missing-option", remedy="give where or parts")
        return self


class Vessel(Options):
    """A blood or lymph vessel that cells enter; entered cells leave the tissue and are counted."""

    carries: Literal["blood", "lymph", "cavity"] = Field(
        description="what flows in it, or the body cavity behind a free boundary; names the account in the ledger"
    )
    into: str | dict[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None,
        description="where it leads: blood into the `systemic` veins (default), the `portal` or `pulmonary` vein, a bed, or {bed: share}; "
        "lymph into a level (default: the first)",
    )
    at: Place = Field(description="where it is")
    entry: Annotated[dict[str, Annotated[Entry, Short("rate")]], Keyed("key", "cells", "user")] = Field(
        {}, description="rate of entry by phenotype; those not named do not enter (except where torn)"
    )
    wall: Wall | None = Field(None, description="basement membrane of the wall; without it nothing holds cells back")
    ruptured: Ruptured | None = Field(None, description="where the wall is torn")
    exchange: Annotated[dict[str, WallExchange], Keyed("key", "soluble", "user")] = Field(
        {}, description="exchange of oxygen, drugs, enzymes with the blood or lymph"
    )
