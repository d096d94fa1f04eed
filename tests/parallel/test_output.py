"""Output on several ranks: the same file as on one, also with an empty rank; checkpoints across rank counts."""

from __future__ import annotations

from dataclasses import replace
from os import fstat, fsync, readlink
from pathlib import Path
from time import sleep
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.errors import SolverError
from invasio.solver.output import blocks as blocks_module
from invasio.solver.output import hdf, places, together, vtkhdf
from invasio.solver.output.blocks import Blocks
from invasio.solver.output.checkpoint import load_latest, save
from invasio.solver.output.fields import FieldsWriter
from invasio.solver.output.folder import RunFolder
from invasio.solver.output.layout import Frame
from invasio.solver.output.series import Series
from invasio.solver.output.together import Together
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused
from tests.unit.output.synthetic import frame, grid

pytestmark = pytest.mark.mpi
NAMES = ["tumour", "ecm"]


def content(path: Path) -> dict[str, tuple[bytes, tuple[int, ...], str]]:
    """Every table of a file, bit by bit."""
    found: dict[str, tuple[bytes, tuple[int, ...], str]] = {}
    with h5py.File(path, "r") as h5:
        h5.visititems(lambda n, x: found.update({n: (x[()].tobytes(), x.shape, str(x.dtype))}) if isinstance(x, h5py.Dataset) else None)
    return found


def write(path: Path, of: Any, apart: bool | None = None) -> None:
    """Four steps, of which two are written again after a resumption."""
    writer = FieldsWriter(path, of, NAMES, apart=apart)
    for time in (0.0, 1.0, 2.0, 3.0):
        writer.on_output(frame(of, time))
    writer.close("stopped early")
    writer = FieldsWriter(path, of, NAMES, resume_at=1.0, apart=apart)
    for time in (1.0, 2.0, 3.0):
        writer.on_output(frame(of, time))
    writer.close("done")


def pooled(path: Path, of: Any, monkeypatch: pytest.MonkeyPatch, written: list[int]) -> None:
    """75 steps, those of a moment in one go: the tables grow twice on the way; how many went into the file each time."""
    usual = FieldsWriter._append

    def append(self: FieldsWriter, file: Any, steps: Any) -> None:
        written.append(len(steps))
        usual(self, file, steps)

    series = Series(path.with_suffix(".csv"), of.comm)
    both = Together([FieldsWriter(path, of, NAMES), series], of.comm)
    both.pooled = True
    monkeypatch.setattr(together, "OFTEN", float("inf"))
    with monkeypatch.context() as patch:
        patch.setattr(FieldsWriter, "_append", append)
        for step in range(75):
            patch.setattr(together, "LATE", -1.0 if step in (0, 30, 31, 74) else float("inf"))
            both.on_output(frame(of, float(step)))
        both.close("done")


def test_steps_that_are_written_together_are_the_same(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, bit by bit, and the rows of series.csv, as with an append for each; and there are but four appends."""
    written: list[int] = []
    pooled(shared_tmp / "pooled.vtkhdf", grid(comm, 2, 7, empty_rank=1), monkeypatch, written)
    parallel_assert(comm, written == [1, 30, 1, 43], f"appends of {written} steps")
    if comm.rank == 0:
        of, table = grid(alone(), 2, 7), Series(shared_tmp / "one.csv", alone())
        writer = FieldsWriter(shared_tmp / "one.vtkhdf", of, NAMES)
        for step in range(75):
            writer.on_output(frame(of, float(step)))
            table.on_output(frame(of, float(step)))
        writer.close("done")
        table.close("done")
        same = content(shared_tmp / "pooled.vtkhdf") == content(shared_tmp / "one.vtkhdf")
        same &= (shared_tmp / "pooled.csv").read_text() == (shared_tmp / "one.csv").read_text()
    parallel_assert(comm, comm.rank != 0 or same, "the files differ")


def alone() -> Any:
    from mpi4py import MPI

    return MPI.COMM_SELF


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("apart", [None, False])
@pytest.mark.parametrize("small_chunks", [False, True])
def test_the_file_is_that_of_one_rank(
    comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, dim: int, apart: bool | None, small_chunks: bool
) -> None:
    if small_chunks:  # as on a large mesh: several chunks a step, padded to whole ones
        monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    write(shared_tmp / "many.vtkhdf", grid(comm, dim, 7, empty_rank=1), apart)
    if comm.rank == 0:
        write(shared_tmp / "one.vtkhdf", grid(alone(), dim, 7))
        same = content(shared_tmp / "many.vtkhdf") == content(shared_tmp / "one.vtkhdf")
    parallel_assert(comm, comm.rank != 0 or same, "the files differ")


@pytest.mark.parametrize("level", [0, 4])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_file_begun_by_one_rank_goes_on_with_many(comm: Comm, shared_tmp: Path, dim: int, level: int) -> None:
    """Room must be allocated when tables grow, by whoever: ranks are told where their rows lie before anything is there."""
    path, times = shared_tmp / "fields.vtkhdf", [float(k) for k in range(70)]  # the tables grow more than once
    if comm.rank == 0:
        for at, stop in ((path, 2), (shared_tmp / "one.vtkhdf", 70)):
            writer = FieldsWriter(at, grid(alone(), dim, 7), NAMES, compression=level)
            for time in times[:stop]:
                writer.on_output(frame(grid(alone(), dim, 7), time))
            writer.close("stopped early")
        with h5py.File(path, "r") as h5:
            growing: list[str] = []
            h5.visititems(
                lambda n, x: growing.append(n) if isinstance(x, h5py.Dataset) and None in x.maxshape and not x.is_virtual else None
            )
            late = [n for n in growing if h5[n].id.get_create_plist().get_alloc_time() != h5py.h5d.ALLOC_TIME_EARLY]
    parallel_assert(comm, comm.rank != 0 or (len(growing) > 8 and all(h5_is_squeezed(path, n) for n in late)), "allocated late")
    of = grid(comm, dim, 7, empty_rank=comm.size - 1)
    writer = FieldsWriter(path, of, NAMES, compression=level, resume_at=1.0)
    for time in times[1:]:
        writer.on_output(frame(of, time))
    writer.close("done")
    if comm.rank == 0:
        same = content(path) == content(shared_tmp / "one.vtkhdf")
    parallel_assert(comm, comm.rank != 0 or same, "the files differ")


@pytest.mark.parametrize("apart", [None, False])
@pytest.mark.parametrize("nodes", [7, 8])
def test_compressed_chunks_are_those_of_one_rank(
    comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, apart: bool | None, nodes: int
) -> None:
    """Each rank compresses its own chunks, the last of which is filled up."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    sent: list[int] = []

    def noted(*given: Any) -> Any:
        sent.append(1)
        return places.squeezed(*given)

    monkeypatch.setattr(hdf, "squeezed", noted)
    for name, of in (("many", grid(comm, 2, nodes)), ("one", grid(alone(), 2, nodes)))[: 2 if comm.rank == 0 else 1]:
        writer = FieldsWriter(shared_tmp / f"{name}.vtkhdf", of, NAMES, compression=4, apart=apart)
        for time in (0.0, 1.0, 2.0):
            writer.on_output(frame(of, time))
        writer.close("done")
    parallel_assert(comm, bool(sent) == (comm.rank > 0), "who compresses")
    if comm.rank == 0:
        same = content(shared_tmp / "many.vtkhdf") == content(shared_tmp / "one.vtkhdf")
        with h5py.File(shared_tmp / "many.vtkhdf", "r") as h5:
            same &= h5["VTKHDF/PointData/tumour"].compression == "gzip"
    parallel_assert(comm, comm.rank != 0 or same, "the files differ")


@pytest.mark.parametrize("who", ["first", "last", "all"])
@pytest.mark.parametrize("level", [0, 4])
def test_a_rank_that_cannot_write_fails_on_all(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, who: str, level: int) -> None:
    """Nobody waits, all say the same, and the file has the steps before and no more."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    path, of = shared_tmp / "fields.vtkhdf", grid(comm, 2, 7)
    writer = FieldsWriter(path, of, NAMES, compression=level)
    for time in (0.0, 1.0):
        writer.on_output(frame(of, time))
    if who == "all" or comm.rank == {"first": 0, "last": comm.size - 1}[who]:

        def refuse(*given: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(hdf, "put", refuse)
        monkeypatch.setattr(hdf.SharedFile, "_write", refuse)
    said = ""
    try:
        writer.on_output(frame(of, 2.0))
        writer.close("done")
    except SolverError as error:
        said = str(error)
    monkeypatch.undo()
    parallel_assert(comm, len(set(comm.allgather(said))) == 1 and "No space left on device" in said, f"what is said: {said}")
    parallel_assert(comm, "it keeps its 2 earlier steps" in said, f"what is left: {said}")
    with h5py.File(path, "r") as h5:
        times = list(h5["VTKHDF/Steps/Values"])
    parallel_assert(comm, times == [0.0, 1.0], f"the times {times}")


@pytest.mark.parametrize("chunks", [None, (10,)])
def test_what_lies_beside_the_rows_of_rank_0_stays(
    comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, chunks: tuple[int] | None
) -> None:
    """HDF5 would keep 64 kB from its last row on, and write them back later, as they were before the others wrote theirs."""
    many, path = 10 * comm.size, shared_tmp / "rows.h5"
    file = hdf.SharedFile(path, "w", comm, room=0 if chunks else 512)
    file.each(lambda h5: h5.create_dataset("n", (many,), "f8", chunks=chunks, **vtkhdf.early()))

    def late(*given: Any) -> None:
        sleep(0.1)
        places.put(*given)

    monkeypatch.setattr(hdf, "put", late)
    file.write_rows("n", 10 * comm.rank, np.arange(10.0) + 10 * comm.rank)
    file.everywhere("no", lambda: file.flush(grown=True))
    file.everywhere("no", file.close)
    with h5py.File(path, "r") as h5:
        parallel_assert(comm, list(h5["n"]) == list(range(many)), "what was written")


@pytest.mark.parametrize("apart", [None, False])
def test_a_file_of_many_columns_goes_on(comm: Comm, shared_tmp: Path, apart: bool | None) -> None:
    """More small tables than HDF5's cache holds."""
    of = grid(comm, 2, 7)

    def row(time: float) -> Frame:
        return replace(frame(of, time), observables={f"c{k}": k + time for k in range(160)})

    path, times = shared_tmp / "fields.vtkhdf", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    writer = FieldsWriter(path, of, NAMES, apart=apart)
    for time in times[:4]:
        writer.on_output(row(time))
    writer.close("stopped early")
    writer = FieldsWriter(path, of, NAMES, resume_at=2.0, apart=apart)
    for time in times[2:]:
        writer.on_output(row(time))
    writer.close("done")
    with h5py.File(path, "r") as h5:
        last = [float(h5[f"VTKHDF/FieldData/c{k}"][5]) for k in range(160)]
        parallel_assert(comm, list(h5["VTKHDF/Steps/Values"]) == times, "the times")
    parallel_assert(comm, last == [k + 5.0 for k in range(160)], "the columns")


def h5_is_squeezed(path: Path, name: str) -> bool:
    """Compressed tables get their room when they are written."""
    with h5py.File(path, "r") as h5:
        return h5[name].compression is not None


@pytest.mark.parametrize("apart", [None, False])
def test_checkpoints_pass_between_rank_counts(comm: Comm, shared_tmp: Path, apart: bool | None) -> None:
    of = grid(comm, 3, 5, empty_rank=comm.size - 1)
    state = {"n": of.points[:, 0] ** 2, "old/v": of.points * 3.0}
    path = save(shared_tmp, of, state, {"time": 1.0, "step": 4}, apart=apart)
    own = grid(alone(), 3, 5, seed=comm.rank)
    found = load_latest(shared_tmp, own)  # written by all, read by each for itself
    good = found is not None and (found.state["n"] == own.points[:, 0] ** 2).all() and (found.state["old/v"] == own.points * 3.0).all()
    parallel_assert(comm, good, "written by many, read by one")
    comm.barrier()
    if comm.rank == 0:
        save(shared_tmp, own, {"n": own.points[:, 1]}, {"time": 2.0, "step": 5})
    comm.barrier()
    dealt = grid(comm, 3, 5, empty_rank=0, seed=9)
    found = load_latest(shared_tmp, dealt)
    good = found is not None and found.scalars["step"] == 5 and (found.state["n"] == dealt.points[:, 1]).all()
    parallel_assert(comm, good, "written by one, read by many")
    with h5py.File(path, "r") as h5:
        nodes = h5["state/n"][:]
    expected = np.zeros(of.n_nodes)
    expected[own.nodes] = own.points[:, 0] ** 2
    parallel_assert(comm, bool((nodes == expected).all()), "canonical order")


def test_damage_that_one_rank_sees_is_seen_by_all(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    of = grid(comm, 2, 9)
    for step in (1, 2):
        path = save(shared_tmp, of, {"n": of.points[:, 0] + step}, {"time": 1.0, "step": step})
    if comm.rank == 0:
        everything = grid(alone(), 2, 9).points
        mark = np.array([everything[np.argsort(grid(alone(), 2, 9).nodes)][-1, 0] + 2.0]).tobytes()
        data = bytearray(path.read_bytes())
        data[data.rindex(mark)] ^= 1
        path.write_bytes(data)
    comm.barrier()
    found = load_latest(shared_tmp, of)
    parallel_assert(comm, found is not None and found.scalars["step"] == 1, "all fall back")


def test_rows_are_checked_and_come_back(comm: Comm) -> None:
    of = grid(comm, 2, 9, empty_rank=0)
    plan = Blocks(comm, of.nodes, of.n_nodes)
    block = plan.to_block(of.nodes)
    parallel_assert(comm, bool((block == np.arange(plan.start, plan.start + plan.count)).all()), "blocks in order")
    parallel_assert(comm, bool((plan.to_owners(block) == of.nodes).all()), "and back")
    with refused("internal-fault", says=("rows 0 to ",) if comm.rank == 0 else ("rows ",)):
        Blocks(comm, of.nodes if comm.rank else of.nodes[:0], of.n_nodes + 1)


def test_refusals_and_failures_reach_every_rank(comm: Comm, shared_tmp: Path) -> None:
    folder = RunFolder.open(shared_tmp / "run", None, "a", "a: 1\n", False, False, comm)
    parallel_assert(comm, folder.path == shared_tmp / "run" and not folder.resuming)
    with refused("folder-in-use", str(shared_tmp / "run"), "wait for it"):
        RunFolder.open(shared_tmp / "run", None, "a", "a: 1\n", True, False, comm)
    folder.close("done")
    with refused("cannot-write", str(shared_tmp / "gone" / "series.csv")):
        Series(shared_tmp / "gone" / "series.csv", comm)
    writer = FieldsWriter(shared_tmp / "gone" / "fields.vtkhdf", grid(comm), NAMES)
    with refused("cannot-write", says=(str(shared_tmp / "gone" / "fields.vtkhdf"), "No such file or directory")):
        writer.on_output(frame(grid(comm), 0.0))


def test_large_tables_go_piece_by_piece(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rank has as many pieces, eight at most, none longer than is said; together they are the table."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 7)
    monkeypatch.setattr(blocks_module, "_CHUNKS_AT_MOST", 1000)
    of = grid(comm, 2, 9, empty_rank=0)
    plan = Blocks(comm, of.cells, of.n_cells)
    pieces = list(plan.in_pieces(lambda some: np.column_stack([of.cells[some], -of.cells[some]])))
    parallel_assert(comm, len(set(comm.allgather(len(pieces)))) == 1 and 1 < len(pieces) <= 8, "as many on each")
    parallel_assert(comm, all(len(rows) <= plan.piece for _, rows in pieces) and plan.chunk == 7, "short")
    rows = np.concatenate([rows for _, rows in pieces])
    begun = [start for start, rows in pieces if len(rows)]
    parallel_assert(comm, begun == list(range(plan.start, plan.start + plan.count, plan.piece)), "where they begin")
    parallel_assert(comm, bool((rows[:, 0] == np.arange(plan.start, plan.start + plan.count)).all()), "in order")
    parallel_assert(comm, bool((plan.to_block(np.column_stack([of.cells, -of.cells])) == rows).all()), "the same at once")
    twice = np.where(of.nodes == 3, 5, of.nodes)
    with refused("internal-fault", says=("are not each listed by exactly one rank",)):
        Blocks(comm, twice, of.n_nodes)


def test_room_for_the_mesh_is_set_aside_once(comm: Comm, shared_tmp: Path) -> None:
    """Before the first row of fields is written the disk has given all of the file, and not twice."""
    of, seen = grid(comm, 3, 24), []
    temporary = shared_tmp / ".fields.vtkhdf.new"

    def look(phase: str) -> None:
        if phase == "data" and comm.rank == 0:
            seen.append((temporary.stat().st_size, 512 * temporary.stat().st_blocks))

    writer = FieldsWriter(shared_tmp / "fields.vtkhdf", of, NAMES, compression=0, hook=look)
    writer.on_output(frame(of, 0.0))
    writer.close("done")
    if comm.rank == 0:
        final = (shared_tmp / "fields.vtkhdf").stat().st_size
        mesh = of.n_cells * (4 * 8 + 8 + 1 + 4) + 24 * of.n_nodes
        assert final > mesh > 2**21 and seen[0][1] >= mesh
        assert seen[0][0] < final + 0.5 * mesh + 3 * 2**22


def test_rows_go_where_room_was_set_aside(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every step, though HDF5 cuts off what lies behind its own end; so a disk that is full is known before the first row."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    path, of, beyond = shared_tmp / "fields.vtkhdf", grid(comm, 2, 7), list[int]()

    def looked(handle: int, rows: Any, where: list[places.Place]) -> None:
        width = rows.nbytes // len(rows)
        beyond.append(max(at + many * width for at, _, many in where) - fstat(handle).st_size)
        places.put(handle, rows, where)

    monkeypatch.setattr(hdf, "put", looked)
    writer = FieldsWriter(path, of, NAMES, compression=0)
    for time in range(12):
        writer.on_output(frame(of, float(time)))
    writer.close("done")
    parallel_assert(comm, len(beyond) >= 24 * bool(comm.rank) and max(beyond, default=0) <= 0, f"bytes beyond the room: {beyond}")


def test_a_file_that_took_the_place_of_ours_is_left_alone(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's folder was moved, and another run began in its place: all ranks say so, and write nothing there."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    path, of = shared_tmp / "fields.vtkhdf", grid(comm, 2, 7)
    writer = FieldsWriter(path, of, NAMES, compression=0)
    writer.on_output(frame(of, 0.0))
    other = bytes(range(256)) * 4096
    if comm.rank == 0:
        path.rename(shared_tmp / "moved.vtkhdf")
        path.write_bytes(other)
    comm.barrier()
    with refused("cannot-write", says=("another file has its name now", "keeps its 1 earlier steps")):
        writer.on_output(frame(of, 1.0))
    writer.close("stopped")
    comm.barrier()
    parallel_assert(comm, path.read_bytes() == other, "what the other file holds")
    with h5py.File(shared_tmp / "moved.vtkhdf", "r") as h5:
        parallel_assert(comm, list(h5["VTKHDF/Steps/Values"]) == [0.0], "what ours holds")


def test_each_machine_brings_its_rows_to_the_disk(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rank 0's fsync does not reach what another machine holds back; of a checkpoint and of the fields that belong to it."""
    monkeypatch.setattr(blocks_module, "_ROWS_PER_CHUNK", 10)
    monkeypatch.setattr(hdf, "one_machine", lambda _: False)
    usual, brought = fsync, list[str]()

    def noted(handle: int) -> None:
        brought.append(readlink(f"/proc/self/fd/{handle}"))
        usual(handle)

    monkeypatch.setattr("os.fsync", noted)
    of = grid(comm, 2, 7)
    writer = FieldsWriter(shared_tmp / "fields.vtkhdf", of, NAMES, compression=0, apart=True)
    for time in (0.0, 1.0):
        writer.on_output(frame(of, time))
    writer.keep(shared_tmp / "kept")
    save(shared_tmp, of, {"n": of.points[:, 0]}, {"time": 1.0, "step": 7}, apart=True)
    writer.close("done")
    names = {Path(name).name for name in brought}
    parallel_assert(comm, names >= {"fields.vtkhdf", ".checkpoint-000000007.h5.new"}, f"on the disk: {names}")


def test_a_file_that_is_gone_at_the_end_is_told_on_all_ranks(comm: Comm, shared_tmp: Path) -> None:
    """Not on rank 0 alone, which would have to wait for the others and end them."""
    writer = FieldsWriter(shared_tmp / "fields.vtkhdf", grid(comm, 2, 7), NAMES)
    writer.on_output(frame(writer.grid, 0.0))
    if comm.rank == 0:
        (shared_tmp / "fields.vtkhdf").unlink()
    comm.barrier()
    with refused("cannot-write", says=("No such file or directory", "fields.vtkhdf")):
        writer.close("done")
