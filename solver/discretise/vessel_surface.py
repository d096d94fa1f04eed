"""The walls of vessels as surfaces, for output: facets of the mesh, and networks as lines in 2-D, as thin tubes in 3-D."""

from __future__ import annotations

import json
import math

import numpy as np
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ...meshes.network import Network
from ..parallel import Comm
from .lines import normals
from .problem import Problem
from .surface import grid_of_facets
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
        self._at: list[Ints] = []  # for each vessel and corner: the site, or the segment of a network
        points, numbers, regions, radii = [], [], [], []
        first = 0
        for k, vessel in enumerate(problem.vessels.values()):
            if isinstance(vessel.surface, Network):
                mine, segment = _tubes(vessel.surface, dim) if comm.rank == 0 else (np.empty((0, dim, dim)), np.empty(0, dtype=np.int64))
                at, count = np.repeat(segment, dim), int(comm.bcast(len(mine)))
                number: Ints = np.arange(len(mine), dtype=np.int64)
                radii.append(vessel.surface.radius[at])
            else:
                facets, part = vessel.surface
                at = _sites_at(vessel, comm, problem.grid.nodes, facets, part)
                number, count = _numbered(comm, facets, part)
                mine = _places(domain, facets, dim)
                radii.append(np.zeros(at.size))
            self._at.append(at)
            points.append(mine.reshape(-1, dim))
            numbers.append(first + number)
            regions.append(np.full(len(mine), k, dtype=np.int32))
            first += count
        numbered = np.concatenate(numbers).astype(np.int64)
        place = np.zeros((len(numbered) * dim, 3))
        place[:, :dim] = np.concatenate(points)
        self._radius = np.concatenate(radii)
        self._kept: dict[str, Floats] = {}  # what never changes
        crossing = dict.fromkeys(c.law.species for v in problem.vessels.values() for c in v.crossings)
        self._species = list(crossing)
        self.names = ("integrity", "radius", "torn", *(f"entered_{name}" for name in crossing))
        walled = any(v.integrity is not None for v in problem.vessels.values())
        self.still = ("radius", "torn") if walled else ("integrity", "radius", "torn")
        self.grid = grid_of_facets(problem, dim, numbered, first, place, np.concatenate(regions), tuple(problem.vessels))

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
        """The values now, at the corners of this rank's facets. Collective."""
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
        """Amounts at the sites of each vessel as values per area at the corners; a number stands for that value everywhere."""
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


def _tubes(network: Network, dim: int) -> tuple[Floats, Ints]:
    """Facets (f, dim, dim) around every segment, and the segment of each: the segment itself in 2-D, a tube in 3-D."""
    ends = network.points[network.segments]
    if dim == 2:
        return ends, np.arange(len(ends))
    sides = SIDES if len(ends) < MANY else FEWER
    along = ends[:, 1] - ends[:, 0]
    first, second = normals(along / np.linalg.norm(along, axis=1)[:, None])
    turn = 2.0 * math.pi * np.arange(sides + 1) / sides
    arm = np.cos(turn)[None, :, None] * first[:, None] + np.sin(turn)[None, :, None] * second[:, None]
    rings = ends[:, :, None] + (network.radius[:, None, None] * arm)[:, None]
    low, high = rings[:, 0], rings[:, 1]
    triangles = [np.stack([low[:, :-1], low[:, 1:], high[:, 1:]], axis=2), np.stack([low[:, :-1], high[:, 1:], high[:, :-1]], axis=2)]
    return np.concatenate(triangles, axis=1).reshape(-1, 3, 3), np.repeat(np.arange(len(ends)), 2 * sides)


def _sites_at(vessel: NodalVessel, comm: Comm, canonical: Ints, facets: Ints, part: Ints) -> Ints:
    """The number of the site at each corner of this rank's facets."""
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
    geometry = domain.mesh.geometry
    original = np.asarray(geometry.input_global_indices, dtype=np.int64)
    order = np.argsort(original)
    return np.asarray(geometry.x[order[np.searchsorted(original[order], facets)] if len(original) else facets, :dim])
