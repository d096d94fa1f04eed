"""Packages that only some commands need and no environment has: put beside it, in a virtual environment of their own, when first needed.

`python3 -m invasio.solver.extras MODULE...` does so beforehand.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import site
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .installed import PackageError

# The list of packages of each module, with what it needs besides; in hpc/environment/.
LISTS = {"SALib": "extras-sensitivity.txt", "pyabc": "extras-abc.txt", "sphinx": "extras-docs.txt", "vtkmodules": "extras-vtk.txt"}
_NAMES = {"vtkmodules": "VTK"}
_SIZES = {"vtkmodules": " (140 MB, unpacked 570)"}
_FOLDER = Path(__file__).resolve().parents[1] / "hpc" / "environment"
_PATIENCE = 600  # seconds
_beside: list[str] = []


def need(module: str) -> None:
    """Make a module importable: it is there, or has been put beside the environment, or is put there now from the package index.

    Raises PackageError where it cannot be had.
    """
    if not have(module):
        _make(module)
        have(module)


def have(module: str) -> bool:
    """Whether a module is there or has been put beside the environment; it is importable then."""
    if module in sys.modules or find_spec(module) is not None:
        return True
    folder = _place(module)
    if not (folder / ".complete").exists():
        return False
    packages = str(next(folder.glob("lib/python*/site-packages")))
    site.addsitedir(packages)
    _beside.append(packages)
    return True


def beside() -> list[str]:
    """The folders with modules that have been made importable here, for programs that this one starts."""
    return list(_beside)


def cache() -> Path:
    """Where environments are kept."""
    given = os.environ.get("INVASIO_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "invasio"


def _place(module: str) -> Path:
    """The virtual environment of its list."""
    wanted = _FOLDER / LISTS[module]
    digest = hashlib.sha256(wanted.read_bytes() + f"{sys.version}{sys.prefix}".encode()).hexdigest()[:12]
    return cache() / f"{wanted.stem}-{digest}"


def _make(module: str) -> None:
    folder, name = _place(module), _NAMES.get(module, module)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".complete").exists():
                print(f"invasio: fetching {name}{_SIZES.get(module, '')} into {folder}; this happens once", file=sys.stderr, flush=True)
                listed = str(_FOLDER / LISTS[module])
                _run([*_installer(folder), "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", listed])
                (folder / ".complete").touch()
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = (getattr(error, "stderr", "") or "").strip().splitlines()
        raise PackageError(
            f"{name} is needed, which cannot be fetched from the package index ({said[-1] if said else error})",
            code="missing-package",
            place=sys.executable,
            remedy=f"pip's own settings help (a proxy or a mirror); or install {name} into this Python",
        ) from error


def _installer(folder: Path) -> list[str]:
    """Make the virtual environment anew; the command that installs into it: with a pip that is there, or else its own."""
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", "--system-site-packages", str(folder)])
    made, options = str(folder / "bin" / "python3"), ["--disable-pip-version-check"]
    for python in dict.fromkeys((sys.executable, str(getattr(sys, "_base_executable", sys.executable)))):
        pip = [python, "-m", "pip", "--python", made, *options]
        with contextlib.suppress(subprocess.CalledProcessError):  # there is none, or one older than this option
            _run([*pip, "--version"])
            return [*pip, "install", "--quiet"]
    _run([made, "-m", "ensurepip"])
    return [made, "-m", "pip", *options, "install", "--quiet"]


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, env=environment)


def main(modules: list[str]) -> int:
    """Put them beside the environment; the exit code."""
    try:
        for module in modules:
            need(module)
    except PackageError as error:
        print(f"invasio: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
