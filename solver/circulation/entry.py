"""Who enters a vessel, and when: a Poisson process in time with clusters, the same whatever the steps.

Event n of a part happens where its integrated rate Lambda = stands_for (cells entered)/E[k] equals the sum of n unit exponentials, keyed by
(seed, part, n). Each of its k cells takes phenotype p with chance J_p/sum J at that time. Cells entered by t: mean the integral of J,
variance that times E[k^2]/E[k].
"""

from __future__ import annotations

import numpy as np

from .draws import Keys, Purpose, uniform
from .flock import Flock
from .plan import Entries, Floats, Plan
from .results import Ints

DIRECT = 1 << 32  # added to the number of a part: another process than that of all events


def mean_size(sizes: Floats) -> float:
    """E[k]."""
    return float(sizes @ np.arange(1, len(sizes) + 1))


def integrated(plan: Plan, entries: Entries, part: int) -> Floats:
    """(n,) events of a part expected by each time of the entries."""
    return plan.stands_for * entries.cells[:, part].sum(axis=1) / mean_size(plan.sizes)


def arrivals(seeds: Ints, stream: int, total: float) -> tuple[Ints, Ints, Floats, Floats, Keys]:
    """(history, number, amount, second uniform, keys): events of unit rate below ``total``, for each seed."""
    most = int(total + 8 * np.sqrt(total) + 20)
    found = []
    todo: Ints = np.arange(len(seeds))
    sums: Floats = np.zeros(len(seeds))
    first = 0
    while len(todo):
        n = len(todo) * most
        numbers = np.tile(np.arange(first, first + most), len(todo))
        keys = Keys(np.repeat(seeds[todo].astype(np.uint64), most), np.full(n, stream, dtype=np.uint64))
        words = keys.words(Purpose.EVENT, numbers)
        steps = -np.log(uniform(words[:1]))[0].reshape(len(todo), most)
        steps[:, 0] += sums
        amounts = np.cumsum(steps, axis=1)
        keep = (amounts <= total).ravel()
        found.append(
            (np.repeat(todo, most)[keep], numbers[keep], amounts.ravel()[keep], uniform(words[2])[keep], words[1][keep], keys.seed[keep])
        )
        sums, first = amounts[:, -1], first + most
        on = sums <= total
        todo, sums = todo[on], sums[on]
    history, number, amount, second, ident, seed = (np.concatenate(column) for column in zip(*found, strict=True))
    return history, number, amount, second, Keys(seed, ident)


def times_at(amounts: Floats, integral: Floats, times: Floats) -> tuple[Floats, Ints]:
    """When an integral that is linear between times reaches the amounts, and in which step."""
    step = np.clip(np.searchsorted(integral, amounts, side="left") - 1, 0, len(times) - 2)
    low, high = integral[step], integral[step + 1]
    share = np.clip((amounts - low) / np.where(high > low, high - low, 1), 0, 1)
    return times[step] + share * (times[step + 1] - times[step]), step


def phenotypes(keys: Keys, size: Ints, mix: Floats) -> Ints:
    """(n, P) cells of each phenotype, of n units of ``size`` cells that take them with chances ``mix`` (n, P)."""
    cells = np.zeros(mix.shape, dtype=np.int64)
    if mix.shape[1] == 1:
        cells[:, 0] = size
        return cells
    limits = np.cumsum(mix, axis=1)
    for cell in range(int(size.max(initial=0))):
        on = np.flatnonzero(size > cell)
        u = keys.take(on).uniform(Purpose.CELL, cell)[0] * limits[on, -1]
        cells[on, np.minimum((u[:, None] > limits[on]).sum(axis=1), mix.shape[1] - 1)] += 1
    return cells


def mixes(entries: Entries, part: int) -> Floats:
    """(n - 1, P) chances of phenotypes in each step; alike where nothing enters."""
    flux = np.diff(entries.cells[:, part], axis=0)
    total = flux.sum(axis=1, keepdims=True)
    return np.where(total > 0, flux / np.where(total > 0, total, 1), 1 / flux.shape[1])


def sizes_of(u: Floats, sizes: Floats) -> Ints:
    """(n,) cells of clusters, by inversion."""
    return np.minimum(np.searchsorted(np.cumsum(sizes), u), len(sizes) - 1) + 1


def enter(plan: Plan, entries: Entries, seeds: Ints, part: int) -> Flock:
    """All events of a part, one by one, by history and then in the order of time."""
    integral = integrated(plan, entries, part)
    history, number, amount, second, keys = arrivals(seeds, part, float(integral[-1]))
    order = np.lexsort((number, history))
    history, number, amount, second, keys = history[order], number[order], amount[order], second[order], keys.take(order)
    time, step = times_at(amount, integral, entries.times)
    cells = phenotypes(keys, sizes_of(second, plan.sizes), mixes(entries, part)[step])
    return begin(keys, history, number, part, cells, time)


def begin(keys: Keys, history: Ints, number: Ints, part: int, cells: Ints, time: Floats) -> Flock:
    """Units that leave the tissue by a part."""
    alike = np.zeros(len(history), dtype=np.int64)
    return Flock(keys.seed, keys.ident, history, number, alike + part, alike - 1, alike, alike + part, cells, time, time)
