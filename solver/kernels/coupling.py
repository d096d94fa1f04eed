"""Passes over nodes that couple kinetics with transport: what tendencies are, differ by, and leave.

Where nothing has ever reacted (``touched``, by blocks of kernels.kinetics.WIDTH nodes) tendencies and tilts are 0, c = c*, and nothing
is read or written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .kinetics import WIDTH

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOGETHER = 32  # entries that one instruction or a few take


@compiled
def tendency(touched: Flags, mass: Floats, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float) -> float:
    """sum m dt (|(c - c*)/dt - found| + |tilt - tilted|/12): what tendencies change by from pass to pass. Owned nodes."""
    one, two = 0.0, 0.0  # sums that do not wait for each other
    share = dt / 12.0
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                one += mass[i] * abs(new[i] - star[i] - dt * found[i])
                two += mass[i] * abs(tilt[i] - tilted[i])
    return one + share * two


@compiled
def missed(touched: Flags, star: Floats, new: Floats, tilt: Floats, found: Floats, tilted: Floats, dt: float, source: Floats) -> None:
    """The source s with dt^2 A s what the transport of a step, to leading order, makes of that change."""
    source[:] = 0.0
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                source[i] = 0.5 * ((new[i] - star[i]) / dt - found[i]) - (tilt[i] - tilted[i]) / 12.0


@compiled
def divide(touched: Flags, found: Floats, credit: bool, gain: Floats, rest: Floats) -> None:
    """A tendency as what the limiter may count on, if it may, and the rest."""
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(found))):
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
    return float(most.max())


@compiled
def content(mass: Floats, values: Floats) -> float:
    """sum m v, in TOGETHER sums that do not wait for each other; owned nodes."""
    n = len(values)
    sums = np.zeros(TOGETHER)
    for begin in range(0, n - n % TOGETHER, TOGETHER):
        part, weights = values[begin : begin + TOGETHER], mass[begin : begin + TOGETHER]
        for b in range(TOGETHER):
            sums[b] += weights[b] * part[b]
    for i in range(n - n % TOGETHER, n):
        sums[0] += mass[i] * values[i]
    return float(sums.sum())


@compiled
def take_back(touched: Flags, mass: Floats, gain: Floats, dt: float, star: Floats) -> float:
    """star -= dt gain; the amount that is taken back. Owned nodes."""
    total = 0.0
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(star))):
                star[i] -= dt * gain[i]
                total += dt * mass[i] * gain[i]
    return total


@compiled
def quotient(touched: Flags, star: Floats, new: Floats, dt: float, found: Floats) -> None:
    """found = (c - c*)/dt."""
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                found[i] = (new[i] - star[i]) / dt


@compiled
def copy(touched: Flags, values: Floats, target: Floats) -> None:
    """target = values."""
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(target))):
                target[i] = values[i]


@compiled
def keep(
    touched: Flags, old: Floats, star: Floats, new: Floats, before: Floats, dt: float, state: Floats, found: Floats, mean: Floats,
    moved: Floats, mid: Floats,
) -> None:  # fmt: skip
    """state = c, found = mean = (c - c*)/dt, moved = before + c* - c_old, mid = (c_old + c)/2; owned nodes."""
    for i in range(len(new)):
        moved[i] = star[i] - old[i] + before[i]
        mid[i] = 0.5 * (old[i] + star[i])
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                state[i] = new[i]
                found[i] = (new[i] - star[i]) / dt
                mean[i] = found[i]
                mid[i] = 0.5 * (old[i] + new[i])


@compiled
def middle(touched: Flags, old: Floats, star: Floats, new: Floats, mid: Floats) -> None:
    """mid = (c_old + c)/2; owned nodes."""
    for i in range(len(new)):
        mid[i] = 0.5 * (old[i] + star[i])
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                mid[i] = 0.5 * (old[i] + new[i])


@compiled
def amount(touched: Flags, mass: Floats, values: Floats) -> float:
    """sum m v, of values that are 0 where nothing was touched; owned nodes."""
    total = 0.0
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(values))):
                total += mass[i] * values[i]
    return total


@compiled
def made(touched: Flags, mass: Floats, star: Floats, new: Floats, change: Floats) -> float:
    """change = m (c - c*), where anything was touched, and its sum; owned nodes."""
    total = 0.0
    for block in range(len(touched)):
        if touched[block]:
            for i in range(block * WIDTH, min((block + 1) * WIDTH, len(new))):
                change[i] = mass[i] * (new[i] - star[i])
                total += change[i]
    return total
