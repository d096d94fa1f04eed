"""What fits and sensitivity analyses make of a scenario: their runs, and whether both ends of all ranges are scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .members import Assignment, laid, without_members
from .reader import Document, Fault, Faults
from .sweep import Span

if TYPE_CHECKING:
    from .schema import Scenario


def path_of(name: str, data: Mapping[str, Any]) -> str:
    """The path of what varies: that of a parameter where there is one of this name."""
    parameters = data.get("parameters")
    return f"parameters.{name}" if isinstance(parameters, Mapping) and name in parameters else name


def check_ranges(document: Document, block: str, ranges: Mapping[str, Span], validate: Callable[[Document], Scenario]) -> None:
    """Lay the lower and the upper ends over the scenario, as one would with --set. Raises Faults at the lines of the block."""
    base = without_members(document)
    paths = {name: path_of(name, document.data) for name in ranges}
    for name, path in paths.items():
        twice = [other for other in paths if other != name and paths[other] == path]
        if twice:
            place = (block, "vary", name)
            what = f"this is the same option as {twice[0]!r}"
            raise Faults([Fault(document.mark(place, key=True), place, what, code="repeated-name", remedy="take one of them out")])
    for end in (0.0, 1.0):
        chosen: list[Assignment] = [(paths[name], one.stated(one.at(end)), (block, "vary", name)) for name, one in ranges.items()]
        validate(laid(base, document, chosen))


def measured(document: Document) -> Document:
    """The document of the runs of a sensitivity analysis: alone, with the outputs at which outcomes are read."""
    return without_members(document)


def bare(document: Document, at: list[float], whole: bool) -> Document:
    """The document of the runs of a fit: alone, with outputs at these times only, until the last of them; ``whole``: to the end."""
    found = without_members(document)
    data = {key: value for key, value in found.data.items() if key != "outcomes"}
    output = {key: value for key, value in (data.get("output") or {}).items() if key not in ("every", "checkpoint_every")}
    time = data["time"] if whole else {**data["time"], "end": at[-1]}
    return replace(found, data={**data, "output": {**output, "at": at}, "time": time})
