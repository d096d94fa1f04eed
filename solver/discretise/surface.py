"""The membranes as a surface of their own: facets with integrity and fluxes at their corners, for output."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...meshes.cut import pairs_at_facets
from ...meshes.domain import Domain
from ..output.layout import Grid
from .halo import Halo
from .problem import Problem

Floats = NDArray[np.float64]


def grid_of_facets(
    problem: Problem, dim: int, numbers: NDArray[np.int64], total: int, points: Floats, regions: NDArray[np.int32], names: tuple[str, ...]
) -> Grid:
    """Facets as a grid of their own. Each has corners of its own: corner j of facet k has the number k dim + j.

    numbers (f,): those of this rank's facets, of ``total`` in all; points (f dim, 3): their corners; regions (f,): indices into names.
    """
    corners = numbers[:, None] * dim + np.arange(dim)
    return Grid(
        comm=problem.graph.comm,
        dim=dim - 1,
        n_nodes=total * dim,
        n_cells=total,
        nodes=corners.reshape(-1),
        points=points,
        numbers=lambda: numbers,
        corners=lambda some: corners[some],
        cell_region=regions,
        regions=names,
        digest=problem.grid.digest,
    )


class Surface:
    """All membranes of a problem.

    ``grid``: the facets (points in 1-D, lines in 2-D, triangles in 3-D), each on one rank; its regions are the membranes.
    ``names``: integrity, and flux_SPECIES for every species that passes somewhere. Building it is collective.
    """

    def __init__(self, problem: Problem, domain: Domain) -> None:
        self.problem = problem
        self._barriers = {m.name: problem.integrities[m.name] for m in problem.model.membranes}
        comm, dim = problem.graph.comm, domain.dim
        self._halos: list[Halo] = []
        self._corners: list[NDArray[np.int64]] = []  # where the value of each corner stands in owned sites and copies; -1 at a rim
        self._values: list[Floats] = []
        numbers, points, regions = [], [], []
        first = 0
        mesh = domain.mesh
        for k, (name, b) in enumerate(self._barriers.items()):
            membrane, sites = domain.membranes[name], b.sites
            at = pairs_at_facets(membrane)
            rim = at < 0
            position = sites.positions(np.append(membrane.pair_numbers, 0)[at][~rim])
            start = int(comm.exscan(sites.n_owned) or 0)
            mine = (position >= start) & (position < start + sites.n_owned)
            ghosts = np.unique(position[~mine])
            corners = np.full(at.shape, -1, dtype=np.int64)
            corners[~rim] = np.where(mine, position - start, sites.n_owned + np.searchsorted(ghosts, position))
            self._halos.append(Halo(comm, sites.n_owned, ghosts))
            self._corners.append(corners)
            self._values.append(np.zeros(sites.n_owned + len(ghosts)))
            numbers.append(first + membrane.facet_numbers)
            points.append(mesh.points[mesh.local(membrane.facets[:, 0])].reshape(-1, 3))
            regions.append(np.full(len(corners), k, dtype=np.int32))
            first += membrane.n_facets
        passing = {c.law.species for s in problem.species.values() for c in s.crossings}
        self.names = ("integrity", *(f"flux_{name}" for name in problem.species if name in passing))
        numbered = np.concatenate(numbers).astype(np.int64)
        self.grid = grid_of_facets(problem, dim, numbered, first, np.concatenate(points), np.concatenate(regions), tuple(self._barriers))

    def fields(self) -> dict[str, Floats]:
        """The values now, at the corners of this rank's facets. Collective."""
        found = {"integrity": self._gather({name: b.b for name, b in self._barriers.items()}, mean=True)}
        for name in self.names[1:]:
            species = self.problem.species[name.removeprefix("flux_")]
            found[name] = self._gather({c.membrane: c.flux for c in species.crossings}, mean=False)
        return found

    def free(self) -> None:
        """Release the exchange of values between ranks."""
        for halo in self._halos:
            halo.free()

    def _gather(self, values: dict[str, Floats], mean: bool) -> Floats:
        """Values of sites at the corners; at a free rim, which has no site, the mean of the facet's other corners or 0."""
        parts = []
        for name, halo, corners, buffer in zip(self._barriers, self._halos, self._corners, self._values, strict=True):
            n = halo.n_owned
            buffer[:] = 0.0
            if name in values:
                buffer[:n] = values[name][:n]
            halo.update(buffer)
            rim = corners < 0
            part = np.where(rim, 0.0, np.append(buffer, 0.0)[corners])
            if mean:
                others = (~rim).sum(axis=1, keepdims=True)
                part = np.where(rim, np.where(others > 0, part.sum(axis=1, keepdims=True) / np.maximum(others, 1), 1.0), part)
            parts.append(part.reshape(-1))
        return np.concatenate(parts)
