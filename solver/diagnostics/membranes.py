"""What a run reports about its membranes at every output: integrity, breach, and how much crosses."""

from __future__ import annotations

import math

import numpy as np
from mpi4py import MPI

from ..discretise.problem import Problem


def membrane_row(problem: Problem) -> dict[str, float]:
    """Per membrane: mean and least integrity, breached area, time of first breach (nan before), and the present flux of
    each species over the whole surface [amount/time], from side 0 to side 1. Collective.

    The mean is over the area that belongs to pairs of nodes (a free rim has none). Cumulative crossings are accounts of
    the species, ``SPECIES.crossed:MEMBRANE``.
    """
    if not problem.integrities:
        return {}
    sums: dict[str, float] = {}
    least: dict[str, float] = {}
    for name, b in problem.integrities.items():
        n = b.sites.n_owned
        sigma, value = b.sites.measure[:n], b.b[:n]
        sums[f"{name}.area"] = float(sigma.sum())
        sums[f"{name}.integrity_mean"] = float(sigma @ value)
        sums[f"{name}.breached_area"] = float(sigma[value < b.breach].sum())
        least[f"{name}.integrity_min"] = float(value.min(initial=np.inf))
        least[f"{name}.first_breach"] = b.first_breach
    for species in problem.species.values():
        for crossing in species.crossings:
            n = crossing.integrity.sites.n_owned
            sums[f"{crossing.membrane}.flux:{species.name}"] = float(crossing.integrity.sites.measure[:n] @ crossing.flux[:n])
    comm = problem.graph.comm
    summed = dict(zip(sums, map(float, comm.allreduce(np.array(list(sums.values())))), strict=True))
    lowest = np.array(list(least.values()))
    comm.Allreduce(MPI.IN_PLACE, lowest, MPI.MIN)
    found = summed | dict(zip(least, map(float, lowest), strict=True))
    row: dict[str, float] = {}
    for name in problem.integrities:
        area = found.pop(f"{name}.area")
        first = found[f"{name}.first_breach"]
        row[f"{name}.integrity_mean"] = found[f"{name}.integrity_mean"] / area
        row[f"{name}.integrity_min"] = found[f"{name}.integrity_min"]
        row[f"{name}.breached_area"] = found[f"{name}.breached_area"]
        row[f"{name}.first_breach"] = first if math.isfinite(first) else math.nan
        row |= {key: value for key, value in found.items() if key.startswith(f"{name}.flux:")}
    return row
