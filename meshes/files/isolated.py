"""Readers run in a process of their own: what a damaged file does to them (a crash, all memory, no end) ends there, in a message.

`python3 -m invasio.meshes.files.isolated MODULE FILE` takes what is asked for, pickled, from its standard input and writes what was
read, pickled, to its standard output.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, TypeVar

from ...solver import extras
from ...solver.installed import PackageError
from .contents import Contents, Missing, Unreadable, Wanted

T = TypeVar("T")

# What a reader may take, as a floor and by the bytes of its files: memory, and seconds of a processor.
_MEMORY, _TIMES = 6 << 30, 400
_SECONDS, _BYTES_A_SECOND = 30, 200_000
_BESIDE = (".vtu", ".vtp", ".h5", ".bin", ".node", ".ele", ".face")  # files that others refer to
_LAUNCHER = ("OMPI_COMM_", "PMIX_", "PMI_", "PRTE_", "HYDRA_", "MPI_LOCAL")  # a child is no rank of the job


def isolated(reader: str, path: Path, package: str = __package__, wanted: Wanted | None = None) -> Contents:
    """What a module of this package, or of another, makes of a file with its function `read`.

    Raises Unreadable, also where the reader itself breaks down.
    """
    return answered(f"{package}.{reader}".lstrip("."), path, Contents, wanted)


def answered(reader: str, path: Path, kind: type[T], request: object = None) -> T:
    """What a module's function `read` makes of a file and, if there is one, of a request; raises Unreadable as above.

    A library that is put beside an environment when it is first needed, is.
    """
    try:
        return _answered(reader, path, kind, request)
    except Missing as error:
        if error.name not in extras.LISTS:
            raise
        try:
            extras.need(error.name)
        except PackageError as refused:
            raise Missing(refused.what) from None
    return _answered(reader, path, kind, request)


def _answered(reader: str, path: Path, kind: type[T], request: object) -> T:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_LAUNCHER)}
    environment["PYTHONPATH"] = os.pathsep.join([_root(), *filter(None, [os.environ.get("PYTHONPATH")]), *extras.beside()])
    done = subprocess.run(
        [sys.executable, "-m", __name__, reader, str(path)],
        input=pickle.dumps(request),
        capture_output=True,
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        result = pickle.loads(done.stdout)  # written by this module in the process that has just ended
        if isinstance(result, Unreadable):
            raise result
        if isinstance(result, kind):
            return result
    if done.returncode < 0:
        what = "came to no end" if done.returncode == -signal.SIGXCPU else f"broke down with {signal.Signals(-done.returncode).name}"
        raise Unreadable(f"its reader {what}: the file is damaged")
    said = done.stderr.decode(errors="replace").strip().splitlines()
    raise Unreadable(said[-1] if said else "its reader gave no reason")


def _root() -> str:
    """The folder that holds the package this module belongs to."""
    return str(Path(sys.modules[__name__.partition(".")[0]].__path__[0]).parent)


def _main(reader: str, path: Path, request: object, out: BinaryIO) -> None:
    beside = [file for file in path.parent.iterdir() if file.suffix in (path.suffix, *_BESIDE) and file.is_file()]
    size = sum(file.stat().st_size for file in beside)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY + _TIMES * size,) * 2)
    seconds = _SECONDS + size // _BYTES_A_SECOND
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    result: object
    try:
        read = importlib.import_module(reader).read
        result = read(path) if request is None else read(path, request)
    except Unreadable as error:
        result = error
    except ImportError as error:
        result = Missing(f"the library {error.name} is not installed")
        result.name = (error.name or "").partition(".")[0]
    except MemoryError:
        result = Unreadable("it says that it holds more than its size allows")
    pickle.dump(result, out, protocol=5)


if __name__ == "__main__":
    keep = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes with the errors
    with keep:
        _main(sys.argv[1], Path(sys.argv[2]), pickle.load(sys.stdin.buffer), keep)
