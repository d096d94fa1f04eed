r"""Kinetics at each node over a whole step: dc/dt = R(c) + T, T the tendency of everything else, constant in the step.

Rodas3, of order 3 and L-stable, with sub-steps by its own error estimate that start afresh at every call:

    (1/(h g) - J) k_i = f(c + sum_j a_ij k_j) + sum_j c_ij k_j / h,    c_new = c + sum_i m_i k_i,    error k_4

Where that goes below 0, one share per node towards backward Euler, solved exactly: both keep the same linear invariants, so the
blend does. Where backward Euler cannot be (T takes what reactions have used up) the node begins with c + dt T >= 0 and reacts from
there. How much of each reaction happens, dx/dt = v(c), is integrated by the very same stages, blends and sub-steps, so that
c - c(0) - dt T is what the stoichiometry makes of x to rounding. Source: Sandu et al. 1997, doi:10.1016/S1352-2310(97)83212-8.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .program import Code, run, run_wide

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
Masks = NDArray[np.uint64]

FLOOR = 1e-8  # of the largest density of a species: below, errors are relative to this
FLOOR_OF_ALL = 1e-12  # of the largest density of all: what is not there yet has no size of its own
SLOW = 2e-3  # of a density, turned over in a step: the midpoint rule is then wrong by 1e-9 of it
FEW = 1e-10  # of the largest density of a species: what less than this does is as well done by the midpoint rule
MOST = 20_000  # sub-steps of a node within a step
NEWTON = 30
TRACE = 1e-60  # of the largest density of a species: pulled fronts that are cut off there are slower by 5e-4
REST = 5e-3  # of that: what the middle of the step then differs by counts for 5e-11 of a density
WIDTH = 64  # nodes that are looked at together


@compiled
def _rates(code: Code, short: int, first: int, at: Ints, held: Flags, source: Floats, c: Floats, registers: Floats, f: Floats) -> None:
    """f = R(c) + T, 0 where held."""
    m = len(c)
    for i in range(m):
        registers[i] = c[i]
    run(code, short, first, registers)
    for i in range(m):
        f[i] = source[i] + (0.0 if held[i] else registers[at[i]])


@compiled
def _factor(
    code: Code, first: int, slopes: Ints, held: Flags, c: Floats, diagonal: float, registers: Floats, w: Floats, order: Ints
) -> bool:
    """w = LU factors of diagonal I - J(c), with the order of rows; slopes that are not finite count as 0. False: it is singular."""
    m = len(c)
    for i in range(m):
        registers[i] = c[i]
    run(code, len(code), first, registers)
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
    code: Code, short: int, first: int, at: Ints, slopes: Ints, held: Flags, source: Floats, c: Floats, h: float, registers: Floats,
    w: Floats, order: Ints, f: Floats, change: Floats, new: Floats,
) -> bool:  # fmt: skip
    """new = c + h (R(new) + T) by Newton's method; False where it does not settle or is negative."""
    m = len(c)
    for i in range(m):
        new[i] = c[i]
    for _ in range(NEWTON):
        _rates(code, short, first, at, held, source, new, registers, f)
        if not _factor(code, first, slopes, held, new, 1.0 / h, registers, w, order):
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
def _turn(code: Code, first: int, turns: Ints, registers: Floats, steepness: Floats) -> None:
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
def _node(
    code: Code, short: int, first: int, at: Ints, slopes: Ints, flows: Ints, turns: Ints, held: Flags, source: Floats, dt: float,
    rtol: float, floors: Floats, registers: Floats, w: Floats, order: Ints, work: Floats, flown: Floats, steepness: Floats, c: Floats,
    mean: Floats, x: Floats, counts: Floats,
) -> bool:  # fmt: skip
    """c after a time dt, in place, with its mean in that time, and what flowed in it in x; False where it does not get there.

    work (8, m), flown (6, flows).
    """
    m, r = len(c), len(flows)
    k1, k2, k3, k4, f, b, new, safe = work[0], work[1], work[2], work[3], work[4], work[5], work[6], work[7]
    x1, x2, x3, x4, before, step = flown[0], flown[1], flown[2], flown[3], flown[4], flown[5]
    x[:] = 0.0
    time = 0.0
    h = dt
    mean[:] = 0.0
    for _ in range(MOST):
        h = min(h, dt - time)
        if h < 1e-13 * dt:
            return False
        _rates(code, short, first, at, held, source, c, registers, f)
        if not _factor(code, first, slopes, held, c, 2.0 / h, registers, w, order):
            h *= 0.3
            continue
        counts[0] += 1.0
        _solve(w, order, f, k1)
        if r > 0:
            _turn(code, first, turns, registers, steepness)
            before[:] = 0.0
            _flow(flows, turns, steepness, registers, k1, before, 2.0 / h, x1)
            for j in range(r):
                before[j] = 4.0 * x1[j] / h
        for i in range(m):
            b[i] = f[i] + 4.0 * k1[i] / h
        _solve(w, order, b, k2)
        if r > 0:
            _flow(flows, turns, steepness, registers, k2, before, 2.0 / h, x2)
            for j in range(r):
                before[j] = (x1[j] - x2[j]) / h
        for i in range(m):
            new[i] = c[i] + 2.0 * k1[i]
        _rates(code, short, first, at, held, source, new, registers, f)
        for i in range(m):
            b[i] = f[i] + (k1[i] - k2[i]) / h
        _solve(w, order, b, k3)
        if r > 0:
            _flow(flows, turns, steepness, registers, k3, before, 2.0 / h, x3)
            for j in range(r):
                before[j] = (x1[j] - x2[j] - 8.0 / 3.0 * x3[j]) / h
        for i in range(m):
            new[i] = c[i] + 2.0 * k1[i] + k3[i]
        _rates(code, short, first, at, held, source, new, registers, f)
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
            if not _backward_euler(code, short, first, at, slopes, held, source, c, h, registers, w, order, f, b, safe):
                h *= 0.3
                continue
            share = _blend(safe, new)
            counts[1] += 1.0
            if r > 0:
                _rates(code, short, first, at, held, source, safe, registers, f)
                for j in range(r):
                    step[j] = h * registers[flows[j]] + share * (step[j] - h * registers[flows[j]])
        for i in range(m):
            mean[i] += 0.5 * h / dt * (c[i] + new[i])
            c[i] = new[i]
        for j in range(r):
            x[j] += step[j]
        time += h
        if time >= dt * (1.0 - 1e-14):
            return True
        h *= min(6.0, max(0.2, 0.9 * max(error, 1e-8) ** (-1.0 / 3.0)))
    return False


@compiled
def _still(quiet: Masks, outer: Floats, old: Floats, moved: Floats, node: int, floors: Floats) -> bool:
    """Whether nothing can react at a node: each part of the rates has a factor that is 0 there, and remains so."""
    for i in range(len(old)):
        if moved[i, node] < -floors[i]:
            return False
    none = np.uint64(0)
    for i in range(min(len(old), 64)):
        if old[i, node] == 0.0 and moved[i, node] == 0.0:
            none |= np.uint64(1) << np.uint64(i)
    for k in range(min(len(outer), 64 - len(old))):
        if outer[k, node] == 0.0:
            none |= np.uint64(1) << np.uint64(len(old) + k)
    for k in range(len(quiet)):  # noqa: SIM110 (generators cannot be compiled)
        if quiet[k] & none == np.uint64(0):
            return False
    return True


@compiled
def _nothing(
    quiet: Masks, outer: Floats, old: Floats, moved: Floats, begin: int, width: int, traces: Floats, absent: Masks, new: Floats,
    tilt: Floats, flown: Floats,
) -> bool:  # fmt: skip
    """Whether at all of ``width`` nodes from ``begin`` on nothing can react, as ``_still``, but for traces, which stay as they are: then
    new = moved. absent (width): scratch."""
    m = len(new)
    none, one = np.uint64(0), np.uint64(1)
    for b in range(width):
        absent[b] = none
    for i in range(min(m, 64)):
        bit = one << np.uint64(i)
        for b in range(width):
            absent[b] |= bit if max(old[i, begin + b], moved[i, begin + b]) <= traces[i] else none
    for k in range(min(len(outer), 64 - m)):
        bit = one << np.uint64(m + k)
        for b in range(width):
            absent[b] |= bit if outer[k, begin + b] == 0.0 else none
    for k in range(len(quiet)):
        for b in range(width):
            if quiet[k] & absent[b] == none:
                return False
    for i in range(m):
        for b in range(width):
            if not moved[i, begin + b] >= -traces[i]:
                return False
            new[i, begin + b] = max(0.0, moved[i, begin + b])
            tilt[i, begin + b] = 0.0
    for j in range(len(flown)):
        for b in range(width):
            flown[j, begin + b] = 0.0
    return True


@compiled
def _slow(
    code: Code, short: int, first: int, at: Ints, flows: Ints, gross: Ints, weights: Floats, outer: Floats, held: Flags, old: Floats,
    moved: Floats, begin: int, width: int, dt: float, rtol: float, floors: Floats, registers: Floats, room: Floats, new: Floats,
    tilt: Floats, flown: Floats, done: Flags,
) -> None:  # fmt: skip
    """A step of the midpoint rule at ``width`` nodes from ``begin`` on, where so little reacts that this is as exact as the stages: done.

    All parts of the rates together, whatever their signs, turn over less than SLOW of each density, or than FEW of the largest.
    room (species, width): scratch.
    """
    m, r = len(new), len(flown)
    for k in range(len(outer)):
        for b in range(width):
            registers[m + k, b] = outer[k, begin + b]
    for i in range(m):
        few = FEW / rtol * floors[i] / FLOOR
        for b in range(width):
            c = 0.5 * (old[i, begin + b] + moved[i, begin + b])
            registers[i, b] = c
            room[i, b] = max(few, SLOW * c) / dt
    run_wide(code, short, first, width, registers)
    for k in range(len(gross)):
        row, part, weight = gross[k, 0], gross[k, 1], weights[k]
        for b in range(width):
            room[row, b] -= weight * abs(registers[part, b])
    some, all_at_rest = False, True
    for b in range(width):
        done[b] = True
    for i in range(m):
        few = (1.0 - REST) * FEW / rtol * floors[i] / FLOOR / dt
        for b in range(width):
            done[b] = done[b] and room[i, b] >= 0.0
            all_at_rest = all_at_rest and room[i, b] >= max(few, (1.0 - REST) * SLOW / dt * registers[i, b])
    for b in range(width):
        some = some or done[b]
    if not some:
        return
    if not all_at_rest:
        for i in range(m):
            rate = at[i]
            for b in range(width):
                c = 0.5 * (old[i, begin + b] + moved[i, begin + b] + (0.0 if held[i, begin + b] else dt * registers[rate, b]))
                room[i, b] = c
                done[b] = done[b] and 0.0 <= c < np.inf
        registers[:m] = room
        run_wide(code, short, first, width, registers)
    for i in range(m):
        rate = at[i]
        for b in range(width):
            c = moved[i, begin + b] + (0.0 if held[i, begin + b] else dt * registers[rate, b])
            new[i, begin + b] = c
            tilt[i, begin + b] = 0.0
            done[b] = done[b] and 0.0 <= c < np.inf
    for j in range(r):
        speed = flows[j]
        for b in range(width):
            flown[j, begin + b] = dt * registers[speed, b]


@compiled
def advance(
    code: Code, short: int, first: int, constants: Floats, at: Ints, slopes: Ints, flows: Ints, turns: Ints, quiet: Masks, gross: Ints,
    weights: Floats, silent: bool, outer: Floats, held: Flags, old: Floats, moved: Floats, dt: float, rtol: float, floors: Floats,
    new: Floats, tilt: Floats,
    flown: Floats, counts: Floats,
) -> int:  # fmt: skip
    """new = the densities after the step, (species, nodes). old: before it; moved: c + dt T, what all else makes of it.

    flown (flows, nodes): how much of each flow there was in the step. held: nodes where a species is given: it goes straight from old
    to moved. silent: R = 0 where all densities are 0. quiet, gross, weights: as of a Program; where nothing reacts, new = moved.
    tilt: g, with (t/dt - 1/2) g the line in time whose first moment is that of R. rtol, floors: errors of sub-steps, relative and
    absolute. counts: adds sub-steps, blends, nodes that began with ``moved``, nodes that reacted.
    Returns the first node where it failed, and where ``moved`` is negative so that it cannot begin with that, or -1.
    """
    m, n = new.shape
    r = len(flows)
    registers = np.zeros(first + len(code))
    registers[m + len(outer) : first] = constants
    w, order, work = np.zeros((m, m)), np.zeros(m, dtype=np.int32), np.zeros((8, m))
    c, source, mean, mine = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m, dtype=np.bool_)
    stages, steepness, x = np.zeros((6, r)), np.zeros(len(turns)), np.zeros(r)
    done, wide, room = np.zeros(WIDTH, dtype=np.bool_), np.zeros((first + short, WIDTH)), np.zeros((m, WIDTH))
    absent, traces = np.zeros(WIDTH, dtype=np.uint64), TRACE / (rtol * FLOOR) * floors
    for k in range(len(constants)):
        wide[m + len(outer) + k] = constants[k]
    for node in range(n):
        if len(gross) > 0:
            if node % WIDTH == 0:
                width = min(WIDTH, n - node)
                nothing = len(quiet) > 0 and _nothing(quiet, outer, old, moved, node, width, traces, absent, new, tilt, flown)
                done[:] = nothing
                few = (rtol, floors, wide, room, new, tilt, flown, done)
                if not nothing:
                    _slow(code, short, first, at, flows, gross, weights, outer, held, old, moved, node, width, dt, *few)
            if done[node % WIDTH]:
                continue
        empty = silent
        for i in range(m):
            empty = empty and old[i, node] == 0.0 and moved[i, node] == 0.0
        if empty or (len(quiet) > 0 and _still(quiet, outer, old, moved, node, floors)):
            for i in range(m):
                new[i, node] = max(0.0, moved[i, node])  # of rounding, and never -0
                tilt[i, node] = 0.0
            for j in range(r):
                flown[j, node] = 0.0
            continue
        for k in range(len(outer)):
            registers[m + k] = outer[k, node]
        for i in range(m):
            mine[i] = held[i, node]
        counts[3] += 1.0
        for i in range(m):
            c[i] = old[i, node]
            source[i] = (moved[i, node] - old[i, node]) / dt
        stiff = (code, short, first, at, slopes, flows, turns, mine, source, dt, rtol, floors, registers, w, order, work, stages, steepness)
        begun = old
        if not _node(*stiff, c, mean, x, counts):
            for i in range(m):
                if moved[i, node] < -floors[i]:
                    return node
            counts[2] += 1.0
            begun = moved
            for i in range(m):
                c[i] = max(0.0, moved[i, node])  # less is rounding
                source[i] = 0.0
            if not _node(*stiff, c, mean, x, counts):
                return node
        for i in range(m):
            new[i, node] = moved[i, node] if mine[i] else c[i]
            tilt[i, node] = 0.0 if mine[i] else 12.0 / dt * (0.5 * (begun[i, node] + c[i]) - mean[i])
        for j in range(r):
            flown[j, node] = x[j]
    return -1


@compiled
def tendency(mass: Floats, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float) -> float:
    """sum m dt (|(c - c*)/dt - found| + |tilt - tilted|/12): what tendencies change by from pass to pass. Owned nodes."""
    one, two = 0.0, 0.0  # sums that do not wait for each other
    share = dt / 12.0
    for i in range(len(found)):
        one += mass[i] * abs(new[i] - star[i] - dt * found[i])
        two += mass[i] * abs(tilt[i] - tilted[i])
    return one + share * two


@compiled
def missed(star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float, source: Floats) -> None:
    """The source s with dt^2 A s what the transport of a step, to leading order, makes of that change."""
    for i in range(len(found)):
        source[i] = 0.5 * ((new[i] - star[i]) / dt - found[i]) - (tilt[i] - tilted[i]) / 12.0


@compiled
def divide(found: Floats, credit: bool, gain: Floats, rest: Floats) -> None:
    """A tendency as what the limiter may count on, if it may, and the rest."""
    for i in range(len(found)):
        gain[i] = max(0.0, found[i]) if credit else 0.0
        rest[i] = found[i] - gain[i]


@compiled
def take_back(mass: Floats, state: Floats, gain: Floats, dt: float, star: Floats) -> float:
    """star = state - dt gain; the amount that is taken back."""
    total = 0.0
    for i in range(len(star)):
        star[i] = state[i] - dt * gain[i]
        total += dt * mass[i] * gain[i]
    return total


@compiled
def keep(
    old: Floats, star: Floats, new: Floats, before: Floats, dt: float, state: Floats, found: Floats, mean: Floats, moved: Floats
) -> None:
    """state = c, found = mean = (c - c*)/dt, moved = before + c* - c_old; owned nodes."""
    for i in range(len(new)):
        state[i] = new[i]
        found[i] = (new[i] - star[i]) / dt
        mean[i] = found[i]
        moved[i] = star[i] - old[i] + before[i]
