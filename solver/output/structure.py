"""The structure of a growing HDF5 file as of a checkpoint: all of it but the rows of the mesh, of the fields and of the columns.

HDF5 rewrites indices and headers in place, and a process that is killed inside such a write, or a machine that loses its power,
leaves a mixture. The rows of earlier outputs are never written again, so a file is exactly that of the checkpoint again once its
structure is put back.

    invasio structure
    {"size": ..., "rows_end": ..., "mark": [offset, text], "pieces": [[offset, length, 1 if stored, 0 if it is all zeros], ...]}
    the stored pieces, one after another
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import h5py

from .columns import ROWS
from .folder import sync
from .layout import ALONG
from .parts import PARTS, growing
from .vtkhdf import ROOT

_FIRST = b"invasio structure\n"
_BLOCK = 2**16
_MESH = ("Points", "Connectivity", "Offsets", "Types", "CellData/region")


class NotRestored(Exception):
    """A structure cannot be put back, with the reason."""


def take(path: Path, target: Path) -> str:
    """Keep the structure of a file that was flushed; the SHA-256 of what was written to ``target``, "" for a file without a mark.

    Rank 0; the file may be open for writing here. Raises OSError and what h5py raises.
    """
    size = path.stat().st_size
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_file_locking(False, True)
    with h5py.File(h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY, access)) as h5:
        rows = sorted(_rows(h5))
        mark = str(h5["provenance"].attrs.get("id", "")).encode()
    pieces: list[tuple[int, int, int]] = []
    stored: list[bytes] = []
    place = 0
    with path.open("rb") as stream:
        for start, length in [*((offset, count) for offset, count in rows), (size, 0)]:
            while place < start:
                stream.seek(place)
                part = stream.read(min(_BLOCK, start - place))
                if not part:
                    raise OSError(f"{path} became shorter")
                some = int(any(part))
                pieces.append((place, len(part), some))
                stored += [part] if some else []
                place += len(part)
            place = max(place, start + length)
    at = _place_of(mark, pieces, stored) if mark else None
    with path.open("rb") as stream:
        stream.seek(at or 0)
        if at is None or stream.read(len(mark)) != mark:
            return ""
    about = {
        "size": size,
        "rows_end": max((offset + count for offset, count in rows), default=0),
        "mark": [at, mark.decode()],
        "pieces": pieces,
    }
    content = b"".join([_FIRST, json.dumps(about).encode(), b"\n", *stored])
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_bytes(content)
    sync(temporary)
    os.replace(temporary, target)
    return hashlib.sha256(content).hexdigest()


def put_back(path: Path, kept: Path, sha256: str) -> None:
    """Make a file what it was when its structure was kept. Rank 0; the file is closed. A kill on the way can be followed by another try.

    Raises NotRestored with the file as it was: another file, or one that is too short; or OSError.
    """
    content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256 or not content.startswith(_FIRST):
        raise NotRestored(f"{kept.name} is damaged")
    text, _, rest = content[len(_FIRST) :].partition(b"\n")
    about: dict[str, Any] = json.loads(text)
    at, mark = about["mark"]
    with path.open("r+b", buffering=0) as stream:
        stream.seek(at)
        if stream.read(len(mark)) != mark.encode():
            raise NotRestored("it is another file")
        if path.stat().st_size < about["rows_end"]:
            raise NotRestored("it is too short")
        os.truncate(path, about["size"])
        place = 0
        for offset, length, some in about["pieces"]:
            stream.seek(offset)
            part = rest[place : place + length] if some else bytes(length)
            place += length if some else 0
            if stream.write(part) != length:
                raise OSError(f"{path} was written in part")
        os.fsync(stream.fileno())


def _place_of(mark: bytes, pieces: list[tuple[int, int, int]], stored: list[bytes]) -> int | None:
    """Where a text stands in the file."""
    left = b"".join(stored).find(mark)
    for offset, length, some in pieces:
        if some and 0 <= left < length:
            return offset + left
        left -= length if some else 0
    return None


def _rows(h5: h5py.File) -> list[tuple[int, int]]:
    """Offset and size of every chunk of the tables whose rows are written once."""
    found: list[tuple[int, int]] = []
    root = h5[ROOT]
    for name in (*_MESH, *(f"PointData/{field}" for field in root["PointData"])):
        root[name].id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    for name in h5.get(ALONG, ()):
        h5[f"{ALONG}/{name}"].id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    for name in (*(f"{PARTS}/{name}" for name in growing(h5)), *((ROWS,) if ROWS in h5 else ())):
        h5[name].id.chunk_iter(lambda chunk: found.append((chunk.byte_offset, chunk.size)))
    return found
