r"""The stages of a step of one moving species, and what their weights make of them: order two, of either sign.

    theta = 1 - 1/sqrt(2),  weights b = (1 - theta)/2, (1 - theta)/2, theta,   stage times 0, 2 theta, 1

for TR-BDF2 (Bank et al. 1985, doi:10.1109/T-ED.1985.22232); one matrix for both.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..discretise.graph import Graph
from ..discretise.species import NodalSpecies
from ..kernels import coupling, edges, restoring, stages
from ..linalg.linear import LinearSystem
from ..state import History
from .gates import Gates
from .matrices import Matrices
from .options import SchemeOptions
from .own_stages import OwnStages
from .restored import Restored
from .workspace import Workspace

Floats = NDArray[np.float64]

THETA = 1.0 - 1.0 / math.sqrt(2.0)
# so much steeper a source (t/dt - 1/2) g is in the stages: to w = sum b_k U_k it then adds -g dt/12, as to the mean in truth
STEEPER = (1.0 / 12.0) / (0.25 - THETA**2 * (1.0 - THETA) - 0.5 * THETA)
SHARE = {"tr_bdf2": THETA, "crank_nicolson": 0.5, "backward_euler": 1.0}  # of a step: tau of its matrix


def carried_off(system: LinearSystem, graph: Graph, mass: Floats, source: Floats, levels: NDArray[np.uint8]) -> float:
    """sum |tau A s| of a stage's matrix m (1 + tau s) - tau A, on this rank; mass: m, with (1 + tau r) where the matrix has that."""
    rows = (graph.indptr, graph.indices, graph.own_starts, system.own, system.ghost, mass)
    return float(coupling.carried_off(levels, *rows, source))


class HighOrder(Matrices):
    """Fills ``work.w`` with the weighted stages."""

    def __init__(self, species: NodalSpecies, work: Workspace, options: SchemeOptions) -> None:
        super().__init__(species, work, options)
        self.gates = Gates(species)  # walls of vessels are hung onto a species before
        self._turned = False  # whether gates change in the step
        self._settles = False  # whether some sinks of the step empty their nodes
        self._base = np.zeros(self.graph.n_owned if self.own is not None else 0)  # right side of a stage without its own sources
        self.source: Floats | None = None  # what kinetics found: for the stages only, no part of the result
        self.tilt: Floats | None = None  # and g of (t/dt - 1/2) g, for the stages only

    def carry(self, source: Floats, levels: NDArray[np.uint8], dt: float) -> float:
        """As components.mobile.Mobile.carry."""
        share = SHARE[self.options.scheme]
        mass, pull = self.graph.mass, self._pulling
        if pull is not None:
            mass = self.work.scratch
            np.multiply(self.graph.mass[: len(pull.rate)], 1.0 + share * dt * pull.rate, out=mass[: len(pull.rate)])
        return dt / share * carried_off(self.high, self.graph, mass, source, levels)

    def _pull(self, pull: Restored, tau: float, b: Floats) -> None:
        """Add to the right side of the first stage what reactions hold it to: with the weights of the scheme, the mean density."""
        mass, scheme = self.graph.mass, self.options.scheme
        if scheme == "backward_euler":
            restoring.side(mass, pull.rate, pull.mean, tau, b)
        else:
            weight, last = (0.5 * (1.0 - THETA), THETA) if scheme == "tr_bdf2" else (0.5, 0.0)
            restoring.first_side(mass, pull.rate, self.species.state, pull.begin, pull.mean, pull.end, weight, last, tau, b)

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
        last, earlier = history.last, history.before
        known = 1.0 / (last + earlier) if earlier else 0.0  # times (rate - before) the second derivative in time, halved
        stages.guess(s.state, rate, rate_before, reach * dt, (reach * dt + last) * known, x)
        first = None
        if self._law is not None:
            g.halo.update(system.guess)
            first = self._begin(self._law, production, tau, time)
            filled = first is not None
        else:
            filled = self._fill(system, tau, low_order=False)
        if not filled:
            self.high.outcome = "the matrix is not finite"
            return False
        if scheme == "backward_euler":
            stages.implicit_side(g.mass, s.state, production, dt, b)
        elif self._law is None:
            edges.explicit_side(wk.edges, production, wk.sinks, s.state, tau, b)
        if scheme != "backward_euler" and (self.tilt is not None or self._turned):
            self._tilt((reach - 1.0) * tau, b)
            first = None
        pull = self._pulling
        if pull is not None:
            self._pull(pull, tau, b)
        if self._settles:
            stages.settle_emptied(g.mass, wk.sinks, tau, b, x)
            first = None
        self._fix(system, time + reach * dt, tau)
        solved = system.solve(first=first)
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
        if pull is not None:
            restoring.side(g.mass, pull.rate, pull.end, tau, b)
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
