"""Bounds, the same at all times and for all phenotypes, of the chance that something of a unit may live: what direct draws begin with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .plan import Floats
from .results import Ints
from .routes import Body, Route
from .special import comb


@dataclass(frozen=True)
class Rows:
    """Ways in which an event of a route can leave something alive: the front of the way, the cells k that leave, the R that stay together.

    place: where the whole event lives (a level or surface), or -1: its units come into the blood. cavity: 1 if it goes through the pool.
    first, last: the level it comes to, and the one it is held at (or beyond all). size: k; stays: R, or -1. front: bound of the chance of
    the front of the way, with soil. weight: bound of the chance of the whole, given k.
    """

    place: Ints
    cavity: Ints
    first: Ints
    last: Ints
    size: Ints
    stays: Ints
    front: Floats
    weight: Floats


class Bounds:
    """single, cluster: (S,) of a unit in the blood; rows: of each route."""

    def __init__(self, body: Body) -> None:
        self.body, plan = body, body.plan
        beds = body.beds
        alive = [
            np.broadcast_to(part, (len(plan.places), *part.shape[1:]))[:beds].max(axis=1) for part in (plan.extravasation, plan.soil)
        ]  # (B, T)
        live = (body.arrests.max(axis=1) * (alive[0] * alive[1]).T).sum(axis=2)  # (S, T)
        self.single, self.cluster = (np.minimum((live * part.max(axis=0)).max(axis=1), 1) for part in (body.single, body.cluster))
        self.most = len(plan.sizes)
        self.loose, self.kept = plan.blood.disaggregation.max(axis=0), (1 - plan.blood.disaggregation).max(axis=0)
        soil = np.broadcast_to(plan.soil.max(axis=(1, 2)), len(plan.places))
        self.soil = soil
        hold = np.broadcast_to(plan.lymph.hold, (body.nodes, *plan.lymph.hold.shape[1:]))
        self.held, self.passed = hold.max(axis=(1, 2)), (1 - hold).max(axis=(1, 2))
        if plan.cavity.names:
            rates = body.leaves_cavity()
            total = rates.sum(axis=0)
            self.leaves = (rates / np.where(total > 0, total, 1)).max(axis=(1, 2))
        parts = len(body.parts)
        self.rows = [self._rows(route, self.most if number < parts else 1) for number, route in enumerate(body.routes)]

    def any_of(self, start: int, size: int) -> list[tuple[int, float]]:
        """(R, bound): of k cells that come into the blood, R stay together, and something may live."""
        out = []
        for stays in range(size + 1) if size > 1 else (0,):
            alone = size - stays + (stays == 1)
            chances = self.stay(size, stays)
            dies = (1 - self.single[start]) ** alone * (1 - self.cluster[start] if stays > 1 else 1)
            out.append((stays, float(chances * (1 - dies))))
        return [one for one in out if one[1] > 0]

    def stay(self, size: Ints | int, stays: Ints | int) -> Floats:
        """Bound of the chance that R of k cells stay together; of one cell 1."""
        size, stays = np.asarray(size)[..., None], np.asarray(stays)[..., None]
        chances = comb(size, stays) * self.kept**stays * self.loose ** (size - stays)
        return np.asarray(np.where(size > 1, chances, 1).max(axis=-1))

    def _rows(self, route: Route, most: int) -> Rows:
        fronts: list[tuple[int, int, int, int, float]] = []  # place, cavity, first, last, bound
        if route.kind == "cavity":
            surfaces = len(self.body.plan.cavity.names)
            for surface in range(surfaces):
                place = self.body.beds + self.body.nodes + surface
                fronts.append((place, 1, 0, 0, self.leaves[surface] * self.soil[place]))
            fronts += self._levels(route.level, self.leaves[-1], 1)
        else:
            fronts += self._levels(route.level if route.kind == "lymph" else self.body.nodes, 1.0, 0)
        rows = []
        for place, pool, first, last, front in fronts:
            for size in range(1, most + 1):
                if place >= 0:
                    rows.append((place, pool, first, last, size, -1, front, front))
                else:
                    rows += [
                        (place, pool, first, last, size, stays, front, front * chance) for stays, chance in self.any_of(route.start, size)
                    ]
        table = np.array([row for row in rows if row[-1] > 0], dtype=float).reshape(-1, 8).T
        return Rows(*table[:6].astype(np.int64), *table[6:])  # type: ignore[arg-type]

    def _levels(self, level: int, chance: float, pool: int) -> list[tuple[int, int, int, int, float]]:
        fronts = []
        for number in range(level, self.body.nodes):
            place = self.body.beds + number
            fronts.append((place, pool, level, number, chance * self.held[number] * self.soil[place]))
            chance *= self.passed[number]
        return [*fronts, (-1, pool, level, self.body.nodes, chance)]

    def of_sizes(self, route: int) -> Floats:
        """(K,): bound of the chance that something of an event of k cells may live."""
        rows = self.rows[route]
        out = np.zeros(self.most)
        np.add.at(out, rows.size - 1, rows.weight)
        return out
