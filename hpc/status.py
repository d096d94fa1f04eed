"""How far a run is, seen from outside: from what it writes and from Slurm's queue; nothing of it is disturbed."""

from __future__ import annotations

import contextlib
import math
import re
import time as clock
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from invasio.hpc.submit import jobs_of, locked
from invasio.postprocess.reason import reason
from invasio.postprocess.sweep import is_sweep
from invasio.solver.errors import InvasioError
from invasio.solver.output.folder import meant
from invasio.solver.output.layout import CHECKPOINTS, LOG, MANIFEST, MEMBERS, RESOLVED, SERIES, STATUS
from invasio.solver.output.records import Damaged, damaged, facts_of, line_of, rows_of, segments_of, text_of

_STEP = re.compile(
    r"^(\S+ \S+) \S+ +invasio\.progress: (stopped early: |done: |failed: )?(?:step (\d+), )?"
    r"t = ([-+.\deE]+)(?: of [^\s,:]+)?(?: [^,:]+)?(?:, (\d+) steps)?"  # with the unit of time, where there is one
)
_PLAN = re.compile(r"^(?:name|time):.*\n(?:[ ].*\n)*", re.MULTILINE)
_RECENT = 30  # progress lines that the pace is taken from
_QUIET = 60.0  # seconds without a sign of life after which a lock that nobody holds means that the run was killed


class StatusError(InvasioError):
    """There is no run."""

    exit_code = 2


@dataclass(frozen=True)
class RunStatus:
    """What is known of a run; times are the scenario's, ``*_seconds`` are wall time. None: not known (yet)."""

    folder: str
    name: str
    state: str  # queued, running, done, failed, stopped early ..., ended without a word, not started
    start: float
    end: float
    time: float | None
    step: int | None
    seconds_per_step: float | None
    eta_seconds: float | None  # to the end, without time in the queue
    drift: float | None  # largest relative error of the ledger, all species
    checkpoint_step: int | None
    checkpoint_seconds: float | None  # ago
    heard_seconds: float | None  # ago: the last sign of life
    job: str | None
    job_state: str | None  # Slurm's word, None if the job is not in the queue
    ranks: int | None
    segments: int  # how often it was started
    why: str | None  # of a run that failed: what it said last

    @property
    def progress(self) -> float | None:
        """Share of the simulated time that is done, 0 to 1."""
        return None if self.time is None else min(1.0, max(0.0, (self.time - self.start) / (self.end - self.start)))

    def plain(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {**asdict(self), "progress": self.progress}


def find_runs(paths: list[Path]) -> list[Path]:
    """The run folders meant: each path itself, or those directly in it. Raises StatusError where there is none and no sweep either."""
    runs = []
    for path in paths:
        if not path.is_dir():
            raise StatusError("no such folder", code="file-not-found", place=str(path), remedy=meant(path, "check the name"))
        found = [path] if (path / RESOLVED).exists() else sorted(p.parent for p in path.glob(f"*/{RESOLVED}"))
        if not found and not find_sweeps([path]):
            raise StatusError(
                f"no run folder, and it holds none (no {RESOLVED})",
                code="no-run",
                place=str(path),
                remedy="name the folder of a run, or one of runs",
            )
        runs += found
    return runs


def find_sweeps(paths: list[Path]) -> list[Path]:
    """The sweeps directly in the folders; one that is itself named is looked at run by run."""
    return sorted(child.parent for path in paths for child in path.glob(f"*/{MEMBERS}") if is_sweep(child.parent))


def read_status(folder: Path, jobs: Mapping[str, str] | None) -> RunStatus:
    """The status of one run; ``jobs`` is the queue (state by job number), None where Slurm could not be asked."""
    name, start, end = _plan(folder / RESOLVED)
    now = clock.time()
    manifest = _json(folder / MANIFEST)
    segments = segments_of(manifest)
    points = _progress(folder / LOG)
    time, step = (points[-1][2], points[-1][1]) if points else (None, None)
    row = _last_row(folder / SERIES)
    if row and (time is None or row.get("time", time) > time):
        time, step = row.get("time"), int(row.get("step", 0.0))
    pace, seconds_per_step = _pace(points)
    heard = [path.stat().st_mtime for path in (folder / LOG, folder / SERIES, folder / STATUS) if path.exists()]
    quiet = now - max(heard) if heard else None
    known = jobs_of(folder)
    job = next((number for number in known if jobs and number in jobs), known[0] if known else None)
    job_state = jobs.get(job) if jobs and job else None
    state = _state(folder, job_state, quiet)
    eta = None
    if state == "running" and pace and time is not None:
        eta = max(0.0, (end - time) / pace - (now - points[-1][0]))
    checkpoint, age = _checkpoint(folder / CHECKPOINTS, now)
    drifts = [abs(value) for name, value in row.items() if name.endswith(".ledger") and math.isfinite(value)]
    return RunStatus(
        folder=str(folder),
        name=name or folder.name,
        state=state,
        start=start,
        end=end,
        time=time,
        step=step,
        seconds_per_step=seconds_per_step,
        eta_seconds=eta,
        drift=max(drifts, default=None),
        checkpoint_step=checkpoint,
        checkpoint_seconds=age,
        heard_seconds=quiet,
        job=job,
        job_state=job_state,
        ranks=segments[-1].get("ranks") if segments else None,
        segments=len(segments),
        why=reason(folder) or None if state.startswith("failed") else None,
    )


def _state(folder: Path, job_state: str | None, quiet: float | None) -> str:
    said = line_of(folder / STATUS)
    if said == "done":
        return said
    if job_state in ("PENDING", "REQUEUED", "CONFIGURING"):
        return "queued again" if said else "queued"
    if said == "running":
        if job_state or locked(folder / ".lock") or (quiet or 0.0) < _QUIET:
            return "running"
        return "ended without a word"
    if job_state == "RUNNING":
        return "starting"
    return said or "not started"


def _plan(path: Path) -> tuple[str, float, float]:
    """Name, start and end of a run; only these lines are read as YAML, which is slow, and a sweep has thousands."""
    text = "".join(match[0] for match in _PLAN.finditer(text_of(path)))
    try:
        found = YAML(typ="safe", pure=True).load(text)
        start, end = float(found["time"]["start"]), float(found["time"]["end"])
    except Exception as error:  # the reader of YAML fails in many ways
        raise damaged(path, f"start and end of the run are not in it ({type(error).__name__})") from None
    if not -math.inf < start < end < math.inf:
        raise damaged(path, f"no run from {start:g} to {end:g}")
    return str(found.get("name") or ""), start, end


def _progress(path: Path) -> list[tuple[float, int, float]]:
    """(wall time, step, simulated time) of the last progress lines of the segment that was started last."""
    if not path.exists():
        return []
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 200 * _RECENT * 4))
        lines = stream.read().decode(errors="replace").splitlines()
    points: list[tuple[float, int, float]] = []
    over = False
    for line in lines:
        found = _STEP.match(line)
        if not found:
            continue
        moment, ending, step, time, steps = found.groups()
        with contextlib.suppress(ValueError):
            point = (datetime.strptime(moment, "%Y-%m-%d %H:%M:%S").timestamp(), int(step or steps or 0), float(time))
            # After an end, a start or a step back another segment begins: nothing earlier belongs to its pace.
            fresh = over or not point[1] or (points and point[1] < points[-1][1])
            points = [point] if fresh else [*points, point]
        over = bool(ending)
    return points[-_RECENT:]


def _pace(points: list[tuple[float, int, float]]) -> tuple[float | None, float | None]:
    """Simulated time per second, and seconds per step; the first step, which compiles and is small, tells neither."""
    points = [point for point in points if point[1] > 0]
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None, None
    seconds, steps, time = (points[-1][i] - points[0][i] for i in range(3))
    return (time / seconds if time > 0 else None), (seconds / steps if steps > 0 else None)


def _last_row(path: Path) -> dict[str, float]:
    """The last whole row of series.csv, numbers only; a row that is being written is left out."""
    names, rows = rows_of(path)
    found = {}
    for name, value in zip(names, rows[-1] if rows else (), strict=False):
        with contextlib.suppress(ValueError):
            found[name] = float(value)
    return found


def _checkpoint(folder: Path, now: float) -> tuple[int | None, float | None]:
    """Step and age of the newest checkpoint."""
    newest = max(folder.glob("checkpoint-*.h5"), default=None)
    if newest is None:
        return None, None
    with contextlib.suppress(OSError, ValueError):  # removed in this moment
        return int(newest.stem.rpartition("-")[2]), now - newest.stat().st_mtime
    return None, None


def _json(path: Path) -> dict[str, Any]:
    try:
        return facts_of(path)
    except Damaged:
        return {}
