"""What has passed the walls of vessels, site by site; the species that pass book it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..discretise.species import NodalSpecies
from ..discretise.vessels import NodalVessel
from ..output.layout import Rows
from ..parallel import agreed
from .protocol import Component

Floats = NDArray[np.float64]


class Walls(Component):
    """The walls of all vessels."""

    name = "walls of vessels"

    def __init__(self, vessels: Mapping[str, NodalVessel], species: Mapping[str, NodalSpecies], comm: MPI.Intracomm) -> None:
        self.vessels, self.species, self.comm = vessels, species, comm
        self._keys: dict[tuple[str, str], list[str]] = {}  # of the columns of a vessel and a species: thousands, always the same

    def accept(self, time: float, dt: float) -> None:
        """Add up what has passed."""
        for vessel in self.vessels.values():
            for crossing in vessel.crossings:
                crossing.accept()

    def tables(self) -> Mapping[str, Rows]:
        """One per vessel."""
        return {f"walls/{name}/": Rows(vessel.sites.numbers, vessel.sites.total) for name, vessel in self.vessels.items()}

    def arrays(self) -> Mapping[str, Floats]:
        """What has entered at each site."""
        return {f"walls/{name}/{c.law.species}": c.entered for name, vessel in self.vessels.items() for c in vessel.crossings}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put back what has entered."""
        for name, mine in self.arrays().items():
            mine[:] = arrays[name]

    def row(self, time: float) -> Mapping[str, float]:
        """Per vessel and species: the present flux out of the tissue [amount/time] (``VESSEL.flux:SPECIES``); for each part
        that is shown, ``VESSEL/PART.flux:SPECIES`` and what has entered there so far, ``VESSEL/PART.entered:SPECIES``. Collective.

        The count of a whole vessel is an account of the species, ``SPECIES.blood:VESSEL``. Integrity stands in the row of membranes.
        """
        keys: list[str] = []
        values: list[np.ndarray] = []
        with agreed(self.comm):
            for name, vessel in self.vessels.items():
                count = len(vessel.part_names)
                for crossing in vessel.crossings:
                    if not crossing.static:
                        crossing.evaluate(time, time)
                    species = crossing.law.species
                    flux = np.bincount(vessel.part, crossing.flux(self.species[species].state), minlength=count)
                    keys += self._columns(name, species)
                    values.append(flux.sum(keepdims=True))
                    if vessel.shown:
                        shown, entered = list(vessel.shown), np.bincount(vessel.part, crossing.entered, minlength=count)
                        values += [flux[shown], entered[shown]]
        if not values:
            return {}
        total: Floats = self.comm.allreduce(np.concatenate(values))
        return dict(zip(keys, map(float, total), strict=True))

    def _columns(self, name: str, species: str) -> list[str]:
        """Of the whole vessel, then of its parts that are shown, which are chosen before the first row."""
        if (name, species) not in self._keys:
            parts = [f"{name}/{self.vessels[name].part_names[k]}" for k in self.vessels[name].shown]
            several = [f"{part}.{what}:{species}" for what in ("flux", "entered") for part in parts]
            self._keys[name, species] = [f"{name}.flux:{species}", *several]
        return self._keys[name, species]
