"""One HDF5 file on one rank: how it is created, how long it is, and what is wrong with it."""

from __future__ import annotations

import ctypes
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from ..errors import SolverError
from ..parallel import Comm, agreed

log = logging.getLogger("invasio.output")
_LARGEST_NODE = 4096
SYSTEM = (OSError, RuntimeError, ValueError, KeyError)  # as what h5py raises what HDF5 and the system say


def create_alone(path: Path, comm: Comm, chunks: int, trouble: str, fill: Callable[[h5py.File], Any]) -> None:
    """Make a new file on rank 0, with what ``fill`` creates in it; arguments as of `SharedFile`. Collective.

    Raises SolverError on all ranks.
    """
    with agreed(comm):
        if comm.rank == 0:
            try:
                access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
                access.set_file_locking(False, True)
                path.unlink(missing_ok=True)
                with h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_EXCL, creation(chunks, 0), access)) as h5:
                    fill(h5)
            except SYSTEM as error:
                raise cannot(f"{trouble}: {plain(error)}") from error


def cannot(what: str) -> SolverError:
    """The error of a file that cannot be written."""
    remedy = "free some space or mend the permissions, and use --resume"
    return SolverError(what, code="cannot-write", place="output", remedy=remedy)


def plain(error: Exception) -> str:
    """What the system said, out of HDF5's long sentence about it."""
    found = re.search(r"error message = '([^']+)'", str(error))
    if found:
        return found[1]
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def promised(path: Path) -> int:
    """The length that the superblock of a closed file states, 0 where there is none; HDF5 tells another one before it closes."""
    with path.open("rb") as stream:
        for room in (0, 512):
            stream.seek(room)
            block = stream.read(64)
            if block[:8] == b"\x89HDF\r\n\x1a\n":
                at = {0: 40, 1: 44}.get(block[8], 28)
                return int.from_bytes(block[at : at + 8], "little")
    return 0


def creation(chunks: int, room: int) -> Any:
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
