"""Chance of at least one metastasis by a time, in closed form: events are a Poisson process, so 1 - exp(- int nu P(gives one) ds).

P of an event is computed backwards on the grid for every class of units: from colonies to dormancy, from there to the bed, the blood, the
levels and the cavity. A cluster that comes apart gives none if none of its units does. Without secondary seeding. Arrests and foundings are
taken in the middle of their step, which is of second order in the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .classes import Classes
from .colony import moments, without_chance
from .entry import mean_size
from .means import Rates, Stock
from .plan import Entries, Floats, Plan
from .results import Chances, Ints
from .routes import Body
from .special import betaincc, gammaln


def tail(founders: Ints, a: Floats, b: Floats, least: Floats) -> Floats:
    """P(Z >= M) of a linear birth-death colony of R founders with A and B: of K lines that survive, K + NegativeBinomial(K) cells."""
    alive = np.clip(a / (1 + b), 0, 1)
    out = np.zeros(np.broadcast_shapes(founders.shape, a.shape, least.shape))
    for lines in range(1, int(founders.max()) + 1):
        can = np.maximum(founders, lines)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = gammaln(can + 1) - gammaln(lines + 1) - gammaln(can - lines + 1) + lines * np.log(alive)
            rest = np.where(can > lines, (can - lines) * np.log1p(-alive), 0)
            share = np.where((founders >= lines) & (alive > 0), np.exp(logs + rest), 0)
        extra = least - lines
        more = np.where(extra > 0, betaincc(float(lines), np.maximum(extra, 1), 1 / (1 + b)), 1)
        out += share * more
    return out


WITHIN = (np.arange(16) + 0.5) / 16  # of a step, where colonies are founded that grow without chance


@dataclass
class _Kind:
    """What counts as one: ``settled``, ``awake``, or so many cells now (least: (O, 1))."""

    least: Floats | None
    settled: bool = False


KINDS = ("settled", "awake", "micro", "macro")


def chances(plan: Plan, entries: Entries, wanted: Sequence[str] = KINDS) -> Chances:
    """At the times of the report: by place, and anywhere; of kinds that are not wanted nan.

    Where rates do not change and the grid is even, an event's chance depends on how long ago it was only: one pass is enough for all times.
    """
    body = Body(plan, entries.parts)
    table = _Table(body, entries)
    kinds = {"settled": _Kind(None, True), "awake": _Kind(None), "micro": _cells(plan.colony.micro), "macro": _cells(plan.colony.macro)}
    found: dict[str, list[Floats]] = {name: [] for name in kinds}
    for name, kind in kinds.items():
        if name not in wanted or (kind.least is not None and not _closed(plan, kind.least)):
            found[name] = [np.full(len(plan.places) + 1, np.nan)] * len(plan.report)
        else:
            found[name] = table.of(kind, [int(when) for when in plan.report])
    rows = {name: np.array(values).reshape(len(plan.report), -1) for name, values in found.items()}
    by_place = {name: values[:, :-1] for name, values in rows.items()}
    return Chances(plan.times[list(plan.report)], **by_place, **{f"{name}_anywhere": values[:, -1] for name, values in rows.items()})


def _cells(level: Floats) -> _Kind:
    return _Kind(np.ceil(level)[:, None])


def _closed(plan: Plan, least: Floats) -> bool:
    """Whether growth leaves a closed form: linear, or without chance from the first cell on."""
    growth = plan.colony.growth
    return plan.colony.second is None and (growth is None or bool((growth.start <= 1).all() or (growth.start[:, None] >= least).all()))


def _by(values: Floats, weights: Floats) -> Floats:
    return np.asarray(-np.expm1(-np.einsum("tpom,tpm->o", values, weights)))


def _same(one: Rates, other: Rates) -> bool:
    """Whether rates of two intervals are the same."""
    return all(np.array_equal(value, getattr(other, name)) for name, value in vars(one).items() if isinstance(value, (float, np.ndarray)))


class _Table:
    """What does not depend on what is asked: rates of all classes in all intervals, and the events of every interval."""

    def __init__(self, body: Body, entries: Entries) -> None:
        self.body, self.plan = body, body.plan
        self.stock = Stock(body)
        self.classes: Classes = self.stock.classes
        times = body.times
        self.steps = len(times) - 1
        self.rates = [self.stock.rates(when) for when in range(self.steps)]
        spans = np.diff(times)
        self.steady = bool(np.allclose(spans, spans[0], rtol=1e-9, atol=0)) and all(_same(self.rates[0], rates) for rates in self.rates)
        inside = np.clip(times, entries.times[0], entries.times[-1])
        self.entered = np.diff(entries.at(inside), axis=0) * self.plan.stands_for / mean_size(self.plan.sizes)  # (T, parts, P) events
        self.weights: Floats = np.zeros((self.steps, len(body.parts), len(self.classes.cells)))  # events of each class
        for when, part in zip(*np.nonzero(self.entered.sum(axis=2) > 0), strict=True):
            flux = self.entered[when, part]
            self.weights[when, part] = flux.sum() * self.classes.leaving(flux / flux.sum())

    def of(self, kind: _Kind, ends: Sequence[int]) -> list[Floats]:
        """(O + 1,) chance by each of these times of the grid, in each place and anywhere."""
        if not ends:
            return []
        if not self.steady:
            return [_by(self.values(kind, end), self.weights[:end]) for end in ends]
        values = self.values(kind, max(ends))
        return [_by(values[max(ends) - end :], self.weights[:end]) for end in ends]

    def values(self, kind: _Kind, end: int) -> Floats:
        """(end, parts, O + 1, M) chance that an event of each class in each step before ``end`` counts by then."""
        places, classes = len(self.plan.places), len(self.classes.cells)
        found: Floats = np.zeros((end, len(self.body.parts), places + 1, classes))
        asleep: Floats = np.zeros((places, classes))  # chance of one that is dormant at the start of the step after this one
        blood: Floats = np.zeros((len(self.body.arrests), places + 1, classes))
        cavity: Floats = np.zeros((places + 1, classes))
        a: Floats = np.ones((places, classes))
        b: Floats = np.zeros((places, classes))
        whole, cluster, _, loose, _ = self.classes.ways
        for when in range(end - 1, -1, -1):
            r, span = self.rates[when], float(self.body.times[when + 1] - self.body.times[when])
            asleep, lives, a, b = self._place(kind, r, span, end, when, asleep, a, b)
            one = np.concatenate([lives, np.zeros((1, classes))])
            arrest = np.einsum("smb,bm->sbm", r.arrests, r.extravasation[: self.body.beds] * one[: self.body.beds])
            lands = np.zeros_like(blood)
            lands[:, : self.body.beds] = arrest * r.survival
            lands[:, -1] = lands[:, :-1].sum(axis=1)
            stay = np.exp(-span / r.transit)
            within = 1 - (1 - stay) * r.transit / span  # of what comes during the step
            during = within * lands + (1 - within) * blood
            blood = (1 - stay) * lands + stay * blood
            part = self.classes.splits(r.apart)
            into = self._split(during, part, whole, cluster, loose)
            nodes = self._nodes(r, one, into[len(self.body.parts) + self.body.beds])
            pool_now, cavity = self._pool(r, span, one, nodes, cavity)
            for number, route in enumerate(self.body.routes[: len(self.body.parts)]):
                value = into[route.start] if route.kind == "blood" else nodes[route.level] if route.kind == "lymph" else pool_now
                found[when, number] = value
        return found

    def _place(
        self, kind: _Kind, r: Rates, span: float, end: int, when: int, asleep: Floats, a: Floats, b: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Chances (O, M) of what is dormant at the start of a step and of a unit that comes in it; A and B from its start on."""
        half = moments(r.birth, r.death, np.asarray(span / 2))
        middle = (half[0] * a, half[1] * a + b)
        if kind.settled or kind.least is None:
            founded = np.ones_like(asleep)
        elif self.plan.colony.growth is not None and bool((self.plan.colony.growth.start <= 1).all()):
            founded = self._certain(kind.least, when, end)
        else:
            least = np.broadcast_to(kind.least, (len(asleep), 1))
            _, first, back = np.unique(np.hstack([*middle, least]), axis=0, return_index=True, return_inverse=True)
            founded = tail(self.classes.size[None], middle[0][first], middle[1][first], least[first])[back.ravel()]  # places alike once
        leaving = r.wake + r.dies
        wakes = r.wake / np.where(leaving > 0, leaving, 1)
        left, right = np.exp(-leaving * span / 2), np.exp(-leaving * span)
        later = (1 - left) * wakes * founded + left * asleep
        before = (1 - right) * wakes * founded + right * asleep
        arrives = np.ones_like(asleep) if kind.settled else (1 - r.enter) * founded + r.enter * later
        step = moments(r.birth, r.death, np.asarray(span))
        return before, r.soil * arrives, step[0] * a, step[1] * a + b

    def _certain(self, least: Floats, when: int, end: int) -> Floats:
        """Share of the colonies founded in a step, at an even rate, that have so many cells at the end, growing without chance."""
        growth = self.plan.colony.growth
        assert growth is not None
        places = len(self.plan.places)
        cells = np.broadcast_to(self.classes.size.astype(float), (len(WITHIN), places, len(self.classes.cells)))
        limit = np.broadcast_to(growth.limit, places)[:, None]
        for step in range(when, end):
            span = (self.body.times[step + 1] - self.body.times[step]) * (1 - WITHIN if step == when else np.ones_like(WITHIN))
            cells = without_chance(growth, cells, self.rates[step].growth, limit, span[:, None, None])
        return np.asarray((cells >= least).mean(axis=0))

    def _split(self, value: Floats, chance: Floats, whole: Ints, cluster: Ints, loose: Ints) -> Floats:
        """(S, O + 1, M): chance that something of a unit that comes into the blood counts, from that of its units."""
        kinds = loose.shape[1]
        _, first, back = np.unique(value.reshape(len(value), -1), axis=0, return_index=True, return_inverse=True)
        with np.errstate(divide="ignore"):
            none = np.log1p(-np.minimum(value[first], 1))  # many parts of vessels lead to the same beds
        logs = np.einsum("sop,wp->sow", np.maximum(none[..., :kinds], -1e300), loose)
        logs += np.where(cluster >= 0, np.maximum(none[..., np.maximum(cluster, 0)], -1e300), 0)
        return np.add.reduceat(-np.expm1(logs) * chance, np.searchsorted(whole, np.arange(value.shape[-1])), axis=-1)[back.ravel()]

    def _nodes(self, r: Rates, one: Floats, value: Floats) -> list[Floats]:
        """(O + 1, M) of a unit that comes to each level, and after the last of one that comes into the blood."""
        out = [value]
        for level in range(self.body.nodes - 1, -1, -1):
            here = np.zeros_like(value)
            place = self.body.beds + level
            here[place] = here[-1] = one[place]
            value = r.hold[level] * here + (1 - r.hold[level]) * value
            out.append(value)
        return out[::-1]

    def _pool(self, r: Rates, span: float, one: Floats, nodes: list[Floats], later: Floats) -> tuple[Floats, Floats]:
        """(O + 1, M) of a unit that comes into the cavity during the step, and of one that is there at its start."""
        surfaces = len(self.plan.cavity.names)
        if not surfaces:
            return later, later
        total = r.leaves.sum(axis=0)
        shares = r.leaves / np.where(total > 0, total, 1)
        goes = shares[surfaces + 1] * nodes[self.plan.cavity.level]
        for surface in range(surfaces):
            place = self.body.beds + self.body.nodes + surface
            goes[place] += shares[surface] * one[place]
            goes[-1] += shares[surface] * one[place]
        stay = np.exp(-total * span)
        with np.errstate(divide="ignore", invalid="ignore"):
            within = np.where(total > 0, 1 - (1 - stay) / (total * span), 0)
        return within * goes + (1 - within) * later, (1 - stay) * goes + stay * later
