"""Overlapping cells are found, whatever hides them; meshes that only touch themselves are not refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from pydantic import TypeAdapter

from invasio.meshes.build import build_data
from invasio.meshes.overlap import overlapping
from invasio.solver.scenario.mesh import MeshOptions
from tests.lib.messages import refused

Arrays = tuple[Any, Any]


def _made(**options: Any) -> Arrays:
    data = build_data(TypeAdapter(MeshOptions).validate_python(options))
    return data.points.copy(), data.cells


def _bent(dim: int, turn: float, rise: float = 0.0) -> Arrays:
    """A strip or a slab bent round by an angle, its radius growing by ``rise`` per radian."""
    points, cells = _made(kind="rectangle", cells=(60, 3)) if dim == 2 else _made(kind="box", cells=(60, 3, 2))
    angle = turn * points[:, 0]
    radius = 1.0 + 0.1 * points[:, 1] + rise * angle
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), *points.T[2:]]), cells


def _folded(dim: int) -> Arrays:
    points, cells = _made(kind="rectangle", cells=(8, 4)) if dim == 2 else _made(kind="box", cells=(4, 4, 4))
    points[:, 0] = np.minimum(points[:, 0], 0.85 - 0.7 * points[:, 0])
    return points, cells


def _two(dim: int, scale: float, shift: float) -> Arrays:
    """A square or cube and a smaller copy of it elsewhere, which share no node."""
    points, cells = _made(kind="rectangle", cells=(5, 5)) if dim == 2 else _made(kind="box", cells=(4, 4, 4))
    return np.concatenate([points, scale * points + shift]), np.concatenate([cells, cells + len(points)])


def _wound(turns: int) -> Arrays:
    """A disc of triangles that turn round its centre more than once."""
    count = 6 * turns
    angle = np.arange(count) * 2.0 * np.pi * turns / count
    radius = 1.0 + 0.1 * (np.arange(count) // 6)
    rim = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.concatenate([[[0.0, 0.0]], rim]), np.array([[0, 1 + i, 1 + (i + 1) % count] for i in range(count)])


# Made when they are needed: each worker of pytest imports all tests.
BAD: dict[str, Callable[[], Arrays]] = {
    "a folded interval": lambda: (np.array([[0.0], [1.0], [0.5]]), np.array([[0, 1], [1, 2]])),
    "a folded square": lambda: _folded(2),
    "a folded cube": lambda: _folded(3),
    "a strip that closes on itself": lambda: _bent(2, 7.0),
    "a slab that closes on itself": lambda: _bent(3, 7.0),
    "two squares": lambda: _two(2, 0.5, 0.7),
    "two cubes": lambda: _two(3, 0.3, 0.8),
    "a square inside a cell": lambda: _two(2, 0.02, 0.47),
    "a cube inside a cell": lambda: _two(3, 0.02, 0.41),
    "wound twice": lambda: _wound(2),
    "wound three times": lambda: _wound(3),
}
GOOD: dict[str, Callable[[], Arrays]] = {
    "a strip that nearly closes": lambda: _bent(2, 6.2),
    "a spiral": lambda: _bent(2, 14.0, 0.05),
    "a spiral slab": lambda: _bent(3, 14.0, 0.05),
    "squares that touch": lambda: _two(2, 1.0, 1.0),
    "cubes that touch at a corner": lambda: _two(3, 0.5, 1.0),
    "a disc": lambda: _wound(1),
    "an interval": lambda: (np.array([[0.0], [1.0], [2.0]]), np.array([[0, 1], [1, 2]])),
    "a graded mesh": lambda: _made(
        kind="rectangle", structured=False, size=0.1, regions={"a": {"kind": "disc", "centre": [0.3, 0.3], "radius": 0.1, "size": 0.004}}
    ),
    "a ball": lambda: _made(kind="ball", size=0.3),
}


@pytest.mark.parametrize("name", BAD)
def test_cells_that_overlap(name: str) -> None:
    points, cells = BAD[name]()
    for scale, shift in ((1.0, 0.0), (1e-6, 0.0), (1e5, 3e5)):
        found = overlapping(scale * points + shift, cells)
        assert found is not None and found[0] != found[1]


@pytest.mark.parametrize("name", GOOD)
def test_cells_that_only_touch(name: str) -> None:
    points, cells = GOOD[name]()
    for scale, shift in ((1.0, 0.0), (1e-6, 0.0), (1e5, 3e5)):
        assert overlapping(scale * points + shift, cells) is None


@pytest.mark.parametrize("name", ["a folded square", "two cubes", "wound twice"])
def test_a_file_is_refused_with_the_places(name: str, tmp_path: Path) -> None:
    points, cells = BAD[name]()
    path = tmp_path / "mesh.vtu"
    dim = cells.shape[1] - 1
    kind, tags = "triangle" if dim == 2 else "tetra", {"region": [np.ones(len(cells), dtype=np.int32)]}
    meshio.Mesh(np.pad(points, ((0, 0), (0, 3 - dim))), [(kind, cells)], cell_data=tags).write(path)
    options: Any = TypeAdapter(MeshOptions).validate_python({"kind": "file", "path": str(path), "regions": {"tissue": 1}})
    with refused("overlapping-cells", "mesh.vtu", "mesh again", says=["cells overlap: those at ("]):
        build_data(options)
