r"""Edge fluxes of one species, F_ij = u_ij c_j - l_ij c_i into node i.

With diffusive weight a_ij = K^D_ij D_ij and drift v_ij = K_ij [ psi_j - psi_i + sum_e chi^e_ij (G^e_j - G^e_i) ]:

    central               u = a - v/2,   l = a + v/2
    Scharfetter-Gummel    u = a B(v/a),  l = a B(-v/a),  B(x) = x/(e^x - 1)      (where a > 0)
    low order             u + d,  l + d,  d = max(0, -u, -l)

D_ij is the arithmetic mean of the nodes, their harmonic mean, or the exact mean (Phi_j - Phi_i)/(c_j - c_i) of a
motility that depends on the species' own density, Phi' = D. Both ends of an edge evaluate the same formula,
so F_ij = -F_ji to the last bit. Sums over a row include the diagonal, whose flux u c_i - l c_i with u = l is
exactly zero: a test for it would cost more.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .low_order import artificial_diffusion

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]
Singles = NDArray[np.float32]

LEAST, MOST = 1e-12, 1e12  # of d in its unit: what squares and products of it need
ARITHMETIC, HARMONIC, EXACT = 0, 1, 2
_BLOCK = 64  # entries that are compared with one number at once


class EdgeLaw(NamedTuple):
    """What the fluxes of one species are made of. Nodal arrays have length n_local; a constant has length 1.

    indptr, indices, stiffness: the graph. weight (nnz): K^D, the stiffness itself unless motility differs by region.
    motility (n or 1), primitive (n or 1; Phi, for the exact mean), density (n or 1; c, for the exact mean). psi (n or 1; 1: no drift).
    potentials, factors (e, n): drift terms whose sensitivity varies in space.
    """

    indptr: Indices
    indices: Indices
    stiffness: Floats
    weight: Floats
    motility: Floats
    primitive: Floats
    density: Floats
    psi: Floats
    potentials: Floats
    factors: Floats
    mean: int


class Edges(NamedTuple):
    """The fluxes of one species on the graph: u and l (nnz), in memory that all species share in turn."""

    indptr: Indices
    indices: Indices
    mass: Floats
    u: Floats
    lower: Floats


class Target(NamedTuple):
    """Where the entries of a matrix go: to its blocks of owned and of ghost columns, and to c, d and e in single precision, in a unit
    (kernels.krylov), unless these have length 0.
    """

    own: Floats
    ghost: Floats
    c: Singles
    d: Singles
    e: Singles
    unit: float


NONE, NO_SINGLES, NOT_KEPT = np.zeros(0), np.zeros(0, dtype=np.float32), np.zeros((2, 0))


def double_only(own: Floats, ghost: Floats) -> Target:
    """The blocks of a matrix alone."""
    return Target(own, ghost, NO_SINGLES, NO_SINGLES, NO_SINGLES, 1.0)


@compiled
def bernoulli(x: float) -> float:
    """B(x) = x/(e^x - 1), without cancellation at 0 and without overflow."""
    if abs(x) < 1e-3:
        return 1.0 - 0.5 * x + x * x / 12.0
    if x > 700.0:
        return 0.0
    return x / math.expm1(x)


@compiled
def weights(e: EdgeLaw, a: Floats, v: Floats) -> None:
    """a_ij and v_ij of all owned rows; what stands on the diagonal of a is K_ii D, and v_ii = 0."""
    indptr, indices, stiffness, weight, motility, primitive, density, psi, potentials, factors, mean = e
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        if len(motility) == 1:
            for k in range(start, stop):
                a[k] = weight[k] * motility[0]
        elif mean == 0:
            for k in range(start, stop):
                a[k] = weight[k] * (0.5 * (motility[i] + motility[indices[k]]))
        elif mean == 1:
            for k in range(start, stop):
                total = motility[i] + motility[indices[k]]
                a[k] = weight[k] * (2.0 * motility[i] * motility[indices[k]] / total) if total > 0.0 else 0.0
        else:
            for k in range(start, stop):
                j = indices[k]
                jump = density[j] - density[i]
                if abs(jump) > 1e-6 * (density[i] + density[j]):
                    a[k] = weight[k] * ((primitive[j] - primitive[i]) / jump)
                else:
                    a[k] = weight[k] * (0.5 * (motility[i] + motility[j]))
        if len(psi) == 1 and len(factors) == 0:
            for k in range(start, stop):
                v[k] = 0.0
            continue
        for k in range(start, stop):
            speed = psi[indices[k]] - psi[i] if len(psi) > 1 else 0.0
            for term in range(len(factors)):
                j = indices[k]
                speed += 0.5 * (factors[term, i] + factors[term, j]) * (potentials[term, j] - potentials[term, i])
            v[k] = stiffness[k] * speed


@compiled
def central_weights(e: EdgeLaw, u: Floats, lower: Floats) -> tuple[float, int]:
    """u and l of the central flux for one motility and one drift, in one pass: what ``weights``, ``peclet`` and ``central`` give, bitwise.

    motility, psi of length n or 1; no factors; the mean arithmetic. Returns the largest Peclet number and its node, as ``peclet``.
    """
    indptr, indices, stiffness, weight, motility, _, _, psi, _, _, _ = e
    worst = 0.0
    where = -1
    for i in range(len(indptr) - 1):
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            a = weight[k] * (motility[0] if len(motility) == 1 else 0.5 * (motility[i] + motility[j]))
            v = stiffness[k] * (psi[j] - psi[i]) if len(psi) > 1 else 0.0
            half = 0.5 * v
            lower[k] = a + half
            u[k] = a - half
            spread, speed = 2.0 * a, abs(v)
            if spread > 0.0 and speed > spread * worst:
                worst = speed / spread
                where = i
    return worst, where


@compiled
def central(a: Floats, v: Floats) -> None:
    """Turn (a, v) into (u, l) of the central flux, in place."""
    for k in range(len(a)):
        half = 0.5 * v[k]
        v[k] = a[k] + half
        a[k] = a[k] - half


@compiled
def scharfetter_gummel(a: Floats, v: Floats) -> None:
    """Turn (a, v) into (u, l) of the Scharfetter-Gummel flux, in place; central where a <= 0.

    One side is evaluated and the other follows from l - u = v, so that u_ij = l_ji bitwise.
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


@compiled
def fill(
    e: Edges,
    diagonal: Ints,
    n_own_columns: Ints,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    unit: float,
    tau: float,
    low_order: bool,
    target: Target,
    left: Floats,
) -> tuple[float, bool]:
    """Write diag(m (unit + tau s)) - tau A into a matrix, A of the high or the low order.

    unit: 1 for a time step, 0 for a steady balance. left (2, n_owned or 0): sum_j l_ij, and what rounding took off the row, for ``refill``.

    fixed (n_local): rows replaced by diag(m), and columns left out, so that a matrix without drift stays symmetric;
    ``fixed_side`` brings them to the right side. Returns the largest tau sum_j |u_ij| / m_i, the diffusion number, NaN if
    anything is not finite, and whether d is in range.
    """
    indptr, indices, mass, us, ls = e
    own, ghost, c, d, less, size = target
    rounds, keeps, scale = len(c) > 0, left.shape[1] > 0, 1.0 / size
    at_own = np.uint32(0)
    at_ghost = np.uint32(0)
    number = 0.0
    finite = True
    fits = True
    for i in range(len(indptr) - 1):
        start, stop = indptr[i], indptr[i + 1]
        split = start + np.uint32(n_own_columns[i])
        shift = at_own - start
        out = 0.0
        spread = 0.0
        lost = 0.0
        for k in range(start, stop):
            j = indices[k]
            value = 0.0
            if j != i:
                u, lower = us[k], ls[k]
                if low_order:
                    more = artificial_diffusion(u, lower)
                    u += more
                    lower += more
                out += lower
                spread += abs(u)
                value = 0.0 if fixed[i] or fixed[j] else -tau * u
            if rounds:
                single = np.float32(value * scale)
                c[k] = single
                lost += value * scale - float(single)
            if k < split:
                own[shift + k] = value
            else:
                ghost[at_ghost + (k - split)] = value
        entry = mass[i] if fixed[i] else mass[i] * (unit + tau * sinks[i]) + tau * out
        own[shift + np.uint32(diagonal[i])] = entry
        if keeps:
            left[0, i], left[1, i] = out, lost
        if rounds:
            d[i] = entry * scale
            single = np.float32(entry * scale + lost)
            c[diagonal[i]] = single
            less[i] = entry * scale + lost - float(single)
            fits = fits and LEAST < entry * scale < MOST
        number = max(number, tau * spread / mass[i])
        finite = finite and math.isfinite(spread) and math.isfinite(entry)
        at_own += split - start
        at_ghost += stop - split
    return (number if finite else np.nan), fits


@compiled
def refill(
    e: Edges,
    diagonal: Ints,
    n_own_columns: Ints,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    tau: float,
    target: Target,
    left: Floats,
) -> tuple[bool, bool]:
    """The diagonal alone, as ``fill`` would write it with new sinks (unit 1). Returns whether it is finite, and d in range."""
    indptr, _, mass, _, _ = e
    own, _, c, d, less, size = target
    rounds, scale = len(c) > 0, 1.0 / size
    at_own = np.uint32(0)
    finite = True
    fits = True
    for i in range(len(indptr) - 1):
        entry = mass[i] if fixed[i] else mass[i] * (1.0 + tau * sinks[i]) + tau * left[0, i]
        own[at_own + (np.uint32(diagonal[i]) - indptr[i])] = entry
        if rounds:
            d[i] = entry * scale
            single = np.float32(entry * scale + left[1, i])
            c[diagonal[i]] = single
            less[i] = entry * scale + left[1, i] - float(single)
            fits = fits and LEAST < entry * scale < MOST
        finite = finite and math.isfinite(entry)
        at_own += np.uint32(n_own_columns[i])
    return finite, fits


@compiled
def fixed_side(e: Edges, rows: Indices, positions: Indices, held: Floats, tau: float, low_order: bool, b: Floats) -> None:
    """b_i += tau u_ij c_j for the edges (rows and positions in the graph) from a free node i to a node j with a fixed value."""
    _, indices, _, us, ls = e
    for edge in range(len(rows)):
        k = positions[edge]
        u = us[k]
        if low_order:
            u += artificial_diffusion(u, ls[k])
        b[rows[edge]] += tau * u * held[indices[k]]


@compiled
def explicit_side(e: Edges, production: Floats, sinks: Floats, old: Floats, tau: float, b: Floats) -> None:
    """b = m c + tau [ sum_j F_ij(c) + m (2 P - s c) ], the right side of a trapezoidal stage, for owned nodes."""
    indptr, indices, mass, us, ls = e
    for i in range(len(indptr) - 1):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            total += u * old[j] - lower * old[i]
        b[i] = mass[i] * old[i] + tau * (total + mass[i] * (2.0 * production[i] - sinks[i] * old[i]))


@compiled
def conservative_update(
    e: Edges,
    production: Floats,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    old: Floats,
    w: Floats,
    last: Floats,
    dt: float,
    new: Floats,
    seen: Floats,
) -> float:
    """new = c + dt/m [ sum_j F_ij(w) + m (P - s w) ] for owned nodes; the smallest value that is not fixed, NaN if any is not finite.

    Where dt s > 1 that would multiply the error of the linear solver by dt s: there the last stage is the new density, and the density
    that the sinks saw (``seen``) follows from it, so that the amounts still add up.
    """
    indptr, indices, mass, us, ls = e
    smallest = np.inf
    finite = True
    for i in range(len(indptr) - 1):
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            total += u * w[j] - lower * w[i]
        reach = dt * sinks[i]
        gained = old[i] + dt * (total / mass[i] + production[i])
        if reach > 1.0 and math.isfinite(reach) and not fixed[i]:
            value = last[i]
            seen[i] = (gained - value) / reach
        else:
            value = gained - reach * w[i]
            seen[i] = w[i]
        new[i] = value
        finite = finite and math.isfinite(value)
        if not fixed[i]:
            smallest = min(smallest, value)
    return smallest if finite else np.nan


@compiled
def peclet(e: Edges) -> tuple[float, int]:
    """The largest mesh Peclet number |v_ij| / (2 a_ij) over owned edges with a_ij > 0, and its node (-1: none).

    Taken from a and v, before they become a flux. Below 1 the scheme is monotone and second order on this mesh without help of the limiter.
    """
    indptr, _, _, us, ls = e
    worst = 0.0
    where = -1
    for first in range(0, len(us), _BLOCK):  # on the diagonal v = 0
        last = min(first + _BLOCK, len(us))
        larger = 0
        for k in range(first, last):  # a count is vectorised; with the division in it, each entry would wait for the one before
            larger += (abs(ls[k]) > 2.0 * us[k] * worst) & (us[k] > 0.0)
        if larger:
            for k in range(first, last):
                spread, speed = 2.0 * us[k], abs(ls[k])
                if spread > 0.0 and speed > spread * worst:
                    worst = speed / spread
                    where = k
    return worst, int(np.searchsorted(indptr, where, side="right")) - 1 if where >= 0 else -1
