r"""Flux correction in space and time with a limiter that keeps densities non-negative and nothing else.

The high-order amounts differ from those of the low-order solution c^L by the antidiffusive fluxes A_ij and,
per node, the sink correction A^S_i:

    A_ij  = F^H_ij(w) - F^L_ij(c^L),          A^S_i = -m_i s_i (w_i - c^L_i)
    v_i   = c_i + dt/m_i [ sum_j F^L_ij(c^L) + m_i (P_i - s_i c^L_i) ]  >= 0
    P-_i  = min(0, A^S_i) + sum_j min(0, A_ij),      R_i = min(1, -m_i v_i / (dt P-_i))
    new_i = v_i + dt/m_i [ sum_j alpha_ij A_ij + alpha^S_i A^S_i ],  alpha_ij = R_i if A_ij < 0 else R_j

Source: Quezada de Luna and Ketcheson, arXiv:2109.08272; Kuzmin, doi:10.1016/j.jcp.2008.12.011.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges
from .low_order import let_pass, low_order_flux

Floats = NDArray[np.float64]


@compiled
def low_order_and_ratios(
    e: Edges,
    production: Floats,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    old: Floats,
    w: Floats,
    acted: Floats,
    low: Floats,
    dt: float,
    v: Floats,
    ratios: Floats,
) -> tuple[float, float]:
    """Fill v and R for the owned nodes; returns the mass of negative v (NaN if any is not finite) and the mass of v.

    acted: the density on which the sinks act in high order; w itself, unless production and sinks differ by stage.
    Fixed nodes have R = 1: what they give is not limited.
    """
    indptr, indices, mass, us, ls = e
    negative = 0.0
    amount = 0.0
    finite = True
    for i in range(len(indptr) - 1):
        change = 0.0
        correction = -mass[i] * sinks[i] * (acted[i] - low[i])
        drain = min(0.0, correction)
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            low_flux = low_order_flux(u, lower, low[i], low[j])
            change += low_flux
            drain += min(0.0, (u * w[j] - lower * w[i]) - low_flux)
        value = old[i] + dt * (change / mass[i] + production[i] - sinks[i] * low[i])
        v[i] = value
        finite = finite and math.isfinite(value)
        amount += mass[i] * value
        if fixed[i]:
            ratios[i] = 1.0
            continue
        negative += mass[i] * max(0.0, -value)
        ratios[i] = let_pass(mass[i] * max(0.0, value), -dt * drain)
    return (negative if finite else np.nan), amount


@compiled
def corrected(
    e: Edges,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    w: Floats,
    acted: Floats,
    low: Floats,
    v: Floats,
    ratios: Floats,
    dt: float,
    new: Floats,
    seen: Floats,
) -> tuple[float, float, float, float]:
    """new = v plus the limited corrections, not below zero; seen = the density the sinks acted on. Owned nodes.

    Returns sum alpha |A| and sum |A| over the owned rows, the mass added where new was negative, and the mass of new.
    """
    indptr, indices, mass, us, ls = e
    used = 0.0
    total = 0.0
    added = 0.0
    amount = 0.0
    for i in range(len(indptr) - 1):
        change = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            flux = (u * w[j] - lower * w[i]) - low_order_flux(u, lower, low[i], low[j])
            alpha = ratios[i] if flux < 0.0 else ratios[j]
            change += alpha * flux
            used += alpha * abs(flux)
            total += abs(flux)
        correction = -sinks[i] * (acted[i] - low[i])
        alpha = ratios[i] if correction < 0.0 else 1.0
        seen[i] = low[i] + alpha * (acted[i] - low[i])
        value = v[i] + dt * (change / mass[i] + alpha * correction)
        if value < 0.0 and not fixed[i]:
            added -= mass[i] * value
            value = 0.0
        new[i] = value
        amount += mass[i] * value
    return used, total, added, amount
