"""A sweep's folder as data: its members, what they are up to, their parameters and final observables as one table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from invasio.solver.errors import InvasioError
from invasio.solver.output.folder import replace_text
from invasio.solver.output.layout import MANIFEST, MEMBERS, RESULTS, SERIES, STATUS, SWEEP
from invasio.solver.output.records import damaged, facts_of, line_of, mapping_of, numbers_of, rows_of
from invasio.solver.scenario.units import measure

from .faults import WrongRequest

_QUANTITY = re.compile(r"([-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|nan))\s*(.*)", re.IGNORECASE)
_EFFORT = ("step", "dt", "iterations", "limited", "kept", "clipped")  # columns that say how, not what


@dataclass(frozen=True)
class MemberRun:
    """One member: its number, its run folder, and the values it differs by (texts)."""

    number: int
    folder: Path
    values: dict[str, str]

    @property
    def status(self) -> str:
        """What its run last said: done, failed, running, stopped early ...; "not started"."""
        return line_of(self.folder / STATUS) or "not started"

    def final(self) -> dict[str, float]:
        """The last whole row of its series, without the columns of effort; empty if there is none."""
        found = numbers_of(self.folder / SERIES)
        return {name: column[-1] for name, column in found.items() if column and name not in _EFFORT}


@dataclass(frozen=True)
class SweepRun:
    """A sweep's folder; ``scenario`` is its sweep.yaml as plain data."""

    path: Path
    parameters: tuple[str, ...]
    members: tuple[MemberRun, ...]
    scenario: dict[str, Any]

    @cached_property
    def units(self) -> dict[str, str]:
        """The unit of each column, where all finished members have the same; "1": a plain number."""
        found = [units for m in self.members if m.status == "done" and (units := facts_of(m.folder / MANIFEST).get("units")) is not None]
        tables = [units for units in found if isinstance(units, dict)]
        first = tables[0] if tables else {}
        return {str(name): str(text) for name, text in first.items() if all(other.get(name) == text for other in tables)}

    def labelled(self, column: str) -> str:
        """A column with its unit: "tumour.total (cells)"."""
        unit = self.units.get(column, "1")
        return column if unit in ("", "1") else f"{column} ({unit})"


def is_sweep(path: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (path / MEMBERS).is_file() and (path / SWEEP).is_file()


def open_sweep(path: Path) -> SweepRun:
    """Read a sweep's folder; its runs may be going on. Raises WrongRequest."""
    if not is_sweep(path):
        raise WrongRequest(
            f"no folder of a sweep (it has no {MEMBERS})", code="no-sweep", place=str(path), remedy="name one that `invasio sweep` made"
        )
    head, rows = rows_of(path / MEMBERS)
    names = tuple(head[2:])
    for row in rows:
        if not row[0].isdecimal() or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", row[1]):
            raise damaged(path / MEMBERS, f"a row without the number and folder of a member (given {', '.join(row)[:60]!r})")
    found = [MemberRun(int(row[0]), path / row[1], {n: v for n, v in zip(names, row[2:], strict=True) if v}) for row in rows]
    return SweepRun(path, names, tuple(found), mapping_of(path / SWEEP))


def quantities(texts: Sequence[str]) -> tuple[list[float], str] | None:
    """Values of one option as numbers of one unit, that of the first that has one, and this unit: 500 pM and 1 nM are 500 and 1000 pM.

    None where they are no such numbers: words, formulas, units of unlike kinds, or numbers with a unit beside others without (but 0).
    Empty texts are NaN.
    """
    try:
        parts = [_QUANTITY.fullmatch(text.strip() or "nan") for text in texts]
        if None in parts:
            return None
        heads, units = zip(*((float(part[1]), part[2]) for part in parts if part), strict=True) if parts else ((), ())
        unit = next((text for text in units if text), "")
        if not unit:
            return list(heads), ""
        one, values = measure(f"1 {unit}"), []
        for head, its in zip(heads, units, strict=True):
            found = measure(f"1 {its}") if its else one
            if found.dimension != one.dimension or (not its and abs(head) > 0.0):
                return None
            values.append(head * float(found.factor / one.factor))
        return values, unit
    except ValueError:  # of which UnitError is one
        return None


def results(sweep: SweepRun) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table: member, folder, status, parameters, final observables (of finished members)."""
    finals = {m.number: m.final() if m.status == "done" else {} for m in sweep.members}
    columns = list(dict.fromkeys(name for row in finals.values() for name in row))
    rows = []
    for m in sweep.members:
        values = [repr(finals[m.number][c]) if c in finals[m.number] else "" for c in columns]
        rows.append([str(m.number), m.folder.name, m.status, *(m.values.get(p, "") for p in sweep.parameters), *values])
    return ["member", "folder", "status", *sweep.parameters, *columns], rows


def collect(sweep: SweepRun) -> list[Path]:
    """Write results.csv, and results.nc where xarray is installed; returns what was written."""
    head, rows = results(sweep)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([head, *rows])
    table = sweep.path / RESULTS
    written = [table]
    try:
        replace_text(table, buffer.getvalue())
        try:
            import xarray
        except ImportError:
            return written
        target = table.with_suffix(".nc")
        dataset(sweep, xarray.Dataset).to_netcdf(target, engine="scipy")
        return [*written, target]
    except OSError as error:
        raise InvasioError(
            f"the results cannot be written: {error.strerror or error}",
            code="cannot-write",
            place=str(sweep.path),
            remedy="make room or mend the permissions",
        ) from error


def dataset(sweep: SweepRun, make: Callable[..., Any]) -> Any:
    """The table as arrays over ``member``, given to ``make`` (xarray.Dataset): parameters are coordinates, missing numbers NaN."""
    head, rows = results(sweep)
    columns = {name: [row[k] for row in rows] for k, name in enumerate(head)}
    count = len(sweep.parameters)

    def given(texts: list[str]) -> tuple[object, ...]:
        found = quantities(texts)
        return (("member",), found[0], {"units": found[1]} if found[1] else {}) if found else (("member",), texts)

    coordinates: dict[str, Any] = {"member": [int(text) for text in columns["member"]]}
    coordinates |= {name: (("member",), columns[name]) for name in ("folder", "status")}
    coordinates |= {name: given(columns[name]) for name in sweep.parameters}
    units = {name: {"units": sweep.units[name]} if name in sweep.units else {} for name in head[3 + count :]}
    numbers = {name: [float(text) if text else float("nan") for text in columns[name]] for name in head[3 + count :]}
    data = {name.replace(":", "."): (("member",), values, units[name]) for name, values in numbers.items()}
    return make(data, coordinates, {"name": str(sweep.scenario.get("name", ""))})
