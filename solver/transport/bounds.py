r"""Flux correction between a lower and an upper bound (Zalesak), in space and time; see transport.limiter for A_ij, A^S and v.

    floor_i, top_i   0 and the stated maximum, or the extremes of v and of the old density over i and its neighbours
    P-+_i = sum of min/max(0, A_ij) and of A^S_i
    R-_i  = min(1, m_i (v_i - floor_i) / (-dt P-_i)),   R+_i = min(1, m_i (top_i - v_i) / (dt P+_i))
    alpha_ij = min(R-_i, R+_j) if A_ij < 0 else min(R+_i, R-_j)

transport.limiter corrects with these ratios. The bounds
are widened to hold v_i: what drift piles up in the low-order solution itself is not undone.
Source: Zalesak 1979, doi:10.1016/0021-9991(79)90051-2; Kuzmin 2009, doi:10.1016/j.jcp.2008.12.011.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .edges import Edges

Floats = NDArray[np.float64]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _share(available: float, wanted: float) -> float:
    """min(1, available/wanted), compared as products: a quotient by a denormal number overflows."""
    return 1.0 if available >= wanted else max(0.0, min(1.0, available / wanted))


@njit(cache=True)  # type: ignore[untyped-decorator]
def ratios(
    e: Edges,
    sinks: Floats,
    fixed: NDArray[np.bool_],
    old: Floats,
    w: Floats,
    low: Floats,
    v: Floats,
    maximum: float,
    local: bool,
    dt: float,
    down: Floats,
    up: Floats,
) -> None:
    """Fill R- (down) and R+ (up) of the owned nodes; old, w, low and v hold ghosts. Fixed nodes have 1."""
    indptr, indices, mass, us, ls = e
    for i in range(len(indptr) - 1):
        floor = min(v[i], old[i]) if local else 0.0
        top = max(v[i], old[i]) if local else maximum
        correction = -mass[i] * sinks[i] * (w[i] - low[i])
        drain, gain = min(0.0, correction), max(0.0, correction)
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            u, lower = us[k], ls[k]
            d = max(0.0, max(-u, -lower))
            flux = (u * w[j] - lower * w[i]) - ((u + d) * low[j] - (lower + d) * low[i])
            drain += min(0.0, flux)
            gain += max(0.0, flux)
            if local:
                floor = min(floor, min(v[j], old[j]))
                top = max(top, max(v[j], old[j]))
        if fixed[i]:
            down[i] = up[i] = 1.0
            continue
        down[i] = _share(mass[i] * max(0.0, v[i] - max(0.0, floor)), -dt * drain)
        up[i] = _share(mass[i] * max(0.0, min(top, maximum) - v[i]), dt * gain)
