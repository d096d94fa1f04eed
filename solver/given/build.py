"""The fields that a scenario declares, at the nodes of its mesh."""

from __future__ import annotations

from ..discretise.operators import Operators
from ..scenario.fields import CellsField, ImageField, MeshField, RegionField
from ..scenario.schema import Scenario
from .field import Given


def build_fields(scenario: Scenario, operators: Operators) -> dict[str, Given]:
    """All given fields by name. Collective; raises InvasioError on all ranks."""
    found = {}
    for name, options in scenario.fields.items():
        if isinstance(options, CellsField):
            from .cells import cells_field

            found[name] = cells_field(name, options, operators, scenario)
        elif isinstance(options, ImageField):
            from .pictures import image_field

            found[name] = image_field(name, options, operators)
        elif isinstance(options, MeshField):
            from .meshes import mesh_field

            found[name] = mesh_field(name, options, operators)
        elif isinstance(options, RegionField):
            from .regions import region_field

            found[name] = region_field(name, options, operators)
        else:
            from .runs import run_field

            found[name] = run_field(name, options, operators, scenario)
    return found
