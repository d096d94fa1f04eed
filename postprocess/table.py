"""The series of a run as tables, and a whole run as an xarray dataset where xarray is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import CASCADE, OF_PATIENTS
from invasio.solver.output.records import facts_of

from . import cascade
from .faults import WrongRequest, unknown
from .run import labels

if TYPE_CHECKING:
    from .run import Run

_WHOLE = {"step"}


def columns_of(run: Run, columns: list[str] | None = None) -> dict[str, Any]:
    """Columns of series.csv by name, all or the chosen ones with the time in front.

    Raises:
        WrongRequest: the run has no series.
        UnknownName: there is no such column.
    """
    table = run.series
    if not table.get("time", np.zeros(0)).size:
        raise WrongRequest(
            "series.csv is missing or empty", code="no-output", place=str(run.path), remedy="wait for the run's first output"
        )
    for name in columns or []:
        if name not in table:
            raise unknown(run.path, "column", name, [known for known in table if known != "time"], code="no-column")
    chosen = ["time", *(name for name in columns if name != "time")] if columns else list(table)
    return {name: table[name] for name in chosen}


def wide(run: Run, columns: list[str] | None = None, units: bool = False) -> str:
    """A row per output, a column per observable, as CSV; with ``units`` a row of them under the names."""
    table = columns_of(run, columns)
    row_of_units = [[run.units.get(name, "") for name in table]] if units else []
    return _csv(
        [list(table), *row_of_units, *([_text(name, value[row]) for name, value in table.items()] for row in range(len(table["time"])))]
    )


def tidy(run: Run, columns: list[str] | None = None) -> str:
    """A row per output and observable, as CSV: time, species, observable, region, value, and the unit where the run has them."""
    table = columns_of(run, columns)
    rows = [["time", "species", "observable", "region", "value", *(["unit"] if run.units else [])]]
    for name, values in table.items():
        if name != "time":
            unit = [run.units.get(name, "")] if run.units else []
            rows += [[_text("time", t), *_parts(name), _text(name, v), *unit] for t, v in zip(table["time"], values, strict=True)]
    return _csv(rows)


def by_part(run: Run, vessel: str) -> str:
    """A row per part of a vessel at the last output, with the unit of each column in a second row where the run has them.

    Raises:
        UnknownName: there is no such vessel, or it has one part only.
    """
    found = run.parts(vessel)
    names = found.pop("names")
    last = {name: values[-1] if values.ndim == 2 else values for name, values in found.items()}
    units = run.part_units(vessel)
    rows = [[part, *(repr(float(values[k])) for values in last.values())] for k, part in enumerate(names)]
    return _csv([["part", *last], *([["", *(units[name] for name in last)]] if units else []), *rows])


def stacked(runs: Sequence[Run], texts: Sequence[str], units: bool = False) -> str:
    """Tables of several runs below each other, by a column `run` in front; a cell is empty where a run has no such column.

    units: each has a row of them under its head, which the result has once.

    Raises:
        WrongRequest: the runs measure a column in different units.
    """
    if len(runs) == 1:
        return texts[0]
    tables = [list(csv.DictReader(io.StringIO(text))) for text in texts]
    columns = list(dict.fromkeys(name for rows in tables for name in (rows[0] if rows else ())))
    shared: dict[str, str] = {}
    for table in tables if units else []:
        shared = table.pop(0) | shared
    first = runs[0]
    for run in runs[1:]:
        for name in columns:
            its, other = run.units.get(name), first.units.get(name)
            if None not in (its, other) and its != other:
                what = f"they measure {name} in {its} and in {other}"
                raise WrongRequest(what, code="not-comparable", place=f"{run.path} and {first.path}", remedy="print them apart")
    rows = [[label, *(row.get(name, "") for name in columns)] for label, rows in zip(labels(runs), tables, strict=True) for row in rows]
    head = [["", *(shared.get(name, "") for name in columns)]] if units else []
    return _csv([["run", *columns], *head, *rows])


def _parts(name: str) -> tuple[str, str, str]:
    """Species, observable and region of a column: ``tumour.in:stroma`` is (tumour, in, stroma)."""
    species, dot, observable = name.partition(".")
    if not dot:
        return "", name, ""
    what, _, region = observable.partition(":")
    return species, what, region


def dataset(run: Run) -> Any:
    """The run as an xarray.Dataset: fields over (time, node), the mesh, and the series over its own times.

    Raises:
        InvasioError: xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise InvasioError(
            "xarray is not installed", code="missing-package", place="NetCDF", remedy="pip install xarray scipy; CSV needs nothing"
        ) from None
    times, series = run.times, run.series

    def units(name: str) -> dict[str, str]:
        return {"units": run.units[name]} if name in run.units else {}

    fields = {
        name: (("time", "node"), np.array([run.field(name, step=step) for step in range(len(times))]), units(name)) for name in run.fields
    }
    mesh = {
        "position": (("node", "axis"), run.points, units("length")),
        "cells": (("cell", "corner"), run.cells),
        "region": (("cell",), run.cell_region),
    }
    rows = {name.replace(":", "."): (("series_time",), column, units(name)) for name, column in series.items() if name != "time"}
    coordinates = {
        "time": (("time",), times, units("time")),
        "axis": list("xyz")[: run.dim],
        "series_time": (("series_time",), series.get("time", np.zeros(0)), units("time")),
    }
    facts = {"name": str(run.scenario.get("name", "")), "regions": ", ".join(run.regions)}
    scales = {f"scale_{name}": str(value) for name, value in (run.scenario.get("scales") or {}).items()}
    return xarray.Dataset({**fields, **mesh, **rows}, coordinates, {**facts, **scales})


def _text(name: str, value: float) -> str:
    return str(int(value)) if name in _WHOLE else repr(float(value))


def _csv(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def of_cascade(run: Run, name: str, units: bool = False) -> str:
    """A table of what was drawn of a run's cascade, as CSV; with ``units`` a second row. Raises WrongRequest where there is none."""
    found = cascade.read(run.path / CASCADE, f"{name}.csv")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(found)
    if units:
        facts = OF_PATIENTS if name in ("patients", "spread") else "manifest.json"
        known = facts_of(run.path / CASCADE / facts).get("units", {}).get(f"{name}.csv", {})
        writer.writerow([known.get(column, "") for column in found])
    writer.writerows(zip(*found.values(), strict=True))
    return buffer.getvalue()
