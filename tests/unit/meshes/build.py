"""Short cuts of the mesh tests: options from plain values, and the checks every mesh has to pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from invasio.meshes.build import build_data
from invasio.meshes.domain import MeshData
from invasio.meshes.facets import boundary, cell_facets, keys, signed_measures
from invasio.solver.scenario.mesh import MeshOptions

ADAPTER: TypeAdapter[Any] = TypeAdapter(MeshOptions)


def options(kind: str, **given: Any) -> Any:
    """Validated mesh options."""
    return ADAPTER.validate_python({"kind": kind, **given})


def make(kind: str, **given: Any) -> MeshData:
    """The mesh of the given options, checked for conformity."""
    data = build_data(options(kind, **given))
    check(data)
    return data


def check(data: MeshData, covered: bool = True) -> None:
    """Positive cells, no unused node, each facet in one or two cells, boundaries outside (all of it: covered) and interfaces inside."""
    n, dim = data.points.shape
    assert (signed_measures(data.points, data.cells) > 0).all()
    assert np.array_equal(np.unique(data.cells), np.arange(n))
    facets = cell_facets(data.cells).reshape(-1, dim)
    key, count = np.unique(keys(facets, n), return_counts=True)
    assert count.max() <= 2
    once, twice = key[count == 1], key[count == 2]
    for name, rows in data.boundaries.items():
        assert np.isin(keys(rows, n), once).all(), name
    for name, rows in data.interfaces.items():
        assert np.isin(keys(rows, n), twice).all(), name
    if data.boundaries and covered:
        named = np.concatenate([keys(rows, n) for rows in data.boundaries.values()])
        assert np.array_equal(np.unique(named), np.unique(keys(boundary(data.cells, n)[0], n)))


def measures(data: MeshData) -> dict[str, float]:
    """Length, area or volume per region."""
    sizes = signed_measures(data.points, data.cells)
    return {name: float(sizes[data.cell_region == k].sum()) for k, name in enumerate(data.regions)}
