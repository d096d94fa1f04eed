"""Reading all of an HDF5 file in a process of its own first: damage that no digest shows may have HDF5 crash, or not come to an end."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path

import h5py

SECONDS, SPEED = 20.0, 2e7  # a file may take so long, and a second more for so many bytes
_ROWS = 2**16


class Unreadable(Exception):
    """HDF5 does not get through a file, with what became of it."""


def read_apart(path: Path) -> None:
    """Raises Unreadable unless a child of this process reads the whole file; what is in it is not looked at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads: the child only reads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            _read(path)
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + SECONDS + path.stat().st_size / SPEED
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.005)
        done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise Unreadable("HDF5 does not come to an end with it")
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise Unreadable("HDF5 cannot read it" if code > 0 else f"HDF5 crashes on it, with signal {-code}")


def _read(path: Path) -> None:
    with path.open("rb") as stream, h5py.File(stream, "r") as h5:
        tables: list[h5py.Dataset] = []
        h5.visititems(lambda _, x: tables.append(x) if isinstance(x, h5py.Dataset) else None)
        for table in tables:
            for start in range(0, len(table), _ROWS):
                table[start : start + _ROWS]
        dict(h5.attrs)
