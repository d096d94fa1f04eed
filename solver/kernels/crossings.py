r"""Fluxes through membranes: edges between the two copies of a node, beside those of the tissue.

A pair (i, i') on sides 0 and 1 has the conductance G = sigma kappa, and joins the edges of kernels.edges as

    a_ii' = G,      v_ii' = G/D [ psi_i' - psi_i + sum_e chi^e (G^e_i' - G^e_i) ]    (drift through the opening, if wanted)

with D the mean of the two sides. Both ends evaluate the same formula from the same numbers. Pressure:
G = sigma kappa (Pi_i' - Pi_i)/(c_i' - c_i), exact in the mean, Pi = gamma/(gamma + 1) (c/c_ref)^gamma c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bounds import Shares
from .compiled import compiled
from .edges import EdgeLaw, Edges
from .low_order import low_order_flux

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def linear(measure: Floats, opening: Floats, rate: float, limit: Floats, out: Floats) -> None:
    """Conductance sigma kappa, not above its limit."""
    for k in range(len(out)):
        out[k] = min(measure[k] * rate * opening[k], limit[k])


@compiled
def pressure(
    measure: Floats,
    opening: Floats,
    rate: float,
    limit: Floats,
    nodes: Ints,
    density: Floats,
    exponent: float,
    reference: float,
    out: Floats,
) -> None:
    """Conductance sigma kappa (Pi_1 - Pi_0)/(c_1 - c_0), not above its limit."""
    share = exponent / (exponent + 1.0)
    for k in range(len(out)):
        c0, c1 = density[nodes[k, 0]] / reference, density[nodes[k, 1]] / reference
        if abs(c1 - c0) > 1e-6 * (c0 + c1):
            slope = share * (c1 ** (exponent + 1.0) - c0 ** (exponent + 1.0)) / (c1 - c0)
        else:
            slope = exponent * (0.5 * (c0 + c1)) ** exponent
        out[k] = min(measure[k] * rate * opening[k] * slope, limit[k])


@compiled
def insert(entries: Ints, conductance: Floats, a: Floats) -> None:
    """Add the conductance of each pair to a_ii' and a_i'i, where this rank owns the row."""
    for k in range(len(conductance)):
        for side in range(2):
            if entries[k, side] >= 0:
                a[entries[k, side]] += conductance[k]


@compiled
def insert_drift(e: EdgeLaw, nodes: Ints, entries: Ints, conductance: Floats, diffusivity: Floats, v: Floats) -> None:
    """Add the drift through the opening to v_ii' and v_i'i. diffusivity (n or 1): D; nothing drifts where it is 0."""
    for k in range(len(conductance)):
        one, two = nodes[k, 0], nodes[k, 1]
        spread = diffusivity[0] if len(diffusivity) == 1 else 0.5 * (diffusivity[one] + diffusivity[two])
        if spread <= 0.0:
            continue
        speed = e.psi[two] - e.psi[one] if len(e.psi) > 1 else 0.0
        for term in range(len(e.factors)):
            speed += 0.5 * (e.factors[term, one] + e.factors[term, two]) * (e.potentials[term, two] - e.potentials[term, one])
        drift = conductance[k] / spread * speed
        if entries[k, 0] >= 0:
            v[entries[k, 0]] += drift
        if entries[k, 1] >= 0:
            v[entries[k, 1]] -= drift


@compiled
def parts(entries: Ints, conductance: Floats, a: Floats, n_owned: int, out: Floats) -> None:
    """The part of a pair's conductance that is this membrane's: below 1 where several membranes meet in a pair. Owned sites."""
    for k in range(n_owned):
        total = a[entries[k, 0]]
        out[k] = conductance[k] / total if total > 0.0 else 0.0


@compiled
def crossing(
    e: Edges, nodes: Ints, entries: Ints, part: Floats, measure: Floats, w: Floats, low: Floats, s: Shares,
    limited: bool, bounded: bool, n_owned: int, flux: Floats,
) -> float:  # fmt: skip
    """Flux per area from side 0 to side 1 at the owned sites, as the step applied it; returns its sum over the surface.

    limited: what was corrected; bounded: also from above (only then are the shares other than ``down`` read).
    """
    us, ls = e.u, e.lower
    total = 0.0
    for k in range(n_owned):
        at, i, j = entries[k, 0], nodes[k, 0], nodes[k, 1]
        u, lower = us[at], ls[at]
        inward = u * w[j] - lower * w[i]
        if limited:
            first = low_order_flux(u, lower, low[i], low[j])
            if bounded:
                first *= min(s.inward[i], s.outward[j]) if first > 0.0 else min(s.inward[j], s.outward[i])
            rest = inward - first
            share_of_rest = s.down[i] if rest < 0.0 else s.down[j]
            if bounded:
                share_of_rest = min(share_of_rest, s.up[j] if rest < 0.0 else s.up[i])
            inward = first + share_of_rest * rest
        flux[k] = -inward * part[k] / measure[k]
        total -= inward * part[k]
    return total
