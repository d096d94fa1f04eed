"""What those died of of whom nothing lives, by number: in direct draws they are not drawn one by one.

Whole events die at levels, on surfaces and in the cavity, or come into the blood; there R of k cells stay together, and every unit dies of
something. All chances are those of the means over the whole time, given that nothing lives: numbers are right in the mean, and, where
rates do not vary in time, in distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .book import Book
from .draws import Keys, Purpose, binomial, poisson
from .flock import Flock
from .means import Stock
from .plan import Colony, Entries, Floats, number
from .results import Fate, Ints
from .routes import Body
from .values import interval

STREAM, MISSED = 2 << 32, 3 << 32  # identities of the numbers of a part; of what colonies shed
AGES, SAMPLES = 8, 3  # parts of the time in which what is shed dies alike, and intervals of each that are averaged


@dataclass(frozen=True)
class Law:
    """whole: (K, fronts + 1) of an event of k cells, at the end: into the blood; stays: (K, K + 1) of R; units: (K, ends) of R cells."""

    whole: Floats
    stays: Floats
    units: Floats


class Dying:
    """For the parts where success is rare, and for what is shed."""

    def __init__(self, body: Body, entries: Entries, parts: Sequence[int]) -> None:
        plan = body.plan
        still = Colony(number(0), number(0), plan.colony.micro, plan.colony.macro)
        self.body = Body(replace(plan, colony=still), body.parts)
        self.laws = {part: self._law(entries, part) for part in parts}
        self.way = on_the_way(body)
        self.shed = self._shed() if plan.colony.sheds is not None else None

    def tell(self, seeds: Ints, part: int, events: Ints, units: Ints, rest: Floats, book: Book) -> None:
        """events (H, K): in which nothing lives, by k; units (H, K): dead ones of others, by cells; rest (K,): expected other events."""
        law, most, rows = self.laws[part], len(rest), np.arange(len(seeds))
        draw = _Draw(seeds, STREAM + part)
        units = units.copy()
        fronts, ends = _fronts(self.body, book), _ends(self.body, book)
        for size in range(1, most + 1):
            dead = events[:, size - 1] + draw.poisson(np.full(len(seeds), rest[size - 1]))
            book.gain("entered", rows, dead * size)
            *died, through = draw.split(dead, law.whole[size - 1])
            for column, count in zip(fronts, died, strict=True):
                book.table[:, column] += count * size
            for stays, count in enumerate(draw.split(through, law.stays[size - 1][: size + 1])):
                units[:, 0] += count * (size - stays if stays != 1 else size)
                if stays > 1:
                    units[:, stays - 1] += count
        for size in range(1, most + 1):
            for column, count in zip(ends, draw.split(units[:, size - 1], law.units[size - 1]), strict=True):
                book.table[:, column] += count * size

    def tell_shed(self, dead: Flock, place: int, book: Book) -> None:
        """Singles that colonies of a place shed, one by one."""
        assert self.shed is not None
        kind, when = dead.cells.argmax(axis=1), interval(self.body.times, dead.entered)
        law = self.shed[place, kind, ages(self.body.times)[when]]
        law = law * np.where(self._at_once(place), 1, 1 - self.way[place, kind, when][:, None])
        u = dead.keys.uniform(Purpose.LEDGER)[0] * law.sum(axis=1)
        which = np.minimum((u[:, None] > np.cumsum(law, axis=1)).sum(axis=1), law.shape[1] - 1)
        np.add.at(book.table, (dead.history, np.array(_all(self.body, book))[which]), 1)

    def tell_missed(self, seeds: Ints, generation: int, expected: Floats, late: Floats, book: Book) -> None:
        """Others that colonies shed, expected (ages, H, O, P); late: of them on their way at the horizon. Every end is a Poisson number."""
        assert self.shed is not None
        columns, everyone = _all(self.body, book), np.arange(len(seeds))
        for place in range(expected.shape[2]):
            if not expected[:, :, place].any():
                continue
            cavity = self.body.routes[len(self.body.parts) + place].kind == "cavity"
            floating = book.first[Fate.CAVITY if cavity else Fate.FLOATING]
            at_once = self._at_once(place)
            waits, dies = np.zeros(len(seeds)), np.zeros((len(columns), len(seeds)))
            for kind, age in np.ndindex(expected.shape[3], len(expected)):
                law, every, some = self.shed[place, kind, age], expected[age, :, place, kind], late[age, :, place, kind]
                waits += some * law[~at_once].sum()
                dies += law[:, None] * np.where(at_once[:, None], every, every - some)
            draw = _Draw(seeds, MISSED + place, generation << 20)
            for column, mean in zip((floating, *columns), (waits, *dies), strict=True):
                count = draw.poisson(np.maximum(mean, 0))
                book.gain("shed", everyone, count)
                book.table[:, column] += count

    def _at_once(self, place: int) -> NDArray[np.bool_]:
        """(ends,) whether what a place sheds dies of it where it comes to at once: at a level."""
        losses, beds = len(self.body.plan.blood.losses), self.body.beds
        out = np.zeros(losses + beds + len(self.body.plan.places) + 1, dtype=bool)
        if self.body.routes[len(self.body.parts) + place].kind == "lymph":
            out[losses + 2 * beds : losses + 2 * beds + self.body.nodes] = True
        return out

    def _law(self, entries: Entries, part: int) -> Law:
        body, most = self.body, len(self.body.plan.sizes)
        only = np.zeros_like(entries.cells)
        only[:, part] = entries.cells[:, part]
        stock = Stock(body, float(entries.times[0]))
        for step in range(1, len(entries.times)):
            stock.advance(float(entries.times[step]), only[step])
        if body.times[-1] > stock.time:
            stock.advance(float(body.times[-1]), only[-1])
        sizes = stock.classes.size
        beds = body.beds

        def by_size(rows: Floats) -> Floats:
            rows = np.atleast_2d(rows)
            return np.stack([rows[:, sizes == size].sum(axis=1) for size in range(1, most + 1)])

        fronts = by_size(np.vstack([stock.starved[beds:], stock.cleared, stock.cavity, stock.through]))
        lost = [stock.lost * share for _, share in body.plan.blood.losses]
        all_dead = np.vstack([*lost, stock.stuck[:beds], stock.starved[:beds], stock.blood.sum(0)])
        live = stock.settled[:beds].sum(axis=0)
        seen = all_dead.sum(axis=0) + live
        stays = self._stays(stock, 1 - live / np.where(seen > 0, seen, 1))
        fronts[:, -1] = stays.sum(axis=1)
        return Law(_unit(fronts), _unit(stays), _unit(by_size(all_dead)))

    def _stays(self, stock: Stock, dies: Floats) -> Floats:
        """(K, K + 1): units of k cells that come into the blood, of which R stay together and nothing lives; dies: (M,) of each class."""
        classes, most = stock.classes, len(self.body.plan.sizes)
        whole, cluster, stays, loose, _ = classes.ways
        none = (dies[: loose.shape[1]] ** loose).prod(axis=1) * np.where(cluster >= 0, dies[cluster], 1)
        out = np.zeros((most, most + 1))
        for apart, units in stock.parted.items():
            np.add.at(out, (classes.size[whole] - 1, stays), units[whole] * classes.splits(np.array(apart)) * none)
        return out

    def _shed(self) -> Floats:
        """(O, P, ages, ends): of a single shed in each place that does not live."""
        body, kinds = self.body, len(self.body.plan.phenotypes)
        out = []
        age = ages(body.times)
        for place, kind, part in np.ndindex(len(body.plan.places), kinds, AGES):
            stock = Stock(body)
            inside = np.flatnonzero(age == part)
            for when in inside[np.unique(np.linspace(0, len(inside) - 1, SAMPLES).astype(int))] if len(inside) else inside:
                stock.pending[place, kind] = 1
                long = 1e6 * float(body.plan.blood.transit.max())
                if body.plan.cavity.names:
                    rates = body.leaves_cavity().sum(axis=0)
                    long = max(long, 1e3 / max(float(rates.min()), 1e-300))
                stock.step(int(when), min(long, 1e12), np.zeros_like(stock.entered))
                stock.pending[:] = 0
            beds = body.beds
            lost = [stock.lost.sum() * share for _, share in body.plan.blood.losses]
            out.append(np.concatenate([lost, stock.stuck[:beds].sum(axis=1), stock.starved.sum(axis=1), [stock.cleared.sum()]]))
        return _unit(np.array(out)).reshape(len(body.plan.places), kinds, AGES, -1)


def ages(times: Floats) -> Ints:
    """(T,) which of equal parts of the whole time an interval lies in."""
    return np.arange(len(times) - 1) * AGES // (len(times) - 1)


def on_the_way(body: Body) -> Floats:
    """(O, P, T): chance that a single from a place that enters the blood, or the cavity, in an interval is there at the horizon."""
    plan, parts, kinds = body.plan, len(body.parts), len(body.plan.phenotypes)
    spans = np.diff(body.times)
    out = np.zeros((len(plan.places), kinds, len(spans)))
    for place in range(len(plan.places)):
        route = body.routes[parts + place]
        rate = np.broadcast_to(1 / plan.blood.transit, out.shape[1:])
        if route.kind == "cavity":
            rate = np.broadcast_to(body.leaves_cavity().sum(axis=0), out.shape[1:])
        passed = rate * spans
        after = np.cumsum(passed[:, ::-1], axis=1)[:, ::-1] - passed
        with np.errstate(divide="ignore", invalid="ignore"):
            out[place] = np.where(passed > 0, -np.expm1(-passed) / passed, 1) * np.exp(-after)
    return out


class _Draw:
    """Numbers of a stream of each history, one after the other."""

    def __init__(self, seeds: Ints, stream: int, index: int = 0) -> None:
        self.keys = Keys(seeds.astype(np.uint64), np.full(len(seeds), stream, dtype=np.uint64))
        self.index = index

    def poisson(self, mean: Floats) -> Ints:
        self.index += 1
        return poisson(self.keys, Purpose.LEDGER, mean, self.index).astype(np.int64)

    def split(self, total: Ints, chances: Floats) -> list[Ints]:
        """Multinomial numbers, one after the other."""
        out, left = [], total.copy()
        after = np.cumsum(chances[::-1])[::-1]
        for chance, rest in zip(chances, after, strict=True):
            some = np.zeros_like(left)
            on = np.flatnonzero(left > 0) if chance > 0 else np.zeros(0, dtype=np.int64)
            self.index += 1  # also for nobody: the numbers of a history do not depend on others
            if len(on):
                some[on] = binomial(self.keys.take(on), Purpose.LEDGER, left[on].astype(float), np.array(chance / rest), self.index).astype(
                    np.int64
                )
            out.append(some)
            left = left - some
        return out


def _unit(rows: Floats) -> Floats:
    """Rows that add up to 1; a row of nothing is all at its end."""
    total = rows.sum(axis=1, keepdims=True)
    last = np.zeros_like(rows)
    last[:, -1] = 1
    return np.where(total > 0, rows / np.where(total > 0, total, 1), last)


def _fronts(body: Body, book: Book) -> list[int]:
    """Accounts of levels and surfaces, of the cavity."""
    starved = book.first[Fate.STARVED]
    return [*range(starved + body.beds, starved + len(body.plan.places)), book.first[Fate.CLEARED], book.first[Fate.CAVITY]]


def _ends(body: Body, book: Book) -> list[int]:
    """Accounts of losses in the blood, of beds, of the blood."""
    lost, stuck, starved = (book.first[fate] for fate in (Fate.LOST, Fate.STUCK, Fate.STARVED))
    losses, beds = len(body.plan.blood.losses), body.beds
    return [*range(lost, lost + losses), *range(stuck, stuck + beds), *range(starved, starved + beds), book.first[Fate.FLOATING]]


def _all(body: Body, book: Book) -> list[int]:
    lost, stuck, starved = (book.first[fate] for fate in (Fate.LOST, Fate.STUCK, Fate.STARVED))
    losses, beds, places = len(body.plan.blood.losses), body.beds, len(body.plan.places)
    return [*range(lost, lost + losses), *range(stuck, stuck + beds), *range(starved, starved + places), book.first[Fate.CLEARED]]
