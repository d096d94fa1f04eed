"""From a whole mesh on rank 0 to a Domain on all ranks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.parallel import Comm
from .domain import Domain, Membrane, MeshData
from .facets import Ints, keys
from .named_facets import NamedFacets, find
from .shares import block, curve_order, settled
from .simplices import Simplices, alone, surrounded

BLOCK = 1 << 15  # rows that are put into a digest at a time


def mesh_hash(data: MeshData) -> str:
    """sha256 of points, cells, region numbers, names, tagged facets and cuts in canonical order."""
    digest = hashlib.sha256()
    for array, kind in ((data.points, "<f8"), (data.cells, "<i8"), (data.cell_region, "<i4")):
        digest.update(repr(array.shape).encode())
        for start in range(0, len(array), BLOCK):  # without a copy of all
            digest.update(np.ascontiguousarray(array[start : start + BLOCK], dtype=kind).data)
    digest_tags(digest, data.regions, data.boundaries, data.interfaces, {name: m.facets for name, m in data.membranes.items()})
    return digest.hexdigest()


def digest_tags(
    digest: Any, regions: Sequence[str], boundaries: Mapping[str, Ints], interfaces: Mapping[str, Ints], membranes: Mapping[str, Ints]
) -> None:
    """Add names and facets to a digest that has points, cells and region numbers."""
    digest.update("\0".join(regions).encode())
    for group, tags in (("boundaries", boundaries), ("interfaces", interfaces), ("membranes", membranes)):
        for name in sorted(tags):
            facets = tags[name]
            digest.update(f"{group}\0{name}\0{facets.shape}".encode())
            digest.update(np.ascontiguousarray(facets, dtype="<i8").tobytes())


def distribute(data: MeshData | None, comm: Comm, by_curve: bool = False, digest: str = "") -> Domain:
    """Spread a mesh held by rank 0 over all ranks; collective.

    data: the mesh on rank 0, ignored (None) elsewhere; digest: its hash, where that is known. by_curve: into the parts that ranks
    read of its converted form, else into those of DOLFINx's partitioner. A rank may get no cells at all. The two sides of a membrane
    may lie on different ranks.
    """
    root = comm.rank == 0
    head = comm.bcast(
        (data.points.shape, data.regions, list(data.boundaries), list(data.interfaces), digest or mesh_hash(data), data.source, data.notes)
        if root and data is not None
        else None
    )
    (n_nodes, dim), regions, boundary_names, interface_names, digest, source, notes = head
    if root and data is not None:
        cells, points = data.cells, data.points
    else:
        cells, points = np.empty((0, dim + 1), dtype=np.int64), np.empty((0, dim))
    mesh = alone(comm, points, cells) if comm.size == 1 else (along_curve if by_curve else partitioned)(comm, cells, points)
    tags = _everywhere(comm, data.cell_region if root and data is not None else None, np.int32)
    names = boundary_names + interface_names
    rows = {name: _everywhere(comm, _facets(data, name) if root else None, np.int64).reshape(-1, dim) for name in names}
    cuts = data.membranes if root and data is not None else {}
    return Domain(
        mesh=mesh,
        dim=dim,
        regions=regions,
        cell_region=tags[mesh.numbers],
        boundaries=NamedFacets({name: rows[name] for name in boundary_names}, mesh),
        interfaces=NamedFacets({name: rows[name] for name in interface_names}, mesh),
        digest=lambda: digest,
        source=source,
        notes=notes,
        membranes=_membranes(comm, cuts, mesh, n_nodes),
        section=data.section if root and data is not None else None,
    )


def along_curve(comm: Comm, cells: Ints, points: NDArray[np.float64]) -> Simplices:
    """Cells (M, dim+1) and points (N, dim) that rank 0 holds, spread in blocks along a space-filling curve. Collective."""
    parts = None
    if comm.rank == 0:
        order = curve_order(points, cells)
        at = [slice(len(cells) * rank // comm.size, len(cells) * (rank + 1) // comm.size) for rank in range(comm.size)]
        whole = len(points), len(cells)
        parts = [(*whole, cells[order[at[k]]], order[at[k]], points[block(len(points), k, comm.size)]) for k in range(comm.size)]
    return settled(comm, *comm.scatter(parts))


def partitioned(comm: Comm, cells: Ints, points: NDArray[np.float64]) -> Simplices:
    """Cells (M, dim+1) and points (N, dim) that rank 0 holds, spread by DOLFINx. Collective."""
    from ..solver.compat import cell_corners, create_simplex_mesh

    mesh = create_simplex_mesh(comm, cells, points)
    geometry, topology, dim = mesh.geometry, mesh.topology, mesh.topology.dim
    index_map, corners = geometry.index_map(), cell_corners(mesh)
    owned = np.arange(index_map.size_local, dtype=np.int64) + index_map.local_range[0]
    numbers = np.concatenate([owned, np.asarray(index_map.ghosts, dtype=np.int64)])
    return surrounded(
        comm,
        n_owned=index_map.size_local,
        n_cells=topology.index_map(dim).size_global,
        cells=corners.reshape(-1, dim + 1),
        numbers=np.asarray(topology.original_cell_index, dtype=np.int64),
        nodes=(numbers, np.asarray(geometry.input_global_indices, dtype=np.int64), np.asarray(geometry.x)[:, :dim]),
    )


def _membranes(comm: Comm, whole: Mapping[str, Membrane], mesh: Simplices, n_nodes: int) -> dict[str, Membrane]:
    """This rank's share of each membrane that rank 0 holds; collective."""
    result = {}
    for name, rim, measure in comm.bcast([(name, m.rim, m.measure) for name, m in whole.items()]):
        given = whole.get(name)
        facets = _everywhere(comm, given.facets if given else None, np.int64).reshape(-1, 2, mesh.dim)
        pairs = _everywhere(comm, given.pairs if given else None, np.int64).reshape(-1, 2)
        sigma = _everywhere(comm, given.sigma if given else None, np.float64)
        numbers = np.arange(len(facets)), np.arange(len(pairs))
        result[name] = share_of(Membrane(facets, pairs, sigma, rim, measure, *numbers, len(facets), len(pairs)), mesh, n_nodes)
    return result


def share_of(whole: Membrane, mesh: Simplices, n_nodes: int) -> Membrane:
    """This rank's share of a whole membrane."""
    held = np.zeros(n_nodes, dtype=bool)
    held[mesh.nodes] = True
    first = find(mesh, whole.facets[:, 0])
    mine = np.flatnonzero(np.isin(keys(whole.facets[:, 0], n_nodes), keys(mesh.nodes[first.nodes[first.mine]], n_nodes)))
    near = np.flatnonzero(held[whole.pairs].any(axis=1))
    return replace(
        whole, facets=whole.facets[mine], pairs=whole.pairs[near], sigma=whole.sigma[near], facet_numbers=mine, pair_numbers=near
    )


def _facets(data: MeshData | None, name: str) -> Ints | None:
    if data is None:
        return None
    tags: Mapping[str, Ints] = {**data.boundaries, **data.interfaces}
    return tags[name]


def _everywhere(comm: Comm, array: NDArray[Any] | None, dtype: type) -> NDArray[Any]:
    """A flat copy on every rank of an array that rank 0 holds."""
    size = comm.bcast(array.size if array is not None else None)
    whole = np.ascontiguousarray(array, dtype=dtype).ravel() if array is not None else np.empty(size, dtype=dtype)
    comm.Bcast(whole)
    return whole
