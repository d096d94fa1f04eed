r"""Passes of Krylov methods with a matrix in single precision.

With C and d the matrix and its diagonal in a unit of all, rounded, a correction y of x solves D^-1 C y = r, r = D^-1 (b - A x): rows that
have no units. On the diagonal of C are c and e, which take up what rounding does to the other entries of the row: a smooth y sees but its
sum, and where it is off by 1e-7 of the diagonal strong diffusion needs twice the rounds. Sums are weighted by d or d^2, so that they are
those of A and of true residuals:

    (z, C y) = sum d z (D^-1 C y),   |D r|^2 = sum d^2 r^2

z, or a vector with a hat, is what the preconditioner makes of another: the vector itself where that is the diagonal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import LEAST, MOST

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.uint32]
Ints = NDArray[np.int32]


@compiled
def rounded(
    indptr: Indices, diagonal: Ints, n_own_columns: Ints, own: Floats, ghost: Floats, unit: float, c: Singles, d: Singles, e: Singles
) -> bool:
    """A and its diagonal in their unit, of the two blocks of a matrix; False where d is out of range."""
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    scale = 1.0 / unit
    fits = True
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        entry = own[at_own + (np.uint32(diagonal[i]) - start)] * scale
        d[i] = entry
        fits = fits and LEAST < entry < MOST
        lost = 0.0
        for k in range(start, split):
            value = own[at_own + (k - start)] * scale if k != diagonal[i] else 0.0
            single = np.float32(value)
            c[k] = single
            lost += value - float(single)
        at_own += split - start
        for k in range(split, stop):
            value = ghost[at_ghost + (k - split)] * scale
            single = np.float32(value)
            c[k] = single
            lost += value - float(single)
        at_ghost += stop - split
        single = np.float32(entry + lost)
        c[diagonal[i]] = single
        e[i] = entry + lost - float(single)
    return fits


@compiled
def residual(
    indptr: Indices,
    indices: Indices,
    n_own_columns: Ints,
    own: Floats,
    ghost: Floats,
    x: Floats,
    b: Floats,
    d: Singles,
    unit: float,
    r: Floats,
) -> tuple[float, float]:
    """r = D^-1 (b - A x); sums of b^2 and (b - A x)^2. x (n_local)."""
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    size = 0.0
    left = 0.0
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        total = b[i]
        size += total * total
        for k in range(start, split):
            total -= own[at_own + (k - start)] * x[indices[k]]
        at_own += split - start
        for k in range(split, stop):
            total -= ghost[at_ghost + (k - split)] * x[indices[k]]
        at_ghost += stop - split
        left += total * total
        r[i] = total / (unit * d[i])
    return size, left


@compiled
def times(
    indptr: Indices, indices: Indices, c: Singles, d: Singles, e: Singles, z: Floats, r: Floats, q: Floats, s: Floats, u: Floats
) -> tuple[float, float, float, float]:
    """u = D^-1 C z; sums of d z r, d z u, d z s and d q u. z (n_local)."""
    reached = 0.0
    curved = 0.0
    across = 0.0
    back = 0.0
    for i in range(len(indptr) - 1):
        value = e[i] * z[i]
        for k in range(indptr[i], indptr[i + 1]):
            value += c[k] * z[indices[k]]
        weight = d[i]
        u[i] = value / weight
        along = weight * z[i]
        reached += along * r[i]
        curved += z[i] * value
        across += along * s[i]
        back += q[i] * value
    return reached, curved, across, back


@compiled
def first_direction(alpha: float, d: Singles, z: Floats, u: Floats, r: Floats, x: Floats, new: Floats) -> tuple[float, float]:
    """x += alpha z, new = r - alpha u; sums of d^2 new^2 and d^2 (alpha z)^2."""
    left = 0.0
    moved = 0.0
    for i in range(len(x)):
        along = z[i]
        x[i] += alpha * along
        weight = d[i]
        far = weight * along
        moved += far * far
        value = r[i] - alpha * u[i]
        new[i] = value
        weighted = weight * value
        left += weighted * weighted
    return left, moved * alpha * alpha


@compiled
def next_direction(
    alpha: float, beta: float, d: Singles, z: Floats, u: Floats, x: Floats, q: Floats, s: Floats, r: Floats
) -> tuple[float, float]:
    """q = z + beta q, s = u + beta s, x += alpha q, r -= alpha s; sums of d^2 r^2 and d^2 (alpha q)^2."""
    left = 0.0
    moved = 0.0
    for i in range(len(x)):
        along = z[i] + beta * q[i]
        change = u[i] + beta * s[i]
        q[i] = along
        s[i] = change
        x[i] += alpha * along
        weight = d[i]
        far = weight * along
        moved += far * far
        value = r[i] - alpha * change
        r[i] = value
        weighted = weight * value
        left += weighted * weighted
    return left, moved * alpha * alpha


@compiled
def times_with(
    indptr: Indices, indices: Indices, c: Singles, d: Singles, e: Singles, z: Floats, first: Floats, second: Floats, v: Floats
) -> tuple[float, float, float, float]:
    """v = D^-1 C z; sums of d^2 times v first, v second, v^2 and second^2. z (n_local)."""
    one = 0.0
    two = 0.0
    size = 0.0
    other = 0.0
    for i in range(len(indptr) - 1):
        value = e[i] * z[i]
        for k in range(indptr[i], indptr[i + 1]):
            value += c[k] * z[indices[k]]
        weight = d[i]
        v[i] = value / weight
        beside = weight * second[i]
        one += value * (weight * first[i])
        two += value * beside
        size += value * value
        other += beside * beside
    return one, two, size, other


@compiled
def difference(r: Floats, alpha: float, v: Floats, s: Floats, n: int) -> None:
    """s = r - alpha v of n nodes."""
    for i in range(n):
        s[i] = r[i] - alpha * v[i]


@compiled
def half_a_step(alpha: float, d: Singles, p_hat: Floats, x: Floats) -> float:
    """x += alpha p_hat; the sum of d^2 (alpha p_hat)^2."""
    moved = 0.0
    for i in range(len(x)):
        along = p_hat[i]
        x[i] += alpha * along
        far = d[i] * along
        moved += far * far
    return moved * alpha * alpha


@compiled
def stabilised(
    alpha: float,
    omega: float,
    beta: float,
    d: Singles,
    p_hat: Floats,
    s_hat: Floats,
    s: Floats,
    t: Floats,
    v: Floats,
    x: Floats,
    p: Floats,
    r: Floats,
    new: Floats,
) -> float:
    """x += y, y = alpha p_hat + omega s_hat, r = s - omega t, new = r + beta (p - omega v); the sum of d^2 y^2."""
    moved = 0.0
    for i in range(len(x)):
        change = alpha * p_hat[i] + omega * s_hat[i]
        x[i] += change
        far = d[i] * change
        moved += far * far
        value = s[i] - omega * t[i]
        new[i] = value + beta * (p[i] - omega * v[i])
        r[i] = value
    return moved


@compiled
def unscaled(unit: float, d: Singles, r: Floats, out: Floats) -> None:
    """out = D r."""
    for i in range(len(out)):
        out[i] = unit * d[i] * r[i]
