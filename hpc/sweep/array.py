"""A sweep as Slurm arrays: one task per member, each requeued and resumed like a single job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from invasio.hpc.sites.profile import Site
from invasio.hpc.slurm import queue
from invasio.hpc.slurm.script import Array, Job, render, render_after
from invasio.hpc.submit import AFTER, SCRIPT, record, write_script
from invasio.postprocess.sweep import MemberRun, SweepRun
from invasio.solver.output.folder import writing
from invasio.solver.output.layout import STATUS


@dataclass(frozen=True)
class ArraySubmission:
    """The scripts, the numbers of their jobs (none where Slurm cannot be called), and of the job that collects."""

    scripts: tuple[Path, ...]
    jobs: tuple[str, ...]
    after: str | None


def job_of(folder: Path, name: str, members: Sequence[tuple[int, str]], ranks: int, time: str | None, throttle: int | None) -> Job:
    """The job of these members (number, folder)."""
    numbered = all(called.startswith("run-") and called[4:].isdecimal() and int(called[4:]) == number for number, called in members)
    widths = {len(called) - 4 for _, called in members}
    digits = widths.pop() if numbered and len(widths) == 1 else 0
    return Job(name, folder, ranks, time, Array(tuple(number for number, _ in members), digits, throttle))


def scripts_of(job: Job, site: Site, collect: bool) -> dict[str, tuple[str, Job]]:
    """Text and job of each script by its name: one array, or more where Slurm does not take so many tasks; with ``collect`` a last one.

    Raises QueueError and ScriptError.
    """
    assert job.array is not None
    jobs = [replace(job, array=array) for array in job.array.split(queue.largest_array())]
    names = [SCRIPT, *(SCRIPT.replace(".", f"-{k}.") for k in range(2, len(jobs) + 1))]
    found = {name: (render(site, part, Path.cwd()), part) for name, part in zip(names, jobs, strict=True)}
    if collect:
        last = replace(job, name=f"{job.name}-collect")
        found[AFTER] = render_after(site, last, Path.cwd(), ["sweep", str(job.folder), "--collect"]), last
    return found


def submit_array(sweep: SweepRun, members: Sequence[MemberRun], site: Site, job: Job, collect: bool) -> ArraySubmission:
    """Write the scripts and submit them. Raises QueueError when Slurm refuses, FolderError when the folder cannot be written."""
    scripts = scripts_of(job, site, collect)
    with writing(sweep.path):
        for name, (text, _) in scripts.items():
            write_script(sweep.path / name, text)
    paths = tuple(sweep.path / name for name in scripts if name != AFTER)
    if not queue.installed():
        return ArraySubmission(paths, (), None)
    numbers: list[str] = []
    by_number = {member.number: member for member in members}
    try:
        for path in paths:
            array = scripts[path.name][1].array
            assert array is not None
            numbers.append(queue.sbatch(path))
            for task in array.tasks:
                member = by_number[task]
                record(member.folder, f"{numbers[-1]}_{task - array.offset}", site, job)
                if member.status.startswith("failed"):
                    (member.folder / STATUS).unlink()  # it is tried again
        after = queue.sbatch(sweep.path / AFTER, *numbers) if collect else None
    except queue.QueueError as error:
        if numbers:
            before = f"submitted before that: {', '.join(numbers)}; the same command submits what is left"
            details = [*error.details, before]
            raise queue.QueueError(error.what, code=error.code, place=error.place, remedy=error.remedy, details=details) from error
        raise
    return ArraySubmission(paths, tuple(numbers), after)
