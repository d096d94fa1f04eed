r"""Edge fluxes of one species, computed where they are needed from nodal data: F_ij = u_ij c_j - l_ij c_i, into node i.

With diffusive weight a_ij = K^D_ij D_ij and drift v_ij = K_ij [ psi_j - psi_i + sum_e chi^e_ij (G^e_j - G^e_i) ]:

    central               u = a - v/2,   l = a + v/2
    Scharfetter-Gummel    u = a B(v/a),  l = a B(-v/a),  B(x) = x/(e^x - 1)      (where a > 0)
    low order             u + d,  l + d,  d = max(0, -u, -l)

D_ij is the arithmetic mean of the nodes, their harmonic mean, or the exact mean (Phi_j - Phi_i)/(c_j - c_i) of a
motility that depends on the species' own density, Phi' = D. Both ends of an edge evaluate the same formula,
so F_ij = -F_ji to the last bit. Nothing is stored per edge: the passes are bound by memory.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ARITHMETIC, HARMONIC, EXACT = 0, 1, 2
CENTRAL, SCHARFETTER_GUMMEL = 0, 1


class Edges(NamedTuple):
    """What the fluxes of one species are made of. Nodal arrays have length n_local; a constant has length 1.

    indptr, indices, stiffness, mass: the graph. weight (nnz): K^D, the stiffness itself unless motility differs by region.
    motility (n or 1), primitive (n or 1; Phi, for the exact mean), density (n or 1; c, for the exact mean). psi (n or 1; 1: no drift).
    potentials, factors (e, n): drift terms whose sensitivity varies in space.
    """

    indptr: Ints
    indices: Ints
    mass: Floats
    stiffness: Floats
    weight: Floats
    motility: Floats
    primitive: Floats
    density: Floats
    psi: Floats
    potentials: Floats
    factors: Floats
    mean: int
    flux: int


@njit(cache=True)  # type: ignore[untyped-decorator]
def bernoulli(x: float) -> float:
    """B(x) = x/(e^x - 1), without cancellation at 0 and without overflow."""
    if abs(x) < 1e-3:
        return 1.0 - 0.5 * x + x * x / 12.0
    if x > 700.0:
        return 0.0
    return x / math.expm1(x)


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _diffusive(e: Edges, k: int, i: int, j: int) -> float:
    if len(e.motility) == 1:
        return e.weight[k] * e.motility[0]
    here, there = e.motility[i], e.motility[j]
    if e.mean == 1:
        total = here + there
        return e.weight[k] * (2.0 * here * there / total) if total > 0.0 else 0.0
    if e.mean == 2:
        jump = e.density[j] - e.density[i]
        if abs(jump) > 1e-6 * (e.density[i] + e.density[j]):
            return e.weight[k] * ((e.primitive[j] - e.primitive[i]) / jump)
    return e.weight[k] * (0.5 * (here + there))


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _drift(e: Edges, k: int, i: int, j: int) -> float:
    speed = e.psi[j] - e.psi[i] if len(e.psi) > 1 else 0.0
    for term in range(len(e.factors)):
        chi = 0.5 * (e.factors[term, i] + e.factors[term, j])
        speed += chi * (e.potentials[term, j] - e.potentials[term, i])
    return e.stiffness[k] * speed


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def pair(e: Edges, k: int, i: int, j: int) -> tuple[float, float]:
    """(u_ij, l_ij) of entry k of the graph, which joins i and j != i."""
    a = _diffusive(e, k, i, j)
    v = _drift(e, k, i, j)
    if e.flux == 1 and a > 0.0:
        # one side is evaluated and the other follows from l - u = v, so that u_ij = l_ji bitwise
        small = a * bernoulli(abs(v) / a)
        large = small + abs(v)
        return (small, large) if v > 0.0 else (large, small)
    return a - 0.5 * v, a + 0.5 * v


@njit(cache=True)  # type: ignore[untyped-decorator]
def fill(
    e: Edges,
    diagonal: Ints,
    n_own_columns: Ints,
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
    for i in range(len(e.indptr) - 1):
        start, stop = e.indptr[i], e.indptr[i + 1]
        split = start + n_own_columns[i]
        out = 0.0
        spread = 0.0
        at_diagonal = at_own + diagonal[i] - start
        for k in range(start, stop):
            j = e.indices[k]
            value = 0.0
            if j != i:
                u, lower = pair(e, k, i, j)
                if low_order:
                    d = max(0.0, max(-u, -lower))
                    u += d
                    lower += d
                out += lower
                spread += abs(u)
                value = 0.0 if fixed[i] else -tau * u
            if k < split:
                own[at_own] = value
                at_own += 1
            else:
                ghost[at_ghost] = value
                at_ghost += 1
        own[at_diagonal] = e.mass[i] if fixed[i] else e.mass[i] * (1.0 + tau * sinks[i]) + tau * out
        number = max(number, tau * spread / e.mass[i])
    return number


@njit(cache=True)  # type: ignore[untyped-decorator]
def explicit_side(e: Edges, production: Floats, sinks: Floats, old: Floats, tau: float, b: Floats) -> None:
    """b = m c + tau [ sum_j F_ij(c) + m (2 P - s c) ], the right side of a trapezoidal stage, for owned nodes."""
    for i in range(len(e.indptr) - 1):
        total = 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if j != i:
                u, lower = pair(e, k, i, j)
                total += u * old[j] - lower * old[i]
        b[i] = e.mass[i] * old[i] + tau * (total + e.mass[i] * (2.0 * production[i] - sinks[i] * old[i]))


@njit(cache=True)  # type: ignore[untyped-decorator]
def conservative_update(
    e: Edges, production: Floats, sinks: Floats, fixed: NDArray[np.bool_], old: Floats, w: Floats, dt: float, new: Floats
) -> float:
    """new = c + dt/m [ sum_j F_ij(w) + m (P - s w) ] for owned nodes; the smallest value that is not fixed, NaN if any is not finite."""
    smallest = np.inf
    finite = True
    for i in range(len(e.indptr) - 1):
        total = 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if j != i:
                u, lower = pair(e, k, i, j)
                total += u * w[j] - lower * w[i]
        value = old[i] + dt * (total / e.mass[i] + production[i] - sinks[i] * w[i])
        new[i] = value
        finite = finite and math.isfinite(value)
        if not fixed[i]:
            smallest = min(smallest, value)
    return smallest if finite else np.nan


@njit(cache=True)  # type: ignore[untyped-decorator]
def peclet(e: Edges) -> tuple[float, int]:
    """The largest |v_ij| / (2 a_ij) over owned edges with a_ij > 0, and its node; above 1 the central flux is not monotone."""
    worst = 0.0
    where = -1
    for i in range(len(e.indptr) - 1):
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if j != i:
                a = _diffusive(e, k, i, j)
                v = abs(_drift(e, k, i, j))
                if a > 0.0 and v > 2.0 * a * worst:
                    worst = v / (2.0 * a)
                    where = i
    return worst, where
