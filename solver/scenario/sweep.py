"""Options of a sweep: which options vary, over which values, in which combinations."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self, Union

from pydantic import Field, field_validator, model_validator

from .arms import MemberName
from .base import Options
from .wrong import wrong

Value = bool | int | float | str | None
Values = Annotated[list[Value], Field(min_length=1)]
_AXES = 1000  # paths that can vary at once

_VARY = "path as for --set: its values"
_SEED = "seed of the sample"


class Span(Options):
    """Everything between two numbers."""

    from_: float = Field(alias="from", description="lower end")
    to: float = Field(description="upper end")
    unit: str = Field("", description="unit of both, where the scenario states scales; none: a plain number")
    spacing: Literal["linear", "log"] = Field("linear", description="log: equal ratios; both ends must be positive")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.from_ < self.to:
            what = f"'to' does not lie above 'from' (given {self.from_:g} and {self.to:g})"
            raise wrong(what, code="wrong-order", remedy="'from' must be below 'to'")
        if not math.isfinite(self.to - self.from_):
            raise wrong("the range is too wide", code="out-of-bounds", remedy="choose ends that are nearer to each other")
        if self.spacing == "log" and self.from_ <= 0:
            what = f"an end that is not positive (given {self.from_:g})"
            raise wrong(what, code="out-of-bounds", remedy="with spacing: log both ends must be greater than 0")
        return self

    def share(self, value: float) -> float:
        """Where a value lies in the range, 0 to 1."""
        if self.spacing == "log":
            return math.log(value / self.from_) / math.log(self.to / self.from_)
        return (value - self.from_) / (self.to - self.from_)

    def at(self, share: float) -> float:
        """The value at a share of the range."""
        if self.spacing == "log":
            return self.from_ * math.exp(share * math.log(self.to / self.from_))
        return self.from_ + share * (self.to - self.from_)

    def stated(self, value: float) -> float | str:
        """The value as a scenario states it."""
        return f"{value!r} {self.unit}" if self.unit else value


class Steps(Span):
    """A number of values from one end to the other, both included."""

    count: int = Field(ge=2, description="number of values")


class _Sweep(Options):
    """What every sweep has."""

    observe: list[str] = Field([], description="columns of series.csv that the report draws; none: the most telling of those that differ")
    figures: bool = Field(False, description="whether each member makes pictures")
    names: list[MemberName] = Field([], description="names of the members, in their order; none: run-001 and so on")

    @field_validator("names")
    @classmethod
    def _different(cls, names: list[str]) -> list[str]:
        repeated = [name for k, name in enumerate(names) if name in names[:k]]
        if repeated:
            raise wrong(f"two members have one name (given {repeated[0]!r})", code="repeated-name", remedy="name each member differently")
        return names


class Grid(_Sweep):
    """Every combination of the values; the last path varies fastest."""

    kind: Literal["grid"]
    vary: dict[str, Values | Steps] = Field(min_length=1, max_length=_AXES, description=_VARY)


class Listed(_Sweep):
    """The members written out one by one."""

    kind: Literal["list"]
    members: list[dict[str, Value]] = Field(min_length=1, description="one mapping of paths to values per member")


class LatinHypercube(_Sweep):
    """A sample in which every range is divided into n parts and each part is met once."""

    kind: Literal["latin_hypercube"]
    vary: dict[str, Values | Span] = Field(min_length=1, max_length=_AXES, description=f"{_VARY}, or a range")
    n: int = Field(ge=1, description="number of members")
    seed: int = Field(0, ge=0, description=_SEED)


class Sobol(_Sweep):
    """A scrambled Sobol sequence, which fills the space evenly; best with n a power of two."""

    kind: Literal["sobol"]
    vary: dict[str, Values | Span] = Field(min_length=1, max_length=_AXES, description=f"{_VARY}, or a range")
    n: int = Field(ge=1, description="number of members")
    seed: int = Field(0, ge=0, description=_SEED)


SweepOptions = Annotated[Union[Grid, Listed, LatinHypercube, Sobol], Field(discriminator="kind")]
