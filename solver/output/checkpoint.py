"""Checkpoints: everything the next step needs, in double precision and canonical order, safe against a kill.

checkpoints/checkpoint-<step>.h5 begins with a digest of the whole file (digest.py), which is checked before HDF5 opens it. Then come one
dataset per array and a header: numbers, hashes, shapes, and a CRC-32 of each chunk of each array as it was in memory, so every rank
checks what it reads. LATEST names the newest; the last two are kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

import invasio

from ..errors import ScenarioError, SolverError
from ..parallel import Comm
from . import digest
from .blocks import Blocks
from .folder import replace_text, sync
from .hdf import SharedFile
from .layout import Grid, Rows
from .manifest import other_gmsh
from .trial import read_apart
from .vtkhdf import early

log = logging.getLogger("invasio.output")
_KEPT = 2
_OF_STEP = re.compile(r"-(\d{9,})\.")
FORMAT = 3  # of what is written: 1 is that of version 0.1.0, which did not say so; since 2 there are events, since 3 a digest and shapes
READABLE = (1, 2, 3)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint: arrays at this rank's owned nodes (n_owned, ...) and numbers by name."""

    state: dict[str, NDArray[np.float64]]  # or at the rows of another table
    scalars: dict[str, Any]  # holds "time" and "step"
    path: Path
    beside: dict[str, str] = field(default_factory=dict)  # files that were saved with it -> their SHA-256


def save(
    folder: Path,
    grid: Grid,
    state: Mapping[str, NDArray[np.float64]],
    scalars: Mapping[str, Any],
    hashes: Mapping[str, str] | None = None,
    apart: bool | None = None,
    tables: Mapping[str, Rows] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Collective: write a checkpoint so that a kill at any moment leaves the earlier ones as they were.

    Args:
        folder: checkpoints/ of the run.
        grid: this rank's share of the mesh.
        state: name -> values at the owned nodes, (n_owned,) or (n_owned, k); names may hold "/".
        scalars: numbers (or lists of them) by name; "time" and "step" must be there.
        hashes: what must be the same when the run resumes (scenario); the mesh's hash is added.
        apart: as of `SharedFile`.
        tables: arrays whose names begin so are rows of these tables, and not of that of the nodes.
        beside: files in the folder, named ...-<step>..., that belong to it, and their SHA-256 (rank 0); they go when it goes.

    Raises:
        SolverError: on all ranks, if it cannot be written; the earlier checkpoints stay.
    """
    comm = grid.comm
    final = folder / f"checkpoint-{int(scalars['step']):09d}.h5"
    temporary = folder / f".{final.name}.new"
    if comm.rank == 0:
        temporary.unlink(missing_ok=True)
    comm.barrier()
    plans = _plans(grid, tables)
    plan = {name: plans[_table(name, plans)] for name in state}
    shapes = {name: np.shape(values)[1:] for name, values in state.items()}
    every = {"mesh": grid.mesh_hash if comm.rank == 0 else "", **(hashes or {})}  # making it takes longer than some checkpoints
    about = {"format": FORMAT, "version": invasio.__version__, "scalars": dict(scalars), "hashes": every, "shape": shapes}
    about |= {"chunk": {name: p.chunk for name, p in plan.items()}, "beside": dict(beside or {})}
    what = f"cannot write the checkpoint {final} (is the disk full?)"
    file = SharedFile(temporary, "w", comm, apart=apart, room=digest.ROOM)

    def fill() -> None:
        file.reserve(sum(_room(plan[name], shape) for name, shape in shapes.items()) + 2 * len(json.dumps(about)) + 2**20)
        file.each(lambda h5: _tables(h5, shapes, plan))
        sums: dict[str, list[int]] = {}
        for name, values in state.items():  # one by one, so that no two arrays are there twice
            block = plan[name].to_block(np.asarray(values, dtype=np.float64), copy=False)
            sums[name] = _sums(block, plan[name].chunk)
            file.write_rows(f"state/{name}", plan[name].start, block)
        shares = comm.gather(sums)
        crc = {name: [c for share in shares or [] for c in share[name]] for name in state}
        file.each(lambda h5: _head(h5, json.dumps({**about, "crc": crc})))
        file.sync()

    def publish() -> None:
        if comm.rank != 0:
            return
        sync(temporary)
        os.replace(temporary, final)
        replace_text(folder / "LATEST", final.name + "\n")
        sync(folder)
        kept = [_OF_STEP.search(path.name) for path in _files(folder)[:_KEPT]]
        steps = [found[1] for found in kept if found]
        for path in list(folder.iterdir()):  # older ones, what belongs to them, and what a run had begun that was killed
            found = _OF_STEP.search(path.name)
            if found and (found[1] not in steps or path.suffix == ".new"):
                path.unlink(missing_ok=True)

    try:
        file.everywhere(what, fill)
        file.everywhere(what, file.close)
        file.everywhere(what, lambda: digest.put(temporary, comm))
        file.everywhere(what, publish)
    except SolverError:
        if comm.rank == 0:
            temporary.unlink(missing_ok=True)
        raise
    return final


def load_latest(
    folder: Path, grid: Grid, hashes: Mapping[str, str] | None = None, tables: Mapping[str, Rows] | None = None
) -> Checkpoint | None:
    """Collective: the newest checkpoint that passes its checksums, on any number of ranks; None if there is none.

    A damaged one is passed over with a warning. ``tables`` as in `save`.

    Raises:
        ScenarioError: the checkpoint belongs to another scenario or mesh, or is of a version that cannot be read.
        SolverError: there are checkpoints and all are damaged.
    """
    comm = grid.comm
    files = comm.bcast(_files(folder) if comm.rank == 0 else None)
    if not files:
        return None
    plans = _plans(grid, tables)
    mesh = comm.bcast(grid.mesh_hash if comm.rank == 0 else None)
    for path in files:
        sealed, fault = _tried(comm, lambda path=path: digest.check(path, comm))  # type: ignore[misc]
        if not fault and not sealed:
            _, fault = _tried(comm, lambda path=path: read_apart(path) if comm.rank == 0 else None)  # type: ignore[misc]
        if not fault:
            header, fault = _tried(comm, lambda path=path, sealed=sealed: _header(path, sealed))  # type: ignore[misc]
        if not fault:
            _check_kind(path, header, {"mesh": mesh, **(hashes or {})})
            rows, fault = _tried(comm, lambda path=path, header=header: _rows(path, header, plans))  # type: ignore[misc]
        if not fault:
            if not sealed and comm.rank == 0:
                log.info("checkpoint %s was written by invasio %s, without a digest of the whole file", path.name, header["version"])
            state = {name: plans[_table(name, plans)].to_owners(block) for name, block in rows.items()}
            return Checkpoint(state, header["scalars"], path, header["beside"])
        if comm.rank == 0:
            log.warning("checkpoint %s is damaged (%s); taking the one before", path.name, fault)
    raise SolverError("all checkpoints are damaged", code="damaged-checkpoint", place=str(folder), remedy="start again with --overwrite")


def newest(folder: Path, comm: Comm, wanted: Callable[[str], bool]) -> Checkpoint | None:
    """The newest checkpoint that passes its checksums, with whole arrays, of any mesh; of those whose names are wanted. Collective.

    None if there is none. Raises ScenarioError for a version that cannot be read, SolverError where all are damaged.
    """
    files = comm.bcast(_files(folder) if comm.rank == 0 else None)
    for path in files:
        sealed, fault = _tried(comm, lambda path=path: digest.check(path, comm))  # type: ignore[misc]
        if not fault:
            header, fault = _tried(comm, lambda path=path, sealed=sealed: _header(path, sealed))  # type: ignore[misc]
        if not fault:
            _check_kind(path, header, {})
            arrays, fault = _tried(comm, lambda path=path, header=header: _whole(path, header, wanted))  # type: ignore[misc]
        if not fault:
            return Checkpoint(arrays, header["scalars"], path)
        if comm.rank == 0:
            log.warning("checkpoint %s is damaged (%s); taking the one before", path, fault)
    if files:
        raise SolverError("all checkpoints are damaged", code="damaged-checkpoint", place=str(folder), remedy="name another run")
    return None


def _whole(path: Path, header: dict[str, Any], wanted: Callable[[str], bool]) -> dict[str, NDArray[np.float64]]:
    """Whole arrays, checked."""
    found = {}
    with path.open("rb") as stream, h5py.File(stream, "r") as h5:
        for name in filter(wanted, header["crc"]):
            found[name] = np.asarray(h5[f"state/{name}"][:], dtype=np.float64)
            if _sums(found[name], header["chunk"][name]) != header["crc"][name]:
                raise ValueError(f"{name} fails its checksum")
    return found


def _check_kind(path: Path, header: Mapping[str, Any], expected: Mapping[str, str]) -> None:
    """Refuse a checkpoint that is whole but of no use here. Raises ScenarioError."""
    if header["format"] not in READABLE:
        raise ScenarioError(
            f"it was written by invasio {header['version']} (format {header['format']}), which version {invasio.__version__} cannot read",
            code="other-version",
            place=f"checkpoint {path}",
            remedy=f"go on with invasio {header['version']}, or begin anew with --overwrite",
        )
    other = [name for name, text in expected.items() if header["hashes"].get(name, text) != text]
    if other:
        gmsh = other_gmsh(path.parent.parent) if "mesh" in other else ""
        raise ScenarioError(
            f"it belongs to another {' and '.join(other)}" + (f", which gmsh {gmsh} made; here is another version of it" if gmsh else ""),
            code="other-run",
            place=f"checkpoint {path}",
            remedy=("go on in the environment that it began in (INVASIO_ENVIRONMENT=wheels or sealed), " if gmsh else "")
            + "use --overwrite or another --out",
        )


def _plans(grid: Grid, tables: Mapping[str, Rows] | None) -> dict[str, Blocks]:
    """How rows move, by the beginning of the arrays' names; that of the nodes is ""."""
    plans = {prefix: Blocks(grid.comm, rows.numbers, rows.total) for prefix, rows in (tables or {}).items()}
    return {**plans, "": grid.plan}


def _table(name: str, plans: Mapping[str, Blocks]) -> str:
    return next((prefix for prefix in plans if prefix and name.startswith(prefix)), "")


def _room(plan: Blocks, shape: tuple[int, ...]) -> int:
    """Bytes of an array, with its sums in the header."""
    return 8 * plan.total * int(np.prod(shape, dtype=np.int64)) + 16 * (plan.total // plan.chunk + 1)


def _tables(h5: h5py.File, shapes: Mapping[str, tuple[int, ...]], plan: Mapping[str, Blocks]) -> None:
    for name, shape in shapes.items():
        h5.create_dataset(f"state/{name}", (plan[name].total, *shape), "f8", **early())


def _head(h5: h5py.File, header: str) -> None:
    h5.attrs["sha256"] = hashlib.sha256(header.encode()).hexdigest()
    h5.create_dataset("header", data=np.frombuffer(header.encode(), dtype=np.uint8))


def _tried(comm: Comm, action: Callable[[], Any]) -> tuple[Any, str]:
    """The result of reading something, and what went wrong on any rank ("" if nothing): HDF5 meets damage with errors of every kind."""
    result, fault = None, ""
    try:
        result = action()
    except Exception as error:
        fault = (str(error).splitlines() or [""])[0] or type(error).__name__
    return result, next((f for f in comm.allgather(fault) if f), "")


def _header(path: Path, sealed: bool) -> dict[str, Any]:
    """The header, with what those of earlier formats lack; every name that is read later is there, with its type."""
    with path.open("rb") as stream, h5py.File(stream, "r") as h5:
        text = h5["header"][:].tobytes()
        if hashlib.sha256(text).hexdigest() != h5.attrs["sha256"]:
            raise ValueError("the header fails its checksum")
    found = {"format": 1, "version": "0.1.0", "beside": {}, **json.loads(text)}
    parts = ("scalars", "hashes", "crc", "chunk", "beside")
    if not isinstance(found["format"], int) or any(not isinstance(found[name], dict) for name in parts):
        raise ValueError("the header is not that of a checkpoint")
    if found["format"] >= FORMAT and not sealed:
        raise ValueError("its digest is missing")
    return found


def _rows(path: Path, header: dict[str, Any], plans: Mapping[str, Blocks]) -> dict[str, NDArray[np.float64]]:
    """This rank's block of every array, checked; every rank reads for itself, without MPI."""
    rows = {}
    with path.open("rb") as stream, h5py.File(stream, "r") as h5:
        if _arrays(h5) != sorted(header["crc"]):
            raise ValueError("its arrays are not those that its header names")
        for name, crc in header["crc"].items():
            table, blocks, chunk = h5[f"state/{name}"], plans[_table(name, plans)], header["chunk"][name]
            shape = (blocks.total, *header.get("shape", {}).get(name, table.shape[1:]))
            if table.dtype != np.dtype("f8") or table.shape != shape:
                raise ValueError(f"{name} has type {table.dtype} and shape {table.shape}, not float64 and {shape}")
            block = table[blocks.start : blocks.start + blocks.count]
            mine = _sums(block, chunk)
            if mine != crc[blocks.start // chunk :][: len(mine)]:
                raise ValueError(f"{name} fails its checksum")
            rows[name] = block
    return rows


def _arrays(h5: h5py.File) -> list[str]:
    found: list[str] = []
    if "state" in h5:
        h5["state"].visititems(lambda name, x: found.append(name) if isinstance(x, h5py.Dataset) else None)
    return sorted(found)


def _sums(block: NDArray[np.float64], chunk: int) -> list[int]:
    return [zlib.crc32(np.ascontiguousarray(block[i : i + chunk])) for i in range(0, len(block), chunk)]


def _files(folder: Path) -> list[Path]:
    """Checkpoints, newest first."""
    return sorted(folder.glob("checkpoint-*.h5"), key=lambda path: (len(path.name), path.name), reverse=True)
