"""From a scenario to its balance laws."""

from __future__ import annotations

from dataclasses import replace

from ..scenario.expressions import Expr, Timed
from ..scenario.schema import Scenario
from ..scenario.treated import treated, words_of
from ..scenario.tree import simplify, substitute
from .balance import Model, Parameter, Species
from .bound import bound, with_released
from .bound import settled as settled_on
from .cells import cells
from .ecm import ecm, with_releases
from .kinetics import find_kinetics
from .letters import Letters, renamed
from .membranes import membrane
from .pools import pool
from .reactions import reaction
from .removals import removals
from .solubles import soluble
from .terms import boundary
from .user import user
from .vessels import vessel
from .walk import map_expressions, sources


def build_model(scenario: Scenario) -> Model:
    """All balance laws of a scenario under its drugs: cells first, then what else moves, then what does not.

    Expressions refer to species and parameters by name; constants of the blocks are parameters with the papers' letters.
    """
    scenario = treated(scenario)
    biology = scenario.model
    letters = Letters(scenario)
    filling = [*biology.cells, *biology.ecm]
    laws = [cells(name, options, filling, list(biology.ecm), letters) for name, options in biology.cells.items()]
    laws = settled_on([*laws, *(bound(name, options, letters) for name, options in biology.bound.items())])
    still = {law.name: biology.bound[law.name].on for law in laws if law.kind == "bound" and law.carried is None}
    written = [user(name, options, letters) for name, options in scenario.species.items()]
    laws += [law for law in written if law.mobile]
    laws += [soluble(name, options, biology.cells, list(biology.ecm), letters) for name, options in biology.solubles.items()]
    for name, matrix in biology.ecm.items():
        laws.append(ecm(name, matrix, [other for other in biology.ecm if other != name], list(biology.cells), letters))
    laws = with_released(with_releases(laws, biology.ecm, letters), biology.bound)
    laws += [law for law in written if not law.mobile]
    barriers = [membrane(name, options, [*biology.cells, *biology.bound], letters) for name, options in biology.membranes.items()]
    walls = [vessel(name, options, list(biology.cells), letters) for name, options in biology.vessels.items()]
    pools = [pool(name, options, letters) for name, options in biology.pools.items()]
    reactions = [reaction(name, options, letters) for name, options in biology.reactions.items()]
    gone = list(removals(scenario, letters, still))
    final, parameters = letters.settle()

    timed = {name: Timed(name, schedule.function) for name, schedule in scenario.schedules.items()}

    def in_time(expr: Expr) -> Expr:
        return substitute(expr, timed) if timed else expr

    def settled(expr: Expr) -> Expr:
        return simplify(in_time(renamed(expr, final)))

    declared = {name: Parameter(name, given.value, given.unit, given.meaning, given.source) for name, given in scenario.parameters.items()}
    species = tuple(map_expressions(_finished(map_expressions(law, settled), scenario), in_time) for law in laws)
    membranes = map_expressions(tuple(barriers), settled)
    vessels = map_expressions(tuple(walls), settled)
    numbers = map_expressions(tuple(pools), settled)
    taken = map_expressions(tuple(gone), settled)
    happening = map_expressions(tuple(reactions), settled)
    lawful = (*species, *happening, *numbers, *taken, *membranes)
    cited = sources(scenario, *lawful, *(part for wall in vessels for part in (wall.integrity, wall)))
    together = find_kinetics(species, scenario.numerics.kinetics, happening)
    fields = {name: options.words for name, options in scenario.fields.items()}
    begins = scenario.start.words if scenario.start else ""
    schedules = {name: options.words for name, options in scenario.schedules.items()}
    unit = letters.unit("time")
    named = {**declared, **parameters}
    given = (fields, begins, together, happening, schedules, scenario.stated)
    return Model(species, named, cited, membranes, vessels, *given, pools=numbers, drugs=words_of(scenario), removals=taken, time_unit=unit)


def _finished(law: Species, scenario: Scenario) -> Species:
    """The law with its conditions on boundaries."""
    stated = {at: boundary(conditions[law.name]) for at, conditions in scenario.boundaries.items() if law.name in conditions}
    conditions = {at: condition for at, condition in stated.items() if condition is not None}
    return replace(law, boundaries={**law.boundaries, **conditions})
