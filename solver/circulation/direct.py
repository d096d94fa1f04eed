"""Direct draws: only events of which something may live, each from the conditional joint law of its units.

Events with a mark (how they live) are a Poisson process in time and marks. It is drawn from a process with constant bounds of the marks'
chances and thinned by true over bound at the true time and phenotypes, so what is kept has the law of the cascade cell by cell,
correlations between the units of an event included. Events of which nothing lives are independent of those, and are told what they died of
by number (dying.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .book import Book
from .candidates import Bounds, Rows
from .colony import Thin
from .draws import Keys, Purpose
from .dying import AGES, Dying, ages
from .entry import DIRECT, arrivals, begin, enter, integrated, mixes, times_at
from .flock import Flock, joined
from .passage import Landed, beds_of, chosen, passage
from .plan import Entries, Floats
from .results import Fate, Ints
from .routes import Body
from .special import comb
from .values import in_places, interval, of_all, of_cells, of_units, waited

Bools = NDArray[np.bool_]


class Direct:
    """Of the entries of a plan; thin: of what colonies shed."""

    def __init__(self, body: Body, entries: Entries) -> None:
        self.body, self.entries, self.plan = body, entries, body.plan
        self.limits = Bounds(body)
        parts = len(body.parts)
        chances = [self.limits.of_sizes(number) for number in range(len(body.routes))]
        self.rare = [bool((chance <= 1).all()) for chance in chances[:parts]] + [bool(chance[0] <= 1) for chance in chances[parts:]]
        self.chances = chances
        self.dying = Dying(body, entries, [number for number in range(parts) if self.rare[number]])
        self.thin = Thin(np.array([min(chance[0], 1.0) for chance in chances[parts:]]), self.dying.way, ages(body.times), AGES)

    def expected(self) -> float:
        """Events that a history draws one by one."""
        sizes = np.arange(1, len(self.plan.sizes) + 1)
        every = [float(integrated(self.plan, self.entries, part)[-1]) for part in range(len(self.body.parts))]
        each = [float(self.plan.sizes @ (self.chances[part] if self.rare[part] else sizes)) for part in range(len(self.body.parts))]
        return sum(events * share for events, share in zip(every, each, strict=True))

    def enter(self, seeds: Ints, book: Book) -> tuple[list[Landed], Flock, Ints]:
        """What entered by all parts: as ``passage``; what died is in the book already where success is rare."""
        dead: list[Landed] = []
        alive: list[tuple[Flock, Ints]] = []
        for part in range(len(self.body.parts)):
            if self.rare[part]:
                alive.append(self._rarely(seeds, part, book))
            else:
                every = enter(self.plan, self.entries, seeds, part)
                book.gain("entered", every.history, every.size)
                died, lives, place = passage(self.body, every)
                dead += died
                alive.append((lives, place))
        return dead, joined([flock for flock, _ in alive]), np.concatenate([place for _, place in alive])

    def _rarely(self, seeds: Ints, part: int, book: Book) -> tuple[Flock, Ints]:
        integral, rows = integrated(self.plan, self.entries, part), self.limits.rows[part]
        weights = rows.weight * self.plan.sizes[rows.size - 1]
        total = float(weights.sum())
        history, number, amount, second, keys = arrivals(seeds, DIRECT + part, float(integral[-1]) * total)
        time, step = times_at(amount, integral * total, self.entries.times)
        row = chosen(second, np.broadcast_to(weights, (len(history), len(weights)))) if len(history) else np.zeros(0, dtype=np.int64)
        size = rows.size[row] if len(rows.size) else row
        kinds = self._kinds(keys, size, mixes(self.entries, part)[step])
        cells = np.stack([(kinds == p).sum(axis=1) for p in range(len(self.plan.phenotypes))], axis=1)
        events = begin(keys, history, number, part, cells, time)
        alive, place, failed, _, singles, clusters = self._live(events, kinds, rows, row)
        events_dead = np.zeros((len(seeds), len(self.plan.sizes)), dtype=np.int64)
        np.add.at(events_dead, (events.history[failed], size[failed] - 1), 1)
        partly = ~failed
        book.gain("entered", events.history[partly], size[partly])
        others = np.zeros_like(events_dead)
        np.add.at(others[:, 0], events.history[partly], singles[partly])
        np.add.at(others, (events.history[partly], np.maximum(clusters[partly] - 1, 0)), (clusters[partly] > 0).astype(np.int64))
        rest = float(integral[-1]) * self.plan.sizes * (1 - self.chances[part])
        self.dying.tell(seeds, part, events_dead, others, rest, book)
        return alive, place

    def shed(self, young: Flock, book: Book) -> tuple[list[Landed], Flock, Ints]:
        """What colonies shed and may live, thinned already (all of it where success is not rare): as ``passage``."""
        died: list[Landed] = []
        found: list[tuple[Flock, Ints]] = []
        for route in np.unique(young.route):
            flock = young.take(young.route == route)
            if not self.rare[route]:
                book.gain("shed", flock.history, flock.size)
                gone, alive, place = passage(self.body, flock)
                died += gone
                found.append((alive, place))
                continue
            rows = self.limits.rows[route]
            u = flock.keys.uniform(Purpose.EVENT)[2]
            row = chosen(u, np.broadcast_to(rows.weight, (len(flock), len(rows.weight))))
            alive, place, failed, late, _, _ = self._live(flock, flock.cells.argmax(axis=1)[:, None], rows, row)
            dead, waits = flock.take(failed & ~late), flock.take(failed & late)
            self.dying.tell_shed(dead, int(route) - len(self.body.parts), book)
            pool = Fate.CAVITY if self.body.routes[route].kind == "cavity" else Fate.FLOATING
            nowhere = np.full(len(waits), -1)
            book.spend(np.full(len(waits), int(pool)), nowhere, nowhere, waits.history, waits.size)
            book.gain("shed", flock.history, flock.size)
            found.append((alive, place))
        return died, joined([flock for flock, _ in found]), np.concatenate([place for _, place in found])

    def _kinds(self, keys: Keys, size: Ints, mix: Floats) -> Ints:
        """(n, most) phenotype of each cell, -1 beyond the size."""
        kinds = np.full((len(size), max(int(size.max(initial=0)), 1)), -1)
        limits = np.cumsum(mix, axis=1)
        for cell in range(kinds.shape[1]):
            on = np.flatnonzero(size > cell)
            u = keys.take(on).uniform(Purpose.CELL, cell)[0] * limits[on, -1]
            kinds[on, cell] = np.minimum((u[:, None] > limits[on]).sum(axis=1), mix.shape[1] - 1)
        return kinds

    def _live(self, events: Flock, kinds: Ints, rows: Rows, row: Ints) -> tuple[Flock, Ints, Bools, Bools, Ints, Ints]:
        """(units that live, places, events of which nothing lives, or is on its way, dead singles and cells of a dead cluster)."""
        n = len(events)
        events, accepted, late = self._front(events, kinds, rows, row)
        place = rows.place[row] if n else row
        whole = accepted & (place >= 0)
        singles, clusters, lives = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), whole.copy()
        found = [(events.take(whole), place[whole])]
        into = np.flatnonzero(accepted & (place < 0))
        units, of, size = self._units(events.take(into), kinds[into], rows.stays[row[into]] if n else row)
        units, there, good, bed = self._arrested(units)
        late[into[of[~there]]] = True
        found.append((units.take(good), bed[good]))
        np.add.at(lives, into[of[good]], True)
        stays = rows.stays[row[into]] if n else row
        singles[into] = size - np.where(stays > 1, stays, 0)
        clusters[into] = np.where(stays > 1, stays, 0)
        alone = units.size == 1
        np.add.at(singles, into[of[good & alone]], -1)
        clusters[into[of[good & ~alone]]] = 0
        lived = joined([flock for flock, _ in found])
        return lived, np.concatenate([where for _, where in found]), ~lives, late, singles, clusters

    def _front(self, events: Flock, kinds: Ints, rows: Rows, row: Ints) -> tuple[Flock, Bools, Bools]:
        """The way to the blood, to a level or a surface, where soil is asked for too: true over bound."""
        n, body, plan = len(events), self.body, self.plan
        if not n:
            return events, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        time: Floats = events.time.copy()
        true: Floats = np.ones(n)
        late: Bools = np.zeros(n, dtype=bool)
        pool = np.flatnonzero(rows.cavity[row])
        if len(pool):
            some = events.take(pool)
            rates = body.leaves_cavity()
            when = waited(body.times, some.time, some.keys.exponential(Purpose.CAVITY), rates.sum(axis=0), some.shares)
            leaves = np.isfinite(when)
            late[pool] = ~leaves
            time[pool] = np.where(leaves, when, plan.times[-1])
            chances = of_all(rates, some.shares, interval(body.times, time[pool]))
            ends = rows.place[row[pool]]
            surface = np.where(ends >= body.beds + body.nodes, ends - body.beds - body.nodes, chances.shape[1] - 1)
            true[pool] = np.where(leaves, chances[np.arange(len(pool)), surface] / chances.sum(axis=1), 0)
        events = events.now(time=time)
        at, shares = interval(body.times, time), events.shares
        for level in range(body.nodes):
            hold = in_places(plan.lymph.hold, np.array(level), shares, at)
            passes = (rows.first[row] <= level) & (level < rows.last[row])
            held = rows.place[row] == body.beds + level
            true *= np.where(passes, 1 - hold, np.where(held, hold, 1))
        ends = rows.place[row]
        soil = in_places(plan.soil, np.maximum(ends, 0), shares, at)
        true *= np.where(ends >= 0, soil, 1)
        bound = rows.front[row].copy()
        split = np.flatnonzero(ends < 0)
        if len(split) and plan.blood.disaggregation.size > 1:
            size, stays = rows.size[row[split]], rows.stays[row[split]]
            now = comb(size, stays)
            for cell in range(int(size.max())):
                apart = of_cells(plan.blood.disaggregation, kinds[split, cell], at[split])
                now = now * np.where(cell < size, np.where(cell < stays, 1 - apart, apart), 1)
            true[split] *= np.where(size > 1, now / self.limits.stay(size, stays), 1)
        return events, events.keys.uniform(Purpose.CANDIDATE)[0] * bound < true, late

    def _units(self, events: Flock, kinds: Ints, stays: Ints) -> tuple[Flock, Ints, Ints]:
        """Units that may live, at least one of each event: (units, their events, cells of the events)."""
        single, cluster = (part[self.body.starts[events.route]] for part in (self.limits.single, self.limits.cluster))
        size, together = events.size, np.where(stays > 1, stays, 0)
        alone = size - together
        none = (1 - single) ** alone * np.where(together > 1, 1 - cluster, 1)
        n, of, units = len(events), [], []
        u = events.keys.uniform(Purpose.CANDIDATE)[1] if n else np.zeros(0)
        whole = (together > 1) & (u * (1 - none) < cluster)
        kept = np.stack(
            [((kinds == p) & (np.arange(kinds.shape[1]) < together[:, None])).sum(axis=1) for p in range(events.cells.shape[1])], axis=1
        )
        on = np.flatnonzero(whole)
        units.append(events.now(cells=kept).take(on))
        of.append(on)
        some, first = whole.copy(), together
        for cell in range(int(size.max(initial=0))):
            on = np.flatnonzero((cell >= first) & (cell < size))
            left = size[on] - cell
            must = 1 - (1 - single[on]) ** left
            chance = np.where(some[on], single[on], single[on] / np.where(must > 0, must, 1))
            words = events.keys.take(on)
            hit = words.uniform(Purpose.CANDIDATE, cell + 1)[0] < chance
            pick = on[hit]
            cells = np.zeros((len(pick), events.cells.shape[1]), dtype=np.int64)
            cells[np.arange(len(pick)), kinds[pick, cell]] = 1
            units.append(events.take(pick).now(ident=words.words(Purpose.CHILD, cell)[0][hit], cells=cells))
            of.append(pick)
            some[pick] = True
        return joined(units), np.concatenate(of), size

    def _arrested(self, units: Flock) -> tuple[Flock, Bools, Bools, Ints]:
        """Candidates at the times of their arrests, whether these come, whether they live, and their beds."""
        body, plan = self.body, self.plan
        if not len(units):
            return units, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)
        when = waited(body.times, units.time, units.keys.exponential(Purpose.TRANSIT), 1 / plan.blood.transit[None], units.shares)
        there = np.isfinite(when)
        units = units.now(time=np.where(there, when, plan.times[-1]))
        at, shares = interval(body.times, units.time), units.shares
        clusters = units.size > 1
        survival = np.where(clusters, of_units(body.cluster, shares, at), of_units(body.single, shares, at))
        beds = beds_of(body, units, at)
        for values in (plan.extravasation, plan.soil):
            beds = beds * _first(of_all(values, shares, at), body.beds)
        lives = survival[:, None] * beds
        start = body.starts[units.route]
        bound = np.where(clusters, self.limits.cluster[start], self.limits.single[start])
        u = units.keys.uniform(Purpose.BLOOD)
        return units, there, there & (u[0] * bound < lives.sum(axis=1)), chosen(u[2], lives)


def _first(values: Floats, beds: int) -> Floats:
    return values if values.shape[1] == 1 else values[:, :beds]
