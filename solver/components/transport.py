r"""One time step of one moving species: implicit, second order, conservative and non-negative.

With fluxes frozen at the middle of the step the law is linear, m dc/dt = A c + m (P - s c). TR-BDF2
(Bank et al. 1985, doi:10.1109/T-ED.1985.22232) solves it in two stages with one matrix,

    theta = 1 - 1/sqrt(2),  weights b = (1 - theta)/2, (1 - theta)/2, theta,   stage times 0, 2 theta, 1

and the new density is the flux form of the weighted stages w = sum b_k U_k. Where that is negative, the
positivity limiter of kernels.limiter blends it with backward Euler of the low-order flux. The amounts
that go to the ledger are the ones applied here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Page
from ..discretise.graph import Graph
from ..discretise.own_law import limits_itself
from ..discretise.species import NodalSpecies
from ..kernels import coupling, edges, limiter, stages
from ..linalg.linear import LinearSystem
from ..model.walk import names_in
from ..state import History
from .boundaries import book, book_crossings, boundary_sources, fix_rows
from .gates import Gates
from .options import SchemeOptions
from .own_stages import OwnStages
from .packing import Packing
from .workspace import Workspace

Floats = NDArray[np.float64]

THETA = 1.0 - 1.0 / math.sqrt(2.0)
# so much steeper a source (t/dt - 1/2) g is in the stages: to w = sum b_k U_k it then adds -g dt/12, as to the mean in truth
STEEPER = (1.0 / 12.0) / (0.25 - THETA**2 * (1.0 - THETA) - 0.5 * THETA)
SHARE = {"tr_bdf2": THETA, "crank_nicolson": 0.5, "backward_euler": 1.0}  # of a step: tau of its matrix
WORTH_A_LOOK = 0.1  # dt s from which on the change of the sources within the step is worth a second look at them
NEGATIVE_MASS = 1e-12  # of the species' amount: what a low-order solution may lack through solver error


def carried_off(system: LinearSystem, graph: Graph, source: Floats, levels: NDArray[np.uint8]) -> float:
    """sum |tau A s| of a stage's matrix m (1 + tau s) - tau A, on this rank."""
    rows = (graph.indptr, graph.indices, graph.n_own_columns, system.own, system.ghost, graph.mass)
    return float(coupling.carried_off(levels, *rows, source))


class Trace:
    """What those that a species carries need of its last step.

    begun, started, reached (n_local): its density at the beginning, after what takes all has taken it, and at the end.
    last: the last stage. corrected: whether the limiter acted. changes: of what left through boundaries and walls, by a second
    look, of which there were ``followed`` (see Gates). steps: how many there have been.
    """

    def __init__(self, graph: Graph) -> None:
        self.begun, self.started, self.reached = (np.zeros(graph.n_local) for _ in range(3))
        self.last = np.zeros(graph.n_owned)
        self.corrected = False
        self.steps = self.followed = 0
        self.changes: list[tuple[str, NDArray[np.int64], Floats]] = []


class Transport:
    """Advances one moving species; keeps its matrices and solvers for the whole run."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        self.species, self.work, self.options = species, work, options
        self.graph = species.graph
        self._kind = (not species.law.drifts, not species.law.taxis)
        self.high = work.system(f"{species.name}_", options.linear, *self._kind)
        self.low: LinearSystem | None = None
        self._flux = {"scharfetter_gummel": edges.scharfetter_gummel, "central": edges.central}[options.flux]
        # no membranes nor fibres, and one motility by its arithmetic mean
        self._plain = options.flux == "central" and not species.crossings and not len(species.turning) and species.plain_mean
        self._filled: dict[bool, float] = {}
        self.limited = self.skipped = 0  # steps with and without the limiter
        self.clipped = 0.0  # amount set to zero because of solver error
        self.peclet: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)  # largest so far on this rank: value, time, x, y, z
        local = options.limiter == "local_bounds"
        self.packing = Packing(species, work, local) if local or species.law.maximum is not None else None
        self.stiff = False  # whether the last step had nodes whose sources turn the density over within it
        self.gates = Gates(species)  # walls of vessels are hung onto a species before
        own_sources = species.law.loss or species.law.growth or limits_itself(species.law)
        self._takes = bool(own_sources)  # whether there are sinks of the tissue
        self._open = bool(species.walls) or any(c.law.kind in ("exchange", "outflow") for c in species.conditions)
        self._turned = False  # whether gates change in the step
        self._settles = False  # whether some sinks of the step empty their nodes
        may_be_stiff = options.scheme == "tr_bdf2" and bool(own_sources or self.gates)
        self._middle = (np.zeros(self.graph.n_owned), np.zeros(self.graph.n_owned)) if may_be_stiff else None  # P and s at mid-step
        self._made_by_time = not species.law.growth and not names_in(species.law.production) & species.evaluator.unforeseen
        self.own = OwnStages(species, work) if limits_itself(species.law) else None
        self._base = np.zeros(self.graph.n_owned if self.own is not None else 0)  # right side of a stage without its own sources
        self.gain: Floats | None = None  # a production that kinetics found
        self.source: Floats | None = None  # what else it found: for the stages only, no part of the result
        self.tilt: Floats | None = None  # and g of (t/dt - 1/2) g, for the stages only
        self._emptied = np.zeros(self.graph.n_owned if species.walls or species.exchanges else 0)
        self._extremes = np.zeros(3)  # the smallest new density, -dt s of the tissue, -dt s with gates; the least of all ranks
        self.trace: Trace | None = None  # of the last step, where others are carried
        self.failure = ""  # why the last step failed
        self.kept = 1.0  # share of the antidiffusive flux that the limiter let pass in the last step

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
        self._edges(law, time)
        if self.own is None:
            s.sources(density, wk.production, wk.sinks, wk.scratch)
            wk.loss[:] = wk.sinks[:n]
            if self._middle is not None:
                self._middle[0][:], self._middle[1][:] = wk.production[:n], wk.loss
        self._turned = bool(self.gates) and self._middle is not None
        if self._turned:
            self.gates.foresee(time, time + dt, density)
        s.boundary_values(time, time + dt, fixed=False)
        s.wall_values(time, time + dt)
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
        if self.own is None:
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
            book(s, wk, dt, page, dt * stages.amount_lost(g.mass, wk.loss, wk.seen, n))
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
            self.gates.find_share(self._middle[1], self._filled[False], self.high.own)
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

    def carry(self, source: Floats, levels: NDArray[np.uint8], dt: float) -> float:
        """As components.mobile.Mobile.carry."""
        share = SHARE[self.options.scheme]
        return dt / share * carried_off(self.high, self.graph, source, levels)

    def _failed(self, why: str) -> bool:
        self.failure = f"{why}, {self.species.name}"
        return False

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

    def _tilt(self, time: float, b: Floats) -> None:
        """Add to the right side of a stage what tilt and gates bring in a time, counted from the middle of the step."""
        if self._turned:
            stages.add_source(self.graph.mass, self.gates.change, time, b)
        if self.tilt is not None:
            stages.add_source(self.graph.mass, self.tilt, STEEPER * time, b)

    def _stages(self, time: float, dt: float, history: History) -> bool:
        """Fill ``work.w`` (owned) with the weighted stages of the high-order flux."""
        s, g, wk, scheme = self.species, self.graph, self.work, self.options.scheme
        n, system = g.n_owned, self.high
        x, b, w, rate, rate_before = system.x, system.b, wk.w[:n], s.variable.rate, s.variable.rate_before
        share = SHARE[scheme]
        tau, reach = share * dt, min(1.0, 2.0 * share)
        production = wk.production
        if self.source is not None:
            production = wk.scratch
            np.add(wk.production[:n], self.source, out=production[:n])
        if not self._fill(system, tau, low_order=False):
            self.high.outcome = "the matrix is not finite"
            return False
        if scheme == "backward_euler":
            stages.implicit_side(g.mass, s.state, production, dt, b)
        else:
            edges.explicit_side(wk.edges, production, wk.sinks, s.state, tau, b)
            if self.tilt is not None or self._turned:
                self._tilt((reach - 1.0) * tau, b)
        last, earlier = history.last, history.before
        known = 1.0 / (last + earlier) if earlier else 0.0  # times (rate - before) the second derivative in time, halved
        stages.guess(s.state, rate, rate_before, reach * dt, (reach * dt + last) * known, x)
        if self._settles:
            stages.settle_emptied(g.mass, wk.sinks, tau, b, x)
        self._fix(system, time + reach * dt, tau)
        solved = system.solve()
        if scheme == "backward_euler":
            w[:] = x
            return solved
        if scheme == "crank_nicolson":
            stages.weighted(s.state, s.state, x, 0.25, 0.5, w)
            return solved
        outer = 0.5 * (1.0 - THETA)
        curve = known * dt * dt * (1.0 - reach)
        stages.second_stage(g.mass, s.state, x, production, rate, rate_before, outer / THETA, tau, 1.0 / reach, curve, b, wk.stage)
        if self.tilt is not None or self._turned:
            self._tilt(0.5 * tau, b)
        if self._settles:
            stages.settle_emptied(g.mass, wk.sinks, tau, b, x)
        self._fix(system, time + dt, tau)
        solved = system.solve() and solved
        stages.weighted(s.state, wk.stage, x, outer, THETA, w)
        return solved

    def _own_stages(self, own: OwnStages, time: float, dt: float, history: History) -> bool:
        """As ``_stages``, with the own law in each stage; also fills P and s of the step."""
        s, g, wk, scheme = self.species, self.graph, self.work, self.options.scheme
        n, system = g.n_owned, self.high
        x, w, rate, rate_before = system.x, wk.w[:n], s.variable.rate, s.variable.rate_before
        share = SHARE[scheme]
        tau, reach, outer = share * dt, min(1.0, 2.0 * share), 0.5 * (1.0 - THETA)
        base = self._base

        def stage(at: float) -> bool:
            return own.solve(system, base, tau, lambda: self._fill(system, tau, False), lambda: self._fix(system, time + at * dt, tau))

        source = own.none if self.source is None else self.source
        edges.explicit_side(wk.edges, source, own.none, s.state, 0.0 if scheme == "backward_euler" else tau, base)
        if scheme == "backward_euler" and self.source is not None:
            base += dt * g.mass[:n] * source
        self._tilt((reach - 1.0) * tau, base)
        own.begin(0.0 if scheme == "backward_euler" else tau, base)
        own.total[:] = 0.0
        own.weigh({"tr_bdf2": outer, "crank_nicolson": 0.5, "backward_euler": 0.0}[scheme])
        last, earlier = history.last, history.before
        known = 1.0 / (last + earlier) if earlier else 0.0
        stages.guess(s.state, rate, rate_before, reach * dt, (reach * dt + last) * known, x)
        solved = stage(reach)
        if scheme == "tr_bdf2":
            own.weigh(outer)
            curve = known * dt * dt * (1.0 - reach)
            args = (source, rate, rate_before, outer / THETA, tau, 1.0 / reach, curve, base, wk.stage)
            stages.second_stage(g.mass, s.state, x, *args)
            self._tilt(0.5 * tau, base)
            solved = stage(1.0) and solved
            own.weigh(THETA)
            stages.weighted(s.state, wk.stage, x, outer, THETA, w)
        else:
            own.weigh(share)
            wk.stage[:] = x
            stages.weighted(s.state, s.state, x, 0.5 * (1.0 - share), share, w)
        if not solved:
            self.high.outcome = self.high.outcome or "the matrix is not finite"
        return solved

    def _correct(self, dt: float, usable: bool) -> bool:
        """Low-order solution, limiter, corrected density in ``work.new`` and what the sinks saw in ``work.seen``."""
        s, g, wk = self.species, self.graph, self.work
        n = g.n_owned
        if self.low is None:
            self.low = wk.system(f"{s.name}_low_", self.options.linear, *self._kind)
        system, own = self.low, self.own
        stages.non_negative(wk.new if usable else s.state[:n], system.x)
        if own is not None:
            tools = (lambda: self._fill(system, dt, True), lambda: fix_rows(s, system, wk.edges, dt, low_order=True))
            cap = (lambda: None) if self.packing is None else partial(self.packing.cap_production, dt)
            # between neighbours' extremes, fluxes and sources that balance each other would be cut apart where both are large
            apart = self.options.limiter == "local_bounds" and -self._extremes[1] > 1.0
            usable = usable and not own.gone_below(dt, self.high.x) and not apart
            if not own.low_order(system, dt, *tools, cap):
                return self._failed(f"linear solver ({system.outcome})")
        if not self._fill(system, dt, low_order=True):
            return self._failed("the matrix is not finite")
        if own is None and self.packing is not None:
            self.packing.cap_production(dt)
        stages.implicit_side(g.mass, s.state, wk.production, dt, system.b)
        if self._settles:
            stages.settle_emptied(g.mass, wk.sinks, dt, system.b, system.x)
        fix_rows(s, system, wk.edges, dt, low_order=True)
        rtol = self.options.linear.rtol
        if own is not None:  # v is the low solution and the error of its solver, dt s times as large as that of the density
            rtol = max(1e-13, rtol / max(1.0, -float(self._extremes[1])))
        for attempt in range(4):
            if not system.solve(rtol):
                return self._failed(f"linear solver ({system.outcome})")
            stages.non_negative(system.x, wk.low[:n])
            if not usable:
                wk.w[:n] = wk.low[:n]
            acted = wk.w if own is None else own.act(usable)
            g.halo.update(wk.low, wk.w)
            args = (wk.production, wk.sinks, s.fixed, s.state, wk.w, acted, wk.low, dt)
            masses = limiter.low_order_and_ratios(wk.edges, *args, wk.v, wk.shares.down)
            negative, amount = g.comm.allreduce(np.array(masses))
            if not math.isfinite(negative + amount):
                return self._failed("non-finite values")
            allowed = NEGATIVE_MASS * max(0.0, amount)  # what comes in at fixed values may exceed what is there
            if negative <= allowed or attempt == 3:
                break
            rtol *= max(1e-3, 0.1 * allowed / negative)
        if self.packing is not None:
            sums = self.packing.correct(dt, acted)
        else:
            g.halo.update(wk.shares.down)
            sums = limiter.corrected(wk.edges, wk.sinks, s.fixed, wk.w, acted, wk.low, wk.v, wk.shares.down, dt, wk.new, wk.seen)
        used, total, added, amount = g.comm.allreduce(np.array(sums))
        self.kept = 1.0 if total == 0.0 else float(used / total)
        if added > 0.0 and amount > 0.0:
            wk.new *= 1.0 - added / amount
            self.clipped += float(added)
        return bool(math.isfinite(amount)) or self._failed("non-finite values")

    def _fill(self, system: LinearSystem, tau: float, low_order: bool) -> bool:
        """Write the matrix, and choose how to solve with it; False if it is not finite: some preconditioners never return then."""
        s, g, wk = self.species, self.graph, self.work
        if s.static and self.own is None and self._filled.get(low_order) == tau:
            return True
        args = (g.diagonal, g.n_own_columns, wk.sinks, s.fixed)
        number = edges.fill(wk.edges, *args, 1.0, tau, low_order, system.own, system.ghost)
        system.changed()
        number = g.comm.allreduce(math.inf if math.isnan(number) else number, MPI.MAX)
        if number == math.inf:
            return False
        # decided anew from the matrix alone: a choice that remembers would not be the same after a restart
        system.choose(number)
        self._filled[low_order] = tau
        return True

    def _fix(self, system: LinearSystem, time: float, tau: float) -> None:
        """The values of fixed nodes at a time, in the guess and on the right side."""
        self.species.boundary_values(time, time, fixed=True)
        fix_rows(self.species, system, self.work.edges, tau, low_order=False)

    def iterations(self) -> int:
        """Krylov iterations of all solves so far."""
        return sum(system.iterations for system in (self.high, self.low) if system is not None)

    def recall(self, peclet: Sequence[float] | None, surplus: Sequence[float] | None) -> None:
        """Go on with what an earlier part of the run has noted; None where it noted nothing."""
        if peclet is not None:
            self.peclet = tuple(peclet)
        if self.packing is not None and surplus is not None:
            self.packing.surplus = tuple(surplus)

    def free(self) -> None:
        """Free the solvers. Collective."""
        for system in (self.high, self.low):
            if system is not None:
                system.destroy()
