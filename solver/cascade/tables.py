"""The folder of a cascade: tables with a line of names, and manifest.json with the unit of every column and how it was drawn."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ..circulation.histories import Way
from ..circulation.plan import Plan
from ..circulation.results import Fate, Units
from ..output.folder import replace_text
from ..scenario.cascade_columns import SAMPLE
from .draw import KINDS, Drawn, interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EVENTS, ORGANS, NODES, SIZES, BLOOD, RELAPSE, LEDGER, FACTS = (
    "events.csv",
    "organs.csv",
    "nodes.csv",
    "sizes.csv",
    "blood.csv",
    "relapse.csv",
    "ledger.csv",
    "manifest.json",
)
AT_ONCE = 20_000  # units
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TIMES = ("entered", "arrived", "woke", "micro", "macro", "ended")
Rows = Iterable[Sequence[object]]


def _text(value: object) -> object:
    if isinstance(value, (float, np.floating)):
        return "" if not np.isfinite(value) else repr(float(value))
    return int(value) if isinstance(value, np.integer) else value


def _texts(values: Floats) -> list[object]:
    """``_text`` of many."""
    found = np.full(len(values), "", dtype=object)
    there = np.isfinite(values)
    found[there] = [repr(value) for value in values[there].tolist()]
    return list(found.tolist())


class Events:
    """events.csv as it grows, a unit per line; it takes the place of an older one when it is whole."""

    def __init__(self, path: Path, plan: Plan, parts: Sequence[tuple[str, str]]) -> None:
        self._path, self._plan, self._parts = path, plan, parts
        self._stream: TextIO | None = None

    def __enter__(self) -> Events:
        self._stream = self._path.with_suffix(".part").open("w", encoding="utf-8", newline="")
        csv.writer(self._stream, lineterminator="\n").writerow(event_columns(self._plan))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()
            part = self._path.with_suffix(".part")
            if error is None:
                part.replace(self._path)
            else:
                part.unlink(missing_ok=True)

    def add(self, units: Units, seeds: Ints) -> None:
        """Write units, some at a time: as Python's own numbers they take ten times their memory."""
        for low in range(0, len(units.history), AT_ONCE):
            some = Units(**{one.name: getattr(units, one.name)[low : low + AT_ONCE] for one in fields(Units)})
            self._add(some, seeds)

    def _add(self, units: Units, seeds: Ints) -> None:
        if self._stream is None:
            return
        fates = {int(fate): fate.name.lower() for fate in Fate}
        parts = [*self._parts, ("", "")]  # -1: none
        places, causes = [*self._plan.places, ""], [*(cause for cause, _ in self._plan.blood.losses), ""]
        vessels, walls = ([parts[k][side] for k in _listed(units.part)] for side in (0, 1))
        columns: list[list[object]] = [_listed(seeds[units.history]), vessels, walls, _listed(units.event), _listed(units.generation)]
        columns += [[places[k] for k in _listed(units.place)], _listed(units.size), *_listed(units.cells.T)]
        columns += [[fates[k] for k in _listed(units.fate)], [causes[k] for k in _listed(units.cause)]]
        columns += [_texts(values) for values in (*(getattr(units, name) for name in TIMES), units.final)]
        csv.writer(self._stream, lineterminator="\n").writerows(zip(*columns, strict=True))


def _listed(values: Any) -> list[Any]:
    """An array as a list of Python's own numbers, whatever its type says of its dimension."""
    found: list[Any] = values.tolist()
    return found


def event_columns(plan: Plan) -> list[str]:
    """The columns of events.csv."""
    kinds = [f"cells:{kind}" for kind in plan.phenotypes]
    return ["history", "vessel", "part", "event", "generation", "place", "size", *kinds, "fate", "cause", *TIMES, "final"]


def organ_rows(found: Drawn) -> tuple[list[str], list[list[object]]]:
    """A row per time and place; the place "anywhere" has chances only."""
    head = ["time", "place", "mean_settled", "mean_dormant", "mean_growing", "dormant", "colonies", "micro", "macro", "cells"]
    for kind in KINDS:
        head += [f"chance_{kind}", f"drawn_{kind}", f"low_{kind}", f"high_{kind}"]
    rows: list[list[object]] = []
    n = found.count
    for q, time in enumerate(found.means.times):
        for o, place in enumerate(found.plan.places):
            row: list[object] = [time, place, found.means.settled[q, o], found.means.dormant[q, o], found.means.growing[q, o]]
            row += [found.sums[name][q, o] / n for name in ("dormant", "colonies", "micro", "macro", "cells")]
            for kind in KINDS:
                row += [getattr(found.chances, kind)[q, o], *_drawn(found.having[kind][q, o], n)]
            rows.append(row)
        row = [time, "anywhere", *[float("nan")] * 8]
        for kind in KINDS:
            row += [getattr(found.chances, f"{kind}_anywhere")[q], *_drawn(found.anywhere[kind][q], n)]
        rows.append(row)
    return head, rows


def _drawn(hits: int, count: int) -> list[float]:
    low, high = interval(int(hits), count)
    return [hits / count, float(low), float(high)]


def node_rows(found: Drawn) -> tuple[list[str], list[list[object]]]:
    """Share of histories with each set of positive levels, by time; the stage is the number of them."""
    levels = len(found.plan.lymph.names)
    rows: list[list[object]] = []
    for kind in KINDS if levels else ():
        for time, stage in zip(found.means.times, found.stages[kind], strict=True):
            for marks, hits in sorted(stage.items()):
                rows.append([time, kind, marks.count("+"), marks, *_drawn(hits, found.count)])
    return ["time", "counted", "stage", "positive", "share", "low", "high"], rows


def size_rows(found: Drawn) -> tuple[list[str], list[list[object]]]:
    """Sizes of colonies that live at the horizon, by place."""
    rows: list[list[object]] = []
    for o, place in enumerate(found.plan.places):
        sizes = np.array(found.sizes.get(o, []))
        if len(sizes):
            rows.append([place, len(sizes), len(sizes) / found.count, float(sizes.mean()), *map(float, np.quantile(sizes, QUANTILES))])
    return ["place", "colonies", "per_history", "mean", *(f"q{round(100 * q):02d}" for q in QUANTILES)], rows


def relapse_rows(found: Drawn, since: float) -> tuple[list[str], list[list[object]]]:
    """Share without a metastasis that shows, by time after the end of the run (when the tumour is taken out, if nothing enters after)."""
    rows: list[list[object]] = []
    for q, time in enumerate(found.means.times):
        share, low, high = _drawn(found.count - int(found.anywhere["macro"][q]), found.count)
        rows.append([time, time - since, 1.0 - found.chances.macro_anywhere[q], share, low, high])
    return ["time", "after", "chance_free", "free", "low", "high"], rows


def ledger_rows(found: Drawn) -> tuple[list[str], list[list[object]]]:
    """Whole cells by account: expected, drawn on average, and the standard deviation among histories."""
    expected = expected_ledger(found)
    rows: list[list[object]] = []
    for name, (one, two) in found.ledger.items():
        mean = one / found.count
        spread = np.sqrt(max(two / found.count - mean**2, 0.0) * found.count / max(found.count - 1, 1))
        rows.append([name, expected.get(name, float("nan")), mean, float(spread)])
    return ["account", "expected", "drawn", "deviation"], rows


def expected_ledger(found: Drawn) -> dict[str, float]:
    """Means at the horizon by the names of accounts of histories."""
    plan, last = found.plan, found.means
    table = {"entered": float(last.entered[-1].sum()), "shed": float(last.shed[-1]), "floating": float(last.blood[-1])}
    table |= {"in cavity": float(last.cavity[-1]), "cleared": float(last.cleared[-1])}
    table |= {f"lost: {cause}": float(last.lost[-1, k]) for k, (cause, _) in enumerate(plan.blood.losses)}
    for what in ("stuck", "starved", "dormant", "faded", "founders"):
        table |= {f"{what}: {place}": float(getattr(last, what)[-1, o]) for o, place in enumerate(plan.places)}
    return table


def blood_rows(found: Drawn, sample: float) -> tuple[list[str], list[list[object]]]:
    """Cells on their way in the blood, on average; the drawn number in a sample is Poisson about it."""
    rows: list[list[object]] = [[time, cells, cells * sample] for time, cells in zip(found.means.times, found.means.blood, strict=True)]
    return ["time", "cells", "per_sample"], rows


def units_of(plan: Plan, time: str) -> dict[str, dict[str, str]]:
    """The unit of every column, by table."""
    counts = ("mean_settled", "mean_dormant", "mean_growing", "dormant", "colonies", "micro", "macro", "cells")
    words = dict(zip(counts, ("units", "cells", "cells", "units", "colonies", "colonies", "colonies", "cells"), strict=True))
    chance = {f"{what}_{kind}": "1" for kind in KINDS for what in ("chance", "drawn", "low", "high")}
    shares = dict.fromkeys(("share", "low", "high"), "1")
    sizes = dict.fromkeys(("mean", *(f"q{round(100 * q):02d}" for q in QUANTILES)), "cells")
    events = {name: "" for name in event_columns(plan)}
    events |= {name: "cells" for name in events if name.startswith("cells:")} | {"size": "cells", "final": "cells"}
    return {
        EVENTS: events | dict.fromkeys(TIMES, time),
        ORGANS: {"time": time, "place": ""} | words | chance,
        NODES: {"time": time, "counted": "", "stage": "levels", "positive": ""} | shares,
        SIZES: {"place": "", "colonies": "colonies", "per_history": "colonies"} | sizes,
        BLOOD: {"time": time, "cells": "cells", "per_sample": f"cells/{SAMPLE}".replace(" ", "")},
        RELAPSE: {"time": time, "after": time, **dict.fromkeys(("chance_free", "free", "low", "high"), "1")},
        LEDGER: {"account": "", "expected": "cells", "drawn": "cells", "deviation": "cells"},
    }


def write(folder: Path, found: Drawn, way: Way, sample: float, since: float, time: str, facts: Mapping[str, object]) -> None:
    """All tables but events.csv. Raises OSError."""
    tables = {
        ORGANS: organ_rows(found),
        NODES: node_rows(found),
        SIZES: size_rows(found),
        BLOOD: blood_rows(found, sample),
        RELAPSE: relapse_rows(found, since),
        LEDGER: ledger_rows(found),
    }
    for name, (head, rows) in tables.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(head)
            writer.writerows([[_text(value) for value in row] for row in rows])
    plan = found.plan
    told = {
        "histories": found.count,
        "first_seed": plan.seed,
        "drawn": "direct" if way == "direct" else "cell by cell",
        "horizon": float(plan.times[-1]),
        "levels": list(plan.lymph.names),
        "places": list(plan.places),
        "sheds": plan.colony.sheds is not None,
        "interval": "95 %, Clopper-Pearson",
        **facts,
        "units": units_of(plan, time),
    }
    replace_text(folder / FACTS, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
