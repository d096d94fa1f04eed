"""Where the rows of a table lie in an HDF5 file, so that every rank can write its own without HDF5."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from .newest import Run

Place = tuple[int, int, int]  # where in the file (bytes), the first of the rows that go there, and how many


def places(table: h5py.Dataset, start: int, count: int, newest: Callable[[], Run | None] = lambda: None) -> list[Place] | None:
    """Where rows ``start`` to ``start + count`` lie; None where rows cannot be written without HDF5.

    The table's room must be allocated. It has no filters, and its chunks are as wide as itself; rows that follow each other in the
    file are one place. newest: what is known of the table's last rows (newest.py).
    """
    width = table.dtype.itemsize * int(np.prod(table.shape[1:], dtype=np.int64))
    chunks = table.chunks
    if chunks is None:
        begin = table.id.get_offset()
        return None if begin is None else [(begin + start * width, 0, count)]
    if table.id.get_create_plist().get_nfilters() or chunks[1:] != table.shape[1:] or table.file.userblock_size:
        return None  # HDF5 before 1.14.2 tells places of chunks without what lies before the file
    run = newest()
    if run is not None and start >= run[0]:
        return [(run[1] + (start - run[0]) * width, 0, count)]
    found: list[Place] = []
    row = start
    while row < start + count:
        chunk = row // chunks[0]
        many = min(start + count, (chunk + 1) * chunks[0]) - row
        told = table.id.get_chunk_info_by_coord((chunk * chunks[0],) + (0,) * (len(chunks) - 1))
        if told.byte_offset is None:
            return None
        at = told.byte_offset + (row - chunk * chunks[0]) * width
        if found and found[-1][0] + found[-1][2] * width == at:
            found[-1] = (*found[-1][:2], found[-1][2] + many)
        else:
            found.append((at, row - start, many))
        row += many
    return found


def put(handle: int, rows: NDArray[Any], where: list[Place]) -> None:
    """Write rows to their places in a file open for writing. Raises OSError."""
    width = rows.nbytes // max(1, len(rows))
    left: Any = memoryview(rows.reshape(-1).view(np.uint8))
    for at, first, many in where:
        some = left[first * width : (first + many) * width]
        while some:
            written = os.pwrite(handle, some, at)
            at, some = at + written, some[written:]


def squeezes(table: h5py.Dataset) -> int | None:
    """The level of gzip where a table's only filters are shuffle and gzip, and its chunks are as wide as itself."""
    pipeline = table.id.get_create_plist()
    filters = [pipeline.get_filter(k)[0] for k in range(pipeline.get_nfilters())]
    if filters != [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE] or table.chunks is None or table.chunks[1:] != table.shape[1:]:
        return None
    level: int = table.compression_opts
    return level


def squeezed(rows: NDArray[Any], chunk: int, level: int) -> Iterator[tuple[int, bytes]]:
    """Chunks as HDF5 stores them, of rows that begin with one: first row and bytes; the last is filled up with zeros."""
    for first in range(0, len(rows), chunk):
        some = rows[first : first + chunk]
        if len(some) < chunk:
            some = np.concatenate([some, np.zeros((chunk - len(some), *rows.shape[1:]), dtype=rows.dtype)])
        by_byte = some.reshape(-1).view(np.uint8).reshape(-1, rows.dtype.itemsize).T
        yield first, zlib.compress(by_byte.tobytes(), level)
