"""What those died of of whom nothing lives, by number: in direct draws they are not drawn one by one.

Whole events die at levels, on surfaces and in the cavity, or come into the blood; there R of k cells stay together, and every unit dies of
something. All chances are those of the means over the whole time, given that nothing lives: numbers are right in the mean, and, where
rates do not vary in time, in distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import comb

from .book import Book
from .draws import Keys, Purpose, binomial, poisson
from .flock import Flock
from .means import Stock
from .plan import Colony, Entries, Floats, number
from .results import Fate, Ints
from .routes import Body

STREAM, MISSED = 2 << 32, 3 << 32  # identities of the numbers of a part; of what colonies shed
SAMPLES = 8  # intervals that what is shed is averaged over


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
        law = self.shed[place, dead.cells.argmax(axis=1)]
        u = dead.keys.uniform(Purpose.LEDGER)[0]
        which = np.minimum((u[:, None] > np.cumsum(law, axis=1)).sum(axis=1), law.shape[1] - 1)
        np.add.at(book.table, (dead.history, np.array(_all(self.body, book))[which]), 1)

    def tell_missed(self, seeds: Ints, generation: int, expected: Floats, book: Book) -> None:
        """Others that colonies shed, expected (H, O, P)."""
        assert self.shed is not None
        columns = _all(self.body, book)
        for place in range(expected.shape[1]):
            if not expected[:, place].any():
                continue
            draw = _Draw(seeds, MISSED + place, generation << 20)
            for kind in range(expected.shape[2]):
                dead = draw.poisson(expected[:, place, kind])
                book.gain("shed", np.arange(len(seeds)), dead)
                for column, count in zip(columns, draw.split(dead, self.shed[place, kind]), strict=True):
                    book.table[:, column] += count

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
        dead = by_size(
            np.vstack(
                [*(stock.lost * share for _, share in body.plan.blood.losses), stock.stuck[:beds], stock.starved[:beds], stock.blood.sum(0)]
            )
        )
        live = by_size(stock.settled[:beds]).sum(axis=1)
        seen = dead.sum(axis=1) + live
        dies = 1 - live / np.where(seen > 0, seen, 1)
        k, r = np.arange(1, most + 1)[:, None], np.arange(most + 1)[None]
        alone = np.maximum(k - r + (r == 1), 0)
        stays = np.zeros((most, most + 1))
        for apart, whole in stock.parted.items():
            chance = np.where(r <= k, comb(k, r) * (1 - apart) ** r * apart ** np.maximum(k - r, 0), 0)
            stays += by_size(whole) * chance
        stays /= np.maximum(stays.sum(axis=1, keepdims=True), 1e-300)
        stays = stays * dies[0] ** alone * np.where(r > 1, dies[np.maximum(r - 1, 0)], 1)
        fronts[:, -1] *= stays.sum(axis=1)
        return Law(_unit(fronts), _unit(stays), _unit(dead))

    def _shed(self) -> Floats:
        """(O, P, ends): of a single shed in each place that does not live."""
        body, kinds = self.body, len(self.body.plan.phenotypes)
        out = []
        intervals = np.unique(np.linspace(0, len(body.times) - 2, SAMPLES).astype(int))
        for place in range(len(body.plan.places)):
            for kind in range(kinds):
                stock = Stock(body)
                for when in intervals:
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
        law = np.array(out).reshape(len(body.plan.places), kinds, -1)
        return _unit(law.reshape(-1, law.shape[2])).reshape(law.shape)


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
            if len(on):
                self.index += 1
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
