"""The region that cells start in, and how far a place is from its border: what invasion is measured from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..discretise.problem import Problem
from ..scenario.expressions import Number

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Home:
    """mass (n_owned,): the part of m_i inside. distance (n_local, 3): in its first column how far a node outside is from the region's
    nearest node, 0 inside; in the others 0."""

    mass: Floats
    distance: Floats


def homes(problem: Problem, cells: Iterable[str]) -> dict[str, Home]:
    """The home of each of the cells that start in some regions of several and not in all; those that start nowhere have that of the
    others. Collective."""
    inside = problem.region_mass
    starts = {name: _regions(problem, name) for name in cells}
    together = frozenset().union(*starts.values())
    found: dict[frozenset[str], Home] = {}
    for regions in (mine or together for mine in starts.values()):
        if regions and regions < inside.keys() and regions not in found:
            found[regions] = _home(problem, sum((inside[name] for name in sorted(regions)), np.zeros(problem.graph.n_owned)))
    return {name: found[mine or together] for name, mine in starts.items() if (mine or together) in found}


def _regions(problem: Problem, name: str) -> frozenset[str]:
    """The regions that a species' initial values name, without those where they are 0; all, where they hold everywhere."""
    initial = problem.species[name].law.initial
    stated = {region for region, expr in initial.items() if expr != Number(0.0)}
    return frozenset(problem.region_mass) if "" in stated else frozenset(stated)


def _home(problem: Problem, mass: Floats) -> Home:
    from scipy.spatial import cKDTree

    g = problem.graph
    n = g.n_owned
    distance = np.zeros((g.n_local, 3))
    mine = g.points[:n][mass > 0.0]
    every = np.concatenate(g.comm.allgather(mine))
    outside = np.flatnonzero(mass == 0.0)
    if len(every) and len(outside):
        distance[outside, 0] = cKDTree(every).query(g.points[outside])[0]
    column = np.ascontiguousarray(distance[:, 0])
    g.halo.update(column)
    distance[:, 0] = column
    return Home(mass, distance)
