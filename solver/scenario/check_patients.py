"""What the options of patients alone cannot tell: whether there is such a number, and whether it may be what it is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from .check import Finding
from .layers import set_values
from .reader import Document, Faults, Path_
from .schema import Scenario
from .wrong import joined, meant

GROUPS = ("circulation", "organs")
FIXED = ("seed", "end", "step", "after", "feedback", "anatomy")  # what is not of a patient, or no number
SHOWN = 6


def leaves(data: Any, path: Path_ = ()) -> Iterator[tuple[str, Any]]:
    """Paths and values of all numbers and texts in plain data."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaves(value, (*path, number))
    elif isinstance(data, (int, float, str)) and not isinstance(data, bool):
        yield ".".join(map(str, path)), data


def check_patients(scenario: Scenario) -> Iterator[Finding]:
    """Paths that lead to no number behind the walls."""
    if not scenario.patients:
        return
    if scenario.circulation is None or scenario.organs is None:
        remedy = "give circulation and organs, or take this out"
        yield Finding(("patients",), "the scenario has no cascade", code="missing-option", remedy=remedy)
        return
    resolved = scenario.resolved()
    known = {
        path: value
        for group in GROUPS
        for path, value in leaves(resolved[group], (group,))
        if path.split(".")[1] not in FIXED and not path.endswith((".name", ".into", ".kind", ".source"))
    }
    for path in scenario.patients:
        if path not in known:
            near = meant(path, known)
            below = [other for other in known if other.startswith(f"{path}.")]
            listed = f"below it are {', '.join(below[:SHOWN])}" if below else "name a number of circulation or organs, as for --set"
            what = f"this is no number behind the walls of vessels (given {path!r})"
            yield Finding(("patients", path), what, code="cannot-vary", remedy=joined(listed, near))


def check_middles(document: Document, scenario: Scenario, validate: Callable[[Document], Scenario]) -> None:
    """Every number that a distribution is stated by must be allowed where it is drawn for. Raises Faults, at their lines."""
    faults = []
    for path, differs in scenario.patients.items():
        for value in differs.middles:
            place: Path_ = ("patients", path)
            mark = document.mark(place)
            try:
                if value is not None:
                    validate(replace(set_values(document, {path: value, "patients": {}}, type(scenario), mark), folders=document.folders))
            except Faults as caught:
                faults += [replace(fault, mark=mark, path=place) for fault in caught.faults]
    if faults:
        raise Faults(faults)
