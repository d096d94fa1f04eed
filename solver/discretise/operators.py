"""What a mesh alone determines: forms, graph, numbering, masses. Made once, and used by every problem on the mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ..model.balance import Model
from ..output.layout import Grid
from .forms import Forms
from .graph import Graph, Stencil, build_graph, conducting
from .lattice_graph import LatticeForms, lattice_graph
from .membranes import local_pairs, pair_sites
from .sites import Sites

Floats = NDArray[np.float64]


class Operators:
    """Integrals and numberings on one domain. Building it is collective; what is asked for by name is made once, collectively.

    graph: with the nodes of the mesh; which edges it has is of no account. region_mass: region -> (n_owned,) the part of m_i that
    lies in the region.
    """

    def __init__(self, domain: Domain) -> None:
        self.domain, self.comm = domain, domain.mesh.comm
        self.forms = Forms(domain.mesh)
        mesh = domain.mesh
        self._pairs = local_pairs(self.comm, mesh.nodes[: mesh.n_owned], mesh.first, domain.membranes)
        self._links = np.concatenate([p.nodes for p in self._pairs.values()]) if self._pairs else None
        self._whole: Graph | None = None  # with all edges; let go where few are enough
        self._conducting: tuple[Graph, Stencil | None] | None = None
        if mesh.boxes is None:
            self.graph = self._whole = build_graph(self.forms, self.comm, self._links)
        else:
            self._conducting = lattice_graph(mesh, mesh.boxes, self.comm)
            self.graph = self._conducting[0]
        self.region_mass = _region_mass(domain, self.forms, self.graph)
        self.grid = _grid(domain, self.graph)
        self._boundary_mass: dict[str, Floats] = {}
        self._boundary_gradient: dict[str, Floats] = {}
        self._sites: dict[str, Sites] = {}

    def graph_of(self, model: Model) -> tuple[Graph, Stencil | None]:
        """The edges that the fluxes of a model run along, and the others. Collective the first time, and if they are others than last time.

        Along fibres, edges conduct that do not otherwise; what drifts out of a boundary is a gradient of all nodes of its cells.
        """
        if any(s.fibres is not None or any(b.kind == "outflow" for b in s.boundaries.values()) for s in model.species):
            return self._all_edges(), None
        if self._conducting is None:
            self._conducting = conducting(self._all_edges(), self.forms)
        if self._conducting[1] is not None and self._whole is not None:
            self._whole, self.graph = None, self._conducting[0]  # more than half of what the other holds is of no use
        return self._conducting

    def _all_edges(self) -> Graph:
        """The graph of the whole mesh. Collective where it was let go."""
        if self._whole is None:
            found = build_graph(self.forms, self.comm, self._links, self.graph.halo)
            self._whole = replace(found, mass=self.graph.mass, points=self.graph.points)
        return self._whole

    def boundary_mass(self, name: str) -> Floats:
        """sigma_i = int over a boundary of phi_i, for the owned nodes. Collective the first time, as the two below."""
        if name not in self._boundary_mass:
            self._boundary_mass[name] = self.forms.boundary_mass(self.domain.boundaries[name])
        return self._boundary_mass[name]

    def boundary_gradient(self, name: str) -> Floats:
        """B_ij = int over a boundary of phi_i grad phi_j . n, on the graph (nnz)."""
        if name not in self._boundary_gradient:
            self._boundary_gradient[name] = self._all_edges().values_of(self.forms.boundary_gradient(self.domain.boundaries[name]))
        return self._boundary_gradient[name]

    def sites(self, membrane: str) -> Sites:
        """The pairs of nodes of a membrane."""
        if membrane not in self._sites:
            self._sites[membrane] = pair_sites(self.graph, self._pairs[membrane])
        return self._sites[membrane]

    def free(self) -> None:
        """Release the exchanges of ghost values; nothing on this mesh can be advanced afterwards."""
        for halo in (self.graph.halo, *(sites.halo for sites in self._sites.values())):
            halo.free()


def _region_mass(domain: Domain, forms: Forms, graph: Graph) -> dict[str, Floats]:
    """The part of m_i in each region, which is all of it where there is one."""
    if len(domain.regions) == 1:
        return {domain.regions[0]: graph.mass[: graph.n_owned]}
    boxes = domain.mesh.boxes
    if boxes is None:
        return dict(zip(domain.regions, forms.mass_in(domain.cell_region, len(domain.regions)), strict=True))
    mass = LatticeForms(domain.mesh, boxes).mass
    return {name: mass((domain.cell_region == k).astype(float)) for k, name in enumerate(domain.regions)}


def _grid(domain: Domain, graph: Graph) -> Grid:
    """This rank's owned nodes and cells in canonical numbering."""
    mesh = domain.mesh
    return Grid(
        comm=graph.comm,
        dim=domain.dim,
        n_nodes=mesh.n_nodes,
        n_cells=mesh.n_cells,
        nodes=mesh.nodes[: mesh.n_owned],
        points=graph.points[: graph.n_owned],
        numbers=lambda: mesh.numbers[: mesh.n_owned_cells],
        corners=mesh.corners,
        cell_region=domain.cell_region[: mesh.n_owned_cells],
        regions=domain.regions,
        digest=lambda: domain.hash,
        listed=domain.listed,
    )
