"""What is predicted: everything that was measured, where it was, and at which times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pydantic_core import PydanticCustomError

from invasio.solver.scenario.base import Context
from invasio.solver.scenario.moments import output_times
from invasio.solver.scenario.scales import read_scales
from invasio.solver.scenario.schema import Scenario

from .data import Data, DataError, Datum, horizon, of_no_place

_CURVE = 40  # times of a number of the cascade, for curves
_BETWEEN = 60  # places of a density along a line, for curves


def with_outputs(data: Data, scenario: Scenario, more: Sequence[float] = ()) -> Data:
    """The places of all data and what is stated but was not measured, at all outputs of the scenario, whenever something was measured, and
    at ``more`` times; in one dimension also in between."""
    times = sorted({*data.times, *more, *output_times(scenario), scenario.time.start})
    rows = []
    for arm in data.arms:
        for name, observable in data.observables.items():
            mine = [row for row in data.rows if (row.arm, row.observable) == (arm, name)]
            places = list(dict.fromkeys((row.at, row.span, row.box) for row in mine))
            if of_no_place(observable):
                places = [((), None, None)]
            if observable.cascade is not None:  # up to its own horizon
                until = horizon(scenario)
                own = {until * k / _CURVE + scenario.time.start * (1 - k / _CURVE) for k in range(_CURVE + 1)} | {row.time for row in mine}
                rows += [Datum(time, name, math.nan, None, arm=arm) for time in sorted(own)]
                continue
            if observable.value is not None and all(len(at) == 1 for at, *_ in places):
                ends = min(at[0] for at, *_ in places), max(at[0] for at, *_ in places)
                between = [(ends[0] + (ends[1] - ends[0]) * k / _BETWEEN,) for k in range(_BETWEEN + 1)]
                places = [(at, None, None) for at in sorted({*between, *(at for at, *_ in places)})]
            rows += [Datum(time, name, math.nan, None, at, span, box, arm=arm) for time in times for at, span, box in places]
    return replace(data, rows=tuple(rows))


def time_of(text: str, scenario: Scenario) -> float:
    """A time as an option gives it, within the run; raises DataError."""
    try:
        time = float(text)
    except ValueError:
        try:
            time = Context(read_scales(scenario.scales)).convert(text, "time")
        except PydanticCustomError as error:
            said = error.context or {}
            raise DataError(str(said.get("what")), code=error.type, place="--at", remedy=str(said.get("remedy"))) from None
    start, end = scenario.time.start, scenario.time.end
    if not start <= time <= end:
        remedy = f"allowed: {start:g} to {end:g}, or another end: --set time.end=..."
        raise DataError(f"outside the run (given {time:g})", code="outside-run", place="--at", remedy=remedy)
    return time
