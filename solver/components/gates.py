r"""Boundaries and walls whose rates change within a step, where they turn a density over.

How P - s c changes with time alone stands in the stages as a source linear in time, (t/dt - 1/2) g with

    g = P_end - P_begin - (s_end - s_begin) c_mid

so that what is fast beside fast transport is where it should be at the end, the tissue as a whole. What else their rates read is frozen at
mid-step, and followed to the end like in the tissue (`stages.follow`): c + r [ (P - s c)_end - (P - s c)_foreseen ].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..accounts import Page
from ..discretise.boundaries import Condition
from ..discretise.species import NodalSpecies
from ..discretise.wall_flux import WallCrossing
from .boundaries import boundary_sources

Floats = NDArray[np.float64]


class Gates:
    """Those of one species; they keep what their P and s were at mid-step."""

    def __init__(self, species: NodalSpecies) -> None:
        self.species = species
        ways: list[Condition | WallCrossing] = [*species.walls, *(c for c in species.conditions if c.law.kind in ("exchange", "outflow"))]
        turning = any(not c.is_static for c in species.conditions if c.law.kind in ("influx", "exchange"))
        self._any = turning or any(not w.static for w in species.walls)
        self._gates = [Gate(way) for way in ways] if self._any else []
        n = species.graph.n_owned if self._any else 0
        self._production, self._sinks = np.zeros(n), np.zeros(n)  # of all boundaries and walls, at mid-step
        self._mine = np.zeros((2, species.graph.n_local if self._any else 0))
        self._foreseen = np.zeros((2, n))  # P and s at the end, with fields as at mid-step
        self.change = np.zeros(n)  # g
        self._before = np.zeros(n)
        graph = species.graph
        self.changes: list[
            tuple[str, NDArray[np.int64], Floats]
        ] = []  # of the last `book`: account, nodes, by how much less has left there
        self.share = np.ones(graph.n_owned)  # of what changes at each node that is followed
        self._nodes = np.unique(np.concatenate([gate.nodes for gate in self._gates])) if self._gates else np.empty(0, dtype=np.int64)
        self._nodes = self._nodes[self._nodes < graph.n_owned]
        starts = np.cumsum(graph.n_own_columns) - graph.n_own_columns
        self._diagonal = (starts + graph.diagonal - graph.indptr[:-1])[self._nodes]  # in the values of a matrix

    def __bool__(self) -> bool:
        """Whether there are any, on all ranks alike."""
        return self._any

    def foresee(self, begin: float, end: float, density: Floats) -> None:
        """Find how P - s c changes in the step by time alone; density (n_local): c at mid-step. Collective."""
        made, taken = self._at(begin)
        self.change[:] = taken * density[: len(taken)] - made
        made, taken = self._at(end)
        self.change += made - taken * density[: len(taken)]
        self._foreseen[0], self._foreseen[1] = made, taken

    def keep(self) -> float:
        """Remember P and s as they are at mid-step; the largest s here."""
        production, sinks = self._sources()
        self._production[:], self._sinks[:] = production, sinks
        for gate in self._gates:
            gate.keep()
        return float(sinks.max(initial=0.0))

    def add_middle(self, production: Floats, sinks: Floats) -> None:
        """Add P and s that the stages have had for the end of the step to those of the tissue (n_owned)."""
        production += self._foreseen[0]
        sinks += self._foreseen[1]

    def find_share(self, sinks: Floats, tau: float, matrix: Floats) -> None:
        """Find how much of the change is followed; sinks (n_owned): all of mid-step; matrix: values of diag(m (1 + tau s)) - tau A."""
        at = self._nodes
        turned = tau * sinks[at]
        left = np.maximum(1.0, matrix[self._diagonal] / self.species.graph.mass[at] - turned)  # 1 + tau d
        self.share[at] = 1.0 / (1.0 + np.divide(left, turned, out=np.full(len(at), np.inf), where=turned > 0.0) ** 4)

    def add_end(self, time: float, production: Floats, sinks: Floats) -> None:
        """Evaluate the rates at the end of the step, with all fields as they are shown, and add P and s. Collective."""
        made, taken = self._at(time)
        production[: len(made)] += made
        sinks[: len(taken)] += taken

    def _at(self, time: float) -> tuple[Floats, Floats]:
        self.species.boundary_values(time, time, fixed=False)
        self.species.wall_values(time, time)
        return self._sources()

    def _sources(self) -> tuple[Floats, Floats]:
        production, sinks = self._mine
        production[:] = 0.0
        sinks[:] = 0.0
        boundary_sources(self.species, production, sinks)
        n = len(self._production)
        return production[:n], sinks[:n]

    def begin(self) -> None:
        """Remember the density that is to be followed."""
        self._before[:] = self.species.state[: len(self._before)]

    def book(self, sinks: Floats, page: Page) -> tuple[float, float]:
        """Book what changed since `begin`; sinks (n_owned) are all of mid-step. What is born and dead of it in the tissue.

        What comes in is that of mid-step, which is of second order: the change is what all sinks there have taken less, by their shares.
        """
        n = len(self._before)
        change = self.species.graph.mass[:n] * (self.species.state[:n] - self._before)
        rest = change.copy()
        self.changes = [(gate.account, gate.nodes, gate.book(change, sinks, page)) for gate in self._gates]
        for _, nodes, share in self.changes:
            np.subtract.at(rest, nodes, share)
        return float(rest.sum(where=rest > 0.0)), -float(rest.sum(where=rest < 0.0))


class Gate:
    """One boundary condition or one wall through which the species leaves; arrays over its places."""

    def __init__(self, law: Condition | WallCrossing) -> None:
        self._law, self.nodes = law, law.nodes
        self._sinks = np.zeros(len(law.nodes))
        self.account = law.account if isinstance(law, WallCrossing) else f"outflow:{law.boundary}"

    def keep(self) -> None:
        """Remember s as it is at mid-step."""
        law = self._law
        self._sinks[:] = law.specific_rate() if isinstance(law, WallCrossing) else law.specific_surface * law.rate

    def book(self, change: Floats, sinks: Floats, page: Page) -> Floats:
        """Book its share of a change (n_owned) that all sinks there share; that share at its places."""
        law, total = self._law, sinks[self._law.nodes]
        share = np.divide(self._sinks, total, out=np.zeros(len(total)), where=total > 0.0) * change[law.nodes]
        if isinstance(law, WallCrossing):
            law.flow -= share
        page.add(self.account, -float(share.sum()))
        return share
