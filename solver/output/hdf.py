"""One HDF5 file that all ranks write together: collectively where h5py has MPI, through rank 0 where it has not."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..meeting import PATIENCE, Meeting, hold
from ..parallel import Comm, agreed

log = logging.getLogger("invasio.output")
_LARGEST_NODE = 4096
_MARGIN = 2**22  # bytes


def parallel_h5py() -> bool:
    """Whether h5py was built with MPI."""
    return bool(h5py.get_config().mpi)


def create_alone(path: Path, comm: Comm, chunks: int, trouble: str, fill: Callable[[h5py.File], Any]) -> None:
    """Make a new file on rank 0, with what ``fill`` creates in it; arguments as of `SharedFile`. Collective.

    With MPI every table that is created makes all ranks wait for each other, and a virtual one takes thousands of times as long.
    Raises SolverError on all ranks.
    """
    with agreed(comm):
        if comm.rank == 0:
            try:
                access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
                access.set_file_locking(False, True)
                path.unlink(missing_ok=True)
                with h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_EXCL, _creation(chunks, 0), access)) as h5:
                    fill(h5)
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                raise _cannot(f"{trouble}: {plain(error)}") from error


class SharedFile:
    """An HDF5 file open on all ranks; ``h5`` is None where this rank does not hold it.

    Every method is collective. The default library version bounds are kept: with newer ones a killed
    run leaves a file that does not open. The file is not locked, so that it can be read during the run.

    Args:
        path: the file.
        mode: "w" (must not exist) or "r+".
        comm: the communicator.
        chunks: how many chunks one dataset is expected to get; its index then has room for them in one node
            and grows without ever being rearranged, which is what makes a kill harmless.
        collective: write from all ranks; by default if h5py can.
        room: bytes that a new file leaves in front for its owner: 0, or 512.
    """

    def __init__(self, path: Path, mode: str, comm: Comm, chunks: int = 64, collective: bool | None = None, room: int = 0) -> None:
        self.path = path
        self.comm = comm
        can = parallel_h5py() if collective is None else collective
        self.collective = comm.size > 1 and can
        if comm.size > 1 and not can and comm.rank == 0:
            log.info("h5py has no MPI: %s is written by rank 0, block by block", path.name)
        self.h5: h5py.File | None = None
        self._tables: dict[str, h5py.Dataset] = {}  # kept open: finding one by its name takes longer than adding a number to it
        self._attributes: dict[tuple[str, str], h5py.h5a.AttrID] = {}
        self._reserved = self._length = 0  # up to where room is set aside, and the length the file was given, in bytes
        if comm.size > 1:
            Meeting.of(comm)
        self._transfer = h5py.h5p.create(h5py.h5p.DATASET_XFER)
        if self.collective:
            self._transfer.set_dxpl_mpio(h5py.h5fd.MPIO_COLLECTIVE)
        self.everywhere(f"cannot open {path}", lambda: self._open(mode, chunks, room))

    def _open(self, mode: str, chunks: int, room: int) -> None:
        if not self.holds:
            return
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_cache(0, 521, 0, 0.75)  # chunks are not kept back: a write that fails must say so itself
        if self.collective:
            from mpi4py import MPI

            access.set_fapl_mpio(self.comm, MPI.Info.Create())
        else:
            access.set_file_locking(False, True)
        name = os.fsencode(self.path)
        if mode == "w":
            identifier = h5py.h5f.create(name, h5py.h5f.ACC_EXCL, _creation(chunks, room), access)
        else:
            identifier = h5py.h5f.open(name, h5py.h5f.ACC_RDWR, access)
        self.h5 = h5py.File(identifier)

    @property
    def holds(self) -> bool:
        """Whether this rank has the file open (or will)."""
        return self.collective or self.comm.rank == 0

    def everywhere(self, what: str, action: Callable[[], Any]) -> None:
        """Do something on the file; a failure on any rank becomes the same SolverError on all.

        Where a rank fails while the others wait for it within HDF5, it finds out that it is alone (meeting.py).
        """
        fault: str | None = None
        try:
            action()
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            fault = plain(error)
        first, alone = fault, False
        if self.comm.size > 1:
            met = Meeting.of(self.comm).faults(fault is not None, PATIENCE)
            alone = met is None
            if met is not None and any(met):
                first = next(f for f in self.comm.allgather(fault) if f is not None)
        if first is not None:
            if alone:
                hold(self)  # closing it would wait for the others
            else:
                self._abandon()
            failure = _cannot(f"{what}: {first}")
            failure.of_one_rank = alone or None
            raise failure

    def _abandon(self) -> None:
        """Close after a failure, which fails again on a full disk: once is enough said."""
        hooks = sys.unraisablehook, sys.excepthook
        sys.unraisablehook = lambda _: None
        sys.excepthook = lambda *_: None
        try:
            self.close()
        except (OSError, RuntimeError, ValueError):
            self.h5 = None
        finally:
            sys.unraisablehook, sys.excepthook = hooks

    def each(self, action: Callable[[h5py.File], Any]) -> None:
        """Apply a metadata operation (the same on every rank that holds the file)."""
        if self.h5 is not None:
            action(self.h5)

    def resize(self, name: str, rows: int) -> None:
        """Set the number of rows of a table."""
        if self.h5 is not None:
            self._table(self.h5, name).resize(rows, axis=0)

    def _table(self, h5: h5py.File, name: str) -> h5py.Dataset:
        if name not in self._tables:
            self._tables[name] = h5[name]
        return self._tables[name]

    def set_number(self, name: str, attribute: str, value: int) -> None:
        """Overwrite an integer attribute in place."""
        if self.h5 is not None:
            if (name, attribute) not in self._attributes:
                self._attributes[name, attribute] = h5py.h5a.open(self.h5[name].id, attribute.encode())
            self._attributes[name, attribute].write(np.array(value, dtype=np.int64))

    def write_rows(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Write this rank's rows at ``start``; ranks without rows take part too."""
        if self.collective or self.comm.size == 1:
            self._write(name, start, rows)
            return
        shapes = self.comm.gather((start, rows.shape, rows.dtype.str))
        if self.comm.rank != 0:
            if len(rows):
                self.comm.Send(np.ascontiguousarray(rows), dest=0)
            return
        fault: OSError | RuntimeError | None = None
        for rank, (at, shape, kind) in enumerate(shapes or []):
            if shape[0] == 0:
                continue
            part = rows if rank == 0 else np.empty(shape, dtype=kind)
            if rank > 0:
                self.comm.Recv(part, source=rank)
            try:
                self._write(name, at, part)
            except (OSError, RuntimeError) as error:
                fault = error  # the others still have to be received from
        if fault is not None:
            raise fault

    def write_same(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Write rows that every rank has, the same on each.

        Where all have the file open all write them: what a rank reads of the file's structure on the way stays in its cache, and
        HDF5 waits for ever once the caches of the ranks differ in what was changed. With hundreds of small tables that rank 0
        alone writes they do, in a file that was opened again.
        """
        if self.collective or self.comm.rank == 0:
            self._write(name, start, rows)

    def _write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        if self.h5 is None or not (len(rows) or self.collective):
            return
        dataset = self._table(self.h5, name)
        rows = np.ascontiguousarray(rows, dtype=dataset.dtype)  # a conversion inside HDF5 would break collective mode
        in_file = dataset.id.get_space()
        if len(rows):
            in_memory = h5py.h5s.create_simple(rows.shape)
            in_file.select_hyperslab((start,) + (0,) * (rows.ndim - 1), rows.shape)
        else:
            rows = np.zeros((1,) * rows.ndim, dtype=dataset.dtype)
            in_memory = h5py.h5s.create_simple(rows.shape)
            in_memory.select_none()
            in_file.select_none()
        dataset.id.write(in_memory, in_file, rows, dxpl=self._transfer)

    def reserve(self, size: int, whole: bool = False) -> None:
        """Have the system set aside room for ``size`` more bytes, so that the writes to come cannot fail half-way.

        whole: in a new file, whose tables are there but take no room yet, for these as well.

        Raises:
            OSError: on all ranks, with the file as it was: there is no room.
        """
        fault = None
        if self.h5 is not None and self.comm.rank == 0:
            end = self.path.stat().st_size if self.collective or whole else self.h5.id.get_filesize()
            if whole:
                end, size = 0, end + size
            if end + size > self._reserved:
                fault = self._set_aside(end, size)
        fault = self.comm.bcast(fault) if self.comm.size > 1 else fault
        if fault is not None:
            raise OSError(*fault)

    def _set_aside(self, end: int, size: int) -> tuple[int | None, str | None] | None:
        """Room from ``end`` on: for many steps at once where there is as much, so that most of them need not ask; what is wrong."""
        fault = None
        handle = os.open(self.path, os.O_WRONLY)
        try:
            for room in (size,) if self.collective else (size + _MARGIN, size):
                try:
                    os.posix_fallocate(handle, end, room)
                except OSError as error:
                    fault = (error.errno, error.strerror)
                else:
                    self._reserved = 0 if self.collective else end + room
                    return None
        finally:
            os.close(handle)
        return fault

    def flush(self, grown: bool = False) -> None:
        """Bring everything to the operating system; a file that has grown first gets its full length.

        A superblock that promises more bytes than the file has makes HDF5 refuse the file, so a kill
        between the two would cost it. The rows are written already; for new metadata the file gets a
        margin (HDF5 does not tell the length under MPI, and since 2.0 not all of it before the end),
        which is cut off again on closing.
        """
        if self.h5 is None:
            return
        if grown and self.comm.rank == 0:
            end = 0 if self.collective else self.h5.id.get_filesize()
            if self.collective or end + _MARGIN > self._length:
                size = self.path.stat().st_size
                self._length = max(size, size + _MARGIN if self.collective else end + 2 * _MARGIN)
                os.truncate(self.path, self._length)
        self.h5.flush()

    def close(self) -> None:
        """Close the file on all ranks."""
        if self.h5 is not None:
            self._tables.clear()
            self._attributes.clear()
            self.h5.close()
            self.h5 = None
            if not self.collective and 0 < (end := _promised(self.path)) < self.path.stat().st_size:
                os.truncate(self.path, end)  # what was reserved and not needed


def _cannot(what: str) -> SolverError:
    remedy = "free some space or mend the permissions, and use --resume"
    return SolverError(what, code="cannot-write", place="output", remedy=remedy)


def plain(error: Exception) -> str:
    """What the system said, out of HDF5's long sentence about it."""
    found = re.search(r"error message = '([^']+)'", str(error))
    if found:
        return found[1]
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _promised(path: Path) -> int:
    """The length that the superblock of a closed file states, 0 where there is none; HDF5 tells another one before it closes."""
    with path.open("rb") as stream:
        for room in (0, 512):
            stream.seek(room)
            block = stream.read(64)
            if block[:8] == b"\x89HDF\r\n\x1a\n":
                at = {0: 40, 1: 44}.get(block[8], 28)
                return int.from_bytes(block[at : at + 8], "little")
    return 0


def _creation(chunks: int, room: int) -> Any:
    """File creation properties whose chunk index holds ``chunks`` chunks in one node (h5py does not wrap the call)."""
    properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    properties.set_userblock(room)
    half = min(_LARGEST_NODE, max(32, -(-chunks // 2)))
    try:
        library = ctypes.CDLL(h5py.h5p.__file__)  # finds the HDF5 that h5py itself uses
        library.H5Pset_istore_k(ctypes.c_int64(properties.id), ctypes.c_uint(half))
    except (OSError, AttributeError):
        log.debug("HDF5 keeps its default chunk index")
    return properties
