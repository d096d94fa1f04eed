"""Where the newest chunks of a table lie is told without a search, and rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.output import newest
from invasio.solver.output.h5 import creation
from invasio.solver.output.newest import Newest
from invasio.solver.output.places import places
from invasio.solver.output.vtkhdf import early

ROWS, CHUNKS = 512, 3  # rows of a chunk, chunks of a step


@pytest.fixture
def h5(tmp_path: Path) -> Any:
    """A file with two tables that grow in turn, whose chunks are not kept back."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_cache(0, 521, 0, 0.75)
    path = str(tmp_path / "a.h5").encode()
    with h5py.File(h5py.h5f.create(path, h5py.h5f.ACC_EXCL, creation(64, 0), access)) as file:
        for name, kind in (("a", "f4"), ("b", "f8")):
            file.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(ROWS,), fill_time="never", **early())
        yield file


def grow(h5: h5py.File, known: Newest, name: str, steps: int) -> bool:
    """Whether the rows of the newest step are known; they are where HDF5 finds them."""
    table = h5[name]
    first = (steps - 1) * CHUNKS * ROWS
    known.resize(h5, name, table, steps * CHUNKS * ROWS)
    run = known.run(name, table)
    asked = places(table, first + 5, 2 * ROWS)
    assert run is None or places(table, first + 5, 2 * ROWS, lambda: run) == asked
    where = [table.id.get_chunk_info_by_coord((first + k * ROWS,)).byte_offset for k in range(CHUNKS)]
    follow = bool((np.diff(where) == ROWS * table.dtype.itemsize).all())
    assert (run is not None) == follow and (run is None or run == (first, where[0]))
    return run is not None


def test_the_newest_rows_are_where_hdf5_finds_them(h5: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the index of chunks grows and splits; mostly at the first guess."""
    guesses: list[bool] = []
    usual = newest._follow

    def counted(*given: Any) -> bool:
        guesses.append(usual(*given))
        return guesses[-1]

    monkeypatch.setattr(newest, "_follow", counted)
    known = Newest(Path(h5.filename))
    for step in range(1, 101):
        assert [grow(h5, known, name, step) for name in ("a", "b")] == [True, True] or step > 1
        if step % 7 == 0:
            h5.flush()
    assert guesses.count(True) >= 190 and guesses.count(False) < 30  # each wrong one is a search from the first chunk on


def test_chunks_that_were_freed_are_used_again_and_found(h5: Any) -> None:
    """As at a resumption: a table is cut and grows again, into room that is free in pieces."""
    known = Newest(Path(h5.filename))
    for step in range(1, 31):
        for name in ("a", "b"):
            grow(h5, known, name, step)
    for name in ("a", "b"):
        h5[name][:] = np.arange(len(h5[name]))
        known.resize(h5, name, h5[name], 10 * CHUNKS * ROWS)
        assert known.run(name, h5[name]) is None
    for step in range(11, 31):
        for name in ("b", "a"):
            grow(h5, known, name, step)
    for name in ("a", "b"):
        np.testing.assert_array_equal(h5[name][: 10 * CHUNKS * ROWS], np.arange(10 * CHUNKS * ROWS))


def test_what_is_not_seen_in_the_file_is_not_known(h5: Any, tmp_path: Path) -> None:
    """The guess is as good as the marks that are found there."""
    (tmp_path / "b.h5").write_bytes(bytes(2**20))
    known = Newest(tmp_path / "b.h5")
    known.resize(h5, "a", h5["a"], CHUNKS * ROWS)
    assert known.run("a", h5["a"]) is None
