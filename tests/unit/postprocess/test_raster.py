"""The raster of a mesh against point location, on a lattice and on an irregular mesh with a hole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import Delaunay

from invasio.postprocess import raster
from invasio.postprocess.probe import Locator
from tests.unit.output.synthetic import mesh


def with_a_hole() -> tuple[np.ndarray, np.ndarray]:
    """Random triangles of the unit square outside of a disc."""
    dice = np.random.default_rng(3)
    points = np.concatenate([dice.random((400, 2)), [[0, 0], [1, 0], [0, 1], [1, 1]]])
    cells = Delaunay(points).simplices.astype(np.int64)
    away = np.linalg.norm(points[cells].mean(axis=1) - 0.5, axis=1) > 0.25
    return points, cells[away]


@pytest.mark.parametrize("case", ["hole", "lattice 2", "lattice 3", "two cells"])
def test_every_pixel_has_its_cell(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster, "_BATCH", 500)  # many batches, some of one cell with more pixels than that
    points, cells = with_a_hole() if case == "hole" else mesh(3 if case.endswith("3") else 2, 1 if case == "two cells" else 7)
    points = points[:, : cells.shape[1] - 1]
    shape, height = (37, 53), 0.48
    cell, share = raster.cover(points, cells, shape, height)
    x, y = (np.arange(53) + 0.5) / 53, (np.arange(37) + 0.5) / 37
    lower, upper = points.min(axis=0), points.max(axis=0)
    at = np.stack([a.ravel() for a in np.meshgrid(x, y)], axis=1) * (upper - lower)[:2] + lower[:2]
    at = np.column_stack([at, np.full(len(at), height)])[:, : points.shape[1]]
    found = Locator(points, cells).locate(at)[0]
    np.testing.assert_array_equal(cell >= 0, found >= 0)
    inside = cell >= 0
    assert inside.all() if case != "hole" else 0.7 < inside.mean() < 0.9
    assert np.isnan(share[~inside]).all() and share[inside].min() >= -1e-9
    np.testing.assert_allclose(np.einsum("nij,ni->nj", points[cells[cell[inside]]], share[inside]), at[inside], atol=1e-13)
