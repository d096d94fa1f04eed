"""Where the newest chunks of tables lie. HDF5 looks for a chunk among all of a table, from the first on: the longer a run, the slower.

Chunks that a table gets together mostly follow each other in the file. Where they begin is guessed, and whether the guess is right is
seen by a mark that HDF5 writes into each of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np

Run = tuple[int, int]  # the first row of chunks that follow each other to the end of the table, and where it is in the file (bytes)


class Newest:
    """Of the tables of one file open for writing, on the rank that holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._grown: dict[str, tuple[int, int]] = {}  # by table: its rows before it last grew, and the length of the file then
        self._runs: dict[str, Run | None] = {}
        self._back = 0  # bytes before the end of the file at which chunks lately began

    def resize(self, h5: h5py.File, name: str, table: h5py.Dataset, rows: int) -> None:
        """Set the number of rows of a table."""
        before = (table.shape[0], h5.id.get_filesize())
        table.resize(rows, axis=0)
        self._grown[name] = before
        self._runs.pop(name, None)

    def run(self, name: str, table: h5py.Dataset) -> Run | None:
        """The rows that a table has last got, before anything is written to them; None where its chunks do not follow each other."""
        if name not in self._runs:
            self._runs[name] = self._found(table, *self._grown[name]) if name in self._grown and table.ndim == 1 else None
        return self._runs[name]

    def _found(self, table: h5py.Dataset, row: int, end: int) -> Run | None:
        if row >= table.shape[0] or row % table.chunks[0]:
            return None
        if _follow(self._path, table, row, end - self._back):
            return row, end - self._back
        at = table.id.get_chunk_info_by_coord((row,)).byte_offset
        if at is None or not _follow(self._path, table, row, at):
            return None
        self._back = end - at
        return row, at


def _follow(path: Path, table: h5py.Dataset, row: int, at: int) -> bool:
    """Whether the chunks from a row on follow each other in the file, from a place on."""
    rows = table.chunks[0]
    count = -(-(table.shape[0] - row) // rows)
    marks = np.frombuffer(os.urandom(count * table.dtype.itemsize), dtype=table.dtype)
    space = table.id.get_space()
    space.select_hyperslab((row,), (count,), (rows,))
    table.id.write(h5py.h5s.create_simple((count,)), space, marks)
    size, step = table.dtype.itemsize, rows * table.dtype.itemsize
    handle = os.open(path, os.O_RDONLY)
    try:
        return at >= 0 and all(os.pread(handle, size, at + k * step) == marks[k].tobytes() for k in range(count))
    finally:
        os.close(handle)
