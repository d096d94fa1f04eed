"""Measured data: tables of comma-separated values, in the scenario's scales."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import PydanticCustomError

from invasio.solver.errors import InvasioError
from invasio.solver.scenario.arms import Outcome
from invasio.solver.scenario.base import Context
from invasio.solver.scenario.cascade_numbers import check_numbers, named
from invasio.solver.scenario.columns import columns, near, units_of
from invasio.solver.scenario.fit import FitOptions, Observable, Shown
from invasio.solver.scenario.quantities import Units
from invasio.solver.scenario.scales import read_scales
from invasio.solver.scenario.schema import Scenario
from invasio.solver.scenario.units import UnitError, measure, words
from invasio.solver.scenario.wrong import allowed

from .blocks import blocks

AXES = ("x", "y", "z")
_KNOWN = ("time", "observable", "value", "error", *AXES, "from", "to", "trials", "since", "censored", "arm")
_HEAD = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?:\((?P<unit>[^()]*)\))?\s*")
_LENGTHS = (*AXES, "from", "to")
MOST_DATA = 1_000_000
CENSORED = ("", "above", "below")


class DataError(InvasioError):
    """The data of a fit cannot be used; the message says which line of which file is wrong."""

    exit_code = 2


@dataclass(frozen=True)
class Datum:
    """A measured value: when, of what, where, how far off it may be; numbers in the scenario's scales, values in the units of its runs.

    at: place, as many numbers as there are columns x, y, z. span: ends of a slab. censored: "above" where all that is known is that the
    value lies above ``value``, "below" likewise.
    """

    time: float
    observable: str
    value: float
    error: float | None
    at: tuple[float, ...] = ()
    span: tuple[float, float] | None = None
    box: tuple[tuple[float, ...], tuple[float, ...]] | None = None  # lower and upper corner of a block of a picture
    trials: float | None = None
    since: float | None = None
    censored: str = ""
    arm: str = ""


def place_of(row: Datum) -> float | None:
    """Where a datum lies on its line: the middle of a slab, or its only coordinate; None where it lies on none."""
    if row.span is not None:
        return 0.5 * (row.span[0] + row.span[1])
    return row.at[0] if len(row.at) == 1 and row.box is None else None


@dataclass(frozen=True)
class Data:
    """All data, arm after arm and else in the order of the files; what is measured, or only predicted, by name; the unit of each
    ("1": a plain number), and that of places."""

    rows: tuple[Datum, ...]
    observables: Mapping[str, Observable]
    units: Mapping[str, str]
    length: str = "1"

    @property
    def times(self) -> list[float]:
        """When something was measured, ascending."""
        return sorted({row.time for row in self.rows})

    @property
    def of_cascade(self) -> bool:
        """Whether a number of the cascade is among them."""
        return any(one.cascade is not None for one in self.observables.values())

    @property
    def arms(self) -> list[str]:
        """The arms that were measured, in the order of the data; "" is the scenario as it stands."""
        return list(dict.fromkeys(row.arm for row in self.rows))


def read_data(scenario: Scenario, options: FitOptions) -> Data:
    """The data of all files. Raises DataError at the line of the first fault."""
    reader = _Reader(scenario, options)
    rows = tuple(row for path in options.data for row in reader.read(Path(path)))
    rows += tuple(row for one in options.pictures for row in reader.picture(one))
    arms = list(dict.fromkeys(row.arm for row in rows))
    rows = tuple(sorted(rows, key=lambda row: arms.index(row.arm)))
    used = list(
        dict.fromkeys([*(row.observable for row in rows), *(name for name, one in options.observables.items() if of_no_place(one))])
    )
    used_units = {name: reader.unit(name) for name in used}
    return Data(rows, {name: reader.observable(name) for name in used}, used_units, reader.units.length or "1")


def of_no_place(observable: Observable) -> bool:
    """Whether there is one value of it at each time, so that it can be predicted without a datum that says where."""
    return observable.value is None and (observable.integral is None or observable.along is None)


def horizon(scenario: Scenario) -> float:
    """The end of what numbers of the cascade are known for."""
    circulation = scenario.circulation
    return scenario.time.end if circulation is None or circulation.end is None else circulation.end


def native_unit(units: Units, observable: Observable) -> str:
    """The unit of what a run gives for an observable, as text; "1" of a plain number."""
    if observable.series is not None:
        return units.column(observable.series).text
    if observable.value is not None:
        return units.density(observable.value)
    if observable.quantile is not None:
        return units.length
    if observable.cascade is not None:
        found = named(observable.cascade)
        return found.unit if found is not None else "1"
    return "1" if observable.share else units.column(f"{observable.integral}.total").text


class _Reader:
    """Reads the files of a fit one by one."""

    def __init__(self, scenario: Scenario, options: FitOptions) -> None:
        self.scenario, self.options = scenario, options
        self.context = Context(read_scales(scenario.scales))
        self.units = units_of(scenario)
        self._known: dict[str, tuple[Observable, float]] = {}
        self._columns: tuple[list[str], tuple[str, ...]] | None = None

    def unit(self, name: str) -> str:
        """The unit in which an observable's values are kept."""
        return native_unit(self.units, self.observable(name)) or "1"

    def observable(self, name: str, place: str = "") -> Observable:
        """What a name in the data means; raises DataError."""
        return self._found(name, place)[0]

    def _found(self, name: str, place: str) -> tuple[Observable, float]:
        """What a name means, and by what the data's values are multiplied."""
        if name not in self._known:
            stated = self.options.observables.get(name)
            if stated is None:
                known, begun = self._columns = self._columns or columns(self.scenario)
                if name not in known and not name.startswith(begun):
                    remedy = f"state it in fit.observables; of series.csv {near(name, known)}"
                    raise DataError(f"nothing is called so (given {name!r})", code="no-column", place=place, remedy=remedy)
                stated = Observable(series=name)
            if stated.cascade is not None:
                self._check_cascade(stated.cascade, name)
            self._known[name] = stated, self._factor(stated, name)
        return self._known[name]

    def _check_cascade(self, text: str, name: str) -> None:
        """Raises DataError where the cascade has no such number."""
        outcome = Outcome(cascade=text)
        for finding in check_numbers(self.scenario.model_copy(update={"outcomes": {name: outcome}})):
            raise DataError(finding.what, code=finding.code, place=f"fit.observables.{name}.cascade", remedy=finding.remedy)

    def _factor(self, observable: Observable, name: str) -> float:
        if not observable.unit:
            return 1.0
        native, place = native_unit(self.units, observable), f"fit.observables.{name}.unit"
        try:
            given, wanted = measure(f"1 {observable.unit}"), measure("1" if native in ("", "1") else f"1 {native}")
        except UnitError as error:
            raise DataError(str(error), code=error.code, place=place, remedy=error.remedy) from None
        if given.dimension != wanted.dimension:
            what = f"wrong unit: {observable.unit!r} is {words(given.dimension)}"
            raise DataError(what, code="wrong-unit", place=place, remedy=f"a run gives it in {native or 'plain numbers'}")
        return float(given.factor / wanted.factor)

    def read(self, path: Path) -> Iterator[Datum]:
        """The rows of one file."""
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"cannot be read: {error}", code="unreadable-file", place=str(path), remedy="save it as text in UTF-8"
            ) from None
        numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
        table = list(csv.reader([line for _, line in numbered]))
        if len(table) < 2 or len(table) > MOST_DATA:
            what = "it holds no data" if len(table) < 2 else f"it holds too many data (given {len(table) - 1})"
            remedy = f"needed are a line of names and 1 to {MOST_DATA} lines of values"
            raise DataError(what, code="unreadable-file", place=str(path), remedy=remedy)
        head = self._head(table[0], f"{path}:{numbered[0][0]}")
        for (number, _), row in zip(numbered[1:], table[1:], strict=True):
            yield self._row(head, row, f"{path}:{number}")

    def picture(self, shown: Shown) -> Iterator[Datum]:
        """A datum for each block of a picture: its centre and corners. Raises MeshError, DataError."""
        observable, factor = self._found(shown.observable, shown.image)
        for lower, upper, value in blocks(shown):
            centre = tuple(0.5 * (a + b) for a, b in zip(lower, upper, strict=True))
            own = 1.0 if shown.brighter is not None else factor
            datum = Datum(shown.time, shown.observable, value * own, shown.error * abs(own), centre, None, (lower, upper), arm=shown.arm)
            self._check(datum, observable, shown.image)
            yield datum

    def _head(self, row: Sequence[str], place: str) -> list[tuple[str, float]]:
        """Name of each column, and what one unit of it is in the scenario's scales."""
        found: list[tuple[str, float]] = []
        for text in row:
            match = _HEAD.fullmatch(text)
            name = match["name"] if match else text.strip()
            if name not in _KNOWN:
                raise DataError(f"unknown column (given {name[:60]!r})", code="unknown-key", place=place, remedy=allowed(name, _KNOWN))
            if name in [other for other, _ in found]:
                what = f"two columns have one name (given {name!r})"
                raise DataError(what, code="repeated-name", place=place, remedy="take one of them out")
            unit = match["unit"] if match else None
            found.append((name, 1.0 if unit is None else self._unit(name, unit, place)))
        missing = [name for name in ("time", "value") if name not in [other for other, _ in found]]
        if missing:
            what = f"the column {missing[0]!r} is missing"
            raise DataError(what, code="missing-option", place=place, remedy=f"there are: {', '.join(name for name, _ in found)}")
        return found

    def _unit(self, name: str, unit: str, place: str) -> float:
        if name not in ("time", "since", *_LENGTHS):
            what = f"a unit has no meaning for the column {name!r}"
            raise DataError(what, code="meaningless-option", place=place, remedy="state it as `unit` in fit.observables")
        try:
            return self.context.convert(f"1 {unit}", "length" if name in _LENGTHS else "time")
        except PydanticCustomError as error:
            said = error.context or {}
            raise DataError(str(said.get("what")), code=error.type, place=place, remedy=str(said.get("remedy"))) from None

    def _row(self, head: Sequence[tuple[str, float]], row: Sequence[str], place: str) -> Datum:
        if len(row) != len(head):
            what = f"{len(row)} values for {len(head)} columns"
            raise DataError(what, code="wrong-length", place=place, remedy="write as many values as there are names")
        texts = {name: text.strip() for (name, _), text in zip(head, row, strict=True)}
        factors = dict(head)

        def number(name: str) -> float | None:
            if not texts.get(name):
                return None
            try:
                value = float(texts[name]) * factors[name]
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise DataError(f"{name}: not a number (given {texts[name][:60]!r})", code="not-a-number", place=place, remedy="write one")
            return value

        called = texts.get("observable") or self._only(place)
        observable, factor = self._found(called, place)
        time, value, error = number("time"), number("value"), number("error")
        if time is None or value is None:
            raise DataError("a time or a value is missing", code="not-a-number", place=place, remedy="fill it in, or take the line out")
        at = tuple(x for axis in AXES if (x := number(axis)) is not None)
        ends = number("from"), number("to")
        span = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
        relative = observable.noise.kind == "log_normal"  # its error is one of a logarithm, which has no unit
        datum = Datum(
            time,
            called,
            value * factor,
            error if error is None or relative else error * abs(factor),
            at,
            span,
            trials=number("trials"),
            since=number("since"),
            censored=texts.get("censored", ""),
            arm=texts.get("arm", ""),
        )
        self._check(datum, observable, place)
        return datum

    def _only(self, place: str) -> str:
        if len(self.options.observables) == 1:
            return next(iter(self.options.observables))
        remedy = "write a column `observable`, or state a single one in fit.observables"
        raise DataError("it does not say what was measured", code="missing-option", place=place, remedy=remedy)

    def _check(self, datum: Datum, observable: Observable, place: str) -> None:
        noise, start = observable.noise, self.scenario.time.start
        end = horizon(self.scenario) if observable.cascade is not None else self.scenario.time.end
        slack = 1e-9 * (end - start)
        told = noise.error is not None or noise.relative is not None or datum.error is not None

        def refuse(what: str, code: str, remedy: str) -> None:
            raise DataError(what, code=code, place=place, remedy=remedy)

        if not start - slack <= datum.time <= end + slack:
            refuse(f"outside the run (given {datum.time:g})", "outside-run", f"allowed: {start:g} to {end:g}, or another time.end")
        if noise.kind in ("normal", "log_normal") and not told:
            refuse("how far off it may be is not stated", "missing-option", "fill in the column `error`, or state `noise: {error: ...}`")
        if datum.error is not None and datum.error <= 0:
            refuse(f"the error is not positive (given {datum.error:g})", "out-of-bounds", "write a standard deviation, or leave it out")
        if noise.kind == "log_normal" and datum.value <= 0:
            refuse(f"no logarithm (given {datum.value:g})", "out-of-bounds", "allowed: values above 0, or other noise")
        if noise.relative is not None and datum.value == 0:
            refuse("a share of 0 is no error", "out-of-bounds", "state `error` instead of `relative`")
        if noise.counts and (datum.value < 0 or datum.value != round(datum.value)):
            refuse(f"not a count (given {datum.value:g})", "out-of-bounds", "allowed: 0, 1, 2 and so on, or other noise")
        if noise.kind == "binomial" and (datum.trials is None or not 0 <= datum.value <= datum.trials):
            refuse("not a number of successes among `trials`", "out-of-bounds", "fill in the column `trials`")
        if datum.censored not in CENSORED:
            refuse(f"unknown choice (given {datum.censored[:60]!r})", "unknown-choice", "allowed: above, below, or nothing")
        if noise.kind == "events" and (datum.value < 0 or not (start if datum.since is None else datum.since) <= datum.time):
            refuse("not a number of individuals between two times", "out-of-bounds", "fill in `since` and `time`, the earlier one first")
        if datum.censored == "below" and noise.kind == "events":
            refuse("'below' has no meaning for 'events'", "meaningless-option", "leave it empty: it happened before `time`")
        if datum.censored and noise.kind not in ("normal", "log_normal", "events"):
            refuse(f"'censored' has no meaning for '{noise.kind}'", "meaningless-option", "leave it empty")
        if noise.correlation is not None and (datum.censored or place_of(datum) is None):
            what = "'correlation' needs values along a line, and none censored"
            refuse(what, "meaningless-option", "allowed: slabs, or places with a single coordinate; else take it out")
        if datum.censored and noise.estimated:
            refuse("with errors that are estimated no value can be censored", "meaningless-option", "state the error")
        if observable.value is not None and not datum.at:
            refuse("where it was measured is not said", "missing-option", "write columns x, y, z, as many as the mesh has dimensions")
        if observable.along is not None and observable.integral is not None and (datum.span is None or not datum.span[0] < datum.span[1]):
            refuse("not a slab", "wrong-order", "fill in the columns `from` and `to`, the lower end first")
        arms = self.scenario.arms or {}
        if datum.arm and datum.arm not in arms:
            refuse(f"there is no such arm (given {datum.arm[:60]!r})", "unknown-key", allowed(datum.arm, arms))
