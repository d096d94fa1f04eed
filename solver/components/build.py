"""The components of a problem, in the order of the first half of a step."""

from __future__ import annotations

from collections.abc import Iterable

from ..discretise.problem import Problem
from .carriage import Carriage
from .carried import Carried
from .immobile import Immobile
from .jumps import Jumps
from .kinetics import Coupled
from .mobile import Mobile
from .notes import Notes
from .options import SchemeOptions
from .pools import Pooled
from .protocol import Component, Extension, Phase
from .removals import Removals
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
    transfers = Transfers(species, problem.evaluator) if switching else None
    found += [transfers] if transfers is not None else []
    if problem.immobile:
        coupled = {s.name for k in problem.kinetics for s in k.members}
        found.append(Immobile(problem.immobile, coupled))
    if problem.integrities:
        found.append(Surfaces(problem.integrities, species.values(), problem.graph.comm))
    laden = {s.law.carried.by for s in problem.carried if s.law.carried is not None}
    moving = {
        s.name: Mobile(s, problem.state, Workspace(problem.graph) if s.name in laden else work, options, s.name in switching, problem.dim)
        for s in problem.mobile
    }
    carriages = {name: Carriage(moving[name].transport) for name in moving if name in laden}
    found += _in_order(problem, moving, carriages, options)
    found += carriages.values()
    if transfers is not None:
        turning = {name for k in problem.kinetics for r in k.reactions if r.turns for name in r.change}
        transfers.take_along((c for c in found if isinstance(c, Carried)), turning)
    found += [Notes(problem.noted)] if problem.noted else []
    found += [Steady(s, work, options, problem.region_mass, problem.state) for s in problem.steady]
    found += [Pooled(law, problem) for law in problem.model.pools]
    if problem.vessels:
        found.append(Walls(problem.vessels, species, problem.graph.comm))
    found += [Removals(law, problem) for law in problem.model.removals]
    for extension in extensions:
        found += extension.build(problem)
    signs = Signs(problem)
    found += [signs] if signs.formulas else []
    if problem.times.jumps.switches:  # of all formulas that have been compiled
        found.append(Jumps(problem))
    following = False
    for component in reversed(found):
        if isinstance(component, Coupled):
            component.watched = following
        following = following or Phase.WHOLE in component.phases
    return found


def _in_order(problem: Problem, moving: dict[str, Mobile], carriages: dict[str, Carriage], options: SchemeOptions) -> list[Component]:
    """What moves, as listed, and what it carries after it; those that react with each other together, where the first of them stands, and
    before what they make."""
    along = {s.name: Carried(s, carriages[s.law.carried.by], problem.state) for s in problem.carried if s.law.carried is not None}
    every: dict[str, Mobile | Carried] = {
        name: moving[name] if name in moving else along[name] for name in problem.species if name in moving or name in along
    }
    found: list[Component] = []
    waiting = list(problem.kinetics)
    for name in ("", *every):
        for k in list(waiting):
            members = {s.name: every[s.name] for s in k.members if s.name in every}
            if not members or name in members or name in {s.name for s in k.products}:
                waiting.remove(k)
                carriers = {moving[c.carrier.name]: None for c in members.values() if isinstance(c, Carried)}
                found += [c for c in carriers if c not in found and c.name not in members]
                found += [
                    *members.values(),
                    Coupled(k, problem.state, members, {s.name: moving[s.name] for s in k.products}, options.kinetics),
                ]
        if name and every[name] not in found:
            found.append(every[name])
    return found
