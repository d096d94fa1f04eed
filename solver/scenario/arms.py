"""Options of arms and outcomes: named variations of a scenario, and the numbers by which they are compared."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from .base import Options, Time
from .wrong import either, joined, meant, one_line, wrong

MOST_ARMS, MOST_PATHS = 100, 100  # paths of one arm
MOMENTS = {"end": "at the end", "max": "largest", "min": "smallest", "integral": "integral over time"}
_TAKEN = ("figures",)  # beside the members' folders
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def member_name(name: str) -> str:
    """The name, if it can be that of a member's folder."""
    if not _NAME.fullmatch(name):
        rule = "allowed: letters a to z, digits, _ and -, starting with a letter or digit, at most 60"
        raise wrong(f"not a name (given {name[:60]!r})", code="bad-name", remedy=rule)
    if name in _TAKEN:
        raise wrong(f"this is where pictures of all runs go (given {name!r})", code="bad-name", remedy="choose another name")
    return name


def _some(arms: dict[str, dict[str, JsonValue]] | None) -> dict[str, dict[str, JsonValue]] | None:
    if arms is not None and not arms:
        raise wrong("no arm is named", code="nothing-given", remedy="write at least one, such as `control: {}`, or leave `arms` out")
    return arms


def _moment(value: object) -> object:
    """A moment in words, or what may be a time; a text without a number in it is neither."""
    if isinstance(value, str) and value not in MOMENTS and not re.search(r"\d", value):
        remedy = joined(f"allowed: {', '.join(MOMENTS)}, or a time, as in 12 h", meant(value, MOMENTS))
        raise wrong(f"unknown choice (given {value!r})", code="unknown-choice", remedy=remedy)
    return value


MemberName = Annotated[str, AfterValidator(member_name)]
Values = Annotated[dict[str, JsonValue], Field(max_length=MOST_PATHS)]
Arms = Annotated[dict[MemberName, Values] | None, AfterValidator(_some), Field(max_length=MOST_ARMS)]


class Outcome(Options):
    """A number of a column of series.csv, at a time or over all outputs; or one of the cascade, at a time."""

    series: str | None = Field(None, description="column of series.csv, such as tumour.total or tumour.in:stroma")
    cascade: str | None = Field(None, description="or a number of the cascade, such as chance of a metastasis in liver")
    at: Annotated[Literal["end", "max", "min", "integral"] | Time, BeforeValidator(_moment)] = Field(
        "end",
        description="which number: that at the end or at a time (which becomes an output time), the largest or smallest of all outputs, "
        "or the integral over time (trapezoids between outputs); of the cascade at its horizon or at a time up to it",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.series is None) == (self.cascade is None):
            raise either(self.series is not None, "series", "cascade")
        if self.cascade is not None and isinstance(self.at, str) and self.at != "end":
            raise wrong(
                f"a number of the cascade has one time (given at: {self.at})",
                code="meaningless-option",
                remedy="allowed: end (of the cascade), or a time, as in 1 y",
            )
        return self

    @property
    def of(self) -> str:
        """The column, or the number of the cascade."""
        return self.series or self.cascade or ""

    @property
    def words(self) -> str:
        """What it is, for people: "tumour.total at the end"."""
        return f"{self.of}, {MOMENTS[self.at] if isinstance(self.at, str) else f'at t = {self.at:g}'}"


Outcomes = dict[Annotated[str, AfterValidator(one_line)], Outcome]
