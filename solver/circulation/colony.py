"""Sleep and growth: linear birth and death, exact on the grid; growth without chance from a given size on; two stages; what colonies shed.

A colony of Z cells with rates b, d: over a step A = exp int (b - d), B = int b(s) exp(int_s (b - d)) ds; K ~ Binomial(Z, A/(1 + B)) lines
survive, and Z' = K + NegativeBinomial(K, success 1/(1 + B)), drawn as Poisson(B Gamma(K)). From 1e7 cells on, the mean: A Z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Purpose, binomial, gamma, poisson, uniform
from .errors import CirculationError
from .flock import Flock
from .plan import Floats, Growth, Plan
from .results import Fate, Ints
from .routes import Body
from .values import in_places, interval, waited

MANY = 1e7  # cells; what chance adds to so many is below 1e-3 of them
MOST = 1_000_000  # cells that the colonies of a generation of a batch may shed


@dataclass(frozen=True)
class Thin:
    """What is shed is thinned to what may live: bounds (O,), at most this share; late (O, P, T): what enters then is on its way at the end.

    age: (T,) the part of the whole time, of which there are ``ages``, that an interval lies in.
    """

    bounds: Floats
    late: Floats
    age: Ints
    ages: int


@dataclass
class Grown:
    """What became of units that could live; arrays as in ``Units``; counts (H, Q, O) as in ``History``; shed: what their colonies shed."""

    flock: Flock
    place: Ints
    fate: Ints
    woke: Floats
    micro: Floats
    macro: Floats
    ended: Floats
    final: Floats
    counts: dict[str, Floats]
    shed: list[tuple[Flock, Ints]]
    missed: Floats  # (ages, H, O, P) expected of what was shed besides
    late: Floats  # (ages, H, O, P) of those on their way at the horizon, if their way begins in the blood or cavity


class Rate:
    """Values (O, P, T) of the same units again and again; what does not vary in time is taken once."""

    def __init__(self, values: Floats, place: Ints, shares: Floats) -> None:
        self.values, self.place, self.shares = values, place, shares
        self.fixed = in_places(values, place, shares, np.zeros(len(place), dtype=np.int64)) if values.shape[2] == 1 else None

    def at(self, on: Ints, when: int) -> Floats:
        if self.fixed is not None:
            return self.fixed[on]
        return in_places(self.values, self.place[on], self.shares[on], np.full(len(on), when))


def moments(birth: Floats, death: Floats, span: Floats) -> tuple[Floats, Floats]:
    """A and B of a step with constant rates; where both are equal, their limits 1 and b h."""
    r = (birth - death) * span
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.exp(r), birth * span * np.where(np.abs(r) > 1e-12, np.expm1(r) / r, 1 + r / 2)


def without_chance(growth: Growth, cells: Floats, rate: Floats, limit: Floats, span: Floats) -> Floats:
    """Gompertz or capped growth over a step, exact."""
    if growth.kind == "gompertz":
        return limit * (cells / limit) ** np.exp(-rate * span)
    return limit / (1 + (limit / cells - 1) * np.exp(-rate * span))


def sleep(plan: Plan, flock: Flock, place: Ints) -> tuple[Floats, Floats, Ints]:
    """When each unit wakes (inf: not), dies asleep (inf: not), and its fate if it does neither or dies."""
    dormancy, shares, when = plan.dormancy, flock.shares, interval(plan.times, flock.time)
    asleep = flock.keys.uniform(Purpose.SETTLE)[1] < in_places(dormancy.enter, place, shares, when)
    draws = flock.keys.uniform(Purpose.WAKE)
    wake, death = np.broadcast_arrays(dormancy.wake, dormancy.death)
    ends = waited(plan.times, flock.time, -np.log(draws[0]), wake + death, shares, place if wake.shape[0] > 1 else None)
    at = interval(plan.times, np.minimum(ends, plan.times[-1]))
    total = in_places(wake + death, place, shares, at)
    wakes = draws[1] * total < in_places(wake, place, shares, at)
    woke = np.where(asleep, np.where(wakes, ends, np.inf), flock.time)
    dies = asleep & ~wakes & np.isfinite(ends)
    fate = np.where(np.isfinite(woke), Fate.COLONY, np.where(dies, Fate.FADED, Fate.DORMANT))
    return woke, np.where(dies, ends, np.inf), fate


def grow(body: Body, flock: Flock, place: Ints, histories: int, thin: Thin | None = None) -> Grown:
    """Units that can live, to the horizon; what they shed all of it, or thinned."""
    plan = body.plan
    woke, ended, fate = sleep(plan, flock, place)
    report = {when: number for number, when in enumerate(plan.report)}
    shape = (histories, len(report), len(plan.places))
    counts: dict[str, Floats] = {name: np.zeros(shape) for name in ("dormant", "colonies", "micro", "macro", "cells")}
    for when, number in report.items():
        t = plan.times[when]
        sleeps = (flock.time <= t) & (woke > t) & (ended > t)
        np.add.at(counts["dormant"][:, number], (flock.history[sleeps], place[sleeps]), 1)
    n, kinds = len(flock), (histories, len(plan.places), flock.cells.shape[1])
    micro, macro, missed = np.full(n, np.inf), np.full(n, np.inf), np.zeros((1 if thin is None else thin.ages, *kinds))
    out = Grown(flock, place, fate, woke, micro, macro, ended, np.zeros(n), counts, [], missed, np.zeros_like(missed))
    sweep = _Sweep(body, out, thin)
    order = np.flatnonzero(np.isfinite(woke))
    order = order[np.argsort(woke[order], kind="stable")]
    edges = np.searchsorted(woke[order], plan.times, side="right")
    on: Ints = np.zeros(0, dtype=np.int64)
    edges[0] = 0
    for when in range(len(plan.times) - 1):
        on = np.concatenate([on, order[edges[when] : edges[when + 1]]])
        if len(on):
            on = sweep.step(on, when)
        if when + 1 in report:
            sweep.count(on, report[when + 1], plan.times[when + 1])
    out.fate[on] = Fate.COLONY
    out.final = sweep.cells * np.isin(np.arange(n), on)
    return out


class _Sweep:
    """The colonies of a batch, step by step."""

    def __init__(self, body: Body, out: Grown, thin: Thin | None) -> None:
        plan, flock, place = body.plan, out.flock, out.place
        colony = plan.colony
        self.body, self.plan, self.out, self.thin = body, plan, out, thin
        self.cells = flock.size.astype(float)
        self.total = 0.0
        self.stage = np.zeros(len(flock), dtype=np.int64)  # 1: waits; 2: in its second stage
        self.place, self.keys, shares = place, flock.keys, flock.shares
        self.parents = shares
        self.rate = {"birth": Rate(colony.birth, place, shares), "death": Rate(colony.death, place, shares)}
        if colony.second is not None:
            self.rate |= {name: Rate(getattr(colony.second, name), place, shares) for name in ("switch", "regress")}
            self.rate |= {f"{name} 2": Rate(getattr(colony.second, name), place, shares) for name in ("birth", "death")}
        if colony.growth is not None:
            self.rate["growth"] = Rate(colony.growth.rate, place, shares)
        if colony.sheds is not None:
            self.rate["sheds"] = Rate(colony.sheds.rate, place, shares)
        self.micro, self.macro = (np.broadcast_to(part, len(plan.places))[place] for part in (colony.micro, colony.macro))

    def step(self, on: Ints, when: int) -> Ints:
        """All colonies over an interval of the grid; those that live."""
        colony, times = self.plan.colony, self.plan.times
        begin = np.maximum(self.out.woke[on], times[when])
        span = times[when + 1] - begin
        before, middle = self.cells[on].copy(), np.full(len(on), np.nan)
        certain = np.zeros(len(on), dtype=bool)
        if colony.growth is not None:
            ready = self.stage[on] != 1 if colony.second is None else self.stage[on] == 2
            certain = ready & (before >= np.broadcast_to(colony.growth.start, len(self.plan.places))[self.place[on]])
            self._certainly(colony.growth, on[certain], when, span[certain], middle, certain)
        waits = self.stage[on] == 1
        self._by_chance(on[~certain & ~waits], when, span[~certain & ~waits])
        self._wait(on[waits], when, begin[waits], span[waits])
        end = times[when + 1]
        dead = (self.cells[on] <= 0) & np.isinf(self.out.ended[on])
        self.out.ended[on[dead]] = end
        self.out.fate[on[self.cells[on] <= 0]] = Fate.EXTINCT
        for name, level in (("micro", self.micro), ("macro", self.macro)):
            first = (self.cells[on] >= level[on]) & np.isinf(getattr(self.out, name)[on])
            getattr(self.out, name)[on[first]] = end
        if colony.second is not None:
            self.stage[on[(self.stage[on] == 0) & (self.cells[on] >= self.micro[on])]] = 1
        if colony.sheds is not None:
            self._shed(on, when, begin, span, before, middle)
        return on[self.cells[on] > 0]

    def _certainly(self, growth: Growth, on: Ints, when: int, span: Floats, middle: Floats, which: Floats) -> None:
        rate, limit = self.rate["growth"].at(on, when), np.broadcast_to(growth.limit, len(self.plan.places))[self.place[on]]
        middle[which] = without_chance(growth, self.cells[on], rate, limit, span / 2)
        self.cells[on] = without_chance(growth, self.cells[on], rate, limit, span)

    def _by_chance(self, on: Ints, when: int, span: Floats) -> None:
        birth, death = self.rate["birth"].at(on, when), self.rate["death"].at(on, when)
        if self.plan.colony.second is not None:
            second = self.stage[on] == 2
            birth = np.where(second, self.rate["birth 2"].at(on, when), birth)
            death = np.where(second, self.rate["death 2"].at(on, when), death)
        a, b = moments(birth, death, span)
        cells, keys = self.cells[on], self.keys.take(on)
        few = cells < MANY
        if not few.all():  # the others need no draws
            self.cells[on[~few]] = a[~few] * cells[~few]
            on, a, b, cells, keys = on[few], a[few], b[few], cells[few], keys.take(few)
        u = keys.uniform(Purpose.LINES, when)
        lines = binomial(keys, Purpose.LINES, np.floor(cells), a / (1 + b), when, u[:2])
        more = poisson(keys, Purpose.BIRTHS, gamma(keys, Purpose.SIZES, lines, when) * b, when, u[2:])
        self.cells[on] = lines + more

    def _wait(self, on: Ints, when: int, begin: Floats, span: Floats) -> None:
        if not len(on):
            return
        switch, regress = self.rate["switch"].at(on, when), self.rate["regress"].at(on, when)
        u, total = self.keys.take(on).uniform(Purpose.SWITCH, when), switch + regress
        leaves = u[0] < -np.expm1(-total * span)
        switches = u[1] * total < switch
        self.stage[on[leaves & switches]] = 2
        dies = leaves & ~switches
        self.out.ended[on[dies]] = begin[dies] - np.log1p(-u[0][dies]) / total[dies]
        self.cells[on[dies]] = 0

    def _shed(self, on: Ints, when: int, begin: Floats, span: Floats, before: Floats, middle: Floats) -> None:
        sheds, place = self.plan.colony.sheds, self.place[on]
        assert sheds is not None
        power = np.broadcast_to(sheds.exponent, len(self.plan.places))[place]
        raised = [np.where(z > 0, np.maximum(z, 1e-300) ** power, 0) for z in (before, np.nan_to_num(middle), self.cells[on])]
        sizes = np.where(np.isnan(middle), (raised[0] + raised[2]) / 2, (raised[0] + 4 * raised[1] + raised[2]) / 6)
        mean = self.rate["sheds"].at(on, when) * sizes * span
        if self.thin is not None:
            others = (mean * np.maximum(1 - self.thin.bounds[place], 0))[:, None] * self.parents[on]
            for table, values in ((self.out.missed, others), (self.out.late, others * self.thin.late[place, :, when])):
                np.add.at(table[self.thin.age[when]], (self.out.flock.history[on], place), values)
            mean = mean * self.thin.bounds[place]
        self.total += float(mean.sum())
        if self.total > MOST:
            what = f"colonies shed {self.total:.3g} cells by time {self.plan.times[when + 1]:.6g}, of which {MOST:,} can be followed"
            raise CirculationError(
                what, code="too-many", place="organs.colony.sheds", remedy="give a lower rate, a cap of growth or an earlier end"
            )
        number = poisson(self.keys.take(on), Purpose.SHED, mean, when).astype(np.int64)
        parent = np.repeat(on, number)
        if not len(parent):
            return
        rank = np.arange(len(parent)) - np.repeat(np.cumsum(number) - number, number)
        keys = self.keys.take(parent)
        words = keys.words(Purpose.CHILD, (np.int64(when) << 32) + rank)
        u = uniform(words)
        time = np.repeat(begin, number) + np.repeat(span, number) * u[2]
        kind = (u[3][:, None] > np.cumsum(self.parents[parent], axis=1)).sum(axis=1)
        cells = np.zeros((len(parent), self.parents.shape[1]), dtype=np.int64)
        cells[np.arange(len(parent)), np.minimum(kind, cells.shape[1] - 1)] = 1
        flock = self.out.flock.take(parent)
        alike = np.zeros(len(parent), dtype=np.int64)
        child = flock.now(
            ident=words[1], event=alike - 1, part=alike - 1, generation=flock.generation + 1, cells=cells, entered=time, time=time,
            route=len(self.body.parts) + self.place[parent],
        )  # fmt: skip
        self.out.shed.append((child, parent))

    def count(self, on: Ints, number: int, time: float) -> None:
        counts, flock = self.out.counts, self.out.flock
        small, large = on[self.cells[on] >= self.micro[on]], np.flatnonzero(self.out.macro <= time)
        np.add.at(counts["cells"][:, number], (flock.history[on], self.place[on]), self.cells[on])
        for name, which in (("colonies", on), ("micro", small), ("macro", large)):
            np.add.at(counts[name][:, number], (flock.history[which], self.place[which]), 1)
