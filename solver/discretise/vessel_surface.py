"""The walls of vessels as surfaces, for output: facets of the mesh, and networks as lines in 2-D, as thin tubes in 3-D."""

from __future__ import annotations

import json
import math

import numpy as np
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ...meshes.network import Network
from ..output.layout import Grid
from ..parallel import Comm
from .lines import normals
from .problem import Problem
from .vessels import NodalVessel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIDES = 8  # of a tube
FEWER, MANY = 3, 500  # sides of each where there are many segments


class VesselSurface:
    """All vessels of a problem.

    ``grid``: points in 1-D, lines in 2-D, triangles in 3-D, each on one rank; its regions are the vessels.
    ``names``: integrity, radius (0 for a wall of the mesh), torn, and entered_SPECIES [amount/area] so far; ``still``: those that do
    not change in time. Collective.
    """

    def __init__(self, problem: Problem, domain: Domain) -> None:
        self.problem, comm, dim = problem, problem.graph.comm, domain.dim
        self._at: list[Ints] = []  # for each vessel and point: the site, or the segment of a network
        self._kept: dict[str, Floats] = {}  # what never changes
        places: list[Floats] = []
        points, cells, corners, regions, radii = [], [], [], [], []
        n_points = n_cells = 0
        for k, vessel in enumerate(problem.vessels.values()):
            if isinstance(vessel.surface, Network):
                drawn = _tubes(vessel.surface, dim) if comm.rank == 0 else (np.empty((0, dim)), _none(0, dim), _none(0))
                place, facets, at = drawn
                more = comm.bcast((len(place), len(facets)))
                numbers: Ints = np.arange(len(facets), dtype=np.int64)
                mine: Ints = np.arange(len(place), dtype=np.int64)
                radii.append(vessel.surface.radius[at])
            else:
                at = _sites_at(vessel, comm, problem.grid.nodes, *vessel.surface)
                numbers, count = _numbered(comm, *vessel.surface)
                facets, more = numbers[:, None] * dim + np.arange(dim), (count * dim, count)
                place, mine = _places(domain, vessel.surface[0], dim).reshape(-1, dim), facets.reshape(-1)
                radii.append(np.zeros(at.size))
            self._at.append(at)
            places.append(place)
            points.append(n_points + mine)
            cells.append(n_cells + numbers)
            corners.append(n_points + facets)
            regions.append(np.full(len(facets), k, dtype=np.int32))
            n_points, n_cells = n_points + more[0], n_cells + more[1]
        at_nodes = np.zeros((sum(map(len, places)), 3))
        at_nodes[:, :dim] = np.concatenate(places)
        self._radius = np.concatenate(radii)
        crossing = dict.fromkeys(c.law.species for v in problem.vessels.values() for c in v.crossings)
        self._species = list(crossing)
        self.names = ("integrity", "radius", "torn", *(f"entered_{name}" for name in crossing))
        walled = any(v.integrity is not None for v in problem.vessels.values())
        self.still = ("radius", "torn") if walled else ("integrity", "radius", "torn")
        whole, whole_cells = np.concatenate(corners), np.concatenate(cells)
        self.grid = Grid(
            comm=comm,
            dim=dim - 1,
            n_nodes=n_points,
            n_cells=n_cells,
            nodes=np.concatenate(points),
            points=at_nodes,
            numbers=lambda: whole_cells,
            corners=lambda some: whole[some],
            cell_region=np.concatenate(regions),
            regions=tuple(problem.vessels),
            digest=problem.grid.digest,
        )

    @property
    def repetitive(self) -> bool:
        """Whether most numbers stand there several times, once for each point of a segment, so that packing them pays."""
        return self.grid.dim == 2 and any(
            isinstance(v.surface, Network) and len(v.surface.radius) >= MANY for v in self.problem.vessels.values()
        )

    def parts(self) -> dict[str, dict[str, NDArray[np.generic]]]:
        """What each vessel of several parts has of them: names (JSON as bytes), and area."""
        several = {name: v for name, v in self.problem.vessels.items() if len(v.part_names) > 1}
        texts = {name: np.frombuffer(json.dumps(v.part_names).encode(), dtype=np.uint8) for name, v in several.items()}
        return {name: {"names": texts[name], "area": v.area} for name, v in several.items()}

    def by_part(self) -> dict[str, Floats]:
        """Of each part, VESSEL/flux_SPECIES and VESSEL/entered_SPECIES: the present flux out of the tissue [amount/time], and the amount
        that has entered so far, the same on every rank. Collective; rates are those of the last row."""
        keys, values = [], []
        for name, vessel in self.problem.vessels.items():
            count = len(vessel.part_names)
            for crossing in vessel.crossings if count > 1 else ():
                species = crossing.law.species
                keys += [f"{name}/flux_{species}", f"{name}/entered_{species}"]
                values.append(np.bincount(vessel.part, crossing.flux(self.problem.species[species].state), minlength=count))
                values.append(np.bincount(vessel.part, crossing.entered, minlength=count))
        if not keys:
            return {}
        total = self.problem.graph.comm.allreduce(np.concatenate(values))
        return dict(zip(keys, np.split(total, np.cumsum([len(v) for v in values])[:-1]), strict=True))

    def fields(self) -> dict[str, Floats]:
        """The values now, at this rank's points. Collective."""
        vessels = list(self.problem.vessels.values())
        if not self._kept:
            self._kept["radius"] = self._radius
            self._kept["torn"] = self._gather([v.torn * v.sites.measure for v in vessels])
        found = dict(self._kept)
        found["integrity"] = self._gather([1.0 if v.integrity is None else v.integrity.b * v.sites.measure for v in vessels])
        for name in self._species:
            found[f"entered_{name}"] = self._gather([next((c.entered for c in v.crossings if c.law.species == name), 0.0) for v in vessels])
        return {name: found[name] for name in self.names}

    def _gather(self, amounts: list[Floats | float]) -> Floats:
        """Amounts at the sites of each vessel as values per area at the points; a number stands for that value everywhere."""
        parts = []
        for vessel, at, amount in zip(self.problem.vessels.values(), self._at, amounts, strict=True):
            if isinstance(amount, float):
                parts.append(np.full(at.size, amount))
                continue
            network = isinstance(vessel.surface, Network)
            key = vessel.segment if network else vessel.sites.numbers
            count = len(vessel.surface.radius) if isinstance(vessel.surface, Network) else vessel.sites.total
            both = np.stack([np.bincount(key, x, minlength=count) for x in (amount, vessel.sites.measure)])
            total, area = self.problem.graph.comm.allreduce(both)
            parts.append((total / area)[at])
        return np.concatenate(parts)


def _tubes(network: Network, dim: int) -> tuple[Floats, Ints, Ints]:
    """What every segment is drawn as: itself in 2-D, a tube in 3-D.

    Points (p, dim), the facets (f, dim) between them, and the segment of each point. The points of a segment are its own, and each of
    them is one corner of several of its facets.
    """
    ends = network.points[network.segments]
    count = len(ends)
    if dim == 2:
        return ends.reshape(-1, 2), np.arange(2 * count, dtype=np.int64).reshape(-1, 2), np.repeat(np.arange(count), 2)
    sides = SIDES if count < MANY else FEWER
    along = ends[:, 1] - ends[:, 0]
    first, second = normals(along / np.linalg.norm(along, axis=1)[:, None])
    turn = 2.0 * math.pi * np.arange(sides) / sides
    arm = np.cos(turn)[None, :, None] * first[:, None] + np.sin(turn)[None, :, None] * second[:, None]
    rings = ends[:, :, None] + (network.radius[:, None, None] * arm)[:, None]
    low = np.arange(sides)
    high, after = low + sides, (low + 1) % sides
    triangles = np.concatenate([np.stack([low, after, after + sides], axis=1), np.stack([low, after + sides, high], axis=1)])
    facets = 2 * sides * np.arange(count, dtype=np.int64)[:, None, None] + triangles
    return rings.reshape(-1, 3), facets.reshape(-1, 3), np.repeat(np.arange(count), 2 * sides)


def _none(*shape: int) -> Ints:
    return np.empty(shape, dtype=np.int64)


def _sites_at(vessel: NodalVessel, comm: Comm, canonical: Ints, facets: Ints, part: Ints) -> Ints:
    """The number of the site at each corner of this rank's facets, one after the other."""
    size = len(vessel.part_names)
    mine = canonical[vessel.sites.nodes[:, 0]] * size + vessel.segment
    keys = np.concatenate(comm.allgather(mine))
    numbers = np.concatenate(comm.allgather(vessel.sites.numbers))
    order = np.argsort(keys)
    wanted = (facets * size + part[:, None]).reshape(-1)
    return np.asarray(numbers[order][np.searchsorted(keys[order], wanted)])


def _numbered(comm: Comm, facets: Ints, part: Ints) -> tuple[Ints, int]:
    """Numbers of this rank's facets that no partition changes, and how many there are: ascending by part and nodes."""
    rows = np.concatenate([part[:, None], np.sort(facets, axis=1)], axis=1)
    every = np.concatenate(comm.allgather(rows))
    _, inverse = np.unique(every, axis=0, return_inverse=True)
    start = int(comm.exscan(len(rows)) or 0)
    return inverse.reshape(-1)[start : start + len(rows)], len(every)


def _places(domain: Domain, facets: Ints, dim: int) -> Floats:
    return domain.mesh.points[domain.mesh.local(facets), :dim]
