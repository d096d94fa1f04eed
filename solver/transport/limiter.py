r"""Flux correction in space and time with a limiter that keeps densities non-negative and nothing else.

The high-order amounts differ from those of the low-order solution n^L by the antidiffusive fluxes A_ij and,
per node, the sink correction A^S_i:

    A_ij  = F^H_ij(w) - F^L_ij(n^L),          A^S_i = -m_i s_i (w_i - n^L_i)
    v_i   = n_i + dt/m_i [ sum_j F^L_ij(n^L) + m_i (P_i - s_i n^L_i) ]  >= 0
    P-_i  = min(0, A^S_i) + sum_j min(0, A_ij),      R_i = min(1, -m_i v_i / (dt P-_i))
    new_i = v_i + dt/m_i [ sum_j alpha_ij A_ij + alpha^S_i A^S_i ],  alpha_ij = R_i if A_ij < 0 else R_j

Source: Quezada de Luna and Ketcheson, arXiv:2109.08272; Kuzmin, doi:10.1016/j.jcp.2008.12.011.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _antidiffusion(u: float, lower: float, w_i: float, w_j: float, low_i: float, low_j: float) -> float:
    d = max(0.0, max(-u, -lower))
    return (u * w_j - lower * w_i) - ((u + d) * low_j - (lower + d) * low_i)


@njit(cache=True)  # type: ignore[untyped-decorator]
def low_order_and_ratios(
    indptr: Ints,
    indices: Ints,
    mass: Floats,
    u: Floats,
    lower: Floats,
    production: Floats,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    old: Floats,
    w: Floats,
    low: Floats,
    dt: float,
    v: Floats,
    ratios: Floats,
) -> float:
    """Fill v and R for the owned nodes; returns the mass of negative v, NaN if any is not finite. Fixed nodes have R = 1."""
    negative = 0.0
    finite = True
    for i in range(len(indptr) - 1):
        change = 0.0
        correction = -mass[i] * sinks[i] * (w[i] - low[i])
        drain = min(0.0, correction)
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if j != i:
                d = max(0.0, max(-u[k], -lower[k]))
                change += (u[k] + d) * low[j] - (lower[k] + d) * low[i]
                drain += min(0.0, _antidiffusion(u[k], lower[k], w[i], w[j], low[i], low[j]))
        value = old[i] + dt * (change / mass[i] + production[i] - sinks[i] * low[i])
        v[i] = value
        finite = finite and math.isfinite(value)
        if fixed[i]:
            ratios[i] = 1.0
            continue
        negative += mass[i] * max(0.0, -value)
        available = mass[i] * max(0.0, value)
        # compared as products: a quotient by a denormal number overflows
        ratios[i] = 1.0 if available >= -dt * drain else max(0.0, min(1.0, available / (-dt * drain)))
    return negative if finite else np.nan


@njit(cache=True)  # type: ignore[untyped-decorator]
def corrected(
    indptr: Ints,
    indices: Ints,
    mass: Floats,
    u: Floats,
    lower: Floats,
    sinks: Floats,
    w: Floats,
    low: Floats,
    v: Floats,
    ratios: Floats,
    dt: float,
    new: Floats,
    seen: Floats,
) -> tuple[float, float]:
    """new = v plus the limited corrections; seen = the density the sinks acted on. Owned nodes.

    Returns sum alpha |A| and sum |A| over the owned rows.
    """
    used = 0.0
    total = 0.0
    for i in range(len(indptr) - 1):
        change = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            if j != i:
                flux = _antidiffusion(u[k], lower[k], w[i], w[j], low[i], low[j])
                alpha = ratios[i] if flux < 0.0 else ratios[j]
                change += alpha * flux
                used += alpha * abs(flux)
                total += abs(flux)
        correction = -sinks[i] * (w[i] - low[i])
        alpha = ratios[i] if correction < 0.0 else 1.0
        seen[i] = low[i] + alpha * (w[i] - low[i])
        new[i] = v[i] + dt * (change / mass[i] + alpha * correction)
    return used, total


@njit(cache=True)  # type: ignore[untyped-decorator]
def clip(mass: Floats, fixed: NDArray[np.bool_], n: Floats) -> float:
    """Set negative values to zero, except where the value is given; returns the mass that this added."""
    added = 0.0
    for i in range(len(n)):
        if n[i] < 0.0 and not fixed[i]:
            added -= mass[i] * n[i]
            n[i] = 0.0
    return added
