"""From a scenario to its discrete problem."""

from __future__ import annotations

from typing import Any

from ..meshes.build import build_domain, build_networks
from .discretise.problem import Problem, discretise
from .model.build import build_model
from .parallel import Comm
from .scenario.schema import Scenario


def set_up(scenario: Scenario, comm: Comm) -> tuple[Any, Problem]:
    """The mesh with its tags and cuts (a Domain), and the problem on it. Collective; raises InvasioError on all ranks."""
    vessels = scenario.model.vessels
    lumens = [name for v in vessels.values() if v.at.kind == "region" for name in v.at.names]
    domain = build_domain(scenario.mesh, comm, list(scenario.model.membranes), lumens)
    networks = build_networks({name: v.at.network for name, v in vessels.items() if v.at.network}, domain.dim, comm)
    return domain, discretise(build_model(scenario), domain, scenario.time.start, networks)
