"""What has entered vessels, by part and phenotype, at every accepted step: columns of entries.csv, and entries of the cascade.

Columns are ``VESSEL/PART.entered:SPECIES``, or ``VESSEL.entered:SPECIES`` of all parts that have no column of their own, in cells of one
block since the run began; ``scalar.NAME`` of scalars that rates of the cascade name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..circulation.plan import Entries
from ..scenario.check_cascade import phenotypes
from ..scenario.formulas import Formula
from ..scenario.schema import Scenario
from .build import parts_of
from .grid import Grid, Steps

Floats = NDArray[np.float64]
Table = Mapping[str, Sequence[float] | Floats]  # columns, with "time"
ENTERED, SCALAR = ".entered:", "scalar."


def column(vessel: str, part: str, species: str) -> str:
    """The column of a part of a vessel ("" for those that have none of their own)."""
    return f"{vessel}{'/' if part else ''}{part}{ENTERED}{species}"


def scalars_of(table: Table) -> Steps:
    """The scalars of a table, in time."""
    times = np.asarray(table["time"], dtype=float)
    return {name.removeprefix(SCALAR): (times, np.asarray(table[name], dtype=float)) for name in table if name.startswith(SCALAR)}


def entries_of(scenario: Scenario, table: Table) -> Entries:
    """What a table says has entered until its last time: cells of one block since its first."""
    kinds = phenotypes(scenario)
    found: dict[tuple[str, str], dict[str, Floats]] = {}
    for name in table:
        place, mark, species = name.rpartition(ENTERED)
        if mark:
            vessel, _, part = place.partition("/")
            found.setdefault((vessel, part), {})[species] = np.asarray(table[name], dtype=float)
    times = np.asarray(table["time"], dtype=float)
    none = np.zeros(len(times))
    cells = np.stack([np.stack([columns.get(kind, none) for kind in kinds], axis=-1) for columns in found.values()], axis=1)
    cells = np.maximum.accumulate(cells - cells[:1], axis=0)  # rounding could make a sum of several ranks fall
    return Entries(times, cells, parts_of(scenario, list(found)))


def followed(scenario: Scenario, entries: Entries, grid: Grid) -> Entries:
    """Entries until the horizon, by ``circulation.after``: nothing, the flux of the last step, or a stated number per time."""
    after = "none" if scenario.circulation is None else scenario.circulation.after
    end = float(grid.times[-1])
    if not isinstance(after, Formula):
        return entries.until(end, last=after == "last")
    last = float(entries.times[-1])
    times = np.append(last, grid.times[grid.times > last])
    shares = entries.cells[-1] - entries.cells[-2] if len(entries.times) > 1 else entries.cells[-1]
    shares = shares if shares.any() else entries.cells[-1]
    shares = shares / shares.sum() if shares.any() else np.full_like(shares, 1.0 / shares.size)
    amount = grid.amount(after, "circulation.after")
    more = np.interp(times, grid.times, amount) - np.interp(last, grid.times, amount)
    cells = entries.cells[-1] + more[1:, None, None] * shares
    return Entries(np.append(entries.times, times[1:]), np.concatenate([entries.cells, cells]), entries.parts)
