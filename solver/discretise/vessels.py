"""Vessels on a mesh: their walls as sites with weights, what passes them, and where they are torn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ...meshes.facets import facet_measures
from ...meshes.names import check_names
from ...meshes.network import Network
from ..errors import MeshError, ScenarioError
from ..model.balance import Vessel
from ..parallel import Comm, agreed
from .evaluate import Evaluator
from .graph import Graph
from .integrity import Integrity
from .lines import Contributions, spread
from .site_values import Known
from .sites import Sites, build_sites
from .wall_flux import WallCrossing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class NodalVessel:
    """A vessel on the graph: sites, each a node and a segment of the wall, all owned.

    segment (s,), part (s,): of each site; part_names: boundaries, interfaces, regions or named segments.
    area: of the wall, by part, of the whole vessel. torn (s,). series (s,): R ln(r_e/R) of lines, else 0.
    surface: this rank's facets (F, dim) in canonical node numbers with their parts (F,); or the whole network.
    """

    law: Vessel
    sites: Sites
    segment: Ints
    part: Ints
    part_names: tuple[str, ...]
    area: Floats
    torn: NDArray[np.bool_]
    series: Floats
    surface: tuple[Ints, Ints] | Network
    shown: tuple[int, ...] = ()  # parts that have columns of their own
    integrity: Integrity | None = None
    crossings: list[WallCrossing] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.law.name


def build_vessel(law: Vessel, domain: Domain, graph: Graph, canonical: Ints, known: Known, network: Network | None) -> NodalVessel:
    """A vessel's wall on the mesh; ``canonical`` (n_owned,): numbers of the owned nodes. Collective.

    Raises MeshError and ScenarioError, on all ranks, for names that are not there and for vessels outside the tissue.
    """
    surface: tuple[Ints, Ints] | Network
    if network is not None:
        surface, names, types = network, network.names, network.types
        shares = spread(law.name, network, domain.mesh)
    else:
        kind = "interface" if law.place == "interface" else "boundary"
        with agreed(graph.comm):
            check_names(domain, kind, law.parts)  # type: ignore[arg-type]
        names, types = law.parts, ("",) * len(law.parts)
        surface, shares = _facets(law, domain)
    part_names = tuple(dict.fromkeys(names))
    part_of = np.array([part_names.index(name) for name in names], dtype=np.int64)
    with agreed(graph.comm):
        _refuse_unknown_parts(law, part_names, types)
    number, total, mine = _merged(graph.comm, shares, canonical)
    if not total:
        raise MeshError(
            f"{law.place} {', '.join(law.parts)} has no facets, so there is no wall",
            code="no-wall",
            place=f"{domain.source or 'mesh'}: vessel {law.name}",
            remedy="name a place that has some",
        )
    area: Floats = np.bincount(part_of[mine.segment], mine.area, minlength=len(part_names)).astype(float)
    area = graph.comm.allreduce(area)
    place = np.zeros((len(number), 3))
    place[:, : mine.place.shape[1]] = mine.place
    order = np.argsort(canonical, kind="stable")
    local = order[np.searchsorted(canonical[order], mine.node)] if len(canonical) else np.empty(0, dtype=np.int64)
    sites = build_sites(graph.comm, number, np.ones(len(number), dtype=bool), total, local[:, None], place, mine.area)
    torn = np.array([names[s] in law.torn_parts or (bool(types[s]) and types[s] in law.torn_parts) for s in mine.segment], dtype=bool)
    if law.ruptured is not None:
        truth = np.zeros(len(number))
        Evaluator(place, {}, known.parameters, places=known.at(local)).compile(law.ruptured)(truth)
        torn |= truth != 0.0
    return NodalVessel(law, sites, mine.segment, part_of[mine.segment], part_names, area, torn, mine.series, surface)


def _facets(law: Vessel, domain: Domain) -> tuple[tuple[Ints, Ints], Contributions]:
    """This rank's facets of a wall; an interface that the mesh is not cut along is a wall on both of its sides."""
    mesh, dim = domain.mesh, domain.dim
    named = domain.interfaces if law.place == "interface" else domain.boundaries
    rows: list[Ints] = [np.empty((0, dim), dtype=np.int64)]
    part: list[Ints] = [np.empty(0, dtype=np.int64)]
    weight: list[Floats] = [np.empty(0)]
    for k, name in enumerate(law.parts):
        found = named[name].nodes[named[name].mine]
        sides = 2.0 if law.place == "interface" and name not in domain.membranes else 1.0
        rows.append(found)
        part.append(np.full(len(found), k))
        weight.append(np.full(len(found), sides))
    local, parts = np.concatenate(rows), np.concatenate(part)
    facets, points = mesh.nodes[local], mesh.points[:, :dim]
    share = np.concatenate(weight) * facet_measures(points, local) / dim
    shares = Contributions(
        node=facets.ravel(),
        segment=np.repeat(parts, dim),
        point=np.repeat(facets.min(axis=1, initial=np.iinfo(np.int64).max), dim),
        area=np.repeat(share, dim),
        place=points[local.ravel()].reshape(-1, dim),
        series=np.zeros(facets.size),
    )
    return (facets, parts), shares


def _merged(comm: Comm, shares: Contributions, canonical: Ints) -> tuple[Ints, int, Contributions]:
    """One entry per node and segment: its number in the whole vessel, how many there are, and the entries at owned nodes.

    Shares are added in an order that no partition changes.
    """
    every = Contributions(*(np.concatenate(comm.allgather(getattr(shares, key))) for key in Contributions.__dataclass_fields__))
    order = np.lexsort((every.area, every.point, every.segment, every.node))
    node, segment = every.node[order], every.segment[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (node[1:] != node[:-1]) | (segment[1:] != segment[:-1])
    start = np.flatnonzero(new)
    weight = every.area[order]
    area = np.add.reduceat(weight, start) if len(start) else np.empty(0)
    place = np.add.reduceat(weight[:, None] * every.place[order], start) if len(start) else np.empty((0, every.place.shape[1]))
    series = np.add.reduceat(weight * every.series[order], start) if len(start) else np.empty(0)
    mine = np.flatnonzero(np.isin(node[start], canonical) & (area > 0.0))
    merged = Contributions(
        node=node[start][mine],
        segment=segment[start][mine],
        point=mine,
        area=area[mine],
        place=place[mine] / area[mine, None],
        series=series[mine] / area[mine],
    )
    # weights that are exactly 0 (a point on a face) leave no gaps in the numbers
    number = np.cumsum(area > 0.0) - 1
    return number[mine].astype(np.int64), int((area > 0.0).sum()), merged


def _refuse_unknown_parts(law: Vessel, names: tuple[str, ...], types: tuple[str, ...]) -> None:
    known = list(dict.fromkeys([*names, *(t for t in types if t)]))
    for name in law.torn_parts:
        if name not in known:
            listed = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise ScenarioError(
                f"the {law.place} has no part {name!r}", code="no-part", place=f"vessel {law.name}: ruptured", remedy=f"it has: {listed}"
            )
