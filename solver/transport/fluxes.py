r"""Edge fluxes of one species on the graph, in the form F_ij = u_ij n_j - l_ij n_i, into node i.

With diffusive weight a_ij = K_ij D_ij and drift v_ij = K_ij chi_ij (G_j - G_i):

    central               u = a - v/2,   l = a + v/2
    Scharfetter-Gummel    u = a B(v/a),  l = a B(-v/a),  B(x) = x/(e^x - 1)      (where a > 0)
    low order             u + d,  l + d,  d = max(0, -u, -l)

Every quantity is evaluated from both sides by the same formula, so F_ij = -F_ji to the last bit.
Arrays over nodes have length n_local, arrays over edges length nnz; diagonal entries of u and l are 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@njit(cache=True)  # type: ignore[untyped-decorator]
def diffusion(indptr: Ints, indices: Ints, stiffness: Floats, motility: Floats, a: Floats) -> None:
    """a_ij = K_ij (D_i + D_j)/2."""
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            a[k] = 0.0 if j == i else stiffness[k] * (0.5 * (motility[i] + motility[j]))


@njit(cache=True)  # type: ignore[untyped-decorator]
def drift(indptr: Ints, indices: Ints, stiffness: Floats, potential: Floats, factor: Floats, v: Floats) -> None:
    """Add K_ij (chi_i + chi_j)/2 (G_j - G_i) to v_ij."""
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if j != i:
                v[k] += stiffness[k] * (0.5 * (factor[i] + factor[j])) * (potential[j] - potential[i])


@njit(cache=True)  # type: ignore[untyped-decorator]
def central(a: Floats, v: Floats) -> None:
    """Turn (a, v) into (u, l) of the central flux, in place."""
    for k in range(len(a)):
        half = 0.5 * v[k]
        v[k] = a[k] + half
        a[k] = a[k] - half


@njit(cache=True)  # type: ignore[untyped-decorator]
def bernoulli(x: float) -> float:
    """B(x) = x/(e^x - 1), without cancellation at 0 and without overflow."""
    if abs(x) < 1e-3:
        return 1.0 - 0.5 * x + x * x / 12.0
    if x > 700.0:
        return 0.0
    return x / math.expm1(x)


@njit(cache=True)  # type: ignore[untyped-decorator]
def scharfetter_gummel(a: Floats, v: Floats) -> None:
    """Turn (a, v) into (u, l) of the Scharfetter-Gummel flux, in place; central where a <= 0.

    The side with the larger argument is evaluated and the other follows from l - u = v, whichever end of the
    edge is i, so that u_ij = l_ji holds bitwise.
    """
    for k in range(len(a)):
        weight, speed = a[k], v[k]
        if weight > 0.0:
            small = weight * bernoulli(abs(speed) / weight)
            large = small + abs(speed)
            a[k] = small if speed > 0.0 else large
            v[k] = large if speed > 0.0 else small
        else:
            half = 0.5 * speed
            v[k] = weight + half
            a[k] = weight - half


@njit(cache=True)  # type: ignore[untyped-decorator]
def matrix_values(
    indptr: Ints,
    indices: Ints,
    diagonal: Ints,
    n_own_columns: Ints,
    mass: Floats,
    u: Floats,
    lower: Floats,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    tau: float,
    low_order: bool,
    own: Floats,
    ghost: Floats,
) -> float:
    """Write diag(m (1 + tau s)) - tau A into the two blocks of a matrix, A of the high or the low order.

    fixed (n_owned): rows replaced by diag(m). Returns the largest tau sum_j |u_ij| / m_i, the diffusion number.
    """
    at_own = 0
    at_ghost = 0
    number = 0.0
    for i in range(len(indptr) - 1):
        start, split, stop = indptr[i], indptr[i] + n_own_columns[i], indptr[i + 1]
        out = 0.0
        spread = 0.0
        for k in range(start, stop):
            if k == diagonal[i]:
                at_diagonal = at_own
                at_own += 1
                continue
            d = max(0.0, max(-u[k], -lower[k])) if low_order else 0.0
            value = 0.0 if fixed[i] else -tau * (u[k] + d)
            out += lower[k] + d
            spread += abs(u[k] + d)
            if k < split:
                own[at_own] = value
                at_own += 1
            else:
                ghost[at_ghost] = value
                at_ghost += 1
        own[at_diagonal] = mass[i] if fixed[i] else mass[i] * (1.0 + tau * sinks[i]) + tau * out
        number = max(number, tau * spread / mass[i])
    return number


@njit(cache=True)  # type: ignore[untyped-decorator]
def flux_sum(indptr: Ints, indices: Ints, u: Floats, lower: Floats, n: Floats, out: Floats) -> None:
    """out_i = sum_j F_ij(n) of the high-order flux, for owned i."""
    for i in range(len(indptr) - 1):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            total += u[k] * n[indices[k]] - lower[k] * n[i]
        out[i] = total


@njit(cache=True)  # type: ignore[untyped-decorator]
def conservative_update(
    indptr: Ints,
    indices: Ints,
    mass: Floats,
    u: Floats,
    lower: Floats,
    production: Floats,
    sinks: Floats,
    old: Floats,
    w: Floats,
    dt: float,
    new: Floats,
) -> float:
    """new = old + dt/m [ sum_j F_ij(w) + m (P - s w) ] for owned nodes; returns the smallest value, NaN if any is not finite."""
    smallest = np.inf
    finite = True
    for i in range(len(indptr) - 1):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            total += u[k] * w[indices[k]] - lower[k] * w[i]
        value = old[i] + dt * (total / mass[i] + production[i] - sinks[i] * w[i])
        new[i] = value
        finite = finite and math.isfinite(value)
        smallest = min(smallest, value)
    return smallest if finite else np.nan
