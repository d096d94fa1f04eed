r"""Passes of Krylov methods with a matrix in single precision.

With d the diagonal of A, a correction y of x solves C y = r, C = D^-1 A, r = D^-1 (b - A x): rows that have no units. Sums are weighted by
d or d^2, so that they are those of A and of true residuals:

    (z, A y) = sum d z (C y),   |D r|^2 = sum d^2 r^2

z, or a vector with a hat, is what the preconditioner makes of another: the vector itself where that is the diagonal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.uint32]
Ints = NDArray[np.int32]

LEAST, MOST = 1e-12, 1e12  # of d in its unit: what squares and products of it need


@compiled
def scaled(indptr: Indices, diagonal: Ints, n_own_columns: Ints, own: Floats, ghost: Floats, unit: float, c: Singles, d: Singles) -> bool:
    """C, and d in its unit, of the two blocks of a matrix; False where d is out of range."""
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    fits = True
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        entry = own[at_own + (np.uint32(diagonal[i]) - start)]
        inverse = 1.0 / entry
        size = entry / unit
        d[i] = size
        fits = fits and LEAST < size < MOST
        for k in range(start, split):
            c[k] = own[at_own + (k - start)] * inverse
        at_own += split - start
        for k in range(split, stop):
            c[k] = ghost[at_ghost + (k - split)] * inverse
        at_ghost += stop - split
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
    indptr: Indices, indices: Indices, c: Singles, d: Singles, z: Floats, r: Floats, q: Floats, s: Floats, u: Floats
) -> tuple[float, float, float, float]:
    """u = C z; sums of d z r, d z u, d z s and d q u. z (n_local)."""
    reached = 0.0
    curved = 0.0
    across = 0.0
    back = 0.0
    for i in range(len(indptr) - 1):
        value = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            value += c[k] * z[indices[k]]
        u[i] = value
        weight = d[i]
        along = weight * z[i]
        reached += along * r[i]
        curved += along * value
        across += along * s[i]
        back += weight * q[i] * value
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
    indptr: Indices, indices: Indices, c: Singles, d: Singles, z: Floats, first: Floats, second: Floats, v: Floats
) -> tuple[float, float, float, float]:
    """v = C z; sums of d^2 times v first, v second, v^2 and second^2. z (n_local)."""
    one = 0.0
    two = 0.0
    size = 0.0
    other = 0.0
    for i in range(len(indptr) - 1):
        value = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            value += c[k] * z[indices[k]]
        v[i] = value
        weight = d[i]
        weighted = weight * value
        beside = weight * second[i]
        one += weighted * (weight * first[i])
        two += weighted * beside
        size += weighted * weighted
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
