"""The components of a problem, in the order of the first half of a step."""

from __future__ import annotations

from collections.abc import Iterable

from ..discretise.problem import Problem
from .immobile import Immobile
from .jumps import Jumps
from .mobile import Mobile
from .options import SchemeOptions
from .protocol import Component, Extension
from .signs import Signs
from .steady import Steady
from .surfaces import Surfaces
from .transfers import Transfers
from .walls import Walls
from .workspace import Workspace


def build_components(problem: Problem, options: SchemeOptions, extensions: Iterable[Extension] = ()) -> list[Component]:
    """What advances a problem, those from outside last. Collective; raises ScenarioError for balances that nothing fixes."""
    work, species = Workspace(problem.graph), problem.species
    switching = {name for s in species.values() for t in s.law.transfers for name in (s.name, t.into)}
    found: list[Component] = []
    if switching:
        found.append(Transfers(species, problem.evaluator))
    if problem.immobile:
        found.append(Immobile(problem.immobile))
    if problem.integrities:
        found.append(Surfaces(problem.integrities, species.values(), problem.graph.comm))
    found += [Mobile(s, problem.state, work, options, s.name in switching, problem.dim) for s in problem.mobile]
    found += [Steady(s, work, options, problem.region_mass) for s in problem.steady]
    if problem.vessels:
        found.append(Walls(problem.vessels, species, problem.graph.comm))
    for extension in extensions:
        found += extension.build(problem)
    signs = Signs(problem)
    found += [signs] if signs.formulas else []
    if problem.times.jumps.switches:  # of all formulas that have been compiled
        found.append(Jumps(problem))
    return found
