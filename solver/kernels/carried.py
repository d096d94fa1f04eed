r"""A species b that another, its carrier n, takes along: the carrier's edge fluxes with b in place of n, and r = b/n kept between bounds.

Into node i flow F_ij(b) = u_ij b_j - l_ij b_i: also where n is uniform, so that random motility mixes r. Where the flux G_ij that was
applied to the carrier differs from F_ij(n), as its limiter wants it, what differs takes r of where it comes from. Of carriers that go,
each takes rho along.

The low-order solution is implicit and upwind in r, with gross flows p_ij, q_ij >= 0 of carriers, p_ij - q_ij = G_ij,

    p_ij = (u + d) n_j + max(0, e),  q_ij = (l + d) n_i + max(0, -e),  e = G_ij - F^L_ij(n),  n the new density,
    [ m n_old + dt sum_j p_ij + dt m B ]_i r_i - dt sum_j p_ij r_j = m b_old + dt m (what newborn bring)_i

which makes r a mean of what was there, of neighbours and of what is born, for any step. The correction towards high order is limited
so that r_min n <= b <= r_max n, of old and low-order r of the neighbours and of what is born or comes in: synchronised, as n is the
carrier's own corrected density.
Source: Schär, Smolarkiewicz 1996, J. Comput. Phys. 128:101-120.

Arrays: nodal ones (n_local) where a neighbour is read, else (n_owned); per edge (nnz). r < 0 stands for undefined, where n <= FLOOR.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .bounds import Shares
from .compiled import compiled
from .edges import Edges, Floats, Ints
from .low_order import artificial_diffusion, let_pass, low_order_flux

Mask = NDArray[np.bool_]

FLOOR = 1e-200  # density below which b/n says nothing
UNKNOWN = -1.0
HELD = 1e-10  # of a row, by which the low-order r is held at what it was: where all flows run in circles nothing else tells what it is
SHARED, EACH, ALIKE = 0, 1, 2


@compiled
def ratios(carrier: Floats, density: Floats, ratio: Floats) -> None:
    """r = b/n, or unknown."""
    for i in range(len(ratio)):
        ratio[i] = density[i] / carrier[i] if carrier[i] > FLOOR else UNKNOWN


@compiled
def applied(e: Edges, w: Floats, low: Floats, s: Shares, bounded: bool, net: Floats) -> None:
    """G_ij of a carrier's corrected step (kernels.limiter, kernels.bounds)."""
    for i in range(len(e.indptr) - 1):
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            u, lower = e.u[k], e.lower[k]
            first = low_order_flux(u, lower, low[i], low[j])
            if bounded:
                first *= min(s.inward[i], s.outward[j]) if first > 0.0 else min(s.inward[j], s.outward[i])
            rest = u * w[j] - lower * w[i] - first
            share = s.down[i] if rest < 0.0 else s.down[j]
            if bounded:
                share = min(share, s.up[j] if rest < 0.0 else s.up[i])
            net[k] = first + share * rest


@compiled
def range_of(e: Edges, ratio: Floats, least: Floats, most: Floats) -> None:
    """Widen the bounds of owned nodes by the known r of the node and its neighbours."""
    for i in range(len(least)):
        for k in range(e.indptr[i], e.indptr[i + 1]):
            r = ratio[e.indices[k]]
            if r >= 0.0:
                least[i] = min(least[i], r)
                most[i] = max(most[i], r)


@compiled
def admit(each: Floats, entering: Floats, born: Floats, newborn: int, least: Floats, most: Floats) -> None:
    """Widen the bounds by what carriers bring that are born or come in."""
    for i in range(len(least)):
        if entering[i] > 0.0 or (newborn == EACH and born[i] > 0.0):
            least[i] = min(least[i], each[i])
            most[i] = max(most[i], each[i])


@compiled
def allow(e: Edges, carrier: Floats, credit: Floats, rest: Floats, dt: float, least: Floats, most: Floats) -> None:
    """Widen the bounds by what reactions are thought to make of r in the step, ``credit`` of it within: the spread among neighbours."""
    for i in range(len(least)):
        low, high, credited = np.inf, -np.inf, 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if carrier[j] > FLOOR:
                change = dt * (credit[j] + rest[j]) / carrier[j]
                low, high = min(low, change), max(high, change)
                credited = max(credited, dt * credit[j] / carrier[j])
        if low <= high and least[i] <= most[i]:
            least[i] = max(0.0, least[i] - 2.0 * (high - low))
            most[i] += 2.0 * (high - low) + credited


@compiled
def settle_bounds(
    carrier: Floats, born: Floats, dt: float, newborn: int, lowest: float, highest: float, least: Floats, most: Floats
) -> None:
    """Bounds of all where no neighbour is known; the lower one less where what there is, is shared with the newborn."""
    for i in range(len(least)):
        if least[i] > most[i]:
            least[i], most[i] = lowest, highest
        if newborn == SHARED and born[i] > 0.0:
            there = carrier[i]
            least[i] *= max(0.0, 1.0 - dt * born[i] / there) if there > 0.0 else 0.0


@compiled
def leaving(carrier: Floats, density: Floats, least: Floats, most: Floats, share: Floats) -> None:
    """rho = b/n of the weighted stages, between the bounds."""
    for i in range(len(share)):
        value = density[i] / carrier[i] if carrier[i] > FLOOR else most[i]
        share[i] = min(max(value, least[i]), most[i])


@compiled(inline=True)
def _donor(excess: float, here: float, there: float) -> float:
    """r of what flows besides: of the node it comes from, or of the other where that is unknown."""
    first, second = (there, here) if excess > 0.0 else (here, there)
    return excess * (first if first >= 0.0 else max(second, 0.0))


@compiled
def transported(
    e: Edges, limited: bool, net: Floats, w: Floats, mixed: Floats, ratio: Floats, old: Floats, brought: Floats, gone: Floats,
    share: Floats, fixed: Mask, carrier: Floats, least: Floats, most: Floats, dt: float, new: Floats, flux: Floats,
) -> tuple[float, float]:  # fmt: skip
    """b = b_old + dt [ sum_j H_ij/m + brought - rho gone ] with H_ij = F_ij(b) + (G_ij - F_ij(n)) r; H is kept in ``flux``.

    w, mixed: weighted stages of n and b. Returns what is outside the bounds, NaN where anything is not finite, and the amount.
    """
    outside = 0.0
    amount = 0.0
    finite = True
    for i in range(len(e.indptr) - 1):
        total = 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            u, lower = e.u[k], e.lower[k]
            flow = u * mixed[j] - lower * mixed[i]
            if limited:
                flow += _donor(net[k] - (u * w[j] - lower * w[i]), ratio[i], ratio[j])
            flux[k] = flow
            total += flow
        value = old[i] + dt * (total / e.mass[i] + brought[i] - gone[i] * share[i])
        new[i] = value
        finite = finite and math.isfinite(value)
        amount += e.mass[i] * abs(value)
        if not fixed[i]:
            outside += e.mass[i] * max(0.0, max(value - most[i] * carrier[i], least[i] * carrier[i] - value))
    return (outside if finite else np.nan), amount


@compiled(inline=True)
def _coming(u: float, lower: float, here: float, there: float, net: float) -> tuple[float, float]:
    """p_ij and q_ij."""
    d = artificial_diffusion(u, lower)
    coming, going = (u + d) * there, (lower + d) * here
    excess = net - (coming - going)
    return coming + max(0.0, excess), going + max(0.0, -excess)


@compiled
def fill(
    e: Edges, limited: bool, net: Floats, w: Floats, carrier: Floats, before: Floats, made: Floats, fixed: Mask, dt: float,
    diagonal: Ints, n_own_columns: Ints, own: Floats, ghost: Floats, scale: Floats,
) -> None:  # fmt: skip
    """Write the matrix of the low-order r, rows divided by their diagonals, which are 1/scale; 0 where nothing is known and r stays.

    made: what is born and comes in, without those that are born alike.
    """
    at_own = 0
    at_ghost = 0
    for i in range(len(e.indptr) - 1):
        start, stop = e.indptr[i], e.indptr[i + 1]
        total = e.mass[i] * (before[i] + dt * made[i])
        for k in range(start, stop):
            j = e.indices[k]
            if j != i:
                u, lower = e.u[k], e.lower[k]
                coming, _ = _coming(u, lower, carrier[i], carrier[j], net[k] if limited else u * w[j] - lower * w[i])
                total += dt * coming
        scale[i] = 1.0 / total if total > FLOOR and not fixed[i] else 0.0
        split = start + n_own_columns[i]
        at_diagonal = at_own + diagonal[i] - start
        for k in range(start, stop):
            j = e.indices[k]
            value = 0.0
            if j != i and scale[i] > 0.0:
                u, lower = e.u[k], e.lower[k]
                coming, _ = _coming(u, lower, carrier[i], carrier[j], net[k] if limited else u * w[j] - lower * w[i])
                value = -dt * coming * scale[i]
            if k < split:
                own[at_own] = value
                at_own += 1
            else:
                ghost[at_ghost] = value
                at_ghost += 1
        own[at_diagonal] = 1.0 + HELD


@compiled
def side(
    mass: Floats, old: Floats, brought: Floats, ratio: Floats, least: Floats, most: Floats, scale: Floats, dt: float, b: Floats, x: Floats
) -> None:  # fmt: skip
    """The right side of the low-order r, and the old r, as far as it is within the bounds, as a guess."""
    for i in range(len(b)):
        x[i] = min(max(ratio[i], least[i]), most[i])
        b[i] = (mass[i] * (old[i] + dt * brought[i]) * scale[i] if scale[i] > 0.0 else x[i]) + HELD * x[i]


@compiled
def known(scale: Floats, carrier: Floats, x: Floats, ratio: Floats) -> None:
    """The low-order r, unknown where there is nothing."""
    for i in range(len(x)):
        ratio[i] = max(0.0, x[i]) if scale[i] > 0.0 or carrier[i] > FLOOR else UNKNOWN


@compiled(inline=True)
def _low_flow(u: float, lower: float, here: float, there: float, net: float, own: float, other: float) -> float:
    """The low-order flux p_ij r_j - q_ij r_i."""
    coming, going = _coming(u, lower, here, there, net)
    return coming * max(0.0, other) - going * max(0.0, own)


@compiled
def shares(
    e: Edges, limited: bool, net: Floats, w: Floats, flux: Floats, first: Floats, carrier: Floats, old: Floats, brought: Floats,
    made_alike: Floats, gone: Floats, share: Floats, fixed: Mask, least: Floats, most: Floats, dt: float, v: Floats, down: Floats,
    up: Floats,
) -> None:  # fmt: skip
    """The low-order solution v in flux form, and what the limiter lets pass downwards and upwards; ``first``: the low-order r."""
    for i in range(len(e.indptr) - 1):
        r = max(0.0, first[i])
        correction = e.mass[i] * (made_alike[i] - gone[i]) * (share[i] - r)
        total, drain, gain = 0.0, min(0.0, correction), max(0.0, correction)
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if j == i:
                continue
            u, lower = e.u[k], e.lower[k]
            low = _low_flow(u, lower, carrier[i], carrier[j], net[k] if limited else u * w[j] - lower * w[i], first[i], first[j])
            total += low
            drain += min(0.0, flux[k] - low)
            gain += max(0.0, flux[k] - low)
        v[i] = old[i] + dt * (total / e.mass[i] + brought[i] + (made_alike[i] - gone[i]) * r)
        down[i] = up[i] = 1.0
        if not fixed[i]:
            down[i] = let_pass(e.mass[i] * max(0.0, v[i] - least[i] * carrier[i]), -dt * drain)
            up[i] = let_pass(e.mass[i] * max(0.0, most[i] * carrier[i] - v[i]), dt * gain)


@compiled
def corrected(
    e: Edges, limited: bool, net: Floats, w: Floats, flux: Floats, first: Floats, carrier: Floats, made_alike: Floats, gone: Floats,
    share: Floats, dt: float, v: Floats, down: Floats, up: Floats, new: Floats,
) -> None:  # fmt: skip
    """b from v by the limited correction; ``flux`` and ``share`` become what was applied."""
    for i in range(len(e.indptr) - 1):
        total = 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            if j == i:
                continue
            u, lower = e.u[k], e.lower[k]
            low = _low_flow(u, lower, carrier[i], carrier[j], net[k] if limited else u * w[j] - lower * w[i], first[i], first[j])
            more = flux[k] - low
            more *= min(down[i], up[j]) if more < 0.0 else min(up[i], down[j])
            flux[k] = low + more
            total += more
        r = max(0.0, first[i])
        more = (made_alike[i] - gone[i]) * (share[i] - r)
        passed = down[i] if more < 0.0 else up[i]
        share[i] = r + passed * (share[i] - r)
        new[i] = v[i] + dt * (total / e.mass[i] + passed * more)


@compiled
def confine(mass: Floats, carrier: Floats, least: Floats, most: Floats, fixed: Mask, new: Floats) -> tuple[float, float, float, float]:
    """Put b between its bounds where solver error or rounding has left it outside.

    Returns what that added, how much room there is below and above, and the amount.
    """
    added = below = above = amount = 0.0
    for i in range(len(new)):
        if not fixed[i]:
            low, high = least[i] * carrier[i], most[i] * carrier[i]
            value = min(max(new[i], low), high)
            added += mass[i] * (value - new[i])
            below += mass[i] * (value - low)
            above += mass[i] * (high - value)
            new[i] = value
        amount += mass[i] * new[i]
    return added, below, above, amount


@compiled
def level(carrier: Floats, least: Floats, most: Floats, fixed: Mask, lower: float, raised: float, new: Floats) -> None:
    """Use these shares of the room below and above."""
    for i in range(len(new)):
        if not fixed[i]:
            value = new[i]
            new[i] = value - lower * (value - least[i] * carrier[i]) + raised * (most[i] * carrier[i] - value)


@compiled
def mirror(
    mass: Floats, before: Floats, after: Floats, each: Floats, newborn: int, n_owned: int, density: Floats
) -> tuple[float, float]:  # fmt: skip
    """What a change of the carrier at nodes makes of b: those that go take their share, the newborn bring theirs. Born and dead."""
    born = 0.0
    dead = 0.0
    for i in range(n_owned):
        was, now, value = before[i], after[i], density[i]
        if now <= 0.0:
            value = 0.0
        elif now < was:
            value *= now / was
        elif now > was and newborn == EACH:
            value += each[i] * (now - was)
        elif now > was and newborn == ALIKE and was > FLOOR:
            value *= now / was
        change = mass[i] * (value - density[i])
        born += max(0.0, change)
        dead -= min(0.0, change)
        density[i] = value
    return born, dead
