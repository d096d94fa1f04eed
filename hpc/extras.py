"""Packages that only some commands need and no environment has: put beside it, in a virtual environment of their own, when first needed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import site
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from invasio.solver.installed import PackageError

# The list of packages of each module, with what it needs besides.
LISTS = {"SALib": "extras-sensitivity.txt", "pyabc": "extras-abc.txt", "sphinx": "extras-docs.txt"}
_PATIENCE = 600  # seconds


def need(module: str) -> None:
    """Make a module importable: it is there, or has been put beside the environment, or is put there now from the package index.

    Raises PackageError where it cannot be had.
    """
    if module in sys.modules or find_spec(module) is not None:
        return
    folder = _made(module, Path(__file__).parent / "environment" / LISTS[module])
    packages = next(folder.glob("lib/python*/site-packages"))
    site.addsitedir(str(packages))


def cache() -> Path:
    """Where environments are kept."""
    given = os.environ.get("INVASIO_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "invasio"


def _made(module: str, wanted: Path) -> Path:
    """The virtual environment of a list, whole; it sees the packages of the one that runs this."""
    digest = hashlib.sha256(wanted.read_bytes() + f"{sys.version}{sys.prefix}".encode()).hexdigest()[:12]
    folder = cache() / f"{wanted.stem}-{digest}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".complete").exists():
                print(f"invasio: fetching {module} into {folder}; this happens once", file=sys.stderr, flush=True)
                _run([sys.executable, "-m", "venv", "--clear", "--system-site-packages", str(folder)])
                pip = [str(folder / "bin" / "python3"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
                _run([*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(wanted)])
                (folder / ".complete").touch()
    except (subprocess.SubprocessError, OSError) as error:
        said = (getattr(error, "stderr", "") or "").strip().splitlines()
        raise PackageError(
            f"this command needs {module}, which cannot be fetched from the package index ({said[-1] if said else error})",
            code="missing-package",
            place=sys.executable,
            remedy=f"pip's own settings help (a proxy or a mirror); or install {module} into this Python",
        ) from error
    return folder


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, env=environment)
