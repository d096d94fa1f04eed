"""Drawn histories: the same for a seed, whatever else is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from .book import Book
from .colony import Grown, grow
from .direct import Direct
from .entry import enter, integrated, mean_size
from .errors import CirculationError
from .flock import joined
from .passage import Landed, passage
from .plan import Entries, Floats, Plan
from .results import Fate, History, Ints, Units
from .routes import Body

Way = Literal["direct", "cells"]
AT_ONCE = 400_000  # units in memory
MOST = 10_000_000  # units of one history, which has to be in memory whole
GENERATIONS = 1000


def histories(
    plan: Plan, entries: Entries, seeds: Sequence[int] | Ints, way: Way = "direct", everything: bool = False
) -> Iterator[History]:
    """Histories of these seeds, in batches of bounded memory.

    way: ``direct`` draws only what may live and is told what became of the others by numbers; ``cells`` goes unit by unit; equal in
    distribution, but not the same histories. everything: units that died are listed as well (with ``cells``).
    Raises: CirculationError if more enters, or colonies shed more, than can be followed.
    """
    if entries.times[-1] > plan.times[-1]:
        entries = entries.until(float(plan.times[-1]))
    body = Body(plan, entries.parts)
    direct = Direct(body, entries) if way == "direct" else None
    numbers = np.asarray(seeds, dtype=np.int64)
    each = cost(plan, entries, 1, direct)
    if each > MOST:
        what = f"{each:.3g} {'cells' if direct is None else 'events of which something may live'} would be drawn one by one in a history"
        remedy = "lower circulation.stands_for, or use the means and chances"
        remedy += " or --direct" if direct is None else ""
        raise CirculationError(f"{what}; {MOST:,} can be", code="too-many", place="circulation.stands_for", remedy=remedy)
    rows = max(1, int(AT_ONCE / max(each, 1)), 1)
    rows = min(rows, max(1, 16_000_000 // max(1, len(plan.report) * len(plan.places) * 5 + 1)))
    todo = [numbers[low : low + rows] for low in range(0, len(numbers), rows)][::-1]
    while todo:
        some = todo.pop()
        try:
            batch = _batch(body, entries, some, direct, everything)
        except CirculationError:
            if len(some) == 1:
                raise
            todo += [some[len(some) // 2 :], some[: len(some) // 2]]  # their colonies shed too much at once
        else:
            yield batch


def cost(plan: Plan, entries: Entries, number: int, direct: Direct | None = None) -> float:
    """Cells, or with ``direct`` events, that histories draw one by one, apart from what colonies shed; a second does some 200,000."""
    if direct is not None:
        return number * direct.expected()
    return number * sum(float(integrated(plan, entries, part)[-1]) * mean_size(plan.sizes) for part in range(len(entries.parts)))


def _batch(body: Body, entries: Entries, seeds: Ints, direct: Direct | None, everything: bool) -> History:
    plan = body.plan
    book = Book(plan, len(seeds))
    found: list[tuple[list[Landed], Grown]] = []
    counts: dict[str, Floats] = {}
    if direct is None:
        first = joined([enter(plan, entries, seeds, part) for part in range(len(entries.parts))])
        book.gain("entered", first.history, first.size)
        dead, alive, place = passage(body, first)
    else:
        dead, alive, place = direct.enter(seeds, book)
    before = 0
    for generation in range(GENERATIONS):
        for one in dead:
            book.spend(one.fate, one.place, one.cause, one.flock.history, one.flock.size)
        grown = grow(body, alive, place, len(seeds), None if direct is None else direct.thin)
        alike = np.full(len(alive), -1)
        book.spend(grown.fate, place, alike, alive.history, alive.size)
        found.append((dead if everything else [], grown))
        for name, values in grown.counts.items():
            counts[name] = counts[name] + values if name in counts else values
        if direct is not None and plan.colony.sheds is not None:
            direct.dying.tell_missed(seeds, generation, grown.missed, grown.late, book)
        if not grown.shed:
            break
        listed = sum(len(one.flock) for one in dead) if everything else 0
        young = joined([flock.now(parent=parent + before + listed) for flock, parent in grown.shed])
        before += len(alive) + listed
        if direct is None:
            book.gain("shed", young.history, young.size)
            dead, alive, place = passage(body, young)
        else:
            dead, alive, place = direct.shed(young, book)
    else:
        what = f"colonies of colonies have not come to an end after {GENERATIONS} generations"
        remedy = "give a lower rate of shedding, or an earlier end"
        raise CirculationError(what, code="too-many", place="organs.colony.sheds", remedy=remedy)
    units = _units([piece for dead, grown in found for piece in (*map(_of_dead, dead), _of_grown(grown))])
    whole = {name: values.astype(np.int64) for name, values in counts.items() if name != "cells"}
    return History(seeds, units, book.accounts, book.gains, book.table, **whole, cells=counts["cells"])


def _units(pieces: Sequence[Units]) -> Units:
    """All units, by history and then by the order they were found in; parents follow."""
    names = list(Units.__dataclass_fields__)
    columns = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names}
    order = np.argsort(columns["history"], kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    parents = columns["parent"]
    columns["parent"] = np.where(parents >= 0, rank[np.maximum(parents, 0)] if len(rank) else parents, -1)
    return Units(**{name: column[order] for name, column in columns.items()})


def _of_dead(one: Landed) -> Units:
    flock, never = one.flock, np.full(len(one.flock), np.inf)
    gone = np.isin(one.fate, (Fate.FLOATING, Fate.CAVITY))
    arrived = np.where(one.place >= 0, flock.time, np.inf)
    return Units(
        flock.history, flock.event, flock.part, flock.parent, flock.generation, one.place, flock.size, flock.cells, one.cause, one.fate,
        flock.entered, arrived, never, never, never, np.where(gone, np.inf, flock.time), np.zeros(len(flock)),
    )  # fmt: skip


def _of_grown(grown: Grown) -> Units:
    flock = grown.flock
    return Units(
        flock.history, flock.event, flock.part, flock.parent, flock.generation, grown.place, flock.size, flock.cells,
        np.full(len(flock), -1), grown.fate, flock.entered, flock.time, grown.woke, grown.micro, grown.macro, grown.ended, grown.final,
    )  # fmt: skip
