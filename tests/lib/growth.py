"""What a program holds: objects of Python, open files, objects of PETSc, memory."""

from __future__ import annotations

import gc
import os
import re
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

from petsc4py import PETSc


@dataclass(frozen=True)
class Held:
    """Counts of the moment; ``resident`` is the process's memory in MB."""

    python: int
    files: int
    petsc: int
    resident: float

    def since(self, before: Held) -> Held:
        """What has been added."""
        return Held(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


def held() -> Held:
    """Count. PETSc's objects (matrices, vectors, solvers) are those of its log, which begins with the first call."""
    PETSc.Log.begin()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Held(len(gc.get_objects()), len(os.listdir("/proc/self/fd")), _petsc(), pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def _petsc() -> int:
    """Creations minus destructions in the table of PETSc's log."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        viewer = PETSc.Viewer().createASCII(str(path), "w", comm=PETSc.COMM_SELF)
        PETSc.Log.view(viewer)
        viewer.destroy()
        text = path.read_text(encoding="utf-8")
    table = text.partition("Creations")[2]
    rows = re.findall(r"^ *([A-Z][A-Za-z ]+?) +(\d+) +(\d+)", table, re.MULTILINE)
    return sum(int(made) - int(gone) for name, made, gone in rows if name != "Viewer")
