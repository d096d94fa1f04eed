"""A model on a mesh: the species on its graph, and everything that parameters determine before the first step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ...meshes.domain import Domain
from ...meshes.network import Network
from ..errors import ScenarioError
from ..kernels.stages import TINY
from ..model.balance import Model, Species
from ..model.kinetics import part_of, split
from ..output.layout import Grid
from ..parallel import Comm, agreed
from ..state import State, Variable
from .boundaries import Condition, build_condition
from .evaluate import Evaluator, number
from .fibres import edge_weight, main_axes, myopic_weights, nodal_motility, region_motility
from .graph import Graph, Stencil
from .initial import initial_state, taken_state
from .integrity import Integrity
from .kinetics import NodalKinetics
from .membranes import cap, crossings_of
from .operators import Operators
from .site_values import Known
from .species import NodalSpecies, carried_logarithms, logarithm_of
from .times import Times
from .vessel_fluxes import attach, check_mobile
from .vessels import NodalVessel, build_vessel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noted:
    """A loss that is noted by itself: the species, the key of its account, words, and its rate at the nodes."""

    species: NodalSpecies
    key: str
    words: str
    rate: Callable[[Floats], None]


@dataclass
class Problem:
    """Everything the time loop works on. ``fields`` maps species to the arrays that expressions read.

    graph: the edges that fluxes run along; silent: all others of the mesh, None where there are none.
    region_mass: region -> (n_owned,) the part of m_i that lies in the region.
    fibres: species -> (n_owned, dim) along the fibres that it moves along, as long as they count, 0 to 1.
    integrities: the membranes and walls that carry an integrity, by name. The laws of ``species`` are without what ``kinetics`` does.
    """

    model: Model
    graph: Graph
    silent: Stencil | None
    grid: Grid
    species: dict[str, NodalSpecies]
    fields: Mapping[str, Floats]
    region_mass: dict[str, Floats]
    evaluator: Evaluator
    dim: int
    state: State
    times: Times
    integrities: dict[str, Integrity] = field(default_factory=dict)
    vessels: dict[str, NodalVessel] = field(default_factory=dict)
    kinetics: list[NodalKinetics] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    fibres: dict[str, Floats] = field(default_factory=dict)

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
        """The species that do not move by themselves."""
        return [s for s in self.species.values() if not s.law.mobile and not s.law.quasi_steady]

    @property
    def carried(self) -> list[NodalSpecies]:
        """Of these, the species that others take along."""
        return [s for s in self.species.values() if s.law.carried is not None]


def discretise(
    model: Model,
    domain: Domain,
    start: float = 0.0,
    networks: Mapping[str, Network] | None = None,
    scalars: Mapping[str, float] | None = None,
    end: float = math.inf,
) -> Problem:
    """Put a model on a domain that nothing else uses; see `pose`. Collective."""
    return pose(model, Operators(domain), start, networks, scalars, end=end)


def pose(
    model: Model,
    operators: Operators,
    start: float = 0.0,
    networks: Mapping[str, Network] | None = None,
    scalars: Mapping[str, float] | None = None,
    places: Mapping[str, Floats] | None = None,
    begun: Mapping[str, Floats] | None = None,
    end: float = math.inf,
) -> Problem:
    """Put a model on a mesh, with its densities at the start time; ``networks`` are those of vessels. Collective.

    scalars: numbers in time that formulas may name, with their values at the start. places: nodal values (n_local) that they may name.
    begun: densities (n_owned) of species that do not start by their formulas.
    end: of the run, up to which formulas may jump.
    Nothing of the problem is shared with others on the same mesh but what the mesh alone determines.
    Raises ScenarioError, on all ranks, for names that the mesh does not have and for negative densities.
    """
    domain, comm, forms = operators.domain, operators.comm, operators.forms
    graph, silent = operators.graph_of(model)
    regions = operators.region_mass
    _check_names(model, domain)
    fields = {s.name: np.zeros(graph.n_local) for s in model.species}
    fields |= {logarithm_of(name): np.zeros(graph.n_local) for name in sorted(carried_logarithms(model))}
    fields |= {part_of(name): np.ones(graph.n_local) for k in model.kinetics for name in sorted(k.parted)}
    state = State()
    for name, value in (scalars or {}).items():
        state.add_scalar(name, value)
    for pool in model.pools:
        state.add_scalar(pool.name, number(pool.initial, model.values()))
    times = Times(model.values(), start, end, model.time_unit)
    known = Known(fields, state.numbers, model.values(), places or {}, times)
    evaluator = Evaluator(graph.points, fields, model.values(), state.numbers, known.places, times)
    evaluator.at(start)
    integrities = {m.name: Integrity("membrane", m.name, m.integrity, operators.sites(m.name), known) for m in model.membranes}
    wanted = sorted({name for s in model.species for name in s.boundaries})
    sigma = {name: operators.boundary_mass(name) for name in wanted}
    outflow = sorted({n for s in model.species for n, b in s.boundaries.items() if b.kind == "outflow"})
    gradients = {name: operators.boundary_gradient(name) for name in outflow}
    species = {}
    shared = (graph.n_owned, graph.halo.update)
    laws = {law.name: law for law in model.species}
    together = {name: k for k in model.kinetics for name in (*k.members, *k.products)}
    for law in (split(law, together[law.name])[0] if law.name in together else law for law in model.species):
        taken: NDArray[np.bool_] = np.zeros(graph.n_owned, dtype=bool)
        conditions = []
        for name, boundary in law.boundaries.items():
            matrix = gradients[name] if boundary.kind == "outflow" else None
            weight = np.where(taken, 0.0, sigma[name]) if boundary.kind == "fixed" else sigma[name]
            condition = build_condition(graph, name, law.name, boundary, weight, matrix, known)
            if boundary.kind == "fixed":  # a node on two fixed boundaries obeys the first one named
                taken[condition.nodes] = True
            conditions.append(condition)
        times.jumps.freeze_after(start)
        _evaluate(comm, conditions, start)
        if law.myopic:
            weight, turning = myopic_weights(law, graph, forms, domain.dim, known)
        else:
            weight, turning = edge_weight(law, graph, forms, domain, known), np.empty(0)
        by_node = _by_node(law, graph, regions, domain, known)
        species[law.name] = NodalSpecies(
            law=law,
            graph=graph,
            evaluator=evaluator,
            fields=fields,
            variable=state.add(
                Variable(
                    f"{law.name}/state", _start(law, graph, evaluator, regions, begun or {}), *shared, fields[law.name], weights=graph.mass
                )
            ),
            weight=weight,
            turning=turning,
            conditions=conditions,
            crossings=crossings_of(law.name, model.membranes, integrities, graph, known, by_node),
        )
    for s in species.values():
        s.variable.show()
        if logarithm_of(s.name) in fields:
            ln = fields[logarithm_of(s.name)]
            np.log(np.maximum(s.state, TINY), out=ln)
            s.logarithm = state.add(Variable(f"{s.name}/log", ln, *shared, differs=False))
    times.jumps.freeze_after(start)
    for s in species.values():
        if s.crossings:
            s.passage_rates(first=True)
            motility = comm.allreduce(s.largest_motility(), MPI.MAX)
            for crossing in s.crossings:
                cap(crossing, graph, s.weight, motility)
    kinetics = [NodalKinetics(k, laws, species, graph, evaluator, state) for k in model.kinetics]
    grid = operators.grid
    vessels = {}
    for vessel in model.vessels:
        check_mobile(vessel, species)
        network = networks.get(vessel.name) if networks else None
        vessels[vessel.name] = build_vessel(vessel, domain, graph, grid.nodes, known, network)
        attach(vessels[vessel.name], species, regions, known, start)
    integrities |= {name: v.integrity for name, v in vessels.items() if v.integrity is not None}
    for b in integrities.values():
        state.add(b.variable)
    noted = [
        Noted(species[law.name], term.note, term.name, evaluator.compile_clipped(term.expr))
        for law in model.species
        for term in law.loss
        if term.note
    ]
    fibres = {
        law.name: main_axes(law, graph.points, domain.dim, known, graph.n_owned)
        for law in model.species
        if law.fibres is not None and domain.dim > 1
    }
    return Problem(
        *(model, graph, silent, grid, species, fields, regions, evaluator, domain.dim, state, times),
        *(integrities, vessels, kinetics, noted, fibres),
    )


def _start(law: Species, graph: Graph, evaluator: Evaluator, regions: Mapping[str, Floats], begun: Mapping[str, Floats]) -> Floats:
    """Nodal values at the start (n_local), given or by the law's formula. Collective."""
    return taken_state(law, graph, begun[law.name]) if law.name in begun else initial_state(law, graph, evaluator, regions)


_CODES = {"region": "no-region", "boundary": "no-boundary"}


def _check_names(model: Model, domain: Domain) -> None:
    faults: list[ScenarioError] = []
    for law in model.species:
        used = {"region": [r for r in law.initial if r], "boundary": list(law.boundaries)}
        if isinstance(law.diffusion, Mapping):
            used["region"] += [r for r in law.diffusion if r]
        for what, names, known in (("region", used["region"], domain.regions), ("boundary", used["boundary"], tuple(domain.boundaries))):
            remedy = f"it has: {', '.join(known) or 'none'}"
            faults += [
                ScenarioError(f"the mesh has no {what} {name!r}", code=_CODES[what], place=f"species {law.name}", remedy=remedy)
                for name in dict.fromkeys(names)
                if name not in known
            ]
        if law.fibres and law.fibres.field is None and len(law.fibres.direction) != domain.dim:
            given = len(law.fibres.direction)
            what, remedy = f"the direction of fibres has {given} components", f"give {domain.dim}, one for each dimension of the mesh"
            faults.append(ScenarioError(what, code="wrong-length", place=f"species {law.name}", remedy=remedy))
    remedy = f"it has: {', '.join(domain.regions) or 'none'}"
    faults += [
        ScenarioError(f"the mesh has no region {r.region!r}", code="no-region", place=f"{r.kind} {r.name}", remedy=remedy)
        for r in model.removals
        if r.region and r.region not in domain.regions
    ]
    remedy = f"it is along: {', '.join(domain.membranes) or 'none'}"
    faults += [
        ScenarioError("the mesh is not cut along an interface of this name", code="no-interface", place=f"membrane {m.name}", remedy=remedy)
        for m in model.membranes
        if m.name not in domain.membranes
    ]
    if faults:
        raise ScenarioError.together(faults)


def _evaluate(comm: Comm, conditions: list[Condition], time: float) -> None:
    with agreed(comm):
        for condition in conditions:
            if condition.gradient is None:
                condition.evaluate(time, time)


def _by_node(law: Species, graph: Graph, regions: Mapping[str, Floats], domain: Domain, known: Known) -> Floats | None:
    """D at all local nodes where it stands in the weight of the edges; by region, the mean by the mass in each. Collective then."""
    if law.myopic:
        return nodal_motility(law, graph.points, known)
    if not isinstance(law.diffusion, Mapping):
        return None
    value = np.zeros(graph.n_owned)
    for motility, mass in zip(region_motility(law, domain, known.parameters), regions.values(), strict=True):
        value += motility * mass / graph.mass[: graph.n_owned]
    return graph.extended(value)
