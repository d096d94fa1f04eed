r"""One time step of one moving species: implicit, second order, conservative and non-negative.

With fluxes frozen at the middle of the step the law is linear, m dc/dt = A c + m (P - s c). TR-BDF2
(Bank et al. 1985, doi:10.1109/T-ED.1985.22232) solves it in two stages with one matrix,

    theta = 1 - 1/sqrt(2),  weights b = (1 - theta)/2, (1 - theta)/2, theta,   stage times 0, 2 theta, 1

and the new density is the flux form of the weighted stages w = sum b_k U_k. Where that is negative, the
positivity limiter of transport.limiter blends it with backward Euler of the low-order flux. The amounts
that go to the ledger are the ones applied here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.graph import Graph
from ..discretise.species import NodalSpecies
from ..linalg.linear import LinearSystem
from ..transport import fluxes, limiter
from .options import SchemeOptions

Floats = NDArray[np.float64]

THETA = 1.0 - 1.0 / math.sqrt(2.0)
NEGATIVE_MASS = 1e-12  # of the species' amount: what a low-order solution may lack through solver error


class Workspace:
    """Arrays that all species share within a step."""

    def __init__(self, graph: Graph) -> None:
        n, nnz = graph.n_local, len(graph.indices)
        self.u, self.lower = np.zeros(nnz), np.zeros(nnz)
        self.production, self.sinks, self.scratch, self.scratch2, self.scratch3 = (np.zeros(n) for _ in range(5))
        self.w, self.low, self.v, self.ratios = (np.zeros(n) for _ in range(4))
        self.new, self.seen, self.loss = np.zeros(graph.n_owned), np.zeros(graph.n_owned), np.zeros(graph.n_owned)
        self.stage = np.zeros(graph.n_owned)


class Transport:
    """Advances one moving species; keeps its matrices and solvers for the whole run."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        self.species, self.work, self.options = species, work, options
        self.graph = species.graph
        symmetric = not species.law.taxis
        self.high = LinearSystem(self.graph, f"{species.name}_", options.linear, symmetric)
        self.low: LinearSystem | None = None
        self.symmetric = symmetric
        self._filled: dict[bool, float] = {}
        self._number_at: dict[bool, float] = {}
        self.limited = self.skipped = 0  # steps with and without the limiter
        self.clipped = 0.0  # amount set to zero because of solver error
        self.kept = 1.0  # share of the antidiffusive flux that the limiter let pass in the last step

    def advance(self, time: float, dt: float, density: Floats, booking: dict[str, float]) -> bool:
        """Replace ``species.state`` (density at ``time``) by the density at ``time + dt``, and book the local amounts.

        ``density`` is the species at mid-step, for rates that depend on it. Returns False, with the state
        untouched, if a linear solve failed or a value is not finite, on all ranks alike. Collective.
        """
        s, g, wk = self.species, self.graph, self.work
        n = g.n_owned
        s.coefficients(wk.u, wk.lower, wk.scratch, wk.scratch2, wk.scratch3, self.options.flux)
        s.sources(density, wk.production, wk.sinks, wk.scratch)
        wk.loss[:] = wk.sinks[:n]
        s.boundary_values(time + 0.5 * dt, fixed=False)
        for c in s.conditions:
            if c.law.kind == "influx":
                wk.production[c.nodes] += c.share * c.value
            elif c.law.kind == "exchange":
                wk.production[c.nodes] += c.share * c.rate * c.value
                wk.sinks[c.nodes] += c.share * c.rate
            elif c.law.kind == "outflow":
                wk.sinks[c.nodes] += c.share * c.rate
        solved = self._stages(time, dt)
        g.halo.update(wk.w)
        arrays = (g.indptr, g.indices, g.mass, wk.u, wk.lower)
        smallest = fluxes.conservative_update(*arrays, wk.production, wk.sinks, s.state, wk.w, dt, wk.new)
        wk.seen[:] = wk.w[:n]
        if s.fixed.any():
            smallest = wk.new[~s.fixed].min(initial=np.inf) if math.isfinite(smallest) else smallest
        smallest = g.comm.allreduce(-math.inf if math.isnan(smallest) else smallest, MPI.MIN)
        usable = solved and smallest > -math.inf
        self.kept = 1.0
        if self.options.limiter == "none":
            if not usable:
                return False
            self.skipped += 1
        elif not usable or smallest < 0.0:
            if not self._correct(dt, usable):
                return False
            self.limited += 1
        else:
            self.skipped += 1
        self._book(time, dt, booking)
        s.state[:n] = wk.new
        g.halo.update(s.state)
        return True

    def _stages(self, time: float, dt: float) -> bool:
        """Fill ``work.w`` (owned) with the weighted stages of the high-order flux."""
        s, g, wk, scheme = self.species, self.graph, self.work, self.options.scheme
        n, system = g.n_owned, self.high
        m, old, production = g.mass[:n], s.state[:n], wk.production[:n]
        w = wk.w[:n]
        share = {"tr_bdf2": THETA, "crank_nicolson": 0.5, "backward_euler": 1.0}[scheme]
        tau = share * dt
        self._fill(system, tau, low_order=False)
        x, b = system.x, system.b
        if scheme == "backward_euler":
            b[:] = m * (old + dt * production)
        else:
            fluxes.flux_sum(g.indptr, g.indices, wk.u, wk.lower, s.state, b)
            b += m * (2.0 * production - wk.sinks[:n] * old)
            b *= tau
            b += m * old
        np.multiply(s.rate[:n], dt * min(1.0, 2.0 * share), out=x)
        x += old
        np.maximum(x, 0.0, out=x)
        self._fix(system, time + dt * min(1.0, 2.0 * share))
        solved = system.solve()
        if scheme == "backward_euler":
            w[:] = x
            return solved
        if scheme == "crank_nicolson":
            np.add(old, x, out=w)
            w *= 0.5
            return solved
        outer = 0.5 * (1.0 - THETA)
        wk.stage[:] = x
        b[:] = m * (old + (outer / THETA) * (x - old) + tau * production)
        x -= old
        x *= 1.0 / (2.0 * THETA)
        x += old
        self._fix(system, time + dt)
        solved = system.solve() and solved
        w[:] = outer * (old + wk.stage) + THETA * x
        return solved

    def _correct(self, dt: float, usable: bool) -> bool:
        """Low-order solution, limiter, corrected density in ``work.new`` and what the sinks saw in ``work.seen``."""
        s, g, wk = self.species, self.graph, self.work
        n = g.n_owned
        if self.low is None:
            self.low = LinearSystem(g, f"{s.name}_low_", self.options.linear, self.symmetric)
        system = self.low
        edges = (g.indptr, g.indices, g.mass, wk.u, wk.lower)
        self._fill(system, dt, low_order=True)
        np.multiply(g.mass[:n], s.state[:n] + dt * wk.production[:n], out=system.b)
        np.maximum(wk.new if usable else s.state[:n], 0.0, out=system.x)
        self._fix(system, None)
        amount = 0.0
        rtol = self.options.linear.rtol
        for attempt in range(4):
            if not system.solve(rtol):
                return False
            np.maximum(system.x, 0.0, out=wk.low[:n])
            if not usable:
                wk.w[:n] = wk.low[:n]
            g.halo.update(wk.low, wk.w)
            sources = (wk.production, wk.sinks)
            negative = limiter.low_order_and_ratios(*edges, *sources, s.fixed, s.state, wk.w, wk.low, dt, wk.v, wk.ratios)
            local = np.array([negative, (g.mass[:n] * wk.v[:n]).sum()])
            negative, amount = g.comm.allreduce(local)
            if not math.isfinite(negative) or negative <= NEGATIVE_MASS * amount or attempt == 3:
                break
            rtol *= max(1e-3, 0.1 * NEGATIVE_MASS * amount / negative)
        if not math.isfinite(negative):
            return False
        g.halo.update(wk.ratios)
        used, total = limiter.corrected(*edges, wk.sinks, wk.w, wk.low, wk.v, wk.ratios, dt, wk.new, wk.seen)
        added = limiter.clip(g.mass, s.fixed, wk.new)
        local = np.array([used, total, added, (g.mass[:n] * wk.new).sum()])
        used, total, added, amount = g.comm.allreduce(local)
        self.kept = 1.0 if total == 0.0 else used / total
        if added > 0.0 and amount > 0.0:
            wk.new *= 1.0 - added / amount
            self.clipped += added
        return bool(math.isfinite(amount))

    def _fill(self, system: LinearSystem, tau: float, low_order: bool) -> None:
        s, g, wk = self.species, self.graph, self.work
        if s.static and abs(self._filled.get(low_order, 0.0) - tau) <= 1e-12 * tau:  # steps between outputs differ by rounding
            return
        args = (g.indptr, g.indices, g.diagonal, g.n_own_columns, g.mass, wk.u, wk.lower, wk.sinks, s.fixed)
        number = fluxes.matrix_values(*args, tau, low_order, system.own, system.ghost)
        system.changed()
        before = self._filled.get(low_order)
        if before is None or not 0.5 < tau / self._number_at[low_order] < 2.0:
            system.choose(g.comm.allreduce(number, MPI.MAX))
            self._number_at[low_order] = tau
        self._filled[low_order] = tau

    def _fix(self, system: LinearSystem, time: float | None) -> None:
        """Fixed rows: the value at a time, or (None) the value of the last evaluation, in both guess and right side."""
        g = self.graph
        if time is not None:
            self.species.boundary_values(time, fixed=True)
        for c in self.species.conditions:
            if c.law.kind == "fixed":
                system.x[c.nodes] = c.value
                system.b[c.nodes] = g.mass[c.nodes] * c.value

    def _book(self, time: float, dt: float, booking: dict[str, float]) -> None:
        """Local amounts of this step: born, dead, and in and out through each boundary; sets the fixed values."""
        g, wk = self.graph, self.work
        n = g.n_owned
        m = g.mass
        born = float((m[:n] * wk.production[:n]).sum()) * dt
        booking["dead"] = booking.get("dead", 0.0) + dt * float((m[:n] * wk.loss * wk.seen).sum())
        for c in self.species.conditions:
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
                change = float((m[c.nodes] * (c.value - wk.new[c.nodes])).sum())
                wk.new[c.nodes] = c.value
                inflow, outflow = max(change, 0.0), max(-change, 0.0)
            booking[f"inflow:{c.boundary}"] = booking.get(f"inflow:{c.boundary}", 0.0) + inflow
            booking[f"outflow:{c.boundary}"] = booking.get(f"outflow:{c.boundary}", 0.0) + outflow
        booking["born"] = booking.get("born", 0.0) + born


def iterations(transports: list[Transport]) -> int:
    """Krylov iterations of all solves so far."""
    systems: list[Any] = [t.high for t in transports] + [t.low for t in transports if t.low is not None]
    return sum(system.iterations for system in systems)
