"""What boundary conditions, walls of vessels and membranes put into a step, and what the ledger books of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..discretise.species import NodalSpecies
from ..kernels import edges, stages
from ..linalg.linear import LinearSystem
from .workspace import Workspace

Floats = NDArray[np.float64]


def boundary_sources(s: NodalSpecies, production: Floats, sinks: Floats) -> None:
    """Add what the boundary conditions and the walls of vessels bring and take to the nodal production and sinks."""
    for c in s.conditions:
        if c.law.kind == "influx":
            production[c.nodes] += c.share * c.value
        elif c.law.kind == "exchange":
            production[c.nodes] += c.share * c.rate * c.value
            sinks[c.nodes] += c.share * c.rate
        elif c.law.kind == "outflow":
            sinks[c.nodes] += c.share * c.rate
    for wall in s.walls:
        wall.add(production, sinks)


def fix_rows(s: NodalSpecies, system: LinearSystem, e: edges.Edges, tau: float, low_order: bool) -> None:
    """Put fixed values into the guess and the right side, also of their neighbours. Collective where there are any."""
    if not s.fixed_conditions:
        return
    for c in s.fixed_conditions:
        system.x[c.nodes] = s.held[c.nodes] = c.value
        system.b[c.nodes] = s.graph.mass[c.nodes] * c.value
    s.graph.halo.update(s.held)
    edges.known_side(e, *s.held_edges, s.held, tau, low_order, system.b)


def _gains(change: Floats) -> tuple[float, float]:
    """What comes in and what goes out, node by node: the sign of a sum would depend on which nodes are a rank's."""
    return float(change.sum(where=change > 0.0)), -float(change.sum(where=change < 0.0))


def hold(s: NodalSpecies, booking: dict[str, float]) -> None:
    """Put fixed nodes back on the values evaluated last; what that takes comes in or goes out there. Collective."""
    for c in s.fixed_conditions:
        s.held[c.nodes] = c.value
        inflow, outflow = _gains(s.graph.mass[c.nodes] * (c.value - s.state[c.nodes]))
        booking[f"inflow:{c.boundary}"] = booking.get(f"inflow:{c.boundary}", 0.0) + inflow
        booking[f"outflow:{c.boundary}"] = booking.get(f"outflow:{c.boundary}", 0.0) + outflow
    s.graph.halo.update(s.held)
    np.copyto(s.state, s.held, where=s.fixed)


def book_crossings(
    s: NodalSpecies, wk: Workspace, density: Floats, limited: bool, bounded: bool, dt: float, booking: dict[str, float]
) -> None:
    """Note what has crossed each membrane from side 0 to side 1, this rank's part of it; see kernels.crossings for the flags."""
    for crossing in s.crossings:
        key = f"crossed:{crossing.membrane}"
        booking[key] = booking.get(key, 0.0) + dt * crossing.measure(wk.edges, density, wk.low, wk.shares, limited, bounded)


def book(s: NodalSpecies, wk: Workspace, dt: float, booking: dict[str, float]) -> None:
    """Local amounts of this step: born, dead, and in and out through each boundary; sets the fixed values."""
    n, m = s.graph.n_owned, s.graph.mass
    born = dt * stages.amount(m, wk.production, n)
    booking["dead"] = booking.get("dead", 0.0) + dt * stages.amount_lost(m, wk.loss, wk.seen, n)
    for c in s.conditions:
        sigma = m[c.nodes] * c.share
        inflow = outflow = 0.0
        if c.law.kind == "influx":
            inflow = dt * float((sigma * c.value).sum())
            born -= inflow
        elif c.law.kind == "exchange":
            inflow = dt * float((sigma * c.rate * c.value).sum())
            outflow = dt * float((sigma * c.rate * wk.seen[c.nodes]).sum())
            born -= inflow
        elif c.law.kind == "outflow":
            outflow = dt * float((sigma * c.rate * wk.seen[c.nodes]).sum())
        elif c.law.kind == "fixed":
            inflow, outflow = _gains(m[c.nodes] * (c.value - wk.new[c.nodes]))
            wk.new[c.nodes] = c.value
        booking[f"inflow:{c.boundary}"] = booking.get(f"inflow:{c.boundary}", 0.0) + inflow
        booking[f"outflow:{c.boundary}"] = booking.get(f"outflow:{c.boundary}", 0.0) + outflow
    for wall in s.walls:
        born -= wall.book(dt, wk.seen, booking)
    booking["born"] = booking.get("born", 0.0) + born
