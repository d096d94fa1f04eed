"""fields.vtkhdf, membranes.vtkhdf and vessels.vtkhdf: every field at every output time in one HDF5 file that ParaView opens as it is."""

from __future__ import annotations

import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import h5py
import numpy as np

from ..errors import SolverError
from ..parallel import agreed
from . import columns, structure, vtkhdf
from .blocks import Blocks, Shares
from .folder import sync
from .h5 import create_alone
from .hdf import SharedFile
from .layout import ALONG, Frame, Grid
from .parts import NO_PARTS, PARTS, Parts, create_parts, growing
from .series import NOTHING
from .vtkhdf import AHEAD, ROOT, STEPS

log = logging.getLogger("invasio.output")


def _cells(grid: Grid, shares: Shares) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """This rank's block of all cells piece by piece: first row, nodes, regions. Collective."""
    if isinstance(shares, Blocks):
        regions = shares.to_block(grid.cell_region)
        for start, nodes in shares.in_pieces(grid.corners):
            yield start, nodes, regions[start - shares.start :][: len(nodes)]
    elif grid.listed is not None:
        for first, last in shares.pieces():
            yield first, *grid.listed(first, last)


def _no_unit(kind: str, name: str) -> str:
    """Where no units are known."""
    return ""


def _no_hook(phase: str) -> None:
    """Called between the phases of an append; tests kill the process here."""


@dataclass(frozen=True)
class _Step:
    """What one output adds to the file."""

    time: float
    blocks: Mapping[str, np.ndarray]  # this rank's rows of each field
    row: np.ndarray | None  # (1, c) the columns
    numbers: Mapping[str, float]  # those that have a table each
    parts: Mapping[str, np.ndarray]  # rows of the tables of parts


class FieldsWriter:
    """Observer that appends one step to fields.vtkhdf at every output.

    The file does not depend on the number of ranks, can be opened while the run goes on, and keeps every
    complete step if the run is killed at any moment: an append only adds chunks behind the old ones, then
    raises NSteps, then adds the time to Values, with a flush after each (readers crash on more Values than NSteps).

    Args:
        path: the file; it must not exist unless ``resume_at`` is given.
        grid: this rank's share of the mesh.
        names: the fields to write, a subset of those in the frames.
        precision: "float32" or "float64", of the fields (times, points and observables are double).
        compression: gzip level 0 (none) to 9.
        resume_at: keep the steps up to this time in an existing file and go on behind them.
        provenance: texts stored under /provenance (versions, git revision); VTK ignores that group.
        scenario: the resolved scenario, stored under /scenario.
        expected: about how many outputs will come.
        apart: as of `SharedFile`.
        hook: for tests.
        still: the fields that do not change in time: they are written once.
        parts: group of numbers by part -> what does not change of it, as arrays; ``Frame.parts`` has what does.
        unit_of: the unit ("" for none) of a table by its kind ("point", "time", "field", "column") and name, kept as its attribute
            ``units``.
        fibres: species -> (owned nodes, dim) along the fibres that it moves along; these do not change.
        part: the attribute of a frame that holds the fields: "fields" of the tissue, "surface" of its membranes, or "walls" of its vessels.
        kept: the structure that ``keep`` wrote at the checkpoint of ``resume_at``, and its SHA-256.

    Attributes:
        recorded: of a resumed run, on rank 0: times of the outputs that are kept, and the observables at them by name.

    Raises:
        SolverError: on all ranks, if the file cannot be written (disk full); earlier steps stay readable.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        names: Sequence[str],
        precision: str = "float32",
        compression: int = 4,
        resume_at: float | None = None,
        provenance: Mapping[str, str] | None = None,
        scenario: str = "",
        expected: int = 512,
        apart: bool | None = None,
        hook: Callable[[str], None] = _no_hook,
        part: str = "fields",
        kept: tuple[Path, str] | None = None,
        unit_of: Callable[[str, str], str] = _no_unit,
        still: Sequence[str] = (),
        parts: Parts = NO_PARTS,
        fibres: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.path = path
        self.grid = grid
        self.names = tuple(names)
        self.n_steps = 0
        self.last_time = -np.inf
        self._kind = np.dtype(precision)
        self._level = compression
        self._blocks = grid.plan
        self._stride = -(-grid.n_nodes // self._blocks.chunk) * self._blocks.chunk
        self._whole = bool((np.diff(self._blocks.starts) == self._stride).any())  # one rank writes all, with no gap between steps
        self._chunks = -(-grid.n_nodes // self._blocks.chunk) * max(expected, 512)
        self._apart = apart
        self._hook = hook
        self._fields_of, self._unit_of = attrgetter(part), unit_of
        self._still, self._parts = tuple(still), parts
        self._fibres = dict(fibres or {})
        self._growing: tuple[str, ...] = ()  # tables of numbers by part that are in the file
        self._numbers = part == "fields"  # the other files stand beside fields.vtkhdf, which has the columns
        self._columns: tuple[str, ...] = ()  # of the table of all of them
        self._own: tuple[str, ...] = ()  # those that have a table each, in a file of an earlier version
        self._file: SharedFile | None = None
        self._held: list[_Step] = []
        self._failed = False
        self._mark = ""
        self._about = dict(provenance or {})
        self._scenario = scenario
        self.recorded = NOTHING
        if resume_at is not None and grid.comm.bcast(self._found(kept) if grid.comm.rank == 0 else None):
            self._resume(resume_at)

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to write between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Collective: append the frame, unless its time is in the file already (a resumed run's first frame)."""
        self.hold(frame)
        self.write()

    def hold(self, frame: Frame) -> int:
        """Collective: keep what the frame has for the file until ``write``; how many bytes of the file that is, the same on all ranks."""
        if frame.time <= self.last_time:
            return 0
        first = self._file is None and not self._held
        if first:
            self._columns, self._own = tuple(frame.observables) if self._numbers else (), ()
            self._growing = tuple(frame.parts) if self._parts else ()
        fields = self._fields_of(frame)
        written = [name for name in self.names if name not in self._still or first]
        blocks = {name: self._blocks.to_block(fields[name]).astype(self._kind, copy=False) for name in written}
        row = columns.row(self._columns, frame.observables) if self._columns else None
        numbers = {columns.table_name(name): value for name, value in frame.observables.items()} if self._own else {}
        self._held.append(_Step(frame.time, blocks, row, numbers, {name: frame.parts[name].copy() for name in self._growing}))
        self.last_time = frame.time
        fields_size = self.grid.n_nodes * sum(self._kind.itemsize * int(np.prod(b.shape[1:], dtype=np.int64)) for b in blocks.values())
        return int(fields_size) + 8 * len(self._columns) + sum(rows.nbytes for rows in self._held[-1].parts.values())

    def write(self) -> None:
        """Collective: append all that is held, in one go."""
        steps, self._held = self._held, []
        if not steps:
            return
        need = self._check_space(sum(block.nbytes for step in steps for block in step.blocks.values()), len(steps))
        try:
            if self._file is None:
                self._file = self._create(steps[0])
                self.n_steps, steps = 1, steps[1:]
            if steps:
                file = self._file

                def add() -> None:
                    file.reserve(need)
                    self._append(file, steps)

                file.everywhere(self._trouble(), add)
        except SolverError:
            self._failed = True
            raise
        self.n_steps += len(steps)

    def keep(self, target: Path) -> str:
        """Collective: bring the file to the disk and keep its structure as of now; its SHA-256 on rank 0, "" where there is none."""
        self.write()
        if self._file is not None:
            self._file.everywhere(self._trouble(), self._file.sync)
        comm, digest = self.grid.comm, ""
        if comm.rank == 0 and self._file is not None:
            try:
                sync(self.path)
                sync(self.path.parent)
                digest = structure.take(self.path, target)
            except Exception as error:  # the checkpoint is good without it
                log.warning("the structure of %s was not kept (%s)", self.path.name, error)
        comm.barrier()  # nobody changes the file before
        return digest

    def _found(self, kept: tuple[Path, str] | None) -> bool:
        """Rank 0: whether there is a file to go on with, after its structure was put back."""
        if not self.path.exists():
            log.warning("%s is missing; the fields start again at the checkpoint", self.path)
            return False
        if kept is not None:
            try:
                structure.put_back(self.path, *kept)
            except Exception as error:  # it may be good as it is
                log.warning("the structure of %s at the checkpoint was not put back (%s)", self.path.name, error)
        return True

    def close(self, reason: str) -> None:
        """Collective: write what is held, and close the file."""
        try:
            if not self._failed:
                self.write()
        finally:
            if self._file is not None and not self._failed:
                self._file.everywhere(self._trouble(), self._file.close)
            self._file = None

    def _trouble(self) -> str:
        return f"cannot write {self.path} (is the disk full?); it keeps its {self.n_steps} earlier steps"

    def _create(self, first: _Step) -> SharedFile:
        """Write mesh, tables and the first step under a temporary name, then rename: the file appears complete."""
        grid, comm = self.grid, self.grid.comm
        temporary = self.path.with_name(f".{self.path.name}.new")
        self._mark = comm.bcast(uuid.uuid4().hex if comm.rank == 0 else "")  # by which a structure knows its file
        cells = Blocks(comm, grid.cells, grid.n_cells) if grid.listed is None else Shares(comm, grid.n_cells)
        corners = grid.dim + 1
        mesh = 24 * grid.n_nodes // comm.size + (8 * corners + 13) * grid.n_cells // comm.size
        padding = (self._stride / max(1, grid.n_nodes) - 1.0) * sum(
            block.nbytes for block in first.blocks.values()
        )  # chunks are written whole
        need = self._check_space(mesh + sum(block.nbytes for block in first.blocks.values()) + int(padding))
        create_alone(temporary, comm, self._chunks, self._trouble(), lambda h5: self._tables(h5, cells.chunk, first.parts))
        file = SharedFile(temporary, "r+", comm, apart=self._apart)
        points = self._blocks.to_block(grid.points)
        fibres = {name: self._blocks.to_block(values).astype(np.float32) for name, values in self._fibres.items()}

        def fill() -> None:
            file.reserve(need - comm.size * mesh, whole=True)
            file.write_rows(f"{ROOT}/Points", self._blocks.start, points)
            for start, nodes, regions in _cells(grid, cells):
                ends = np.arange(start + 1, start + len(nodes) + 1, dtype=np.int64) * corners
                file.write_rows(f"{ROOT}/Connectivity", start * corners, nodes.reshape(-1))
                file.write_rows(f"{ROOT}/Offsets", start + 1, ends)
                file.write_rows(f"{ROOT}/Types", start, np.full(len(nodes), vtkhdf.CELL_TYPES[grid.dim], dtype=np.uint8))
                file.write_rows(f"{ROOT}/CellData/region", start, regions)
            file.write_same(f"{ROOT}/Offsets", 0, np.zeros(1, dtype=np.int64))
            for name, along in fibres.items():
                file.write_rows(f"{ALONG}/{name}", self._blocks.start, along)
            self._extend(file, 0)
            self._append(file, [first])
            file.close()

        def publish() -> None:
            if comm.rank == 0:
                os.replace(temporary, self.path)  # a checkpoint brings it to the disk: until then a run begins anew anyway

        file.everywhere(self._trouble(), fill)
        file.everywhere(self._trouble(), publish)
        return SharedFile(self.path, "r+", comm, apart=self._apart)

    def _tables(self, h5: h5py.File, cell_chunk: int, parts: Mapping[str, np.ndarray]) -> None:
        """Create every table, in a file that one rank has to itself."""
        grid, level = self.grid, self._level
        vtkhdf.create_static(h5, grid.dim, grid.n_nodes, grid.n_cells, (self._blocks.chunk, cell_chunk), level)
        named = [columns.table_name(name) for name in columns.shown(self._columns)]
        vtkhdf.create_steps(h5, self.names, named, self._blocks.chunk, self._kind, level, self._still)
        columns.create(h5, self._columns, self._unit_of)
        create_parts(h5, self._parts, parts, self._unit_of)
        units = {f"{ROOT}/Points": self._unit_of("point", ""), f"{STEPS}/Values": self._unit_of("time", "")}
        units |= {f"{ROOT}/PointData/{name}": self._unit_of("field", name) for name in self.names}
        for table, unit in units.items():
            if unit:
                h5[table].attrs["units"] = unit
        for name in self._fibres:
            shape, chunks = (grid.n_nodes, grid.dim), (self._blocks.chunk, grid.dim)
            h5.create_dataset(f"{ALONG}/{name}", shape, "f4", chunks=chunks, fill_time="never", **(vtkhdf.squeeze(level) or vtkhdf.early()))
        about = h5.create_group("provenance")
        facts = {"mesh_hash": grid.mesh_hash, "regions": json.dumps(grid.regions), "dim": str(grid.dim), "id": self._mark}
        facts |= {"still": json.dumps(self._still)} if self._still else {}
        for key, text in {**self._about, **facts}.items():
            about.attrs[key] = text
        h5.create_group("scenario").create_dataset("resolved", data=np.frombuffer(self._scenario.encode() or b"\n", dtype=np.uint8))

    def _extend(self, file: SharedFile, first: int) -> None:
        """Lengthen the small tables by AHEAD steps, ahead of their use."""
        last = first + AHEAD
        tables = vtkhdf.offset_tables(first, last, self._stride)
        steps: dict[str, str] = {name: name for name in ("PartOffsets", "CellOffsets", "NumberOfParts")}
        moving = [name for name in self.names if name not in self._still]
        if moving:
            steps["row"] = f"PointDataOffsets/{moving[0]}"
        named = [columns.table_name(name) for name in columns.shown(self._columns)] or self._own
        if named:
            steps["index"] = f"FieldDataOffsets/{named[0]}"
        for table, name in steps.items():
            file.resize(f"{STEPS}/{name}", last)
            file.write_same(f"{STEPS}/{name}", first, tables[table])
        for name in self._own:
            file.resize(f"{ROOT}/FieldData/{name}", last)

    def _append(self, file: SharedFile, steps: Sequence[_Step]) -> None:
        """The order of writes is what keeps the file readable at any moment: data, then NSteps, then Values."""
        first, last = self.n_steps, self.n_steps + len(steps)
        for step in range(first, last):
            if step and step % AHEAD == 0:
                self._extend(file, step)
        for name in steps[0].blocks:
            file.resize(f"{ROOT}/PointData/{name}", last * self._stride)
            rows = [step.blocks[name] for step in steps]
            if self._whole and len(rows) > 1:
                rows = [np.concatenate(rows)]
            for k, block in enumerate(rows):
                file.write_rows(f"{ROOT}/PointData/{name}", (first + k) * self._stride + self._blocks.start, block)
        for name in self._growing:
            file.resize(f"{PARTS}/{name}", last)
            file.write_same(f"{PARTS}/{name}", first, np.stack([step.parts[name] for step in steps]))
        self._hook("data")
        rows = [step.row for step in steps if step.row is not None]
        if rows:
            file.resize(columns.ROWS, last)
            file.write_same(columns.ROWS, first, np.concatenate(rows))
        for name in self._own:
            file.write_same(f"{ROOT}/FieldData/{name}", first, np.array([step.numbers.get(name, np.nan) for step in steps]))
        file.flush(grown=True)
        self._hook("flushed")
        file.set_number(STEPS, "NSteps", last)
        file.flush()
        self._hook("nsteps")
        file.resize(f"{STEPS}/Values", last)
        file.write_same(f"{STEPS}/Values", first, np.array([step.time for step in steps], dtype=np.float64))
        self._hook("values")
        file.flush()

    def _check_space(self, mine: int, steps: int = 1) -> int:
        """Refuse steps that cannot fit, before HDF5 is in the middle of them; how many bytes they may need."""
        comm = self.grid.comm
        parts = sum(8 * sum(map(np.size, fixed.values())) for fixed in self._parts.values())
        each = 8 * len(self._columns) + parts * (1 + len(self._growing))
        need = comm.allreduce(mine) + 2**20 + 8 * AHEAD * (len(self._own) + 8) + steps * each
        free = 0
        with agreed(comm):
            if comm.rank == 0:
                try:
                    free = shutil.disk_usage(self.path.parent).free
                except OSError as error:
                    raise SolverError(
                        f"cannot be written: {error.strerror}",
                        code="cannot-write",
                        place=str(self.path),
                        remedy="free some space or mend the permissions, and use --resume",
                    ) from error
        free = comm.bcast(free)
        if free < need:
            raise SolverError(
                f"the next step needs up to {need / 1e6:.1f} MB, {free / 1e6:.1f} MB are free; the file keeps its {self.n_steps} steps",
                code="disk-full",
                place=str(self.path),
                remedy="free some space and use --resume",
            )
        return int(need)

    def _resume(self, until: float) -> None:
        """Open the file and drop what was written after ``until``: first the times, then NSteps, then the data."""
        comm = self.grid.comm
        facts = self._facts(until) if comm.rank == 0 else None
        (fault, keep, last), self._still, self._growing, self._columns, self._own = comm.bcast(
            (facts, self._still, self._growing, self._columns, self._own)
        )
        if fault:
            raise SolverError(fault, code="cannot-resume", place=str(self.path), remedy="use --overwrite, or another --out")
        if keep == 0:
            return  # the first frame writes a new file
        file = SharedFile(self.path, "r+", comm, apart=self._apart)

        def cut() -> None:
            file.resize(f"{STEPS}/Values", keep)
            file.flush()
            file.set_number(STEPS, "NSteps", keep)
            file.flush()
            for name in self.names:
                if name not in self._still:
                    file.resize(f"{ROOT}/PointData/{name}", keep * self._stride)
            for name in self._growing:
                file.resize(f"{PARTS}/{name}", keep)
            if self._columns:
                file.resize(columns.ROWS, keep)
            file.flush()

        file.everywhere(f"cannot resume {self.path}", cut)
        self._file, self.n_steps, self.last_time = file, keep, last

    def _facts(self, until: float) -> tuple[str, int, float]:
        """Rank 0: what is wrong (or ""), steps to keep, their last time."""
        try:
            with h5py.File(self.path, "r", locking=False) as h5:
                root, steps = h5[ROOT], h5[STEPS]
                if h5["provenance"].attrs["mesh_hash"] != self.grid.mesh_hash:
                    return "it was written on another mesh", 0, 0.0
                if int(root["NumberOfPoints"][0]) != self.grid.n_nodes:
                    return f"an earlier version wrote it, with {int(root['NumberOfPoints'][0])} points, not {self.grid.n_nodes}", 0, 0.0
                if sorted(root["PointData"]) != sorted(self.names):
                    return f"it holds the fields {', '.join(root['PointData'])}, not {', '.join(self.names)}", 0, 0.0
                times = steps["Values"][: int(steps.attrs["NSteps"])]
                keep = int(np.searchsorted(times, until + 1e-12 * abs(until), side="right"))
                self._still = tuple(json.loads(h5["provenance"].attrs.get("still", "[]")))
                self._growing = growing(h5)
                self.recorded = times[:keep], columns.recorded(h5, keep)
                whole = columns.ROWS in h5
                self._columns, self._own = (tuple(columns.names_in(h5)), ()) if whole else ((), tuple(root.get("FieldData", ())))
                return "", keep, float(times[keep - 1]) if keep else -np.inf
        except Exception:  # HDF5 meets damage with errors of every kind
            aside = self.path.with_name(f"{self.path.stem}-damaged{self.path.suffix}")
            os.replace(self.path, aside)
            log.warning("%s is damaged and was renamed to %s; the fields start again at the checkpoint", self.path, aside.name)
            return "", 0, -np.inf
