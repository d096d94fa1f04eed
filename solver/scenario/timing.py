"""Options of time: from when to when, and how large the steps are."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from .base import Options, Time
from .wrong import wrong


class Timing(Options):
    """The time span and the steps."""

    end: Time = Field(description="when the run ends")
    start: Time = Field(0.0, description="when the run starts")
    step: Time | None = Field(None, gt=0, description="fixed step; none: the program chooses")
    tolerance: float = Field(
        1e-3, gt=0, description="accuracy when the program chooses: errors in time fall in proportion; 1e-3 means 1e-3 per step, relative"
    )
    first_step: Time | None = Field(None, gt=0, description="first step when the program chooses")
    floor: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="errors are relative to what there is of a species, plus this share of the most there has been so far; none: 1e-6",
    )
    max_step: Time | None = Field(None, gt=0, description="largest step when the program chooses; none: a tenth of the run")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if not self.end > self.start:
            what = f"the end does not come after the start (given end {self.end:g} and start {self.start:g})"
            raise wrong(what, code="wrong-order", remedy="choose a later end")
        return self
