"""The fields that a scenario declares, at the nodes of its mesh."""

from __future__ import annotations

from ..discretise.operators import Operators
from ..scenario.fields import CellsField, ImageField, MeshField, RegionField
from ..scenario.schema import Scenario
from .cells import cells_field
from .field import Given
from .meshes import mesh_field
from .pictures import image_field
from .regions import region_field
from .runs import run_field


def build_fields(scenario: Scenario, operators: Operators) -> dict[str, Given]:
    """All given fields by name. Collective; raises InvasioError on all ranks."""
    found = {}
    for name, options in scenario.fields.items():
        if isinstance(options, CellsField):
            found[name] = cells_field(name, options, operators, scenario)
        elif isinstance(options, ImageField):
            found[name] = image_field(name, options, operators)
        elif isinstance(options, MeshField):
            found[name] = mesh_field(name, options, operators)
        elif isinstance(options, RegionField):
            found[name] = region_field(name, options, operators)
        else:
            found[name] = run_field(name, options, operators, scenario)
    return found
