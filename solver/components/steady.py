r"""Species that are always in balance: 0 = div(D grad c - v c) + P + g c - L c, solved anew at the end of every step.

Diffusion of oxygen or a small drug takes seconds where cells take days; its own time step would only cost.
Rates that depend on the species itself (Michaelis-Menten uptake) are found by Newton's method (components.newton); a motility,
drift or passage that does is taken from the last iterate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Account, Accounts, Page
from ..discretise.own_law import limits_itself
from ..discretise.parts import Levels
from ..discretise.species import NodalSpecies
from ..errors import ScenarioError
from ..kernels import edges, stages
from ..state import State
from .balanced_flows import BalancedFlows
from .boundaries import accounts_of, boundary_sources, content, fix_rows
from .kept import Kept
from .newton import Newton
from .options import SchemeOptions
from .protocol import Component, Phase
from .workspace import Workspace

Floats = NDArray[np.float64]

BALANCED = 1e-2  # of the tolerance of linear solves: residuals count many times in the solution of a balance, and look like errors in time
FINEST = 1e-11  # less is not asked for: rounding alone may leave more
ITERATIONS = 50
CHANGE = 1e-8  # relative, between iterates


class Steady(Component):
    """Keeps one species in balance; ``clipped`` is the amount set to zero where an obtuse mesh gave negative values.

    Raises ScenarioError where nothing fixes its level.
    """

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions, regions: Mapping[str, Floats], state: State) -> None:
        check_solvable(species)
        self.name, self.species, self.work, self._state = species.name, species, work, state
        self.system = work.system(f"{species.name}_", options.linear, not species.law.drifts, not species.law.taxis)
        self.system.choose(math.inf)
        self._flux = {"scharfetter_gummel": edges.scharfetter_gummel, "central": edges.central}[options.flux]
        self.kept = Kept(species, self.system, work)
        own = limits_itself(species.law) or species.law.growth
        self._newton = Newton(species, work, self.system, self.kept, self._edges) if own else None
        self.clipped = 0.0
        self._levels = Levels(species, regions)
        self.flows = BalancedFlows(species, work, state)

    def accounts(self) -> Iterable[Account]:
        """Sources, boundaries, walls and membranes, and what the stored amount changed besides."""
        yield from accounts_of(self.species)
        yield Account(self.name, "adjusted", 1, "stored or released by the balance itself")

    def contents(self) -> Mapping[str, float]:
        """Its amount."""
        return content(self.species)

    def predict(self, phase: Phase, dt: float) -> None:
        """Extrapolated: to mid-step, then to the end."""
        if phase is not Phase.FIRST:
            self.species.variable.predict(0.5 * dt if phase is Phase.WHOLE else dt)

    def settle(self, time: float, dt: float, book: Accounts) -> str:
        """Be in balance at ``time``; book the flows of a step of length dt, those over fixed boundaries included, and as ``adjusted`` what
        the stored amount changed besides.

        Fails, on all ranks alike, if a linear solve fails or the iteration does not settle; raises SolverError where nothing fixes its
        level. Collective.
        """
        density = self.species.variable.mid
        s, g, wk = self.species, self.species.graph, self.work
        n = g.n_owned
        before = stages.amount(g.mass, s.state, n)
        s.boundary_values(time, time, fixed=False)
        s.boundary_values(time, time, fixed=True)
        density[:] = s.state
        if dt > 0.0:
            self._extrapolate(dt, density)
        failure = self._linear(time, density) if self._newton is None else self._newton.solve(time, density)
        if self._newton is not None:
            wk.new[:] = density[:n]
            s.sources(density, wk.production, wk.sinks, wk.scratch)
            wk.loss[:] = wk.sinks[:n]
            boundary_sources(s, wk.production, wk.sinks)
        self._levels.check(time, wk.sinks, wk.edges.u)
        if failure:
            return failure
        np.minimum(wk.new, 0.0, out=wk.seen)
        self.clipped -= float(g.comm.allreduce(stages.amount(g.mass, wk.seen, n)))
        np.maximum(wk.new, 0.0, out=s.state[:n])
        g.halo.update(s.state)
        density[:] = s.state
        page = book.page(self.name)
        self._book(dt, stages.amount(g.mass, s.state, n) - before, page)
        return ""

    def _extrapolate(self, dt: float, density: Floats) -> None:
        """Guess the density from its last differences; quadratic in time as soon as there are two."""
        variable, history = self.species.variable, self._state.history
        bend = self._state.bend(dt) if history.before else 0.0
        stages.guess(variable.old, variable.rate, variable.rate_before, dt, bend, density)

    def _edges(self) -> None:
        s, wk = self.species, self.work
        law = s.flux_law(wk.scratch, wk.scratch2)
        edges.weights(law, wk.edges.u, wk.edges.lower)
        s.drift_along_fibres(wk.edges.lower)
        s.cross(law, wk.edges.u, wk.edges.lower)
        self._flux(wk.edges.u, wk.edges.lower)

    def _linear(self, time: float, density: Floats) -> str:
        """The balance in ``work.new`` where rates do not depend on the species: one solve, or Picard where its fluxes do. Collective."""
        s, g, wk, system = self.species, self.species.graph, self.work, self.system
        n = g.n_owned
        for _ in range(ITERATIONS):
            self._edges()
            s.sources(density, wk.production, wk.sinks, wk.scratch)
            wk.loss[:] = wk.sinks[:n]
            s.wall_values(time, time)
            boundary_sources(s, wk.production, wk.sinks)
            args = (g.diagonal, g.n_own_columns, wk.sinks, s.fixed)
            number, _ = edges.fill(wk.edges, *args, 0.0, 1.0, False, system.blocks, edges.NOT_KEPT)
            if g.comm.allreduce(math.isnan(number), MPI.LOR):
                return f"the matrix is not finite, {s.name}"
            system.changed()
            np.multiply(g.mass[:n], wk.production[:n], out=system.b)
            system.x[:] = density[:n]
            fix_rows(s, system, wk.edges, 1.0, low_order=False)
            if not self.kept.solve(lambda: system.solve(min(system.options.rtol, max(FINEST, BALANCED * system.options.rtol)))):
                return f"linear solver ({system.outcome}), {s.name}"
            wk.new[:] = system.x
            np.maximum(wk.new, 0.0, out=wk.seen)  # rates are those of densities, also where obtuse cells make less than nothing
            wk.scratch[:n] = np.abs(wk.seen - density[:n])
            extremes = np.array([wk.scratch[:n].max(initial=0.0), wk.new.max(initial=0.0)])
            extremes[~np.isfinite(extremes)] = np.inf  # a NaN would get lost in a maximum
            g.comm.Allreduce(MPI.IN_PLACE, extremes, MPI.MAX)
            change, size = map(float, extremes)
            density[:n] = wk.seen
            g.halo.update(density)
            if not math.isfinite(size):
                return f"non-finite values, {s.name}"
            if not s.flux_depends_on_itself or change <= CHANGE * size:
                return ""
        return f"balance does not settle, {s.name}"

    def info(self) -> Mapping[str, float]:
        """Iterations so far, and the amount clipped."""
        return {"iterations": self.system.iterations, "clipped": self.clipped}

    def arrays(self) -> Mapping[str, Floats]:
        """What its multigrid was made of, and what passed the walls at the last balance."""
        return {**self.kept.arrays, **self.flows.arrays()}

    def spare(self) -> Iterable[str]:
        """All of these."""
        return [*self.kept.arrays, *self.flows.spare()]

    def numbers(self) -> Mapping[str, Any]:
        """The state of its multigrid, and the flows at the last balance. Collective."""
        return {**self.kept.numbers, **self.flows.numbers()}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Go on with the same multigrid and flows; with a new one, and those of the end of the step, after an earlier version."""
        self.kept.restore(arrays, numbers)
        self.flows.restore(arrays, numbers)

    def free(self) -> None:
        """Free the solver. Collective."""
        self.system.destroy()
        self._newton = None  # which fills edges by a method of this

    def _book(self, dt: float, change: float, page: Page) -> None:
        crossed = {f"crossed:{c.membrane}" for c in self.species.crossings}
        booked = self.flows.over(dt)
        flows = {key: amount for key, amount in booked.items() if key not in crossed}
        gained = sum(v for k, v in flows.items() if k == "born" or k.startswith("inflow"))
        booked["adjusted"] = change - (2.0 * gained - sum(flows.values()))
        for key, amount in booked.items():
            page.add(key, amount)


def check_solvable(species: NodalSpecies) -> None:
    """Raise ScenarioError if nothing fixes the level of a steady species: no loss, no growth, no exchange, no fixed value."""
    law = species.law
    anchored = any(c.law.kind in ("fixed", "exchange", "outflow") for c in species.conditions)
    if not (anchored or species.walls or law.loss or law.growth):
        raise ScenarioError(
            "it is quasi-steady, but nothing removes it",
            code="no-balance",
            place=f"species {law.name}",
            remedy="give it a decay or loss rate, an 'exchange' or 'fixed' condition on a boundary, or an exchange with a vessel",
        )
