r"""One sub-step of the kinetics at one node: dc/dt = R(c) + T, T the tendency of everything else, a line in time.

Rodas3, of order 3 and L-stable, with sub-steps by its own error estimate:

    (1/(h g) - J) k_i = f(t + a_i h, c + sum_j a_ij k_j) + sum_j c_ij k_j / h + h g_i df/dt,    c_new = c + sum_i m_i k_i,    error k_4

with a_i = 0, 0, 1, 1 and g_i = 1/2, 3/2, 0, 0.

Where that goes below 0, one share per node towards backward Euler, solved exactly: both keep the same linear invariants, so the
blend does. How much of each reaction happens, dx/dt = v(c), is integrated by the very same stages, blends and sub-steps, so that
c - c(0) - t T is what the stoichiometry makes of x to rounding. Here with a search for pivots; kernels.lanes does many nodes at once
without. Source: Sandu et al. 1997, doi:10.1016/S1352-2310(97)83212-8.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .program import Code, run

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
Masks = NDArray[np.uint64]

MOST = 20_000  # sub-steps of a node within a step
NEWTON = 30
SHORTEST = 1e-13  # sub-step, of a step


class Table(NamedTuple):
    """A set of species for compiled loops: what a discretise.program.Program holds, and the work of its discretise.elimination."""

    code: Code
    short: int
    first: int
    constants: Floats
    at: Ints
    slopes: Ints
    flows: Ints
    turns: Ints
    quiet: Masks
    gross: Ints
    weights: Floats
    silent: bool
    size: int
    place: Ints
    steps: Ints
    forward: Ints
    backward: Ints


@compiled
def _rates(table: Table, held: Flags, source: Floats, c: Floats, registers: Floats, f: Floats) -> None:
    """f = R(c) + T, 0 where held."""
    m = len(c)
    for i in range(m):
        registers[i] = c[i]
    run(table.code, table.short, table.first, registers)
    for i in range(m):
        f[i] = source[i] + (0.0 if held[i] else registers[table.at[i]])


@compiled
def _factor(table: Table, held: Flags, c: Floats, diagonal: float, registers: Floats, w: Floats, order: Ints) -> bool:
    """w = LU factors of diagonal I - J(c), with the order of rows; slopes that are not finite count as 0. False: it is singular."""
    m, slopes = len(c), table.slopes
    for i in range(m):
        registers[i] = c[i]
    run(table.code, len(table.code), table.first, registers)
    w[:, :] = 0.0
    for i in range(m):
        w[i, i] = diagonal
        order[i] = i
    for k in range(len(slopes)):
        value = registers[slopes[k, 2]]
        if math.isfinite(value) and not held[slopes[k, 0]]:
            w[slopes[k, 0], slopes[k, 1]] -= value
    for i in range(m):
        best = i
        for k in range(i + 1, m):
            if abs(w[k, i]) > abs(w[best, i]):
                best = k
        if not abs(w[best, i]) > 0.0:
            return False
        if best != i:
            for k in range(m):
                w[i, k], w[best, k] = w[best, k], w[i, k]
            order[i], order[best] = order[best], order[i]
        for k in range(i + 1, m):
            if w[k, i] != 0.0:
                w[k, i] /= w[i, i]
                for j in range(i + 1, m):
                    w[k, j] -= w[k, i] * w[i, j]
    return True


@compiled
def _solve(w: Floats, order: Ints, b: Floats, x: Floats) -> None:
    """x = (LU)^-1 b."""
    m = len(b)
    for i in range(m):
        value = b[order[i]]
        for j in range(i):
            value -= w[i, j] * x[j]
        x[i] = value
    for i in range(m - 1, -1, -1):
        for j in range(i + 1, m):
            x[i] -= w[i, j] * x[j]
        x[i] /= w[i, i]


@compiled
def _backward_euler(
    table: Table, held: Flags, source: Floats, c: Floats, h: float, registers: Floats, w: Floats, order: Ints, f: Floats, change: Floats,
    new: Floats,
) -> bool:  # fmt: skip
    """new = c + h (R(new) + T) by Newton's method; False where it does not settle or is negative."""
    m = len(c)
    for i in range(m):
        new[i] = c[i]
    for _ in range(NEWTON):
        _rates(table, held, source, new, registers, f)
        if not _factor(table, held, new, 1.0 / h, registers, w, order):
            return False
        for i in range(m):
            f[i] += (c[i] - new[i]) / h
        _solve(w, order, f, change)
        most = 0.0
        size = 0.0
        for i in range(m):
            new[i] += change[i]
            most = max(most, abs(change[i]))
            size = max(size, abs(new[i]))
        if not math.isfinite(most + size):
            return False
        if most <= 1e-14 * size:
            for i in range(m):
                if new[i] < -1e-14 * size:
                    return False
                new[i] = max(0.0, new[i])
            return True
    return False


@compiled
def _turn(turns: Ints, registers: Floats, steepness: Floats) -> None:
    """Keep the derivatives of the flows, as they stand after those of the rates were computed; what is not finite counts as 0."""
    for k in range(len(turns)):
        value = registers[turns[k, 2]]
        steepness[k] = value if math.isfinite(value) else 0.0


@compiled
def _flow(flows: Ints, turns: Ints, steepness: Floats, registers: Floats, k: Floats, before: Floats, diagonal: float, x: Floats) -> None:
    """x = (v + sum_j c_ij x_j/h + J_v k)/diagonal: a stage of the flows beside the stage k of the species. before: the sum."""
    for r in range(len(flows)):
        x[r] = registers[flows[r]] + before[r]
    for s in range(len(turns)):
        x[turns[s, 0]] += steepness[s] * k[turns[s, 1]]
    for r in range(len(flows)):
        x[r] /= diagonal


@compiled
def _blend(safe: Floats, new: Floats) -> float:
    """new = safe + the largest share of (new - safe) that is nowhere negative; returns the share."""
    share = 1.0
    for i in range(len(new)):
        if new[i] < 0.0:
            share = min(share, safe[i] / (safe[i] - new[i]))
    for i in range(len(new)):
        new[i] = max(0.0, safe[i] + share * (new[i] - safe[i]))
    return share


@compiled
def growth(error: float) -> float:
    """By which the next sub-step is longer after one that counts."""
    return float(min(6.0, max(0.2, 0.9 * max(error, 1e-8) ** (-1.0 / 3.0))))


@compiled
def blend_back(
    table: Table, held: Flags, source: Floats, c: Floats, h: float, registers: Floats, w: Floats, order: Ints, f: Floats, b: Floats,
    safe: Floats, new: Floats, step: Floats,
) -> bool:  # fmt: skip
    """Lead ``new`` back from below 0 towards backward Euler, and what flowed in ``step`` with it; False where that is not to be had."""
    if not _backward_euler(table, held, source, c, h, registers, w, order, f, b, safe):
        return False
    share = _blend(safe, new)
    if len(step) > 0:
        _rates(table, held, source, safe, registers, f)
        for j in range(len(step)):
            step[j] = h * registers[table.flows[j]] + share * (step[j] - h * registers[table.flows[j]])
    return True


@compiled
def sub_step(
    table: Table, held: Flags, source: Floats, bend: Floats, dt: float, rtol: float, floors: Floats, registers: Floats, w: Floats,
    order: Ints, work: Floats, flown: Floats, steepness: Floats, clock: Floats, c: Floats, mean: Floats, x: Floats, counts: Floats,
) -> bool:  # fmt: skip
    """c after one sub-step, in place; its mean over dt and what flowed are added to. False where there is none.

    clock: the time since the step began and the length to try; both are changed. registers: those of outer parts and constants are
    filled. source: T at mid-step, bend: dT/dt. work (9, m), flown (6, flows), w (m, m), order (m), steepness (turns): scratch.
    """
    m, flows, turns = len(c), table.flows, table.turns
    r = len(flows)
    k1, k2, k3, k4, f, b, new, safe, now = work[0], work[1], work[2], work[3], work[4], work[5], work[6], work[7], work[8]
    x1, x2, x3, x4, before, step = flown[0], flown[1], flown[2], flown[3], flown[4], flown[5]
    h = clock[1]
    for _ in range(MOST):
        h = min(h, dt - clock[0])
        if h < SHORTEST * dt:
            return False
        for i in range(m):
            now[i] = source[i] + bend[i] * (clock[0] - 0.5 * dt)
        _rates(table, held, now, c, registers, f)
        for i in range(m):
            f[i] += 0.5 * h * bend[i]
            now[i] += h * bend[i]
        if not _factor(table, held, c, 2.0 / h, registers, w, order):
            h *= 0.3
            continue
        counts[0] += 1.0
        _solve(w, order, f, k1)
        if r > 0:
            _turn(turns, registers, steepness)
            before[:] = 0.0
            _flow(flows, turns, steepness, registers, k1, before, 2.0 / h, x1)
            for j in range(r):
                before[j] = 4.0 * x1[j] / h
        for i in range(m):
            b[i] = f[i] + h * bend[i] + 4.0 * k1[i] / h
        _solve(w, order, b, k2)
        if r > 0:
            _flow(flows, turns, steepness, registers, k2, before, 2.0 / h, x2)
            for j in range(r):
                before[j] = (x1[j] - x2[j]) / h
        for i in range(m):
            new[i] = c[i] + 2.0 * k1[i]
        _rates(table, held, now, new, registers, f)
        for i in range(m):
            b[i] = f[i] + (k1[i] - k2[i]) / h
        _solve(w, order, b, k3)
        if r > 0:
            _flow(flows, turns, steepness, registers, k3, before, 2.0 / h, x3)
            for j in range(r):
                before[j] = (x1[j] - x2[j] - 8.0 / 3.0 * x3[j]) / h
        for i in range(m):
            new[i] = c[i] + 2.0 * k1[i] + k3[i]
        _rates(table, held, now, new, registers, f)
        for i in range(m):
            b[i] = f[i] + (k1[i] - k2[i] - 8.0 / 3.0 * k3[i]) / h
        _solve(w, order, b, k4)
        if r > 0:
            _flow(flows, turns, steepness, registers, k4, before, 2.0 / h, x4)
            for j in range(r):
                step[j] = 2.0 * x1[j] + x3[j] + x4[j]
        error = 0.0
        negative = False
        for i in range(m):
            new[i] = c[i] + 2.0 * k1[i] + k3[i] + k4[i]
            scale = max(floors[i], rtol * max(abs(c[i]), abs(new[i])))
            if scale > 0.0:
                error += (k4[i] / scale) ** 2
            negative = negative or new[i] < 0.0
        error = math.sqrt(error / m)
        if not math.isfinite(error):
            h *= 0.2
            continue
        if error > 1.0:
            h *= max(0.1, 0.9 * error ** (-1.0 / 3.0))
            continue
        if negative:
            for i in range(m):
                now[i] -= 0.5 * h * bend[i]
            if not blend_back(table, held, now, c, h, registers, w, order, f, b, safe, new, step):
                h *= 0.3
                continue
            counts[1] += 1.0
        for i in range(m):
            mean[i] += 0.5 * h / dt * (c[i] + new[i])
            c[i] = new[i]
        for j in range(r):
            x[j] += step[j]
        clock[0] += h
        clock[1] = h * growth(error)
        return True
    return False
