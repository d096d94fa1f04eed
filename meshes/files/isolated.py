"""Readers written in C++ run in a process of their own: what a damaged file does to them ends there, in a message.

`python3 -m invasio.meshes.files.isolated READER FILE` writes what was read, pickled, to its standard output.
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
from typing import BinaryIO

from .contents import Contents, Unreadable

READERS = ("vtk_files", "gmsh_files")
# Memory that a reader may take: a floor, and so many times the files' bytes (compression leaves far less).
_FLOOR, _TIMES = 6 << 30, 400
_LAUNCHER = ("OMPI_COMM_", "PMIX_", "PMI_", "PRTE_", "HYDRA_", "MPI_LOCAL")  # a child is no rank of the job


def isolated(reader: str, path: Path) -> Contents:
    """What a reader of this folder makes of a file. Raises Unreadable, also where the reader itself breaks down."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_LAUNCHER)}
    environment["PYTHONPATH"] = os.pathsep.join([_root(), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run([sys.executable, "-m", __name__, reader, str(path)], capture_output=True, env=environment, check=False)
    if done.returncode == 0:
        result = pickle.loads(done.stdout)  # written by this module in the process that has just ended
        if isinstance(result, Unreadable):
            raise result
        if isinstance(result, Contents):
            return result
    if done.returncode < 0:
        raise Unreadable(f"its reader broke down with {signal.Signals(-done.returncode).name}: the file is damaged")
    said = done.stderr.decode(errors="replace").strip().splitlines()
    raise Unreadable(said[-1] if said else "its reader gave no reason")


def _root() -> str:
    """The folder that holds the package this module belongs to."""
    return str(Path(sys.modules[__name__.partition(".")[0]].__path__[0]).parent)


def _main(reader: str, path: Path, out: BinaryIO) -> None:
    beside = [file for file in path.parent.iterdir() if file.suffix in (path.suffix, ".vtu", ".vtp") and file.is_file()]
    size = sum(file.stat().st_size for file in beside)
    limit = _FLOOR + _TIMES * size
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    result: Contents | Unreadable
    try:
        result = importlib.import_module(f".{reader}", __package__).read(path)
    except Unreadable as error:
        result = error
    except ImportError as error:
        result = Unreadable(f"{error.name} is missing")
    except MemoryError:
        result = Unreadable("it says that it holds more than its size allows")
    pickle.dump(result, out, protocol=5)


if __name__ == "__main__":
    keep = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes with the errors
    with keep:
        _main(sys.argv[1], Path(sys.argv[2]), keep)
