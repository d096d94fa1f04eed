"""From a whole mesh on rank 0 to a Domain on all ranks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.compat import cell_corners, create_simplex_mesh
from ..solver.parallel import Comm
from .domain import Domain, Membrane, MeshData
from .facets import Ints, cell_facets, keys


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

    data: the mesh on rank 0, ignored (None) elsewhere. A rank may get no cells at all. Each tagged facet is listed on
    exactly one rank, its owner, which owns a cell of it. The two sides of a membrane may lie on different ranks.
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
    mesh = create_simplex_mesh(comm, cells, points)
    tags = _everywhere(comm, data.cell_region if root and data is not None else None, np.int32)
    names = boundary_names + interface_names
    rows = {name: _everywhere(comm, _facets(data, name) if root else None, np.int64).reshape(-1, dim) for name in names}
    numbered = Numbered(mesh)
    cuts = data.membranes if root and data is not None else {}
    return Domain(
        mesh=mesh,
        dim=dim,
        regions=regions,
        cell_region=tags[np.asarray(mesh.topology.original_cell_index)],
        boundaries=TaggedFacets({name: rows[name] for name in boundary_names}, numbered, n_nodes),
        interfaces=TaggedFacets({name: rows[name] for name in interface_names}, numbered, n_nodes),
        hash=digest,
        source=source,
        notes=notes,
        membranes=_membranes(comm, cuts, mesh, numbered, n_nodes),
        section=data.section if root and data is not None else None,
    )


def _membranes(comm: Comm, whole: Mapping[str, Membrane], mesh: Any, numbered: Numbered, n_nodes: int) -> dict[str, Membrane]:
    """This rank's share of each membrane that rank 0 holds; collective."""
    held = np.zeros(n_nodes, dtype=bool)
    held[np.asarray(mesh.geometry.input_global_indices)] = True
    result = {}
    for name, rim, measure in comm.bcast([(name, m.rim, m.measure) for name, m in whole.items()]):
        given = whole.get(name)
        facets = _everywhere(comm, given.facets if given else None, np.int64).reshape(-1, 2, mesh.topology.dim)
        pairs = _everywhere(comm, given.pairs if given else None, np.int64).reshape(-1, 2)
        sigma = _everywhere(comm, given.sigma if given else None, np.float64)
        mine = np.flatnonzero(np.isin(keys(facets[:, 0], n_nodes), keys(numbered.facets.among(facets[:, 0], n_nodes)[0], n_nodes)))
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


@dataclass(frozen=True)
class OwnedFacets:
    """The facets that this rank owns, as often as its cells have them.

    rows (k, dim): their canonical node numbers; numbers (k,): their local numbers.
    """

    rows: Ints
    numbers: NDArray[np.int32]

    @classmethod
    def of(cls, mesh: Any) -> OwnedFacets:
        """Number the facets of a distributed mesh; collective."""
        topology, dim = mesh.topology, mesh.topology.dim
        topology.create_entities(dim - 1)
        topology.create_connectivity(dim, dim - 1)
        topology.create_connectivity(dim - 1, dim)
        canonical = np.asarray(mesh.geometry.input_global_indices, dtype=np.int64)
        cells = canonical[cell_corners(mesh)]
        numbers = np.asarray(topology.connectivity(dim, dim - 1).array, dtype=np.int32).reshape(-1, dim + 1)
        facets = cell_facets(cells)
        if dim == 1:  # the facets of an interval are its vertices, in the same order
            facets = facets[:, ::-1]
        owned = numbers < topology.index_map(dim - 1).size_local
        return cls(facets[owned], numbers[owned])

    def among(self, rows: Ints, n_nodes: int) -> tuple[Ints, NDArray[np.int32]]:
        """Those that are among the given ones (F, dim): node numbers, and local numbers."""
        mask = np.zeros(n_nodes, dtype=bool)
        mask[rows] = True
        candidates = np.flatnonzero(mask[self.rows].all(axis=1))
        found = candidates[np.isin(keys(self.rows[candidates], n_nodes), keys(rows, n_nodes))]
        return self.rows[found], self.numbers[found]


class Numbered:
    """The facets of a distributed mesh, numbered when they are first asked for: that takes a fifth of the time and memory of set-up."""

    def __init__(self, mesh: Any) -> None:
        self._mesh = mesh

    @cached_property
    def facets(self) -> OwnedFacets:
        """Those that this rank owns; collective the first time."""
        return OwnedFacets.of(self._mesh)


class TaggedFacets(Mapping[str, NDArray[np.int32]]):
    """Local numbers of the facets of each name that this rank owns. What is asked for by name is found then, collectively.

    rows: name -> (F, dim) canonical node numbers of all facets of the name, the same on every rank.
    """

    def __init__(self, rows: Mapping[str, Ints], numbered: Numbered, n_nodes: int) -> None:
        self._rows, self._numbered, self._n_nodes = rows, numbered, n_nodes
        self._found: dict[str, NDArray[np.int32]] = {}

    def __getitem__(self, name: str) -> NDArray[np.int32]:
        if name not in self._found:
            self._found[name] = np.unique(self._numbered.facets.among(self._rows[name], self._n_nodes)[1])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
