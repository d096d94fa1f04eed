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
Starts = NDArray[np.int64]

AT_ONCE = 8  # entries that one instruction or two take


@compiled
def changes(
    levels: Levels, mass: Floats, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, again: bool, dt: float,
    parts: Floats,
) -> float:  # fmt: skip
    """parts (blocks) = sum m dt (|(c - c*)/dt - found| + |tilt - tilted|/12), what tendencies change by from pass to pass; returns
    sum m (c - c*). Owned nodes.

    again: whether there was a pass before, else tilted = 0 is not read.
    """
    made, apart = np.zeros(WIDTH), np.zeros(WIDTH)
    share = dt / 12.0
    for block in range(len(levels)):
        parts[block] = 0.0
        if levels[block] >= CHANGED:
            begin = block * WIDTH
            end = min(begin + WIDTH, len(new))
            weights, before, after, known = mass[begin:end], star[begin:end], new[begin:end], found[begin:end]
            for b in range(len(after)):
                change = after[b] - before[b]
                apart[b] = weights[b] * abs(change - dt * known[b])
                made[b] += weights[b] * change
            if levels[block] == TILTED:
                line, earlier = tilt[begin:end], tilted[begin:end]
                for b in range(len(after)):
                    apart[b] += share * weights[b] * abs(line[b] - (earlier[b] if again else 0.0))
            parts[block] = apart[: end - begin].sum()
    return float(made.sum())


@compiled
def missed(
    parts: Floats, few: float, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float, levels: Levels,
    source: Floats,
) -> float:  # fmt: skip
    """The source s with dt^2 A s what the transport of a step, to leading order, makes of that change, where it is more than ``few`` in a
    block: there levels = CHANGED, else s is left as it is, and levels = 0. Returns what is left out."""
    rest = 0.0
    for block in range(len(parts)):
        levels[block] = CHANGED if parts[block] > few else 0
        if levels[block] == CHANGED:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                source[i] = 0.5 * ((new[i] - star[i]) / dt - found[i]) - (tilt[i] - tilted[i]) / 12.0
        else:
            rest += parts[block]
    return rest


@compiled
def clear(levels: Levels, n: int, source: Floats) -> None:
    """source = 0, where anything has been changed; n owned nodes."""
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            source[block * WIDTH : min((block + 1) * WIDTH, n)] = 0.0


@compiled
def carried_off(
    levels: Levels, indptr: Indices, indices: Indices, own_starts: Starts, own: Floats, ghost: Floats, mass: Floats, source: Floats
) -> float:  # fmt: skip
    """sum |tau A s| of a stage's matrix m (1 + tau sinks) - tau A, in its two blocks, on this rank.

    own_starts (n_owned + 1): of the rows in ``own``. source (n_local): s, 0 where nothing has been changed; only what is next to that
    is looked at, and rows that other ranks take part in.
    """
    n = len(own_starts) - 1
    near = np.zeros(len(levels), dtype=np.bool_)
    for block in range(len(levels)):
        if levels[block] >= CHANGED:
            for k in range(indptr[block * WIDTH], indptr[min((block + 1) * WIDTH, n)]):
                if indices[k] < n:
                    near[indices[k] // WIDTH] = True
    total = 0.0
    for block in range(len(levels)):
        begin, end = block * WIDTH, min((block + 1) * WIDTH, n)
        if not near[block] and own_starts[end] - own_starts[begin] == np.int64(indptr[end]) - np.int64(indptr[begin]):
            continue
        for i in range(begin, end):
            start, at_own, owned = np.int64(indptr[i]), own_starts[i], own_starts[i + 1] - own_starts[i]
            count, at_ghost = np.int64(indptr[i + 1]) - start, start - at_own
            value = -mass[i] * source[i]
            for k in range(owned):
                value += own[at_own + k] * source[indices[start + k]]
            for k in range(count - owned):
                value += ghost[at_ghost + k] * source[indices[start + owned + k]]
            total += abs(value)
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
def _peak(values: Floats, top: Floats) -> float:
    """The largest of values, or 0. top (AT_ONCE): scratch."""
    whole = len(values) - len(values) % AT_ONCE
    for b in range(AT_ONCE):
        top[b] = 0.0
    for begin in range(0, whole, AT_ONCE):
        for b in range(AT_ONCE):
            top[b] = max(top[b], values[begin + b])
    most = 0.0
    for b in range(AT_ONCE):
        most = max(most, top[b])
    for b in range(whole, len(values)):
        most = max(most, values[b])
    return most


@compiled
def largest(values: Floats, target: Floats, peaks: Floats) -> float:
    """target = values; the largest of them, of what is not negative, of blocks and of all. Owned nodes."""
    most, top = 0.0, np.zeros(AT_ONCE)
    for block in range(len(peaks)):
        begin = block * WIDTH
        end = min(begin + WIDTH, len(target))
        target[begin:end] = values[begin:end]
        peaks[block] = _peak(values[begin:end], top)
        most = max(most, peaks[block])
    return most


@compiled
def settle(
    levels: Levels, mass: Floats, values: Floats, gain: Floats, dt: float, star: Floats, peaks: Floats
) -> tuple[float, float, float, float]:  # fmt: skip
    """star = values, less dt gain where anything has been changed; the largest of ``values`` that is not negative, of blocks and of all,
    the least of ``star`` (-inf if some are not finite), sum m star, and the amount that is taken back. Owned nodes."""
    n = len(star)
    sums, least = np.zeros(WIDTH), np.full(WIDTH, np.inf)
    total, most, top = 0.0, 0.0, np.zeros(AT_ONCE)
    for block in range(len(levels)):
        begin = block * WIDTH
        end = min(begin + WIDTH, n)
        given, weights, into = values[begin:end], mass[begin:end], star[begin:end]
        peaks[block] = _peak(given, top)
        most = max(most, peaks[block])
        if levels[block] >= CHANGED:
            back = gain[begin:end]
            for b in range(len(into)):
                into[b] = given[b] - dt * back[b]
                least[b] = min(least[b], into[b])
                sums[b] += weights[b] * into[b]
                total += dt * weights[b] * back[b]
        else:
            for b in range(len(into)):
                value = given[b]
                into[b] = value
                least[b] = min(least[b], value)
                sums[b] += weights[b] * value
    content, lowest = sums[0], least[0]
    for b in range(1, WIDTH):
        content += sums[b]
        lowest = min(lowest, least[b])
    return most, lowest if np.isfinite(content) else -np.inf, content, total


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
    levels: Levels, peaks: Floats, reached: Floats, least: float, old: Floats, star: Floats, new: Floats, dt: float, state: Floats,
    found: Floats, mean: Floats, moved: Floats, mid: Floats, shown: bool,
) -> None:  # fmt: skip
    """state = c, found = mean = (c - c*)/dt, mid = (c_old + c)/2 if it is ``shown``; c* - c_old is added to moved. peaks, reached
    (blocks): the largest c_old and c*; least: of c*, or less. Owned nodes."""
    n = len(new)
    for block in range(len(levels)):
        begin = block * WIDTH
        end = min(begin + WIDTH, n)
        if levels[block] < CHANGED and peaks[block] == 0.0 and reached[block] == 0.0 and least >= 0.0:
            if shown:
                mid[begin:end] = 0.0
            continue
        before, after, sum_, here = old[begin:end], star[begin:end], moved[begin:end], star[begin:end]
        for b in range(len(before)):
            sum_[b] = after[b] - before[b] + sum_[b]
        if levels[block] >= CHANGED:
            here = new[begin:end]
            into, tendency, known = state[begin:end], mean[begin:end], found[begin:end]
            for b in range(len(before)):
                into[b] = here[b]
                tendency[b] = (here[b] - after[b]) / dt
                known[b] = tendency[b]
        if shown:
            middle = mid[begin:end]
            for b in range(len(before)):
                middle[b] = 0.5 * (before[b] + here[b])


@compiled
def middle(levels: Levels, old: Floats, star: Floats, new: Floats, mid: Floats) -> None:
    """mid = (c_old + c)/2; owned nodes."""
    n = len(new)
    for block in range(len(levels)):
        here = new if levels[block] >= CHANGED else star
        for i in range(block * WIDTH, min((block + 1) * WIDTH, n)):
            mid[i] = 0.5 * (old[i] + here[i])


@compiled
def amounts(flowing: Flags, mass: Floats, values: Floats, found: Floats) -> None:
    """found = sum m v of each row of values, (rows, nodes), that are 0 where nothing flows, (rows, blocks); owned nodes."""
    n = values.shape[1]
    for j in range(len(values)):
        sums = np.zeros(WIDTH)
        for block in range(flowing.shape[1]):
            if flowing[j, block]:
                begin = block * WIDTH
                end = min(begin + WIDTH, n)
                weights, row = mass[begin:end], values[j, begin:end]
                for b in range(len(row)):
                    sums[b] += weights[b] * row[b]
        found[j] = sums.sum()


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
