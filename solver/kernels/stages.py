"""Nodal passes of the time scheme and the sums of the ledger, without temporaries. Arrays over (at least) owned nodes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]

TINY = 1e-300  # what stands for a density of 0 in a logarithm
EMPTIED = 1e5  # dt s of a node that a wall or boundary keeps at its own density


@compiled
def predict(old: Floats, rate: Floats, before: Floats, step: float, bend: float, out: Floats) -> None:
    """out = max(0, c + step (rate + bend (rate - before))), where the bend neither turns a rate round nor more than doubles it."""
    for i in range(len(out)):
        size = abs(rate[i])
        out[i] = max(0.0, old[i] + step * (rate[i] + min(size, max(-size, bend * (rate[i] - before[i])))))


@compiled
def middle(before: Floats, after: Floats, out: Floats) -> None:
    """out = (before + after)/2."""
    for i in range(len(out)):
        out[i] = 0.5 * (before[i] + after[i])


@compiled
def step_back(state: Floats, rate: Floats, before: Floats, step: float, bend: float, least: float) -> None:
    """c = max(least, c - step (rate + bend (rate - before)))."""
    for i in range(len(state)):
        state[i] = max(least, state[i] - step * (rate[i] + bend * (rate[i] - before[i])))


@compiled
def guess(old: Floats, rate: Floats, before: Floats, step: float, bend: float, out: Floats) -> None:
    """out = max(0, c + step (rate + bend (rate - before))), a quadratic in time for bend = (step + dt1)/(dt1 + dt2)."""
    for i in range(len(out)):
        out[i] = max(0.0, old[i] + step * (rate[i] + bend * (rate[i] - before[i])))


@compiled
def empty(production: Floats, sinks: Floats, fixed: NDArray[np.bool_], dt: float, state: Floats, seen: Floats) -> None:
    """Where dt s > EMPTIED, c becomes (c + dt P)/(1 + dt s) before the step; ``seen`` is the density with which the sinks took that in dt.

    What is left there of the step before is the error of its linear solver, and s c the flux of a step's first stage.
    """
    for i in range(len(seen)):
        reach = dt * sinks[i]
        seen[i] = 0.0
        if reach > EMPTIED and not fixed[i]:
            value = (state[i] + dt * production[i]) / (1.0 + reach)
            seen[i] = (state[i] - value) / reach
            state[i] = value


@compiled
def settle_emptied(mass: Floats, sinks: Floats, tau: float, b: Floats, x: Floats) -> None:
    """Guess x = max(0, b)/(m (1 + tau s)) where tau s > EMPTIED: the rounding of an extrapolated one would be that of all."""
    for i in range(len(x)):
        reach = tau * sinks[i]
        if reach > EMPTIED:
            x[i] = max(0.0, b[i]) / (mass[i] * (1.0 + reach))


@compiled
def implicit_side(mass: Floats, old: Floats, production: Floats, tau: float, b: Floats) -> None:
    """b = m (c + tau P)."""
    for i in range(len(b)):
        b[i] = mass[i] * (old[i] + tau * production[i])


@compiled
def add_source(mass: Floats, source: Floats, time: float, b: Floats) -> None:
    """b += time m S."""
    for i in range(len(b)):
        b[i] += time * mass[i] * source[i]


@compiled
def second_stage(
    mass: Floats,
    old: Floats,
    x: Floats,
    production: Floats,
    rate: Floats,
    before: Floats,
    ratio: float,
    tau: float,
    reach: float,
    curve: float,
    b: Floats,
    stage: Floats,
) -> None:
    """b = m (c + ratio (U1 - c) + tau P); keeps U1 in ``stage`` and puts the guess c + reach (U1 - c) + curve (rate - before) into x."""
    for i in range(len(b)):
        rise = x[i] - old[i]
        stage[i] = x[i]
        b[i] = mass[i] * (old[i] + ratio * rise + tau * production[i])
        x[i] = max(0.0, old[i] + reach * rise + curve * (rate[i] - before[i]))


@compiled
def weighted(old: Floats, stage: Floats, x: Floats, outer: float, last: float, w: Floats) -> None:
    """w = outer (c + U1) + last U2."""
    for i in range(len(x)):
        w[i] = outer * (old[i] + stage[i]) + last * x[i]


@compiled
def follow(
    mass: Floats,
    production: Floats,
    sinks: Floats,
    production_end: Floats,
    sinks_end: Floats,
    share: Floats,
    fixed: NDArray[np.bool_],
    tau: float,
    top: float,
    state: Floats,
) -> tuple[float, float]:
    """c + r [ (P - s c)_end - (P - s c)_mid ], not below zero nor lifted above top, r = tau^2 s/(1 + tau s)^2; what is born and dead by it.

    This is what TR-BDF2 adds when P is linear in time instead of constant; ``share`` (n_owned) of it is done.
    """
    born = 0.0
    dead = 0.0
    for i in range(len(production)):
        if fixed[i] or (production_end[i] == production[i] and sinks_end[i] == sinks[i]):
            continue
        x = tau * sinks[i]
        less = 1.0 / (1.0 + x)
        reach = share[i] * tau * (x * less) * less
        # the sinks of the end act on the new density: 1 - reach s > 0, so that it cannot become negative by them; nor infinite by rounding
        kept = 1.0 - share[i] + share[i] * less * (less + 2.0 * x * less)
        value = max(0.0, state[i] + reach * (production_end[i] - production[i])) / (kept + reach * sinks_end[i])
        value = min(value, max(state[i], top))
        change = mass[i] * (value - state[i])
        born += max(0.0, change)
        dead += max(0.0, -change)
        state[i] = value
    return born, dead


@compiled
def largest(values: Floats) -> float:
    """The largest value that is not negative; NaN where there is one."""
    found = 0.0
    for i in range(len(values)):
        if math.isnan(values[i]):
            return values[i]
        found = max(found, values[i])
    return found


@compiled
def non_negative(x: Floats, out: Floats) -> None:
    """out = max(0, x)."""
    for i in range(len(x)):
        out[i] = max(0.0, x[i])


@compiled
def amount(mass: Floats, density: Floats, n_owned: int) -> float:
    """sum m c."""
    total = 0.0
    for i in range(n_owned):
        total += mass[i] * density[i]
    return total


@compiled
def amount_lost(mass: Floats, rate: Floats, density: Floats, n_owned: int) -> float:
    """sum m L c."""
    total = 0.0
    for i in range(n_owned):
        total += mass[i] * rate[i] * density[i]
    return total


@compiled
def difference_quotient(state: Floats, old: Floats, dt: float, rate: Floats, before: Floats) -> None:
    """before = rate, rate = (c_new - c_old)/dt."""
    for i in range(len(state)):
        before[i] = rate[i]
        rate[i] = (state[i] - old[i]) / dt


@compiled
def size(weights: Floats, state: Floats, n_owned: int) -> float:
    """sum m c^2."""
    total = 0.0
    for i in range(n_owned):
        total += weights[i] * state[i] * state[i]
    return total


@compiled
def surprise(weights: Floats, state: Floats, old: Floats, rate: Floats, before: Floats, dt: float, bend: float, n_owned: int) -> float:
    """sum m e^2, e being what the extrapolation c_old + dt (rate + bend (rate - before)) misses."""
    error = 0.0
    for i in range(n_owned):
        miss = state[i] - old[i] - dt * (rate[i] + bend * (rate[i] - before[i]))
        error += weights[i] * miss * miss
    return error


@compiled
def distance(weights: Floats, state: Floats, other: Floats, n_owned: int) -> float:
    """sum m (c - d)^2."""
    error = 0.0
    for i in range(n_owned):
        miss = state[i] - other[i]
        error += weights[i] * miss * miss
    return error
