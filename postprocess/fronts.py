"""Where the front is over time, and how fast it moves: a straight line through its positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .faults import WrongRequest, unknown
from .lines import Line
from .probe import Array
from .style import front_field
from .times import time_scale
from .units import scale

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class Front:
    """Positions over time, in the units of the plots, and what they are."""

    times: Array
    positions: Array
    field: str
    what: str
    unit: str  # of length
    time_unit: str


@dataclass(frozen=True)
class Fit:
    """The least-squares line ``position = start + speed * time`` between two times."""

    speed: float
    error: float  # standard error of the speed
    start: float
    first: float
    last: float
    count: int

    def at(self, times: Array) -> Array:
        """Positions on the line."""
        return self.start + self.speed * times


def front(run: Run, name: str | None = None, level: float | None = None, along: str | None = None, like: Run | None = None) -> Front:
    """The front of a field at every output.

    From series.csv (where cells reach 1 % of their largest density at the start: along x in 1-D, else the largest distance from
    their centre), or with ``level`` where the field passes that value for the last time along a line (x by default).

    ``like`` is the run whose unit of time is used.

    Raises:
        UnknownName: no such field.
        WrongRequest: there is nothing to take the front from.
    """
    name = name or front_field(run)
    if name is None:
        raise WrongRequest("no cells, so no front", code="no-front", place=str(run.path), remedy="name a field and a level")
    if name not in run.fields:
        raise unknown(run.path, "field", name, run.fields, code="no-field")
    factor, unit = time_scale(run, like)
    length, length_unit = scale(run, "length")
    if level is not None or along is not None:
        if level is None:
            raise WrongRequest("a front along a line needs a level", code="wrong-arguments", place="--along", remedy="give --level")
        line = Line(run, along or "x")
        return Front(
            run.times * factor, line.level(name, level), name, f"{line.label.split(' (')[0]} where {name} = {level:g}", length_unit, unit
        )
    key = f"{name}.front.{'xmax' if run.dim == 1 else 'distance'}"
    table = run.series
    if key not in table:
        raise WrongRequest(f"series.csv has no {key}", code="no-column", place=str(run.path), remedy="give a level")
    what = "front of " + name + (", x" if run.dim == 1 else ", distance from the centre")
    return Front(table["time"] * factor, length * table[key], name, what, length_unit, unit)


def fit(found: Front, first: float | None = None, last: float | None = None) -> Fit:
    """The line through the positions between two times (in the unit of the plot); by default through the second half.

    Raises:
        WrongRequest: fewer than three positions lie between these times.
    """
    low = (found.times[0] + found.times[-1]) / 2 if first is None else first
    high = found.times[-1] if last is None else last
    tiny = 1e-9 * (found.times[-1] - found.times[0])
    used = np.isfinite(found.positions) & (found.times >= low - tiny) & (found.times <= high + tiny)
    if used.sum() < 3:
        raise WrongRequest(
            f"the fit needs three positions of the front; there are {used.sum()} between t = {low:g} and {high:g}",
            code="too-few-outputs",
            place="--fit",
            remedy="choose a longer time, or a smaller output.every",
        )
    t, x = found.times[used], found.positions[used]
    middle = t.mean()
    spread = float(((t - middle) ** 2).sum())
    speed = float(((t - middle) * x).sum() / spread)
    rest = x - x.mean() - speed * (t - middle)
    error = float(np.sqrt((rest**2).sum() / (len(t) - 2) / spread))
    return Fit(speed, error, float(x.mean() - speed * middle), float(t[0]), float(t[-1]), int(used.sum()))


def sentence(found: Front, line: Fit) -> str:
    """The result in words: ``front of tumour, x: 0.212 ± 0.003 µm/h from t = 60 h to 120 h (11 outputs)``."""
    unit = f" {found.unit or '1'}/{found.time_unit or '1'}" if found.unit or found.time_unit else ""
    time = f" {found.time_unit}" if found.time_unit else ""
    digits = 3 if line.speed == 0 or line.error == 0 else int(np.clip(np.ceil(np.log10(abs(line.speed) / line.error)) + 1, 2, 8))
    return (
        f"{found.what}: {line.speed:.{digits}g} ± {line.error:.1g}{unit} "
        f"from t = {line.first:g}{time} to {line.last:g}{time} ({line.count} outputs)"
    )
