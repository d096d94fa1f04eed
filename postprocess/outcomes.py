"""Arms compared by their outcomes: a row per arm, a number per outcome, and how it differs from that of the first arm."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from invasio.solver.output.layout import SERIES
from invasio.solver.output.records import numbers_of
from invasio.solver.scenario.arms import Outcome as Stated
from invasio.solver.scenario.cascade_numbers import named

from .cascade_numbers import over_time
from .faults import UnknownTime, unknown
from .reason import reason
from .units import plain_unit, unit_text

if TYPE_CHECKING:
    from .sweep import MemberRun, SweepRun

Floats = NDArray[np.float64]
Columns = Mapping[str, Sequence[float]]
_ROUNDING = 1e-12  # relative: differences that are none
_BESIDE = 3  # outcomes beside each other in a text
_TIME = 1e-9  # of the run: how near an output must be


@dataclass(frozen=True)
class Outcome:
    """An outcome as the scenario states it: its name, the column, at which moment, its unit ("1": a plain number).

    cascade: the column is a number of the cascade, not one of series.csv. one: how much one of the column is, in the unit: 2.4 mm.
    """

    name: str
    column: str
    at: str | float
    unit: str
    cascade: bool = False
    one: float = 1.0

    @property
    def kind(self) -> str:
        """What the scenario calls it: series or cascade."""
        return "cascade" if self.cascade else "series"

    @property
    def words(self) -> str:
        """What it is: "tumour.total at t = 3"."""
        return Stated.model_validate({self.kind: self.column, "at": self.at}).words

    @property
    def head(self) -> str:
        """The name with the unit, as tables of numbers have it."""
        return f"{self.name} ({self.unit})" if self.unit not in ("", "1") else self.name

    @property
    def title(self) -> str:
        """The name with the unit, as people read it."""
        return unit_text(self.head)


@dataclass(frozen=True)
class Row:
    """An arm: its name, how its run ended, and its outcomes by name, nan where there is none (yet); empty unless it is done."""

    arm: str
    status: str
    values: dict[str, float]


@dataclass(frozen=True)
class Table:
    """All arms; differences are to the first one."""

    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]

    def difference(self, row: Row, outcome: Outcome) -> float:
        """To the first arm; nan where one of the two has no number."""
        return row.values.get(outcome.name, math.nan) - self.rows[0].values.get(outcome.name, math.nan)

    def relative(self, row: Row, outcome: Outcome) -> float:
        """The difference relative to the first arm's number; nan where that is 0."""
        first = abs(self.rows[0].values.get(outcome.name, math.nan))
        return self.difference(row, outcome) / first if first else math.nan


def is_arms(sweep: SweepRun) -> bool:
    """Whether a sweep's folder is that of arms."""
    return bool(sweep.scenario.get("arms"))


def measure(path: Any, columns: Columns, column: str, at: str | float) -> float:
    """An outcome of a series; nan where the column has no number there. Raises UnknownName, UnknownTime."""
    if column not in columns:
        raise unknown(path, "column", column, [name for name in columns if name != "time"], code="no-column")
    times, values = np.asarray(columns["time"], dtype=float), np.asarray(columns[column], dtype=float)
    if not isinstance(at, str):
        near = int(np.abs(times - at).argmin())
        if abs(times[near] - at) > _TIME * max(float(np.ptp(times)), abs(at)):
            known = ", ".join(f"{t:g}" for t in times[:20]) + (" ..." if len(times) > 20 else "")
            raise UnknownTime(f"no output at t = {at:g}", code="no-time", place=str(path), remedy=f"there are: {known}")
        return float(values[near])
    if at == "end":
        return float(values[-1])
    if at == "integral":
        return float((0.5 * np.diff(times) * (values[1:] + values[:-1])).sum())
    there = values[~np.isnan(values)]
    return math.nan if not there.size else float(there.max() if at == "max" else there.min())


def stated(sweep: SweepRun, telling: Callable[[], list[str]]) -> tuple[Outcome, ...]:
    """The outcomes of the scenario; where it states none, the ends of the columns that ``telling`` names."""
    given: Mapping[str, Any] = sweep.scenario.get("outcomes") or {name: {"series": name, "at": "end"} for name in telling()}
    return tuple(_outcome(sweep, name, given[name]) for name in given)


def _outcome(sweep: SweepRun, name: str, options: Mapping[str, Any]) -> Outcome:
    at = options.get("at", "end")
    if (number := options.get("cascade")) is not None:
        meant = named(str(number))
        return Outcome(name, str(number), at if isinstance(at, str) else float(at), meant.unit if meant else "", cascade=True)
    column = str(options["series"])
    unit, time = sweep.units.get(column, ""), sweep.units.get("time", "")
    if at == "integral" and time not in ("", "1"):
        above, slash, below = unit.partition("/")
        unit = time if unit in ("", "1") else f"{above} {time}{slash}{below}"
    one, plain = plain_unit(unit)
    return Outcome(name, column, at if isinstance(at, str) else float(at), plain, one=one)


def tabulate(sweep: SweepRun, outcomes: tuple[Outcome, ...]) -> Table:
    """The table of an arms' folder. Raises UnknownName, UnknownTime where a finished arm lacks the column or output of an outcome."""
    return Table(outcomes, tuple(_row(member, outcomes) for member in sweep.members))


def _row(member: MemberRun, outcomes: Sequence[Outcome]) -> Row:
    path = member.folder / SERIES
    columns = numbers_of(path) if member.status == "done" else {}
    values = {o.name: o.one * measure(path, columns, o.column, o.at) for o in outcomes if not o.cascade} if columns else {}
    if columns and any(o.cascade for o in outcomes):
        curves = cascade_curves(member.folder, outcomes)
        for o in (o for o in outcomes if o.cascade):
            times, numbers = curves[o.column]
            values[o.name] = float(numbers[-1] if isinstance(o.at, str) else np.interp(o.at, times, numbers))
    return Row(member.folder.name, member.status, values)


def cascade_curves(folder: Path, outcomes: Sequence[Outcome]) -> dict[str, tuple[Floats, Floats]]:
    """Times and values of the outcomes of a run's cascade, by what they are."""
    ours = [o for o in outcomes if o.cascade]
    return over_time(folder, [o.column for o in ours], [o.at for o in ours if not isinstance(o.at, str)]) if ours else {}


def as_text(table: Table, sweep: SweepRun) -> str:
    """The table for people: numbers, differences, relative differences; below it what the outcomes are, and why arms failed."""
    text: list[str] = []
    for k in range(0, max(len(table.outcomes), 1), _BESIDE):
        head, rows = cells_of(replace(table, outcomes=table.outcomes[k : k + _BESIDE]))
        lines = [head, *rows]
        widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
        cells = [[c.rjust(w) if n else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))] for line in lines]
        text += [*("  ".join(line) for line in cells), ""]
    text += notes_of(table)
    failed = [m for m in sweep.members if m.status.startswith("failed")]
    text += [f"{m.folder.name} failed: {reason(m.folder) or 'it left no message'}" for m in failed]
    return "\n".join(line.rstrip() for line in text) + "\n"


def as_markdown(table: Table) -> str:
    """The table in Markdown, for papers and notes."""
    head, rows = cells_of(table)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    rows_of_text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([*rows_of_text, "", "  \n".join(notes_of(table))]) + "\n"


def as_csv(table: Table) -> str:
    """The table in full precision: arm, status, and for each outcome its number, difference and relative difference."""
    three = [(o.head, f"{o.head}: difference", f"{o.name}: relative difference") for o in table.outcomes]
    head = ["arm", "status", *(text for texts in three for text in texts)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for row in table.rows:
        numbers = [n for o in table.outcomes for n in _three(table, row, o)]
        writer.writerow([row.arm, row.status, *("" if math.isnan(n) else repr(n) for n in numbers)])
    return buffer.getvalue()


def as_json(table: Table) -> str:
    """The same as data; null where there is no number."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    names = ("value", "difference", "relative_difference")
    found = {
        "first": table.rows[0].arm,
        "outcomes": {o.name: {o.kind: o.column, "at": o.at, "unit": o.unit or "1"} for o in table.outcomes},
        "arms": {
            row.arm: {
                "status": row.status,
                **{o.name: dict(zip(names, map(number, _three(table, row, o)), strict=True)) for o in table.outcomes},
            }
            for row in table.rows
        },
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _three(table: Table, row: Row, outcome: Outcome) -> tuple[float, float, float]:
    return row.values.get(outcome.name, math.nan), table.difference(row, outcome), table.relative(row, outcome)


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    """Head and rows as people read them: six digits, three of differences."""
    head = ["arm", *(text for o in table.outcomes for text in (o.title, "difference", "relative"))]
    rows = []
    for k, row in enumerate(table.rows):
        cells = [row.arm]
        for o in table.outcomes:
            value, difference, relative = _three(table, row, o)
            first = [f"{value:.6g}"] if not math.isnan(value) else ["-" if row.status == "done" else row.status.partition(":")[0]]
            others = [
                "-" if k == 0 or math.isnan(difference) else "0" if abs(relative) < _ROUNDING else f"{difference:+.3g}",
                "-" if k == 0 or math.isnan(relative) else "0 %" if abs(relative) < _ROUNDING else f"{100 * relative:+.3g} %",
            ]
            cells += [*first, *others]
        rows.append(cells)
    return head, rows


def notes_of(table: Table) -> list[str]:
    first = f"Differences are to the first arm, {table.rows[0].arm}." if len(table.rows) > 1 else ""
    return [line for line in (*(f"{o.name}: {o.words}" for o in table.outcomes), first) if line]
