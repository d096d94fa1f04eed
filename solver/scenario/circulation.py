"""Options of the circulation: what happens between the wall of a vessel and the place where a cell ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, Union

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from .base import Options, Quantity, Time
from .formulas import ByRegion, Formula, Over
from .parameters import FreeName
from .wrong import either, wrong

Later = ("time", "pools")  # what formulas behind the wall may name: t, scalars, pools
Chance = Annotated[Formula, Over("1", Later, 0, most=1)]
Factor = Annotated[Formula, Over("1", Later, 0)]
Turnover = Annotated[Formula, Over("1/time", Later, 0)]
ByPhenotype = ByRegion("phenotype")
Chances = Annotated[dict[str, Chance], ByPhenotype]
Factors = Annotated[dict[str, Factor], ByPhenotype]
Turnovers = Annotated[dict[str, Turnover], ByPhenotype]
TO_ONE = 1e-9  # how far shares may miss it


def sums_to_one(shares: dict[str, float], what: str) -> None:
    """Raises PydanticCustomError where shares do not add up to 1."""
    total = sum(shares.values())
    if not abs(total - 1.0) <= TO_ONE:
        raise wrong(f"{what} add up to {total:.6g}", code="wrong-shares", remedy="make them add up to 1")


class Clusters(Options):
    """How many cells leave together; they leave as clusters, and do not form in the blood."""

    mean: float | None = Field(None, ge=1, le=1000, description="mean size; sizes are then geometric, from 1 cell on")
    sizes: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        None, description="instead: shares of events by number of cells, as {1: 0.97, 5: 0.03}"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.mean is None) == (self.sizes is None):
            raise either(self.mean is not None, "mean", "sizes")
        if self.sizes is not None:
            if not self.sizes or not all(size.isdecimal() and 1 <= int(size) <= 10_000 for size in self.sizes):
                raise wrong("sizes are numbers of cells", code="out-of-bounds", remedy="allowed: 1 to 10000, at least one")
            sums_to_one(self.sizes, "the shares of sizes")
        return self


class Survival(Options):
    """Chance of a unit in the blood to be arrested alive somewhere, and not lost."""

    single: Chances = Field(description="of a single cell")
    cluster: Chances | None = Field(None, description="of two or more cells together, which live or die whole; none: as a single cell")


class BloodOptions(Options):
    """Cells on their way in the blood."""

    volume: Annotated[float, Quantity("length^3"), Field(gt=0)] | None = Field(None, description="of the blood; none: 5 L")
    transit: Annotated[Formula, Over("time", Later, above=0)] = Field(description="mean time in the blood")
    survival: Survival = Field(description="chance to be arrested alive")
    disaggregation: Chances = Field(
        Formula.everywhere(0.0), description="chance of each cell of a cluster to come loose at entry, by its own phenotype"
    )
    loss_factor: Factors = Field(
        Formula.everywhere(1.0),
        description="factor f on what kills in the blood (a drug, immune cells, platelets): survival S becomes S/(S + f (1 - S))",
    )
    losses: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field({}, description="shares of causes in what is lost, which add up to 1")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.losses:
            sums_to_one(self.losses, "the shares of losses")
        return self


class Level(Options):
    """A level of lymph nodes."""

    name: str = Field(min_length=1, max_length=60, description="of the level")
    hold: Chances = Field(description="chance of a unit to be held here; else it goes on")


class LymphOptions(Options):
    """Lymph nodes on the way to the systemic veins."""

    levels: list[Level] = Field([], max_length=100, description="in their order; the last leads into the systemic veins")


class CavityOptions(Options):
    """A body cavity in which cells float."""

    settles: Annotated[dict[str, Turnovers], Field(min_length=1)] = Field(
        description="rates of settling by surface, as {peritoneum: 0.1 /d}"
    )
    loss: Turnovers = Field(Formula.everywhere(0.0), description="rate of death while floating")
    drains: Turnovers = Field(Formula.everywhere(0.0), description="rate at which lymph takes up what floats")
    into: str | None = Field(None, description="level of lymph nodes that this leads to; none: the first")


class Pool(Options):
    """A number P in time with dP/dt = inflow - loss P: an effect that comes late, what prepares an organ, platelets, immune effectors."""

    initial: float = Field(0.0, description="at the start of the run")
    inflow: Annotated[Formula, Over("1/time", Later)] = Field(description="inflow per time")
    loss: Turnover = Field(Formula.number(0.0), description="share lost per time")


class _NoneLastOr:
    """Marks a formula in whose place the words none and last are allowed."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        formula = handler.generate_schema(Annotated[Formula, Over("1/time", Later, 0)])
        return core_schema.no_info_wrap_validator_function(
            _none_or_last,
            formula,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda v: v if isinstance(v, str) else v.plain()),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "x-dimension": "1/time", "x-may-use": list(Later)}


def _none_or_last(value: Any, inner: Callable[[Any], Any]) -> Any:
    return value if value in ("none", "last") else inner(value)


INTERVALS = 250  # of the grid, where the scenario does not say how long they are


class Circulation(Options):
    """Where cells that enter vessels go."""

    seed: int = Field(1, ge=0, le=2**53, description="of the run's own history of chance; history h has seed + h")
    stands_for: float = Field(1.0, gt=0, description="the tumour is this many blocks like the one of the mesh")
    end: Time | None = Field(None, description="how far the cascade is followed, also beyond the run; none: to its end")
    after: Annotated[Union[Literal["none", "last"], Formula], _NoneLastOr()] = Field(
        "none",
        description="cells that enter after the run's end: none, as if the tumour was taken out; as in its last step; or how many per time",
    )
    step: Annotated[Time, Field(gt=0)] | None = Field(
        None,
        description="time step of the cascade, in which rates are constant and after which colonies are examined; adjusted so that a whole "
        "number of steps fits; none: 1/250 of the whole time",
    )
    clusters: Clusters = Field(Clusters(mean=1.0), description="how many cells leave together")
    blood: BloodOptions = Field(description="cells in the blood")
    lymph: LymphOptions = Field(LymphOptions(), description="lymph nodes")
    cavity: CavityOptions | None = Field(None, description="body cavity")
    pools: dict[FreeName, Pool] = Field({}, description="numbers in time with a law, usable in formulas here and in organs")
    feedback: dict[FreeName, str] = Field(
        {},
        description="means of the cascade that all formulas may name where they may name t, by columns of series.csv, "
        "as {circulating: blood.cells, burden: organ.liver.growing}",
    )

    def horizon(self, run_end: float) -> float:
        """Until when the cascade is followed."""
        return run_end if self.end is None else self.end

    def intervals(self, start: float, run_end: float) -> int:
        """Of the grid: the number nearest to what ``step`` asks for."""
        return INTERVALS if self.step is None else max(1, round((self.horizon(run_end) - start) / self.step))
