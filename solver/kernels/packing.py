r"""Close packing: what moves into nodes that are full is held back, so that the low-order solution too keeps a maximum M.

With the low-order amounts f_ij = F^L_ij(c^L) per time, and sinks that act on a density q_i <= M, the solution is

    v_i = c_i + dt (P_i - s_i q_i) + dt/m_i sum_j g_ij f_ij,      g_ij = min(in_i, out_j) if f_ij > 0, min(in_j, out_i) if f_ij < 0

    q_i = min(c^L_i, M), more where v_i would exceed M;    out = 1
    in_i = the largest share in [0, 1] of what would come in with which v_i <= M, what goes out counted

A node that lets in less leaves more with its neighbours, so ``sweep`` goes on from 1 downwards until nothing is over M; where
fluxes do not run in circles it ends after finitely many sweeps. Then v_i = M where anything was changed: not negative.
``both_ends`` is the last resort, for circles: in_i does not count what goes out, and out_i limits that to what is there
(Zalesak 1979, doi:10.1016/0021-9991(79)90051-2), which keeps 0 <= v <= M at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .edges import Edges, Floats
from .low_order import low_order_flux

Mask = NDArray[np.bool_]


@compiled
def lifts(production: Floats, sinks: Floats, old: Floats, maximum: float, dt: float) -> bool:
    """Whether the sources by themselves would lift any density above M in an implicit step. Owned nodes of ``old``."""
    found = False
    for i in range(len(old)):
        found = found or old[i] + dt * production[i] > maximum * (1.0 + dt * sinks[i])
    return found


@compiled
def cap(production: Floats, sinks: Floats, old: Floats, made: Floats, lost: Floats, maximum: float, dt: float) -> None:
    """P_i at most (M - c_i)/dt + s_i M where the law itself makes nothing at the density M: made_i <= lost_i M. Owned nodes."""
    for i in range(len(old)):
        most = max(0.0, maximum - old[i]) / dt + sinks[i] * maximum
        if production[i] > most and dt * (made[i] - lost[i] * maximum) <= 1e-12 * maximum:
            production[i] = most


@compiled
def start(low: Floats, maximum: float, acting: Floats, inward: Floats, outward: Floats) -> None:
    """q = min(c^L, M), all shares 1; all local nodes."""
    for i in range(len(low)):
        acting[i] = min(low[i], maximum)
        inward[i] = outward[i] = 1.0


@compiled
def _flows(e: Edges, low: Floats, inward: Floats, i: int) -> tuple[float, float]:
    """What would come into node i, and what goes out to neighbours that let it in; per time."""
    indptr, indices, _, us, ls = e
    coming = going = 0.0
    for k in range(indptr[i], indptr[i + 1]):
        j = indices[k]
        flux = low_order_flux(us[k], ls[k], low[i], low[j])
        if flux > 0.0:
            coming += flux
        else:
            going -= inward[j] * flux
    return coming, going


@compiled
def sweep(
    e: Edges, production: Floats, sinks: Floats, fixed: Mask, old: Floats, low: Floats, maximum: float, dt: float, acting: Floats,
    inward: Floats,
) -> float:  # fmt: skip
    """Raise q and lower ``in`` of the owned nodes, forward and back through their numbers; returns by how much of M at most that
    lowered a density."""
    mass = e.mass
    n = len(e.indptr) - 1
    worst = 0.0
    for visit in range(2 * n):
        i = visit if visit < n else 2 * n - 1 - visit
        if fixed[i] or (inward[i] == 0.0 and (sinks[i] == 0.0 or acting[i] >= maximum)):
            continue
        coming, going = _flows(e, low, inward, i)
        sources = production[i] - sinks[i] * acting[i]
        excess = mass[i] * (old[i] - maximum + dt * sources) + dt * (inward[i] * coming - going)
        if excess <= 0.0:
            continue
        reach = mass[i] * dt * sinks[i]
        more = min(maximum - acting[i], excess / reach) if reach > 0.0 else 0.0
        acting[i] += more
        lowered = reach * more
        over = excess - lowered
        if over > 0.0 and inward[i] > 0.0 and coming > 0.0:
            less = min(inward[i], over / (dt * coming))
            inward[i] -= less
            lowered += dt * coming * less
        worst = max(worst, lowered / (mass[i] * maximum))
    return worst


@compiled
def both_ends(
    e: Edges, production: Floats, sinks: Floats, fixed: Mask, old: Floats, low: Floats, maximum: float, dt: float, acting: Floats,
    inward: Floats, outward: Floats,
) -> None:  # fmt: skip
    """Fill q, ``in`` and ``out`` of the owned nodes: sources first, by themselves, then what comes in without credit for what goes
    out. ``outward`` is 1 everywhere before."""
    mass = e.mass
    for i in range(len(e.indptr) - 1):
        inward[i] = 1.0
        if fixed[i]:
            continue
        coming = going = 0.0
        for k in range(e.indptr[i], e.indptr[i + 1]):
            j = e.indices[k]
            flux = low_order_flux(e.u[k], e.lower[k], low[i], low[j])
            coming += max(0.0, flux)
            going -= min(0.0, flux)
        made = old[i] + dt * production[i]
        acting[i] = min(maximum, made / (1.0 + dt * sinks[i]))
        there = mass[i] * (made - dt * sinks[i] * acting[i])
        room = max(0.0, mass[i] * maximum - there)
        inward[i] = 1.0 if room >= dt * coming else room / (dt * coming)
        outward[i] = 1.0 if there >= dt * going else there / (dt * going)


@compiled
def balance(
    e: Edges, production: Floats, sinks: Floats, old: Floats, low: Floats, acting: Floats, dt: float, inward: Floats, outward: Floats,
    v: Floats,
) -> None:  # fmt: skip
    """Fill v of the owned nodes."""
    indptr, indices, mass, us, ls = e
    for i in range(len(indptr) - 1):
        change = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = indices[k]
            flux = low_order_flux(us[k], ls[k], low[i], low[j])
            change += flux * (min(inward[i], outward[j]) if flux > 0.0 else min(inward[j], outward[i]))
        v[i] = old[i] + dt * (change / mass[i] + production[i] - sinks[i] * acting[i])
