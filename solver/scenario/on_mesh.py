"""What of a scenario can be said only when its mesh is there: names of regions, boundaries and interfaces, the number of dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from .check import Finding, check, depth_findings
from .check_removals import check_removals
from .check_vessels import check_vessels
from .columns import check_columns
from .schema import Scenario
from .wrong import allowed

MOST_NAMED = 1000  # parts that a message looks for a likely one among
_KINDS = {1: "interval", 2: "rectangle", 3: "box"}


@dataclass(frozen=True)
class OnMesh:
    """What a mesh has, in the words of mesh options."""

    dim: int
    regions: tuple[str, ...]
    boundaries: tuple[str, ...]
    interfaces: Mapping[str, tuple[str, ...]]

    @property
    def kind(self) -> str:
        """The kind of generated mesh of as many dimensions."""
        return _KINDS[self.dim]

    def region_names(self) -> tuple[str, ...]:
        """Names of the regions."""
        return self.regions

    def boundary_names(self) -> tuple[str, ...]:
        """Names of the boundaries."""
        return self.boundaries


def check_dimension(scenario: Scenario, dim: int) -> Iterator[Finding]:
    """Amounts with a unit must be those of a mesh of this dimension."""
    for text, assumed in scenario.assumed:
        if assumed != dim:
            what = f"the amount is one of a mesh in {assumed}-D (given {text!r}), but the mesh has {dim} dimensions"
            remedy = "write it in the unit that densities times the measure of this mesh have, or as a plain number"
            yield Finding(("mesh",), what, code="wrong-dimension", remedy=remedy)


def check_on(scenario: Scenario, mesh: OnMesh) -> Iterator[Finding]:
    """What is wrong with a scenario, which is valid as far as its options tell, on the mesh that it has."""
    there = scenario.model_copy(update={"mesh": mesh})
    looks = (check, check_vessels, check_removals, check_columns)
    return chain(check_dimension(scenario, mesh.dim), depth_findings(scenario, mesh.dim), *(look(there) for look in looks))


def parts_findings(scenario: Scenario, parts: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Named parts of vessels that are not there; ``parts``: of each vessel, those of its network where it is one."""
    stated = scenario.output.parts
    known = {f"{name}/{part}" for name, those in parts.items() for part in those}
    for number, name in enumerate(() if stated == "all" else stated):
        if name not in known:
            remedy = allowed(name, sorted(known)[:MOST_NAMED]) if known else "take it out: there are no vessels"
            yield Finding(("output", "parts", number), f"no vessel has a part {name!r}", code="no-part", remedy=remedy)
