"""How fast reactions at a node take back what comes to one of its species."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges
from .kinetics import CHANGED, TILTED, WIDTH
from .program import run_wide
from .rodas import Table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int32]
Levels = NDArray[np.uint8]

SLOWEST = 0.5  # of 1/dt: as much is left to the passes
LEAVES = 2.0  # times what leaves a node by fluxes: as much may be counted on to be brought
LASTING = 10.0  # times as long what is taken for good must be taken


@compiled
def _inverse(a: Floats, b: Floats) -> bool:
    """b = a^-1, by rows in their order where pivots allow; False where it is singular. a is overwritten."""
    m = len(a)
    for i in range(m):
        for k in range(m):
            b[i, k] = 1.0 if i == k else 0.0
    for i in range(m):
        best = i
        for k in range(i + 1, m):
            if abs(a[k, i]) > abs(a[best, i]):
                best = k
        if not abs(a[best, i]) > 0.0:
            return False
        if best != i:
            for k in range(m):
                a[i, k], a[best, k] = a[best, k], a[i, k]
                b[i, k], b[best, k] = b[best, k], b[i, k]
        pivot = 1.0 / a[i, i]
        for k in range(m):
            a[i, k] *= pivot
            b[i, k] *= pivot
        for row in range(m):
            factor = a[row, i]
            if row != i and factor != 0.0:
                for k in range(m):
                    a[row, k] -= factor * a[i, k]
                    b[row, k] -= factor * b[i, k]
    return True


@compiled
def mark(levels: Levels, guess: Floats, busy: Flags) -> None:
    """busy = whether the tendency ``guess`` of a species is not 0; owned nodes."""
    for block in range(len(levels)):
        for i in range(block * WIDTH, min((block + 1) * WIDTH, len(busy))):
            busy[i] = levels[block] >= CHANGED and guess[i] != 0.0


@compiled
def _fast(table: Table, registers: Floats, busy: Flags, begin: int, width: int, dt: float, fast: Flags) -> bool:
    """fast = where the slope of some species by itself is more than SLOWEST/dt downwards, of nodes where any of the rows is busy."""
    for b in range(width):
        fast[b] = False
    found = False
    for s in range(len(table.slopes)):
        if table.slopes[s, 0] == table.slopes[s, 1]:
            slope = registers[table.slopes[s, 2]]
            for b in range(width):
                fast[b] |= -slope[b] * dt > SLOWEST
    for b in range(width):
        any_ = False
        for r in range(len(busy)):
            any_ |= busy[r, begin + b]
        fast[b] &= any_
        found |= fast[b]
    return found


@compiled
def rates(table: Table, outer: Floats, held: Flags, rows: Ints, density: Floats, count: int, busy: Flags, dt: float, found: Floats) -> None:
    r"""found (rows, nodes) = r of the species ``rows``, 0 where they are not busy (rows, nodes):

        r = max(0, (10 r_10 - r_1)/9 - 1/2dt),    r_k = 1/G_ii - 2/(k dt),    G = (2/(k dt) - dR/dc)^-1

    What a source dT adds to the mean of a species over the step is, to leading order, G_ii dT (k = 1), all that react with it following;
    and what its reactions take back of that is r_1 times as much. What is only shared with a partner from which it comes back goes with
    1/k, and is left out; what is taken for good does not depend on k. density (>= count, nodes): of the ``count`` species.
    """
    m, n = len(table.at), density.shape[1]
    registers = np.zeros((table.first + len(table.code), WIDTH))
    for k in range(len(table.constants)):
        registers[m + len(outer) + k] = table.constants[k]
    a, inverse = np.zeros((count, count)), np.zeros((count, count))
    fast = np.zeros(WIDTH, dtype=np.bool_)
    found[:] = 0.0
    for begin in range(0, n, WIDTH):
        width = min(WIDTH, n - begin)
        if not busy[:, begin : begin + width].any():
            continue
        registers[:count, :width] = density[:count, begin : begin + width]
        registers[m : m + len(outer), :width] = outer[:, begin : begin + width]
        run_wide(table.code, len(table.code), table.first, width, registers)
        if not _fast(table, registers, busy, begin, width, dt, fast):
            continue
        for b in range(width):
            if not fast[b]:
                continue
            node = begin + b
            for lasting in (1.0, LASTING):
                turns = 2.0 / (lasting * dt)
                for i in range(count):
                    for k in range(count):
                        a[i, k] = turns if i == k else 0.0
                for s in range(len(table.slopes)):
                    i, k, value = table.slopes[s, 0], table.slopes[s, 1], registers[table.slopes[s, 2], b]
                    if i < count and k < count and not held[i, node] and abs(value) < np.inf:
                        a[i, k] -= value
                known = _inverse(a, inverse)
                for r in range(len(rows)):
                    i = rows[r]
                    value = inverse[i, i]
                    rate = 1.0 / value - turns if known and value > 0.0 and busy[r, node] and not held[i, node] else 0.0
                    if lasting == 1.0:
                        found[r, node] = rate
                    else:
                        rate = (LASTING * rate - found[r, node]) / (LASTING - 1.0) - SLOWEST / dt
                        found[r, node] = rate if 0.0 < rate < np.inf else 0.0


@compiled
def means(levels: Levels, old: Floats, new: Floats, tilt: Floats, dt: float, mean: Floats) -> None:
    """mean = (c_old + c_new)/2 - dt g/12, what the density was on the average of the step; where anything was changed."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            tilted = levels[block] == TILTED
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(mean))):
                mean[i] = 0.5 * (old[i] + new[i]) - (dt / 12.0 * tilt[i] if tilted else 0.0)


@compiled
def before(rate: Floats, old: Floats, last: float, mean: Floats) -> None:
    """mean = what the density was on the average of the step before, of size ``last``."""
    for i in range(len(mean)):
        mean[i] = max(0.0, old[i] - 0.5 * last * rate[i])


@compiled
def middle_stage(mean: Floats, begin: Floats, end: Floats, weight: float, last: float, node: int) -> float:
    """The density at the middle stage, so that with ``weight`` for it and the beginning and ``last`` for the end the mean is ``mean``."""
    return (mean[node] - weight * begin[node] - last * end[node]) / weight


@compiled
def first_side(
    mass: Floats, rate: Floats, old: Floats, begin: Floats, mean: Floats, end: Floats, weight: float, last: float, tau: float, b: Floats
) -> None:  # fmt: skip
    """b += tau m r [ (c_begin - c_old) + c_middle ], of a trapezoidal stage."""
    for i in range(len(rate)):
        if rate[i] > 0.0:
            b[i] += tau * mass[i] * rate[i] * (begin[i] - old[i] + middle_stage(mean, begin, end, weight, last, i))


@compiled
def side(mass: Floats, rate: Floats, toward: Floats, tau: float, b: Floats) -> None:
    """b += tau m r c_toward."""
    for i in range(len(rate)):
        b[i] += tau * mass[i] * rate[i] * toward[i]


@compiled
def loss(mass: Floats, rate: Floats, source: Floats, mean: Floats, production: Floats, dt: float, b: Floats) -> None:
    """b += dt m q, q = max(-P, min(0, S + r c_mean)): with -r c the reactions of the low order, but for what they bring.

    So its density is not that without them, and with fluxes of it c + dt (A c + P) = c + dt (r c - q) is not negative.
    """
    for i in range(len(rate)):
        if rate[i] > 0.0:
            b[i] += dt * mass[i] * max(-max(0.0, production[i]), min(0.0, source[i] + rate[i] * mean[i]))


@compiled
def give_back(rate: Floats, mean: Floats, w: Floats, dt: float, last: Floats) -> None:
    """last += dt r (w - c_mean): the last stage without what the reactions took back."""
    for i in range(len(rate)):
        last[i] += dt * rate[i] * (w[i] - mean[i])


@compiled
def lean(
    rate: Floats, old: Floats, star: Floats, before: Floats, earlier: Floats, ahead: float, ratio: float, dt: float, bend: Floats
) -> None:  # fmt: skip
    """bend = dT/dt where r > 0: from ``before``, T of the last step, to T = (c* - c)/dt, and ``ahead`` times as far to the end of the step;
    no further than to 0 or twice as much, nor than ``ratio`` times the change from ``earlier`` to ``before``, and only if it goes on: what
    alternates from step to step is no line."""
    for i in range(len(rate)):
        if rate[i] > 0.0:
            tendency = (star[i] - old[i]) / dt
            most = min(abs(tendency), max(0.0, ahead * ratio * math.copysign(1.0, tendency - before[i]) * (before[i] - earlier[i])))
            change = min(max(ahead * (tendency - before[i]), -most), most)
            bend[i] = 2.0 / dt * change if abs(change) < np.inf else 0.0


@compiled
def damp(levels: Levels, rate: Floats, mean: Floats, aim: Floats, dt: float, source: Floats) -> None:
    """Of a source s, what is missing in the stages: s + r (c_mean - c_aimed at)/2, over 1 + dt r/2; where levels are not 0."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(rate))):
                if rate[i] > 0.0:
                    source[i] = (source[i] + 0.5 * rate[i] * (mean[i] - aim[i])) / (1.0 + 0.5 * dt * rate[i])


@compiled
def credit(e: Edges, rate: Floats, mean: Floats, gain: Floats, source: Floats) -> None:
    """gain = max(gain, R + min(r, LEAVES l) c_mean), what reactions bring, of what they make, R = gain + source, which is kept.

    l = sum_j l_ij/m_i: no more can leave a node, and what nobody takes is rounding.
    """
    indptr, indices, mass, _, ls = e
    for i in range(len(rate)):
        if rate[i] > 0.0:
            out = 0.0
            for k in range(indptr[i], indptr[i + 1]):
                out += ls[k] if indices[k] != i else 0.0
            made = gain[i] + source[i]
            gain[i] = max(gain[i], made + min(rate[i], LEAVES * out / mass[i]) * mean[i])
            source[i] = made - gain[i]
