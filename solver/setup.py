"""From a scenario to what is advanced: its mesh, the problem on it, the options of steps and times."""

from __future__ import annotations

from collections.abc import Sequence

from ..meshes.build import build_domain, build_networks
from ..meshes.network import Network
from .components.options import SchemeOptions
from .components.protocol import Extension
from .discretise.operators import Operators
from .discretise.problem import Problem, pose
from .errors import ScenarioError
from .given.build import build_fields
from .given.field import Given
from .given.start import Beginning, beginning
from .linalg.linear import LinearOptions
from .model.build import build_model
from .parallel import Comm
from .scenario.check import species_names
from .scenario.mesh import MeshOptions
from .scenario.moments import output_times
from .scenario.network import Network as NetworkOptions
from .scenario.on_mesh import check_dimension
from .scenario.schema import Scenario
from .stepping.control import SOLVED, USUAL, aim, solved
from .stepping.options import FLOOR, ClockOptions

NODES, EXACT = 10.0, 1e-10  # tolerance of kinetics: with steps of one size of that of linear solves, and at least


class Ground:
    """A scenario's mesh with its tags and cuts, and what it alone determines: the ground of every problem on it.

    Building it is collective, and raises InvasioError on all ranks.
    """

    def __init__(self, scenario: Scenario, comm: Comm) -> None:
        self._mesh, self._membranes, self._lumens = _foundations(scenario)
        self.domain = build_domain(scenario.mesh, comm, self._membranes, self._lumens)
        for finding in check_dimension(scenario, self.domain.dim):
            raise ScenarioError(finding.what, code=finding.code, place=scenario.name, remedy=finding.remedy)
        self.operators = Operators(self.domain)
        self._networks: tuple[dict[str, NetworkOptions], dict[str, Network]] | None = None
        self._begun: tuple[object, Beginning] | None = None
        self._given: tuple[object, dict[str, Given]] | None = None

    def fits(self, scenario: Scenario) -> bool:
        """Whether a scenario has the same mesh: the same options, cut along the same membranes, without the same lumens."""
        return _foundations(scenario) == (self._mesh, self._membranes, self._lumens)

    def problem(self, scenario: Scenario, extensions: Sequence[Extension] = ()) -> Problem:
        """The scenario's problem at its start, on this mesh, which must fit. Collective; raises InvasioError on all ranks."""
        scalars = {name: value for extension in extensions for name, value in extension.scalars().items()}
        places = {name: given.values for name, given in self.given(scenario).items()}
        places |= {f"{name}.{part}": values for name, given in self.given(scenario).items() for part, values in given.parts.items()}
        begun = self.begun(scenario)
        densities = begun.densities if begun else {}
        networks, start, end = self._networks_of(scenario), scenario.time.start, scenario.time.end
        problem = pose(build_model(scenario), self.operators, start, networks, scalars, places, densities, end)
        self.operators.forms.forget()
        if begun:
            begun.put(problem.state)
        return problem

    def begun(self, scenario: Scenario) -> Beginning | None:
        """The state of another run that the scenario starts from, read anew only if it is another than last time. Collective."""
        if scenario.start is None:
            self._begun = None
            return None
        species = tuple(species_names(scenario))
        model, begin = scenario.model, scenario.time.start
        wanted = scenario.start, scenario.scales, species, begin, *model.membranes, *model.vessels, *model.pools
        if self._begun is None or self._begun[0] != wanted:
            self._begun = wanted, beginning(scenario, scenario.start, self.operators)
        return self._begun[1]

    def given(self, scenario: Scenario) -> dict[str, Given]:
        """The scenario's given fields on this mesh, read anew only if they are others than last time. Collective."""
        wanted = scenario.fields, scenario.scales
        if self._given is None or self._given[0] != wanted:
            self._given = wanted, build_fields(scenario, self.operators)
        return self._given[1]

    def _networks_of(self, scenario: Scenario) -> dict[str, Network]:
        """The networks of vessels, read anew only if they are others than last time."""
        wanted = {name: v.at.network for name, v in scenario.model.vessels.items() if v.at.network}
        if self._networks is None or self._networks[0] != wanted:
            self._networks = wanted, build_networks(wanted, self.domain.dim, self.operators.comm)
        return self._networks[1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was cleaned up or left out when the mesh and the networks were read."""
        networks = self._networks[1] if self._networks else {}
        return (*self.domain.notes, *(f"vessel {name}: {note}" for name, network in networks.items() for note in network.notes))

    @property
    def given_notes(self) -> tuple[str, ...]:
        """What is to be said of given fields and of the state that the run starts from."""
        given = self._given[1].values() if self._given else ()
        return (*(note for field in given for note in field.notes), *(self._begun[1].notes if self._begun else ()))


def _foundations(scenario: Scenario) -> tuple[MeshOptions, list[str], list[str]]:
    """What the mesh depends on: its options, membranes, lumens of vessels."""
    vessels = scenario.model.vessels.values()
    return scenario.mesh, list(scenario.model.membranes), [name for v in vessels if v.at.kind == "region" for name in v.at.names]


def set_up(scenario: Scenario, comm: Comm) -> tuple[Ground, Problem]:
    """The mesh of a scenario, and the problem on it. Collective; raises InvasioError on all ranks."""
    ground = Ground(scenario, comm)
    return ground, ground.problem(scenario)


def scheme_options(scenario: Scenario) -> SchemeOptions:
    """The scenario's numerics as the stepper wants them."""
    n, t = scenario.numerics, scenario.time
    rtol = solved(n.linear.rtol, None if t.step is not None else t.tolerance)
    least = USUAL if n.linear.rtol is None else rtol
    linear = LinearOptions(n.linear.solver, n.linear.preconditioner, rtol, n.linear.max_iterations, least)
    kinetics = NODES * rtol if t.step is not None else SOLVED * aim(t.tolerance)
    return SchemeOptions(n.scheme, n.limiter, n.flux, linear, max(EXACT, kinetics))


def clock_options(scenario: Scenario) -> ClockOptions:
    """The scenario's times as the clock wants them."""
    t = scenario.time
    return ClockOptions(
        t.start, t.end, output_times(scenario), t.step, t.tolerance, t.first_step, t.max_step, FLOOR if t.floor is None else t.floor
    )
