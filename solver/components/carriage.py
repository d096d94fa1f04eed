"""What a step made of a carrier, as what it carries needs it: fluxes, what was born, came in and went; the solvers that all share."""

from __future__ import annotations

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import carried, edges
from ..linalg.linear import LinearSystem
from .boundaries import boundary_sources
from .protocol import Component
from .trace import Trace
from .transport import Transport

Floats = NDArray[np.float64]


class Carriage(Component):
    """One carrier that moves. Arrays of owned nodes; amounts are per volume and time, of its last step.

    born: made within. entering: came in through boundaries and walls. gone: left or died; sinks: the same per density of the stages.
    drain (n_local): s of boundaries and walls. net (nnz): its applied fluxes, where its step was corrected. scale: see kernels.carried.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport, self.species, self.graph, self.work = transport, transport.species, transport.graph, transport.work
        g = self.graph
        self.name = f"carriage of {self.species.name}"
        self.trace = transport.trace = Trace(g)
        self.born, self.entering, self.gone, self.scale = (np.zeros(g.n_owned) for _ in range(4))
        self._in, self.drain, self._sinks = (np.zeros(g.n_local) for _ in range(3))
        self.net, self.flux = np.zeros(len(g.indices)), np.zeros(len(g.indices))
        self._stage: LinearSystem | None = None
        self._low: LinearSystem | None = None
        self._taken = self._filled = -1
        self._low_of = (-1, "")

    def take(self, dt: float) -> None:
        """Read off the carrier's last step, once for all that it carries."""
        t, wk, n = self.transport, self.work, self.graph.n_owned
        if self._taken == self.trace.steps:
            return
        self._taken = self.trace.steps
        self._in[:] = 0.0
        self.drain[:] = 0.0
        boundary_sources(self.species, self._in, self.drain)
        made = wk.production[:n]
        np.minimum(self._in[:n], made, out=self.entering)
        np.subtract(made, self.entering, out=self.born)
        if t.own is None:
            np.multiply(wk.sinks[:n], wk.seen, out=self.gone)
        else:
            np.subtract(made, t.own.gain[:n], out=self.gone)
            self.gone -= t.own.net
            np.maximum(self.gone, 0.0, out=self.gone)
            self.gone += self.drain[:n] * wk.seen
        np.maximum(self.gone, 0.0, out=self.gone)
        if self.trace.corrected:
            carried.applied(wk.edges, wk.w, wk.low, wk.shares, t.packing is not None, self.net)

    @property
    def sinks(self) -> Floats:
        """s of the stages (n_local; only those of owned nodes count)."""
        return self.work.sinks if self.transport.own is None else self._sinks

    def stage_system(self, tau: float) -> LinearSystem:
        """The matrix and solver of the carrier's stages, filled. Collective."""
        t, g, wk = self.transport, self.graph, self.work
        if t.own is None:
            return t.high
        if self._stage is None:
            self._stage = wk.system(f"{self.species.name}_carried_", t.options.linear, False, False)
        system = self._stage
        if self._filled != self.trace.steps:
            self._filled = self.trace.steps
            n = g.n_owned
            self._sinks[:n] = 0.0
            np.divide(self.gone, wk.w[:n], out=self._sinks[:n], where=wk.w[:n] > carried.FLOOR)
            args = (g.diagonal, g.n_own_columns, self._sinks, self.species.fixed, 1.0, tau, False)
            number, fits = edges.fill(wk.edges, *args, system.target, edges.NOT_KEPT)
            system.changed(fits)
            system.choose(float(g.comm.allreduce(number, MPI.MAX)))
        return system

    def low_system(self, dt: float, made: Floats, newborn: str) -> LinearSystem:
        """The matrix and solver of the low-order ratio, filled; ``made``: what is born and comes in, but for those alike. Collective."""
        t, g, wk = self.transport, self.graph, self.work
        if self._low is None:
            self._low = wk.system(f"{self.species.name}_ratio_", t.options.linear, False, False)
        system = self._low
        if self._low_of != (self.trace.steps, newborn):
            self._low_of = (self.trace.steps, newborn)
            args = (wk.edges, self.trace.corrected, self.net, wk.w, self.trace.reached, self.trace.begun, made, self.species.fixed, dt)
            carried.fill(*args, g.diagonal, g.n_own_columns, system.own, system.ghost, self.scale)
            system.changed()
            system.choose(100.0)
        return system

    @property
    def outcome(self) -> str:
        """How the last solve of a low-order ratio ended."""
        return "" if self._low is None else self._low.outcome

    def free(self) -> None:
        """Free the solvers. Collective."""
        for system in (self._stage, self._low):
            if system is not None:
                system.destroy()
