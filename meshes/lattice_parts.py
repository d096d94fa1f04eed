"""A lattice that every rank makes a part of: the mesh that ``structured`` makes, number by number, without the whole on any rank.

Each rank makes a block of the list of cells and sends them where they belong: the box of the lattice is parted into boxes of cells
alike, so that the cut between ranks is about the least.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from math import factorial, prod
from typing import Any, TypeGuard

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..solver.compat import create_simplex_mesh
from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import BoxMesh, IntervalMesh, MeshOptions, RectangleMesh
from .assemble import check_names, check_regions
from .distribute import Numbered, TaggedFacets, digest_tags
from .domain import Domain
from .facets import Ints, canonical, facets_on
from .structured import extent, tagged

Floats = NDArray[np.float64]
Lattice = IntervalMesh | RectangleMesh | BoxMesh

ALIKE = 1e-3  # spacings of the axes, of the largest: where they are less alike, cells may be flat, and are looked at one by one
BLOCK = 1 << 17  # cells that are made at a time, for the hash


def comes_in_parts(options: MeshOptions) -> TypeGuard[Lattice]:
    """Whether it is a lattice of simplices as ``Parts`` knows it: cut along main diagonals, outlines in steps, no interfaces."""
    if not isinstance(options, (IntervalMesh, RectangleMesh, BoxMesh)):
        return False
    if not isinstance(options, IntervalMesh) and (not options.structured or options.outlines == "fitted"):
        return False
    if getattr(options, "diagonal", "right") != "right" or getattr(options, "interfaces", {}):
        return False
    spacings = [np.diff(axis) for axis in extent(options)[0]]
    return min(float(s.min()) for s in spacings) > ALIKE * max(float(s.max()) for s in spacings)


class Parts:
    """Cells and nodes of a lattice by their canonical numbers; ``axes``: coordinates along each axis, x fastest."""

    def __init__(self, axes: Sequence[Floats]) -> None:
        self.axes, self.counts, self.dim = axes, [len(axis) - 1 for axis in axes], len(axes)
        self.n_nodes, self.each = prod(n + 1 for n in self.counts), factorial(self.dim)
        self.n_cells = self.each * prod(self.counts)
        strides = np.concatenate([[1], np.cumprod([n + 1 for n in self.counts])])[: self.dim].astype(np.int64)
        self._strides = strides
        orders = list(permutations(range(self.dim)))
        self._paths = np.asarray([np.concatenate([[0], np.cumsum(strides[list(order)])]) for order in orders], dtype=np.int64)
        self._turned = np.asarray([sum(a > b for k, a in enumerate(o) for b in o[k + 1 :]) % 2 == 1 for o in orders])

    def places(self, numbers: Ints) -> Ints:
        """(C, dim) the boxes that cells lie in."""
        return np.stack(np.unravel_index(numbers // self.each, self.counts[::-1])[::-1], axis=1)

    def cells(self, numbers: Ints, oriented: bool = True) -> Ints:
        """(C, dim+1) nodes of cells; in positive order, or as the path from corner to corner has them."""
        path = numbers % self.each
        found = (self.places(numbers) @ self._strides)[:, None] + self._paths[path]
        if oriented:
            turned = self._turned[path]
            found[turned, -2:] = found[turned][:, [-1, -2]]
        return found

    def points(self, nodes: Ints) -> Floats:
        """(..., dim) positions of nodes."""
        at = np.unravel_index(nodes, [n + 1 for n in self.counts[::-1]])[::-1]
        return np.stack([axis[k] for axis, k in zip(self.axes, at, strict=True)], axis=-1)

    def tags(self, options: Lattice, numbers: Ints) -> NDArray[np.int32]:
        """(C,) regions of cells."""
        shapes = list(options.regions.values())
        centroids = self.points(self.cells(numbers, oriented=False)).mean(axis=1) if shapes else np.empty((0, self.dim))
        return tagged(shapes, centroids, len(numbers))

    def side(self, number: int) -> Ints:
        """(F, dim) facets of a side of the box, in canonical order: lower and upper x, then y, then z."""
        axis, layer = number // 2, (0, self.counts[number // 2] - 1)[number % 2]
        ranges = [np.arange(n) if k != axis else np.array([layer]) for k, n in enumerate(self.counts)]
        boxes = np.ravel_multi_index(np.meshgrid(*ranges[::-1], indexing="ij"), self.counts[::-1]).ravel()
        cells = self.cells((boxes[:, None] * self.each + np.arange(self.each)).ravel())
        nodes = np.unique(cells)
        value = self.axes[axis][-1 if number % 2 else 0]
        tolerance = 1e-9 * max(float(a[-1] - a[0]) for a in self.axes)
        near = np.abs(self.points(nodes)[:, axis] - value) <= tolerance
        facets, _ = facets_on(np.searchsorted(nodes, cells), near)
        return canonical(nodes[facets], self.n_nodes)

    def ranks(self, numbers: Ints, ranks: int) -> NDArray[np.int32]:
        """(C,) the rank of ``ranks`` that each cell belongs to."""
        grid = grid_of(ranks, self.counts)
        if grid is None:  # more ranks than boxes along the axes
            return (numbers * ranks // self.n_cells).astype(np.int32)
        where = self.places(numbers) * np.array(grid) // np.array(self.counts)
        return np.ravel_multi_index(tuple(where.T[::-1]), grid[::-1]).astype(np.int32)


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


class _Sides(Mapping[str, Ints]):
    """Facets of the sides by name, made when they are asked for."""

    def __init__(self, parts: Parts, names: Sequence[str]) -> None:
        self._parts, self._names = parts, list(names)

    def __getitem__(self, name: str) -> Ints:
        return self._parts.side(self._names.index(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def build_in_parts(options: Lattice, comm: Comm) -> Domain:
    """The lattice on all ranks; collective. Raises MeshError on all ranks alike."""
    axes, source = extent(options)
    parts, regions, names = Parts(axes), options.region_names(), options.boundary_names()
    with agreed(comm):
        check_names((*regions, *names), source)
    mine = np.arange(parts.n_cells * comm.rank // comm.size, parts.n_cells * (comm.rank + 1) // comm.size)
    nodes = np.arange(parts.n_nodes * comm.rank // comm.size, parts.n_nodes * (comm.rank + 1) // comm.size)
    tags = parts.tags(options, mine)
    count = np.bincount(tags, minlength=len(regions))
    comm.Allreduce(MPI.IN_PLACE, count, MPI.SUM)
    with agreed(comm):
        check_regions(regions, count, source)
    mesh = create_simplex_mesh(comm, parts.cells(mine), parts.points(nodes), to=parts.ranks(mine, comm.size))
    sides = _Sides(parts, names)
    here = np.asarray(mesh.topology.original_cell_index, dtype=np.int64)
    return Domain(
        mesh=mesh,
        dim=parts.dim,
        regions=tuple(regions),
        cell_region=parts.tags(options, here),
        boundaries=TaggedFacets(sides, Numbered(mesh), parts.n_nodes),
        interfaces={},
        hash=_hash(parts, options, sides, comm),
        source=source,
    )


def _hash(parts: Parts, options: Lattice, sides: Mapping[str, Ints], comm: Comm) -> str:
    """``mesh_hash`` of the whole, which rank 0 makes block by block. Collective."""
    if comm.rank:
        return str(comm.bcast(None))
    digest = hashlib.sha256()

    def add(shape: tuple[int, ...], kind: str, block: Any) -> None:
        digest.update(repr(shape).encode())
        for start in range(0, shape[0], BLOCK):
            digest.update(np.ascontiguousarray(block(np.arange(start, min(start + BLOCK, shape[0]))), dtype=kind).tobytes())

    add((parts.n_nodes, parts.dim), "<f8", parts.points)
    add((parts.n_cells, parts.dim + 1), "<i8", parts.cells)
    add((parts.n_cells,), "<i4", lambda numbers: parts.tags(options, numbers))
    digest_tags(digest, options.region_names(), sides, {}, {})
    return str(comm.bcast(digest.hexdigest()))
