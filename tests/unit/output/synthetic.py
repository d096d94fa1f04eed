"""A structured simplex mesh and a travelling front on it, dealt to the ranks in an arbitrary way."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from invasio.solver.output.layout import Frame, Grid


def mesh(dim: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points ((n+1)^dim, 3) of the unit cube and Kuhn simplices (n^dim * dim!, dim+1) with positive volume."""
    axes = np.meshgrid(*[np.linspace(0.0, 1.0, n + 1)] * dim, indexing="ij")
    points = np.zeros(((n + 1) ** dim, 3))
    points[:, :dim] = np.stack([a.ravel() for a in axes], axis=1)
    strides = (n + 1) ** np.arange(dim - 1, -1, -1)
    corner = np.stack(np.meshgrid(*[np.arange(n)] * dim, indexing="ij"), axis=-1).reshape(-1, dim) @ strides
    simplices = [np.cumsum([np.zeros_like(corner) + corner, *[np.full_like(corner, strides[a]) for a in order]], axis=0).T
                 for order in permutations(range(dim))]  # fmt: skip
    return points, np.concatenate(simplices).astype(np.int64)


def grid(comm: Any, dim: int = 2, n: int = 6, empty_rank: int | None = None, seed: int = 1) -> Grid:
    """The mesh dealt to the ranks at random, none of it to ``empty_rank``; two regions, left and right of x = 1/2."""
    points, cells = mesh(dim, n)
    dice = np.random.default_rng(seed)
    ranks = [r for r in range(comm.size) if r != empty_rank or comm.size == 1]
    node_owner, cell_owner = dice.choice(ranks, len(points)), dice.choice(ranks, len(cells))
    nodes = dice.permutation(np.flatnonzero(node_owner == comm.rank)).astype(np.int64)
    mine = dice.permutation(np.flatnonzero(cell_owner == comm.rank)).astype(np.int64)
    region = (points[cells].mean(axis=1)[:, 0] > 0.5).astype(np.int32)
    rows = (nodes, points[nodes], lambda: mine, lambda some: cells[mine[some]], region[mine])
    return Grid(comm, dim, len(points), len(cells), *rows, ("left", "right"), lambda: f"mesh-{dim}-{n}")


def cells_at(points: np.ndarray, time: float) -> np.ndarray:
    """A front at x = 0.2 + 0.1 t."""
    return 0.5 * (1 - np.tanh((points[:, 0] - 0.2 - 0.1 * time) / 0.05))


def ecm_at(points: np.ndarray, time: float) -> np.ndarray:
    """What the front left of the matrix."""
    return 1.0 - 0.9 * cells_at(points, time)


def frame(of: Grid, time: float, step: int | None = None) -> Frame:
    """The synthetic state at one time, on this rank's nodes."""
    fields = {"tumour": cells_at(of.points, time), "ecm": ecm_at(of.points, time)}
    observables = {"front": 0.2 + 0.1 * time, "mass": 2.0 + time}
    return Frame(time, round(10 * time) if step is None else step, 0.1, fields, observables)
