"""A sweep as a Slurm array: one task per member, each requeued and resumed like a single job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from invasio.hpc.sites.profile import Site
from invasio.hpc.slurm import queue
from invasio.hpc.slurm.script import Array, Job, render, render_after
from invasio.hpc.submit import AFTER, RECORD, SCRIPT
from invasio.postprocess.sweep import MemberRun, SweepRun
from invasio.solver.output.folder import replace_text
from invasio.solver.output.layout import STATUS


def job_of(folder: Path, name: str, members: Sequence[tuple[int, str]], ranks: int, time: str | None, throttle: int | None) -> Job:
    """The array of these members (number, folder)."""
    digits = len(members[0][1].partition("-")[2])
    return Job(name, folder, ranks, time, Array(tuple(number for number, _ in members), digits, throttle))


def submit_array(sweep: SweepRun, members: Sequence[MemberRun], site: Site, job: Job, collect: bool) -> tuple[str | None, str | None]:
    """Write the scripts and submit them; the numbers of the array and of the job that collects, None where Slurm cannot be called.

    Raises QueueError when Slurm refuses.
    """
    script = sweep.path / SCRIPT
    replace_text(script, render(site, job, Path.cwd()))
    script.chmod(0o755)
    if collect:
        words = ["sweep", str(sweep.path), "--collect"]
        replace_text(sweep.path / AFTER, render_after(site, replace(job, name=f"{job.name}-collect"), Path.cwd(), words))
    if not queue.installed():
        return None, None
    number = queue.sbatch(script)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for member in members:
        record = {"job": f"{number}_{member.number}", "submitted": now, "ranks": job.ranks}
        replace_text(member.folder / RECORD, json.dumps(record) + "\n")
        if member.status.startswith("failed"):
            (member.folder / STATUS).unlink()  # it is tried again
    return number, queue.sbatch(sweep.path / AFTER, number) if collect else None
