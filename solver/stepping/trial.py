r"""How good a step is: what its outcome is compared with, over all variables of the state alike.

    predicted   the outcome against its quadratic extrapolation from the last two steps: no extra work
    halves      the outcome against that of two steps of half the size, and a last look at what the rates are when these end

For a scheme of second order, whose error in a step is C dt^3, the step differs from its two halves by 3/4 of that. A last look is a short
step that ends where the step does, from where the rates of the two halves say that the state was: what begins late in a step is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import stages
from ..state import State

Floats = NDArray[np.float64]

GLANCE = 1.0 / 32.0  # the last look, of the step
WEIGHT = 4.0  # of what it finds
HALVES = 4.0 / 3.0  # error of a step of second order by its distance from two halves


class Missed(NamedTuple):
    """Norms of an attempt of a step, over each variable that is compared: roots of sums of weights times squares; the same on all ranks.

    size: of the outcome, or of 1 where errors are relative to 1. predicted, halves: estimated errors; None where not looked at.
    """

    names: list[str]
    size: Floats
    predicted: Floats | None
    halves: Floats | None


def _none(time: float, dt: float) -> bool:
    return False


class Trial:
    """Two steps of half the size and a last look, of which nothing stays but what an attempt is then compared with.

    go(time, dt): a step from the state as it is, by all phases; False where it fails. Collective, as all methods are.
    """

    def __init__(self, state: State, go: Callable[[float, float], bool], comm: MPI.Intracomm) -> None:
        self.state, self.comm, self._go = state, comm, go
        # a scalar is the same on all ranks, and counts once
        self._compared = [(v, w, 0 if comm.rank and v in state.scalars.values() else v.n_owned) for v, w in state.compared()]
        place = {id(v): k for k, (v, _, _) in enumerate(self._compared)}
        # what counts as a share of another is a part of that one's error: it foretells what the other's halves have measured
        self._parts = [(k, place[id(v.share_of)]) for k, (v, _, _) in enumerate(self._compared) if id(v.share_of) in place]
        parts = {k for k, _ in self._parts}
        self._own = np.array([k for k in range(len(self._compared)) if k not in parts], dtype=int)
        self.names = [self._compared[k][0].array for k in self._own]
        self._ends: list[Floats] = []
        self._late = np.zeros(len(self._compared))
        self.made = False  # whether the attempt to come is to be compared with halves

    def free(self) -> None:
        """Let go of the steps: whoever makes them has this too, and with it all arrays, until Python looks for circles."""
        self._go = _none

    def make(self, time: float, dt: float) -> bool:
        """Make the halves of the step that is attempted next; False where one fails. Everything is put back."""
        h = 0.5 * dt
        self._ends = self._ends or [np.zeros_like(v.new) for v, _, _ in self._compared]
        self.state.set_out()
        self.made = self._halves(time, h) and self._look(time + dt, h, GLANCE * dt)
        self.state.return_()
        return self.made

    def _halves(self, time: float, h: float) -> bool:
        if not self._go(time, h):
            return False
        self.state.proceed(h)
        return self._go(time + h, h)

    def _look(self, time: float, h: float, short: float) -> bool:
        """Keep where the halves have come to, and by how far a short step misses it that begins where they are thought to have been."""
        for (v, _, _), end in zip(self._compared, self._ends, strict=True):
            end[:] = v.new
        self.state.step_back(h, short)
        if not self._go(time - short, short):
            return False
        for k, ((v, w, n), end) in enumerate(zip(self._compared, self._ends, strict=True)):
            self._late[k] = WEIGHT**2 * stages.distance(w, v.new, end, n) if v.foreseen else 0.0
        return True

    def missed(self, dt: float) -> Missed:
        """What the attempt of this size misses. One reduction."""
        state, made, self.made = self.state, self.made, False
        last, before = state.history.last, state.history.before
        bend = state.bend(dt) if before else 0.0
        sums = np.zeros((4, len(self._compared)))
        for k, (v, w, n) in enumerate(self._compared):
            sums[0, k] = float(w[:n].sum()) if v.unit else stages.size(w, (v.share_of or v).new, n)
            if before and v.foreseen:
                sums[1, k] = stages.surprise(w, v.new, v.old, v.rate, v.rate_before, dt, bend, n)
            if made:
                sums[2, k] = stages.distance(w, v.new, self._ends[k], n)
                sums[3, k] = self._late[k]
        size, predicted, apart, late = np.sqrt(self.comm.allreduce(sums))
        for part, whole in self._parts:
            for errors in (predicted, apart, late):
                errors[whole] = max(errors[whole], errors[part])
        size, predicted, apart, late = (found[self._own] for found in (size, predicted, apart, late))
        # the extrapolation misses c_ttt dt (dt + dt1) (dt + dt1 + dt2)/6; the error of a step is taken as c_ttt dt^3/12
        factor = 0.5 * dt * dt / ((dt + last) * (dt + last + before))
        return Missed(self.names, size, factor * predicted if before else None, np.maximum(HALVES * apart, late) if made else None)
