"""Submitting a run: its folder is prepared, a job script written into it, and the script given to Slurm."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from invasio.hpc.sites.profile import Site
from invasio.hpc.slurm import queue
from invasio.hpc.slurm.script import Job, render, render_after
from invasio.hpc.trust import remember
from invasio.hpc.warm import ahead
from invasio.solver.errors import InvasioError
from invasio.solver.output.compare import differences
from invasio.solver.output.folder import replace_text, writing
from invasio.solver.output.layout import GIVEN, MANIFEST, RESOLVED, STATUS
from invasio.solver.output.records import Damaged, damaged, facts_of, segments_of
from invasio.solver.scenario.loader import dump_resolved
from invasio.solver.scenario.prolong import free, usual
from invasio.solver.scenario.schema import Scenario

SCRIPT = "job.sh"
RECORD = "job.json"
AFTER = "after.sh"
_LOCK = ".submit"


class SubmitError(InvasioError):
    """The run cannot be submitted; the message says what to do instead."""

    exit_code = 2


@dataclass(frozen=True)
class Submission:
    """What was submitted: the run's folder and the job's number, or none where Slurm cannot be called from here."""

    folder: Path
    job: str | None
    after: str | None = None  # the job that writes the report
    warmed: str = ""  # what was compiled beforehand


def job_of(scenario: Scenario, out: Path | None, ranks: int | None, time: str | None) -> Job:
    """The job of a scenario; without ``out`` its folder is out/NAME, whether that exists or not."""
    folder = (out or Path("out") / scenario.name).absolute()
    return Job(scenario.name, folder, ranks or scenario.ranks, time)


def submit(scenario: Scenario, site: Site, job: Job, report: bool = False, warm: bool = True, prolong: bool = False) -> Submission:
    """Submit the run; the scenario is kept as it is now, later changes to its file do not reach the job.

    With ``report`` a second job writes the report when this one has ended. With ``warm`` what the job needs is compiled first.
    With ``prolong`` the run that is there may have had an earlier end, and be finished.
    Raises SubmitError when the folder holds another run, a finished one, or one whose job is still queued or running;
    QueueError when Slurm refuses.
    """
    script = render(site, job, Path.cwd())
    resolved = dump_resolved(scenario)
    known = queue.installed()
    if job.folder.exists() and not job.folder.is_dir():
        raise SubmitError("it is a file", code="not-a-folder", place=f"--out {job.folder}", remedy="choose another --out")
    new = not (job.folder / RESOLVED).exists()
    with writing(job.folder), _alone(job.folder):
        _check_content(job.folder, resolved, free(scenario, prolong), usual(scenario))
        if prolong:
            _check_end(job.folder, scenario.time.end)
        if known:
            _check_queue(job.folder)
        if locked(job.folder / ".lock"):
            raise SubmitError(
                "it is in use by a run on this machine",
                code="folder-in-use",
                place=str(job.folder),
                remedy="wait for it or choose another --out",
            )
        number = after = None
        before = "" if new else (job.folder / RESOLVED).read_text(encoding="utf-8")
        try:
            replace_text(job.folder / RESOLVED, resolved)
            if new:
                given = scenario.path.read_text(encoding="utf-8") if scenario.path else resolved
                replace_text(job.folder / GIVEN, given)
            write_script(job.folder / SCRIPT, script)
            if report:
                write_script(job.folder / AFTER, render_report(site, job))
            warmed = ahead.warm(site, ahead.dimensions(scenario.mesh.kind)) if warm else ""
            if known:
                number = queue.sbatch(job.folder / SCRIPT)
        except (queue.QueueError, OSError):
            if new:
                _clear(job.folder)
            else:
                replace_text(job.folder / RESOLVED, before)
            raise
        if number:
            record(job.folder, number, site, job)
            try:
                after = queue.sbatch(job.folder / AFTER, number) if report else None
            except queue.QueueError as error:
                raise queue.QueueError(
                    f"job {number} is submitted, but not the one that writes the report ({error.place}: {error.what})",
                    code="queue-failed",
                    place=str(job.folder),
                    remedy=f"`invasio report {job.folder}` writes it",
                ) from error
    return Submission(job.folder, number, after, warmed)


def render_report(site: Site, job: Job) -> str:
    """The script of the job that writes the report of a run."""
    return render_after(site, replace(job, name=f"{job.name}-report"), Path.cwd(), ["report", str(job.folder)])


def write_script(path: Path, text: str) -> None:
    """A script that can be started by hand as well."""
    replace_text(path, text)
    path.chmod(0o755)


def record(folder: Path, number: str, site: Site, job: Job) -> None:
    """Note in a run folder which job is to run it and how that was submitted, for `status` and `retry`. Raises SubmitError."""
    facts = {
        "job": number,
        "submitted": datetime.now(UTC).isoformat(timespec="seconds"),
        "ranks": job.ranks,
        "time": job.time,
        "throttle": job.array.throttle if job.array else None,
        "site": site.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"extends"}),
    }
    remember(site)
    try:
        replace_text(folder / RECORD, json.dumps(facts) + "\n")
    except OSError as error:
        raise SubmitError(
            f"job {number} was submitted, but cannot be noted here ({error.strerror})",
            code="cannot-write",
            place=str(folder),
            remedy=f"end it with `scancel {number}`, and submit again when there is room",
        ) from error


def recorded(folder: Path) -> dict[str, Any]:
    """How the run was submitted last (see `record`, ``site`` as a profile); empty if it never was a job."""
    facts = facts_of(folder / RECORD)
    if not facts:
        return {}
    whole = all(facts.get(name) is None or (type(facts[name]) is int and facts[name] > 0) for name in ("ranks", "throttle"))
    texts = re.fullmatch(r"[0-9]+(_[0-9]+)?", str(facts.get("job"))) and re.fullmatch(r"[0-9:-]*", str(facts.get("time") or ""))
    if not whole or not texts:
        raise damaged(folder / RECORD, "job, ranks, time or throttle are not as a submission writes them")
    try:
        return {**facts, "site": Site.model_validate(facts.get("site") or {})}
    except ValidationError:
        raise damaged(folder / RECORD, "the profile in it is none") from None


def jobs_of(folder: Path) -> list[str]:
    """Numbers of the jobs that have to do with a run, the newest first."""
    numbers = []
    record = _json(folder / RECORD)
    if record:
        numbers.append(str(record.get("job", "")))
    for segment in reversed(segments_of(_json(folder / MANIFEST))):
        slurm = segment.get("slurm")
        numbers.append(str(slurm.get("job", "")) if isinstance(slurm, dict) else "")
    return list(dict.fromkeys(number for number in numbers if number))


def _check_content(folder: Path, resolved: str, free: Sequence[str] = (), usual: Collection[str] = ()) -> None:
    if not (folder / RESOLVED).exists():
        strangers = sorted(path.name for path in folder.iterdir() if path.name not in (_LOCK, ".lock"))
        if strangers:
            raise SubmitError(
                f"it holds other files ({', '.join(strangers[:3])}) and no run",
                code="other-files",
                place=str(folder),
                remedy="choose a new folder with --out",
            )
        return
    before = (folder / RESOLVED).read_text(encoding="utf-8")
    changed = differences(before, resolved, free, usual)
    if changed:
        raise SubmitError(
            "it holds a run of a different scenario",
            code="other-run",
            place=str(folder),
            remedy="choose another --out",
            details=changed,
        )
    status = folder / STATUS
    if before == resolved and status.exists() and status.read_text(encoding="utf-8").strip() == "done":
        raise SubmitError(
            "it holds this run, finished", code="already-finished", place=str(folder), remedy="to run it again choose another --out"
        )


def _check_end(folder: Path, end: float) -> None:
    """Refuse an end that the run in the folder has passed."""
    reached = [s.get("last_output_time") for s in segments_of(_json(folder / MANIFEST))]
    last = max((t for t in reached if isinstance(t, float)), default=end)
    if last > end:
        raise SubmitError(f"the run in it is at t = {last:g} already", code="wrong-order", place=str(folder), remedy="choose a later end")


def _check_queue(folder: Path) -> None:
    earlier = jobs_of(folder)
    states = queue.job_states() if earlier else {}
    for number in earlier:
        if number in states:
            raise SubmitError(
                f"job {number} of this run is {states[number].lower()} already",
                code="job-active",
                place=str(folder),
                remedy=f"wait for it, end it with `scancel {number}`, or choose another --out",
            )


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two submissions into one folder, made if need be, at once: the second waits, and then sees the first one's job."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def locked(path: Path) -> bool:
    """Whether a run on this machine (or, where the file system tells, on another) holds the lock of its folder."""
    if not path.exists():
        return False
    with path.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _clear(folder: Path) -> None:
    """Leave nothing of a submission that was refused."""
    with contextlib.suppress(OSError):
        for name in (RESOLVED, GIVEN, SCRIPT, AFTER, _LOCK):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _json(path: Path) -> dict[str, Any]:
    try:
        return facts_of(path)
    except Damaged:
        return {}
