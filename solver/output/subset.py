"""Writing some regions only: the part of the mesh in them, numbered anew, and an observer that hands on their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..parallel import Comm
from .layout import Frame, Grid, Writer

Integers = NDArray[np.int64]


def part_of(grid: Grid, regions: Sequence[str]) -> tuple[Grid, NDArray[np.int64]]:
    """Collective: the mesh of these regions, and which of this rank's node rows lie in it.

    Nodes and cells keep their order, so that the part does not depend on the number of ranks either; a rank may own
    nothing of it. Nodes between a chosen region and another belong to the part.

    Args:
        grid: this rank's share of the whole mesh.
        regions: names out of ``grid.regions``, at least one.
    """
    chosen = np.array([name in regions for name in grid.regions])
    inside = chosen[grid.cell_region]
    connectivity = grid.connectivity[inside]
    corners = np.unique(connectivity)
    numbers, n_nodes = renumber(grid.comm, grid.n_nodes, corners, np.concatenate([grid.nodes, corners]))
    nodes, corner_numbers = numbers[: len(grid.nodes)], numbers[len(grid.nodes) :]
    cells, n_cells = renumber(grid.comm, grid.n_cells, grid.cells[inside], grid.cells[inside])
    rows = np.flatnonzero(nodes >= 0)
    shared = corner_numbers[np.searchsorted(corners, connectivity)].reshape(-1, grid.dim + 1)
    part = replace(
        grid,
        n_nodes=n_nodes,
        n_cells=n_cells,
        nodes=nodes[rows],
        points=grid.points[rows],
        numbers=lambda: cells,
        corners=lambda some: shared[some],
        cell_region=(np.cumsum(chosen) - 1)[grid.cell_region[inside]].astype(np.int32),
        regions=tuple(name for name in grid.regions if name in regions),
        digest=lambda: f"{grid.mesh_hash}:{','.join(name for name in grid.regions if name in regions)}",
        listed=None,
    )
    return part, rows


def renumber(comm: Comm, total: int, chosen: Integers, asked: Integers) -> tuple[Integers, int]:
    """Collective: the places of ``asked`` numbers among all that some rank has ``chosen``, -1 for others; and how many there are.

    Each rank keeps the marks of one block of 0 ... total-1, so that no rank ever holds them all.
    """
    size = -(-total // comm.size)
    mine = np.zeros(size, dtype=np.int64)
    for part in _sent(comm, chosen, size):
        mine[part - comm.rank * size] = 1
    counts = np.array(comm.allgather(int(mine.sum())), dtype=np.int64)
    places = np.where(mine == 1, counts[: comm.rank].sum() + np.cumsum(mine) - 1, -1)
    questions = _sent(comm, asked, size)
    answers = comm.alltoall([places[part - comm.rank * size] for part in questions])
    found = np.empty(len(asked), dtype=np.int64)
    found[np.argsort(asked // size, kind="stable")] = np.concatenate(answers) if answers else []
    return found, int(counts.sum())


def _sent(comm: Comm, numbers: Integers, size: int) -> list[Integers]:
    """Each number to the rank that keeps its block; what arrived, by sender."""
    owner = numbers // size
    ordered = numbers[np.argsort(owner, kind="stable")]
    return list(comm.alltoall(np.split(ordered, np.cumsum(np.bincount(owner, minlength=comm.size))[:-1])))


class Part:
    """Observer that hands some rows of every frame's fields on to another one.

    Args:
        observer: the writer of the part.
        rows: of this rank's owned nodes, from `part_of`.
    """

    def __init__(self, observer: Writer, rows: NDArray[np.int64]) -> None:
        self.observer, self.rows = observer, rows

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Hand it on."""
        self.observer.on_step(time, step, dt, info)

    def on_output(self, frame: Frame) -> None:
        """Hand on the rows. Collective."""
        self.observer.on_output(self._part(frame))

    def hold(self, frame: Frame) -> int:
        """Hand on the rows, to be kept until ``write``. Collective."""
        return self.observer.hold(self._part(frame))

    def write(self) -> None:
        """Hand it on. Collective."""
        self.observer.write()

    def _part(self, frame: Frame) -> Frame:
        return replace(frame, fields={name: values[self.rows] for name, values in frame.fields.items()})

    def close(self, reason: str) -> None:
        """Hand it on. Collective."""
        self.observer.close(reason)
