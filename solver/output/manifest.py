"""manifest.json: what was run, with which versions, where, and how it ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import subprocess
import sys
import time as clock
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..installed import version
from ..parallel import Comm
from .folder import replace_text
from .layout import MANIFEST, Frame
from .records import Damaged, facts_of, segments_of

log = logging.getLogger("invasio.output")
_SECONDS = 1.0  # between two notes of how far the run has come
_SLURM = {
    "job": "SLURM_JOB_ID",
    "array_job": "SLURM_ARRAY_JOB_ID",
    "array_task": "SLURM_ARRAY_TASK_ID",
    "restart_count": "SLURM_RESTART_COUNT",
    "nodes": "SLURM_JOB_NODELIST",
    "cluster": "SLURM_CLUSTER_NAME",
}


class Manifest:
    """Observer that keeps manifest.json up to date; rank 0 writes, and replaces the file as a whole.

    A resumed run adds a segment to the earlier ones: each has its start, stop, reason, ranks and versions.

    Args:
        path: the file.
        comm: the communicator.
        facts: what only the caller knows, as JSON values: name, hashes of scenario and mesh, PETSc options, citations.
        resumed_at: the time the run resumes from; None starts a new list of segments.
        part: what is known of this segment alone: the end it is to reach, the hash of the scenario that says so.
    """

    def __init__(
        self, path: Path, comm: Comm, facts: Mapping[str, Any], resumed_at: float | None = None, part: Mapping[str, Any] | None = None
    ) -> None:
        self.path = path
        self._written = 0.0
        self._writes = comm.rank == 0
        if not self._writes:
            return
        segment = {
            "start": _now(),
            "resumed_at_time": resumed_at,
            **(part or {}),
            "ranks": comm.size,
            "host": platform.node(),
            "git": git_revision(Path(__file__).resolve().parent),
            "versions": versions(),
            "slurm": {key: os.environ[name] for key, name in _SLURM.items() if name in os.environ},
            "stop": None,
            "reason": "running",
        }
        earlier = recorded(path) if resumed_at is not None else {}
        before = _segments(path, earlier) if resumed_at is not None else []
        kept = {key: earlier[key] for key in ("units", "factors") if key in earlier}
        self.content: dict[str, Any] = {**facts, **kept, "segments": [*before, segment]}
        self._write()

    def update(self, facts: Mapping[str, Any]) -> None:
        """Add facts that were not known at the start (rank 0)."""
        if self._writes:
            self.content.update(facts)
            self._write()

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to note."""

    def on_output(self, frame: Frame) -> None:
        """Note how far the run has come; in the file at most once a second."""
        if self._writes:
            self.content["segments"][-1].update({"last_output_time": frame.time, "last_output_step": frame.step})
            if clock.monotonic() > self._written + _SECONDS:
                self._write(lasting=False)

    def close(self, reason: str) -> None:
        """Note when and why the run ended."""
        if self._writes:
            self.content["segments"][-1].update({"stop": _now(), "reason": reason})
            self._write()

    def _write(self, lasting: bool = True) -> None:
        self._written = clock.monotonic()
        try:
            replace_text(self.path, json.dumps(self.content, indent=2, default=str) + "\n", lasting)
        except OSError as error:  # a record; what matters has its own complaint
            log.warning("cannot write %s: %s", self.path, error.strerror)


def versions() -> dict[str, str]:
    """Versions of this program, of the libraries it computes with (those that are loaded), and of MPI and HDF5."""
    found = {"python": platform.python_version(), **_installed()}
    for name, module in (("dolfinx", "dolfinx"), ("basix", "basix"), ("invasio", "invasio")):
        own = getattr(sys.modules.get(module), "__version__", None)
        if own:
            found[name] = str(own)
    petsc = sys.modules.get("petsc4py.PETSc")
    if petsc is not None:
        found["petsc"] = ".".join(str(n) for n in petsc.Sys.getVersion())
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None:
        found["mpi"] = mpi.Get_library_version().splitlines()[0].split(",")[0].strip("\x00 ")
    h5py = sys.modules.get("h5py")
    if h5py is not None:
        found["hdf5"] = h5py.version.hdf5_version
    return found


def other_gmsh(folder: Path) -> str:
    """The gmsh that made the mesh of a run, where here it is another, which makes another mesh; else ""."""
    here = _installed().get("gmsh")
    try:
        made = segments_of(facts_of(folder / MANIFEST))[0]["versions"]["gmsh"]
    except (LookupError, TypeError, Damaged):
        return ""
    return str(made) if here and made != here else ""


def _installed() -> dict[str, str]:
    """Versions that packages were installed with."""
    packages = ("invasio", "numpy", "scipy", "numba", "h5py", "mpi4py", "petsc4py", "meshio", "gmsh")
    return {package: found for package in packages if (found := version(package)) is not None}


def git_revision(folder: Path) -> str | None:
    """The revision of the checkout the code runs from, with "+changes" if files differ; None outside a checkout."""
    try:
        revision = _git(folder, "rev-parse", "HEAD")
        return revision + ("+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "safe.directory=*", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()


def recorded(path: Path) -> dict[str, Any]:
    """What an earlier part of the run has noted; {} where that cannot be read: the manifest is a record, and must not stop a run."""
    try:
        return facts_of(path)
    except Damaged:
        return {}


def _segments(path: Path, earlier: Mapping[str, Any]) -> list[Any]:
    """The earlier segments; the log says so where there are none, or not all are as a run writes them, and the file is kept aside."""
    segments, found = segments_of(earlier), earlier.get("segments")
    if segments and isinstance(found, list) and len(segments) == len(found):
        return list(segments)
    aside = path.with_name(f"{path.stem}-damaged{path.suffix}")
    what = "it is missing"
    if path.exists():
        what = "it is damaged"
        with contextlib.suppress(OSError):
            os.replace(path, aside)
            what += f", and {aside.name} now"
    log.warning("%s: %s; what it told of the run so far is lost", path, what)
    return list(segments)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
