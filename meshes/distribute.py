"""From a whole mesh on rank 0 to a Domain on all ranks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.parallel import Comm
from .domain import Domain, Membrane, MeshData
from .facets import Ints, keys
from .named_facets import NamedFacets, find
from .simplices import Simplices, alone, surrounded


def mesh_hash(data: MeshData) -> str:
    """sha256 of points, cells, region numbers, names, tagged facets and cuts in canonical order."""
    digest = hashlib.sha256()
    for array, kind in ((data.points, "<f8"), (data.cells, "<i8"), (data.cell_region, "<i4")):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
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


def distribute(data: MeshData | None, comm: Comm) -> Domain:
    """Spread a mesh held by rank 0 over all ranks; collective.

    data: the mesh on rank 0, ignored (None) elsewhere. A rank may get no cells at all. The two sides of a membrane may lie on
    different ranks.
    """
    root = comm.rank == 0
    head = comm.bcast(
        (data.points.shape, data.regions, list(data.boundaries), list(data.interfaces), mesh_hash(data), data.source, data.notes)
        if root and data is not None
        else None
    )
    (n_nodes, dim), regions, boundary_names, interface_names, digest, source, notes = head
    if root and data is not None:
        cells, points = data.cells, data.points
    else:
        cells, points = np.empty((0, dim + 1), dtype=np.int64), np.empty((0, dim))
    mesh = alone(comm, points, cells) if comm.size == 1 else partitioned(comm, cells, points)
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
        hash=digest,
        source=source,
        notes=notes,
        membranes=_membranes(comm, cuts, mesh, n_nodes),
        section=data.section if root and data is not None else None,
    )


def partitioned(comm: Comm, cells: Ints, points: NDArray[np.float64], stay: bool = False) -> Simplices:
    """Cells (M, dim+1) and points (N, dim) that ranks hold a part of each, spread by DOLFINx; stay: each keeps its cells. Collective."""
    from ..solver.compat import cell_corners, create_simplex_mesh

    mesh = create_simplex_mesh(comm, cells, points, stay)
    geometry, topology, dim = mesh.geometry, mesh.topology, mesh.topology.dim
    index_map, corners = geometry.index_map(), cell_corners(mesh)
    owned = np.arange(index_map.size_local, dtype=np.int64) + index_map.local_range[0]
    numbers = np.concatenate([owned, np.asarray(index_map.ghosts, dtype=np.int64)])
    return surrounded(
        comm,
        n_owned=index_map.size_local,
        n_cells=topology.index_map(dim).size_global,
        cells=numbers[corners].reshape(-1, dim + 1),
        numbers=np.asarray(topology.original_cell_index, dtype=np.int64),
        corners=np.asarray(geometry.input_global_indices, dtype=np.int64)[corners].reshape(-1, dim + 1),
        points=np.asarray(geometry.x)[corners, :dim].reshape(-1, dim + 1, dim),
    )


def _membranes(comm: Comm, whole: Mapping[str, Membrane], mesh: Simplices, n_nodes: int) -> dict[str, Membrane]:
    """This rank's share of each membrane that rank 0 holds; collective."""
    held = np.zeros(n_nodes, dtype=bool)
    held[mesh.nodes] = True
    result = {}
    for name, rim, measure in comm.bcast([(name, m.rim, m.measure) for name, m in whole.items()]):
        given = whole.get(name)
        facets = _everywhere(comm, given.facets if given else None, np.int64).reshape(-1, 2, mesh.dim)
        pairs = _everywhere(comm, given.pairs if given else None, np.int64).reshape(-1, 2)
        sigma = _everywhere(comm, given.sigma if given else None, np.float64)
        first = find(mesh, facets[:, 0])
        mine = np.flatnonzero(np.isin(keys(facets[:, 0], n_nodes), keys(mesh.nodes[first.nodes[first.mine]], n_nodes)))
        near = np.flatnonzero(held[pairs].any(axis=1))
        result[name] = Membrane(facets[mine], pairs[near], sigma[near], rim, measure, mine, near, len(facets), len(pairs))
    return result


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
