"""Deliberately bad meshes for tests: obtuse triangles and sliver tetrahedra, valid and conforming all the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from invasio.meshes.assemble import assemble, sides
from invasio.meshes.domain import MeshData
from invasio.meshes.facets import signed_measures
from invasio.meshes.structured import lattice

SIDES = ("left", "right", "bottom", "top", "front", "back")


def obtuse_rectangle(n: int, stretch: int = 4, seed: int = 1, size: tuple[float, float] = (1.0, 1.0)) -> MeshData:
    """A rectangle of n x (stretch n) squeezed and shaken squares: many angles far above 90 degrees, K_ij < 0 on many edges."""
    return _shaken((n, stretch * n), size, 0.45, seed, f"obtuse rectangle {n}")


def sliver_box(n: int, seed: int = 1, size: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> MeshData:
    """A box of shaken Kuhn tetrahedra, some of which have a hundredth of the regular volume."""
    return _shaken((n, n, n), size, 0.5, seed, f"sliver box {n}")


def shaken(dim: int, n: int, amount: float, seed: int = 1) -> MeshData:
    """The unit interval, square or cube with n cells along each edge, its inner points moved by up to a share of a cell."""
    return _shaken((n,) * dim, (1.0,) * dim, amount, seed, f"shaken lattice {n}")


def _shaken(counts: tuple[int, ...], size: tuple[float, ...], amount: float, seed: int, source: str) -> MeshData:
    dim = len(counts)
    lower = (0.0,) * dim
    points, cells = lattice(lower, size, counts)
    step = np.array([s / n for s, n in zip(size, counts, strict=True)])
    shift = np.random.default_rng(seed).uniform(-amount, amount, points.shape) * step
    shift[(points < step / 2) | (points > np.array(size) - step / 2)] = 0.0  # each side stays flat
    moved = _untangled(points, shift, cells, 0.02)
    boundaries = sides(moved, cells, lower, size, SIDES[: 2 * dim])
    return assemble(moved, cells, np.zeros(len(cells), dtype=np.int32), ("tissue",), boundaries, {}, source)


def _untangled(points: NDArray[np.float64], shift: NDArray[np.float64], cells: NDArray[np.int64], least: float) -> NDArray[np.float64]:
    """Move the points, each as far as leaves every cell at least the share ``least`` of its volume."""
    before = signed_measures(points, cells)
    for _ in range(60):
        tangled = np.flatnonzero(signed_measures(points + shift, cells) / before < least)
        if not len(tangled):
            return np.asarray(points + shift)
        shift[np.unique(cells[tangled])] *= 0.9
    raise ValueError("the mesh could not be untangled")
