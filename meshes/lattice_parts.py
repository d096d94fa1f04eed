"""A lattice that every rank makes a part of: the mesh that ``structured`` makes, number by number, without the whole on any rank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeGuard

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import BoxMesh, IntervalMesh, MeshOptions, RectangleMesh
from .assemble import check_names, check_regions
from .distribute import digest_tags
from .domain import Domain
from .facets import Ints
from .lattice_cells import Cells
from .lattice_share import share
from .named_facets import NamedFacets
from .simplices import Simplices
from .structured import extent, tagged

Lattice = IntervalMesh | RectangleMesh | BoxMesh

ALIKE = 1e-3  # spacings of the axes, of the largest: where they are less alike, cells may be flat, and are looked at one by one
BLOCK = 1 << 15  # boxes of cells, or nodes, that are made at a time


def comes_in_parts(options: MeshOptions) -> TypeGuard[Lattice]:
    """Whether it is a lattice of simplices as ``Cells`` knows it: cut along main diagonals, outlines in steps, no interfaces."""
    if not isinstance(options, (IntervalMesh, RectangleMesh, BoxMesh)):
        return False
    if not isinstance(options, IntervalMesh) and (not options.structured or options.outlines == "fitted"):
        return False
    if getattr(options, "diagonal", "right") != "right" or getattr(options, "interfaces", {}):
        return False
    spacings = [np.diff(axis) for axis in extent(options)[0]]
    return min(float(s.min()) for s in spacings) > ALIKE * max(float(s.max()) for s in spacings)


class _Sides(Mapping[str, Ints]):
    """Facets of the sides by name, made when they are asked for."""

    def __init__(self, lattice: Cells, names: Sequence[str]) -> None:
        self._lattice, self._names = lattice, list(names)

    def __getitem__(self, name: str) -> Ints:
        return self._lattice.side(self._names.index(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def build_in_parts(options: Lattice, comm: Comm) -> Domain:
    """The lattice on all ranks; collective. Raises MeshError on all ranks alike."""
    axes, source = extent(options)
    lattice, regions, names = Cells(axes), options.region_names(), options.boundary_names()
    with agreed(comm):
        check_names((*regions, *names), source)
    mesh = share(lattice, comm)
    tags, count = np.zeros(mesh.n_local_cells, dtype=np.int32), np.array([mesh.n_owned_cells])
    if options.regions:
        for start in range(0, len(tags), BLOCK):
            tags[start : start + BLOCK] = _tags(options, lattice, mesh, start)
        count = np.bincount(tags[: mesh.n_owned_cells], minlength=len(regions))
    comm.Allreduce(MPI.IN_PLACE, count, MPI.SUM)
    with agreed(comm):
        check_regions(regions, count, source)
    sides = _Sides(lattice, names)
    return Domain(
        mesh=mesh,
        dim=lattice.dim,
        regions=tuple(regions),
        cell_region=tags,
        boundaries=NamedFacets(sides, mesh),
        interfaces={},
        digest=lambda: _hash(lattice, options, sides),
        source=source,
        listed=lambda first, last: _listed(lattice, options, first, last),
    )


def _listed(lattice: Cells, options: Lattice, first: int, last: int) -> tuple[Ints, NDArray[np.int32]]:
    """Nodes and regions of the cells from number ``first`` up to ``last``, block by block."""
    each, size = lattice.each, BLOCK * lattice.each
    nodes, regions = np.empty((last - first, lattice.dim + 1), dtype=np.int64), np.empty(last - first, dtype=np.int32)
    for start in range(first, last, size):
        stop = min(start + size, last)
        boxes = np.arange(start // each, -(-stop // each))
        some = slice(start - boxes[0] * each, stop - boxes[0] * each)
        nodes[start - first : stop - first] = lattice.cells(boxes)[some]
        regions[start - first : stop - first] = _regions(lattice, options, boxes)[some]
    return nodes, regions


def _tags(options: Lattice, lattice: Cells, mesh: Simplices, start: int) -> NDArray[np.int32]:
    """Regions of the next BLOCK cells, by their centroids to the last bit as ``structured`` finds them: corners along the path."""
    stop = min(start + BLOCK, mesh.n_local_cells)
    own = mesh.corners(slice(min(start, mesh.n_owned_cells), min(stop, mesh.n_owned_cells)))
    others = mesh.nodes[mesh.given[0][max(start - mesh.n_owned_cells, 0) : max(stop - mesh.n_owned_cells, 0)]]
    along = np.sort(np.concatenate([own, others]), axis=1)
    return tagged(options.regions.values(), lattice.points(along).mean(axis=1), stop - start)


def _hash(lattice: Cells, options: Lattice, sides: Mapping[str, Ints]) -> str:
    """``mesh_hash`` of the whole, block by block."""
    digest = hashlib.sha256()

    def add(shape: tuple[int, ...], kind: str, total: int, block: Callable[[Ints], NDArray[np.generic]]) -> None:
        digest.update(repr(shape).encode())
        for start in range(0, total, BLOCK):
            digest.update(np.ascontiguousarray(block(np.arange(start, min(start + BLOCK, total))), dtype=kind).data)

    boxes = lattice.n_cells // lattice.each
    add((lattice.n_nodes, lattice.dim), "<f8", lattice.n_nodes, lattice.points)
    add((lattice.n_cells, lattice.dim + 1), "<i8", boxes, lattice.cells)
    add((lattice.n_cells,), "<i4", boxes, lambda numbers: _regions(lattice, options, numbers))
    digest_tags(digest, options.region_names(), sides, {}, {})
    return digest.hexdigest()


def _regions(lattice: Cells, options: Lattice, boxes: Ints) -> NDArray[np.int32]:
    """Regions of the cells in boxes."""
    if not options.regions:
        return np.zeros(len(boxes) * lattice.each, dtype=np.int32)
    centroids = lattice.points(np.sort(lattice.cells(boxes), axis=1)).mean(axis=1)
    return tagged(options.regions.values(), centroids, len(centroids))
