"""Slurm's commands: submit a script, ask for the state of jobs."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from invasio.solver.errors import InvasioError

LARGEST_ARRAY = 1000  # unless a site says otherwise
PATIENCE = 60  # seconds that a command of Slurm may take
# The sealed environment's own settings for MPI on one machine; a job is started afresh and may be on several.
_LOCAL = ("OMPI_MCA_pml", "OMPI_MCA_btl", "PRTE_MCA_prte_tmpdir_base", "PRTE_MCA_rmaps_default_mapping_policy")


class QueueError(InvasioError):
    """Slurm refused something or did not answer."""


def installed() -> bool:
    """Whether Slurm's commands can be called from here."""
    return shutil.which("sbatch") is not None and shutil.which("squeue") is not None


def sbatch(script: Path, *after: str) -> str:
    """Submit a script, to start when the jobs ``after`` have ended; returns the job's number. Raises QueueError with Slurm's own words."""
    environment = {name: value for name, value in os.environ.items() if "INVASIO_SEALED" not in os.environ or name not in _LOCAL}
    depends = [f"--dependency=afterany:{':'.join(after)}"] if after else []
    said = _ask(["sbatch", "--parsable", *depends, str(script)], environment)
    job = said.strip().partition(";")[0]
    if not re.fullmatch(r"\d+", job):
        raise QueueError(
            f"it did not name the job (it said: {said.strip()!r})",
            code="queue-failed",
            place="sbatch",
            remedy="look at squeue before submitting again",
        )
    return job


def job_states() -> dict[str, str]:
    """State (PENDING, RUNNING, COMPLETING, ...) by job number of this user's jobs in the queue; raises QueueError.

    A task of an array has two numbers, its own and ARRAY_TASK; both are there.
    """
    user = pwd.getpwuid(os.geteuid()).pw_name
    lines = _ask(["squeue", "--noheader", "--array", f"--user={user}", "--format=%A %i %T"]).splitlines()
    rows = [words for words in map(str.split, lines) if len(words) == 3]
    found = {}
    for own, name, state in rows:
        found[name] = state
        if own != name.partition("_")[0]:  # the last task's own number is that of the whole array
            found[own] = state
    return found


def largest_array() -> int:
    """The largest number that a task of an array may have here, or Slurm's default where it cannot be asked; raises QueueError."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _ask(["scontrol", "show", "config"]), re.MULTILINE) if installed() else None
    return max(1, int(found[1]) - 1) if found else LARGEST_ARRAY


def _ask(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, env=environment)
    except FileNotFoundError:
        raise QueueError(
            "it was not found", code="missing-package", place=command[0], remedy="use a machine where Slurm's commands are installed"
        ) from None
    except subprocess.TimeoutExpired:
        raise QueueError(
            f"it did not answer within {PATIENCE} s", code="queue-failed", place=command[0], remedy="try again later"
        ) from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise QueueError(
            f"it failed: {said[0] if said else f'exit code {done.returncode}'}",
            code="queue-failed",
            place=command[0],
            remedy="mend what Slurm names, and give the command again",
            details=said[1:],
        )
    return done.stdout
