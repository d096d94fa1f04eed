"""Converted meshes: one HDF5 file from which every rank reads its own part, so that no rank ever holds the whole.

    /invasio-mesh  @version @hash @source @regions (JSON)   points (N, dim)   cells (M, dim+1)   cell_region (M,)
                   boundaries/NAME (F, dim)   interfaces/NAME (F, dim)

Cells lie along a space-filling curve: the part of a rank is a block of the list, compact in space, and always the same for
a number of ranks. What ``kept.py`` keeps by itself has checksums, and more:

                   @notes (JSON)   numbers (M,) that the cells had   section (rows, columns[, 3]) @about (JSON)
                   membranes/NAME @rim @measure   facets (F, 2, dim)   pairs (p, 2)   sigma (p,)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import FileMesh
from .distribute import mesh_hash, share_of
from .domain import Domain, Membrane, MeshData, Section
from .facets import Ints
from .named_facets import NamedFacets
from .overlap import refuse
from .shares import block, curve_order, settled
from .simplices import Simplices

ENDING = ".h5"
_ROOT = "invasio-mesh"
_VERSION = 1
_BLOCK = 1 << 20  # rows that are searched at a time
_CHUNK = 1 << 14  # rows that are checked together


def write(data: MeshData, path: Path) -> None:
    """Write a mesh that is not cut, cells in the order of the curve. Raises MeshError if the file cannot be written."""
    import h5py

    order = curve_order(data.points, data.cells)
    data = replace(data, cells=data.cells[order], cell_region=data.cell_region[order])
    try:
        with h5py.File(path, "w") as file:
            _write(file, data, mesh_hash(data), {})
    except OSError as error:
        raise MeshError(f"cannot be written: {error}", code="cannot-write", place=str(path), remedy="choose another file") from error


def write_all(data: MeshData, path: Path) -> None:
    """Write a mesh with all that belongs to it, so that ``parts_of`` and ``whole_of`` give it back as it is. Raises OSError."""
    import h5py

    order, digest = curve_order(data.points, data.cells), mesh_hash(data)
    short = np.int32 if len(data.points) < 2**31 else np.int64
    data = replace(data, cells=data.cells[order].astype(short), cell_region=data.cell_region[order])
    with h5py.File(path, "w") as file:
        root = _write(file, data, digest, {"fletcher32": True})
        root.attrs["notes"] = json.dumps(data.notes)
        _put(root, "numbers", order.astype(short if len(order) < 2**31 else np.int64), {"fletcher32": True})
        if data.section is not None:
            _put(root, "section", data.section.pixels, {"fletcher32": True})
            root["section"].attrs["about"] = json.dumps([data.section.extent, data.section.labels])
        membranes = root.create_group("membranes", track_order=True)
        for name, membrane in data.membranes.items():
            of = membranes.create_group(_safe(name))
            of.attrs.update(rim=membrane.rim, measure=membrane.measure)
            for part in ("facets", "pairs", "sigma"):
                _put(of, part, getattr(membrane, part), {"fletcher32": True})


def _write(file: Any, data: MeshData, digest: str, options: Mapping[str, Any]) -> Any:
    """The group of a mesh, with what every one has."""
    root = file.create_group(_ROOT)
    root.attrs.update(version=_VERSION, hash=digest, source=data.source, regions=json.dumps(data.regions))
    for name in ("points", "cells", "cell_region"):
        _put(root, name, getattr(data, name), options)
    for group in ("boundaries", "interfaces"):
        tags = root.create_group(group, track_order=True)
        for name, facets in getattr(data, group).items():
            _put(tags, _safe(name), facets, options)
    return root


def _put(group: Any, name: str, array: NDArray[Any], options: Mapping[str, Any]) -> None:
    """A table; with options it is made of chunks, which an empty one cannot be."""
    chunked = {"chunks": (min(len(array), _CHUNK), *array.shape[1:]), **options} if options and array.size else {}
    group.create_dataset(name, data=array, **chunked)


def _safe(name: str) -> str:
    return name.replace("/", "\\")


def head(path: Path) -> tuple[int, int]:
    """Nodes and dimension of a converted mesh. Raises MeshError if it is none."""
    with _opened(path) as root:
        return tuple(map(int, root["points"].shape))  # type: ignore[return-value]


def read_whole(options: FileMesh) -> MeshData:
    """The whole mesh on this rank. Raises MeshError."""
    _refuse_names(options)
    with _opened(Path(options.path)) as root:
        data = _whole(root)
        _check(data.cells, data.points, len(data.points), options.path)
        return data


def read_distributed(options: FileMesh, comm: Comm) -> Domain:
    """Every rank's part, read by itself; collective. Raises MeshError on all ranks alike."""
    with agreed(comm):
        _refuse_names(options)
        with _opened(Path(options.path)):
            pass  # every rank can
    with _opened(Path(options.path)) as root:
        domain = _parts(root, comm, options.path)
    with agreed(comm):  # each rank in its part: the whole was checked when it was converted
        refuse(np.ascontiguousarray(domain.mesh.points[:, : domain.dim]), domain.mesh.cells.astype(np.int64), options.path)
    return domain


def parts_of(path: Path, comm: Comm) -> Domain:
    """Every rank's part of what ``write_all`` wrote; collective. Raises MeshError on all ranks alike, also for a damaged file."""
    with agreed(comm), _opened(path) as root:
        n_nodes = len(root["points"])
        notes = tuple(json.loads(root.attrs["notes"]))
    with _opened(path) as root:
        domain = _parts(root, comm, str(path))
        with agreed(comm), _sound(path):
            mesh = domain.mesh
            numbers = _of_cells(root["numbers"], mesh).astype(np.int64)
            section = _section(root) if comm.rank == 0 else None
            membranes = {name: share_of(_membrane(of), mesh, n_nodes) for name, of in _named(root["membranes"])}
    return replace(domain, mesh=replace(mesh, given=(mesh.cells, numbers)), notes=notes, section=section, membranes=membranes)


def whole_of(path: Path) -> tuple[MeshData, str]:
    """What ``write_all`` wrote, on this rank, and its hash. Raises MeshError, also for a damaged file."""
    with _opened(path) as root, _sound(path):
        numbers, data = root["numbers"][:], _whole(root)
        cells, cell_region = np.empty(data.cells.shape, dtype=np.int64), np.empty_like(data.cell_region)
        cells[numbers], cell_region[numbers] = data.cells, data.cell_region
        data = replace(
            data,
            cells=cells,
            cell_region=cell_region,
            notes=tuple(json.loads(root.attrs["notes"])),
            section=_section(root),
            membranes={name: _membrane(of) for name, of in _named(root["membranes"])},
        )
        return data, str(root.attrs["hash"])


def _parts(root: Any, comm: Comm, path: str) -> Domain:
    """Every rank's part; cells have the numbers of the file. Collective."""
    with agreed(comm), _sound(Path(path)):
        n_nodes, dim = root["points"].shape
        n_cells = len(root["cells"])
        here = slice(n_cells * comm.rank // comm.size, n_cells * (comm.rank + 1) // comm.size)
        cells = root["cells"][here].reshape(-1, dim + 1)
        points = root["points"][block(n_nodes, comm.rank, comm.size)].reshape(-1, dim)
        _check(cells, points, n_nodes, path)
    mesh = settled(comm, n_nodes, n_cells, cells, np.arange(here.start, here.stop), points)
    del cells, points
    with agreed(comm), _sound(Path(path)):
        named = {
            group: {name: _near(facets, mesh, n_nodes) for name, facets in _named(root[group])} for group in ("boundaries", "interfaces")
        }
        cell_region = _of_cells(root["cell_region"], mesh)
    digest = str(root.attrs["hash"])
    return Domain(
        mesh=mesh,
        dim=dim,
        regions=tuple(json.loads(root.attrs["regions"])),
        cell_region=cell_region,
        digest=lambda: digest,
        source=str(root.attrs["source"]),
        boundaries=NamedFacets(named["boundaries"], mesh),
        interfaces=NamedFacets(named["interfaces"], mesh),
    )


def _whole(root: Any) -> MeshData:
    return MeshData(
        points=root["points"][:],
        cells=root["cells"][:],
        cell_region=root["cell_region"][:],
        regions=tuple(json.loads(root.attrs["regions"])),
        source=str(root.attrs["source"]),
        boundaries={name: facets[:] for name, facets in _named(root["boundaries"])},
        interfaces={name: facets[:] for name, facets in _named(root["interfaces"])},
    )


def _membrane(of: Any) -> Membrane:
    """A whole one: a surface is little beside what it lies in."""
    facets, pairs, sigma = of["facets"][:], of["pairs"][:], of["sigma"][:]
    rim, measure = float(of.attrs["rim"]), float(of.attrs["measure"])
    return Membrane(facets, pairs, sigma, rim, measure, np.arange(len(facets)), np.arange(len(pairs)), len(facets), len(pairs))


def _section(root: Any) -> Section | None:
    if "section" not in root:
        return None
    extent, labels = json.loads(root["section"].attrs["about"])
    return Section(root["section"][:], tuple(extent), labels)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """A block that reads tables: what HDF5 finds wrong with them is a MeshError."""
    try:
        yield
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> MeshError:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    remedy = f"make it again with: invasio mesh convert MESH {path.name}"
    return MeshError(f"cannot be read as HDF5: {said}", code="unreadable-file", place=str(path), remedy=remedy)


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
        raise _unreadable(path, error) from None
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


def _near(dataset: Any, mesh: Simplices, n_nodes: int) -> Ints:
    """The facets of a list all of whose nodes are here, reading blocks only."""
    here = np.zeros(n_nodes, dtype=bool)
    here[mesh.nodes] = True
    blocks = (dataset[start : start + _BLOCK] for start in range(0, len(dataset), _BLOCK))
    return np.concatenate([np.empty((0, mesh.dim), dtype=np.int64), *(block[here[block].all(axis=1)] for block in blocks)])


def _of_cells(dataset: Any, mesh: Simplices) -> NDArray[Any]:
    """Entries of a list by cell: the own cells follow each other there."""
    start = int(mesh.numbers[0]) if mesh.n_owned_cells else 0
    own = dataset[start : start + mesh.n_owned_cells]
    return np.concatenate([own, _pick(dataset, mesh.numbers[mesh.n_owned_cells :])])


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
