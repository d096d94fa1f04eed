"""Large mesh files and pictures are converted once, into the user's cache folder: from then on every rank reads its part of them.

The form is that of ``hdf5.py``, of the mesh as it is used, cut along its membranes. Which part a rank gets does not depend on whether
the mesh was there, nor on whether it could be kept. A file is known by its content, whatever its time.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ..solver.errors import MeshError
from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import FileMesh, ImageMesh
from .cache import folder, key
from .distribute import distribute
from .domain import Domain, MeshData

LARGE = 5_000_000  # bytes of a file, with those that it refers to
CELLS = 200_000  # and cells of a picture's mesh
_REFERRING = (".xdmf", ".pvd", ".pvtu", ".pvtp", ".inp")  # formats whose files name others
_NAMED = re.compile(rb"[^\s<>\"'=,]+\.(?:h5|hdf5|bin|vt[upkrsi]|pvt[up]|inp|inc|msh|txt|dat)\b", re.IGNORECASE)
_MOST = 2**24  # bytes of such a file that are looked through


def build(
    options: FileMesh | ImageMesh, comm: Comm, membranes: Sequence[str], lumens: Sequence[str], make: Callable[[], MeshData]
) -> Domain:
    """The mesh on all ranks, from its kept form where it is large, which is made if it is not there. Collective.

    ``make``: reads or makes the mesh and cuts it, on rank 0. Raises MeshError on all ranks alike.
    """
    large = False
    for anew in (False, True):
        data: MeshData | None = None
        path: Path | None = None
        with agreed(comm):
            if comm.rank == 0:
                path, data, large = _provided(options, membranes, lumens, make, anew)
        path = comm.bcast(path)
        if path is None:
            break
        if all(comm.allgather(path.is_file())):  # other machines may have a folder of their own
            try:
                return _read(path, comm)
            except MeshError:
                continue  # it is damaged
    with agreed(comm):
        if comm.rank == 0 and data is None:
            data = make()
    return distribute(data, comm, by_curve=comm.bcast(large))


def _read(path: Path, comm: Comm) -> Domain:
    from .hdf5 import parts_of, whole_of

    if comm.size > 1:
        return parts_of(path, comm)
    data, digest = whole_of(path)
    return distribute(data, comm, digest=digest)


def _provided(
    options: FileMesh | ImageMesh, membranes: Sequence[str], lumens: Sequence[str], make: Callable[[], MeshData], anew: bool
) -> tuple[Path | None, MeshData | None, bool]:
    """Rank 0: the file with the kept form; or, where there is none, the mesh; and whether it is large."""
    if isinstance(options, FileMesh):
        files = _files(options)
        if sum(file.stat().st_size for file in files) < LARGE:
            return None, make(), False
        found = b"".join(_digest(file) for file in files)
    else:
        from .image.picture import digest

        found = digest(Path(options.image))
    name = hashlib.sha256(repr((key(options, found), list(membranes), list(lumens))).encode())
    path = folder() / f"{name.hexdigest()}.h5"
    if path.is_file() and not anew:
        return path, None, True
    data = make()
    large = isinstance(options, FileMesh) or len(data.cells) >= CELLS
    return (path, None, True) if large and _save(data, path) else (None, data, large)


def _save(data: MeshData, path: Path) -> bool:
    """Whether a mesh could be kept; a folder that cannot be written only costs time and memory."""
    from .hdf5 import write_all

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        try:
            write_all(data, Path(temporary))
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError:
        return False
    return True


def _files(options: FileMesh) -> list[Path]:
    """The files of a mesh, those that they refer to as well."""
    found: list[Path] = []
    ahead = [Path(options.path), *([Path(options.facets)] if options.facets else [])]
    while ahead:
        path = ahead.pop()
        if path in found or not path.is_file():
            continue
        found.append(path)
        if path.suffix.lower() in _REFERRING:
            with path.open("rb") as stream:
                names = set(_NAMED.findall(stream.read(_MOST)))
            ahead += sorted(path.parent / os.fsdecode(name) for name in names)
        elif path.suffix.lower() in (".ele", ".node"):
            ahead += sorted(path.parent.glob(f"{path.stem}.*"))
    return found


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
