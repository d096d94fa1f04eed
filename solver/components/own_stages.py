r"""A moving species that limits itself: its own law R(c) within the stages of a step, linearised about the last iterate.

Each stage solves m U = b + tau [ A U + m (R(U) + P_b - s_b U) ], P_b and s_b those of boundaries and walls, with

    R(U) = P - s U,   s = max(0, -R'(U*)),   P = R(U*) + s U*

again and again until U* stands. What grows stays out of the matrix. The step as a whole has the sources of the weighted stages,
S = sum_k b_k R(U_k). The limiter's low-order solution has P and s >= 0 of its own, found likewise; what it is corrected by is
S - (P - s c^L), stated as sinks that act on a density ``acted`` with P - s acted = S.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Page
from ..discretise.own_law import OwnLaw
from ..discretise.species import NodalSpecies
from ..kernels import own_stages, stages
from ..linalg.linear import LinearSystem
from .boundaries import book, boundary_sources
from .workspace import Workspace

Floats = NDArray[np.float64]

SETTLED = 1e-5  # change of an iterate, relative to the largest density, after which its linearisation stands
SETTLED_LOW = 1e-3  # of the low-order solution, which any linearisation keeps of first order
BELOW = 1e-6  # of the largest density
MOST = 100  # linearisations


class OwnStages:
    """The own law of one moving species in the stages of its steps; all arrays of owned nodes."""

    def __init__(self, species: NodalSpecies, work: Workspace) -> None:
        self.species, self.work = species, work
        g = species.graph
        n = g.n_owned
        self.law = OwnLaw(species.law, species.evaluator, species.fields[species.name])
        self.none = np.zeros(n)
        self._size = 0.0  # the largest density of the last stage
        self.gain, self._drain = np.zeros(g.n_local), np.zeros(g.n_local)  # of boundaries and walls
        self._p, self._s, self._before = np.zeros(n), np.zeros(n), np.zeros(n)
        self.rate, self.total = np.zeros(n), np.zeros(n)  # R of the last stage as it was linearised; the weighted sum
        self.acted, self.net = np.zeros(n), np.zeros(n)

    def boundaries(self) -> tuple[Floats, Floats]:
        """Evaluate P_b and s_b of boundaries and walls."""
        self.gain[:] = 0.0
        self._drain[:] = 0.0
        boundary_sources(self.species, self.gain, self._drain)
        return self.gain, self._drain

    def begin(self, tau: float, base: Floats) -> None:
        """Evaluate R of the state; add tau m (R + P_b - s_b c) to the right side ``base``, c the state."""
        s, n = self.species, len(self.none)
        self.law.evaluate(s.state[:n])
        self.rate[:] = self.law.rate[:n]
        own_stages.add_sources(s.graph.mass, self.rate, self.gain, self._drain, s.state, tau, base)

    def weigh(self, weight: float) -> None:
        """Add R of the last stage with this weight to the sum."""
        own_stages.add_scaled(weight, self.rate, self.total)

    def solve(self, system: LinearSystem, base: Floats, tau: float, fill: Callable[[], bool], fix: Callable[[], None]) -> bool:
        """A stage from the guess in ``system.x``; R as linearised is in ``rate``. False where a linear solve fails. Collective."""
        wk, n = self.work, len(self.none)
        x = system.x
        for _ in range(MOST):
            self.law.tangent(x, self._p, self._s)
            own_stages.set_stage(self.species.graph.mass, base, self._p, self._s, self.gain, self._drain, tau, wk.sinks, system.b)
            stages.non_negative(x, self._before)
            if not fill():
                return False
            fix()
            if not system.solve():
                return False
            np.multiply(self._s, x, out=self.rate)
            np.subtract(self._p, self.rate, out=self.rate)
            if self._changed(x) <= SETTLED:
                break
        wk.loss[:n] = self._s
        return True

    def _changed(self, x: Floats) -> float:
        """The largest change from the density of the last linearisation, relative to the largest density; inf for NaN. Collective."""
        extremes = np.array(own_stages.change(x, self._before))
        self.species.graph.comm.Allreduce(MPI.IN_PLACE, extremes, MPI.MAX)
        self._size = float(extremes[1])
        return float(extremes[0] / extremes[1]) if extremes[1] > 0.0 else 0.0

    def update(self, last: Floats, dt: float) -> float:
        """The density of high order in ``work.new``, of the weighted stages ``work.w`` and the last one; its smallest value or NaN."""
        s, wk = self.species, self.work
        args = (wk.edges, self.total, self._s, self.gain, self._drain, s.fixed, s.state, wk.w, last, dt, BELOW * self._size)
        return own_stages.update(*args, wk.new, self.net)

    def gone_below(self, dt: float, last: Floats) -> bool:
        """Whether a stage lies clearly below 0 at a node, on any rank, where the law turns the density over within the step.

        High order then leads away from rest, and what the limiter made of it would end at 0. last: the last stage. Collective.
        """
        comm = self.species.graph.comm
        depth = own_stages.depth(self.work.stage, last, self.law.slope, dt)
        return bool(comm.allreduce(depth, MPI.MAX) > BELOW * self._size)

    def low_order(
        self, system: LinearSystem, dt: float, fill: Callable[[], bool], fix: Callable[[], None], cap: Callable[[], None]
    ) -> bool:
        """Iterate the low-order solution in ``system.x``; its P and s are then in the workspace, to be solved with again. Collective."""
        s, wk = self.species, self.work
        x = system.x
        for k in range(MOST):
            self.law.tangent(x, self._p, self._s)
            settled = k > 0 and self._changed(x) <= SETTLED_LOW
            if settled or k == MOST - 1:
                break
            own_stages.total_sources(self._p, self._s, self.gain, self._drain, wk.production, wk.sinks)
            cap()
            stages.implicit_side(s.graph.mass, s.state, wk.production, dt, system.b)
            stages.non_negative(x, self._before)
            if not fill():
                return False
            fix()
            if not system.solve():
                return False
        self.law.chord(x, self._p, self._s)
        own_stages.floor_sinks(self.law.rate, x, 1.0 / dt, self._p, self._s)
        own_stages.total_sources(self._p, self._s, self.gain, self._drain, wk.production, wk.sinks)
        cap()
        return True

    def act(self, usable: bool) -> Floats:
        """The density on which the sinks of the low-order solution act in high order; the low one where that is not usable."""
        wk = self.work
        if not usable:
            self.acted[:] = wk.low[: len(self.acted)]
            return self.acted
        own_stages.act(self.total, self.gain, self._drain, wk.production, wk.sinks, wk.w, self.acted)
        return self.acted

    def book(self, dt: float, page: Page, limited: bool, emptied: Floats) -> None:
        """Book what the step applied: boundaries by the density they saw (``emptied``: besides), and all else as the species' own.

        Sets fixed values.
        """
        s, wk, n = self.species, self.work, len(self.none)
        if limited:
            args = (wk.production, wk.sinks, self.gain, self._drain, wk.w, wk.low, self.acted)
            own_stages.limited_net(*args, wk.seen, self.net)
        else:
            wk.seen[:] = wk.w[:n]
        wk.seen[: len(emptied)] += emptied
        shown = s.fields[s.name]
        np.maximum(wk.w[:n], 0.0, out=shown[:n])
        s.sources(shown, wk.production, wk.sinks, wk.scratch)
        dead = own_stages.gross(s.graph.mass, self.net, wk.sinks, shown, self.gain, wk.production)
        book(s, wk, dt, page, dt * dead)

    def look(self, production: Floats, sinks: Floats) -> None:
        """P and s of the state, with all else as it is shown."""
        self.law.tangent(self.species.state[: len(self.none)], production, sinks)
