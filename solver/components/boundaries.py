"""What boundary conditions, walls of vessels and membranes put into a step, and what the ledger books of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Page
from ..discretise.species import NodalSpecies
from ..kernels import edges, stages
from ..linalg.linear import LinearSystem
from .workspace import Workspace

Floats = NDArray[np.float64]


def accounts_of(s: NodalSpecies, owner: str = "") -> Iterator[Account]:
    """The accounts of a species, or of what it carries: sources, boundaries, walls of vessels and membranes that it passes."""

    def account(key: str, sign: int, label: str, gives: bool = False) -> Account:
        return Account(owner or s.name, key, sign, label, gives=gives)

    yield account("born", 1, "made by production and growth")
    yield account("dead", -1, "lost to decay, death and uptake")
    yield from (account(f"inflow:{c.boundary}", 1, f"came in through {c.boundary}") for c in s.conditions)
    yield from (account(f"outflow:{c.boundary}", -1, f"went out through {c.boundary}") for c in s.conditions)
    yield from (account(wall.account, -1, f"passed the wall of {wall.vessel}", gives=True) for wall in s.walls)
    yield from (account(f"crossed:{c.membrane}", 0, f"crossed {c.membrane} from side 0 to side 1") for c in s.crossings)


def content(s: NodalSpecies) -> dict[str, float]:
    """The amount of a species at this rank's nodes."""
    n = s.graph.n_owned
    return {s.name: float((s.graph.mass[:n] * s.state[:n]).sum())}


def boundary_sources(s: NodalSpecies, production: Floats, sinks: Floats) -> None:
    """Add what the boundary conditions and the walls of vessels bring and take to the nodal production and sinks."""
    for c in s.conditions:
        if c.law.kind == "influx":
            production[c.nodes] += c.specific_surface * c.value
        elif c.law.kind == "exchange":
            production[c.nodes] += c.specific_surface * c.rate * c.value
            sinks[c.nodes] += c.specific_surface * c.rate
        elif c.law.kind == "outflow":
            sinks[c.nodes] += c.specific_surface * c.rate
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
    edges.fixed_side(e, *s.held_edges, s.held, tau, low_order, system.b)


def gains(change: Floats) -> tuple[float, float]:
    """What comes in and what goes out, node by node: the sign of a sum would depend on which nodes are a rank's."""
    return float(change.sum(where=change > 0.0)), -float(change.sum(where=change < 0.0))


def hold(s: NodalSpecies, page: Page) -> None:
    """Put fixed nodes back on the values evaluated last; what that takes comes in or goes out there. Collective."""
    for c in s.fixed_conditions:
        s.held[c.nodes] = c.value
        inflow, outflow = gains(s.graph.mass[c.nodes] * (c.value - s.state[c.nodes]))
        page.add(f"inflow:{c.boundary}", inflow)
        page.add(f"outflow:{c.boundary}", outflow)
    s.graph.halo.update(s.held)
    np.copyto(s.state, s.held, where=s.fixed)


def book_crossings(s: NodalSpecies, wk: Workspace, density: Floats, limited: bool, bounded: bool, dt: float, page: Page) -> None:
    """Note what has crossed each membrane from side 0 to side 1, this rank's part of it; see kernels.crossings for the flags."""
    for crossing in s.crossings:
        page.add(f"crossed:{crossing.membrane}", dt * crossing.measure(wk.edges, density, wk.low, wk.shares, limited, bounded))


def book(s: NodalSpecies, wk: Workspace, dt: float, page: Page, dead: float) -> None:
    """Local amounts of this step: born, ``dead``, and in and out through each boundary; sets the fixed values."""
    n, m = s.graph.n_owned, s.graph.mass
    born = dt * stages.amount(m, wk.production, n)
    page.add("dead", dead)
    for c in s.conditions:
        sigma = m[c.nodes] * c.specific_surface
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
            inflow, outflow = gains(m[c.nodes] * (c.value - wk.new[c.nodes]))
            wk.new[c.nodes] = c.value
        page.add(f"inflow:{c.boundary}", inflow)
        page.add(f"outflow:{c.boundary}", outflow)
    for wall in s.walls:
        out, came = wall.flows(dt, wk.seen)
        page.add(wall.account, out)
        born -= came
    page.add("born", born)
