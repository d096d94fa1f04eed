r"""Newton's method for the balance of a quasi-steady species whose rates depend on its own density: 0 = A c + m R(c).

From the last state: full steps, clipped at 0, shortened until the norm of the residual falls. Nodes at 0 that would go below
(obtuse cells) stay there. Where that ends nowhere, full steps from 0: for uptake that rises with c and flattens each iterate then
lies below the balance and above the one before. What grows with c is taken from the last iterate.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.own_law import OwnLaw, loss_rate, uptake
from ..discretise.species import NodalSpecies
from ..errors import SolverError
from ..kernels import edges, own_law
from ..linalg.linear import LinearSystem
from ..scenario.derivative import derivative
from ..scenario.tree import to_text
from .boundaries import boundary_sources
from .kept import Kept
from .workspace import Workspace

Floats = NDArray[np.float64]

ENOUGH = 1e-12  # norm of the residual, relative to that of its largest parts
LOOSEST = 0.1  # tolerance of a linear solve
HOLDING = 1e3  # sinks that hold a node, in largest rates at which diffusion empties one
STILL = 1e-11  # change of a full step, relative to the largest density
SHORTEST = 1e-8  # share of a step below which it is taken as it is
ITERATIONS = 100
FROM_ZERO = 1000
SCANNED = np.append(0.0, np.logspace(-8, 0, 25))  # densities, relative to the largest, at which uptake is looked at before the first step
FALLS = -1e-6  # dU/dc, relative to U/c, below which uptake U falls


class Newton:
    """Finds the balance of one species; ``flux`` fills the edges of the workspace, of the fields as they are."""

    def __init__(self, species: NodalSpecies, work: Workspace, system: LinearSystem, kept: Kept, flux: Callable[[], None]) -> None:
        self.species, self.work, self.system, self._kept, self._fill_edges = species, work, system, kept, flux
        g = species.graph
        self._shown = species.fields[species.name]
        self._own = OwnLaw(species.law, species.evaluator, self._shown)
        self._uptake = [species.evaluator.compile(e) for e in (uptake(species.law), derivative(uptake(species.law), species.name))]
        self._scanned = False
        self._enough = 0.0  # norm of the residual at which the densities looked at last would be in balance
        self._now, self._trial, self._stuck = (np.zeros(g.n_local) for _ in range(3))
        self._held = species.fixed.copy()
        self._gain, self._sinks, self._tangent = np.zeros(g.n_local), np.zeros(g.n_local), np.zeros(g.n_owned)

    def solve(self, time: float, density: Floats) -> str:
        """Replace the density (n_local) by the balance at a time; "" or why there is none, on all ranks alike. Collective.

        The workspace then holds the edges, and P and s of the species' own law and of the boundaries at the balance.
        Raises SolverError, on all ranks, where uptake falls with the density.
        """
        self._now[:] = density
        self._hold()
        self._edges(self._now)
        self._boundaries(time)
        failure = ""
        if not self._iterate(time, ITERATIONS, damped=True):
            self._now[:] = 0.0
            self._hold()
            if not self._iterate(time, FROM_ZERO, damped=False):
                failure = f"balance does not settle, {self.species.name}"
        self._check_uptake()
        density[:] = self._now
        return failure

    def _hold(self) -> None:
        for c in self.species.fixed_conditions:
            self._now[c.nodes] = c.value
        self.species.graph.halo.update(self._now)

    def _edges(self, density: Floats) -> None:
        self._shown[:] = density
        self._fill_edges()

    def _boundaries(self, time: float) -> None:
        self.species.wall_values(time, time)
        self._gain[:] = 0.0
        self._sinks[:] = 0.0
        boundary_sources(self.species, self._gain, self._sinks)

    def _residual(self, density: Floats) -> tuple[float, float]:
        """Norm of the residual, left in ``system.b``, and of its largest parts. Collective."""
        s, g, n = self.species, self.species.graph, self.species.graph.n_owned
        if s.flux_depends_on_itself:
            self._edges(density)
        self._own.evaluate(density[:n])
        size, sources = own_law.balance(self.work.edges, density, self._own.rate, self._gain, self._sinks, self.system.b)
        total, stuck = own_law.free_residual(s.fixed, density, self.system.b, self._stuck)
        sums = g.comm.allreduce(np.array([total, size, sources, stuck]))
        if sums[3] > 0.0:
            g.halo.update(self._stuck)
            np.greater(self._stuck, 0.0, out=self._held)
            self._held |= s.fixed
        else:
            self._held[:] = s.fixed
        norm, size, sources = np.sqrt(sums[:3])
        self._enough = max(ENOUGH * size, self.system.options.rtol * sources)
        return (float(norm) if math.isfinite(norm) else math.inf), float(size)

    def _iterate(self, time: float, most: int, damped: bool) -> bool:
        """Newton steps until the residual is rounding; False where it does not become that. Collective."""
        g, n, wk = self.species.graph, self.species.graph.n_owned, self.work
        density = self._now
        norm, size = self._residual(density)
        for _ in range(most):
            if norm <= self._enough:
                return True
            if norm == math.inf:
                return False
            own_law.tangent(self._shown[:n], self._own.rate, self._own.slope, self._tangent, wk.sinks)
            wk.sinks[:n] += self._sinks[:n]
            args = (g.diagonal, g.n_own_columns, wk.sinks, self._held)
            number, _ = edges.fill(wk.edges, *args, 0.0, 1.0, False, self.system.blocks, edges.NOT_KEPT)
            if g.comm.allreduce(math.isnan(number), MPI.LOR):
                return False
            self.system.changed()
            held = self._held[:n]
            np.copyto(wk.sinks[:n], HOLDING * number, where=held)  # of no account, but to a multigrid that is made of them and kept
            self.system.x[:] = 0.0
            wanted = max(self.system.options.rtol, min(LOOSEST, 0.5 * self._enough / norm))
            if not self._kept.solve(lambda wanted=wanted: self.system.solve(wanted)):  # type: ignore[misc]
                return False
            np.copyto(self.system.x, 0.0, where=held)  # a node that stays at 0 must not be lifted by what a solve leaves
            share = 1.0
            while True:
                own_law.moved(density, self.system.x, share, self._trial)
                g.halo.update(self._trial)
                found, size = self._residual(self._trial)
                if not damped or found < (1.0 - 1e-4 * share) * norm or share < SHORTEST:
                    break
                share *= 0.5
            extremes = np.array([np.abs(self._trial[:n] - density[:n]).max(initial=0.0), self._trial[:n].max(initial=0.0)])
            g.comm.Allreduce(MPI.IN_PLACE, extremes, MPI.MAX)
            density[:] = self._trial
            norm = found
            if share < SHORTEST and norm > 1e3 * ENOUGH * size:
                return False
            if share == 1.0 and extremes[0] <= STILL * extremes[1]:
                return True
            if any(not w.static for w in self.species.walls):
                self._boundaries(time)
                norm, size = self._residual(density)
        return False

    def _check_uptake(self) -> None:
        """Raise SolverError, on all ranks, where uptake falls with the density, at the balance or (once) below it. Collective."""
        g, n = self.species.graph, self.species.graph.n_owned
        if not self.species.law.loss:
            return
        density, self._shown[:] = self._now, self._now
        worst = self._steepest()
        if not self._scanned:
            largest = g.comm.allreduce(float(density[:n].max(initial=0.0)), MPI.MAX)
            for share in SCANNED[1:]:
                self._shown[:n] = share * largest
                worst = min(worst, self._steepest())
            self._shown[:] = density
            self._scanned = True
        steepest, at, *point = min(g.comm.allgather(worst))
        if steepest < FALLS:
            law = self.species.law
            raise SolverError(
                f"uptake of {law.name} falls where it has more of it, at {law.name} = {at:.3g}, so that its balance is not unique: "
                f"its loss rate is {to_text(loss_rate(law))}",
                code="no-unique-balance",
                place=f"species {law.name}, at x = ({', '.join(f'{x:.4g}' for x in point)})",
                remedy=f"give it a loss rate L for which L*{law.name} does not fall, such as V/(K + {law.name}), or quasi_steady: false",
            )

    def _steepest(self) -> tuple[float, ...]:
        """The least (dU/dc)/(U/c) over this rank's nodes, of the density as it is shown, with density and place."""
        g, n, wk = self.species.graph, self.species.graph.n_owned, self.work
        for write, out in zip(self._uptake, (wk.scratch, wk.scratch2), strict=True):
            write(out)
        amount, slope, c = wk.scratch[:n], wk.scratch2[:n], self._shown[:n]
        ratio = np.divide(slope * c, amount, out=np.zeros(n), where=amount > 0.0)
        ratio[~np.isfinite(ratio)] = 0.0
        if not n:
            return (0.0, 0.0)
        k = int(np.argmin(ratio))
        return (float(ratio[k]), float(c[k]), *map(float, g.points[k]))
