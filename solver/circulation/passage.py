"""Unit by unit, from the wall of a vessel to where it dies or can live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .draws import Keys, Purpose
from .flock import Flock, joined
from .plan import Floats
from .results import Fate, Ints
from .routes import Body
from .values import in_places, interval, of_all, of_cells, of_units, waited


@dataclass(frozen=True)
class Landed:
    """Units that died or are on their way: fate, place and cause as in ``Units``."""

    flock: Flock
    fate: Ints
    place: Ints
    cause: Ints


def landed(flock: Flock, fate: Fate, place: Ints | int = -1, cause: Ints | int = -1) -> Landed:
    n = len(flock)
    return Landed(flock, np.full(n, int(fate)), np.broadcast_to(place, n).astype(np.int64), np.broadcast_to(cause, n).astype(np.int64))


def passage(body: Body, flock: Flock) -> tuple[list[Landed], Flock, Ints]:
    """What died on the way, and what can live: units and their places; their ``time`` is that of arrival."""
    out: list[Landed] = []
    settled: list[tuple[Flock, Ints]] = []
    kinds = body.kinds[flock.route]
    levels = body.levels[flock.route]
    drained, start = cavity(body, flock.take(kinds == "cavity"), out, settled)
    lymph = joined([flock.take(kinds == "lymph"), drained])
    level = np.concatenate([levels[kinds == "lymph"], np.full(len(drained), start)])
    onward = nodes(body, lymph, level, out, settled)
    units = come_apart(body, joined([flock.take(kinds == "blood"), onward]))
    settled.append(blood(body, units, out))
    alive, places = joined([one for one, _ in settled]), np.concatenate([place for _, place in settled])
    lives = alive.keys.uniform(Purpose.SETTLE)[0] < in_places(body.plan.soil, places, alive.shares, interval(body.times, alive.time))
    out.append(landed(alive.take(~lives), Fate.STARVED, places[~lives]))
    return out, alive.take(lives), places[lives]


def cavity(body: Body, flock: Flock, out: list[Landed], settled: list[tuple[Flock, Ints]]) -> tuple[Flock, int]:
    """A pool: units settle on its surfaces, are lost, or drain to a level of lymph nodes, which is returned with those."""
    plan = body.plan
    if not len(flock):
        return flock, plan.cavity.level
    rates = body.leaves_cavity()
    keys = flock.keys
    when = waited(body.times, flock.time, keys.exponential(Purpose.CAVITY), rates.sum(axis=0), flock.shares)
    leaves = np.isfinite(when)
    out.append(landed(flock.take(~leaves), Fate.CAVITY))
    gone = flock.take(leaves).now(time=when[leaves])
    way = chosen(gone.keys.uniform(Purpose.CAVITY)[1], of_all(rates, gone.shares, interval(body.times, gone.time)))
    surfaces = len(plan.cavity.names)
    settled.append((gone.take(way < surfaces), body.beds + body.nodes + way[way < surfaces]))
    out.append(landed(gone.take(way == surfaces), Fate.CLEARED))
    return gone.take(way == surfaces + 1), plan.cavity.level


def nodes(body: Body, flock: Flock, level: Ints, out: list[Landed], settled: list[tuple[Flock, Ints]]) -> Flock:
    """Levels of lymph nodes in their order, which take no time: a unit is held with a chance, or goes on; what passes all is returned."""
    for number in range(body.nodes):
        asked = level <= number
        hold = in_places(body.plan.lymph.hold, np.array(number), flock.shares, interval(body.times, flock.time))
        held = asked & (flock.keys.uniform(Purpose.LEVEL, number)[0] < hold)
        settled.append((flock.take(held), np.full(int(held.sum()), body.beds + number)))
        flock, level = flock.take(~held), level[~held]
    return flock


def come_apart(body: Body, flock: Flock) -> Flock:
    """Into the blood: each cell of a cluster comes loose with a chance; one that stays alone is a single."""
    size = flock.size
    if (size < 2).all():
        return flock
    parts = [flock.take(size < 2)]
    flock = flock.take(size > 1)
    size, when = flock.size, interval(body.times, flock.time)
    limits, kept, loose = np.cumsum(flock.cells, axis=1), np.zeros_like(flock.cells), []
    for cell in range(int(size.max())):
        on = np.flatnonzero(size > cell)
        kind = (cell >= limits[on]).sum(axis=1)
        words = flock.keys.take(on)
        stays = words.uniform(Purpose.CELL, cell)[1] >= of_cells(body.plan.blood.disaggregation, kind, when[on])
        kept[on[stays], kind[stays]] += 1
        free = on[~stays]
        loose.append(_alone(flock.take(free), words.words(Purpose.CHILD, cell)[0][~stays], kind[~stays]))
    together = kept.sum(axis=1)
    parts += [flock.now(cells=kept).take(together > 0), *loose]
    return joined(parts)


def _alone(flock: Flock, ident: Ints, kind: Ints) -> Flock:
    cells = np.zeros_like(flock.cells)
    cells[np.arange(len(flock)), kind] = 1
    return flock.now(ident=ident, cells=cells)


def blood(body: Body, flock: Flock, out: list[Landed]) -> tuple[Flock, Ints]:
    """Out of the blood at rate 1/transit, alive with a chance by class, arrested in a bed, out of the vessel there with another."""
    plan = body.plan
    when = waited(body.times, flock.time, flock.keys.exponential(Purpose.TRANSIT), 1 / plan.blood.transit[None], flock.shares)
    leaves = np.isfinite(when)
    out.append(landed(flock.take(~leaves), Fate.FLOATING))
    flock = flock.take(leaves).now(time=when[leaves])
    at, shares, u = interval(body.times, flock.time), flock.shares, flock.keys.uniform(Purpose.BLOOD)
    survival = np.where(flock.size > 1, of_units(body.cluster, shares, at), of_units(body.single, shares, at))
    alive = u[0] < survival
    dead = flock.take(~alive)
    out.append(landed(dead, Fate.LOST, cause=chosen(u[1][~alive], np.tile([share for _, share in plan.blood.losses], (len(dead), 1)))))
    flock, at, shares, u = flock.take(alive), at[alive], shares[alive], u[:, alive]
    place = chosen(u[2], beds_of(body, flock, at))
    leaves = u[3] < in_places(plan.extravasation, place, shares, at)
    out.append(landed(flock.take(~leaves), Fate.STUCK, place[~leaves]))
    return flock.take(leaves), place[leaves]


def beds_of(body: Body, flock: Flock, at: Ints) -> Floats:
    """(n, B): chance of each unit to be arrested in each bed."""
    shape = body.arrests.shape
    found = body.arrests[body.starts[flock.route], :, at if shape[2] > 1 else 0]  # (n, P or 1, B)
    return found[:, 0] if shape[1] == 1 else np.einsum("np,npb->nb", flock.shares, found)


def chosen(u: Floats, weights: Floats) -> Ints:
    """(n,) one of the columns of ``weights``, in proportion to them."""
    limits = np.cumsum(weights, axis=1)
    if not len(limits):
        return np.zeros(0, dtype=np.int64)
    return np.minimum((u[:, None] * limits[:, -1:] > limits).sum(axis=1), weights.shape[1] - 1).astype(np.int64)


def child_keys(keys: Keys, index: Ints) -> Ints:
    """(n,) identities of what units give rise to."""
    return keys.words(Purpose.CHILD, index)[1]
