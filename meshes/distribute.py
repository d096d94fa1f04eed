"""From a whole mesh on rank 0 to a Domain on all ranks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.compat import create_simplex_mesh
from .domain import Domain, MeshData
from .facets import Ints, cell_facets, keys


def mesh_hash(data: MeshData) -> str:
    """sha256 of points, cells, region numbers, names and tagged facets in canonical order."""
    digest = hashlib.sha256()
    for array, kind in ((data.points, "<f8"), (data.cells, "<i8"), (data.cell_region, "<i4")):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    digest.update("\0".join(data.regions).encode())
    for group, tags in (("boundaries", data.boundaries), ("interfaces", data.interfaces)):
        for name in sorted(tags):
            digest.update(f"{group}\0{name}\0{tags[name].shape}".encode())
            digest.update(np.ascontiguousarray(tags[name], dtype="<i8").tobytes())
    return digest.hexdigest()


def distribute(data: MeshData | None, comm: Any) -> Domain:
    """Spread a mesh held by rank 0 over all ranks; collective.

    data: the mesh on rank 0, ignored (None) elsewhere. A rank may get no cells at all. Each tagged facet is listed on
    exactly one rank, its owner, which owns a cell of it.
    """
    root = comm.rank == 0
    head = comm.bcast(
        (data.points.shape, data.regions, list(data.boundaries), list(data.interfaces), mesh_hash(data), data.source)
        if root and data is not None
        else None
    )
    (n_nodes, dim), regions, boundary_names, interface_names, digest, source = head
    if root and data is not None:
        cells, points = data.cells, data.points
    else:
        cells, points = np.empty((0, dim + 1), dtype=np.int64), np.empty((0, dim))
    mesh = create_simplex_mesh(comm, cells, points)
    tags = _everywhere(comm, data.cell_region if root and data is not None else None, np.int32)
    names = boundary_names + interface_names
    rows: list[Ints] = [_everywhere(comm, _facets(data, name) if root else None, np.int64).reshape(-1, dim) for name in names]
    found = dict(zip(names, _local_facets(mesh, dim, n_nodes, rows), strict=True))
    return Domain(
        mesh=mesh,
        dim=dim,
        regions=regions,
        cell_region=tags[np.asarray(mesh.topology.original_cell_index)],
        boundaries={name: found[name] for name in boundary_names},
        interfaces={name: found[name] for name in interface_names},
        hash=digest,
        source=source,
    )


def _facets(data: MeshData | None, name: str) -> Ints | None:
    if data is None:
        return None
    tags: Mapping[str, Ints] = {**data.boundaries, **data.interfaces}
    return tags[name]


def _everywhere(comm: Any, array: NDArray[Any] | None, dtype: type) -> NDArray[Any]:
    """A flat copy on every rank of an array that rank 0 holds."""
    size = comm.bcast(array.size if array is not None else None)
    whole = np.ascontiguousarray(array, dtype=dtype).ravel() if array is not None else np.empty(size, dtype=dtype)
    comm.Bcast(whole)
    return whole


def _local_facets(mesh: Any, dim: int, n_nodes: int, wanted: list[Ints]) -> list[NDArray[np.int32]]:
    """Local numbers of the facets given by canonical node numbers, owned ones only, ascending."""
    topology = mesh.topology
    topology.create_entities(dim - 1)
    topology.create_connectivity(dim, dim - 1)
    topology.create_connectivity(dim - 1, dim)
    canonical = np.asarray(mesh.geometry.input_global_indices, dtype=np.int64)
    cells = canonical[np.asarray(mesh.geometry.dofmap, dtype=np.int64).reshape(-1, dim + 1)]
    numbers = np.asarray(topology.connectivity(dim, dim - 1).array, dtype=np.int32).reshape(-1, dim + 1)
    owned = numbers < topology.index_map(dim - 1).size_local
    facets = cell_facets(cells)
    if dim == 1:  # the facets of an interval are its vertices, in the same order
        facets = facets[:, ::-1]
    result = []
    for rows in wanted:
        mask = np.zeros(n_nodes, dtype=bool)
        mask[rows] = True
        candidates = np.nonzero(mask[facets].all(axis=2) & owned)
        match = np.isin(keys(facets[candidates], n_nodes), keys(rows, n_nodes))
        result.append(np.unique(numbers[candidates][match]).astype(np.int32))
    return result
