"""Versions of the repository that are run: copies in the cache folder, each with compiled kernels of its own."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_LIBRARIES = ("numpy", "numba", "scipy", "h5py", "mpi4py", "petsc4py", "fenics-dolfinx", "gmsh")
_EPOCH = 946684800  # every copied file's time: numba compiles anew what has another


class GitError(Exception):
    """Git does not know the revision, or this is no checkout."""


def git(*words: str) -> bytes:
    """What git answers in this checkout. Raises GitError."""
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True)
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip())
    return done.stdout


def commit_of(revision: str) -> str:
    """The full hash of a revision. Raises GitError."""
    return git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()


def extract(commit: str, folder: Path) -> None:
    """Write a commit's files into a folder, in place of what is there."""
    _empty(folder)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=git("archive", "--format=tar", commit), check=True)
    _same_times(folder)


def copy_working_tree(folder: Path) -> None:
    """Write the files of this checkout as they are now, those that git ignores left out, so that later edits change nothing."""
    _empty(folder)
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0"):
        source, target = ROOT / name, folder / name
        if name and (source.is_symlink() or source.is_file()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target, follow_symlinks=False)
    _same_times(folder)


def kernels_hash(folder: Path) -> str:
    """Of all files of a version that numba compiles; it does not itself see a change in a file that another one calls."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("solver/**/*.py")):
        text = path.read_bytes()
        if b"numba" in text:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + text)
    return digest.hexdigest()[:12]


def environment_hash() -> str:
    """Of what else decides about bits: Python, libraries, processor."""
    facts = [sys.version, platform.machine(), _processor(), os.environ.get("INVASIO_SEALED", ""), os.environ.get("PETSC_OPTIONS", "")]
    return hashlib.sha256(json.dumps([facts, [_version(name) for name in _LIBRARIES]]).encode()).hexdigest()[:12]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags"))))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _same_times(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (_EPOCH, _EPOCH))
