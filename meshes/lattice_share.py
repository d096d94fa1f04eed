"""The share of a lattice that a rank has: a box of its nodes, the cells around them, and what the other ranks have, without asking them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..solver.parallel import Comm
from .facets import Ints
from .lattice_boxes import Boxes
from .lattice_cells import Cells, grid_values
from .simplices import Floats, Simplices


def grid_of(ranks: int, counts: Sequence[int]) -> tuple[int, ...] | None:
    """Numbers of parts along each axis, whose product is ``ranks``, with the least cut; None where an axis has too few boxes."""

    def grids(left: int, axes: int) -> Iterator[tuple[int, ...]]:
        if axes == 1:
            yield (left,)
            return
        for parts in range(1, left + 1):
            if left % parts == 0:
                yield from ((parts, *rest) for rest in grids(left // parts, axes - 1))

    fitting = [grid for grid in grids(ranks, len(counts)) if all(p <= n for p, n in zip(grid, counts, strict=True))]
    if not fitting:
        return None
    return min(fitting, key=lambda grid: sum((p - 1) * prod(counts) // n for p, n in zip(grid, counts, strict=True)))


def grid_for(ranks: int, counts: Sequence[int]) -> tuple[int, ...]:
    """The same for as many of the ranks as it works with; the others have nothing."""
    return next(grid for grid in (grid_of(r, counts) for r in range(ranks, 0, -1)) if grid is not None)


def share(lattice: Cells, comm: Comm) -> Simplices:
    """This rank's nodes and cells of a lattice, x fastest; every rank counts for itself what is whose."""
    counts, dim = lattice.counts, lattice.dim
    grid = grid_for(comm.size, counts)
    # a box of cells, and the node at its lower corner, belong to one part along each axis, the last node to the last part
    cuts = [np.array([-(-g * n // p) for g in range(p)] + [n]) for n, p in zip(counts, grid, strict=True)]
    lengths = [np.diff(cut) + (np.arange(len(cut) - 1) == len(cut) - 2) for cut in cuts]
    per_rank = grid_values([length.astype(np.int64) for length in lengths], np.multiply)
    starts = np.concatenate([[0], np.cumsum(per_rank), np.full(comm.size - len(per_rank), lattice.n_nodes)])
    if comm.rank >= len(per_rank):
        return _nothing(lattice, comm)
    at = np.unravel_index(comm.rank, grid[::-1])[::-1]
    low = [int(cut[k]) for cut, k in zip(cuts, at, strict=True)]
    high = [int(cut[k + 1]) for cut, k in zip(cuts, at, strict=True)]
    n_owned = int(per_rank[comm.rank])

    # nodes of the boxes around, by their places along the axes, and their global numbers
    axes = [np.arange(max(a - 1, 0), b + 1) for a, b in zip(low, high, strict=True)]
    canonical = grid_values([axis * stride for axis, stride in zip(axes, lattice.strides, strict=True)], np.add)
    owned = grid_values(
        [(axis >= a) & (axis < a + length[k]) for axis, a, length, k in zip(axes, low, lengths, at, strict=True)], np.logical_and
    )
    sizes = [len(axis) for axis in axes]
    before = [int(a - axis[0]) for a, axis in zip(low, axes, strict=True)]
    mine = lattice.each * prod(n - 1 - b for n, b in zip(sizes, before, strict=True))
    nodes: Ints = canonical[owned]
    ghosts: Ints = np.empty(0, dtype=np.int64)
    local: NDArray[np.int32] = np.empty(0, dtype=np.int32)
    others: NDArray[np.int32] = np.empty((0, dim + 1), dtype=np.int32)
    numbers: Ints = np.empty(0, dtype=np.int64)
    if n_owned < len(owned):
        others, numbers = _others(lattice, axes, before, owned)
        used = grid_values([axis >= a for axis, a in zip(axes, low, strict=True)], np.logical_and)
        used[others] = True
        around = np.flatnonzero(used & ~owned)
        ghosts = _global(canonical[around], lattice, grid, cuts, lengths, starts)
        order = np.argsort(ghosts)
        around, ghosts = around[order], ghosts[order]
        local = np.full(len(owned), -1, dtype=np.int32)
        local[owned] = np.arange(n_owned, dtype=np.int32)
        local[around] = np.arange(n_owned, n_owned + len(around), dtype=np.int32)
        nodes = np.concatenate([nodes, canonical[around]])
        others = local[others]
    del canonical, owned
    return Simplices(
        comm=comm,
        dim=dim,
        n_nodes=lattice.n_nodes,
        n_cells=lattice.n_cells,
        n_owned=n_owned,
        n_owned_cells=mine,
        first=int(starts[comm.rank]),
        ghosts=ghosts,
        nodes=nodes,
        points=_points(
            lattice, nodes, [axis[a - axis[0] :][: length[k]] for axis, a, length, k in zip(axes, low, lengths, at, strict=True)]
        ),
        given=(others, numbers),
        boxes=Boxes(lattice, tuple(int(axis[0]) for axis in axes), tuple(sizes), tuple(before), local),
    )


def _points(lattice: Cells, nodes: Ints, owned: Sequence[Ints]) -> Floats:
    """Places (N, 3) of nodes, the first of which are those with these places along the axes."""
    n, dim = prod(map(len, owned)), lattice.dim
    points = np.zeros((len(nodes), 3))
    grid = points[:n].reshape(*map(len, owned[::-1]), 3)
    for axis, (along, places) in enumerate(zip(lattice.axes, owned, strict=True)):
        grid[..., axis] = along[places].reshape([-1 if k == dim - 1 - axis else 1 for k in range(dim)])
    points[n:, :dim] = lattice.points(nodes[n:])
    return points


def _others(lattice: Cells, axes: Sequence[Ints], before: Sequence[int], owned: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Ints]:
    """Cells with an owned node in the boxes before those of this rank: their nodes in the grid of these axes, and canonical numbers."""
    strides = np.concatenate([[1], np.cumprod([len(axis) for axis in axes])])[: lattice.dim].astype(np.int64)
    boxes = [axis[:-1] for axis in axes]
    outer = ~grid_values([np.arange(len(box)) >= b for box, b in zip(boxes, before, strict=True)], np.logical_and)
    corner = grid_values([(box - box[0]) * stride for box, stride in zip(boxes, strides, strict=True)], np.add)[outer]
    number = grid_values([box * stride for box, stride in zip(boxes, lattice.box_strides, strict=True)], np.add)[outer]
    cells, numbers = lattice.around(corner.astype(np.int32), strides), lattice.numbers(number)
    near = owned[cells].any(axis=1)
    return cells[near], numbers[near]


def _global(nodes: Ints, lattice: Cells, grid: Sequence[int], cuts: Sequence[Ints], lengths: Sequence[Ints], starts: Ints) -> Ints:
    """Global numbers of nodes by canonical ones: those of a part follow each other, x fastest."""
    places = np.unravel_index(nodes, [n + 1 for n in lattice.counts[::-1]])[::-1]
    rank, offset, size = (np.full(len(nodes), start, dtype=np.int64) for start in (0, 0, 1))
    stride = 1
    for place, parts, cut, length in zip(places, grid, cuts, lengths, strict=True):
        k = np.minimum(np.searchsorted(cut, place, side="right") - 1, parts - 1)
        offset += (place - cut[k]) * size
        size *= length[k]
        rank += k * stride
        stride *= parts
    return np.asarray(starts[rank] + offset)


def _nothing(lattice: Cells, comm: Comm) -> Simplices:
    none: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    return Simplices(
        comm=comm,
        dim=lattice.dim,
        n_nodes=lattice.n_nodes,
        n_cells=lattice.n_cells,
        n_owned=0,
        n_owned_cells=0,
        first=lattice.n_nodes,
        ghosts=none,
        nodes=none,
        points=np.empty((0, 3)),
        given=(np.empty((0, lattice.dim + 1), dtype=np.int32), none),
        boxes=Boxes(lattice, (0,) * lattice.dim, (1,) * lattice.dim, (0,) * lattice.dim, np.full(1, -1, dtype=np.int32)),
    )
