"""Where rows lie in a file, and which file systems let several machines write there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.output import hdf, reach
from invasio.solver.output.places import places, put, squeezed, squeezes
from invasio.solver.output.vtkhdf import early, squeeze


@pytest.mark.parametrize("room", [0, 512])
@pytest.mark.parametrize("width", [(), (3,)])
@pytest.mark.parametrize("chunk", [None, 7, 16])
def test_rows_put_where_they_lie_are_read_by_hdf5(tmp_path: Path, room: int, width: tuple[int, ...], chunk: int | None) -> None:
    path, rng = tmp_path / "a.h5", np.random.default_rng(1)
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_userblock(room)
    with h5py.File(h5py.h5f.create(bytes(path), h5py.h5f.ACC_EXCL, creation)) as h5:
        for name in ("a", "b"):
            chunks = None if chunk is None else (chunk, *width)
            h5.create_dataset(name, (40, *width), "f8", chunks=chunks, **early())
        h5.flush()
        expected = rng.random((40, *width))
        found = [(start, places(h5["b"], start, count)) for start, count in ((0, 5), (5, 11), (16, 24))]
        if chunk is not None and room:
            assert all(where is None for _, where in found)
            return
        with path.open("r+b") as stream:
            for start, where in found:
                assert where is not None and sum(many for _, _, many in where) == {0: 5, 5: 11, 16: 24}[start]
                put(stream.fileno(), expected[start:], where)
    with h5py.File(path, "r") as h5:
        np.testing.assert_array_equal(h5["b"][:], expected)
        assert not h5["a"][:].any()


def test_rows_that_follow_each_other_are_one_place(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        table = h5.create_dataset("a", (40,), "f8", chunks=(8,), **early())
        where = places(table, 3, 30)
        begin = table.id.get_chunk_info_by_coord((0,)).byte_offset
        assert where == [(begin + 24, 0, 30)]


def test_a_table_without_room_or_with_filters_has_no_places(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        assert places(h5.create_dataset("late", (40,), "f8"), 0, 40) is None
        assert places(h5.create_dataset("later", (40,), "f8", chunks=(8,)), 0, 40) is None
        table = h5.create_dataset("squeezed", (40,), "f8", chunks=(8,), **squeeze(4))
        assert places(table, 0, 40) is None and squeezes(table) == 4
        assert squeezes(h5.create_dataset("gzip", (40,), "f8", chunks=(8,), compression="gzip")) is None
        assert squeezes(h5["late"]) is None


@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "u1"])
@pytest.mark.parametrize("width", [(), (3,)])
def test_chunks_are_compressed_as_hdf5_does(tmp_path: Path, kind: str, width: tuple[int, ...]) -> None:
    rows: Any = (np.random.default_rng(1).random((21, *width)) * 100).astype(kind)
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        table = h5.create_dataset("a", rows.shape, kind, chunks=(8, *width), **squeeze(4))
        for first, some in squeezed(rows, 8, 4):
            table.id.write_direct_chunk((first,) + (0,) * len(width), some)
    with h5py.File(tmp_path / "a.h5", "r") as h5:
        np.testing.assert_array_equal(h5["a"][:], rows)


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /scratch rw - lustre 10.0.0.1@tcp:/scratch rw
31 22 0:41 / /home rw shared:3 - nfs4 server:/home rw
32 31 0:42 / /home/with\\040blank rw - gpfs gpfs0 rw
33 22 0:43 / /scratches rw - tmpfs tmpfs rw
34 22 0:44 / /daten/größe rw - lustre 10.0.0.2@tcp:/a rw
35 22 0:45 / /auto rw - autofs systemd-1 rw
36 35 0:46 / /auto rw - lustre 10.0.0.2@tcp:/b rw
37 22 0:47 / /over rw - lustre 10.0.0.2@tcp:/c rw
38 37 0:48 / /over rw - nfs4 server:/c rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        *[("/somewhere", "ext4"), ("/scratch", "lustre"), ("/scratch/me/run", "lustre")],
        *[("/scratches/me", "tmpfs"), ("/home/me", "nfs4"), ("/home/with blank/run", "gpfs")],
        *[("/daten/größe/run", "lustre"), ("/auto/me", "lustre"), ("/over/me", "nfs4")],
    ],
)
def test_file_systems_by_what_the_kernel_says(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS, encoding="utf-8")
    assert reach.file_system(Path(folder), tmp_path / "mountinfo") == kind
    assert reach.file_system(Path(folder), tmp_path / "none") == ""


@pytest.mark.parametrize(("kind", "may"), [("lustre", True), ("gpfs", True), ("nfs4", False), ("", False)])
def test_ranks_on_several_machines_write_by_themselves_where_that_is_safe(
    comm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, may: bool
) -> None:
    assert reach.one_machine(comm) and reach.each_by_itself(tmp_path, comm, far=False) == (True, "")
    monkeypatch.setattr(reach, "file_system", lambda _: kind)
    assert reach.each_by_itself(tmp_path, comm, far=True) == (may, "" if may else kind or "unknown")


def test_a_failure_is_told_with_its_rank_where_not_all_have_it() -> None:
    assert hdf._first([None, None]) is None
    assert hdf._first(["full", "full"]) == "full"
    assert hdf._first([None, "full", "broken"]) == "rank 1: full"
