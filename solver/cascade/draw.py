"""Drawn histories of a cascade, added up as they come: counts by place and time, nodal stage, sizes, the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..circulation.chances import chances
from ..circulation.histories import Way, histories
from ..circulation.means import means
from ..circulation.plan import Entries, Plan
from ..circulation.results import Chances, Fate, History, Means, Units
from ..scenario.schema import Scenario
from .build import plan_of
from .entered import Table, entries_of, followed, scalars_of
from .grid import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REPORTS, FEW = 100, 20  # times at which histories are looked at, about; where rates change, as each costs a pass through the grid then
KINDS = ("micro", "macro")


@dataclass
class Drawn:
    """What n histories came to at Q times in O places, with L levels of lymph nodes among them.

    having, anywhere: kind -> (Q, O) and (Q,) histories with at least one. sums: name -> (Q, O) numbers added up over histories.
    stages: kind -> for each time, how often each set of positive levels occurred, as "+-" for the first of two.
    ledger: account -> sum, and sum of squares. sizes: (place, cells) of colonies that live at the horizon.
    """

    plan: Plan
    entries: Entries
    means: Means
    chances: Chances
    count: int = 0
    having: dict[str, Ints] = field(default_factory=dict)
    anywhere: dict[str, Ints] = field(default_factory=dict)
    sums: dict[str, Floats] = field(default_factory=dict)
    stages: dict[str, list[Counter[str]]] = field(default_factory=dict)
    ledger: dict[str, tuple[float, float]] = field(default_factory=dict)
    sizes: dict[int, list[float]] = field(default_factory=dict)

    def add(self, history: History) -> None:
        """Count a batch."""
        beds, levels = len(self.plan.beds.names), len(self.plan.lymph.names)
        self.count += len(history.seeds)
        for kind in KINDS:
            there = getattr(history, kind) > 0
            self.having[kind] = self.having.get(kind, 0) + there.sum(axis=0)
            self.anywhere[kind] = self.anywhere.get(kind, 0) + there.any(axis=2).sum(axis=0)
            stages = self.stages.setdefault(kind, [Counter() for _ in self.plan.report])
            if levels:
                for stage, at in zip(stages, np.moveaxis(there[:, :, beds : beds + levels], 1, 0), strict=True):
                    sets, hits = np.unique(np.packbits(at, axis=1), axis=0, return_counts=True)
                    marks = np.where(np.unpackbits(sets, axis=1, count=levels), "+", "-")
                    stage.update({"".join(row): int(number) for row, number in zip(marks, hits, strict=True)})
        for name in ("dormant", "colonies", "micro", "macro", "cells"):
            self.sums[name] = self.sums.get(name, 0.0) + getattr(history, name).sum(axis=0)
        for name, column in zip(history.accounts, np.asarray(history.ledger, dtype=float).T, strict=True):
            one, two = self.ledger.get(name, (0.0, 0.0))
            self.ledger[name] = (one + float(column.sum()), two + float((column**2).sum()))
        living = history.units.fate == Fate.COLONY
        for place, cells in zip(history.units.place[living].tolist(), history.units.final[living].tolist(), strict=True):
            self.sizes.setdefault(place, []).append(cells)


def changing(options: object) -> bool:
    """Whether something of a plan changes in time."""
    if isinstance(options, Plan):
        parts = (options.blood, options.beds, options.dormancy, options.colony, options.lymph, options.cavity)
        return any(changing(part) for part in parts) or options.soil.shape[-1] > 1 or options.extravasation.shape[-1] > 1
    if not is_dataclass(options):
        return False
    plain = ("routes", "systemic", "micro", "macro", "limit", "start", "exponent")
    values = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in plain}
    return any(value.shape[-1] > 1 if isinstance(value, np.ndarray) else changing(value) for value in values.values())


def prepared(scenario: Scenario, table: Table) -> tuple[Plan, Entries]:
    """The plan of a run that is done, and what entered until the horizon."""
    scalars = scalars_of(table)
    plan = plan_of(scenario, scalars, REPORTS)
    if changing(plan):
        plan = replace(plan, report=sorted({*plan.report[:: REPORTS // FEW], plan.report[-1]}))
    return plan, followed(scenario, entries_of(scenario, table), Grid(scenario, plan.times, scalars))


def draw(
    plan: Plan, entries: Entries, count: int, way: Way = "direct", each: Callable[[Units, Ints], None] = lambda units, seeds: None
) -> Drawn:
    """``count`` histories from the plan's seed on; ``each`` gets the units of every batch and the seeds of its histories.

    Of a single one there are no chances where rates change, as these cost more than the history.

    Raises CirculationError for what cannot be drawn.
    """
    wanted = KINDS if count > 1 or not changing(plan) else ()
    found = Drawn(plan, entries, means(plan, entries, plan.times[list(plan.report)]), chances(plan, entries, wanted))
    for batch in histories(plan, entries, range(plan.seed, plan.seed + count), way):
        found.add(batch)
        each(batch.units, batch.seeds)
    return found


def interval(hits: Ints | int, count: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Of a chance, after so many hits in ``count`` draws: Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404."""
    from scipy.special import betaincinv

    k, tail = np.asarray(hits, dtype=float), 0.5 * (1.0 - level)
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), count - k + 1, tail), 0.0)
    high = np.where(k < count, betaincinv(k + 1, np.maximum(count - k, 1), 1.0 - tail), 1.0)
    return low, high
