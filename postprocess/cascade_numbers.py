"""Numbers of the cascade of a run that is done, over time up to its horizon: chances in closed form, and expected cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from invasio.solver.cascade.draw import prepared
from invasio.solver.cascade.finished import read
from invasio.solver.circulation.chances import chances
from invasio.solver.circulation.means import means
from invasio.solver.circulation.plan import Plan
from invasio.solver.output.layout import ENTRIES
from invasio.solver.scenario.cascade_numbers import ANYWHERE, Named, named

from .faults import unknown

Floats = NDArray[np.float64]


def over_time(run: Path, texts: Sequence[str], at: Sequence[float] = ()) -> dict[str, tuple[Floats, Floats]]:
    """Times of the cascade's grid, among them those about each of ``at``, and the values of each number that a text names.

    Raises UnknownName where the run's cascade has no such number, ScenarioError where it has no cascade.
    """
    table = run / ENTRIES
    stamp = table.stat().st_mtime_ns if table.is_file() else 0
    return _over_time(run, tuple(dict.fromkeys(texts)), tuple(sorted({*at})), stamp)


@lru_cache(maxsize=128)
def _over_time(run: Path, texts: tuple[str, ...], at: tuple[float, ...], stamp: int) -> dict[str, tuple[Floats, Floats]]:
    scenario, table = read(run)
    plan, entries = prepared(scenario, table)
    about = np.searchsorted(plan.times, np.array(at)) if at else np.array([], dtype=int)
    more = {int(k) for k in (*about, *(about - 1)) if 0 <= k < len(plan.times)}
    plan = replace(plan, report=sorted({0, *plan.report, *more}))
    wanted = {text: found for text in texts if (found := named(text)) is not None and found.place in ("", ANYWHERE, *plan.places)}
    for text in texts:
        if text not in wanted:
            raise unknown(run, "number of the cascade", text, [f"... in {place}" for place in plan.places], code="unknown-name")
    times = plan.times[list(plan.report)]
    expected = means(plan, entries, times) if any(not one.chance for one in wanted.values()) else None
    kinds = sorted({one.what for one in wanted.values() if one.chance})
    likely = chances(plan, entries, kinds) if kinds else None
    return {text: (times, _values(likely if one.chance else expected, one, plan)) for text, one in wanted.items()}


def _values(found: object, one: Named, plan: Plan) -> Floats:
    """(times,) the number in its place, or the sum over places, or the chance that it is anywhere."""
    if one.chance and one.place == ANYWHERE:
        return np.asarray(getattr(found, f"{one.what}_anywhere"))
    values = np.asarray(getattr(found, one.what), dtype=float)
    if one.place in ("", ANYWHERE):
        return values.reshape(len(values), -1).sum(axis=1)
    return values[:, plan.places.index(one.place)]
