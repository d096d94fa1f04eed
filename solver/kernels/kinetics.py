"""Kinetics at each node over a whole step: dc/dt = R(c) + T, T the tendency of everything else, a line in time of which the mean is known.

Where nothing can react, 64 nodes at a time are left as they are; where little does, the midpoint rule is exact enough; else sub-steps
that start afresh at every call (kernels.lanes). Where they do not get there (T takes what reactions have used up) the node begins with
c + dt T >= 0 and reacts from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .lanes import march
from .program import Code, run_sparse
from .rodas import Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
Masks = NDArray[np.uint64]
Levels = NDArray[np.uint8]

FLOOR = 1e-8  # of the largest density of a species: below, errors are relative to this
FLOOR_OF_ALL = 1e-12  # of the largest density of all: what is not there yet has no size of its own
SLOW = 2e-3  # of a density, turned over in a step: the midpoint rule is then wrong by 1e-9 of it
FEW = 1e-10  # of the largest density of a species: what less than this does is as well done by the midpoint rule
TRACE = 1e-20  # of the largest density of a species, which does nothing where no trace can grow
PULLING = 1e-60  # else: pulled fronts that are cut off there are slower by 5e-4
REST = 5e-3  # of that: what the middle of the step then differs by counts for 5e-11 of a density
WIDTH = 64  # nodes that are looked at together
CHANGED, TILTED = 1, 2  # levels of a row in a block: its densities have been changed, over time not evenly; 0: new = moved, not written


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
    tilt: Floats, flown: Floats, levels: Levels, flowing: Flags,
) -> bool:  # fmt: skip
    """Whether at all of ``width`` nodes from ``begin`` on nothing can react, as ``_still``, but for traces, which stay as they are: then
    new = moved. absent (width): scratch. levels (rows), flowing (flows): of this block."""
    m = len(new)
    none, one = np.uint64(0), np.uint64(1)
    for b in range(width):
        absent[b] = none
    for i in range(min(m, 64)):
        bit, trace = one << np.uint64(i), traces[i]
        before, after = old[i, begin : begin + width], moved[i, begin : begin + width]
        for b in range(width):
            absent[b] |= bit if max(before[b], after[b]) <= trace else none
    for k in range(min(len(outer), 64 - m)):
        bit, given = one << np.uint64(m + k), outer[k, begin : begin + width]
        for b in range(width):
            absent[b] |= bit if given[b] == 0.0 else none
    for k in range(len(quiet)):
        for b in range(width):
            if quiet[k] & absent[b] == none:
                return False
    for i in range(m):
        after = moved[i, begin : begin + width]
        below = 0
        for b in range(width):
            if not after[b] >= -traces[i]:
                return False
            below += 1 if after[b] < 0.0 else 0
        if below > 0:
            levels[i] = max(levels[i], CHANGED)
    for i in range(m):
        if levels[i] >= CHANGED:
            after, here = moved[i, begin : begin + width], new[i, begin : begin + width]
            for b in range(width):
                here[b] = max(0.0, after[b])
        if levels[i] == TILTED:
            tilt[i, begin : begin + width] = 0.0
    for j in range(len(flown)):
        if flowing[j]:
            flown[j, begin : begin + width] = 0.0
        flowing[j] = False
    return True


@compiled
def _at_rest(
    quiet: Masks, outer: Floats, peaks: Floats, reached: Floats, moved: Floats, begin: int, end: int, traces: Floats, least: Floats
) -> bool:  # fmt: skip
    """Whether a quick look shows as much as ``_nothing`` of nodes from ``begin`` to ``end``: what is missing is missing at all of them.
    peaks, reached (rows): the largest of ``old`` and of ``moved`` there. least (rows): of ``moved``, or less."""
    m = len(peaks)
    none, one = np.uint64(0), np.uint64(1)
    missing = none
    for i in range(min(m, 64)):
        if max(peaks[i], reached[i]) <= traces[i]:
            missing |= one << np.uint64(i)
    looked = 0
    for k in range(len(quiet)):
        while quiet[k] & missing == none and looked < min(len(outer), 64 - m):
            there = 0
            for b in range(begin, end):
                there += 1 if outer[looked, b] != 0.0 else 0
            if there == 0:
                missing |= one << np.uint64(m + looked)
            looked += 1
        if quiet[k] & missing == none:
            return False
    for i in range(m):
        if not least[i] >= 0.0:
            for b in range(begin, end):
                if not moved[i, b] >= 0.0:
                    return False
    return True


@compiled
def _slow(
    code: Code, short: int, first: int, at: Ints, flows: Ints, gross: Ints, weights: Floats, outer: Floats, held: Flags, is_held: Flags,
    old: Floats, moved: Floats, least: Floats, begin: int, width: int, dt: float, rtol: float, floors: Floats, registers: Floats,
    blank: Flags, room: Floats, new: Floats, tilt: Floats, flown: Floats, done: Flags, levels: Levels, flowing: Flags,
) -> None:  # fmt: skip
    """A step of the midpoint rule at ``width`` nodes from ``begin`` on, where so little reacts that this is as exact as the stages: done.

    All parts of the rates together, whatever their signs, turn over less than SLOW of each density, or than FEW of the largest.
    blank (registers): which are 0 at all of these. room (species, width): scratch. levels (rows), flowing (flows): of this block.
    """
    m, r = len(new), len(flown)
    end = begin + width
    for k in range(len(outer)):
        values, there = outer[k, begin:end], 0
        for b in range(width):
            registers[m + k, b] = values[b]
            there += 0 if values[b] == 0.0 else 1
        blank[m + k] = there == 0
    for i in range(m):
        few = FEW / rtol * floors[i] / FLOOR
        before, after, there = old[i, begin:end], moved[i, begin:end], 0
        for b in range(width):
            c = 0.5 * (before[b] + after[b])
            registers[i, b] = c
            room[i, b] = max(few, SLOW * c) / dt
            there += 0 if c == 0.0 else 1
        blank[i] = there == 0
    run_sparse(code, short, first, width, registers, blank)
    for k in range(len(gross)):
        row, part, weight = gross[k, 0], gross[k, 1], weights[k]
        if not blank[part]:
            for b in range(width):
                room[row, b] -= weight * abs(registers[part, b])
    done[:width] = True
    restless = 0
    for i in range(m):
        few, part = (1.0 - REST) * FEW / rtol * floors[i] / FLOOR / dt, (1.0 - REST) * SLOW / dt
        tight = 0
        for b in range(width):
            tight += 0 if room[i, b] >= 0.0 else 1
            restless += 0 if room[i, b] >= max(few, part * registers[i, b]) else 1
        if tight > 0:
            for b in range(width):
                done[b] &= room[i, b] >= 0.0
    if not done[:width].any():
        return
    if restless > 0:
        for i in range(m):
            rate, before, after, given = at[i], old[i, begin:end], moved[i, begin:end], held[i, begin:end]
            for b in range(width):
                c = 0.5 * (before[b] + after[b] + (0.0 if given[b] else dt * registers[rate, b]))
                room[i, b] = c
                done[b] = done[b] and 0.0 <= c < np.inf
        registers[:m] = room
        blank[:m] = False
        run_sparse(code, short, first, width, registers, blank)
    for i in range(m):
        rate, after, here = at[i], moved[i, begin:end], new[i, begin:end]
        if levels[i] == TILTED:
            tilt[i, begin:end] = 0.0
        if blank[rate] and least[i] >= 0.0:
            if levels[i] >= CHANGED:
                for b in range(width):
                    here[b] = after[b] + 0.0  # never -0
            continue
        changed = strange = 0
        for b in range(width):
            room[i, b] = after[b] + dt * registers[rate, b]
        if is_held[i]:
            given = held[i, begin:end]
            for b in range(width):
                room[i, b] = after[b] if given[b] else room[i, b]
        for b in range(width):
            changed += 1 if room[i, b] != after[b] else 0
            strange += 0 if 0.0 <= room[i, b] < np.inf else 1
        if strange > 0:
            for b in range(width):
                done[b] = done[b] and 0.0 <= room[i, b] < np.inf
        if changed > 0:
            levels[i] = max(levels[i], CHANGED)
        if levels[i] >= CHANGED:
            here[:] = room[i, :width]
    for j in range(r):
        speed = flows[j]
        if flowing[j] or not blank[speed]:
            flowing[j] = not blank[speed]
            stream = flown[j, begin:end]
            for b in range(width):
                stream[b] = dt * registers[speed, b]


@compiled
def _begin(levels: Levels, flowing: Flags, moved: Floats, new: Floats, begin: int, end: int) -> None:
    """All rows of a block are to be changed at some nodes: at the others what was not written is written."""
    flowing[:] = True
    for i in range(len(new)):
        if levels[i] < CHANGED:
            new[i, begin:end] = moved[i, begin:end]
        levels[i] = TILTED


@compiled
def advance(
    table: Table, outer: Floats, held: Flags, is_held: Flags, old: Floats, moved: Floats, peaks: Floats, reached: Floats, least: Floats,
    dt: float, rtol: float, floors: Floats, trace: float, new: Floats, tilt: Floats, flown: Floats, counts: Floats, touched: Flags,
    levels: Levels, flowing: Flags, pending: Ints, bends: Floats,
) -> int:  # fmt: skip
    """new = the densities after the step, (species, nodes). old: before it; moved: c + dt T, what all else makes of it.

    peaks, reached (species, blocks of WIDTH nodes): the largest of old and of moved. least (species): of ``moved``, or less. trace: of
    the largest density of a species, does nothing. flown (flows, nodes): how much of each flow there was in the step. held: nodes where a
    species is given: it goes straight from old to moved; is_held (species): whether there are any. table: silent: R = 0 where all
    densities are 0; quiet, gross, weights: as of a Program; where nothing reacts, new = moved.
    tilt: g, with (t/dt - 1/2) g the line in time whose first moment is that of R. rtol, floors: errors of sub-steps, relative and
    absolute. touched (blocks): where anything has ever reacted. levels (species, blocks): where less than TILTED
    tilt is 0, where less than CHANGED new = moved is not written. flowing (flows, blocks): elsewhere flown is 0. counts: adds sub-steps,
    blends, nodes that began with ``moved``, nodes that reacted.
    bends (species, nodes), or without nodes: dT/dt, where much reacts, T being that of mid-step. pending (nodes): scratch.
    Returns a node where it failed, and where ``moved`` is negative so that it cannot begin with that, or -1.
    """
    m, n = new.shape
    quiet, gross = table.quiet, table.gross
    done, room = np.zeros(WIDTH, dtype=np.bool_), np.zeros((m, WIDTH))
    wide, blank = np.zeros((table.first + table.short, WIDTH)), np.zeros(table.first + table.short, dtype=np.bool_)
    absent, traces = np.zeros(WIDTH, dtype=np.uint64), trace / (rtol * FLOOR) * floors
    for k in range(len(table.constants)):
        wide[m + len(outer) + k] = table.constants[k]
        blank[m + len(outer) + k] = table.constants[k] == 0.0
    waiting = 0
    for begin in range(0, n, WIDTH):
        width, block = min(WIDTH, n - begin), begin // WIDTH
        done[:] = False
        looks = len(gross) > 0
        quick = looks and len(quiet) > 0 and not touched[block]
        if quick and _at_rest(quiet, outer, peaks[:, block], reached[:, block], moved, begin, begin + width, traces, least):
            continue
        touched[block] = True
        level, flows = levels[:, block], flowing[:, block]
        if looks:
            results = (new, tilt, flown)
            if len(quiet) > 0 and _nothing(quiet, outer, old, moved, begin, width, traces, absent, *results, level, flows):
                continue
            args = (table.at, table.flows, gross, table.weights, outer, held, is_held, old, moved, least, begin, width, dt, rtol, floors)
            _slow(table.code, table.short, table.first, *args, wide, blank, room, *results, done, level, flows)
        if done[:width].all():
            continue
        _begin(level, flows, moved, new, begin, begin + width)
        for b in range(width):
            if done[b]:
                continue
            node = begin + b
            empty = table.silent
            for i in range(m):
                empty = empty and old[i, node] == 0.0 and moved[i, node] == 0.0
            if empty or (len(quiet) > 0 and _still(quiet, outer, old, moved, node, floors)):
                for i in range(m):
                    new[i, node] = max(0.0, moved[i, node])  # of rounding, and never -0
                    tilt[i, node] = 0.0
                for j in range(len(flown)):
                    flown[j, node] = 0.0
                continue
            pending[waiting] = node
            waiting += 1
    counts[3] += waiting
    return march(table, pending[:waiting], outer, held, old, moved, dt, rtol, floors, bends, new, tilt, flown, counts)


@compiled
def lean(made: Floats, before: Floats, ahead: float, dt: float, bend: Floats) -> None:
    """bend = dP/dt of what is made at the nodes: from ``before``, of the last step, to ``made``, of this one, and ``ahead`` times as far
    to its end; no further than to 0 or twice as much."""
    for i in range(len(bend)):
        change = min(max(ahead * (made[i] - before[i]), -abs(made[i])), abs(made[i]))
        bend[i] = 2.0 / dt * change if abs(change) < np.inf else 0.0
