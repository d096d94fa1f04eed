"""One HDF5 file that all ranks write together: rank 0 holds its structure, and each rank writes its own rows."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..meeting import PATIENCE, Meeting
from ..parallel import Comm
from .h5 import SYSTEM, cannot, creation, plain
from .newest import Newest
from .places import put, squeezed
from .reach import each_by_itself, one_machine
from .room import Room
from .ways import NOTHING, Way, ways_into

log = logging.getLogger("invasio.output")


class SharedFile:
    """An HDF5 file whose structure rank 0 holds (``h5``, None elsewhere), and whose rows each rank writes to where they lie.

    Nothing is asked of HDF5's MPI: its transfers take eight times as long, its flush waits for the disk, and its ranks wait for ever
    where one of them has failed. Rows go through rank 0 where a table does not say where they lie, and where the file system loses
    what two machines write side by side (reach.py).

    Every method is collective. What fails on a rank is kept until the ranks meet, in ``flush(grown=True)`` or at the end of
    ``everywhere``, and that rank writes nothing more; so nobody waits in vain, and the file promises no rows that are not there.
    The default library version bounds are kept: with newer ones a killed run leaves a file that does not open. The file is not locked,
    so that it can be read during the run.

    Args:
        path: the file.
        mode: "w" (must not exist) or "r+".
        comm: the communicator.
        chunks: how many chunks one dataset is expected to get; its index then has room for them in one node
            and grows without ever being rearranged, which is what makes a kill harmless.
        apart: each rank writes its rows by itself; by default where the file system lets it.
        room: bytes that a new file leaves in front for its owner: 0, or 512.
    """

    def __init__(self, path: Path, mode: str, comm: Comm, chunks: int = 64, apart: bool | None = None, room: int = 0) -> None:
        self.path = path
        self.comm = comm
        self.h5: h5py.File | None = None
        self._tables: dict[str, h5py.Dataset] = {}  # kept open: finding one by its name takes longer than adding a number to it
        self._attributes: dict[tuple[str, str], h5py.h5a.AttrID] = {}
        self._room: Room | None = None
        self._newest = Newest(path)
        self._handle = -1  # of the file, where rows are written without HDF5
        self._fault: str | None = None  # of this rank, until the ranks meet
        self._apart = self._far = False
        if comm.size > 1:
            Meeting.of(comm)
            self._far = not one_machine(comm)
            self._apart, kind = (apart, "") if apart is not None else each_by_itself(path.parent, comm, self._far)
            if kind and comm.rank == 0:
                log.info("%s is written by rank 0: on %s several machines cannot write to one file", path.name, kind)
        self.everywhere(f"cannot open {path}", lambda: self._begin(mode, chunks, room))

    def _begin(self, mode: str, chunks: int, room: int) -> None:
        if self.comm.rank == 0:
            self._open(mode, chunks, room)
            self._room = Room(self.path)

    def _open(self, mode: str, chunks: int, room: int) -> None:
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_cache(0, 521, 0, 0.75)  # chunks are not kept back: a write that fails must say so itself
        access.set_sieve_buf_size(0)  # nor what lies beside the rows that are written: it is there as it was before others wrote it
        access.set_file_locking(False, True)
        name = os.fsencode(self.path)
        if mode == "w":
            identifier = h5py.h5f.create(name, h5py.h5f.ACC_EXCL, creation(chunks, room), access)
        else:
            identifier = h5py.h5f.open(name, h5py.h5f.ACC_RDWR, access)
        self.h5 = h5py.File(identifier)

    def everywhere(self, what: str, action: Callable[[], Any]) -> None:
        """Do something on the file; a failure on any rank becomes the same SolverError on all.

        Where a rank fails while the others wait for it, it finds out that it is alone (meeting.py).
        """
        try:
            action()
            fault = self._fault
        except SYSTEM as error:
            fault = plain(error)
        first, alone = fault, False
        if self.comm.size > 1:
            met = Meeting.of(self.comm).faults(fault is not None, PATIENCE)
            alone = met is None
            if met is not None and any(met):
                first = _first(self.comm.allgather(fault))
        if first is not None:
            self._abandon()
            failure = cannot(f"{what}: {first}")
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
        """Do something to the structure, on the rank that holds it."""
        if self.h5 is not None:
            h5 = self.h5
            self._trying(lambda: action(h5))

    def _trying(self, action: Callable[[], Any]) -> None:
        """Do something on this rank alone, unless something has failed here; what fails is kept until the ranks meet."""
        if self._fault is not None:
            return
        if self.comm.size == 1:
            action()
            return
        try:
            action()
        except SYSTEM as error:
            self._fault = plain(error)

    def _meet(self) -> None:
        """Wait for all; raises OSError, the same on all, where any rank has failed."""
        if self.comm.size > 1:
            first = _first(self.comm.allgather(self._fault))
            if first is not None:
                raise OSError(first)

    def resize(self, name: str, rows: int) -> None:
        """Set the number of rows of a table."""
        self.each(lambda h5: self._newest.resize(h5, name, self._table(h5, name), rows))

    def _table(self, h5: h5py.File, name: str) -> h5py.Dataset:
        if name not in self._tables:
            self._tables[name] = h5[name]
        return self._tables[name]

    def set_number(self, name: str, attribute: str, value: int) -> None:
        """Overwrite an integer attribute in place."""

        def change(h5: h5py.File) -> None:
            if (name, attribute) not in self._attributes:
                self._attributes[name, attribute] = h5py.h5a.open(h5[name].id, attribute.encode())
            self._attributes[name, attribute].write(np.array(value, dtype=np.int64))

        self.each(change)

    def write_same(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Write rows that every rank has, the same on each."""
        self._trying(lambda: self._write(name, start, rows))

    def write_rows(self, name: str, start: int, rows: NDArray[Any]) -> None:
        """Write this rank's rows at ``start``; ranks without rows take part too."""
        if self.comm.size == 1:
            self._write(name, start, rows)
            return
        asked = self.comm.gather((start, len(rows)))
        ways: list[Way] | None = None
        if asked is not None:
            found = [NOTHING] * len(asked)
            if any(count for _, count in asked[1:]):
                self.each(lambda h5: found.__setitem__(slice(None), self._ways(self._table(h5, name), name, asked)))
            ways = found
        way = self.comm.scatter(ways)
        if self.comm.rank != 0:
            self._trying(lambda: self._put(way, rows)) if way.places else self._send(way, rows)
            return
        self._trying(lambda: self._write(name, start, rows))
        for rank, each in enumerate(ways or []):
            if each.kind and not each.places and rank > 0:
                self._receive(name, rank, (asked or [])[rank], each)

    def _ways(self, table: h5py.Dataset, name: str, asked: list[tuple[int, int]]) -> list[Way]:
        return ways_into(table, asked, self._apart, lambda: self._newest.run(name, table))

    def _put(self, way: Way, rows: NDArray[Any]) -> None:
        if self._handle < 0:
            self._handle = os.open(self.path, os.O_WRONLY)
        put(self._handle, np.ascontiguousarray(rows, dtype=way.kind), list(way.places))

    def _send(self, way: Way, rows: NDArray[Any]) -> None:
        if not way.kind:
            return
        rows = np.ascontiguousarray(rows, dtype=way.kind)
        if way.level is None:
            self.comm.Send(rows, dest=0)
            return
        for _, some in squeezed(rows, way.chunk, way.level):
            self.comm.send(some, dest=0)

    def _receive(self, name: str, rank: int, asked: tuple[int, int], way: Way) -> None:
        """Rank 0: write the rows that another rank sends, or its chunks where it has compressed them."""
        start, count = asked
        if way.level is None:
            rows = np.empty((count, *way.shape), dtype=way.kind)
            self.comm.Recv(rows, source=rank)
            self._trying(lambda: self._write(name, start, rows))
            return
        for first in range(start, start + count, way.chunk):
            some = self.comm.recv(source=rank)
            at = (first,) + (0,) * len(way.shape)
            self.each(lambda h5, at=at, some=some: self._table(h5, name).id.write_direct_chunk(at, some))  # type: ignore[misc]

    def _write(self, name: str, start: int, rows: NDArray[Any]) -> None:
        if self.h5 is None or not len(rows):
            return
        dataset = self._table(self.h5, name)
        rows = np.ascontiguousarray(rows, dtype=dataset.dtype)
        in_file = dataset.id.get_space()
        in_file.select_hyperslab((start,) + (0,) * (rows.ndim - 1), rows.shape)
        dataset.id.write(h5py.h5s.create_simple(rows.shape), in_file, rows)

    def reserve(self, size: int, whole: bool = False) -> None:
        """Have the system set aside room for ``size`` more bytes, so that the writes to come cannot fail half-way.

        whole: in a new file, whose tables are there but take no room yet, for these as well.

        Raises:
            OSError: on all ranks, with the file as it was: there is no room.
        """
        fault = None
        if self._room is not None and self.h5 is not None:
            try:
                self._room.set_aside(self.h5, size, whole)
            except OSError as error:
                fault = (error.errno, error.strerror)
        fault = self.comm.bcast(fault) if self.comm.size > 1 else fault
        if fault is not None:
            raise OSError(*fault)

    def flush(self, grown: bool = False) -> None:
        """Bring the structure to the operating system; of a file that has grown after all ranks have written, and its length first.

        A superblock that promises more bytes than the file has makes HDF5 refuse the file, so a kill
        between the two would cost it. The rows are written already.

        Raises:
            OSError: on all ranks: a rank has failed before.
        """
        if grown:
            self._meet()
            if self._room is not None:
                self.each(self._room.lengthen)
        self.each(lambda h5: h5.flush())

    def sync(self) -> None:
        """Bring the rows of other machines to the disk: what rank 0 asks of the system is done on its own.

        Raises:
            OSError: on all ranks: a rank has failed, here or before.
        """
        if self._far:
            if self._handle >= 0:
                self._trying(lambda: os.fsync(self._handle))
            self._meet()

    def close(self) -> None:
        """Close the file on all ranks."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        if self.h5 is not None:
            self._tables.clear()
            self._attributes.clear()
            self.h5.close()
            self.h5 = None
            if self._room is not None:
                self._room.cut()


def _first(faults: list[str | None]) -> str | None:
    """What is said of those of all ranks: the first, and whose it is where not all have the same."""
    rank = next((k for k, fault in enumerate(faults) if fault is not None), None)
    if rank is None or len(set(faults)) == 1:
        return faults[0]
    return f"rank {rank}: {faults[rank]}"
