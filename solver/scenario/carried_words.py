"""What people are told about what cells carry: that it is never there, although the scenario says what one cell carries."""

from __future__ import annotations

from .schema import Scenario


def never_there(scenario: Scenario) -> list[str]:
    """A sentence for each bound species whose cells all come to be without it, and get it from nowhere."""
    model = scenario.model
    if scenario.start is not None:
        return []
    bare = {name for name, law in model.bound.items() if not _given(scenario, name)}
    spread = True
    while spread:  # what becomes it, or makes it in a reaction, has to be there itself
        made = {into for name, law in model.bound.items() if name not in bare for into in law.becomes.values()}
        for law in model.reactions.values():
            sides = [(law.balance.left, law.balance.right)]
            sides += [(law.balance.right, law.balance.left)] if law.balance.reversible else []
            made |= {name for left, right in sides if not bare & set(left) for name in right}
        spread = bool(bare & made)
        bare -= made
    found = []
    for name in [name for name in model.bound if name in bare and model.bound[name].per_cell.constant != 0.0]:
        on = model.bound[name].on
        found.append(
            f"{name} is never there: no {on} is there at the start, and those that come to be bring nothing along. Write "
            f"model.bound.{name} with at_birth: per_cell (each brings per_cell) or with a synthesis, or let what others carry become it"
        )
    return found


def _given(scenario: Scenario, name: str) -> bool:
    """Whether something other than what is carried brings it: cells at the start or from outside, birth, synthesis, production."""
    law = scenario.model.bound[name]
    cells = scenario.model.cells[law.on]
    if law.at_birth == "per_cell" or law.synthesis.constant != 0.0 or law.production.constant != 0.0:
        return True
    outside = any(law.on in conditions for conditions in scenario.boundaries.values())
    return outside or any(formula.constant != 0.0 for formula in cells.initial.values())
