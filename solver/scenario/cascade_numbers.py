"""Numbers of the cascade by name, as outcomes name them: "chance of a metastasis in liver"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .anatomy import anatomy_of
from .check import Finding
from .check_cascade import levels, surfaces
from .circulation import Circulation
from .organs import ColonyOptions, Organs
from .reader import Path_
from .schema import Scenario
from .wrong import joined, listed, meant

CHANCES = {"chance of a metastasis": "macro", "chance of a micrometastasis": "micro"}  # in closed form, up to then or then
MEANS = {
    "cells arrested": "arrived",
    "cells that founded colonies": "founders",
    "cells asleep": "dormant",
    "cells in colonies": "growing",
    "units that could live": "settled",
}  # by place: expected, of all blocks
TOTALS = {"cells entered": "entered", "cells shed": "shed", "cells in the blood": "blood"}
ANYWHERE = "anywhere"


@dataclass(frozen=True)
class Named:
    """A number of the cascade: what it is called in the results, whether it is a chance, where ("": the whole body), and its unit."""

    what: str
    chance: bool
    place: str
    unit: str


def named(text: str) -> Named | None:
    """The number that a text names; None where there is none of this name. Whether there is such a place, it does not know."""
    if text in TOTALS:
        return Named(TOTALS[text], False, "", "cells")
    for phrase, what in {**CHANCES, **MEANS}.items():
        rest = text.removeprefix(f"{phrase} ")
        if rest != text and (rest == ANYWHERE or rest.startswith("in ")):
            unit = "1" if phrase in CHANCES else phrase.partition(" ")[0]
            return Named(what, phrase in CHANCES, rest.removeprefix("in "), unit)
    return None


def check_numbers(scenario: Scenario) -> Iterator[Finding]:
    """Outcomes of numbers that the cascade does not have, or at times beyond its horizon."""
    circulation, organs = scenario.circulation, scenario.organs
    for name, outcome in scenario.outcomes.items():
        if outcome.cascade is None:
            continue
        path: Path_ = ("outcomes", name)
        if circulation is None or organs is None:
            remedy = "give circulation and organs, or name a column: series"
            yield Finding((*path, "cascade"), "the scenario has no cascade", code="missing-option", remedy=remedy)
            continue
        yield from _number((*path, "cascade"), outcome.cascade, circulation, organs)
        start, end = scenario.time.start, scenario.time.end if circulation.end is None else circulation.end
        if not isinstance(outcome.at, str) and not start <= outcome.at <= end:
            what = f"outside the time of the cascade (given {outcome.at:g})"
            yield Finding((*path, "at"), what, code="outside-run", remedy=f"allowed: {start:g} to {end:g}, which is circulation.end")


def _number(path: Path_, text: str, circulation: Circulation, organs: Organs) -> Iterator[Finding]:
    places = [*anatomy_of(organs).beds, *levels(circulation), *surfaces(circulation)]
    found = named(text)
    if found is None:
        names = [*TOTALS, *(f"{phrase} in PLACE" for phrase in (*CHANCES, *MEANS))]
        remedy = joined(f"allowed: {listed(names)}; PLACE: {listed(places)}, or {ANYWHERE} without in", _near(text, places))
        yield Finding(path, f"the cascade has no such number (given {text!r})", code="unknown-name", remedy=remedy)
    elif found.place not in ("", ANYWHERE, *places):
        remedy = joined(f"allowed: {listed(places)}", meant(found.place, places))
        yield Finding(path, f"there is no such place (given {found.place!r})", code="no-organ", remedy=remedy)
    elif not _known(found, organs.colony):
        what = f"this has no closed form with colonies that grow in stages or without chance from a size on (given {text!r})"
        yield Finding(path, what, code="meaningless-option", remedy="choose another number, or draw histories of each arm: invasio cascade")


def _near(text: str, places: list[str]) -> str:
    whole = [*TOTALS, *(f"{phrase} {where}" for phrase in (*CHANCES, *MEANS) for where in (ANYWHERE, *(f"in {one}" for one in places)))]
    return meant(text, whole)


def _known(found: Named, colony: ColonyOptions | None) -> bool:
    """Whether growth leaves it in closed form."""
    if colony is None or not (found.chance or found.what == "growing"):
        return True
    growth = colony.growth
    from_first = growth is None or all((size.constant or 2.0) <= 1.0 for size in growth.start.values())
    return colony.second is None and (from_first or not found.chance)
