"""What one moving species is advanced with: its fluxes on the edges, its matrices and their solvers, kept for the whole run."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI

from ..discretise.own_law import limits_itself
from ..discretise.species import NodalSpecies
from ..kernels import edges
from ..linalg.linear import LinearSystem
from .boundaries import fix_rows
from .options import SchemeOptions
from .own_stages import OwnStages
from .restored import Restored
from .workspace import Workspace


class Matrices:
    """high: of the stages; low: of the low order, where that has been needed. own: where the species limits itself."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        self.species, self.work, self.options = species, work, options
        self.graph = species.graph
        self._kind = (not species.law.drifts, not species.law.taxis)
        self.high = work.system(f"{species.name}_", options.linear, *self._kind)
        self.low: LinearSystem | None = None
        self.own = OwnStages(species, work) if limits_itself(species.law) else None
        self._flux = {"scharfetter_gummel": edges.scharfetter_gummel, "central": edges.central}[options.flux]
        # no membranes nor fibres, and one motility by its arithmetic mean
        self._plain = options.flux == "central" and not species.crossings and not len(species.turning) and species.plain_mean
        self._filled: dict[bool, tuple[float, int]] = {}  # size of the stage and number of what reactions take back
        self.restored: Restored | None = None  # how reactions take back what the stages bring, where they are fast
        self.peclet: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)  # largest so far on this rank: value, time, x, y, z
        self.failure = ""  # why the last step failed

    def _failed(self, why: str) -> bool:
        self.failure = f"{why}, {self.species.name}"
        return False

    @property
    def _pulling(self) -> Restored | None:
        return self.restored if self.restored is not None and self.restored.acts else None

    def _edges(self, law: edges.EdgeLaw, time: float) -> None:
        """Fill the edges of the workspace with u and l; in one pass where nothing comes in between."""
        s, wk = self.species, self.work
        if self._plain and len(law.factors) == 0:
            self._note_peclet(time, *edges.central_weights(law, wk.edges.u, wk.edges.lower))
            return
        edges.weights(law, wk.edges.u, wk.edges.lower)
        s.drift_along_fibres(wk.edges.lower)
        if s.law.drifts:
            self._note_peclet(time, *edges.peclet(wk.edges))
        s.cross(law, wk.edges.u, wk.edges.lower)
        self._flux(wk.edges.u, wk.edges.lower)

    def _note_peclet(self, time: float, value: float, node: int) -> None:
        """Keep the largest mesh Peclet number so far on this rank, with its time and place."""
        if value > self.peclet[0]:
            self.peclet = (value, time, *map(float, self.graph.points[node]))

    def _fill(self, system: LinearSystem, tau: float, low_order: bool) -> bool:
        """Write the matrix, and choose how to solve with it; False if it is not finite: some preconditioners never return then."""
        s, g, wk = self.species, self.graph, self.work
        pull = self._pulling
        number = 0 if pull is None else pull.number
        if s.static and self.own is None and self._filled.get(low_order) == (tau, number):
            return True
        sinks = wk.sinks
        if pull is not None:
            sinks = wk.scratch2
            np.add(wk.sinks[: len(pull.rate)], pull.rate, out=sinks[: len(pull.rate)])
        args = (g.diagonal, g.n_own_columns, sinks, s.fixed)
        diffusion = edges.fill(wk.edges, *args, 1.0, tau, low_order, system.own, system.ghost)
        system.changed()
        diffusion = g.comm.allreduce(math.inf if math.isnan(diffusion) else diffusion, MPI.MAX)
        if diffusion == math.inf:
            return False
        # decided anew from the matrix alone: a choice that remembers would not be the same after a restart
        system.choose(diffusion)
        self._filled[low_order] = (tau, number)
        return True

    def _fix(self, system: LinearSystem, time: float, tau: float) -> None:
        """The values of fixed nodes at a time, in the guess and on the right side."""
        self.species.boundary_values(time, time, fixed=True)
        fix_rows(self.species, system, self.work.edges, tau, low_order=False)

    def iterations(self) -> int:
        """Krylov iterations of all solves so far."""
        return sum(system.iterations for system in (self.high, self.low) if system is not None)

    def free(self) -> None:
        """Free the solvers. Collective."""
        for system in (self.high, self.low):
            if system is not None:
                system.destroy()
