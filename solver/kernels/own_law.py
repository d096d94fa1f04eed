r"""Tangents of a species' own law R(c), nodewise: R(c) is taken as P - s c with s >= 0.

    tangent   s = max(0, -R'(c)),  P = R(c) + s c      (P < 0 where uptake is convex)
    chord     s as above, but at least -R(c)/c,        so that P >= 0

What grows with the density stays in P: it never makes a matrix less than an M-matrix.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges, Floats


@compiled
def tangent(density: Floats, rate: Floats, slope: Floats, production: Floats, sinks: Floats) -> None:
    """P and s of the tangent at the density, which is >= 0; a slope that is not finite (of sqrt(c) at 0) counts as 0."""
    for i in range(len(production)):
        s = max(0.0, -slope[i])
        if not math.isfinite(s):
            s = 0.0
        sinks[i] = s
        production[i] = rate[i] + s * density[i]


@compiled
def chord(density: Floats, rate: Floats, production: Floats, sinks: Floats) -> None:
    """Raise s of the tangent until P >= 0; where c is 0 a negative rate is no law of a density, and is left out."""
    for i in range(len(production)):
        if production[i] < 0.0:
            if density[i] > 0.0 and math.isfinite(rate[i] / density[i]):
                sinks[i] = -rate[i] / density[i]
            production[i] = 0.0


@compiled
def free_residual(held: NDArray[np.bool_], density: Floats, b: Floats, stuck: Floats) -> tuple[float, float]:
    """Set the residual b to 0 at held nodes and where c = 0 would go below 0; ``stuck`` is 1 at the latter. Owned nodes.

    Returns the sum of its squares, and the number of stuck nodes.
    """
    total = 0.0
    count = 0.0
    for i in range(len(b)):
        stuck[i] = 0.0
        if held[i]:
            b[i] = 0.0
        elif density[i] <= 0.0 and b[i] < 0.0:
            b[i] = 0.0
            stuck[i] = 1.0
        total += b[i] * b[i]
        count += stuck[i]
    return total, count


@compiled
def moved(density: Floats, change: Floats, share: float, out: Floats) -> None:
    """out = max(0, c + share dc)."""
    for i in range(len(change)):
        out[i] = max(0.0, density[i] + share * change[i])


@compiled
def balance(e: Edges, density: Floats, rate: Floats, gain: Floats, sinks: Floats, b: Floats) -> tuple[float, float]:
    """b = sum_j F_ij(c) + m (R + P - s c), P and s being those of boundaries.

    Returns the sums of squares over rows of the absolute values of all their parts, and of their sources.
    """
    indptr, indices, mass, us, ls = e
    size = 0.0
    sources = 0.0
    for i in range(len(indptr) - 1):
        total = 0.0
        spread = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            there, here = us[k] * density[indices[k]], ls[k] * density[i]
            total += there - here
            spread += abs(there) + abs(here)
        lost = sinks[i] * density[i]
        b[i] = total + mass[i] * (rate[i] + gain[i] - lost)
        size += (spread + mass[i] * (abs(rate[i]) + gain[i] + lost)) ** 2
        sources += (mass[i] * (abs(rate[i]) + abs(gain[i] - lost))) ** 2
    return size, sources


@compiled
def hold_quickening(density: Floats, production: Floats, rate: Floats, limitation: Floats) -> None:
    """Growth that quickens with the density (q < 0) beside a production: r and q = 0, as it is at the density."""
    for i in range(len(production)):
        if limitation[i] < 0.0 and production[i] > 0.0:
            rate[i] -= limitation[i] * density[i]
            limitation[i] = 0.0


@compiled
def crossed(before: Floats, after: Floats, at_end: bool, found: NDArray[np.bool_]) -> bool:
    """Where a rate R has changed its sign (at_end: or is no number); whether it has anywhere."""
    some = False
    for i in range(len(found)):
        found[i] = before[i] * after[i] < 0.0 or (at_end and not math.isfinite(after[i]) and math.isfinite(before[i]))
        some = some or found[i]
    return some


@compiled
def halve(here: Floats, there: Floats, middle: Floats, beyond: NDArray[np.bool_]) -> None:
    """Keep the half of [here, there] that begins (beyond: ends) at its middle."""
    for i in range(len(here)):
        if beyond[i]:
            there[i] = middle[i]
        else:
            here[i] = middle[i]


@compiled
def expand_production(density: Floats, slope: Floats, curve: Floats, production: Floats, rate: Floats, limitation: Floats) -> None:
    """Turn P(c) at the density into p + r c - q c^2, adding to ``rate`` and ``limitation``: its Taylor polynomial where that has
    q >= 0 and p >= 0 (up to rounding), its tangent where it falls with c, and else P as it is."""
    for i in range(len(production)):
        c = density[i]
        p = production[i] - slope[i] * c + 0.5 * curve[i] * c * c
        if curve[i] <= 0.0 and p >= -1e-13 * (abs(production[i]) + abs(slope[i] * c)):
            production[i] = max(0.0, p)
            rate[i] += slope[i] - curve[i] * c
            limitation[i] -= 0.5 * curve[i]
        elif slope[i] < 0.0 and math.isfinite(slope[i]):
            production[i] -= slope[i] * c
            rate[i] += slope[i]
