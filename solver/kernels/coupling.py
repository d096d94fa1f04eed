"""Passes over nodes that couple kinetics with transport: what tendencies are, differ by, and leave.

They go by blocks of kernels.kinetics.WIDTH nodes. ``levels`` (blocks) says of a member what has ever been changed in a block: where less
than CHANGED, c = c* and the tendency is 0, where less than TILTED its tilt is 0, and what is known is neither read nor written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .kinetics import CHANGED, TILTED, WIDTH

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Levels = NDArray[np.uint8]
Indices = NDArray[np.uint32]
Counts = NDArray[np.int32]

TOGETHER = 32  # entries that one instruction or a few take


@compiled
def changes(
    levels: Levels, mass: Floats, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, again: bool, dt: float
) -> tuple[float, float]:  # fmt: skip
    """sum m dt (|(c - c*)/dt - found| + |tilt - tilted|/12): what tendencies change by from pass to pass; and sum m (c - c*). Owned nodes.

    again: whether there was a pass before, else tilted = 0 is not read.
    """
    one, two, made = 0.0, 0.0, 0.0  # sums that do not wait for each other
    share = dt / 12.0
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            begin, end = block * WIDTH, min((block + 1) * WIDTH, len(new))
            for i in range(begin, end):
                change = new[i] - star[i]
                one += mass[i] * abs(change - dt * found[i])
                made += mass[i] * change
            if levels[block] == TILTED:
                for i in range(begin, end):
                    two += mass[i] * abs(tilt[i] - (tilted[i] if again else 0.0))
    return one + share * two, made


@compiled
def missed(levels: Levels, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float, source: Floats) -> None:
    """The source s with dt^2 A s what the transport of a step, to leading order, makes of that change."""
    source[: len(new)] = 0.0
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                source[i] = 0.5 * ((new[i] - star[i]) / dt - found[i]) - (tilt[i] - tilted[i]) / 12.0


@compiled
def carried_off(
    levels: Levels, indptr: Indices, indices: Indices, n_own_columns: Counts, own: Floats, ghost: Floats, mass: Floats, source: Floats
) -> float:  # fmt: skip
    """sum |tau A s| of a stage's matrix m (1 + tau sinks) - tau A, in its two blocks, on this rank.

    source (n_local): s, 0 where nothing has been changed; only what is next to that is looked at, and rows that other ranks take part in.
    """
    n = len(n_own_columns)
    near = np.zeros(len(levels), dtype=np.bool_)
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for k in range(indptr[block * WIDTH], indptr[min((block + 1) * WIDTH, n)]):
                if indices[k] < n:
                    near[indices[k] // WIDTH] = True
    total, at_own, at_ghost = 0.0, 0, 0
    for block in range(len(levels)):
        begin, end = block * WIDTH, min((block + 1) * WIDTH, n)
        columns, mine = int(indptr[end]) - int(indptr[begin]), 0
        for i in range(begin, end):
            mine += n_own_columns[i]
        if not near[block] and mine == columns:
            at_own += columns
            continue
        for i in range(begin, end):
            start, owned, count = indptr[i], n_own_columns[i], indptr[i + 1] - indptr[i]
            value = -mass[i] * source[i]
            for k in range(owned):
                value += own[at_own + k] * source[indices[start + k]]
            for k in range(count - owned):
                value += ghost[at_ghost + k] * source[indices[start + owned + k]]
            total += abs(value)
            at_own += owned
            at_ghost += count - owned
    return total


@compiled
def divide(levels: Levels, found: Floats, credit: bool, gain: Floats, rest: Floats) -> None:
    """A tendency as what the limiter may count on, if it may, and the rest."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(gain))):
                gain[i] = max(0.0, found[i]) if credit else 0.0
                rest[i] = found[i] - gain[i]


@compiled
def largest(values: Floats, target: Floats) -> float:
    """target = values; the largest of them, of what is not negative. Owned nodes."""
    n = len(target)
    most = np.zeros(TOGETHER)
    for begin in range(0, n - n % TOGETHER, TOGETHER):
        part, into = values[begin : begin + TOGETHER], target[begin : begin + TOGETHER]
        for b in range(TOGETHER):
            most[b] = max(most[b], part[b])
            into[b] = part[b]
    for i in range(n - n % TOGETHER, n):
        most[0] = max(most[0], values[i])
        target[i] = values[i]
    found = most[0]
    for b in range(1, TOGETHER):
        found = max(found, most[b])
    return found


@compiled
def settle(levels: Levels, mass: Floats, values: Floats, gain: Floats, dt: float, star: Floats) -> tuple[float, float, float, float]:
    """star = values, less dt gain where anything has been changed; the largest of ``values`` that is not negative, the least of ``star``
    (-inf if some are not finite), sum m star, and the amount that is taken back. Owned nodes."""
    n = len(star)
    most, sums, least = np.zeros(WIDTH), np.zeros(WIDTH), np.full(WIDTH, np.inf)
    total = 0.0
    for block in range(len(levels)):
        begin = block * WIDTH
        end = min(begin + WIDTH, n)
        given, weights, into = values[begin:end], mass[begin:end], star[begin:end]
        if levels[block] >= CHANGED:
            back = gain[begin:end]
            for b in range(len(into)):
                most[b] = max(most[b], given[b])
                into[b] = given[b] - dt * back[b]
                least[b] = min(least[b], into[b])
                sums[b] += weights[b] * into[b]
                total += dt * weights[b] * back[b]
        else:
            for b in range(len(into)):
                value = given[b]
                most[b] = max(most[b], value)
                into[b] = value
                least[b] = min(least[b], value)
                sums[b] += weights[b] * value
    content, highest, lowest = sums[0], most[0], least[0]
    for b in range(1, WIDTH):
        content += sums[b]
        highest, lowest = max(highest, most[b]), min(lowest, least[b])
    return highest, lowest if np.isfinite(content) else -np.inf, content, total


@compiled
def quotient(levels: Levels, star: Floats, new: Floats, dt: float, found: Floats) -> None:
    """found = (c - c*)/dt."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                found[i] = (new[i] - star[i]) / dt


@compiled
def copy(levels: Levels, values: Floats, target: Floats) -> None:
    """target = values."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(target))):
                target[i] = values[i]


@compiled
def keep(
    levels: Levels, old: Floats, star: Floats, new: Floats, dt: float, state: Floats, found: Floats, mean: Floats, moved: Floats,
    mid: Floats,
) -> None:  # fmt: skip
    """state = c, found = mean = (c - c*)/dt, mid = (c_old + c)/2; c* - c_old is added to moved. Owned nodes."""
    n = len(new)
    for block in range(len(levels)):
        begin = block * WIDTH
        end = min(begin + WIDTH, n)
        before, after, sum_, middle = old[begin:end], star[begin:end], moved[begin:end], mid[begin:end]
        if levels[block] < CHANGED:
            for b in range(len(before)):
                sum_[b] = after[b] - before[b] + sum_[b]
                middle[b] = 0.5 * (before[b] + after[b])
        else:
            reached, into, tendency, known = new[begin:end], state[begin:end], mean[begin:end], found[begin:end]
            for b in range(len(before)):
                sum_[b] = after[b] - before[b] + sum_[b]
                into[b] = reached[b]
                tendency[b] = (reached[b] - after[b]) / dt
                known[b] = tendency[b]
                middle[b] = 0.5 * (before[b] + reached[b])


@compiled
def middle(levels: Levels, old: Floats, star: Floats, new: Floats, mid: Floats) -> None:
    """mid = (c_old + c)/2; owned nodes."""
    n = len(new)
    for block in range(len(levels)):
        here = new if levels[block] >= CHANGED else star
        for i in range(block * WIDTH, min((block + 1) * WIDTH, n)):
            mid[i] = 0.5 * (old[i] + here[i])


@compiled
def amounts(touched: Flags, mass: Floats, values: Floats, found: Floats) -> None:
    """found = sum m v of each row of values that are 0 where nothing was touched; owned nodes."""
    found[:] = 0.0
    n = values.shape[1]
    for block in range(len(touched)):
        if touched[block]:
            begin = block * WIDTH
            end = min(begin + WIDTH, n)
            weights = mass[begin:end]
            for j in range(len(values)):
                row = values[j, begin:end]
                total = 0.0
                for b in range(len(row)):
                    total += weights[b] * row[b]
                found[j] += total


@compiled
def made(levels: Levels, mass: Floats, star: Floats, new: Floats, change: Floats) -> float:
    """change = m (c - c*), where anything was changed, and its sum; owned nodes."""
    total = 0.0
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                change[i] = mass[i] * (new[i] - star[i])
                total += change[i]
    return total
