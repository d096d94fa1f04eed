r"""A step of a species with one constant motility D and at most one drift, by two passes over the edges.

The first makes weights and Peclet number, the flux of the first stage and its right side, the matrix in double and in single precision, and
the residual of the guess; the second makes the fluxes again, which is less than keeping u and l for it would move, and the new density:

    a_ij = K^D_ij D,   v_ij = K_ij (psi_j - psi_i),   u = a - v/2,   l = a + v/2   (kernels.edges, central)
    b    = m c + tau [ sum_j F_ij(c) + m (2 P - s c) ],   r = D^-1 (b - A x),   A x = m (1 + tau s) x - tau sum_j F_ij(x)

Without drift u = l = a. The numbers are those of kernels.edges to the last bit, r to rounding. Entries in single precision are in a unit of
all (kernels.krylov): those divided by their diagonal would need a second pass, since that is known last.
"""

from __future__ import annotations

import math

import numpy as np

from .compiled import compiled
from .edges import LEAST, MOST, EdgeLaw, Floats, Ints, Target


@compiled
def open_drifting(
    law: EdgeLaw,
    mass: Floats,
    production: Floats,
    sinks: Floats,
    old: Floats,
    x: Floats,
    tau: float,
    diagonal: Ints,
    n_own_columns: Ints,
    target: Target,
    b: Floats,
    r: Floats,
) -> tuple[float, int, float, bool, float, float]:
    """Fill the matrix, b and r; old and x hold ghosts.

    All but d of length 0: the matrix is there already. Returns the largest Peclet number and its node, the diffusion number (NaN if
    anything is not finite), whether d is in range, and the sums of b^2 and (b - A x)^2.
    """
    indptr, indices, stiffness, weight, motility, _, _, psi, _, _, _ = law
    own, ghost, c, d, e, unit = target
    fills, scale, motile = len(c) > 0, 1.0 / unit, motility[0]
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    worst, where, number, size, left = 0.0, -1, 0.0, 0.0, 0.0
    finite = fits = True
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        shift = at_own - start
        out, spread, lost, total, after = 0.0, 0.0, 0.0, 0.0, 0.0
        here, guess, top = old[i], x[i], psi[i]
        for k in range(start, stop):
            j = indices[k]
            a = weight[k] * motile
            v = stiffness[k] * (psi[j] - top)
            half = 0.5 * v
            lower = a + half
            u = a - half
            speed, wide = abs(v), 2.0 * a
            if speed > wide * worst and wide > 0.0:
                worst = speed / wide
                where = i
            total += u * old[j] - lower * here
            after += u * x[j] - lower * guess
            if fills and j != i:
                out += lower
                spread += abs(u)
                value = -tau * u
                single = np.float32(value * scale)
                c[k] = single
                lost += value * scale - float(single)
                if k < split:
                    own[shift + k] = value
                else:
                    ghost[at_ghost + (k - split)] = value
        m = mass[i]
        held = m * (1.0 + tau * sinks[i])
        if fills:
            entry = held + tau * out
            own[shift + np.uint32(diagonal[i])] = entry
            d[i] = entry * scale
            single = np.float32(entry * scale + lost)
            c[diagonal[i]] = single
            e[i] = entry * scale + lost - float(single)
            number = max(number, tau * spread / m)
            finite = finite and math.isfinite(spread) and math.isfinite(entry)
            fits = fits and LEAST < entry * scale < MOST
            at_own += split - start
            at_ghost += stop - split
        side = m * here + tau * (total + m * (2.0 * production[i] - sinks[i] * here))
        b[i] = side
        size += side * side
        rest = side - held * guess + tau * after
        left += rest * rest
        r[i] = rest / (unit * d[i])
    return worst, where, number if finite else np.nan, fits, size, left


@compiled
def open_diffusing(
    law: EdgeLaw,
    mass: Floats,
    production: Floats,
    sinks: Floats,
    old: Floats,
    x: Floats,
    tau: float,
    diagonal: Ints,
    n_own_columns: Ints,
    target: Target,
    b: Floats,
    r: Floats,
) -> tuple[float, int, float, bool, float, float]:
    """As ``open_drifting`` where nothing drifts, which takes half the time."""
    indptr, indices, _, weight, motility, _, _, _, _, _, _ = law
    own, ghost, c, d, e, unit = target
    fills, scale, motile = len(c) > 0, 1.0 / unit, motility[0]
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    number, size, left = 0.0, 0.0, 0.0
    finite = fits = True
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        shift = at_own - start
        out, spread, lost, total, after = 0.0, 0.0, 0.0, 0.0, 0.0
        here, guess = old[i], x[i]
        for k in range(start, stop):
            j = indices[k]
            a = weight[k] * motile
            total += a * old[j] - a * here
            after += a * x[j] - a * guess
            if fills and j != i:
                out += a
                spread += abs(a)
                value = -tau * a
                single = np.float32(value * scale)
                c[k] = single
                lost += value * scale - float(single)
                if k < split:
                    own[shift + k] = value
                else:
                    ghost[at_ghost + (k - split)] = value
        m = mass[i]
        held = m * (1.0 + tau * sinks[i])
        if fills:
            entry = held + tau * out
            own[shift + np.uint32(diagonal[i])] = entry
            d[i] = entry * scale
            single = np.float32(entry * scale + lost)
            c[diagonal[i]] = single
            e[i] = entry * scale + lost - float(single)
            number = max(number, tau * spread / m)
            finite = finite and math.isfinite(spread) and math.isfinite(entry)
            fits = fits and LEAST < entry * scale < MOST
            at_own += split - start
            at_ghost += stop - split
        side = m * here + tau * (total + m * (2.0 * production[i] - sinks[i] * here))
        b[i] = side
        size += side * side
        rest = side - held * guess + tau * after
        left += rest * rest
        r[i] = rest / (unit * d[i])
    return 0.0, -1, number if finite else np.nan, fits, size, left


@compiled
def close_drifting(
    law: EdgeLaw,
    mass: Floats,
    production: Floats,
    sinks: Floats,
    old: Floats,
    w: Floats,
    last: Floats,
    dt: float,
    new: Floats,
    seen: Floats,
) -> float:
    """kernels.edges.conservative_update, without fixed values."""
    indptr, indices, stiffness, weight, motility, _, _, psi, _, _, _ = law
    motile, smallest, finite = motility[0], np.inf, True
    for i in range(len(indptr) - 1):
        total, here, top = 0.0, w[i], psi[i]
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            a = weight[k] * motile
            half = 0.5 * (stiffness[k] * (psi[j] - top))
            total += (a - half) * w[j] - (a + half) * here
        new[i], seen[i] = _closed(old[i] + dt * (total / mass[i] + production[i]), dt * sinks[i], here, last[i])
        finite = finite and math.isfinite(new[i])
        smallest = min(smallest, new[i])
    return smallest if finite else np.nan


@compiled
def close_diffusing(
    law: EdgeLaw,
    mass: Floats,
    production: Floats,
    sinks: Floats,
    old: Floats,
    w: Floats,
    last: Floats,
    dt: float,
    new: Floats,
    seen: Floats,
) -> float:
    """As ``close_drifting`` where nothing drifts."""
    indptr, indices, _, weight, motility, _, _, _, _, _, _ = law
    motile, smallest, finite = motility[0], np.inf, True
    for i in range(len(indptr) - 1):
        total, here = 0.0, w[i]
        for k in range(indptr[i], indptr[i + 1]):
            a = weight[k] * motile
            total += a * w[indices[k]] - a * here
        new[i], seen[i] = _closed(old[i] + dt * (total / mass[i] + production[i]), dt * sinks[i], here, last[i])
        finite = finite and math.isfinite(new[i])
        smallest = min(smallest, new[i])
    return smallest if finite else np.nan


@compiled(inline=True)
def _closed(gained: float, reach: float, here: float, last: float) -> tuple[float, float]:
    """The new density, and the one that the sinks saw."""
    if reach > 1.0 and math.isfinite(reach):
        return last, (gained - last) / reach
    return gained - reach * here, here
