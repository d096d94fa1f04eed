"""Integrity of membranes and of the walls of vessels in time, and how much crosses the membranes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..accounts import Accounts
from ..discretise.integrity import Integrity
from ..discretise.species import NodalSpecies
from .protocol import Component, Phase

Floats = NDArray[np.float64]


class Surfaces(Component):
    """All that have an integrity, in halves before and after what moves; nothing of it has an amount."""

    name = "integrity"
    phases = frozenset({Phase.FIRST, Phase.SECOND})

    def __init__(self, integrities: Mapping[str, Integrity], species: Iterable[NodalSpecies], comm: MPI.Intracomm) -> None:
        self.integrities, self.comm, every = list(integrities.values()), comm, list(species)
        self._crossings = [(s.name, crossing) for s in every for crossing in s.crossings]
        switching = {name for s in every for t in s.law.transfers for name in (s.name, t.into)}
        self._whole = {s.name for s in every if s.law.mobile and not s.law.quasi_steady and s.name not in switching}  # done in one step
        used = frozenset().union(*(b.uses for b in self.integrities))
        self._used = [(s, np.zeros(s.graph.n_local)) for s in every if s.name in used]
        self._half = [np.zeros(b.sites.n) for b in self.integrities]
        self._ahead, self._time = False, 0.0  # whether b is that of the end; where the step began

    def predict(self, phase: Phase, dt: float) -> None:
        """For the second look b as it will be at the end of the step; as it is again for the second half."""
        if phase is Phase.END:
            self._remember()
            self._show_end(dt)
            for b, half in zip(self.integrities, self._half, strict=True):
                half[:] = b.b
                if b.repaired:
                    b.follow(self._time + dt, dt)
                else:
                    b.advance(self._time + 0.5 * dt, self._time + dt)
            self._show_again()
        elif phase is Phase.SECOND and self._ahead:
            for b, half in zip(self.integrities, self._half, strict=True):
                b.b[:] = half
        self._ahead = phase is Phase.END

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Half a step, rates at its middle; or, where b is repaired and so follows the species, from the beginning of the step to the end
        of this half, with rates of both."""
        first = phase is Phase.FIRST
        self._time = time
        followed = [b for b in self.integrities if b.repaired]
        for b in self.integrities:
            if not b.repaired:
                b.advance(*((time, time + 0.5 * dt) if first else (time + 0.5 * dt, time + dt)))
        if not followed:
            return ""
        self._remember()
        if first:
            self._show_start()
            for b in followed:
                b.begin(time)
            self._show_middle(dt)
        else:
            self._show_end(dt)
        h = 0.5 * dt if first else dt
        for b in followed:
            b.follow(time + h, h)
        self._show_again()
        return ""

    def _remember(self) -> None:
        for s, shown in self._used:
            shown[:] = s.variable.mid

    def _show_again(self) -> None:
        for s, shown in self._used:
            s.variable.mid[:] = shown

    def _show_start(self) -> None:
        for s, _ in self._used:
            s.variable.show(s.variable.old)

    def _show_middle(self, dt: float) -> None:
        for s, _ in self._used:
            if s.law.mobile or s.law.carried is not None:
                s.variable.predict(0.5 * dt)
            else:
                s.variable.show()

    def _show_end(self, dt: float) -> None:
        for s, _ in self._used:
            if s.name in self._whole:
                s.variable.show()
            else:
                s.variable.predict(dt)

    def accept(self, time: float, dt: float) -> None:
        """Note first breaches."""
        for b in self.integrities:
            b.note_breach(time, dt)

    def numbers(self) -> Mapping[str, Any]:
        """When each was first breached, on any rank. Collective."""
        return {f"first_breach/{b.name}": float(self.comm.allreduce(b.first_breach, MPI.MIN)) for b in self.integrities}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put the times of first breaches back."""
        for b in self.integrities:
            b.recall(numbers[f"first_breach/{b.name}"])

    def row(self, time: float) -> Mapping[str, float]:
        """Mean and least integrity, breached area, time of first breach (nan before), and the present flux of each species over
        the whole surface [amount/time], from side 0 to side 1. Collective.

        The mean is over the area that belongs to pairs of nodes (a free rim has none). Cumulative crossings are accounts of
        the species, ``SPECIES.crossed:MEMBRANE``.
        """
        sums: dict[str, float] = {}
        least: dict[str, float] = {}
        for b in self.integrities:
            mine, lows = b.row()
            sums |= {f"{b.name}.{key}": value for key, value in mine.items()}
            least |= {f"{b.name}.{key}": value for key, value in lows.items()}
        for species, crossing in self._crossings:
            n = crossing.integrity.sites.n_owned
            sums[f"{crossing.membrane}.flux:{species}"] = float(crossing.integrity.sites.measure[:n] @ crossing.flux[:n])
        summed = dict(zip(sums, map(float, self.comm.allreduce(np.array(list(sums.values())))), strict=True))
        lowest = np.array(list(least.values()))
        self.comm.Allreduce(MPI.IN_PLACE, lowest, MPI.MIN)
        found = summed | dict(zip(least, map(float, lowest), strict=True))
        row: dict[str, float] = {}
        for name in (b.name for b in self.integrities):
            first = found[f"{name}.first_breach"]
            row[f"{name}.integrity_mean"] = found[f"{name}.integrity_mean"] / found[f"{name}.area"]
            row[f"{name}.integrity_min"] = found[f"{name}.integrity_min"]
            row[f"{name}.breached_area"] = found[f"{name}.breached_area"]
            row[f"{name}.first_breach"] = first if math.isfinite(first) else math.nan
            row |= {key: value for key, value in found.items() if key.startswith(f"{name}.flux:")}
        return row
