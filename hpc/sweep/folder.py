"""A sweep's folder: prepared once, with everything that each member needs to run; and which members are still to be run."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from invasio.hpc.slurm import queue
from invasio.hpc.submit import jobs_of, locked
from invasio.postprocess.sweep import MemberRun, SweepRun, is_sweep, open_sweep
from invasio.solver.errors import InvasioError, ScenarioError
from invasio.solver.output.compare import differences
from invasio.solver.output.folder import replace_text, writing
from invasio.solver.output.layout import GIVEN, MEMBERS, RESOLVED, SWEEP
from invasio.solver.scenario.loader import dump_resolved
from invasio.solver.scenario.prolong import usual
from invasio.solver.scenario.schema import Scenario

_SHOWN = ("sweep.observe", "outcomes.")  # what concerns no member


class SweepError(InvasioError):
    """The sweep cannot be run as asked; the message says what to do instead."""

    exit_code = 2


def table(scenario: Scenario) -> list[list[str]]:
    """Head and rows of sweep.csv: number, folder, the value of every path that varies. Raises ScenarioError without sweep and arms.

    The folder of a member is its name, or run-NUMBER where it has none.
    """
    if not scenario.members:
        raise ScenarioError(
            "the scenario has no block `sweep:` and no `arms:`",
            code="no-sweep",
            place=str(scenario.path or scenario.name),
            remedy="add one, or use `invasio run`",
        )
    paths = list(dict.fromkeys(path for member in scenario.members for path in member.values))
    digits = max(3, len(str(len(scenario.members))))
    rows = [
        [str(m.number), m.name or f"run-{m.number:0{digits}d}", *(_text(m.values[path]) if path in m.values else "" for path in paths)]
        for m in scenario.members
    ]
    return [["member", "folder", *paths], *rows]


def _text(value: Any) -> str:
    words = {True: "true", False: "false", None: "null"}
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return words[value] if value is None or isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def folder_of(scenario: Scenario, out: Path | None) -> Path:
    """The folder of a sweep or of arms: ``out``, by default out/NAME, or out/NAME-arms beside the run of the scenario as it stands."""
    return (out or Path("out") / (scenario.name if scenario.arms is None else f"{scenario.name}-arms")).absolute()


def prepare(scenario: Scenario, out: Path | None) -> SweepRun:
    """The folder of a sweep or of arms, made now or found as it was left. Raises SweepError."""
    rows = table(scenario)
    folder = folder_of(scenario, out)
    resolved = dump_resolved(scenario)
    if folder.exists() and not folder.is_dir():
        raise SweepError("it is a file", code="not-a-folder", place=f"--out {folder}", remedy="choose another --out")
    if (folder / SWEEP).exists():
        changed = differences((folder / SWEEP).read_text(encoding="utf-8"), resolved, usual=usual(scenario))
        other = [line for line in changed if not line.strip().startswith(_SHOWN)]
        if other:
            raise SweepError(
                "it holds a different sweep",
                code="other-run",
                place=str(folder),
                remedy="choose another --out",
                details=other,
            )
        if changed:  # what the page draws concerns no member
            with writing(folder):
                replace_text(folder / SWEEP, resolved)
    elif folder.exists() and any(folder.iterdir()):
        raise SweepError(
            "it holds other files and no sweep", code="other-files", place=str(folder), remedy="choose a new folder with --out"
        )
    if not is_sweep(folder):
        with writing(folder):
            _write(folder, scenario, rows, resolved)
    return open_sweep(folder)


def _write(folder: Path, scenario: Scenario, rows: list[list[str]], resolved: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / SWEEP, resolved)
    given = scenario.path.read_text(encoding="utf-8") if scenario.path else resolved
    for member, row in zip(scenario.members, rows[1:], strict=True):
        run = folder / row[1]
        run.mkdir(exist_ok=True)
        replace_text(run / RESOLVED, dump_resolved(member.scenario))
        replace_text(run / GIVEN, given)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    replace_text(folder / MEMBERS, buffer.getvalue())  # last: with it the folder is whole


def state(run: Path, status: str, jobs: Mapping[str, str]) -> str:
    """done, failed, active (running or queued somewhere), or waiting (not begun, or stopped and to be resumed)."""
    if status == "done":
        return "done"
    if any(job in jobs for job in jobs_of(run)) or locked(run / ".lock"):
        return "active"
    return "failed" if status.startswith("failed") else "waiting"


def sort(sweep: SweepRun, jobs: Mapping[str, str] | None = None) -> dict[str, list[MemberRun]]:
    """The members by `state`; ``jobs`` is the queue. Without it Slurm is asked where any of them has been a job; raises QueueError."""
    if jobs is None:
        submitted = queue.installed() and any(jobs_of(member.folder) for member in sweep.members)
        jobs = queue.job_states() if submitted else {}
    found: dict[str, list[MemberRun]] = {name: [] for name in ("done", "failed", "active", "waiting")}
    for member in sweep.members:
        found[state(member.folder, member.status, jobs)].append(member)
    return found


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While the block runs, no other program starts members of this sweep; raises SweepError if one does."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SweepError(
                "another program is running this sweep",
                code="folder-in-use",
                place=str(folder),
                remedy=f"`invasio status {folder}` says how far it is",
            ) from None
        except OSError:
            pass  # a file system without locks: nothing can be said
        yield
    finally:
        os.close(handle)
