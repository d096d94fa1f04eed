"""Nodal passes of stages in which a species' own law is linearised; S is the weighted sum of it over the stages. Owned nodes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges, Floats


@compiled
def add_sources(mass: Floats, rate: Floats, gain: Floats, drain: Floats, density: Floats, tau: float, b: Floats) -> None:
    """b += tau m (R + P - s c), P and s being those of boundaries."""
    for i in range(len(b)):
        b[i] += tau * mass[i] * (rate[i] + gain[i] - drain[i] * density[i])


@compiled
def add_scaled(factor: float, values: Floats, out: Floats) -> None:
    """out += factor values."""
    for i in range(len(out)):
        out[i] += factor * values[i]


@compiled
def set_stage(
    mass: Floats, base: Floats, production: Floats, own: Floats, gain: Floats, drain: Floats, tau: float, sinks: Floats, b: Floats
) -> None:
    """b = base + tau m (P + P_b) and the sinks s + s_b of a stage; owned nodes."""
    for i in range(len(b)):
        b[i] = base[i] + tau * mass[i] * (production[i] + gain[i])
        sinks[i] = own[i] + drain[i]


@compiled
def total_sources(production: Floats, own: Floats, gain: Floats, drain: Floats, all_made: Floats, sinks: Floats) -> None:
    """P + P_b and s + s_b; owned nodes."""
    for i in range(len(own)):
        all_made[i] = production[i] + gain[i]
        sinks[i] = own[i] + drain[i]


@compiled
def change(x: Floats, before: Floats) -> tuple[float, float]:
    """The largest |max(0, x) - before| and the largest x, or infinity where one is no number."""
    most = 0.0
    size = 0.0
    for i in range(len(x)):
        if not math.isfinite(x[i]):
            return np.inf, 1.0
        most = max(most, abs(max(0.0, x[i]) - before[i]))
        size = max(size, x[i])
    return most, size


@compiled
def update(
    e: Edges, total: Floats, own: Floats, gain: Floats, drain: Floats, fixed: NDArray[np.bool_], old: Floats, w: Floats, last: Floats,
    dt: float, tiny: float, new: Floats, net: Floats,
) -> float:  # fmt: skip
    """new = c + dt/m [ sum_j F_ij(w) + m (S + P_b - s_b w) ], or the last stage where dt s > 1, as kernels.edges.conservative_update.

    There what lies below 0 by less than ``tiny`` is 0, and the own law took so much less. net: what the own law made of the change,
    there from the change itself. Returns the smallest value that is not fixed, NaN if any is not finite.
    """
    indptr, indices, mass, us, ls = e
    smallest = np.inf
    finite = True
    for i in range(len(indptr) - 1):
        flux = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            flux += us[k] * w[indices[k]] - ls[k] * w[i]
        beyond = gain[i] - drain[i] * w[i]
        reach = dt * (own[i] + drain[i])
        if reach > 1.0 and math.isfinite(reach) and not fixed[i]:
            new[i] = last[i] if last[i] < -tiny else max(0.0, last[i])
            net[i] = (new[i] - old[i]) / dt - flux / mass[i] - beyond
        else:
            new[i] = old[i] + dt * (flux / mass[i] + total[i] + beyond)
            net[i] = total[i]
        finite = finite and math.isfinite(new[i])
        if not fixed[i]:
            smallest = min(smallest, new[i])
    return smallest if finite else np.nan


@compiled
def floor_sinks(rate: Floats, density: Floats, least: float, production: Floats, sinks: Floats) -> None:
    """Raise s to at least a rate, and P with it, so that P - s c stays."""
    for i in range(len(sinks)):
        if sinks[i] < least:
            production[i] += (least - sinks[i]) * max(0.0, density[i])
            sinks[i] = least


@compiled
def depth(stage: Floats, last: Floats, slope: Floats, dt: float) -> float:
    """How far a stage lies below 0 where dt |R'| > 1."""
    found = 0.0
    for i in range(len(last)):
        if dt * abs(slope[i]) > 1.0:
            found = max(found, -min(stage[i], last[i]))
    return found


@compiled
def act(total: Floats, gain: Floats, drain: Floats, production: Floats, sinks: Floats, w: Floats, acted: Floats) -> None:
    """Fill ``acted`` with P - s acted = S + P_b - s_b w."""
    for i in range(len(acted)):
        acted[i] = (production[i] - total[i] - gain[i] + drain[i] * w[i]) / sinks[i]


@compiled
def limited_net(
    production: Floats, sinks: Floats, gain: Floats, drain: Floats, w: Floats, low: Floats, acted: Floats, seen: Floats, net: Floats
) -> None:
    """What the own law made of the sources applied after limiting, P - s seen, less those of boundaries.

    ``seen`` becomes the density that boundaries saw: as much of the way from c^L to w as the limiter let pass.
    """
    for i in range(len(seen)):
        way = acted[i] - low[i]
        passed = (seen[i] - low[i]) / way if way != 0.0 else 1.0
        at = max(0.0, low[i] + max(0.0, min(1.0, passed)) * (w[i] - low[i]))
        net[i] = production[i] - sinks[i] * seen[i] - gain[i] + drain[i] * at
        seen[i] = at


@compiled
def gross(mass: Floats, net: Floats, lost: Floats, density: Floats, gain: Floats, made: Floats) -> float:
    """Split the net rate into gains, put into ``made`` with those of boundaries, and losses, returned: L c, as far as gains are >= 0."""
    total = 0.0
    for i in range(len(net)):
        born = max(0.0, net[i] + lost[i] * density[i])
        made[i] = born + gain[i]
        total += mass[i] * (born - net[i])
    return total
