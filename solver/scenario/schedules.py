"""Options of schedules: named functions of time that formulas may use wherever they may use the time."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from .base import Context, Options, Rate, Time, existing_file
from .functions import Function, Pulses, Table
from .given import Given, Valued, given
from .parameters import FreeName
from .pharmacokinetics import Concentration, one_compartment, two_compartments
from .trains import Train
from .units import Measure, UnitError
from .wrong import either, wrong

MOST_ROWS = 100_000
MANY = 6  # times that are told one by one

Positive = Annotated[Time, Field(gt=0)]


class Repeated(Options):
    """What happens at instants: once, again and again, or at stated times."""

    start: Time | None = Field(None, description="when it happens first; none: at time 0")
    every: Positive | None = Field(None, description="time from one to the next; none: it happens once")
    count: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        None, description="number of times, also 0; none: once, or without end where `every` is given"
    )
    at: list[Time] | None = Field(None, description="instead: the times, in increasing order", max_length=MOST_ROWS)

    @model_validator(mode="after")
    def _clear(self) -> Self:
        if self.at is not None and (self.every is not None or self.start is not None or self.count not in (None, 0)):
            raise either(True, "at", "every" if self.every is not None else "start" if self.start is not None else "count")
        if self.at is not None:
            rising(self.at)
        if self.count is not None and self.count > 1 and self.every is None:
            raise wrong(f"{self.count} times, but not how far apart", code="missing-option", remedy="give `every`")
        return self

    @property
    def train(self) -> Train:
        """The instants."""
        if self.at is not None:
            return Train(at=() if self.count == 0 else tuple(self.at))
        return Train(self.start or 0.0, self.every or 0.0, self.count)

    @property
    def moments(self) -> str:
        """When, for people."""
        train = self.train
        if train.number == 0:
            return "never"
        if train.at is not None:
            return "at " + ", ".join(f"{t:g}" for t in train.at[:MANY]) + (" ..." if len(train.at) > MANY else "")
        if train.number == 1:
            return f"at {train.start:g}"
        return f"from {train.start:g} on every {train.every:g}" + ("" if math.isinf(train.number) else f", {train.number} times")


def rising(times: Sequence[float]) -> None:
    """Raises PydanticCustomError where times do not rise."""
    for k, (a, b) in enumerate(pairwise(times)):
        if not b > a:
            raise wrong(
                f"times do not rise (given {a:g}, then {b:g})", code="wrong-order", remedy=f"put number {k + 2} later, or take it out"
            )


def apart(train: Train, width: float, overlap: str, what: str) -> None:
    """Raises PydanticCustomError where what lasts overlaps, unless that is asked for; a rounding error is no overlap."""
    if overlap == "refused" and width > train.closest * (1.0 + 1e-12):
        text = f"{what} last longer than the time from one to the next (given {width:g} and {train.closest:g})"
        raise wrong(text, code="overlapping-pulses", remedy="make them shorter or rarer, or write `overlap: add`, which adds them up")


class PulseOptions(Repeated):
    """A value that holds for some time, again and again; 0 in between."""

    kind: Literal["pulses"]
    height: Annotated[Given, Valued()] = Field(description="value during a pulse: a number, or a quantity of any unit")
    width: Positive = Field(description="how long a pulse lasts")
    overlap: Literal["refused", "add"] = Field("refused", description="pulses that last longer than the time to the next one")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        apart(self.train, self.width, self.overlap, "pulses")
        return self

    @property
    def unit(self) -> Measure | None:
        """What its values are in."""
        return self.height.unit

    @property
    def function(self) -> Function:
        """Of time."""
        return Pulses(self.height.number, self.width, self.train)

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.height.words} for {self.width:g}, {self.moments}"


class TableOptions(Options):
    """Values at given times, from a list or a file; before the first and after the last time it stays as it is there."""

    kind: Literal["table"]
    times: list[Time] | None = Field(None, min_length=1, max_length=MOST_ROWS, description="times, in increasing order")
    values: list[Annotated[Given, Valued()]] | None = Field(None, min_length=1, max_length=MOST_ROWS, description="a value for each time")
    file: str | None = Field(
        None,
        description="instead: table (CSV) with a column of times and one of values under a line of names, which may state units, as "
        "`time (h), dose (nM)`; becomes `times` and `values`",
    )
    unit: str | None = Field(None, exclude=True, description="of the values, if these are plain numbers: nM/h")
    between: Literal["linear", "steps"] = Field("linear", description="straight lines, or each value until the next time")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("file"), str):
            return data
        for name in ("times", "values"):
            if data.get(name) is not None:
                raise either(True, "file", name)
        read = rows_of(existing_file(data["file"], info))
        return {**{key: value for key, value in data.items() if key != "file"}, **{k: v for k, v in read.items() if v is not None}}

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        for name, found in (("times", self.times), ("values", self.values)):
            if found is None:
                raise either(False, name, "file")
        times, values = self.times or [], self.values or []
        if len(times) != len(values):
            what = f"{len(times)} times and {len(values)} values"
            raise wrong(what, code="wrong-length", remedy="give a value for each time")
        rising(times)
        _unit_of_table(self.unit, values, Context.of(info))
        for k, one in enumerate(values, 1):
            if one.unit != (None if self.unit is not None else values[0].unit):
                remedy = "write plain numbers, and their unit as `unit`" if self.unit is not None else "write all of them in one unit"
                raise wrong(f"value {k} is in another unit (given {one.words!r})", code="wrong-unit", remedy=remedy)
        return self

    @property
    def function(self) -> Function:
        """Of time."""
        return Table(tuple(self.times or ()), tuple(v.number for v in self.values or ()), self.between == "steps")

    @property
    def words(self) -> str:
        """For people."""
        times = self.times or [0.0]
        how = "straight lines between" if self.between == "linear" else "steps at"
        return f"{how} {len(times)} values from {times[0]:g} to {times[-1]:g}" + (f" [{self.unit}]" if self.unit else "")


def _unit_of_table(stated: str | None, values: Sequence[Given], context: Context) -> Measure | None:
    """What the values of a table are in: the stated unit, else that of the first value."""
    if stated is None:
        return values[0].unit if values else None
    return given(f"1 {stated}", context).unit


_COLUMN = re.compile(r"\s*(?P<name>.*?)\s*(?:[(\[](?P<unit>[^)\]]*)[)\]])?\s*")


def rows_of(path: str) -> dict[str, Any]:
    """``times``, ``values`` and ``unit`` of a table in a file; raises PydanticCustomError."""
    name = Path(path).name
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in islice(csv.reader(file), MOST_ROWS + 2) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise wrong(f"{name} cannot be read: {error}", code="unreadable-file", remedy="save it as CSV in UTF-8") from None
    form = "write a line of names, such as `time (h), dose (nM)`, and below it a time and a value in each line"
    if len(rows) < 2 or len(rows) > MOST_ROWS + 1:
        raise wrong(f"{name} has {max(len(rows) - 1, 0)} rows of numbers", code="unreadable-file", remedy=form)
    times: list[Any] = []
    values: list[float] = []
    for number, row in enumerate(rows[1:], 2):
        try:
            time, value = (float(cell) for cell in row)
        except ValueError:
            what = f"line {number} of {name} is no time and value ({', '.join(row)[:40]!r})"
            raise wrong(what, code="unreadable-file", remedy=form) from None
        times.append(time)
        values.append(value)
    heads = [_COLUMN.fullmatch(head) for head in rows[0]]
    units = [head["unit"] if head else None for head in heads]
    if units[0]:
        times = [f"{time!r} {units[0]}" for time in times]
    return {"times": times, "values": values, "unit": units[1] if len(units) > 1 and units[1] else None}


class Peripheral(Options):
    """A second compartment that a drug passes into and comes back from."""

    to: Annotated[Rate, Field(gt=0)] = Field(description="rate from the compartment of the dose into this one")
    back: Annotated[Rate, Field(gt=0)] = Field(description="rate back")


class Pharmacokinetics(Repeated):
    """Concentration of a drug after doses, in closed form: at once, by infusion, or absorbed at a rate; one or two compartments."""

    kind: Literal["pharmacokinetics"]
    dose: Annotated[Given, Valued(least=0)] = Field(description="amount of one dose, such as 50 mg")
    volume: Annotated[Given, Valued(above=0)] = Field(description="volume of distribution, such as 207 L; dose/volume is the concentration")
    half_life: Positive = Field(description="in which half is eliminated; with `peripheral`, of what is in the compartment of the dose")
    bioavailability: float = Field(1.0, ge=0, le=1, description="share of a dose that arrives")
    duration: Positive | None = Field(None, description="of an infusion at a constant rate; none: at once")
    absorption_half_life: Positive | None = Field(None, description="in which half of what is taken is absorbed; none: at once")
    peripheral: Peripheral | None = Field(None, description="second compartment; none: one compartment")
    overlap: Literal["refused", "add"] = Field("refused", description="infusions that last longer than the time to the next one")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.duration is not None and self.absorption_half_life is not None:
            raise either(True, "duration", "absorption_half_life")
        if self.duration is not None:
            apart(self.train, self.duration, self.overlap, "infusions")
        return self

    @property
    def unit(self) -> Measure | None:
        """What its values are in."""
        return self.dose.over(self.volume).unit

    @property
    def function(self) -> Function:
        """Of time."""
        out = math.log(2.0) / self.half_life
        other = self.peripheral
        return Concentration(
            self.bioavailability * self.dose.over(self.volume).number,
            self.train,
            one_compartment(out) if other is None else two_compartments(out, other.to, other.back),
            self.duration or 0.0,
            math.log(2.0) / self.absorption_half_life if self.absorption_half_life else 0.0,
        )

    @property
    def words(self) -> str:
        """For people."""
        way = f", in {self.duration:g}" if self.duration else ""
        way += f", absorbed with a half-life of {self.absorption_half_life:g}" if self.absorption_half_life else ""
        share = f" of which {self.bioavailability:g} arrives" if self.bioavailability != 1.0 else ""
        more = ", second compartment" if self.peripheral else ""
        return f"{self.dose.words}{share} into {self.volume.words} {self.moments}{way}; half-life {self.half_life:g}{more}"


Schedule = Annotated[Union[PulseOptions, TableOptions, Pharmacokinetics], Field(discriminator="kind")]
ScheduleMap = dict[FreeName, Schedule]


def read_schedules(raw: Any, context: Context) -> Context:
    """The context with the names of the schedules of a raw scenario, and what they are in, as far as that can be read."""
    if not isinstance(raw, Mapping):
        return context
    units = dict(context.units)
    for name, options in raw.items():
        unit = _unit(options, context) if isinstance(options, Mapping) else None
        if unit is not None and unit.dimension and context.scales is not None:
            units[str(name)] = unit
    return replace(context, units=units, scalars=context.scalars | frozenset(map(str, raw)))


def _unit(options: Mapping[str, Any], context: Context) -> Measure | None:
    """What the values of a raw schedule are in."""
    try:
        if options.get("kind") == "pharmacokinetics":
            return given(options.get("dose"), context).over(given(options.get("volume"), context)).unit
        if options.get("kind") == "pulses":
            return given(options.get("height"), context).unit
        if isinstance(options.get("file"), str):
            path = next(found for folder in context.folders if (found := folder / options["file"]).is_file())
            return _unit_of_table(rows_of(str(path))["unit"] or options.get("unit"), [], context)
        values = options.get("values")
        first = [given(v, context) for v in values[:1]] if isinstance(values, list) else []
        return _unit_of_table(options.get("unit"), first, context)
    except (PydanticCustomError, UnitError, StopIteration, OSError, ValueError, ZeroDivisionError):
        return None
