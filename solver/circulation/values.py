"""Values of plan.py for units: at their place and time, as the mean over their cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .plan import Floats
from .results import Ints


def interval(times: Floats, at: Floats) -> Ints:
    """(n,) the interval of the grid that a time lies in."""
    return np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)


def pick(values: Floats, axis: int, which: NDArray[np.int64] | int) -> Floats:
    """An axis at indices; an axis of length 1 is the same for all, and keeps the length 1."""
    return values if values.shape[axis] == 1 else np.take(values, np.atleast_1d(which), axis=axis)


def of_cells(values: Floats, kind: Ints, when: Ints) -> Floats:
    """(n,) values (P, T) of cells of these phenotypes, each at its interval (n,)."""
    return np.asarray(values[kind if len(values) > 1 else 0, when if values.shape[1] > 1 else 0])


def of_units(values: Floats, shares: Floats, when: Ints) -> Floats:
    """(n,) values (P, T) of units with shares (n, P) of phenotypes, each at its interval (n,)."""
    found = pick(values, 1, when)  # (P or 1, n or 1)
    if len(found) == 1:
        return np.broadcast_to(found[0], when.shape)
    return np.einsum("np,pn->n", shares, np.broadcast_to(found, (len(found), len(when))))


def in_places(values: Floats, place: Ints, shares: Floats, when: Ints) -> Floats:
    """(n,) values (O, P, T) of units at their places."""
    if values.shape[0] == 1:
        return of_units(values[0], shares, when)
    place = np.broadcast_to(place, when.shape)
    found = values[place, :, when if values.shape[2] > 1 else 0]  # (n, P or 1)
    return found[:, 0] if values.shape[1] == 1 else np.einsum("np,np->n", shares, found)


def of_all(values: Floats, shares: Floats, when: Ints) -> Floats:
    """(n, O) values (O, P, T) of units in every place."""
    found = pick(values, 2, when)  # (O, P or 1, n or 1)
    if found.shape[1] == 1:
        return np.broadcast_to(found[:, 0].T, (len(when), values.shape[0]))
    return np.einsum("np,opn->no", shares, np.broadcast_to(found, (*found.shape[:2], len(when))))


def resisted(chance: Floats, factor: Floats) -> Floats:
    """Chance to survive with a factor f on what kills: S' = S/(S + f (1 - S))."""
    return chance / np.where(chance > 0, chance + factor * (1 - chance), 1)


def waited(times: Floats, start: Floats, exponentials: Floats, rates: Floats, shares: Floats, place: Ints | None = None) -> Floats:
    """(n,) when what began at ``start`` ends: the integral of its rates (O, P, T) or (P, T) is the exponential; inf after the grid."""
    rates = rates if rates.ndim == 3 else rates[None]
    at = np.zeros(len(start), dtype=np.int64) if place is None else place
    out, left, now = np.full(len(start), np.inf), exponentials.copy(), start.astype(float).copy()
    todo, when = np.flatnonzero(start <= times[-1]), interval(times, start)
    if rates.shape[2] == 1:
        rate = in_places(rates, at, shares, when)
        with np.errstate(divide="ignore"):
            out = start + np.where(rate > 0, exponentials / rate, np.inf)
        return np.where((out <= times[-1]) & (start <= times[-1]), out, np.inf)
    while len(todo):
        rate = in_places(rates, at[todo], shares[todo], when[todo])
        room = rate * (times[when[todo] + 1] - now[todo])
        done = left[todo] <= room
        out[todo[done]] = now[todo[done]] + left[todo[done]] / rate[done]
        left[todo] -= room
        when[todo] += 1
        now[todo] = times[when[todo]]
        todo = todo[~done & (when[todo] < len(times) - 1)]
    return out
