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
    """The change within a step of what is made of a set of partners. variables: what is kept of the last step, owned nodes only.

    Growth that is divided between transport and kinetics (components.parting) changes hands: it is taken as constant.
    """

    def __init__(self, kinetics: NodalKinetics, state: State, mobiles: Sequence[Mobile | Carried | None]) -> None:
        self.kinetics, self.state = kinetics, state
        n, name = kinetics.graph.n_owned, kinetics.members[0].name

        def kept(what: str) -> Variable:
            return state.follow(Variable(what, np.zeros(n), n, lambda _: None, differs=False))

        self._made = {
            k: kept(f"{s.name}/kinetics/made")
            for k, (s, mobile) in enumerate(zip(kinetics.members, mobiles, strict=True))
            if mobile is not None and k not in kinetics.parts_of_growth and (isinstance(mobile, Carried) or s.law.production)
        }
        self._outer = [(k, kept(f"{name}/kinetics/outer{k}")) for k in kinetics.changing]
        self.variables = [*self._made.values(), *(v for _, v in self._outer)]
        self._known = True  # whether what the last step had is known
        self._before = np.zeros((len(kinetics.outer), n if self._outer else 0))
        self._bends = np.zeros((len(kinetics.held), n if self.variables else 0))
        self._none = np.zeros((len(kinetics.held), 0))
        self._table = kinetics.program.table()

    def see(self, k: int, mobile: Mobile | Carried) -> None:
        """Keep what was made of a member in the transport that has just been."""
        if k in self._made:
            mobile.made(self._made[k].new)

    def find(self, touched: NDArray[np.bool_], dt: float) -> Floats:
        """By how much what is made changes in time (rows, nodes); without nodes where it does not."""
        for k, v in self._outer:
            v.new[:] = self.kinetics.outer[k]
        last = self.state.history.last
        if last == 0.0 or not self.variables or not self._known:
            self._known = True
            return self._none
        ahead = dt / (dt + last)
        self._bends[:] = 0.0
        for k, v in self._made.items():
            kernel.lean(v.new, v.old, ahead, dt, self._bends[k])
        if self._outer:
            self._before[:] = self.kinetics.outer
            for k, v in self._outer:
                self._before[k] = v.old
            given = (self.kinetics.outer, self._before, ahead, self.kinetics.held)
            kernel.foresee(self._table, *given, touched, dt, self._bends)
        return self._bends

    def restore(self, arrays: Mapping[str, Floats]) -> None:
        """Put back what the last step had; earlier versions kept nothing of it."""
        self._known = all(v.array in arrays for v in self.variables)
        for v in self.variables if self._known else ():
            v.new[:] = arrays[v.array]
