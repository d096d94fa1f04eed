"""How long a file on the disk is: room that is set aside ahead of its use, and the identity of the file that has it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import h5py

from .h5 import promised

_MARGIN = 2**22  # bytes


class Room:
    """That of a file open for writing, on the rank that holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = path.stat()
        self._identity = (found.st_dev, found.st_ino)
        self._reserved = 0  # up to where room was set aside, in bytes

    def length(self) -> int:
        """Of the file on the disk, in bytes. Raises OSError where another file has its name now, which must not be written to."""
        found = self._path.stat()
        if (found.st_dev, found.st_ino) != self._identity:
            raise OSError(errno.ESTALE, "another file has its name now")
        return found.st_size

    def set_aside(self, h5: h5py.File, size: int, whole: bool) -> None:
        """Have the system set aside room for ``size`` more bytes, and for many steps at once where there is as much.

        Where another rank has written last, HDF5 cuts off at each flush what lies behind its own end: then for this step only.

        whole: in a new file, whose tables are there but take no room yet, for these as well.

        Raises:
            OSError: with the file as it was: there is no room.
        """
        length = self.length()
        end, size = (0, length + size) if whole else (h5.id.get_filesize(), size)
        if end + size <= min(self._reserved, length):
            return
        rooms = (size + _MARGIN, size) if length >= self._reserved else (size,)
        handle = os.open(self._path, os.O_WRONLY)
        try:
            for room in rooms:
                try:
                    os.posix_fallocate(handle, end, room)
                except OSError:
                    if room == rooms[-1]:
                        raise
                else:
                    self._reserved = end + room
                    return
        finally:
            os.close(handle)

    def lengthen(self, h5: h5py.File) -> None:
        """Before HDF5 states the file's length let it have that, and a margin for what HDF5 does not tell yet (since 2.0)."""
        end = h5.id.get_filesize()
        if end + _MARGIN > self.length():
            os.truncate(self._path, end + 2 * _MARGIN)

    def cut(self) -> None:
        """Of a file that was closed: what was set aside and not needed."""
        if 0 < (end := promised(self._path)) < self.length():
            os.truncate(self._path, end)
