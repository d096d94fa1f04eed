r"""One time step of one moving species: implicit, second order, conservative and non-negative.

With fluxes frozen at the middle of the step the law is linear, m dc/dt = A c + m (P - s c). TR-BDF2 solves it in two stages with one
matrix (components.high_order), and the new density is the flux form of the weighted stages w = sum b_k U_k. Where that is negative, the
positivity limiter of kernels.limiter blends it with backward Euler of the low-order flux (components.correction). The amounts that go to
the ledger are the ones applied here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Page
from ..discretise.own_law import limits_itself
from ..discretise.species import NodalSpecies
from ..kernels import edges, restoring, stages
from ..model.walk import names_in
from ..state import History
from .boundaries import book, book_crossings, boundary_sources
from .correction import Corrected
from .high_order import THETA
from .options import SchemeOptions
from .trace import Trace
from .workspace import Workspace

Floats = NDArray[np.float64]

WORTH_A_LOOK = 0.1  # dt s from which on the change of the sources within the step is worth a second look at them


class Transport(Corrected):
    """Advances one moving species; keeps its matrices and solvers for the whole run."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        super().__init__(species, work, options)
        self.limited = self.skipped = 0  # steps with and without the limiter
        self.stiff = False  # whether the last step had nodes whose sources turn the density over within it
        own_sources = species.law.loss or species.law.growth or limits_itself(species.law)
        self._takes = bool(own_sources)  # whether there are sinks of the tissue
        self._open = bool(species.walls) or any(c.law.kind in ("exchange", "outflow") for c in species.conditions)
        may_be_stiff = options.scheme == "tr_bdf2" and bool(own_sources or self.gates)
        self._middle = (np.zeros(self.graph.n_owned), np.zeros(self.graph.n_owned)) if may_be_stiff else None  # P and s at mid-step
        self._made_by_time = not species.law.growth and not names_in(species.law.production) & species.evaluator.unforeseen
        self.gain: Floats | None = None  # a production that kinetics found
        self._emptied = np.zeros(self.graph.n_owned if species.walls or species.exchanges else 0)
        self.trace: Trace | None = None  # of the last step, where others are carried

    def advance(self, time: float, dt: float, density: Floats, history: History, page: Page) -> bool:
        """Replace ``species.state`` (density at ``time``) by the density at ``time + dt``, and book the local amounts.

        ``density`` is the species at mid-step, for rates that depend on it; ``history`` the sizes of the last steps, for the guesses.
        Returns False, with the state untouched, if a linear solve failed or a value is not finite, on all ranks alike. Collective.
        """
        s, g, wk = self.species, self.graph, self.work
        n = g.n_owned
        if self.trace is not None:
            self.trace.begun[:] = s.state
        law = s.flux_law(wk.scratch, wk.scratch2)
        pull, two = self._pulling, self.trace is None and self._takes_two(law)
        self._law = law if two and pull is None else None
        if self._law is None:
            self._edges(law, time)
        if self.own is None:
            s.sources(density, wk.production, wk.sinks, wk.scratch)
            if self._takes:
                wk.loss[:] = wk.sinks[:n]
            if self._middle is not None:
                self._middle[0][:], self._middle[1][:] = wk.production[:n], wk.sinks[:n]
        self._turned = bool(self.gates) and self._middle is not None
        if self._turned:
            self.gates.foresee(time, time + dt, density)
        s.boundary_values(time, time + dt, fixed=False)
        s.wall_values(time, time + dt)
        if pull is not None and pull.credited and self.gain is not None and self.source is not None:
            restoring.credit(wk.edges, pull.rate, pull.mean, self.gain, self.source)
        if self.own is None:
            boundary_sources(s, wk.production, wk.sinks)
            if self.gain is not None:
                wk.production[:n] += self.gain
            self._empty(wk.production, wk.sinks, dt)
            lost = stages.largest(wk.loss) if self._takes else 0.0
            self._settles = self._open or not dt * lost <= stages.EMPTIED
            solved = self._stages(time, dt, history)
        else:
            brought, taken = self.own.boundaries()
            if self.gain is not None:
                brought[:n] += self.gain
            self._empty(brought, taken, dt)
            self._settles = True
            solved = self._own_stages(self.own, time, dt, history)
            lost = stages.largest(wk.loss)
        if self.trace is not None:
            self.trace.started[:], self.trace.last[:] = s.state, self.high.x
        g.halo.update(wk.w)
        last = self.high.x if self.source is None else self.high.x - dt * self.source  # the last stage, without what it had besides
        if pull is not None:
            restoring.give_back(pull.rate, pull.mean, wk.w, dt, last)
        if self._law is not None:
            smallest = self._finish(self._law, last, dt)
        elif self.own is None:
            args = (wk.production, wk.sinks, s.fixed, s.state, wk.w, last, dt, wk.new, wk.seen)
            smallest = edges.conservative_update(wk.edges, *args)
        else:
            smallest = self.own.update(last, dt)
        gates = self.gates.keep() if self._turned else 0.0
        self._extremes[:] = -math.inf if math.isnan(smallest) else smallest, -dt * lost, -dt * max(lost, gates)
        g.comm.Allreduce(MPI.IN_PLACE, self._extremes, MPI.MIN)
        smallest = float(self._extremes[0])
        self.stiff = self._middle is not None and WORTH_A_LOOK < -self._extremes[2] < math.inf
        usable = solved and smallest > -math.inf
        self.kept = 1.0
        over = self.packing is not None and self.packing.exceeded()
        correct = self.options.limiter != "none" and (not usable or smallest < 0.0 or over)
        if correct:
            if self._law is not None:
                self._edges(self._law, time)
            if not self._correct(dt, usable):
                return False
            self.limited += 1
        elif not usable:
            return self._failed("non-finite values" if solved else f"linear solver ({self.high.outcome})")
        else:
            self.skipped += 1
        if self.own is None:
            if len(self._emptied):
                wk.seen[: len(self._emptied)] += self._emptied
            book(s, wk, dt, page, dt * stages.amount_lost(g.mass, wk.loss, wk.seen, n) if self._takes else 0.0)
        else:
            self.own.book(dt, page, correct, self._emptied)
        book_crossings(s, wk, wk.w, correct, self.packing is not None, dt, page)
        s.state[:n] = wk.new
        g.halo.update(s.state)
        if self.trace is not None:
            self.trace.reached[:], self.trace.corrected = s.state, correct
            self.trace.steps += 1
        if self.source is None and self.own is not None:  # else kinetics are still to come
            self.look()
        return True

    @property
    def restorable(self) -> bool:
        """Whether its stages take what reactions take back: they are its own alone, and nothing else is held to them."""
        return self.own is None and not self.gates and self.trace is None and self.packing is None

    def look(self) -> None:
        """Keep P and s of a species that limits itself at its density of now, with others as they are at mid-step, for ``follow``."""
        if self.own is not None and self._middle is not None and self.stiff:
            self.own.look(*self._middle)

    def _empty(self, production: Floats, sinks: Floats, dt: float) -> None:
        """Let walls and boundaries that take all take what is there at the beginning. Collective where there are any."""
        s = self.species
        if s.walls or s.exchanges:
            stages.empty(production, sinks, s.fixed, dt, s.state, self._emptied)
            self.graph.halo.update(s.state)

    def follow(self, time: float, dt: float, density: Floats, page: Page) -> None:
        """Correct the state by how sources change from mid-step, where they were frozen, to the end, ``time``, as fields are then.

        What freezing left out is of third order in dt where dt s is small, and half a step of lag where it is large: only there
        does it matter, and only there is it done.
        """
        s, g, wk = self.species, self.graph, self.work
        if self._middle is None:
            return
        if self.own is None:
            s.sources(density, wk.production, wk.sinks, wk.scratch)
        else:
            self.own.look(wk.production, wk.sinks)
        top = math.inf if self.packing is None else self.packing.maximum
        if self.gates:
            self.gates.add_middle(*self._middle)
            self.gates.find_share(self._middle[1], self._filled[False][0], self.high.own)
            self.gates.add_end(time, wk.production, wk.sinks)
            self.gates.begin()
        args = (self._middle[0], self._middle[1], wk.production, wk.sinks, self.gates.share, s.fixed, THETA * dt, top, s.state)
        born, dead = stages.follow(g.mass, *args)
        if self.gates:
            born, dead = self.gates.book(self._middle[1], page)
            if self.trace is not None:
                self.trace.changes, self.trace.followed = self.gates.changes, self.trace.followed + 1
        if self._made_by_time:  # its integral is exact already: what changes is how much of it is lost
            born, dead = 0.0, dead - born
        page.add("born", born)
        page.add("dead", dead)
        g.halo.update(s.state)

    def recall(self, peclet: Sequence[float] | None, surplus: Sequence[float] | None) -> None:
        """Go on with what an earlier part of the run has noted; None where it noted nothing."""
        if peclet is not None:
            self.peclet = tuple(peclet)
        if self.packing is not None and surplus is not None:
            self.packing.surplus = tuple(surplus)
