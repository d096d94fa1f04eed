r"""What the multigrid of a balance is made of: its matrix at an earlier time, for as long as that is cheaper than a new one.

A balance changes little in a step, and to set multigrid up costs as much as some ten of its iterations. It is made anew when the iterations
spent besides those it needed when it was new have cost as much. Fluxes that never change differ in the diagonal alone: the sinks that
it was made with are what a checkpoint holds, so that a resumed run has the same bits. Where fluxes change it is made anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..discretise.species import NodalSpecies
from ..kernels import edges
from ..linalg.linear import LinearSystem
from .workspace import Workspace

Floats = NDArray[np.float64]

WORTH = 12.0  # iterations that a new multigrid is worth
TOLD = 1.0  # orders of magnitude that a residual must fall for its iterations to tell how good the multigrid is


class Kept:
    """The matrix that the multigrid of one quasi-steady species is made of. Methods that may set it up are collective.

    sinks (n_local): those it was made with.
    """

    def __init__(self, species: NodalSpecies, system: LinearSystem, work: Workspace) -> None:
        self.species, self.system, self.work = species, system, work
        self._values = system.precondition_apart() if species.static_fluxes else None
        self._sinks = np.zeros(species.graph.n_local if self._values else 0)
        self.made = 0  # how often one was set up
        self._known = False  # whether the sinks are those of a multigrid, set up or still to be
        self._ready = False
        self._new = 0.0  # iterations per order of magnitude when it was new; 0: not known yet
        self._spent = 0.0  # iterations besides

    def solve(self, how: Callable[[], bool]) -> bool:
        """Solve the system, whose matrix is that of the workspace's edges and sinks, by ``how``; with a new multigrid where one is due."""
        if self._values is None:
            return how()
        old = self._known
        if not self._ready:
            self._make(self._known)
        solved = self._noted(how)
        if not solved and old:
            self.system.x[:] = 0.0
            self._make(False)
            solved = self._noted(how)
        if self._spent > WORTH:
            self._ready = self._known = False
        return solved

    def _noted(self, how: Callable[[], bool]) -> bool:
        solved = how()
        if self.system.fallen >= TOLD:
            if self._new:
                self._spent += max(0.0, self.system.taken - self._new * self.system.fallen)
            else:
                self._new = self.system.taken / self.system.fallen
        return solved

    def _make(self, known: bool) -> None:
        s, g, wk = self.species, self.species.graph, self.work
        assert self._values is not None
        if not known:
            self._sinks[: g.n_owned] = wk.sinks[: g.n_owned]
            self._new = self._spent = 0.0
        target = edges.double_only(self._values.own, self._values.ghost)
        edges.fill(wk.edges, g.diagonal, g.n_own_columns, self._sinks, s.fixed, 0.0, 1.0, False, target, edges.NOT_KEPT)
        self._values.changed()
        self._ready = self._known = True
        self.made += 1

    @property
    def arrays(self) -> Mapping[str, Floats]:
        """The sinks at owned nodes."""
        return {self._name: self._sinks[: self.species.graph.n_owned]} if self._values is not None else {}

    @property
    def numbers(self) -> Mapping[str, Any]:
        """How good it was when it was new, and what it has cost besides; whether it stays."""
        return {self._name: [self._new, self._spent, float(self._known)]} if self._values is not None else {}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Go on with the multigrid of an earlier part of the run, if there was one."""
        if self._values is not None and self._name in arrays and self._name in numbers:
            self._sinks[: self.species.graph.n_owned] = arrays[self._name]
            self._new, self._spent, known = numbers[self._name]
            self._known, self._ready = bool(known), False

    @property
    def _name(self) -> str:
        return f"{self.species.name}/multigrid"
