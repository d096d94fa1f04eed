"""A model on a domain: the graph, the species on it and everything that is computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..model.balance import Model, Species
from ..output.layout import Grid
from ..parallel import agreed
from .boundaries import Condition, build_condition
from .evaluate import Evaluator
from .fibres import edge_weight
from .forms import Forms
from .graph import Graph, build_graph
from .species import NodalSpecies, carried_logarithms, logarithm_of

Floats = NDArray[np.float64]


@dataclass
class Problem:
    """Everything the time loop works on. ``fields`` maps species to the arrays that expressions read.

    region_mass: region -> (n_owned,) the part of m_i that lies in the region.
    """

    model: Model
    graph: Graph
    grid: Grid
    species: dict[str, NodalSpecies]
    fields: Mapping[str, Floats]
    region_mass: dict[str, Floats]
    evaluator: Evaluator
    dim: int

    @property
    def mobile(self) -> list[NodalSpecies]:
        """The species that move and have a time derivative, in the order in which they are advanced."""
        return [s for s in self.species.values() if s.law.mobile and not s.law.quasi_steady]

    @property
    def steady(self) -> list[NodalSpecies]:
        """The species that are in balance at all times."""
        return [s for s in self.species.values() if s.law.quasi_steady]

    @property
    def immobile(self) -> list[NodalSpecies]:
        """The species that stay where they are."""
        return [s for s in self.species.values() if not s.law.mobile and not s.law.quasi_steady]


def discretise(model: Model, domain: Any, start: float = 0.0) -> Problem:
    """Put a model on a domain, with its densities at the start time. Collective.

    Raises ScenarioError, on all ranks, for names that the mesh does not have and for negative densities.
    """
    comm = domain.mesh.comm
    _check_names(model, domain)
    forms = Forms(domain.mesh)
    graph = build_graph(forms, comm)
    regions = {name: forms.mass((domain.cell_region == k).astype(float)) for k, name in enumerate(domain.regions)}
    fields = {s.name: np.zeros(graph.n_local) for s in model.species}
    fields |= {logarithm_of(name): np.zeros(graph.n_local) for name in sorted(carried_logarithms(model))}
    evaluator = Evaluator(graph.points, fields, model.values())
    evaluator.time[0] = start
    wanted = sorted({name for s in model.species for name in s.boundaries})
    sigma = {name: forms.boundary_mass(domain.boundaries[name]) for name in wanted}
    outflow = sorted({n for s in model.species for n, b in s.boundaries.items() if b.kind == "outflow"})
    gradients = {name: graph.values_of(forms.boundary_gradient(domain.boundaries[name])) for name in outflow}
    species = {}
    for law in model.species:
        taken: NDArray[np.bool_] = np.zeros(graph.n_owned, dtype=bool)
        conditions = []
        for name, boundary in law.boundaries.items():
            matrix = gradients[name] if boundary.kind == "outflow" else None
            weight = np.where(taken, 0.0, sigma[name]) if boundary.kind == "fixed" else sigma[name]
            condition = build_condition(graph, name, law.name, boundary, weight, matrix, model.values())
            if boundary.kind == "fixed":  # a node on two fixed boundaries obeys the first one named
                taken[condition.nodes] = True
            conditions.append(condition)
        _evaluate(comm, conditions, start)
        species[law.name] = NodalSpecies(
            law=law,
            graph=graph,
            evaluator=evaluator,
            fields=fields,
            state=_initial(law, graph, evaluator, regions),
            weight=edge_weight(law, graph, forms, domain, model.values()),
            conditions=conditions,
            log=fields.get(logarithm_of(law.name)),
        )
    grid = _grid(domain, graph, forms)
    return Problem(model, graph, grid, species, fields, regions, evaluator, domain.dim)


def _check_names(model: Model, domain: Any) -> None:
    faults = []
    for law in model.species:
        used = {"region": [r for r in law.initial if r], "boundary": list(law.boundaries)}
        if isinstance(law.diffusion, Mapping):
            used["region"] += [r for r in law.diffusion if r]
        for what, names, known in (("region", used["region"], domain.regions), ("boundary", used["boundary"], tuple(domain.boundaries))):
            faults += [
                f"species {law.name}: the mesh has no {what} '{name}' (it has: {', '.join(known) or 'none'})"
                for name in dict.fromkeys(names)
                if name not in known
            ]
        if law.fibres and len(law.fibres.direction) != domain.dim:
            given = len(law.fibres.direction)
            faults.append(f"species {law.name}: the direction of fibres has {given} components, but the mesh has {domain.dim} dimensions")
    if faults:
        raise ScenarioError("\n".join(faults))


def _evaluate(comm: Any, conditions: list[Condition], time: float) -> None:
    with agreed(comm):
        for condition in conditions:
            if condition.gradient is None:
                condition.evaluate(time)


def _initial(law: Species, graph: Graph, evaluator: Evaluator, regions: dict[str, Floats]) -> Floats:
    """Nodal initial values; a node between regions gets their mean by the mass it has in each, which conserves amounts."""
    n = graph.n_owned
    value, scratch = np.zeros(graph.n_local), np.zeros(graph.n_local)
    for region, expr in law.initial.items():
        evaluator.compile(expr)(scratch)
        share = regions[region] / graph.mass[:n] if region else 1.0
        inside = share > 0.0 if region else slice(None)
        value[:n][inside] += (share * scratch[:n])[inside]
    graph.halo.update(value)
    with agreed(graph.comm):
        bad = ~(np.isfinite(value) & (value >= 0.0))
        if bad.any():
            at = graph.points[np.argmax(bad)]
            raise ScenarioError(
                f"species {law.name}: its initial value is {value[np.argmax(bad)]:g} at x = {', '.join(f'{c:g}' for c in at)}; "
                "densities must be finite and >= 0 (use max(0, ...))"
            )
    return value


def _grid(domain: Any, graph: Graph, forms: Forms) -> Grid:
    """This rank's owned nodes and cells in canonical numbering."""
    mesh, tdim = domain.mesh, domain.mesh.topology.dim
    n_cells = mesh.topology.index_map(tdim).size_local
    original = np.asarray(mesh.geometry.input_global_indices, dtype=np.int64)
    geometry = mesh.geometry.dofmap[:n_cells]
    dofs = forms.space.dofmap.list[:n_cells]
    all_dofs, all_geometry = forms.space.dofmap.list.ravel(), mesh.geometry.dofmap.ravel()
    canonical = np.zeros(max(all_dofs.max(initial=-1) + 1, graph.n_owned), dtype=np.int64)
    canonical[all_dofs] = original[all_geometry]
    return Grid(
        comm=graph.comm,
        dim=domain.dim,
        n_nodes=graph.n_global,
        n_cells=mesh.topology.index_map(tdim).size_global,
        nodes=canonical[: graph.n_owned].copy(),
        points=graph.points[: graph.n_owned].copy(),
        cells=np.asarray(mesh.topology.original_cell_index[:n_cells], dtype=np.int64),
        connectivity=original[geometry].reshape(n_cells, dofs.shape[1]),
        cell_region=np.asarray(domain.cell_region[:n_cells], dtype=np.int32),
        regions=domain.regions,
        mesh_hash=domain.hash,
    )
