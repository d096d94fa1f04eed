r"""A species that goes where its carrier goes: the carrier's own edge operator and solver with a second right side.

The stages are those of the carrier, m U = b + tau [ A U + m (P - s U) ], with what its newborn and incoming bring as P; guessed as r U_n.
What they make of r = b/n is kept between bounds, of the carrier's corrected density: see kernels.carried. So uniform r stays uniform, and
b = 0 where n = 0. What changes the carrier at nodes besides (events, kinetics, a second look) takes its share of b along.
The sources of its own are integrated with those that do not move (components.immobile).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Account, Accounts, Page
from ..discretise.species import NodalSpecies
from ..kernels import carried as kernel
from ..kernels import edges, stages
from ..linalg.linear import LinearSystem
from ..state import State, Variable
from .boundaries import accounts_of, content, gains
from .carriage import Carriage
from .correction import NEGATIVE_MASS
from .high_order import SHARE, STEEPER, THETA, carried_off
from .protocol import Component, Phase

Floats = NDArray[np.float64]

_NEWBORN = {"shared": kernel.SHARED, "each": kernel.EACH, "alike": kernel.ALIKE}
EXACT = 1e-11  # of the linear solver of the low-order ratio


class Carried(Component):
    """One species that another, which moves, takes along."""

    phases = frozenset({Phase.WHOLE})
    credits = True  # whether the limiter may count on what reactions bring

    def __init__(self, species: NodalSpecies, carriage: Carriage, state: State) -> None:
        law = species.law.carried
        assert law is not None
        self.name, self.species, self.carriage, self.state = species.name, species, carriage, state
        self.carrier, self.graph = carriage.species, species.graph
        self.newborn, self.turns = law.newborn, law.turns
        g = self.graph
        n = g.n_owned
        self.each = np.zeros(g.n_local)
        species.evaluator.compile_clipped(law.each)(self.each)
        self._known = self.carrier.state.copy()  # the density that b goes with, as far as it is known
        self._ratio, self._first, self._mixed, self._down, self._up, self._held = (np.zeros(g.n_local) for _ in range(6))
        self._before, self._start, self._production = (np.zeros(g.n_local) for _ in range(3))
        self._least, self._most, self._share, self._v, self._new, self._stage, self._brought, self._alike = (np.zeros(n) for _ in range(8))
        self._none = np.zeros(n)
        self._credit, self._rest = np.zeros(0), np.zeros(0)
        self._coupled: Variable | None = None
        self._gain: Floats | None = None
        self._source: Floats | None = None
        self._tilt: Floats | None = None
        self._followed = 0
        self.failure = ""
        self.limited = 0
        self.clipped = 0.0

    def couple(self, moved: Variable, gain: Floats, source: Floats, tilt: Floats) -> None:
        """As components.mobile.Mobile.couple."""
        self.phases = frozenset()
        self._coupled, self._gain, self._source, self._tilt = moved, gain, source, tilt
        self._credit, self._rest = np.zeros(self.graph.n_local), np.zeros(self.graph.n_local)
        self.species.variable.foreseen = False
        moved.weights, moved.share_of = self.graph.mass, self.species.variable

    def accounts(self) -> Iterable[Account]:
        """Sources, and what its carrier takes through boundaries, walls and membranes."""
        yield from accounts_of(self.species)
        yield from (a for a in accounts_of(self.carrier, self.name) if a.key not in ("born", "dead"))

    def contents(self) -> Mapping[str, float]:
        """Its amount."""
        return content(self.species)

    def made(self, out: Floats) -> None:
        """What the newborn brought in the last step, by volume and time (n_owned)."""
        np.multiply(self.carriage.born, self.each[: len(out)] if self.newborn == "each" else 0.0, out=out)

    def predict(self, phase: Phase, dt: float) -> None:
        """As its carrier."""
        if phase is Phase.FIRST:
            self._known[:] = self.carrier.state
        elif phase is Phase.WHOLE:
            self.species.variable.predict(0.5 * dt)
        elif phase in (Phase.END, Phase.SECOND):
            self.species.variable.show()

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """The step that its carrier has made. Collective."""
        page = book.page(self.name)
        variable, trace = self.species.variable, self.carriage.trace
        self._before[:] = variable.new
        if not self._transport(time, dt, page):
            return self.failure
        self._known[:] = trace.reached
        gain = self.carriage.transport.gain
        if gain is not None and self.newborn == "shared":  # reactions of the carrier are still to come: of those counted on nothing is lost
            self._known[: len(gain)] = np.maximum(0.0, self._known[: len(gain)] - dt * gain)
        if self._coupled is None:
            np.add(self._before, variable.new, out=variable.mid)
            variable.mid *= 0.5
        return ""

    def settle(self, time: float, dt: float, book: Accounts) -> str:
        """Go with what has changed its carrier since. Collective."""
        self._follow(self.carrier.state, book.page(self.name))
        return ""

    def accept(self, time: float, dt: float) -> None:
        """What the carrier is now is known."""
        self.know()

    def know(self) -> None:
        """What has changed the carrier until now has changed b as well."""
        self._known[:] = self.carrier.state

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, object]) -> None:
        """What the carrier is now is known."""
        self.know()

    def _follow(self, carrier: Floats, page: Page) -> None:
        """Go with a change of the carrier at nodes. Collective."""
        s, g = self.species, self.graph
        for c in self.carrier.fixed_conditions:  # those that come in there bring what any do
            at = c.nodes
            held = self.each[at] * carrier[at]
            came, went = gains(g.mass[at] * (held - s.state[at]))
            page.add(f"inflow:{c.boundary}", came)
            page.add(f"outflow:{c.boundary}", went)
            s.state[at], self._known[at] = held, carrier[at]
        trace = self.carriage.trace
        if self._followed != trace.followed:
            self._followed = trace.followed
            for account, at, amounts in trace.changes:
                there = self._known[at]
                more = amounts * np.divide(s.state[at], there, out=np.zeros(len(at)), where=there > kernel.FLOOR)
                page.add(account, -float(more.sum()))
                np.add.at(s.state, at, more / g.mass[at])
                np.add.at(self._known, at, amounts / g.mass[at])
        born, dead = kernel.mirror(g.mass, self._known, carrier, self.each, _NEWBORN[self.newborn], g.n_owned, s.state)
        page.add("born", born)
        page.add("dead", dead)
        self._known[:] = carrier
        g.halo.update(s.state)

    def _transport(self, time: float, dt: float, page: Page) -> bool:
        """The step of b from ``trace.begun`` to ``trace.reached`` of its carrier. Collective."""
        s, g, c, wk = self.species, self.graph, self.carriage, self.carriage.work
        n, trace = g.n_owned, c.trace
        c.take(dt)
        fixed = self.carrier.fixed
        kernel.ratios(trace.begun, s.state, self._ratio)
        self._bounds(dt)
        self._bring()
        solved = self._stages(time, dt)
        g.halo.update(self._mixed)
        kernel.leaving(wk.w, self._mixed, self._least, self._most, self._share)
        gone = c.gone - self._alike
        outside, amount = kernel.transported(
            wk.edges, trace.corrected, c.net, wk.w, self._mixed, self._ratio, s.state, self._brought, gone, self._share, fixed,
            trace.reached, self._least, self._most, dt, self._new, c.flux,
        )  # fmt: skip
        outside, amount = g.comm.allreduce(np.array([outside, amount]))
        usable = solved and math.isfinite(outside + amount)
        if not usable or outside > NEGATIVE_MASS * amount:
            self.limited += 1
            if not self._limit(dt, usable):
                return self._failed(f"linear solver of the ratio ({self.carriage.outcome})")
        if not self._confine():
            return self._failed("non-finite values")
        self._book(dt, page)
        s.state[:n] = self._new
        g.halo.update(s.state)
        return True

    def carry(self, source: Floats, levels: NDArray[np.uint8], dt: float) -> float:
        """As components.mobile.Mobile.carry. Collective."""
        share = SHARE[self.carriage.transport.options.scheme]
        return dt / share * carried_off(self.carriage.stage_system(share * dt), self.graph, self.graph.mass, source, levels)

    def _failed(self, why: str) -> bool:
        self.failure = f"{why}, {self.name}"
        return False

    def _bounds(self, dt: float) -> None:
        """Fill the bounds of r by what was there, is born and comes in. Collective."""
        g, c = self.graph, self.carriage
        self._least[:], self._most[:] = math.inf, -math.inf
        kernel.range_of(c.work.edges, self._ratio, self._least, self._most)
        newborn = _NEWBORN[self.newborn]
        kernel.admit(self.each, c.entering, c.born, newborn, self._least, self._most)
        if self._gain is not None and self._source is not None:
            n = g.n_owned
            self._credit[:n], self._rest[:n] = self._gain, self._source
            g.halo.update(self._credit, self._rest)
            kernel.allow(c.work.edges, c.trace.begun, self._credit, self._rest, dt, self._least, self._most)
        found = np.array([self._least.min(initial=math.inf), -self._most.max(initial=-math.inf)])
        g.comm.Allreduce(MPI.IN_PLACE, found, MPI.MIN)
        lowest, highest = (float(found[0]), -float(found[1])) if found[0] < math.inf else (0.0, 0.0)
        kernel.settle_bounds(c.trace.reached, c.born, dt, newborn, lowest, highest, self._least, self._most)

    def _bring(self) -> None:
        """What the newborn and those that come in bring, and the carriers born alike; these in the stages with r as it is predicted."""
        c, n = self.carriage, self.graph.n_owned
        each = self.each[:n]
        np.multiply(c.entering, each, out=self._brought)
        self._alike[:] = c.born if self.newborn == "alike" else 0.0
        if self.newborn == "each":
            self._brought += c.born * each
        if self._gain is not None:
            self._brought += self._gain
        self._production[:n] = self._brought
        if self.newborn == "alike":
            kernel.leaving(self.carrier.variable.mid, self.species.variable.mid, self._least, self._most, self._share)
            self._production[:n] += self._alike * self._share
        if self._source is not None:
            self._production[:n] += self._source

    def _stages(self, time: float, dt: float) -> bool:
        """Fill ``_mixed`` (owned) with the weighted stages. Collective."""
        s, g, c, wk, scheme = self.species, self.graph, self.carriage, self.carriage.work, self.carriage.transport.options.scheme
        n, trace = g.n_owned, c.trace
        share = SHARE[scheme]
        tau, reach = share * dt, min(1.0, 2.0 * share)
        system = c.stage_system(tau)
        x, b, w = system.x, system.b, self._mixed[:n]
        self._start[:] = s.state
        np.multiply(s.state, trace.started, out=self._start, where=trace.started < trace.begun)
        np.divide(self._start, trace.begun, out=self._start, where=trace.started < trace.begun)
        r = np.maximum(self._ratio[:n], 0.0)
        if scheme == "backward_euler":
            stages.implicit_side(g.mass, self._start, self._production, dt, b)
        else:
            edges.explicit_side(wk.edges, self._production, c.sinks, self._start, tau, b)
        if self._tilt is not None:
            stages.add_source(g.mass, self._tilt, STEEPER * (reach - 1.0) * tau, b)
        np.multiply(r, wk.stage if scheme == "tr_bdf2" else trace.last, out=x)
        stages.settle_emptied(g.mass, c.sinks, tau, b, x)
        self._fix(system, time + reach * dt, tau)
        solved = system.solve()
        if scheme != "tr_bdf2":
            inner = 1.0 if scheme == "backward_euler" else 0.5
            stages.weighted(self._start, self._start, x, 0.5 * (1.0 - inner), inner, w)
            return solved
        outer = 0.5 * (1.0 - THETA)
        args = (self._production, self._none, self._none, outer / THETA, tau, 1.0, 0.0, b, self._stage)
        stages.second_stage(g.mass, self._start, x, *args)
        if self._tilt is not None:
            stages.add_source(g.mass, self._tilt, STEEPER * 0.5 * tau, b)
        np.multiply(r, trace.last, out=x)
        stages.settle_emptied(g.mass, c.sinks, tau, b, x)
        self._fix(system, time + dt, tau)
        solved = system.solve() and solved
        stages.weighted(self._start, self._stage, x, outer, THETA, w)
        return solved

    def _fix(self, system: LinearSystem, time: float, tau: float) -> None:
        """What carriers of fixed density carry, in the guess and on the right side. Collective where there are any."""
        s, g = self.carrier, self.graph
        if not s.fixed_conditions:
            return
        s.boundary_values(time, time, fixed=True)
        for c in s.fixed_conditions:
            s.held[c.nodes] = c.value
        g.halo.update(s.held)
        np.multiply(s.held, self.each, out=self._held)
        at = np.flatnonzero(s.fixed[: g.n_owned])
        system.x[at] = self._held[at]
        system.b[at] = g.mass[at] * self._held[at]
        edges.fixed_side(self.carriage.work.edges, *s.held_edges, self._held, tau, False, system.b)

    def _limit(self, dt: float, usable: bool) -> bool:
        """Blend with the low-order ratio, or take it alone; ``_new``, ``_share`` and the fluxes become what is applied. Collective."""
        s, g, c, wk = self.species, self.graph, self.carriage, self.carriage.work
        n, trace, fixed = g.n_owned, c.trace, self.carrier.fixed
        made = c.entering + (c.born if self.newborn != "alike" else 0.0)
        system = c.low_system(dt, made, self.newborn)
        kernel.side(g.mass, s.state, self._brought, self._ratio, self._least, self._most, c.scale, dt, system.b, system.x)
        if not system.solve(EXACT):
            return False
        kernel.known(c.scale, trace.reached, system.x, self._first)
        at = np.flatnonzero(fixed[:n])
        self._first[at] = self.each[at]
        g.halo.update(self._first)
        kernel.range_of(wk.edges, self._first, self._least, self._most)
        args = (wk.edges, trace.corrected, c.net, wk.w, c.flux, self._first, trace.reached)
        kernel.shares(
            *args,
            s.state,
            self._brought,
            self._alike,
            c.gone,
            self._share,
            fixed,
            self._least,
            self._most,
            dt,
            self._v,
            self._down,
            self._up,
        )
        if not usable:
            c.flux[:] = 0.0
            self._share[:] = self._down[:] = self._up[:] = 0.0
        g.halo.update(self._down, self._up)
        kernel.corrected(*args, self._alike, c.gone, self._share, dt, self._v, self._down, self._up, self._new)
        return True

    def _confine(self) -> bool:
        """Put what solver error and rounding have left outside of the bounds back, and keep the amount. Collective."""
        g, reached, fixed = self.graph, self.carriage.trace.reached, self.carrier.fixed
        args = (reached, self._least, self._most, fixed)
        found = g.comm.allreduce(np.array(kernel.confine(g.mass, *args, self._new)))
        added, below, above, amount = map(float, found)
        if not math.isfinite(amount):
            return False
        if added > 0.0 and below >= added:
            kernel.level(*args, added / below, 0.0, self._new)
        elif added < 0.0 and above >= -added:
            kernel.level(*args, 0.0, -added / above, self._new)
        elif added != 0.0 and amount > 0.0:
            self._new *= 1.0 - added / amount
        self.clipped += abs(added)
        return True

    def _book(self, dt: float, page: Page) -> None:
        """Book what carriers brought and took; sets what those of fixed density carry."""
        s, g, c, wk = self.carrier, self.graph, self.carriage, self.carriage.work
        n, m = g.n_owned, g.mass
        mass = m[:n]
        born = dt * float((mass * (self._brought + self._alike * self._share)).sum())
        dead = dt * float((mass * c.gone * self._share).sum())
        seen = wk.seen * self._share
        for condition in s.conditions:
            at = condition.nodes
            sigma = m[at] * condition.specific_surface
            inflow = outflow = 0.0
            if condition.law.kind == "influx":
                inflow = dt * float((sigma * condition.value * self.each[at]).sum())
            elif condition.law.kind == "exchange":
                inflow = dt * float((sigma * condition.rate * condition.value * self.each[at]).sum())
                outflow = dt * float((sigma * condition.rate * seen[at]).sum())
            elif condition.law.kind == "outflow":
                outflow = dt * float((sigma * condition.rate * seen[at]).sum())
            elif condition.law.kind == "fixed":
                held = condition.value * self.each[at]
                came, went = gains(m[at] * (held - self._new[at]))
                self._new[at] = held
                page.add(f"inflow:{condition.boundary}", came)
                page.add(f"outflow:{condition.boundary}", went)
                continue
            born -= inflow
            dead -= outflow
            page.add(f"inflow:{condition.boundary}", inflow)
            page.add(f"outflow:{condition.boundary}", outflow)
        for wall in s.walls:
            passing = dt * wall.rate * wall.sites.measure
            came = float((passing * wall.inside * self.each[wall.nodes]).sum())
            went = float((passing * seen[wall.nodes]).sum())
            born -= came
            dead -= went
            page.add(wall.account, went - came)
        for crossing in s.crossings:
            page.add(f"crossed:{crossing.membrane}", dt * crossing.passed(c.flux))
        page.add("born", born)
        page.add("dead", dead)

    def info(self) -> Mapping[str, float]:
        """Limited steps and the amount clipped."""
        return {"limited": self.limited, "clipped": self.clipped}
