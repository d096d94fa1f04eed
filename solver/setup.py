"""From a scenario to its discrete problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..meshes.build import build_domain, build_networks
from .discretise.problem import Problem, discretise
from .model.build import build_model
from .scenario.schema import Scenario


def set_up(scenario: Scenario, comm: Any) -> tuple[Any, Problem]:
    """The mesh with its tags and cuts (a Domain), and the problem on it. Collective; raises InvasioError on all ranks."""
    vessels = scenario.model.vessels
    lumens = [name for v in vessels.values() if v.at.kind == "region" for name in v.at.names]
    domain = build_domain(scenario.mesh, comm, list(scenario.model.membranes), lumens)
    networks = build_networks({name: v.at.network for name, v in vessels.items() if v.at.network}, domain.dim, comm)
    said = [f"vessel {name}: {note}" for name, network in networks.items() for note in network.notes]
    domain = replace(domain, notes=(*domain.notes, *said))
    return domain, discretise(build_model(scenario), domain, scenario.time.start, networks)
