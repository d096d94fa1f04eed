"""Options of organs: which there are and how blood reaches them; arrest, soil, dormancy, colonies."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Options, Time
from .circulation import ByPhenotype, Chance, Factor, Turnover
from .formulas import ByRegion, Formula, Over
from .wrong import either

ByPlace = ByRegion("organ")
PlaceChances = Annotated[dict[str, Annotated[dict[str, Chance], ByPhenotype]], ByPlace]
PlaceFactors = Annotated[dict[str, Annotated[dict[str, Factor], ByPhenotype]], ByPlace]
PlaceRates = Annotated[dict[str, Annotated[dict[str, Turnover], ByPhenotype]], ByPlace]
Sizes = Annotated[dict[str, Annotated[Formula, Over("1", (), least=1)]], ByPlace]
Exponents = Annotated[dict[str, Annotated[Formula, Over("1", (), 0, most=2)]], ByPlace]


def everywhere(value: float) -> dict[str, dict[str, Formula]]:
    """A plain number for all organs and phenotypes."""
    return {"": Formula.everywhere(value)}


class Bed(Options):
    """A bed of small vessels."""

    share: float = Field(
        0.0, ge=0, le=1, description="of cardiac output that arteries bring; of a bed that leads into the arteries: of what the veins bring"
    )
    into: str = Field("veins", description="where its blood flows: veins, arteries (of the lungs), or another bed")
    source: str = Field("", description="where the number comes from")


class DormancyOptions(Options):
    """Units that are dormant before they grow."""

    enter: PlaceChances = Field(description="chance of a unit that can live to be dormant first")
    wake: PlaceRates = Field(everywhere(0.0), description="rate of awakening")
    death: PlaceRates = Field(everywhere(0.0), description="rate of death while dormant")


class SecondStage(Options):
    """A colony that has reached `micro` waits until it switches, or regresses."""

    switch: PlaceRates = Field(description="rate at which it begins to grow again")
    regress: PlaceRates = Field(everywhere(0.0), description="rate at which it dies out")
    birth: PlaceRates = Field(description="rate of division per cell after the switch")
    death: PlaceRates = Field(everywhere(0.0), description="rate of death per cell after the switch")


class GrowthOptions(Options):
    """Growth without chance from a given size on."""

    kind: Literal["gompertz", "capped"] = Field(description="gompertz: Z' = a Z ln(K/Z); capped: Z' = a Z (1 - Z/K)")
    rate: PlaceRates = Field(description="a")
    limit: Sizes = Field(description="K, cells")
    start: Sizes = Field(Formula.everywhere(1.0), description="size from which this holds")


class ShedsOptions(Options):
    """What a colony sheds into the vein of its own organ, or to the next level: rate Z^exponent single cells per time."""

    rate: PlaceRates = Field(description="m")
    exponent: Exponents = Field(Formula.everywhere(1.0), description="alpha")


class ColonyOptions(Options):
    """Growth of a colony: every cell divides and dies by chance."""

    birth: PlaceRates = Field(description="rate of division per cell")
    death: PlaceRates = Field(everywhere(0.0), description="rate of death per cell")
    micro: Sizes = Field(Formula.everywhere(1.0), description="cells from which it counts as a micrometastasis")
    macro: Sizes = Field(Formula.everywhere(1e6), description="cells from which it counts as a macrometastasis, for ever after")
    second: SecondStage | None = Field(None, description="growth in two stages")
    growth: GrowthOptions | None = Field(None, description="growth without chance from a given size on")
    sheds: ShedsOptions | None = Field(None, description="cells that a colony sheds in its turn")


class Arrival(Options):
    """Cells that come out of the vessel of a site at a stated time, together."""

    at: Time = Field(description="when")
    cells: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = Field(min_length=1, description="how many, by phenotype")


class SiteOptions(Options):
    """A share of an organ that is tissue of its own: a part of the mesh behind a membrane that lets nothing pass."""

    share: float = Field(gt=0, le=1, description="of the organ's small vessels, and so of the cells that are arrested in the organ")
    vessel: str = Field(description="vessel of the mesh whose wall they come out of, each unit at one place of it, drawn")
    arrivals: Literal["drawn"] | list[Arrival] = Field(
        "drawn",
        description="drawn: those of the run's own history, cell by cell; or stated ones, as given one arrival. Expected numbers are no "
        "choice: a field fed with a fraction of a cell would grow a fraction of a tumour",
    )


class Organs(Options):
    """Where cells are arrested, can live, are dormant and grow. Every value may differ by organ, and in it by phenotype."""

    anatomy: Literal["human_adult"] | None = Field(None, description="beds, shares of cardiac output and routes of")
    beds: Annotated[dict[str, Bed], Field(min_length=1)] | None = Field(None, description="instead: own ones")
    portal: str | None = Field(None, description="with own beds: where the portal vein leads; none: the bed that other beds drain into")
    capture: PlaceChances = Field(description="chance to be arrested in a bed that is reached")
    adhesion: PlaceFactors = Field(everywhere(1.0), description="factor f on capture (a drug, inflammation): e becomes 1 - (1 - e)^f")
    extravasation: PlaceChances = Field(everywhere(1.0), description="chance of an arrested unit to leave the vessel alive")
    soil: PlaceChances = Field(
        everywhere(1.0), description="chance of what has left the vessel, or is held in a node, to be able to live there"
    )
    dormancy: DormancyOptions | None = Field(None, description="dormancy before growth; none: no unit is dormant")
    colony: ColonyOptions | None = Field(None, description="growth; none: what can live stays as it is")

    sites: dict[str, SiteOptions] = Field({}, description="organs of which a share is tissue of the mesh")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.anatomy is None) == (self.beds is None):
            raise either(self.anatomy is not None, "anatomy", "beds")
        return self
