"""Single cells as a density: each a kernel of which the integral over the mesh is one cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...meshes.locate import locate
from ..discretise.operators import Operators
from ..parallel import agreed
from ..scenario.fields import CellsField
from ..scenario.schema import Scenario
from .field import Given
from .kernel import deposited, diffused
from .positions import read_positions, refuse_outside
from .scales import one_cell


def cells_field(name: str, options: CellsField, operators: Operators, scenario: Scenario) -> Given:
    """The density of the cells of a table. Collective; raises InvasioError on all ranks."""
    comm, graph, dim = operators.comm, operators.graph, operators.domain.dim
    table: Any = None
    with agreed(comm):
        if comm.rank == 0:
            table = read_positions(options, dim, scenario)
    table = comm.bcast(table)
    amount = one_cell(scenario.scales, dim, f"fields.{name}")
    found = locate(operators.domain.mesh, table.points)
    outside = found.cell < 0
    refuse_outside(options, table, outside)
    density = diffused(graph, deposited(graph, operators.grid.nodes, found), options.kernel)
    inside, left = int((~outside).sum()), int(outside.sum())
    facts: Mapping[str, object] = {"file": options.cells, "cells": inside, "outside": left, "columns": table.columns}
    notes = [f"field {name}: {inside} cells" + (f"; {left} more lie outside the tissue and are left out" if left else "")]
    notes += [f"field {name}: columns {', '.join(table.unread)} are not used, as the mesh is {dim}-D"] if table.unread else []
    return Given(graph.extended(amount * density), table.digest, facts, tuple(notes))
