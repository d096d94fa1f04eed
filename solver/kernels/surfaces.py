r"""At the sites of membranes and walls: integrity, permeability, what passes a wall; at boundaries: the speed of drift out.

db/dt = r (1 - b) - K b,    g(b) = (1 - b/b_c)^q for b < b_c, else 0
flux out through a wall = sigma k (c - c_v),   k = g k_opened + (1 - g) k_closed,   k_torn where torn
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


PIECES = 8


@compiled
def relax(b: Floats, repair: Floats, decay: Floats, h: float) -> None:
    """b after a time h of db/dt = r (1 - b) - K b with frozen rates, exactly; in [0, 1] for any h."""
    for i in range(len(b)):
        loss = max(decay[i], 0.0)
        x = -(repair[i] + loss) * h
        factor = 1.0 + 0.5 * x if abs(x) < 1e-8 else math.expm1(x) / x
        b[i] = min(1.0, b[i] * math.exp(x) + repair[i] * h * factor)


@compiled
def follow_rest(b: Floats, repair: Floats, first: Floats, last: Floats, h: float) -> None:
    """b after a time h in which K goes from ``first`` to ``last``; in each of PIECES its rest b* = r/(r + K) is taken as linear, and the
    rate r + K as its mean.

    b = b*_1 + (b_0 - b*_0) E - (b*_1 - b*_0) phi, E = e^(-x), phi = (1 - E)/x: a mean of b_0, b*_0 and b*_1, so it stays in [0, 1].
    """
    for i in range(len(b)):
        r, begin = repair[i], repair[i] + max(first[i], 0.0)
        rise = (repair[i] + max(last[i], 0.0) - begin) / PIECES
        for _ in range(PIECES):
            end = begin + rise
            x = 0.5 * (begin + end) * h / PIECES
            left = math.exp(-x)
            if r == 0.0 or x == 0.0:
                b[i] *= left
            else:
                mean = -math.expm1(-x) / x
                b[i] = min(1.0, b[i] * left + r / begin * (mean - left) + r / end * (1.0 - mean))
            begin = end


@compiled
def opening(b: Floats, threshold: float, sharpness: float, out: Floats) -> None:
    """out = (1 - b/b_c)^q where b < b_c, else 0."""
    for i in range(len(b)):
        share = 1.0 - b[i] / threshold
        out[i] = 0.0 if share <= 0.0 else share if sharpness == 1.0 else share**sharpness


@compiled
def first_below(old: Floats, new: Floats, level: float, n_owned: int) -> float:
    """The share of a step after which the first of the owned sites falls below a level; inf if none does."""
    share = np.inf
    for i in range(n_owned):
        if new[i] < level:
            drop = old[i] - new[i]
            share = min(share, max(0.0, (old[i] - level) / drop) if drop > 0.0 else 0.0)
    return share


@compiled
def first_wrong(values: Floats) -> int:
    """The first place where there is no number >= 0; -1 if there is none."""
    for k in range(len(values)):
        if not 0.0 <= values[k] < np.inf:
            return k
    return -1


@compiled
def wall_rate(
    opened: Floats, closed: Floats, torn_rate: Floats, torn: NDArray[np.bool_], opening: Floats, series: Floats, limit: Floats, rate: Floats
) -> None:
    """k of every site from its parts, no larger than ``limit``, behind the resistance ``series`` [time/length]."""
    for i in range(len(rate)):
        k = torn_rate[i] if torn[i] else opening[i] * opened[i] + (1.0 - opening[i]) * closed[i]
        k = min(k, limit[i])
        rate[i] = k / (1.0 + k * series[i])


@compiled
def add_wall(nodes: Ints, measure: Floats, mass: Floats, rate: Floats, inside: Floats, production: Floats, sinks: Floats) -> None:
    """Add the flux of every site to its node; several sites may share a node."""
    for i in range(len(nodes)):
        sink = rate[i] * measure[i] / mass[nodes[i]]
        production[nodes[i]] += sink * inside[i]
        sinks[nodes[i]] += sink


@compiled
def wall_flow(nodes: Ints, measure: Floats, rate: Floats, inside: Floats, density: Floats, dt: float, flow: Floats) -> tuple[float, float]:
    """flow = amount out of the tissue at every site in a time dt; returns its sum and what came in by itself."""
    out = 0.0
    came = 0.0
    for i in range(len(nodes)):
        strength = dt * rate[i] * measure[i]
        came += strength * inside[i]
        flow[i] = strength * (density[nodes[i]] - inside[i])
        out += flow[i]
    return out, came


@compiled
def outward(
    nodes: NDArray[np.intp],
    indptr: NDArray[np.int64],
    indices: NDArray[np.uint32],
    values: Floats,
    potential: Floats,
    factor: Floats,
    speed: Floats,
) -> None:
    """Add sum_j B_ij (chi_i + chi_j)/2 (G_j - G_i) to the speed of each node."""
    for b in range(len(nodes)):
        i = nodes[b]
        for k in range(indptr[b], indptr[b + 1]):
            j = indices[k]
            chi = 0.5 * (factor[i] + factor[j]) if len(factor) > 1 else factor[0]
            speed[b] += values[k] * chi * (potential[j] - potential[i])
