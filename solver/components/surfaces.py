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
        self.integrities, self.comm = list(integrities.values()), comm
        self._crossings = [(s.name, crossing) for s in species for crossing in s.crossings]

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Half a step."""
        begin, end = (time, time + 0.5 * dt) if phase is Phase.FIRST else (time + 0.5 * dt, time + dt)
        for b in self.integrities:
            b.advance(begin, end)
        return ""

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
