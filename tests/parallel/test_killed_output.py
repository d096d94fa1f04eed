"""A kill while several ranks write one file: whatever they have done until then, it opens with all complete outputs."""

from __future__ import annotations

import os
import time as clock
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.output import blocks, hdf, places
from invasio.solver.output.fields import FieldsWriter
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.unit.output.synthetic import cells_at, frame, grid, mesh
from tests.unit.output.test_fields import Recorder, prefixes, stored

pytestmark = pytest.mark.mpi


class Noted(list[tuple[int, int, bytes | None]]):
    """What this rank has done to the file: when, and what a Recorder keeps."""

    def append(self, done: Any) -> None:
        super().append((clock.monotonic_ns(), *done))


@pytest.mark.parametrize("level", [0, 4])
def test_every_prefix_of_what_the_ranks_write_is_a_good_file(
    comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, level: int
) -> None:
    """In the order of the machine's clock; the last rank comes late with its rows."""
    monkeypatch.setattr(blocks, "_ROWS_PER_CHUNK", 10)
    path, of, done, base = shared_tmp / "fields.vtkhdf", grid(comm, 2, 7), Noted(), list[bytes]()
    usual, lengthen, give = hdf.SharedFile._open, os.truncate, os.posix_fallocate

    def recorded(self: hdf.SharedFile, mode: str, chunks: int, room: int) -> None:
        if self.path != path:  # until it has its name
            usual(self, mode, chunks, room)
            return
        base.append(path.read_bytes())
        self.h5 = h5py.File(Recorder(path, done), "r+", rdcc_nbytes=0)  # type: ignore[arg-type]

    def truncated(name: Any, size: int) -> None:
        done.append((size, None))
        lengthen(name, size)

    def given(handle: int, start: int, size: int) -> None:
        if os.fstat(handle).st_size < start + size:
            done.append((start + size, None))
        give(handle, start, size)

    def put(handle: int, rows: Any, where: list[places.Place]) -> None:
        clock.sleep(0.01 if comm.rank == comm.size - 1 else 0.0)
        width, data = rows.nbytes // len(rows), rows.tobytes()
        for at, first, many in where:
            done.append((at, data[first * width : (first + many) * width]))
        places.put(handle, rows, where)

    writer = FieldsWriter(path, of, ["tumour"], compression=level)
    monkeypatch.setattr(hdf.SharedFile, "_open", recorded)
    writer.on_output(frame(of, 0.0))
    monkeypatch.setattr("os.truncate", truncated)
    monkeypatch.setattr("os.posix_fallocate", given)
    monkeypatch.setattr(hdf, "put", put)
    told = []
    for time in range(1, 6):
        writer.on_output(frame(of, float(time)))
        told.append(clock.monotonic_ns())
    monkeypatch.undo()
    parallel_assert(comm, level > 0 or comm.rank == 0 or len(done) >= 5, "each rank has written")
    every = sorted(entry for share in comm.allgather(list(done)) for entry in share)
    fault = ""
    if comm.rank == 0:
        points, cut = mesh(2, 7)[0], shared_tmp / "cut.vtkhdf"
        for count, image in prefixes(base[0], [(at, data) for _, at, data in every]):
            cut.write_bytes(image)
            try:
                times, values = stored(cut)
                assert len(times) > sum(count and moment <= every[count - 1][0] for moment in told)
                for reached, value in zip(times, values, strict=True):
                    np.testing.assert_allclose(value, cells_at(points, reached), rtol=0, atol=1e-7)
            except (AssertionError, OSError, KeyError) as error:
                fault = fault or f"after {count} of {len(every)} writes: {error}"
        assert len(every) > 50
    parallel_assert(comm, not fault, fault)
