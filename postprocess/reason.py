"""Why a run failed, from what it has printed."""

from __future__ import annotations

import re
from pathlib import Path

from invasio.solver.output.layout import LOG, OUTPUT

_END = 100_000  # bytes of a file that are looked at
_REASON = re.compile(r"^invasio: (?!job )(.+)|^\S+ \S+ ERROR +\S+: (.+)")  # on the terminal, in run.log
_NOISE = ("srun: ", "slurmstepd")  # which say that something ended, not why, unless nothing else was said


def reason(folder: Path) -> str:
    """One line: the last error in the newest of what the run printed, else the last line there; "" where there is nothing."""
    printed = [folder / OUTPUT, folder / LOG, *folder.glob("slurm-[0-9]*.out")]
    for path in sorted((p for p in printed if p.is_file()), key=lambda p: p.stat().st_mtime_ns, reverse=True):
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _END))
            lines = stream.read().decode("utf-8", errors="replace").splitlines()
        said = [match for match in map(_REASON.match, lines) if match]
        if said:
            return said[-1][1] or said[-1][2]
        rest = [line.strip() for line in lines if line.strip() and not line.startswith("invasio: job ")]
        own = [line for line in rest if not line.startswith(_NOISE)] or [line for line in rest if "error: " in line]
        if own:
            return own[-1]
    return ""
