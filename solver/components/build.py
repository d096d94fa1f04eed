"""The components of a problem, in the order of the first half of a step."""

from __future__ import annotations

from collections.abc import Iterable

from ..discretise.problem import Problem
from .immobile import Immobile
from .jumps import Jumps
from .kinetics import Coupled
from .mobile import Mobile
from .options import SchemeOptions
from .protocol import Component, Extension
from .signs import Signs
from .steady import Steady
from .surfaces import Surfaces
from .transfers import Transfers
from .walls import Walls
from .workspace import Workspace

NODES, EXACT = 10.0, 1e-10  # tolerance of kinetics at a node: of that of linear solves, and at least


def build_components(problem: Problem, options: SchemeOptions, extensions: Iterable[Extension] = ()) -> list[Component]:
    """What advances a problem, those from outside last. Collective; raises ScenarioError for balances that nothing fixes."""
    work, species = Workspace(problem.graph), problem.species
    switching = {name for s in species.values() for t in s.law.transfers for name in (s.name, t.into)}
    found: list[Component] = []
    if switching:
        found.append(Transfers(species, problem.evaluator))
    if problem.immobile:
        coupled = {s.name for k in problem.kinetics for s in k.members}
        found.append(Immobile(problem.immobile, coupled))
    if problem.integrities:
        found.append(Surfaces(problem.integrities, species.values(), problem.graph.comm))
    moving = {s.name: Mobile(s, problem.state, work, options, s.name in switching, problem.dim) for s in problem.mobile}
    found += _in_order(problem, moving, max(EXACT, NODES * options.linear.rtol))
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


def _in_order(problem: Problem, moving: dict[str, Mobile], rtol: float) -> list[Component]:
    """What moves, as listed; those that react with each other together, where the first of them stands, and before what they make."""
    found: list[Component] = []
    waiting = list(problem.kinetics)
    for name in ("", *moving):
        for k in list(waiting):
            members = {s.name: moving[s.name] for s in k.members if s.name in moving}
            if not members or name in members or name in {s.name for s in k.products}:
                waiting.remove(k)
                found += [*members.values(), Coupled(k, problem.state, members, {s.name: moving[s.name] for s in k.products}, rtol)]
        if name and moving[name] not in found:
            found.append(moving[name])
    return found
