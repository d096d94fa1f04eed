"""One measurement on the ranks of this program: the writers alone, on a lattice, with fields that nobody has solved for."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from invasio.meshes.lattice_parts import build_in_parts
from invasio.solver.output import checkpoint
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.layout import CHECKPOINTS, FIELDS, Frame, Grid
from invasio.solver.output.series import Series
from invasio.solver.parallel import Comm
from invasio.solver.scenario.mesh import BoxMesh

from .phases import Phases

_PIECE = 2**24  # bytes of one plain write


@dataclass(frozen=True)
class Case:
    """What is written.

    edge: cells along an edge of the cube; fields, columns: of an output; outputs: after the first, which has the mesh;
    arrays: of a checkpoint; apart: each rank writes its rows, None: where the file system lets it.
    """

    edge: int
    fields: int = 3
    columns: int = 40
    outputs: int = 3
    arrays: int = 12
    apart: bool | None = None


def grid_of(edge: int, comm: Comm) -> Grid:
    """A cube's lattice, each rank its part. Collective."""
    domain = build_in_parts(BoxMesh.model_validate({"kind": "box", "from": [0, 0, 0], "to": [1, 1, 1], "cells": [edge] * 3}), comm)
    mesh, owned = domain.mesh, slice(domain.mesh.n_owned)
    cells = slice(mesh.n_owned_cells)
    return Grid(
        comm=comm,
        dim=3,
        n_nodes=mesh.n_nodes,
        n_cells=mesh.n_cells,
        nodes=mesh.nodes[owned],
        points=mesh.points[owned],
        numbers=lambda: mesh.numbers[cells],
        corners=mesh.corners,
        cell_region=domain.cell_region[cells],
        regions=domain.regions,
        digest=lambda: domain.hash,
        listed=domain.listed,
    )


def measure(case: Case, comm: Comm, folder: Path) -> dict[str, Any]:
    """Seconds, bytes and parts of the first output, of one more, and of a checkpoint; the same on every rank. Collective.

    ``folder`` is made and removed.
    """
    if comm.rank == 0:
        (folder / CHECKPOINTS).mkdir(parents=True)
    comm.barrier()
    grid, phases = grid_of(case.edge, comm), Phases()
    assert grid.mesh_hash  # made now, as a run's manifest asks for it first
    values = {f"species{k}": np.cos((k + 1.0) * grid.points[:, 0]) + grid.points[:, 1] for k in range(case.fields)}
    numbers = {f"column{k}": 0.1 * k for k in range(case.columns)}
    state = {f"array{k}": np.cos((k + 0.5) * grid.points[:, 2]) for k in range(case.arrays)}
    try:
        with phases.attached():
            writer = FieldsWriter(folder / FIELDS, grid, list(values), "float64", 0, apart=case.apart)
            series = Series(folder / "series.csv", comm)
            phases.take()

            def output(step: int) -> None:
                frame = Frame(0.1 * step, step, 0.1, values, numbers)
                writer.on_output(frame)
                series.on_output(frame)

            def save() -> None:
                series.sync()
                beside = {name: digest for name in ("fields-000000001.structure",) if (digest := writer.keep(folder / CHECKPOINTS / name))}
                facts = {"time": 1.0, "step": 1.0}
                checkpoint.save(folder / CHECKPOINTS, grid, state, facts, apart=case.apart, beside=beside)

            first = _timed(comm, phases, lambda: output(0))
            os.sync()
            more = [_timed(comm, phases, lambda k=k: output(k)) for k in range(1, case.outputs + 1)]  # type: ignore[misc]
            os.sync()
            saved = _timed(comm, phases, save)
            writer.close("done")
            series.close("done")
        plain = {
            name: _plain(comm, folder / "plain", found["bytes"]) for name, found in (("first", first), ("one", more[0]), ("saved", saved))
        }
    finally:
        comm.barrier()
        if comm.rank == 0:
            shutil.rmtree(folder)
    about = {"ranks": comm.size, "nodes": grid.n_nodes, "cells": grid.n_cells, "fields": case.fields, "arrays": case.arrays}
    return {**about, "first": first, "one": min(more, key=lambda each: each["seconds"]), "checkpoint": saved, "plain": plain}


def _timed(comm: Comm, phases: Phases, action: Callable[[], None]) -> dict[str, Any]:
    """Wall seconds of an action, of the slowest rank; processor seconds of all; bytes that all have written; both seconds by part."""
    comm.barrier()
    before = _written()
    wall, processor = time.perf_counter(), time.process_time()
    with phases.whole():
        action()
    written = _written() - before
    comm.barrier()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    parts = comm.allgather(phases.take())
    names = list(dict.fromkeys(name for part in parts for name in part))
    return {
        "seconds": max(comm.allgather(wall)),
        "processor": sum(comm.allgather(processor)),
        "bytes": sum(comm.allgather(written)),
        "parts": {name: _over_ranks([part.get(name, [0.0, 0.0]) for part in parts]) for name in names},
    }


def _over_ranks(spent: list[list[float]]) -> list[float]:
    """Wall seconds of the slowest rank, processor seconds of all."""
    return [max(wall for wall, _ in spent), sum(processor for _, processor in spent)]


def _written() -> int:
    """Bytes that this process has handed to the system so far."""
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("wchar")).split()[1])


def _plain(comm: Comm, path: Path, size: int) -> dict[str, float]:
    """Seconds to write as many bytes by the same ranks, each a row of pieces of one file; and to sync it then. Collective."""
    os.sync()
    share = -(-size // comm.size)
    block = np.random.default_rng(comm.rank).bytes(min(_PIECE, share))
    comm.barrier()
    began = time.perf_counter()
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    start, end = comm.rank * share, min(size, (comm.rank + 1) * share)
    for at in range(start, end, _PIECE):
        os.pwrite(handle, block[: end - at], at)
    comm.barrier()
    written = time.perf_counter() - began
    if comm.rank == 0:
        os.fsync(handle)
    comm.barrier()
    synced = time.perf_counter() - began
    os.close(handle)
    if comm.rank == 0:
        path.unlink()
    return {"written": max(comm.allgather(written)), "synced": max(comm.allgather(synced))}
