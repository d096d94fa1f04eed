"""What a run reports about its vessels at every output: flux into each and, where it has several parts, flux and count per part."""

from __future__ import annotations

import numpy as np

from ..discretise.problem import Problem
from ..parallel import agreed


def vessel_row(problem: Problem, time: float) -> dict[str, float]:
    """Per vessel and species: the present flux out of the tissue [amount/time] (``VESSEL.flux:SPECIES``); for each of several
    parts, ``VESSEL/PART.flux:SPECIES`` and what has entered there so far, ``VESSEL/PART.entered:SPECIES``. Collective.

    The count of a whole vessel is an account of the species, ``SPECIES.blood:VESSEL``. Integrity stands in the row of membranes.
    """
    if not problem.vessels:
        return {}
    keys: list[str] = []
    values: list[np.ndarray] = []
    with agreed(problem.graph.comm):
        for name, vessel in problem.vessels.items():
            count = len(vessel.part_names)
            for crossing in vessel.crossings:
                if not crossing.static:
                    crossing.evaluate(time)
                species = crossing.law.species
                flux = np.bincount(vessel.part, crossing.flux(problem.species[species].state), minlength=count)
                keys.append(f"{name}.flux:{species}")
                values.append(flux.sum(keepdims=True))
                if count > 1:
                    keys += [f"{name}/{part}.flux:{species}" for part in vessel.part_names]
                    keys += [f"{name}/{part}.entered:{species}" for part in vessel.part_names]
                    values += [flux, np.bincount(vessel.part, crossing.entered, minlength=count)]
    total = problem.graph.comm.allreduce(np.concatenate(values)) if values else []
    return dict(zip(keys, map(float, total), strict=True))
