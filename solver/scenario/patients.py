"""Options of patients: numbers behind the walls of vessels that differ between people, each drawn from a distribution."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from .base import Options
from .wrong import wrong

Number = float | str


class Lognormal(Options):
    """ln X is normal."""

    median: Number | None = Field(None, description="a number, or a text with a unit; none: what the scenario states, also a formula")
    spread: Annotated[float, Field(ge=1, le=1e6)] = Field(description="two of three patients lie within a factor of this about the median")


class Logitnormal(Options):
    """ln(X/(1 - X)) is normal: for chances, which stay below 1."""

    median: Number | None = Field(None, description="a number; none: what the scenario states")
    spread: Annotated[float, Field(ge=1, le=1e6)] = Field(description="the odds of two of three patients lie within a factor of this")


class Normal(Options):
    """X is normal; values that are not allowed, such as a rate below 0, are drawn again."""

    mean: Number | None = Field(None, description="a number, or a text with a unit; none: what the scenario states, also a formula")
    variation: Annotated[float, Field(ge=0, le=10)] = Field(description="standard deviation divided by the mean")


class Uniform(Options):
    """X is uniform between two numbers."""

    from_: Number = Field(alias="from", description="lower end: a number, or a text with a unit")
    to: Number = Field(description="upper end")


class Differs(Options):
    """How a number differs between patients: one of these distributions."""

    lognormal: Lognormal | None = Field(None, description="ln X is normal")
    logitnormal: Logitnormal | None = Field(None, description="for chances: the logarithm of the odds is normal")
    normal: Normal | None = Field(None, description="normal; values that are not allowed are drawn again")
    uniform: Uniform | None = Field(None, description="between two numbers")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(part is not None for part in (self.lognormal, self.logitnormal, self.normal, self.uniform)) != 1:
            what, remedy = "not exactly one distribution", "give one of lognormal, logitnormal, normal, uniform"
            raise wrong(what, code="either-or", remedy=remedy)
        return self

    @property
    def said(self) -> str:
        """The distribution in words."""
        if self.uniform is not None:
            return f"uniform from {self.uniform.from_} to {self.uniform.to}"
        if self.normal is not None:
            return f"normal, mean {_or_stated(self.normal.mean)}, variation {self.normal.variation:g}"
        name, part = ("lognormal", self.lognormal) if self.lognormal is not None else ("logitnormal", self.logitnormal)
        return "" if part is None else f"{name}, median {_or_stated(part.median)}, spread {part.spread:g}"

    @property
    def middles(self) -> tuple[Number | None, ...]:
        """The numbers it is stated by; None: what the scenario states."""
        if self.uniform is not None:
            return self.uniform.from_, self.uniform.to
        if self.normal is not None:
            return (self.normal.mean,)
        part = self.lognormal or self.logitnormal
        return (None if part is None else part.median,)


def _or_stated(value: Number | None) -> str:
    return "as stated" if value is None else str(value)


PatientMap = Annotated[dict[str, Differs], Field(max_length=100)]
