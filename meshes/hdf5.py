"""Converted meshes: one HDF5 file from which every rank reads its own part, so that no rank ever holds the whole.

    /invasio-mesh  @version @hash @source @regions (JSON)   points (N, dim)   cells (M, dim+1)   cell_region (M,)
                   boundaries/NAME (F, dim)   interfaces/NAME (F, dim)

Cells lie along a space-filling curve: the part of a rank is a block of the list, compact in space, and always the same for
a number of ranks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import FileMesh
from .distribute import mesh_hash, partitioned
from .domain import Domain, MeshData
from .facets import Ints
from .named_facets import NamedFacets
from .overlap import refuse
from .simplices import Simplices

ENDING = ".h5"
_ROOT = "invasio-mesh"
_VERSION = 1
_BLOCK = 1 << 20  # rows that are searched at a time
_BITS = 20  # of each coordinate along the curve


def write(data: MeshData, path: Path) -> None:
    """Write a mesh that is not cut, cells in the order of the curve. Raises MeshError if the file cannot be written."""
    import h5py

    order = np.argsort(curve(data.points[data.cells].mean(axis=1)), kind="stable")
    data = replace(data, cells=data.cells[order], cell_region=data.cell_region[order])
    try:
        with h5py.File(path, "w") as file:
            root = file.create_group(_ROOT)
            root.attrs.update(version=_VERSION, hash=mesh_hash(data), source=data.source, regions=json.dumps(data.regions))
            for name in ("points", "cells", "cell_region"):
                root[name] = getattr(data, name)
            for group in ("boundaries", "interfaces"):
                tags = root.create_group(group, track_order=True)
                for name, facets in getattr(data, group).items():
                    tags[name.replace("/", "\\")] = facets
    except OSError as error:
        raise MeshError(f"cannot be written: {error}", code="cannot-write", place=str(path), remedy="choose another file") from error


def curve(points: NDArray[np.float64]) -> NDArray[np.uint64]:
    """(N,) places of points (N, dim) along Morton's curve through their bounding box."""
    low, high = points.min(axis=0), points.max(axis=0)
    grid = ((points - low) / np.maximum(high - low, 1e-300).max() * (2**_BITS - 1)).astype(np.uint64)
    place = np.zeros(len(points), dtype=np.uint64)
    dim = points.shape[1]
    for bit in range(_BITS):
        for axis in range(dim):
            place |= ((grid[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(bit * dim + axis)
    return place


def head(path: Path) -> tuple[int, int]:
    """Nodes and dimension of a converted mesh. Raises MeshError if it is none."""
    with _opened(path) as root:
        return tuple(map(int, root["points"].shape))  # type: ignore[return-value]


def read_whole(options: FileMesh) -> MeshData:
    """The whole mesh on this rank. Raises MeshError."""
    _refuse_names(options)
    with _opened(Path(options.path)) as root:
        points, cells = root["points"][:], root["cells"][:]
        _check(cells, points, len(points), options.path)
        return MeshData(
            points=points,
            cells=cells,
            cell_region=root["cell_region"][:],
            regions=tuple(json.loads(root.attrs["regions"])),
            source=str(root.attrs["source"]),
            boundaries={name: facets[:] for name, facets in _named(root["boundaries"])},
            interfaces={name: facets[:] for name, facets in _named(root["interfaces"])},
        )


def read_distributed(options: FileMesh, comm: Comm) -> Domain:
    """Every rank's part, read by itself; collective. Raises MeshError on all ranks alike."""
    with agreed(comm):
        _refuse_names(options)
        with _opened(Path(options.path)):
            pass  # every rank can
    with _opened(Path(options.path)) as root:
        n_nodes, dim = root["points"].shape
        cells = root["cells"][_share(len(root["cells"]), comm)].reshape(-1, dim + 1)
        points = root["points"][_share(n_nodes, comm)].reshape(-1, dim)
        with agreed(comm):
            _check(cells, points, n_nodes, options.path)
        mesh = partitioned(comm, cells, points, stay=True)
        del cells, points
        with agreed(comm):  # each rank in its part: the whole was checked when it was converted
            refuse(np.ascontiguousarray(mesh.points[:, :dim]), mesh.cells.astype(np.int64), options.path)
        return Domain(
            mesh=mesh,
            dim=dim,
            regions=tuple(json.loads(root.attrs["regions"])),
            cell_region=_pick(root["cell_region"], mesh.numbers),
            hash=str(root.attrs["hash"]),
            source=str(root.attrs["source"]),
            boundaries=NamedFacets({name: _near(facets, mesh, n_nodes) for name, facets in _named(root["boundaries"])}, mesh),
            interfaces=NamedFacets({name: _near(facets, mesh, n_nodes) for name, facets in _named(root["interfaces"])}, mesh),
        )


def _check(cells: Ints, points: NDArray[np.float64], n_nodes: int, path: str) -> None:
    """Refuse what would lead beyond the arrays: a file may have been changed since it was converted. Raises MeshError."""
    remedy = f"make it again with: invasio mesh convert MESH {Path(path).name}"
    if len(cells) and not 0 <= int(cells.min()) <= int(cells.max()) < n_nodes:
        raise MeshError(f"cells refer to nodes beyond the {n_nodes} that there are", code="undefined-nodes", place=path, remedy=remedy)
    if not np.isfinite(points).all():
        raise MeshError("coordinates are not finite", code="bad-coordinates", place=path, remedy=remedy)


def _refuse_names(options: FileMesh) -> None:
    given = [name for name in ("regions", "boundaries", "interfaces", "facets", "tags", "facet_tags") if getattr(options, name)]
    given += ["unit"] if options.unit != 1.0 else []
    if given:
        raise MeshError(
            "a converted mesh has its names and unit already",
            code="converted-mesh",
            place=str(options.path),
            remedy=f"give {', '.join(given)} before converting it",
        )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The group of a converted mesh, its file open while the block runs."""
    import h5py

    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise MeshError(
            f"cannot be read as HDF5: {str(error).splitlines()[0]}",
            code="unreadable-file",
            place=str(path),
            remedy=f"make it again with: invasio mesh convert MESH {path.name}",
        ) from None
    with file:
        if _ROOT not in file or file[_ROOT].attrs.get("version") != _VERSION:
            raise MeshError(
                "not a converted mesh",
                code="no-converted-mesh",
                place=str(path),
                remedy=f"make one with: invasio mesh convert MESH {path.name}",
            )
        yield file[_ROOT]


def _named(group: Any) -> list[tuple[str, Any]]:
    return [(name.replace("\\", "/"), facets) for name, facets in group.items()]


def _share(count: int, comm: Comm) -> slice:
    """This rank's block of a list."""
    return slice(count * comm.rank // comm.size, count * (comm.rank + 1) // comm.size)


def _near(dataset: Any, mesh: Simplices, n_nodes: int) -> Ints:
    """The facets of a list all of whose nodes are here, reading blocks only."""
    here = np.zeros(n_nodes, dtype=bool)
    here[mesh.nodes] = True
    blocks = (dataset[start : start + _BLOCK] for start in range(0, len(dataset), _BLOCK))
    return np.concatenate([np.empty((0, mesh.dim), dtype=np.int64), *(block[here[block].all(axis=1)] for block in blocks)])


def _pick(dataset: Any, wanted: Ints) -> NDArray[Any]:
    """Entries of a one-dimensional dataset by number, reading blocks only."""
    result = np.empty(len(wanted), dtype=dataset.dtype)
    order = np.argsort(wanted, kind="stable")
    ascending = wanted[order]
    for start in range(0, len(dataset), _BLOCK):
        first, last = np.searchsorted(ascending, (start, start + _BLOCK))
        if first < last:
            result[order[first:last]] = dataset[start : start + _BLOCK][ascending[first:last] - start]
    return result
