"""How what is made of partners from outside, whatever there is of them, changes within a step, by what it was in the last.

Kinetics take it as it is at mid-step. Where it is used up at once, what is there at the end of a step would be that of its middle: late
by half a step, an error of first order, for which steps would have to be as short as if the source were fast. So it is a line in
time through the values of the last two steps; what is made in all of the step stays what it is. What multiplies densities in the rates
is taken at mid-step: its mean over a step is exact for what decays at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..discretise.kinetics import NodalKinetics
from ..kernels import kinetics as kernel
from ..state import State, Variable
from .carried import Carried
from .mobile import Mobile

Floats = NDArray[np.float64]


class Trend:
    """The change within a step of what is made of a set of partners. made: by member, that of the last step, owned nodes only.

    Growth that is divided between transport and kinetics (components.parting) changes hands: it is taken as constant.
    """

    def __init__(self, kinetics: NodalKinetics, state: State, mobiles: Sequence[Mobile | Carried | None]) -> None:
        self.kinetics, self.state = kinetics, state
        n = kinetics.graph.n_owned
        self.made: dict[int, Variable] = {}
        for k, (s, mobile) in enumerate(zip(kinetics.members, mobiles, strict=True)):
            brought = isinstance(mobile, Carried) or (isinstance(mobile, Mobile) and bool(s.law.production))
            if k not in kinetics.parts_of_growth and (brought or k in kinetics.write_made):
                made = Variable(f"{s.name}/kinetics/made", np.zeros(n), n, lambda _: None, differs=False)
                self.made[k] = state.follow(made)
        self._mobiles = mobiles
        self._known = True  # whether what the last step had is known
        self._bends = np.zeros((len(kinetics.held), n if self.made else 0))
        self._none = np.zeros((len(kinetics.held), 0))
        self._scratch = np.zeros(kinetics.graph.n_local if self.made else 0)

    def see(self, k: int) -> None:
        """Keep what is made of a member, whose transport, if it moves, has just been."""
        if k in self.made:
            made, mobile, write = self.made[k].new, self._mobiles[k], self.kinetics.write_made.get(k)
            made[:] = 0.0
            if mobile is not None:
                mobile.made(made)
            if write is not None:
                write(self._scratch)
                made += self._scratch[: len(made)]

    def find(self, dt: float) -> Floats:
        """By how much what is made changes in time (rows, nodes); without nodes where it does not."""
        last = self.state.history.last
        if last == 0.0 or not self.made or not self._known:
            self._known = True
            return self._none
        for k, v in self.made.items():
            kernel.lean(v.new, v.old, dt / (dt + last), dt, self._bends[k])
        return self._bends

    def restore(self, arrays: Mapping[str, Floats]) -> None:
        """Put back what the last step had; earlier versions kept nothing of it."""
        self._known = all(v.array in arrays for v in self.made.values())
        for v in self.made.values() if self._known else ():
            v.new[:] = arrays[v.array]
