r"""What reactions take back of what transport brings within a step, in the stages of transport.

In these the reactions of a member are a source R that is known from before. Where they are much faster than the step they hold a density
at T/r; but a source that is given holds nothing: what it is wrong by the stages balance by diffusion alone, far and wide, below 0 where
little is, and the limiter corrects what was never so. So they have R - r (U - c), c being the density that R belongs to, and r dc what
the reactions of the node take back for good of what comes (kernels.restoring). Where w is the mean density that the kinetics found, it
adds nothing. The low order has -r c too, and the limiter may count on what reactions bring in all, not only on balance.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.kinetics import NodalKinetics
from ..kernels import restoring as kernel
from ..state import State
from .carried import Carried
from .mobile import Mobile
from .restored import Restored

Floats = NDArray[np.float64]


class Restoring:
    """Of a set of members those that move by themselves (components.transport: ``restorable``), with what their stages know of it."""

    def __init__(self, kinetics: NodalKinetics, state: State, mobiles: Sequence[Mobile | Carried | None]) -> None:
        self.kinetics, self.state = kinetics, state
        n, self.by_member = kinetics.graph.n_owned, {}
        for k, mobile in enumerate(mobiles):
            if isinstance(mobile, Mobile) and mobile.transport.restorable:
                self.by_member[k] = mobile.transport.restored = Restored(n)
        self._rows = np.array(list(self.by_member), dtype=np.int32)
        self._rates = np.zeros((len(self._rows), n))
        for rate, restored in zip(self._rates, self.by_member.values(), strict=True):
            restored.rate = rate
        self._busy = np.zeros((len(self._rows), n), dtype=bool)
        self._means = {k: np.zeros(n) for k in self.by_member}
        self._table = kinetics.program.table()
        self._largest = np.zeros(len(self._rows))
        self._scratch = np.zeros(n if self.by_member else 0)

    def begin(self, dt: float, old: Floats, levels: NDArray[np.uint8], guess: Sequence[Floats]) -> None:
        """Find r for the step, of densities (rows, nodes) as they are at its beginning, where tendencies are known. Collective."""
        if not self.by_member:
            return
        kinetics = self.kinetics
        for k, busy in zip(self.by_member, self._busy, strict=True):
            kernel.mark(levels[k], guess[k], busy)
        args = (self._table, kinetics.outer, kinetics.held, self._rows, old, len(kinetics.members), self._busy, dt, self._rates)
        kernel.rates(*args)
        np.max(self._rates, axis=1, initial=0.0, out=self._largest)
        kinetics.graph.comm.Allreduce(MPI.IN_PLACE, self._largest, MPI.MAX)
        for restored, largest in zip(self.by_member.values(), map(float, self._largest), strict=True):
            restored.acts = largest > 0.0
            restored.number += 1

    def count_on(self, credit: bool) -> None:
        """Whether the limiter may count on all that reactions bring."""
        for restored in self.by_member.values():
            restored.credited = credit

    def rest(self) -> None:
        """Nothing is known yet."""
        for restored in self.by_member.values():
            restored.acts = False

    def as_before(self) -> None:
        """Tendencies are those of the last step: so are the densities that they belong to."""
        last = self.state.history.last
        for k, restored in self.by_member.items():
            if restored.acts:
                v, mean = self.kinetics.members[k].variable, self._means[k]
                kernel.before(v.rate, v.old, last, mean)
                restored.begin = restored.mean = restored.end = mean

    def as_found(self, dt: float, old: Floats, new: Floats, tilt: Floats, levels: NDArray[np.uint8]) -> None:
        """Tendencies are those of the pass before: so are the densities, (rows, nodes)."""
        for k, restored in self.by_member.items():
            if restored.acts:
                kernel.means(levels[k], old[k], new[k], tilt[k], dt, self._means[k])
                restored.begin, restored.mean, restored.end = old[k], self._means[k], new[k]

    def damp(
        self, k: int, old: Floats, new: Floats, tilt: Floats, levels: NDArray[np.uint8], near: NDArray[np.uint8], dt: float, source: Floats
    ) -> None:
        """Take from a source of a member that the stages lacked what its reactions would take back of it; where ``near`` is not 0."""
        restored = self.by_member.get(k)
        if restored is not None and restored.acts:
            kernel.means(levels, old, new, tilt, dt, self._scratch)
            kernel.damp(near, restored.rate, self._scratch, restored.mean, dt, source)

    def lean(self, dt: float, old: Floats, star: Floats, bends: Floats, made: Container[int]) -> Floats:
        """By how much what all but reactions make of members changes in time (rows, nodes) where they are taken back, else ``bends``.

        There it is seen at once how transport changes; it is taken as a line in time through the last two steps, if it goes on as before.
        Only of those that are ``made`` by others than reactions: of what reactions make alone transport is what other errors leave.
        """
        last, before = self.state.history.last, self.state.history.before
        if before == 0.0 or not bends.shape[1]:
            return bends
        for k, restored in self.by_member.items():
            if restored.acts and k in made:
                moved = self.kinetics.moved[k]
                most = 2.0 * (dt + last) / (last + before)
                kernel.lean(restored.rate, old[k], star[k], moved.rate, moved.rate_before, dt / (dt + last), most, dt, bends[k])
        return bends
