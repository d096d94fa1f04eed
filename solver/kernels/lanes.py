r"""Sub-steps of the kinetics at many nodes at once, each with its own time and length: kernels.rodas, LANES nodes wide.

A lane that has come to the end of the step takes the next node. Unknowns are eliminated in one order, found before
(discretise.elimination), without a search for pivots; a lane in which the first stage does not solve its equations to SOLVED of their
parts does that sub-step with pivots, as does one that must be led back from below 0. What a lane finds does not depend on the others.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .program import run_wide
from .rodas import MOST, SHORTEST, Table, blend_back, growth, sub_step

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

LANES = 64
SOLVED = 1e-10  # of the parts of each equation
FEW, LEAST = 300, 1e-9  # sub-steps of a node, and of a step, after which T is taken as constant in it


@compiled
def _eliminate(steps: Ints, w: Floats) -> None:
    """The factors of w in its place (see discretise.elimination); NaN where a pivot is 0."""
    for s in range(len(steps)):
        t, a, b = steps[s, 0], steps[s, 1], steps[s, 2]
        if a < 0:
            for k in range(LANES):
                w[t, k] = 1.0 / w[t, k] if w[t, k] != 0.0 else np.nan
        elif b < 0:
            for k in range(LANES):
                w[t, k] *= w[a, k]
        else:
            for k in range(LANES):
                w[t, k] -= w[a, k] * w[b, k]


@compiled
def _solve(table: Table, w: Floats, x: Floats) -> None:
    """x = M^-1 x, of its factors."""
    for s in range(len(table.forward)):
        i, j, e = table.forward[s, 0], table.forward[s, 1], table.forward[s, 2]
        for k in range(LANES):
            x[i, k] -= w[e, k] * x[j, k]
    for s in range(len(table.backward)):
        i, j, e = table.backward[s, 0], table.backward[s, 1], table.backward[s, 2]
        if j < 0:
            for k in range(LANES):
                x[i, k] *= w[e, k]
        else:
            for k in range(LANES):
                x[i, k] -= w[e, k] * x[j, k]


@compiled
def _rates(table: Table, lines: int, free: Floats, source: Floats, c: Floats, registers: Floats, f: Floats) -> None:
    """f = R(c) + T, T alone where held; ``lines`` of the program are carried out."""
    for i in range(len(c)):
        for k in range(LANES):
            registers[i, k] = c[i, k]
    run_wide(table.code, lines, table.first, LANES, registers)
    for i in range(len(c)):
        rate = table.at[i]
        for k in range(LANES):
            f[i, k] = source[i, k] + (registers[rate, k] if free[i, k] != 0.0 else 0.0)


@compiled
def _slopes(table: Table, free: Floats, registers: Floats, slopes: Floats, steepness: Floats) -> None:
    """The derivatives of rates and flows; what is not finite or held counts as 0."""
    for s in range(len(slopes)):
        row, register = table.slopes[s, 0], table.slopes[s, 2]
        for k in range(LANES):
            slopes[s, k] = free[row, k] * registers[register, k] if abs(registers[register, k]) < np.inf else 0.0
    for s in range(len(steepness)):
        register = table.turns[s, 2]
        for k in range(LANES):
            steepness[s, k] = registers[register, k] if abs(registers[register, k]) < np.inf else 0.0


@compiled
def _factor(table: Table, slopes: Floats, inverse: Floats, w: Floats) -> None:
    """w = factors of 2/h I - J."""
    w[:, :] = 0.0
    for i in range(len(table.at)):
        for k in range(LANES):
            w[i, k] = 2.0 * inverse[k]
    for s in range(len(slopes)):
        e = table.place[s]
        for k in range(LANES):
            w[e, k] -= slopes[s, k]
    _eliminate(table.steps, w)


@compiled
def _unsolved(table: Table, slopes: Floats, inverse: Floats, f: Floats, x: Floats, rest: Floats, size: Floats, wrong: Flags) -> None:
    """Whether 2/h x - J x = f is missed by more than SOLVED of its parts."""
    for i in range(len(x)):
        for k in range(LANES):
            part = 2.0 * inverse[k] * x[i, k]
            rest[i, k] = f[i, k] - part
            size[i, k] = abs(f[i, k]) + abs(part)
    for s in range(len(slopes)):
        i, j = table.slopes[s, 0], table.slopes[s, 1]
        for k in range(LANES):
            part = slopes[s, k] * x[j, k]
            rest[i, k] += part
            size[i, k] += abs(part)
    for k in range(LANES):
        wrong[k] = False
    for i in range(len(x)):
        for k in range(LANES):
            wrong[k] = wrong[k] or not abs(rest[i, k]) <= SOLVED * size[i, k]


@compiled
def _flow(
    table: Table, steepness: Floats, registers: Floats, stage: Floats, half: Floats, inverse: Floats, one: Floats, two: Floats,
    three: Floats, a: float, b: float, c: float, x: Floats,
) -> None:  # fmt: skip
    """x = h/2 (v + (a x1 + b x2 + c x3)/h + J_v k): a stage of the flows beside the stage k of the species."""
    for r in range(len(x)):
        register = table.flows[r]
        for k in range(LANES):
            x[r, k] = registers[register, k] + inverse[k] * (a * one[r, k] + b * two[r, k] + c * three[r, k])
    for s in range(len(steepness)):
        r, j = table.turns[s, 0], table.turns[s, 1]
        for k in range(LANES):
            x[r, k] += steepness[s, k] * stage[j, k]
    for r in range(len(x)):
        for k in range(LANES):
            x[r, k] *= half[k]


@compiled
def _stages(
    table: Table, rtol: float, floors: Floats, free: Floats, source: Floats, bend: Floats, c: Floats, half: Floats, inverse: Floats,
    registers: Floats, w: Floats, slopes: Floats, steepness: Floats, work: Floats, flown: Floats, wrong: Flags, error: Floats, low: Floats,
) -> None:  # fmt: skip
    """new = work[6] and the flows in it, flown[4], after a sub-step; its error of the admitted one, and the least of ``new``.

    source: T where the sub-step begins, and afterwards where it ends; bend: dT/dt.
    """
    m, r = len(c), len(table.flows)
    k1, k2, k3, k4, f, rest, new = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    x1, x2, x3, x4, step = flown[0], flown[1], flown[2], flown[3], flown[4]
    _rates(table, len(table.code), free, source, c, registers, f)
    _slopes(table, free, registers, slopes, steepness)
    _factor(table, slopes, inverse, w)
    for i in range(m):
        for k in range(LANES):
            f[i, k] += half[k] * bend[i, k]
            k1[i, k] = f[i, k]
    _solve(table, w, k1)
    _unsolved(table, slopes, inverse, f, k1, rest, new, wrong)
    if r > 0:
        _flow(table, steepness, registers, k1, half, inverse, x1, x1, x1, 0.0, 0.0, 0.0, x1)
    for i in range(m):
        for k in range(LANES):
            turn = 2.0 * half[k] * bend[i, k]
            k2[i, k] = f[i, k] + turn + 4.0 * inverse[k] * k1[i, k]
            source[i, k] += turn
    _solve(table, w, k2)
    if r > 0:
        _flow(table, steepness, registers, k2, half, inverse, x1, x1, x1, 4.0, 0.0, 0.0, x2)
    for i in range(m):
        for k in range(LANES):
            new[i, k] = c[i, k] + 2.0 * k1[i, k]
    _rates(table, table.short, free, source, new, registers, f)
    for i in range(m):
        for k in range(LANES):
            k3[i, k] = f[i, k] + inverse[k] * (k1[i, k] - k2[i, k])
    _solve(table, w, k3)
    if r > 0:
        _flow(table, steepness, registers, k3, half, inverse, x1, x2, x2, 1.0, -1.0, 0.0, x3)
    for i in range(m):
        for k in range(LANES):
            new[i, k] += k3[i, k]
    _rates(table, table.short, free, source, new, registers, f)
    for i in range(m):
        for k in range(LANES):
            k4[i, k] = f[i, k] + inverse[k] * (k1[i, k] - k2[i, k] - 8.0 / 3.0 * k3[i, k])
    _solve(table, w, k4)
    if r > 0:
        _flow(table, steepness, registers, k4, half, inverse, x1, x2, x3, 1.0, -1.0, -8.0 / 3.0, x4)
        for j in range(r):
            for k in range(LANES):
                step[j, k] = 2.0 * x1[j, k] + x3[j, k] + x4[j, k]
    error[:], low[:] = 0.0, 0.0
    for i in range(m):
        floor = max(floors[i], 1e-300)
        for k in range(LANES):
            new[i, k] += k4[i, k]
            off = k4[i, k] / max(floor, rtol * max(abs(c[i, k]), abs(new[i, k])))
            error[k] += off * off
            low[k] = min(low[k], new[i, k])


@compiled
def march(
    table: Table, nodes: Ints, outer: Floats, held: Flags, old: Floats, moved: Floats, dt: float, rtol: float, floors: Floats,
    bends: Floats, new: Floats, tilt: Floats, flown: Floats, counts: Floats,
) -> int:  # fmt: skip
    """Fill ``new``, ``tilt`` and ``flown`` at these nodes as kernels.kinetics.advance says; the node where that failed, or -1.

    Where T with its line in time leads nowhere (it takes what is used up already), T is taken as constant.
    """
    m, r, n_outer = len(new), len(flown), len(outer)
    registers = np.zeros((table.first + len(table.code), LANES))
    for k in range(len(table.constants)):
        registers[m + n_outer + k] = table.constants[k]
    c, source, free, mean = np.zeros((m, LANES)), np.zeros((m, LANES)), np.zeros((m, LANES)), np.zeros((m, LANES))
    bend, now = np.zeros((m, LANES)), np.zeros((m, LANES))
    x, w, work, stages = np.zeros((r, LANES)), np.zeros((table.size, LANES)), np.zeros((7, m, LANES)), np.zeros((5, r, LANES))
    slopes, steepness = np.zeros((len(table.slopes), LANES)), np.zeros((len(table.turns), LANES))
    time, length, half, inverse = np.zeros(LANES), np.full(LANES, dt), np.full(LANES, 0.5 * dt), np.full(LANES, 1.0 / dt)
    error, low, wrong, taken = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES, dtype=np.bool_), np.zeros(LANES)
    at, tries, again = np.full(LANES, -1), np.zeros(LANES, dtype=np.int64), np.zeros(LANES, dtype=np.bool_)
    plain = np.zeros(LANES, dtype=np.bool_)  # whether T is taken as constant
    # of one lane
    one, own, line, fixed, average = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m, dtype=np.bool_), np.zeros(m)
    register, dense, order, rows = np.zeros(table.first + len(table.code)), np.zeros((m, m)), np.zeros(m, dtype=np.int32), np.zeros((9, m))
    streams, steep, sum_, clock = np.zeros((6, r)), np.zeros(len(table.turns)), np.zeros(r), np.zeros(2)
    following = 0
    while True:
        running = 0
        for k in range(LANES):
            if at[k] < 0 and following < len(nodes):
                at[k], again[k], plain[k] = nodes[following], False, bends.shape[1] == 0
                following += 1
                node = at[k]
                time[k], length[k], tries[k] = 0.0, dt, 0
                for i in range(m):
                    c[i, k], mean[i, k], free[i, k] = old[i, node], 0.0, 0.0 if held[i, node] else 1.0
                    source[i, k] = (moved[i, node] - old[i, node]) / dt
                    bend[i, k] = 0.0 if plain[k] or held[i, node] else bends[i, node]
                for j in range(r):
                    x[j, k] = 0.0
                for j in range(n_outer):
                    registers[m + j, k] = outer[j, node]
            elif at[k] >= 0 and not plain[k] and (length[k] < LEAST * dt or tries[k] >= FEW):
                node, plain[k] = at[k], True
                time[k], length[k], tries[k] = 0.0, dt, 0
                for i in range(m):
                    c[i, k], mean[i, k], bend[i, k] = old[i, node], 0.0, 0.0
                for j in range(r):
                    x[j, k] = 0.0
            elif at[k] >= 0 and (length[k] < SHORTEST * dt or tries[k] >= MOST):
                node = at[k]
                for i in range(m):
                    if again[k] or moved[i, node] < -floors[i]:
                        return int(node)
                counts[2] += 1.0
                again[k] = True
                time[k], length[k], tries[k] = 0.0, dt, 0
                for i in range(m):
                    c[i, k], mean[i, k], source[i, k] = max(0.0, moved[i, node]), 0.0, 0.0  # less is rounding
                for j in range(r):
                    x[j, k] = 0.0
            if at[k] >= 0:
                running += 1
                tries[k] += 1
                half[k], inverse[k] = 0.5 * length[k], 1.0 / length[k]
        if running == 0:
            return -1
        counts[0] += running
        for i in range(m):
            for k in range(LANES):
                now[i, k] = source[i, k] + bend[i, k] * (time[k] - 0.5 * dt)
        lanes = (free, now, bend, c, half, inverse, registers, w, slopes, steepness, work, stages, wrong, error, low)
        _stages(table, rtol, floors, *lanes)
        after, step = work[6], stages[4]
        for k in range(LANES):
            taken[k] = 0.0
            if at[k] < 0:
                continue
            h = length[k]
            off = math.sqrt(error[k] / m)
            if wrong[k] or (off <= 1.0 and low[k] < 0.0):
                for i in range(m):
                    one[i], own[i], fixed[i], average[i], rows[6, i] = c[i, k], source[i, k], free[i, k] == 0.0, mean[i, k], after[i, k]
                    line[i] = bend[i, k]
                for j in range(r):
                    sum_[j], streams[5, j] = x[j, k], step[j, k]
                for j in range(m, table.first):
                    register[j] = registers[j, k]
                if wrong[k]:
                    clock[0], clock[1] = time[k], h
                    counts[0] -= 1.0
                    scratch = (register, dense, order, rows, streams, steep, clock, one, average, sum_, counts)
                    done = sub_step(table, fixed, own, line, dt, rtol, floors, *scratch)
                    for i in range(m):
                        c[i, k], mean[i, k] = one[i], average[i]
                    for j in range(r):
                        x[j, k] = sum_[j]
                    time[k], length[k] = clock[0], clock[1] if done else 0.0
                    continue
                for i in range(m):
                    own[i] += line[i] * (time[k] + 0.5 * h - 0.5 * dt)
                vectors = (rows[4], rows[5], rows[7], rows[6], streams[5])
                if not blend_back(table, fixed, own, one, h, register, dense, order, *vectors):
                    length[k] = 0.3 * h
                    continue
                counts[1] += 1.0
                for i in range(m):
                    after[i, k] = rows[6, i]
                for j in range(r):
                    step[j, k] = streams[5, j]
            elif not off < np.inf:
                length[k] = 0.2 * h
                continue
            elif off > 1.0:
                length[k] = h * max(0.1, 0.9 * off ** (-1.0 / 3.0))
                continue
            taken[k] = 1.0
            time[k] += h
            length[k] = h * growth(off)
        for i in range(m):
            for k in range(LANES):
                mean[i, k] += taken[k] * half[k] / dt * (c[i, k] + after[i, k]) if taken[k] != 0.0 else 0.0
                c[i, k] = after[i, k] if taken[k] != 0.0 else c[i, k]
        for j in range(r):
            for k in range(LANES):
                x[j, k] += step[j, k] if taken[k] != 0.0 else 0.0
        for k in range(LANES):
            node = at[k]
            if node < 0:
                continue
            if time[k] < dt * (1.0 - 1e-14):
                length[k] = min(length[k], dt - time[k])
                continue
            at[k], length[k] = -1, dt
            for i in range(m):
                begun = moved[i, node] if again[k] else old[i, node]
                new[i, node] = c[i, k] if free[i, k] != 0.0 else moved[i, node]
                tilt[i, node] = 12.0 / dt * (0.5 * (begun + c[i, k]) - mean[i, k]) if free[i, k] != 0.0 else 0.0
            for j in range(r):
                flown[j, node] = x[j, k]
