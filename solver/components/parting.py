"""Growth of reacting species: a part of transport where that holds it in balance, of kinetics where reactions do.

Growth that reactions take away at once, a <-> b at 2000 while a grows at 50, is slow as a whole; left to transport, with what
reactions take as a source, it would run away within any step longer than 1/50. Growth that flows off to a wall would run away at a
node. So after each step every node chooses (kernels.parting). The next step takes growth where it was put, and what is known of the
tendencies of both is corrected by as much: what is extrapolated from one step to the next sees nothing of a choice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..discretise.kinetics import NodalKinetics
from ..kernels import parting
from ..state import State

Floats = NDArray[np.float64]


class Parting:
    """What members of a set choose. parts: which part of their growth is left to transport, at the nodes."""

    def __init__(self, kinetics: NodalKinetics, state: State) -> None:
        self.kinetics = kinetics
        self.parts = [state.follow(v) for v in kinetics.parts_of_growth.values()]
        self.members = list(kinetics.parts_of_growth)
        self._rows = np.array(self.members, dtype=np.int32)
        n, k = kinetics.graph.n_owned, len(self.members)
        self._with, self._without = np.zeros_like(kinetics.outer), np.zeros_like(kinetics.outer)
        self._density = np.zeros((len(kinetics.members), n))
        self._part, self._carried, self._brought = (np.zeros((k, n)) for _ in range(3))
        self._table = kinetics.program.table()
        self.decided = False  # whether a step has been

    def choose(self, dt: float, known: bool) -> list[tuple[int, Floats]]:
        """Choose anew for steps of about this size: by member by how much more growth transport has then, if anything changes here.

        known: whether the state is that of the end of a step, so that it is known what transport made of it. Collective.
        """
        kinetics, n = self.kinetics, self.kinetics.graph.n_owned
        for s, row in zip(kinetics.members, self._density, strict=True):
            row[:] = s.state[:n]
        for r, (k, v) in enumerate(zip(self.members, self.parts, strict=True)):
            moved = kinetics.moved[k]
            self._part[r] = v.new[:n]
            self._carried[r] = (moved.new[:n] - moved.old[:n]) / dt if known else 0.0
        for value, outer in ((0.0, self._with), (1.0, self._without)):
            for v in self.parts:
                v.new[:] = value
            kinetics.evaluate(outer)
        tendencies = (self._density, self._carried, dt, self._part, self._brought)
        changed = parting.divide(self._table, self._with, self._without, kinetics.held, self._rows, *tendencies)
        for v, part in zip(self.parts, self._part, strict=True):
            v.new[:n] = part
            v.update_copies()
        return list(zip(self.members, self._brought, strict=True)) if changed else []
