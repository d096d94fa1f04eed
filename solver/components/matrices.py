"""What one moving species is advanced with: its fluxes on the edges, its matrices and their solvers, kept for the whole run."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.own_law import limits_itself
from ..discretise.species import NodalSpecies
from ..kernels import edges, plain
from ..linalg.linear import LinearSystem
from .boundaries import fix_rows
from .options import SchemeOptions
from .own_stages import OwnStages
from .restored import Restored
from .workspace import Workspace

Floats = NDArray[np.float64]


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
        self._law: edges.EdgeLaw | None = None  # of the step, where it is plain: fluxes are made when they are needed
        self._made = 0  # how often fluxes were made
        self._of_diagonal = (-1, 0.0, False)  # fluxes, tau and order of the last matrix, of which ``_left`` is; and its diffusion number
        self._left, self._number = np.zeros((2, self.graph.n_owned if self.own is not None else 0)), 0.0
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
        self._made += 1
        if self._plain and len(law.factors) == 0:
            self._note_peclet(time, *edges.central_weights(law, wk.edges.u, wk.edges.lower))
            return
        edges.weights(law, wk.edges.u, wk.edges.lower)
        s.drift_along_fibres(wk.edges.lower)
        if s.law.drifts:
            self._note_peclet(time, *edges.peclet(wk.edges))
        s.cross(law, wk.edges.u, wk.edges.lower)
        self._flux(wk.edges.u, wk.edges.lower)

    def _takes_two(self, law: edges.EdgeLaw) -> bool:
        """Whether two passes make the step (kernels.plain); the same in all steps. Collective at the first call."""
        return (
            self._plain
            and self.own is None
            and len(law.motility) == 1
            and len(law.factors) == 0
            and not self.species.fixed_conditions
            and self.options.scheme != "backward_euler"
            and self.high.rounded is not None
        )

    def _begin(self, law: edges.EdgeLaw, production: Floats, tau: float, time: float) -> tuple[float, float] | None:
        """Matrix, right side and residual of the first stage, whose guess has its ghosts; None if the matrix is not finite.

        Returns what ``LinearSystem.solve`` takes as ``first``. Collective.
        """
        s, g, wk, system = self.species, self.graph, self.work, self.high
        there = s.static and self._filled.get(False) == (tau, 0)
        target = system.target
        if there:
            target = target._replace(own=edges.NONE, ghost=edges.NONE, c=edges.NO_SINGLES, e=edges.NO_SINGLES)
        rows = (g.mass, production, wk.sinks, s.state, system.guess, tau, g.diagonal, g.n_own_columns)
        kernel = plain.open_drifting if len(law.psi) > 1 else plain.open_diffusing
        worst, node, number, fits, *sums = kernel(law, *rows, target, system.b, system.residual)
        self._note_peclet(time, worst, node)
        if not there:
            system.changed(fits)
            if not self._choose(system, number, False, (tau, 0)):
                return None
        return sums[0], sums[1]

    def _finish(self, law: edges.EdgeLaw, last: Floats, dt: float) -> float:
        """The new density of high order; its smallest value, NaN if any is not finite."""
        s, wk = self.species, self.work
        kernel = plain.close_drifting if len(law.psi) > 1 else plain.close_diffusing
        return kernel(law, self.graph.mass, wk.production, wk.sinks, s.state, wk.w, last, dt, wk.new, wk.seen)

    def _note_peclet(self, time: float, value: float, node: int) -> None:
        """Keep the largest mesh Peclet number so far on this rank, with its time and place."""
        if value > self.peclet[0]:
            self.peclet = (value, time, *map(float, self.graph.points[node]))

    def _fill(self, system: LinearSystem, tau: float, low_order: bool) -> bool:
        """Write the matrix, and choose how to solve with it; False if it is not finite: some preconditioners never return then."""
        s, g, wk = self.species, self.graph, self.work
        pull = self._pulling
        what = (tau, 0 if pull is None else pull.number)
        if s.static and self.own is None and self._filled.get(low_order) == what:
            return True
        sinks = wk.sinks
        if pull is not None:
            sinks = wk.scratch2
            np.add(wk.sinks[: len(pull.rate)], pull.rate, out=sinks[: len(pull.rate)])
        args, of = (g.diagonal, g.n_own_columns, sinks, s.fixed), (self._made, tau, low_order)
        if self.own is not None and self._of_diagonal == of:  # only sinks are new
            finite, fits = edges.refill(wk.edges, *args, tau, system.target, self._left)
            number = self._number if finite else math.nan
        else:
            number, fits = edges.fill(wk.edges, *args, 1.0, tau, low_order, system.target, self._left)
            self._of_diagonal, self._number = of, number
        system.changed(fits)
        return self._choose(system, number, low_order, what)

    def _choose(self, system: LinearSystem, number: float, low_order: bool, what: tuple[float, int]) -> bool:
        """Choose how to solve with a new matrix by the diffusion number of this rank; False if that is not finite. Collective."""
        number = self.graph.comm.allreduce(math.inf if math.isnan(number) else number, MPI.MAX)
        if number == math.inf:
            return False
        # decided anew from the matrix alone: a choice that remembers would not be the same after a restart
        system.choose(number)
        self._filled[low_order] = what
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
