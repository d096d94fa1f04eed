"""The run folder: a new one, a resumed one, or a refusal; results of two runs are never mixed."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InvasioError
from ..parallel import Comm, agreed
from .compare import differences
from .layout import (
    CASCADE,
    CHECKPOINTS,
    ENTRIES,
    FIELDS,
    FIGURES,
    GIVEN,
    LOG,
    MANIFEST,
    MEMBRANES,
    PROLONGED,
    RESOLVED,
    SERIES,
    STATUS,
    VESSELS,
)
from .records import Damaged, text_of

log = logging.getLogger("invasio.output")
_LOCK = ".lock"
_TABLES = (FIELDS, MEMBRANES, VESSELS)
_FILES = (
    *(name for table in _TABLES for name in (table, f".{table}.new", table.replace(".", "-damaged."))),
    *(SERIES, ENTRIES, MANIFEST, RESOLVED, GIVEN, LOG, STATUS, "report.html"),
    *(name.replace(".", "-damaged.") for name in (SERIES, ENTRIES, MANIFEST)),
)
_TEXTS = (SERIES, ENTRIES, MANIFEST, RESOLVED, GIVEN, STATUS)
_FOLDERS = (CHECKPOINTS, FIGURES, CASCADE)


class FolderError(InvasioError):
    """The run folder cannot be used as asked; the message names the option that would."""

    exit_code = 2


@dataclass
class RunFolder:
    """An open run folder, locked by this run until `close`.

    Attributes:
        path: the folder.
        resuming: whether results of an earlier run of the same scenario are in it.
        previous_status: the STATUS that run left ("" when there was none).
        earlier: the resolved scenario of that run, "" where it is the same as that of this one.
    """

    path: Path
    comm: Comm
    resuming: bool
    previous_status: str = ""
    earlier: str = ""
    _lock: int | None = field(default=None, repr=False)

    @staticmethod
    def open(
        out: Path | None,
        scenario_path: Path | None,
        name: str,
        resolved_text: str,
        resume: bool,
        overwrite: bool,
        comm: Comm,
        free: Sequence[str] = (),
        usual: Collection[str] = (),
    ) -> RunFolder:
        """Collective: choose, check, lock and prepare the folder (on rank 0), the same answer on every rank.

        Args:
            out: the folder; None takes the next free ``out/NAME``, ``out/NAME-002``, ... (the newest of them with ``resume``).
            scenario_path: the scenario as given, copied to scenario.yaml; None writes the resolved text there.
            name: the scenario's name.
            resolved_text: the scenario with all defaults, written to resolved.yaml.
            resume: go on with what is there; with nothing there, start.
            overwrite: remove the earlier run that is there.
            free: options that may differ from those of the run that is resumed: it is prolonged, and `adopt` says so in the folder.
            usual: options that have their defaults; a run of a version that did not know them is resumed.

        Raises:
            FolderError: on all ranks.
        """
        chosen: Any = None
        lock: int | None = None
        with agreed(comm):
            if comm.rank == 0:
                try:
                    path, lock, resuming, status, earlier = _prepare(
                        out, scenario_path, name, resolved_text, resume, overwrite, free, usual
                    )
                except OSError as error:
                    raise FolderError(
                        f"the run folder cannot be written: {error.strerror}",
                        code="cannot-write",
                        place=str(error.filename),
                        remedy="choose another --out, or make room",
                    ) from error
                chosen = path, resuming, status, earlier
        path, resuming, status, earlier = comm.bcast(chosen)
        return RunFolder(path, comm, resuming, status, earlier, lock)

    def set_status(self, text: str) -> None:
        """Write one line to STATUS (rank 0): running, done, stopped early, failed."""
        if self.comm.rank == 0:
            try:
                replace_text(self.path / STATUS, text + "\n")
            except OSError as error:  # the run's real trouble, if it has one, must not be hidden by this
                log.warning("cannot write %s (%s): it should say %r", self.path / STATUS, error.strerror, text)

    def give_up(self, why: str) -> None:
        """Say in STATUS and run.log that this rank alone has failed. Not collective; any rank may call it."""
        with contextlib.suppress(OSError):
            replace_text(self.path / STATUS, "failed\n")
            now = time.strftime("%Y-%m-%d %H:%M:%S")
            with (self.path / LOG).open("a", encoding="utf-8") as stream:
                stream.write(f"{now} ERROR   invasio.run: rank {self.comm.rank} failed alone: {why}\n")

    def adopt(self, resolved_text: str) -> None:
        """Let the folder hold this scenario from now on (rank 0)."""
        if self.comm.rank == 0 and text_of(self.path / RESOLVED) != resolved_text:
            with writing(self.path):
                replace_text(self.path / RESOLVED, resolved_text)

    def close(self, reason: str) -> None:
        """Write the reason to STATUS and release the folder."""
        self.set_status(reason)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def meant(path: Path, otherwise: str) -> str:
    """The remedy where a path should be the folder of a run and is none."""
    scenario = path.suffix in (".yaml", ".yml") and path.is_file()
    return f"this is a scenario: name the folder of its run, which `invasio run {path}` makes" if scenario else otherwise


def replace_text(path: Path, text: str, lasting: bool = True) -> None:
    """Write a text file so that it is, at any moment, the old one or the new one; with ``lasting`` even if the machine dies."""
    replace_bytes(path, text.encode(), lasting)


def replace_bytes(path: Path, content: bytes, lasting: bool = True) -> None:
    """The same of a file of bytes."""
    temporary = path.with_name(_half_written(path.name))
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            if lasting:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
        if lasting:
            sync(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A block that writes into a folder, without MPI: what the file system refuses in it is told in one line. Raises FolderError."""
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"cannot be written: {error.strerror or error}",
            code="cannot-write",
            place=str(error.filename or folder),
            remedy="choose another folder, or make room",
        ) from error


def _half_written(name: str) -> str:
    return f".{name}.new"


def _prepare(
    out: Path | None,
    scenario_path: Path | None,
    name: str,
    resolved: str,
    resume: bool,
    overwrite: bool,
    free: Sequence[str],
    usual: Collection[str],
) -> tuple[Path, int, bool, str, str]:
    """Rank 0: everything `RunFolder.open` promises."""
    if resume and overwrite:
        raise FolderError("they exclude each other", code="wrong-arguments", place="--resume, --overwrite", remedy="give one of them")
    if out is None:
        if overwrite:
            raise FolderError("no folder to overwrite is named", code="wrong-arguments", place="--overwrite", remedy="give --out DIR")
        path = _newest(Path("out"), name) if resume else None
        path = path or _next_free(Path("out"), name)
    else:
        path = out
        if path.exists() and not path.is_dir():
            raise FolderError("it is a file", code="not-a-folder", place=f"--out {path}", remedy="choose another --out")
        path.mkdir(parents=True, exist_ok=True)
    ours = (_LOCK, *_FILES, *_FOLDERS, *(_half_written(name) for name in _TEXTS))
    strangers = sorted(p.name for p in path.iterdir() if p.name not in ours)
    if strangers and not (path / RESOLVED).exists():
        raise FolderError(
            f"it holds other files ({', '.join(strangers[:3])}) and no run",
            code="other-files",
            place=str(path),
            remedy="choose a new folder with --out",
        )
    lock = _take(path)
    try:
        used = (path / RESOLVED).exists()
        if used and not (resume or overwrite):
            raise FolderError(
                "it holds a run already",
                code="holds-run",
                place=str(path),
                remedy="go on with --resume, replace it with --overwrite, or choose another --out",
            )
        status, before = _status(path / STATUS), text_of(path / RESOLVED) if resume else ""
        if used and resume:
            changed = differences(before, resolved, free, usual)
            if changed:
                only = not differences(before, resolved, PROLONGED, usual)
                raise FolderError(
                    "it holds a run of a different scenario, so it cannot be resumed",
                    code="other-run",
                    place=str(path),
                    remedy="use --until to go on to another end" if only else "use --overwrite or another --out",
                    details=changed,
                )
        else:
            for file in _FILES:
                (path / file).unlink(missing_ok=True)
            for folder in _FOLDERS:
                shutil.rmtree(path / folder, ignore_errors=True)
            status = ""
        for folder in (CHECKPOINTS, FIGURES):
            (path / folder).mkdir(exist_ok=True)
        if not (used and resume):
            given = scenario_path.read_text(encoding="utf-8") if scenario_path else resolved
            replace_text(path / GIVEN, given)
            replace_text(path / RESOLVED, resolved)
        replace_text(path / STATUS, "running\n")
    except BaseException:
        os.close(lock)
        raise
    return path, lock, used and resume, status, before if used and resume and differences(before, resolved) else ""


def _newest(parent: Path, name: str) -> Path | None:
    """The last of NAME, NAME-002, ... that exists."""
    last = None
    for path in _series(parent, name):
        if not path.exists():
            return last
        last = path
    return last


def _next_free(parent: Path, name: str) -> Path:
    """Make and return the first of NAME, NAME-002, ... that does not exist; two runs never get the same."""
    parent.mkdir(parents=True, exist_ok=True)
    for path in _series(parent, name):
        try:
            path.mkdir()
            return path
        except FileExistsError:
            continue
    raise FolderError(
        f"it and all names to {name}-9999 are taken", code="no-free-name", place=f"{parent}/{name}", remedy="choose a folder with --out"
    )


def _series(parent: Path, name: str) -> list[Path]:
    return [parent / name, *(parent / f"{name}-{i:03d}" for i in range(2, 10000))]


def _take(path: Path) -> int:
    """Lock the folder; the system releases the lock when this process ends, however it ends."""
    handle = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(handle, 200).decode(errors="replace").strip()
        os.close(handle)
        raise FolderError(
            f"it is in use by another run ({owner})", code="folder-in-use", place=str(path), remedy="wait for it or choose another --out"
        ) from None
    except OSError:
        pass  # a file system without locks: nothing can be said
    job = os.environ.get("SLURM_JOB_ID")
    text = f"process {os.environ.get('INVASIO_PROCESS') or os.getpid()} on {socket.gethostname()}" + (f", job {job}" if job else "")
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)
    return handle


def _status(path: Path) -> str:
    """What STATUS says; a damaged one is no reason to stop, since it is written anew."""
    try:
        return text_of(path).strip()
    except Damaged as error:
        log.warning("%s; it is written anew", error)
        return ""
