"""Flux correction of one species between bounds: its stated maximum (close packing), or the extremes of the neighbours."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.own_law import limits_itself
from ..discretise.species import NodalSpecies
from ..kernels import bounds, packing
from .boundaries import boundary_sources
from .workspace import Workspace

Floats = NDArray[np.float64]

SWEEPS = 20  # forward and back over the nodes of a rank; 2 to 5 do unless fluxes run in circles, as they may across obtuse cells
ROUNDING = 1e-14  # excess over the maximum, relative to it
NOTABLE = 1e-9  # excess that is told


class Packing:
    """Keeps one species at or below ``maximum``, as far as its own law does not make more.

    surplus: largest excess of a density over the maximum so far on this rank: value, time, x, y, z.
    """

    def __init__(self, species: NodalSpecies, work: Workspace, local: bool) -> None:
        self.species, self.work, self.local = species, work, local
        self.maximum = math.inf if species.law.maximum is None else species.law.maximum
        n = species.graph.n_local if self.maximum < math.inf else 0
        self._made, self._lost, self._kept = np.zeros(n), np.zeros(n), np.zeros(n)
        self._holds = bool(species.fixed_conditions) and limits_itself(species.law)
        self._free = ~species.fixed[: species.graph.n_owned]
        self.surplus: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
        self.circles = 0  # steps in which the sweeps did not end

    def exceeded(self) -> bool:
        """Whether ``work.new`` needs the limiter for more than its sign. Collective where a maximum is stated."""
        if self.local:
            return True
        largest = float(self.work.new.max(initial=0.0, where=self._free))
        return bool(self.species.graph.comm.allreduce(largest, MPI.MAX) > self.maximum)

    def cap_production(self, dt: float) -> None:
        """Cut production where it would overfill a node within the step although the law makes nothing at the maximum."""
        s, wk, n = self.species, self.work, self.species.graph.n_owned
        if self.maximum == math.inf or not packing.lifts(wk.production, wk.sinks, s.state[:n], self.maximum, dt):
            return
        density = s.fields[s.name]
        self._kept[:] = density
        density[:] = self.maximum
        s.sources(density, self._made, self._lost, wk.scratch)
        density[:] = self._kept
        boundary_sources(s, self._made, self._lost)
        packing.cap(wk.production, wk.sinks, s.state[:n], self._made, self._lost, self.maximum, dt)

    def correct(self, dt: float, acted: Floats) -> tuple[float, float, float, float]:
        """Corrected density in ``work.new`` and what the sinks saw in ``work.seen``, from c^L, v and w of the workspace; ``acted`` is
        the density on which the sinks act in high order.

        Returns the local sums of kernels.limiter.corrected. Collective.
        """
        s, wk, g = self.species, self.work, self.species.graph
        if self.maximum < math.inf:
            self._pack(dt)
        else:
            packing.start(wk.low, self.maximum, wk.acting, wk.shares.inward, wk.shares.outward)
        g.halo.update(wk.v)
        # the bounds of neighbours: a fixed node has its value, not the balance that keeps it there
        around = np.where(s.fixed, s.held, wk.v) if self._holds else wk.v
        limits = (wk.acting, around, self.maximum, self.local, dt, wk.shares)
        bounds.ratios(wk.edges, wk.sinks, s.fixed, s.state, wk.w, acted, wk.low, *limits)
        g.halo.update(wk.shares.down, wk.shares.up)
        args = (wk.acting, wk.v, self.maximum, dt, wk.shares, wk.new, wk.seen)
        return bounds.corrected(wk.edges, wk.sinks, s.fixed, wk.w, acted, wk.low, *args)

    def _pack(self, dt: float) -> None:
        """The low-order solution v with what does not fit held back. Collective."""
        s, wk, g = self.species, self.work, self.species.graph
        inward, outward = wk.shares.inward, wk.shares.outward
        packing.start(wk.low, self.maximum, wk.acting, inward, outward)
        args = (wk.edges, wk.production, wk.sinks, s.fixed, s.state, wk.low, self.maximum, dt, wk.acting, inward)
        for _ in range(SWEEPS):
            excess = g.comm.allreduce(packing.sweep(*args), MPI.MAX)
            g.halo.update(inward)
            if excess <= ROUNDING:
                break
        else:
            self.circles += 1
            packing.both_ends(*args, outward)
            g.halo.update(inward, outward)
        packing.balance(wk.edges, wk.production, wk.sinks, s.state, wk.low, wk.acting, dt, inward, outward, wk.v)

    def note(self, time: float) -> None:
        """Remember the largest excess over the maximum, of the state of an accepted step that ends at a time."""
        state = self.species.state[: self.species.graph.n_owned]
        over = float(state.max(initial=0.0, where=self._free)) - self.maximum
        if over > max(self.surplus[0], NOTABLE * self.maximum):
            node = int(np.argmax(np.where(self._free, state, 0.0)))
            self.surplus = (over, time, *map(float, self.species.graph.points[node]))
