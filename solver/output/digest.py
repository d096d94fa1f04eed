"""A digest of a whole file in front of it: HDF5 leaves the first 512 bytes of a file to its owner.

    invasio checkpoint
    bytes <size of the file>
    sha256 <digest>

and spaces up to a last line end. Every bit of the file is thus known to be right before HDF5 sees it. The digest is SHA-256 of the
digests of the pieces of 16 MiB that follow, so that all ranks can share the work and any number of them finds the same.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..parallel import Comm

ROOM = 512  # bytes in front: the least that HDF5 can leave
_PIECE = 2**24
_HDF5 = b"\x89HDF\r\n\x1a\n"  # how a file without a digest begins: those of versions 0.1.0 and format 2


class NotSealed(Exception):
    """A file is not what its digest says, with the reason."""


def put(path: Path, comm: Comm) -> None:
    """Collective: write the digest in front of a file that is closed. Raises OSError on the rank that finds it."""
    size, fault = comm.bcast(_size(path) if comm.rank == 0 else None)
    if fault:
        raise OSError(fault)
    digest = _whole(path, size, comm)
    if comm.rank == 0:
        handle = os.open(path, os.O_WRONLY)
        try:
            if os.pwrite(handle, _text(size, digest), 0) != ROOM:
                raise OSError("the digest was written in part")
        finally:
            os.close(handle)


def check(path: Path, comm: Comm) -> bool:
    """Collective: whether a file has a digest, which is right; False for HDF5 without one. Raises NotSealed, on all ranks alike."""
    size, front, fault = comm.bcast(_front(path) if comm.rank == 0 else None)
    if not fault and front.startswith(_HDF5):
        return False
    if not fault and front.partition(b"sha256")[0] != _text(size, "").partition(b"sha256")[0]:
        fault = "it does not begin as a checkpoint of its size"
    if fault:
        raise NotSealed(fault)
    try:
        digest = _whole(path, size, comm)
    except OSError as error:
        fault = error.strerror or "it cannot be read"
    if first := next((f for f in comm.allgather(fault) if f), ""):
        raise NotSealed(first)
    if front != _text(size, digest):
        raise NotSealed("its content has another digest")
    return True


def _size(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_size, ""
    except OSError as error:
        return 0, error.strerror or "it is not there"


def _front(path: Path) -> tuple[int, bytes, str]:
    """Rank 0: the size of a file, what is in front, and why it cannot be read."""
    size, fault = _size(path)
    try:
        return size, b"" if fault else _bytes(path, 0, ROOM), fault
    except OSError as error:
        return size, b"", error.strerror or "it cannot be read"


def _text(size: int, digest: str) -> bytes:
    return f"invasio checkpoint\nbytes {size}\nsha256 {digest}".ljust(ROOM - 1).encode() + b"\n"


def _whole(path: Path, size: int, comm: Comm) -> str:
    """Collective: the digest of all behind the room in front; every rank reads its share of the pieces."""
    starts = range(ROOM, size, _PIECE)
    fault: OSError | None = None
    mine: list[bytes] = []
    try:
        mine = [hashlib.sha256(_bytes(path, start, min(_PIECE, size - start))).digest() for start in starts[comm.rank :: comm.size]]
    except OSError as error:
        fault = error
    shares = comm.allgather(mine)
    if fault is not None:
        raise fault
    whole = hashlib.sha256()
    for k in range(len(starts)):
        share = shares[k % comm.size]
        whole.update(share[k // comm.size] if k // comm.size < len(share) else b"")
    return whole.hexdigest()


def _bytes(path: Path, start: int, count: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(start)
        return stream.read(count)
