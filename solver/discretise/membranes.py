"""Membranes on the graph: the pairs of nodes on their two sides, and how each species crosses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import crossings
from ..kernels.bounds import Shares
from ..kernels.edges import EdgeLaw, Edges
from ..model.balance import Membrane, Passage
from ..parallel import Comm
from ..scenario.tree import names
from .evaluate import number
from .graph import Graph
from .integrity import Integrity
from .passage_rate import PassageRate
from .site_values import Known
from .sites import Sites, build_sites

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_BARRIER = 1e6  # times D/h: a membrane more permeable than this is no barrier, and the flux form would lose digits


@dataclass
class Crossing:
    """The passage of one species through one membrane.

    rate [length/time]: kappa of the open membrane where it is one number; 1 where it is ``varying``.
    entries (s, 2): positions in the graph of a_ii' and a_i'i, -1 where the row is another rank's. limit (s,): the
    largest conductance. flux (s,) [amount/area/time]: from side 0 to side 1, of the last step, at the owned sites.
    """

    law: Passage
    integrity: Integrity
    entries: Ints
    rate: float
    exponent: float
    reference: float
    varying: PassageRate | None  # instead of ``rate``, where it is a formula
    diffusivity: Floats | None  # nodal, where the motility differs between regions
    capped: bool = False  # whether the limit matters anywhere
    limit: Floats = field(init=False)
    conductance: Floats = field(init=False)
    flux: Floats = field(init=False)

    def __post_init__(self) -> None:
        n = self.integrity.sites.n
        self.limit, self.conductance, self.flux = np.full(n, np.inf), np.zeros(n), np.zeros(n)
        self._opening, self._part = np.ones(n), np.ones(n)

    @property
    def membrane(self) -> str:
        return self.integrity.name

    @property
    def static(self) -> bool:
        """Whether the conductance never changes."""
        settled = self.varying is None or self.varying.static
        return settled and self.law.kind == "linear" and (self.integrity.static or not self.law.follows_integrity)

    def insert(self, e: EdgeLaw, density: Floats, a: Floats, v: Floats) -> None:
        """Add the pairs to the weights of the edges; ``density`` is the species' own, at all local nodes."""
        sites = self.integrity.sites
        if self.law.follows_integrity:
            self.integrity.opening(self._opening)
        if self.varying is not None:
            np.multiply(self._opening if self.law.follows_integrity else 1.0, self.varying.values, out=self._opening)
        if self.law.kind == "pressure":
            numbers = (self.exponent, self.reference)
            crossings.pressure(sites.measure, self._opening, self.rate, self.limit, sites.nodes, density, *numbers, self.conductance)
        else:
            crossings.linear(sites.measure, self._opening, self.rate, self.limit, self.conductance)
        crossings.insert(self.entries, self.conductance, a)
        if self.law.taxis:
            spread = e.motility if self.diffusivity is None else self.diffusivity
            crossings.insert_drift(e, sites.nodes, self.entries, self.conductance, spread, v)

    def note_part(self, a: Floats) -> None:
        """Note this membrane's part of each pair, once all membranes are inserted."""
        crossings.parts(self.entries, self.conductance, a, self.integrity.sites.n_owned, self._part)

    def measure(self, e: Edges, w: Floats, low: Floats, shares: Shares, limited: bool, bounded: bool) -> float:
        """Fill ``flux`` with what a step applied; returns this rank's part of the whole flux [amount/time]."""
        s = self.integrity.sites
        flows = (s.measure, w, low, shares, limited, bounded, s.n_owned)
        return float(crossings.crossing(e, s.nodes, self.entries, self._part, *flows, self.flux))

    def passed(self, flux: Floats) -> float:
        """This rank's part of what passes from side 0 to side 1, of fluxes into the rows' nodes (nnz)."""
        n = self.integrity.sites.n_owned
        return -float((flux[self.entries[:n, 0]] * self._part[:n]).sum())


class Numbering:
    """From canonical to global node numbers, for the nodes of membranes, on any rank. Building it is collective.

    canonical (n_owned,): canonical numbers of the owned nodes; first: the global number of the first of them.
    """

    def __init__(self, comm: Comm, canonical: Ints, first: int, pairs: list[Ints]) -> None:
        wanted = np.unique(np.concatenate([p.ravel() for p in pairs])) if pairs else np.empty(0, dtype=np.int64)
        mine = np.flatnonzero(np.isin(canonical, wanted))
        parts = comm.allgather((canonical[mine], first + mine))
        listed, numbers = (np.concatenate([part[k] for part in parts]) for k in range(2))
        order = np.argsort(listed)
        self._canonical, self._numbers = listed[order], numbers[order]

    def __call__(self, canonical: Ints) -> Ints:
        """Global numbers of nodes on membranes."""
        return np.asarray(self._numbers[np.searchsorted(self._canonical, canonical)], dtype=np.int64)


@dataclass(frozen=True)
class Pairs:
    """The pairs of one membrane that have a node owned here: numbers (p,), global node numbers (p, 2), sigma (p,)."""

    numbers: Ints
    nodes: Ints
    sigma: Floats
    total: int


def local_pairs(comm: Comm, canonical: Ints, first: int, membranes: Mapping[str, Any]) -> dict[str, Pairs]:
    """The pairs of each membrane of a domain that have an owned node on this rank. Collective."""
    if not membranes:
        return {}
    number = Numbering(comm, canonical, first, [m.pairs for m in membranes.values()])
    found = {}
    for name, m in membranes.items():
        nodes = number(m.pairs)
        here = ((nodes >= first) & (nodes < first + len(canonical))).any(axis=1)
        found[name] = Pairs(m.pair_numbers[here], nodes[here], m.sigma[here], m.n_pairs)
    return found


def pair_sites(graph: Graph, pairs: Pairs) -> Sites:
    """The pairs as sites; a pair belongs to the rank of its node on side 0. Collective."""
    nodes = graph.local_numbers(pairs.nodes)
    owned = nodes[:, 0] < graph.n_owned
    return build_sites(graph.comm, pairs.numbers, owned, pairs.total, nodes, graph.points[nodes[:, 0]], pairs.sigma)


def crossings_of(
    species: str, membranes: Iterable[Membrane], integrities: Mapping[str, Integrity], graph: Graph, known: Known,
    diffusivity: Floats | None,
) -> list[Crossing]:  # fmt: skip
    """How a species crosses the membranes; rates that are formulas are still to be evaluated. Collective."""
    found = []
    for membrane in membranes:
        for law in membrane.passages:
            if law.species != species:
                continue
            integrity = integrities[membrane.name]
            i, j = integrity.sites.nodes.T
            entries = np.stack([graph.entries(i, j), graph.entries(j, i)], axis=1)
            exponent, reference = (number(expr, known.parameters) for expr in (law.exponent, law.reference))
            plain = names(law.rate) <= set(known.parameters)
            varying = None if plain else PassageRate(species, law.rate, integrity, known)
            rate = number(law.rate, known.parameters) if plain else 1.0
            found.append(Crossing(law, integrity, entries, rate, exponent, reference, varying, diffusivity))
    return found


def cap(crossing: Crossing, graph: Graph, weight: Floats, motility: float) -> None:
    """Limit the conductance of a crossing to 1e6 D/h. Collective.

    weight (nnz): K^D of the species, of which |K_ii| is about sigma/h; motility: its largest D so far, on any rank.
    """
    diagonal = graph.extended(np.abs(weight[graph.diagonal]))
    sites = crossing.integrity.sites
    reach = NO_BARRIER * motility * diagonal[sites.nodes].max(axis=1, initial=0.0)
    crossing.limit[:] = np.where(reach > 0.0, reach, np.inf)
    rate = crossing.rate if crossing.varying is None else crossing.varying.values
    over = bool((sites.measure * rate > crossing.limit).any())
    crossing.capped = graph.comm.allreduce(over, MPI.LOR)
