"""A later end for a run that is there: what may then differ, and what stays as it was."""

from __future__ import annotations

import hashlib
import json

from ..output.compare import leaves
from ..output.layout import PROLONGED
from .mesh import mesh_dimension
from .mesh_image import ImageMesh
from .schema import Scenario


def later(scenario: Scenario, until: object) -> dict[str, object]:
    """Values, by path, that let a scenario end at another time.

    The interval of outputs stays where it is a tenth of the run because nothing else is stated.
    """
    values: dict[str, object] = {"time.end": until}
    if scenario.output.every is None and not scenario.output.at:
        values["output.every"] = (scenario.time.end - scenario.time.start) / 10.0
    return values


def free(scenario: Scenario, prolonged: bool) -> tuple[str, ...]:
    """Options that may be other than they were when a run is resumed: those of its end, and one that says nothing of a picture."""
    mesh = scenario.mesh
    flat = isinstance(mesh, ImageMesh) and mesh_dimension(mesh.kind, mesh.image, mesh.pixel) == 2
    return (*(PROLONGED if prolonged else ()), *(("mesh.surfaces",) if flat else ()))


def usual(scenario: Scenario) -> set[str]:
    """Paths of the options that have their defaults, which may be options that an earlier version did not know."""
    given = dict(leaves("", scenario.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)))
    return {path for path, _ in leaves("", scenario.resolved()) if path not in given}


def course_hash(scenario: Scenario) -> str:
    """SHA-256 of all that determines a solution, wherever it ends and is written: runs to two ends have the same."""
    options = scenario.resolved()
    for path in PROLONGED:
        group, name = path.split(".")
        options[group] = {key: value for key, value in options[group].items() if key != name}
    return hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()
