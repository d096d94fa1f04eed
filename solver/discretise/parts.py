"""The parts of a tissue that only membranes connect, and those of them in which a balance lacks a level."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..errors import SolverError
from .graph import Graph
from .species import NodalSpecies

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOTHING = 1e-14  # of the conductance of an edge in the mean: what fixes a level so weakly fixes none that double precision can tell


def parts(graph: Graph) -> tuple[Ints, int]:
    """(n_local) the part that each node belongs to, numbered by their first nodes, and how many there are. Collective."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n, here = graph.n_owned, graph.stiffness != 0.0
    row_of = np.repeat(np.arange(n), np.diff(graph.indptr))[here]
    links = csr_array((np.ones(len(row_of)), (row_of, graph.indices[here])), shape=(graph.n_local,) * 2)
    count, mine = connected_components(links, directed=False)
    first = np.concatenate([np.arange(graph.first, graph.first + n), graph.ghosts]).astype(float)
    while True:
        least = np.full(count, np.inf)
        np.minimum.at(least, mine, first)
        before, first = first, least[mine]
        graph.halo.update(first)
        if not graph.comm.allreduce(bool((before != first).any()), MPI.LOR):
            break
    every = np.unique(np.concatenate(graph.comm.allgather(np.unique(first[:n]))))
    return np.searchsorted(every, first).astype(np.int64), len(every)


class Levels:
    """Whether something fixes the level of a quasi-steady species in each part of the tissue."""

    def __init__(self, species: NodalSpecies, regions: Mapping[str, Floats]) -> None:
        self.species, self._regions = species, regions
        self._part, self._count = parts(species.graph)
        s, n = species, species.graph.n_owned
        held = np.bincount(self._part[:n], s.fixed[:n], self._count)
        self._held = np.asarray(s.graph.comm.allreduce(held)) > 0.0

    def check(self, time: float, sinks: Floats, edges: Floats) -> None:
        """Raise SolverError, on all ranks, for a part in which nothing removes the species. Collective.

        sinks (n_local): as in the balance, those of boundaries and walls included; edges (nnz): its conductances u; membranes have theirs.
        """
        from scipy.sparse.csgraph import connected_components

        g, n, count = self.species.graph, self.species.graph.n_owned, self._count
        if self._held.all():
            return
        taken = np.bincount(self._part[:n], g.mass[:n] * sinks[:n], count)
        scale = np.array([float(np.abs(edges).sum()), float(len(edges))])
        joined = np.zeros((count, count))
        for crossing in self.species.crossings:
            sites = crossing.integrity.sites
            i, j = self._part[sites.nodes[: sites.n_owned]].T
            np.add.at(joined, (i, j), crossing.conductance[: sites.n_owned])
        sums = g.comm.allreduce(np.concatenate([taken, scale, joined.ravel()]))
        if not np.isfinite(sums).all():
            return  # the balance has failed, and says so
        taken, scale, joined = sums[:count], sums[count : count + 2], sums[count + 2 :].reshape(count, count)
        least = NOTHING * scale[0] / max(scale[1], 1.0)
        groups, group = connected_components(joined > least, directed=False)
        fixed = np.bincount(group, self._held | (taken > least), groups)[group] > 0.0
        if not fixed.all():
            self._refuse(time, np.flatnonzero(~fixed)[0], group)

    def _refuse(self, time: float, part: int, group: NDArray[np.int32]) -> None:
        s, g, n = self.species, self.species.graph, self.species.graph.n_owned
        inside = (group == group[part])[self._part[:n]]
        amounts = g.comm.allreduce(np.array([mass[inside].sum() for mass in self._regions.values()]))
        names = [name for name, amount in zip(self._regions, amounts, strict=True) if amount > 0.0]
        corners = g.comm.allgather(min(map(tuple, np.round(g.points[:n][inside], 12).tolist()), default=(np.inf,) * 3))
        corner = ", ".join(f"{x:g}" for x in min(corners))
        where = "" if (group == group[part]).all() else f" from the part of the tissue at ({corner}) in {' and '.join(names)}"
        when = s.evaluator.moment.times.said(time)
        raise SolverError(
            f"at {when} it is quasi-steady, but nothing removes it{where}: its level there is not determined",
            code="no-balance",
            place=f"species {s.name}",
            remedy="give it a loss there, an 'exchange' or 'fixed' condition, an exchange with a vessel, or a membrane that lets it pass "
            "(`follows_integrity: false`); or `quasi_steady: false`",
        )
