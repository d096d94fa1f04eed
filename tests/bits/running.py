"""Running a case of the list with the code of one version: to its end, then its second half once more."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from invasio.hpc.ranks import mpi_environment

from .cases import Case
from .versions import kernels_hash

LIMIT = 300  # seconds for one run
WHOLE, RESUMED = "whole.h5", "resumed.h5"  # what is left of a case
SERIES, RESUMED_SERIES, SECONDS = "series.csv", "resumed.csv", "seconds"


class RunFailed(Exception):
    """A version could not run a case; the message is the end of what it said."""


@dataclass(frozen=True)
class Version:
    """A copy of a version's files, and the folder of its compiled kernels."""

    folder: Path
    kernels: Path

    @classmethod
    def at(cls, folder: Path, cache: Path) -> Version:
        """The version whose files lie in a folder; its kernels are kept beside those of others."""
        return cls(folder, cache / f"kernels-{kernels_hash(folder)}")


def run_case(version: Version, case: Case, ranks: int, folder: Path) -> None:
    """Leave in a new folder the last checkpoint of the whole run and of the resumed one, the series, and the seconds of both.

    Raises:
        RunFailed: the program failed, or the resumed run did not begin in the middle.
    """
    began = time.monotonic()
    work = folder.with_name(folder.name + ".work")
    for path in (folder, work):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    out = work / "run"
    _run(version, case, ranks, out)
    middle, last = _newest_two(out)
    shutil.copy(last, folder / WHOLE)
    _take_series(out, folder / SERIES)
    last.unlink()
    (out / "checkpoints" / "LATEST").write_text(middle.name + "\n", encoding="utf-8")
    _run(version, case, ranks, out, "--resume")
    if not last.exists():
        raise RunFailed(f"the resumed run did not write {last.name}")
    shutil.copy(last, folder / RESUMED)
    _take_series(out, folder / RESUMED_SERIES)
    shutil.rmtree(work)
    (folder / SECONDS).write_text(f"{time.monotonic() - began:.1f}\n", encoding="utf-8")


def _take_series(out: Path, target: Path) -> None:
    if (out / SERIES).exists():  # everything at once has none
        shutil.copy(out / SERIES, target)


def _newest_two(out: Path) -> tuple[Path, Path]:
    found = sorted((out / "checkpoints").glob("checkpoint-*.h5"))
    if len(found) != 2:
        raise RunFailed(f"{len(found)} checkpoints were left, not one in the middle and one at the end")
    return found[0], found[1]


def _run(version: Version, case: Case, ranks: int, out: Path, *more: str) -> None:
    program = [sys.executable, "-m", case.module]
    if ranks > 1:  # what fails on one rank ends all
        program = ["mpirun", "-n", str(ranks), sys.executable, "-m", "mpi4py", "-m", case.module]
    command = ["timeout", "-k", "10", str(LIMIT), *program, *case.arguments, "--out", str(out), *more]
    environment = {
        **mpi_environment(),
        "PYTHONPATH": f"{version.folder / 'src'}{os.pathsep}{version.folder}",
        "NUMBA_CACHE_DIR": str(version.kernels),
        "OMPI_MCA_mpi_yield_when_idle": "1",  # ranks that wait leave the core to those that work
    }
    with (out.parent / "said.txt").open("w+", encoding="utf-8", errors="replace") as said:
        code = subprocess.run(
            command, cwd=version.folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        ).returncode
        if code:
            said.seek(0)
            reason = f"no end after {LIMIT} s" if code in (124, 137) else f"exit code {code}"
            raise RunFailed("\n".join([reason, *_complaint(said.read())]))


def _complaint(said: str) -> list[str]:
    """The last lines before mpirun begins to tell how the ranks ended."""
    before = re.split(r"^-{60,}$", said, maxsplit=1, flags=re.MULTILINE)[0]
    return (before.strip() or said).splitlines()[-15:]
