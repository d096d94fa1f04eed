"""From a scenario with arms to one scenario per arm; arms that are the same, and paths without effect, are refused."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .members import SHOWN, Assignment, Member, called_after, laid, without_members
from .reader import Document, Fault, Faults

if TYPE_CHECKING:
    from .schema import Scenario

_SAID = ("name", "title", "description", "source", "cost", "ranks")  # what says nothing about results
_NAMED = ("parameters", "fields", "schedules")  # what counts only where a formula names it
_REMEDY = "check the path, or take it out"


def variants(
    document: Document, base: Scenario, validate: Callable[[Document], Scenario], patience: float = math.inf
) -> tuple[Member, ...]:
    """The arms, each checked like any other scenario; after ``patience`` seconds no further ones.

    ``base`` is the scenario as it stands. Raises Faults, at the lines of the arms; at most SHOWN of them.
    """
    if base.sweep is not None:
        what, remedy = "both 'sweep' and 'arms' are given", "put one of them into a scenario of its own that `extends` this one"
        raise Faults([Fault(document.mark(("arms",), key=True), ("arms",), what, code="either-or", remedy=remedy)])
    common = without_members(document)
    standing = essence(validate(common))
    found, faults = list[Member](), list[Fault]()
    known: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + patience
    for number, (name, values) in enumerate((base.arms or {}).items(), 1):
        if time.monotonic() > deadline or len(faults) >= SHOWN:
            break
        chosen: list[Assignment] = [(path, value, ("arms", name, path)) for path, value in values.items()]
        arm = called_after(common, f"{base.name}-{name}")
        try:
            scenario = validate(laid(arm, document, chosen))
        except Faults as caught:
            faults += [replace(fault, what=f"{fault.what}, in arm {name!r}") for fault in caught.faults]
            continue
        meant = essence(scenario)
        idle = list(_idle(arm, document, chosen, meant, standing, validate))
        same = next((other for other, its in known.items() if its == meant), None)
        if idle:
            faults += idle
        elif same is not None:
            what = f"this arm is the same scenario as {same!r}"
            remedy = "change one of them, or take it out"
            faults.append(Fault(document.mark(("arms", name), key=True), ("arms", name), what, code="same-arm", remedy=remedy))
        known[name] = meant
        found.append(Member(number, dict(values), scenario, name))
    if faults:
        raise Faults(faults[:SHOWN])
    return tuple(found)


def _idle(
    arm: Document,
    document: Document,
    chosen: list[Assignment],
    meant: dict[str, Any],
    standing: dict[str, Any],
    validate: Callable[[Document], Scenario],
) -> Iterator[Fault]:
    """Paths of an arm that change nothing: without them it is the same scenario."""
    for path, _, place in chosen:
        rest = [one for one in chosen if one[0] != path]
        if rest:
            try:
                without = essence(validate(laid(arm, document, rest)))
            except Faults:
                continue  # the rest makes no sense without it
        else:
            without = standing
        if without == meant:
            yield Fault(document.mark(place, key=True), place, "this changes nothing", code="no-effect", remedy=_REMEDY)


def essence(scenario: Scenario) -> dict[str, Any]:
    """What results depend on: all options but those that only say something, and of what has a name that which formulas use."""
    stated = {key: value for key, value in scenario.resolved().items() if key not in _SAID}
    while True:
        words = {word for text in _texts(stated) for word in re.findall(r"[A-Za-z_]\w*", text)}
        used = {group: {k: v for k, v in stated.get(group, {}).items() if k in words} for group in _NAMED}
        if all(len(kept) == len(stated.get(group, {})) for group, kept in used.items()):
            return stated
        stated = {**stated, **used}


def _texts(value: Any) -> Iterator[str]:
    """All texts in nested data, not its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from _texts(below)
