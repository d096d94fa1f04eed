"""Kinetics at each node over a whole step: dc/dt = R(c) + T, T the tendency of everything else, constant in the step.

Where nothing can react, 64 nodes at a time are left as they are; where little does, the midpoint rule is exact enough; else sub-steps
that start afresh at every call (kernels.lanes). Where they do not get there (T takes what reactions have used up) the node begins with
c + dt T >= 0 and reacts from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .lanes import march
from .program import Code, run_wide
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
TRACE = 1e-60  # of the largest density of a species: pulled fronts that are cut off there are slower by 5e-4
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
    tilt: Floats, flown: Floats, levels: Levels,
) -> bool:  # fmt: skip
    """Whether at all of ``width`` nodes from ``begin`` on nothing can react, as ``_still``, but for traces, which stay as they are: then
    new = moved. absent (width): scratch. levels (rows): of this block."""
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
    flown[:, begin : begin + width] = 0.0
    return True


@compiled
def _at_rest(quiet: Masks, outer: Floats, old: Floats, moved: Floats, begin: int, end: int, traces: Floats, least: Floats) -> bool:
    """Whether a quick look shows as much as ``_nothing`` of nodes from ``begin`` to ``end``: what is missing is missing at all of them.
    least (rows): of ``moved``."""
    m = len(old)
    none, one = np.uint64(0), np.uint64(1)
    missing = looked = none
    for k in range(len(quiet)):
        for i in range(min(64, m + len(outer))):
            bit = one << np.uint64(i)
            if quiet[k] & missing != none:
                break
            if quiet[k] & bit == none or looked & bit != none:
                continue
            looked |= bit
            there = 0
            if i < m:
                before, after, trace = old[i, begin:end], moved[i, begin:end], traces[i]
                for b in range(len(before)):
                    there += 1 if before[b] > trace or after[b] > trace else 0
            else:
                given = outer[i - m, begin:end]
                for b in range(len(given)):
                    there += 1 if given[b] != 0.0 else 0
            if there == 0:
                missing |= bit
        if quiet[k] & missing == none:
            return False
    below = 0
    for i in range(m):
        if not least[i] >= 0.0:
            after = moved[i, begin:end]
            for b in range(len(after)):
                below += 0 if after[b] >= 0.0 else 1
    return below == 0


@compiled
def _slow(
    code: Code, short: int, first: int, at: Ints, flows: Ints, gross: Ints, weights: Floats, outer: Floats, held: Flags, old: Floats,
    moved: Floats, begin: int, width: int, dt: float, rtol: float, floors: Floats, registers: Floats, room: Floats, new: Floats,
    tilt: Floats, flown: Floats, done: Flags, levels: Levels,
) -> None:  # fmt: skip
    """A step of the midpoint rule at ``width`` nodes from ``begin`` on, where so little reacts that this is as exact as the stages: done.

    All parts of the rates together, whatever their signs, turn over less than SLOW of each density, or than FEW of the largest.
    room (species, width): scratch. levels (rows): of this block.
    """
    m, r = len(new), len(flown)
    end = begin + width
    for k in range(len(outer)):
        registers[m + k, :width] = outer[k, begin:end]
    for i in range(m):
        few = FEW / rtol * floors[i] / FLOOR
        before, after = old[i, begin:end], moved[i, begin:end]
        for b in range(width):
            c = 0.5 * (before[b] + after[b])
            registers[i, b] = c
            room[i, b] = max(few, SLOW * c) / dt
    run_wide(code, short, first, width, registers)
    for k in range(len(gross)):
        row, part, weight = gross[k, 0], gross[k, 1], weights[k]
        for b in range(width):
            room[row, b] -= weight * abs(registers[part, b])
    some = False
    for b in range(width):
        done[b] = True
    restless = 0
    for i in range(m):
        few, part = (1.0 - REST) * FEW / rtol * floors[i] / FLOOR / dt, (1.0 - REST) * SLOW / dt
        for b in range(width):
            done[b] &= room[i, b] >= 0.0
            restless += 0 if room[i, b] >= max(few, part * registers[i, b]) else 1
    for b in range(width):
        some = some or done[b]
    all_at_rest = restless == 0
    if not some:
        return
    if not all_at_rest:
        for i in range(m):
            rate, before, after, given = at[i], old[i, begin:end], moved[i, begin:end], held[i, begin:end]
            for b in range(width):
                c = 0.5 * (before[b] + after[b] + (0.0 if given[b] else dt * registers[rate, b]))
                room[i, b] = c
                done[b] = done[b] and 0.0 <= c < np.inf
        registers[:m] = room
        run_wide(code, short, first, width, registers)
    for i in range(m):
        rate, after, given, here = at[i], moved[i, begin:end], held[i, begin:end], new[i, begin:end]
        changed = 0
        for b in range(width):
            c = after[b] + (0.0 if given[b] else dt * registers[rate, b])
            room[i, b] = c
            changed += 1 if c != after[b] else 0
            done[b] = done[b] and 0.0 <= c < np.inf
        if changed > 0:
            levels[i] = max(levels[i], CHANGED)
        if levels[i] >= CHANGED:
            here[:] = room[i, :width]
        if levels[i] == TILTED:
            tilt[i, begin:end] = 0.0
    for j in range(r):
        speed, stream = flows[j], flown[j, begin:end]
        for b in range(width):
            stream[b] = dt * registers[speed, b]


@compiled
def _begin(levels: Levels, moved: Floats, new: Floats, begin: int, end: int) -> None:
    """All rows of a block are to be changed at some nodes: at the others what was not written is written."""
    for i in range(len(new)):
        if levels[i] < CHANGED:
            new[i, begin:end] = moved[i, begin:end]
        levels[i] = TILTED


@compiled
def advance(
    table: Table, outer: Floats, held: Flags, old: Floats, moved: Floats, least: Floats, dt: float, rtol: float, floors: Floats,
    new: Floats, tilt: Floats, flown: Floats, counts: Floats, touched: Flags, levels: Levels, pending: Ints,
) -> int:  # fmt: skip
    """new = the densities after the step, (species, nodes). old: before it; moved: c + dt T, what all else makes of it.

    least (species): of ``moved``, or less. flown (flows, nodes): how much of each flow there was in the step. held: nodes where a
    species is given: it goes straight from old to moved. table: silent: R = 0 where all densities are 0; quiet, gross, weights: as of
    a Program; where nothing reacts, new = moved.
    tilt: g, with (t/dt - 1/2) g the line in time whose first moment is that of R. rtol, floors: errors of sub-steps, relative and
    absolute. touched (by blocks of WIDTH nodes): where anything has ever reacted; elsewhere flown is 0. levels (species, blocks): where
    less than TILTED tilt is 0, where less than CHANGED new = moved is not written. counts: adds sub-steps, blends, nodes that began with
    ``moved``, nodes that reacted.
    pending (nodes): scratch. Returns a node where it failed, and where ``moved`` is negative so that it cannot begin with that, or -1.
    """
    m, n = new.shape
    quiet, gross = table.quiet, table.gross
    done, room = np.zeros(WIDTH, dtype=np.bool_), np.zeros((m, WIDTH))
    wide = np.zeros((table.first + table.short, WIDTH))
    absent, traces = np.zeros(WIDTH, dtype=np.uint64), TRACE / (rtol * FLOOR) * floors
    for k in range(len(table.constants)):
        wide[m + len(outer) + k] = table.constants[k]
    waiting = 0
    for begin in range(0, n, WIDTH):
        width, block = min(WIDTH, n - begin), begin // WIDTH
        done[:] = False
        looks = len(gross) > 0
        quick = looks and len(quiet) > 0 and not touched[block]
        if quick and _at_rest(quiet, outer, old, moved, begin, begin + width, traces, least):
            continue
        touched[block] = True
        level = levels[:, block]
        if looks:
            results = (new, tilt, flown)
            if len(quiet) > 0 and _nothing(quiet, outer, old, moved, begin, width, traces, absent, *results, level):
                continue
            args = (table.at, table.flows, gross, table.weights, outer, held, old, moved, begin, width, dt, rtol, floors, wide, room)
            _slow(table.code, table.short, table.first, *args, *results, done, level)
        if done[:width].all():
            continue
        _begin(level, moved, new, begin, begin + width)
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
    return march(table, pending[:waiting], outer, held, old, moved, dt, rtol, floors, new, tilt, flown, counts)
