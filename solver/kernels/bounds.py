r"""Flux correction between a lower and an upper bound (Zalesak), in space and time; see kernels.limiter for the idea.

The low-order solution v and its shares g_ij of the fluxes f_ij are those of kernels.packing (g = 1 where nothing is packed).

    A_ij  = F^H_ij(w) - g_ij f_ij,      A^S_i = -m_i s_i (min(w_i, M) - q_i)
    floor_i, top_i   0 and the stated maximum M, or the extremes of v and of the old density over i and its neighbours
    P-+_i = sum of min/max(0, A_ij) and of A^S_i
    R-_i  = min(1, m_i (v_i - floor_i) / (-dt P-_i)),   R+_i = min(1, m_i (top_i - v_i) / (dt P+_i))
    new_i = v_i + dt/m_i [ sum_j alpha_ij A_ij + alpha^S_i A^S_i ],   alpha_ij = min(R-_i, R+_j) if A_ij < 0 else min(R+_i, R-_j)

Source: Zalesak 1979, doi:10.1016/0021-9991(79)90051-2; Kuzmin 2009, doi:10.1016/j.jcp.2008.12.011.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges, Floats
from .low_order import let_pass, low_order_flux


class Shares(NamedTuple):
    """What the limiter lets pass, nodewise (n_local): R- (down), R+ (up), and of the low-order fluxes in and out (packing)."""

    down: Floats
    up: Floats
    inward: Floats
    outward: Floats


@compiled
def ratios(
    e: Edges,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    old: Floats,
    w: Floats,
    acted: Floats,
    low: Floats,
    acting: Floats,
    v: Floats,
    maximum: float,
    local: bool,
    dt: float,
    shares: Shares,
) -> None:
    """Fill R- (down) and R+ (up) of the owned nodes; old, w, low, v and the shares of fluxes hold ghosts. Fixed nodes have 1."""
    indptr, indices, mass, us, ls = e
    down, up, inward, outward = shares
    for i in range(len(indptr) - 1):
        floor = min(v[i], old[i]) if local else 0.0
        top = max(v[i], old[i]) if local else maximum
        correction = -mass[i] * sinks[i] * (min(acted[i], maximum) - acting[i])
        drain, gain = min(0.0, correction), max(0.0, correction)
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            first = low_order_flux(u, lower, low[i], low[j])
            first *= min(inward[i], outward[j]) if first > 0.0 else min(inward[j], outward[i])
            flux = (u * w[j] - lower * w[i]) - first
            drain += min(0.0, flux)
            gain += max(0.0, flux)
            if local:
                floor = min(floor, min(v[j], old[j]))
                top = max(top, max(v[j], old[j]))
        if fixed[i]:
            down[i] = up[i] = 1.0
            continue
        down[i] = let_pass(mass[i] * max(0.0, v[i] - max(0.0, floor)), -dt * drain)
        up[i] = let_pass(mass[i] * max(0.0, min(top, maximum) - v[i]), dt * gain)


@compiled
def corrected(
    e: Edges,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    w: Floats,
    acted: Floats,
    low: Floats,
    acting: Floats,
    v: Floats,
    maximum: float,
    dt: float,
    shares: Shares,
    new: Floats,
    seen: Floats,
) -> tuple[float, float, float, float]:
    """As kernels.limiter.corrected, between both bounds."""
    indptr, indices, mass, us, ls = e
    down, up, inward, outward = shares
    used = 0.0
    total = 0.0
    added = 0.0
    amount = 0.0
    for i in range(len(indptr) - 1):
        change = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            first = low_order_flux(u, lower, low[i], low[j])
            first *= min(inward[i], outward[j]) if first > 0.0 else min(inward[j], outward[i])
            flux = (u * w[j] - lower * w[i]) - first
            alpha = min(down[i], up[j]) if flux < 0.0 else min(up[i], down[j])
            change += alpha * flux
            used += alpha * abs(flux)
            total += abs(flux)
        more = min(acted[i], maximum) - acting[i]
        seen[i] = acting[i] + (up[i] if more < 0.0 else down[i]) * more
        value = v[i] + dt * (change / mass[i] - sinks[i] * (seen[i] - acting[i]))
        if value < 0.0 and not fixed[i]:
            added -= mass[i] * value
            value = 0.0
        reach = dt * sinks[i]
        if reach > 1.0 and maximum < value <= maximum * (1.0 + 1e-9):  # rounding of large amounts: the sinks take it
            seen[i] += (value - maximum) / reach
            value = maximum
        new[i] = value
        amount += mass[i] * value
    return used, total, added, amount
