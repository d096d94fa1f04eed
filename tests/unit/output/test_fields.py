"""fields.vtkhdf as VTK sees it, its resumption, and what is left of it after a kill at any moment."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import signal
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.solver.errors import SolverError
from invasio.solver.output import hdf, room, structure
from invasio.solver.output.fields import FieldsWriter
from tests.lib.messages import refused
from tests.unit.output.synthetic import cells_at, ecm_at, frame, grid, mesh

NAMES = ["tumour", "ecm"]
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the children only write, then die


def write(path: Path, comm: Any, dim: int, times: list[float], n: int = 6, **options: Any) -> None:
    """A file with these times."""
    of = grid(comm, dim, n)
    writer = FieldsWriter(path, of, NAMES, **options)
    for time in times:
        writer.on_output(frame(of, time))
    writer.close("done")


def stored(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """Times and the tumour field of every step, as any HDF5 program reads them."""
    with h5py.File(path, "r", locking=False) as h5:
        steps = h5["VTKHDF/Steps"]
        count = int(steps.attrs["NSteps"])
        times = list(steps["Values"][:])
        assert len(times) <= count  # more crashes every reader
        rows = h5["columns/rows"][: len(times)]
        np.testing.assert_array_equal(rows, [[0.2 + 0.1 * time, 2.0 + time] for time in times])  # whole rows, of every complete step
        np.testing.assert_array_equal(h5["VTKHDF/FieldData/mass"][: len(times)], rows[:, 1])
        size = int(h5["VTKHDF/NumberOfPoints"][0])
        starts = steps["PointDataOffsets/tumour"][: len(times)]
        return times, [h5["VTKHDF/PointData/tumour"][s : s + size] for s in starts]


def vtk_reader(path: Path) -> tuple[Any, tuple[float, ...]]:
    pytest.importorskip("vtkmodules")
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
    from vtkmodules.vtkIOHDF import vtkHDFReader

    reader = vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    return reader, reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS())


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_vtk_reads_times_fields_cells_and_values(comm: Any, shared_tmp: Path, dim: int, precision: str) -> None:
    pytest.importorskip("vtkmodules")
    from vtkmodules.util.numpy_support import vtk_to_numpy

    path = shared_tmp / "fields.vtkhdf"
    write(path, comm, dim, [0.0, 0.5, 2.0], precision=precision)
    reader, times = vtk_reader(path)
    assert times == (0.0, 0.5, 2.0)
    points, cells = mesh(dim, 6)
    for time in times:
        reader.UpdateTimeStep(time)
        data = reader.GetOutput()
        assert data.GetNumberOfCells() == len(cells)
        assert data.GetCell(0).GetCellType() == {1: 3, 2: 5, 3: 10}[dim]
        np.testing.assert_array_equal(vtk_to_numpy(data.GetPoints().GetData()), points)
        np.testing.assert_array_equal(vtk_to_numpy(data.GetCells().GetConnectivityArray()).reshape(len(cells), -1), cells)
        region = vtk_to_numpy(data.GetCellData().GetArray("region"))
        np.testing.assert_array_equal(region, points[cells].mean(axis=1)[:, 0] > 0.5)
        close = {"float32": 1e-7, "float64": 0.0}[precision]
        np.testing.assert_allclose(vtk_to_numpy(data.GetPointData().GetArray("tumour")), cells_at(points, time), rtol=0, atol=close)
        np.testing.assert_allclose(vtk_to_numpy(data.GetPointData().GetArray("ecm")), ecm_at(points, time), rtol=0, atol=close)
        assert data.GetFieldData().GetArray("front").GetValue(0) == 0.2 + 0.1 * time


def test_names_hashes_and_scenario_are_inside(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    write(path, comm, 2, [0.0], scenario="name: x\n", provenance={"git": "abc"})
    with h5py.File(path, "r") as h5:
        about = dict(h5["provenance"].attrs)
        assert len(about.pop("id")) == 32 and h5["columns/names"][:].tobytes() == b'["front", "mass"]'
        assert about == {"git": "abc", "mesh_hash": "mesh-2-6", "regions": '["left", "right"]', "dim": "2"}
        assert h5["scenario/resolved"][:].tobytes() == b"name: x\n"
        assert h5["VTKHDF"].attrs["Type"] == b"UnstructuredGrid"
        np.testing.assert_array_equal(h5["VTKHDF/Steps/PointDataOffsets/ecm"][:3], [0, 49, 98])


def test_rows_cost_what_they_hold(comm: Any, shared_tmp: Path) -> None:
    """Bytes per output and column: eight, not a table for each; single parts are left to the one table where there are many columns."""
    of = grid(comm, 1, 4)

    def size(count: int, outputs: int, name: str) -> int:
        path = shared_tmp / f"{count}-{outputs}.vtkhdf"
        writer = FieldsWriter(path, of, NAMES)
        for time in range(outputs):
            writer.on_output(replace(frame(of, float(time)), observables={name.format(k): k + 0.5 * time for k in range(count)}))
        writer.close("done")
        return path.stat().st_size

    few, many, longer = size(20, 64, "c{}"), size(420, 64, "c{}"), size(420, 192, "c{}")
    assert many - few < 400 * (64 * 8 + 2000)
    assert 8 * 420 * 128 <= longer - many < 1.2 * 8 * 420 * 128 + 2**16
    assert size(20_000, 64, "v/{}.flux") < few + 20_000 * (64 * 8 + 20)
    with h5py.File(shared_tmp / "20000-64.vtkhdf", "r") as h5:
        assert len(h5["VTKHDF"].get("FieldData", ())) == 0 and h5["columns/rows"][63, 19_999] == 19_999 + 31.5
    assert vtk_reader(shared_tmp / "20000-64.vtkhdf")[1][-1] == 63.0
    reader, _ = vtk_reader(shared_tmp / "420-192.vtkhdf")
    reader.UpdateTimeStep(100.0)
    data = reader.GetOutput().GetFieldData()
    assert [data.GetArray(f"c{k}").GetValue(0) for k in (0, 419)] == [50.0, 469.0]


def test_resume_drops_what_came_later(comm: Any, shared_tmp: Path) -> None:
    path, whole = shared_tmp / "fields.vtkhdf", shared_tmp / "whole.vtkhdf"
    write(path, comm, 2, [0.0, 1.0, 2.0, 3.0])
    write(path, comm, 2, [1.0, 1.5, 2.5], resume_at=1.2)  # 1.0 is there already
    write(whole, comm, 2, [0.0, 1.0, 1.5, 2.5])
    assert stored(path)[0] == [0.0, 1.0, 1.5, 2.5]
    np.testing.assert_array_equal(stored(path)[1], stored(whole)[1])
    assert vtk_reader(path)[1] == (0.0, 1.0, 1.5, 2.5)


def test_a_file_of_version_0_1_0_goes_on_as_it_is(comm: Any, shared_tmp: Path) -> None:
    """There every column has a table of its own, with room ahead, and no unit."""
    path = shared_tmp / "fields.vtkhdf"
    write(path, comm, 2, [0.0, 1.0, 2.0])
    with h5py.File(path, "r+") as h5:
        rows = h5["columns/rows"][:]
        del h5["columns"]
        h5["provenance"].attrs["columns"] = '["front", "mass"]'
        for k, name in enumerate(("front", "mass")):
            del h5[f"VTKHDF/FieldData/{name}"]
            table = h5.create_dataset(f"VTKHDF/FieldData/{name}", (1024,), "f8", maxshape=(None,), chunks=(1024,), fillvalue=np.nan)
            table[:3] = rows[:, k]
    of = grid(comm, 2, 6)
    writer = FieldsWriter(path, of, NAMES, resume_at=1.0)
    assert list(writer.recorded[0]) == [0.0, 1.0] and list(writer.recorded[1]["mass"]) == [2.0, 3.0]
    for time in (1.0, 3.0):
        writer.on_output(frame(of, time))
    writer.close("done")
    with h5py.File(path, "r") as h5:
        assert "columns" not in h5 and list(h5["VTKHDF/FieldData/mass"][:3]) == [2.0, 3.0, 5.0]
    reader, found = vtk_reader(path)
    reader.UpdateTimeStep(3.0)
    assert found == (0.0, 1.0, 3.0) and reader.GetOutput().GetFieldData().GetArray("mass").GetValue(0) == 5.0


def test_resume_before_the_first_step_and_without_a_file(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    write(path, comm, 1, [1.0, 2.0], resume_at=5.0)
    assert stored(path)[0] == [1.0, 2.0]
    write(path, comm, 1, [0.5], resume_at=0.0)
    assert stored(path)[0] == [0.5]


def test_resume_refuses_another_mesh_and_other_fields(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    write(path, comm, 2, [0.0])
    with refused("cannot-resume", str(path), "use --overwrite", ("another mesh",)):
        write(path, comm, 2, [1.0], n=5, resume_at=0.0)
    with refused("cannot-resume", str(path), says=("ecm, tumour, not tumour",)):
        FieldsWriter(path, grid(comm), ["tumour"], resume_at=0.0)


def test_resume_sets_a_damaged_file_aside(comm: Any, shared_tmp: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = shared_tmp / "fields.vtkhdf"
    path.write_bytes(b"no HDF5")
    write(path, comm, 2, [3.0], resume_at=2.0)
    assert stored(path)[0] == [3.0]
    assert (shared_tmp / "fields-damaged.vtkhdf").read_bytes() == b"no HDF5"
    assert "is damaged and was renamed to fields-damaged.vtkhdf; the fields start again at the checkpoint" in caplog.text


def test_more_steps_than_the_small_tables_first_hold(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    times = [float(t) for t in range(1100)]
    write(path, comm, 1, times)
    assert stored(path)[0] == times
    reader, found = vtk_reader(path)
    assert list(found) == times
    reader.UpdateTimeStep(1099.0)
    assert reader.GetOutput().GetFieldData().GetArray("mass").GetValue(0) == 1101.0


@pytest.mark.parametrize("phase", ["data", "flushed", "nsteps", "values"])
def test_kill_between_the_phases_of_an_append(comm: Any, shared_tmp: Path, phase: str) -> None:
    path = shared_tmp / "fields.vtkhdf"
    of = grid(comm, 2, 6)
    child = os.fork()
    if child == 0:
        wanted = iter([False, False, True])
        writer = FieldsWriter(path, of, NAMES, hook=lambda p: os.kill(os.getpid(), signal.SIGKILL) if p == phase and next(wanted) else None)
        for time in (0.0, 1.0, 2.0):
            writer.on_output(frame(of, time))
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    check_complete(path, [0.0, 1.0])
    write(path, comm, 2, [1.0, 2.0], resume_at=1.0)
    check_complete(path, [0.0, 1.0, 2.0])


def test_kill_at_random_moments(comm: Any, shared_tmp: Path) -> None:
    """Outputs that are told are there; a kill within one write of HDF5 costs those behind the last checkpoint, whose structure is kept."""
    of = grid(comm, 2, 8)
    dice = random.Random(7)
    within = 0
    for trial in range(20):
        path, kept = shared_tmp / f"{trial}.vtkhdf", shared_tmp / f"{trial}.structure"
        child = os.fork()
        if child == 0:
            writer = FieldsWriter(path, of, NAMES)
            for k in range(10**6):
                writer.on_output(frame(of, float(k)))
                if k == 2:
                    writer.keep(kept)
            os._exit(1)
        while not kept.exists():
            clock.sleep(0.001)
        clock.sleep(dice.uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        try:
            check_complete(path, [0.0, 1.0, 2.0])
        except (AssertionError, OSError, RuntimeError, KeyError):
            within += 1
            structure.put_back(path, kept, hashlib.sha256(kept.read_bytes()).hexdigest())
            check_complete(path, [0.0, 1.0, 2.0])
    assert within <= 2


def check_complete(path: Path, times: list[float]) -> None:
    """The file opens, holds these times and the right values at each of them, and VTK agrees."""
    points = mesh(2, 6)[0] if path.name == "fields.vtkhdf" else mesh(2, 8)[0]
    found, values = stored(path)
    assert found[: len(times)] == times
    for time, value in zip(found, values, strict=True):
        np.testing.assert_allclose(value, cells_at(points, time), rtol=0, atol=1e-7)


class Recorder:
    """A file that keeps a list of everything done to it, in order: (offset, bytes) or a new length."""

    def __init__(self, path: Path, done: list[tuple[int, bytes | None]]) -> None:
        self.file = path.open("r+b", buffering=0)
        self.done = done

    def write(self, data: Any) -> int:
        self.done.append((self.file.tell(), bytes(data)))
        return self.file.write(data)

    def truncate(self, size: int) -> int:
        self.done.append((size, None))
        return self.file.truncate(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def test_every_prefix_of_the_writes_is_a_good_file(comm: Any, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill leaves the system calls made so far: after each of them the file must open, with all complete steps."""
    path = shared_tmp / "fields.vtkhdf"
    done: list[tuple[int, bytes | None]] = []
    usual, lengthen = hdf.SharedFile._open, os.truncate

    def recorded(self: hdf.SharedFile, mode: str, chunks: int, room: int) -> None:
        if self.path != path:  # until it has its name
            usual(self, mode, chunks, room)
        else:
            base.append(path.read_bytes())
            self.h5 = h5py.File(Recorder(path, done), "r+")

    def noted(name: Any, size: int) -> None:
        done.append((size, None))
        lengthen(name, size)

    base: list[bytes] = []
    monkeypatch.setattr(hdf.SharedFile, "_open", recorded)
    monkeypatch.setattr(hdf.os, "truncate", noted)
    of = grid(comm, 2, 6)
    writer = FieldsWriter(path, of, NAMES)
    marks = []
    for time in range(6):
        writer.on_output(frame(of, float(time)))
        marks.append(len(done))
    assert len(done) > 50  # the recorder saw the writes

    points, cut = mesh(2, 6)[0], shared_tmp / "cut.vtkhdf"
    for count, image in prefixes(base[0], done):
        cut.write_bytes(image)
        times, values = stored(cut)
        assert len(times) >= sum(mark <= count for mark in marks)
        for reached, value in zip(times, values, strict=True):
            np.testing.assert_allclose(value, cells_at(points, reached), rtol=0, atol=1e-7, err_msg=f"after {count} of {len(done)} writes")


@pytest.mark.parametrize("room", [0, 512])
def test_what_was_reserved_is_cut_off_and_nothing_else(comm: Any, shared_tmp: Path, room: int) -> None:
    """Files of many sizes: HDF5 states its own length, and before it closes another one."""
    for count in range(1, 60, 5):
        path = shared_tmp / f"{count}.h5"
        file = hdf.SharedFile(path, "w", comm, room=room)
        file.reserve(2**20)
        file.each(partial(begin, count=count))
        for k in range(count):
            file.write_rows(f"state/{k}", 0, np.full(137, float(k)))
        file.close()
        with h5py.File(path, "r") as h5:
            assert [h5[f"state/{k}"][16] for k in range(count)] == list(range(count))
        assert path.stat().st_size < 2**17


def begin(h5: h5py.File, count: int) -> None:
    """A file with a header whose length depends on the count, and as many sets of numbers."""
    h5.attrs.create("sha256", "a" * 64)
    h5.create_dataset("header", data=np.zeros(1000 + 13 * count, dtype=np.uint8))
    for k in range(count):
        h5.create_dataset(f"state/{k}", (137,), "f8")


def prefixes(base: bytes, done: list[tuple[int, bytes | None]]) -> Iterator[tuple[int, bytes]]:
    """What the file is after each of its writes."""
    image = bytearray(base)
    for count, (at, data) in enumerate(done):
        yield count, bytes(image)
        if data is None:
            image[at:] = bytes(max(0, at - len(image)))
            continue
        image.extend(bytes(max(0, at + len(data) - len(image))))
        image[at : at + len(data)] = data
    yield len(done), bytes(image)


def test_too_little_space_is_said_before_writing(comm: Any, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared_tmp / "fields.vtkhdf"
    of = grid(comm, 2, 6)
    writer = FieldsWriter(path, of, NAMES)
    writer.on_output(frame(of, 0.0))
    monkeypatch.setattr("shutil.disk_usage", lambda p: type("usage", (), {"free": 1000}))
    with refused("disk-full", str(path), "--resume", (" MB, 0.0 MB are free", "keeps its 1 steps")):
        writer.on_output(frame(of, 1.0))
    assert stored(path)[0] == [0.0]


def test_a_write_that_fails_keeps_the_earlier_steps(comm: Any, shared_tmp: Path) -> None:
    path = shared_tmp / "fields.vtkhdf"
    of = grid(comm, 2, 6)
    child = os.fork()
    if child == 0:
        status = 1
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        room._MARGIN = 4096  # room for a few steps is set aside, not for thousands of such small ones
        writer = FieldsWriter(path, of, NAMES)
        for time in (0.0, 1.0):
            writer.on_output(frame(of, time))
        limit = path.stat().st_size + 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            for time in range(2, 1000):
                writer.on_output(frame(of, float(time)))
        except SolverError as error:
            status = 0 if "is the disk full?" in str(error) and "earlier steps" in str(error) else 2
        writer.close("failed")
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert stored(path)[0][:2] == [0.0, 1.0]
    check_complete(path, [0.0, 1.0])
