"""A scaling series as Slurm jobs: one for each number of ranks, with the nodes that a run of that size would get.

They run one after the other, so that they do not disturb each other's measurements, and a last one collects. One job of the
largest size that runs the others inside of it would hold idle nodes, and place small numbers of ranks as no run is placed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from invasio.hpc.sites.profile import Site
from invasio.hpc.slurm import queue
from invasio.hpc.slurm.script import Job, render_after, render_measurement
from invasio.hpc.submit import AFTER, write_script
from invasio.solver.output.folder import replace_text, writing

from .series import ScalingError, Series, rows_of

SERIES = "series.json"


@dataclass(frozen=True)
class Submission:
    """Scripts in the order in which they run, their jobs (none where Slurm cannot be called), the job that collects."""

    scripts: tuple[Path, ...]
    jobs: tuple[str, ...]
    after: str | None


def result_of(folder: Path, ranks: int, turn: int) -> Path:
    """The file of a measurement."""
    return folder / f"ranks-{ranks}" / f"result-{turn}.json"


def missing(folder: Path, series: Series) -> dict[int, list[int]]:
    """The measurements that are not there yet, by number of ranks."""
    turns = {p: [k for k in range(1, series.repeat + 1) if not result_of(folder, p, k).exists()] for p in series.ranks}
    return {p: found for p, found in turns.items() if found}


def scripts_of(folder: Path, series: Series, site: Site, time: str | None, todo: Mapping[int, list[int]]) -> dict[str, str]:
    """Text of each job script by its path in the folder; the last is that of the job that collects. Raises ScriptError."""
    found = {}
    for p, turns in sorted(todo.items()):
        job = Job(f"{series.name}-{p}", folder, p, time)
        words = ["scaling", str(folder / f"ranks-{p}" / "scenario.yaml"), f"--steps={series.steps}", "--measure"]
        found[f"ranks-{p}/job.sh"] = render_measurement(site, job, Path.cwd(), words, [result_of(folder, p, k) for k in turns])
    last = Job(f"{series.name}-collect", folder, 1, time)
    return {**found, AFTER: render_after(site, last, Path.cwd(), ["scaling", str(folder), "--collect"])}


def submit(folder: Path, series: Series, texts: Mapping[int, str], site: Site, time: str | None) -> Submission:
    """Prepare the folder and submit what is not measured yet.

    Raises ScalingError for the folder of another series or one whose jobs are not over; QueueError; FolderError.
    """
    known = queue.installed()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        jobs = _prepare(folder, series, texts, known)
        todo = missing(folder, series)
        scripts = scripts_of(folder, series, site, time, todo)
        for name, text in scripts.items():
            write_script(folder / name, text)
    paths = tuple(folder / name for name in scripts)
    if not known or not todo:
        return Submission(paths if todo else (), (), None)
    numbers: list[str] = []
    for path in paths[:-1]:
        numbers.append(queue.sbatch(path, *numbers[-1:]))
        with writing(folder):
            _note(folder, series, [*jobs, *numbers])
    return Submission(paths, tuple(numbers), queue.sbatch(paths[-1], *numbers))


def _prepare(folder: Path, series: Series, texts: Mapping[int, str], known: bool) -> list[str]:
    """Write what the jobs read, or check that it is there; the numbers of jobs so far."""
    jobs: list[str] = []
    if (folder / SERIES).exists():
        before, jobs = read(folder)
        kept = [p for p in series.ranks if p in before.ranks]
        same = (
            replace(before, ranks=series.ranks, repeat=series.repeat, predicted=series.predicted, title=series.title, socket=series.socket)
            == series
        )
        # A further number of ranks is welcome; in a weak series the smallest one is the size that the others are multiples of.
        if not same or any((folder / f"ranks-{p}" / "scenario.yaml").read_text(encoding="utf-8") != texts[p] for p in kept):
            raise ScalingError(
                "it holds another series (scenario, kind or --steps differ)",
                code="other-run",
                place=str(folder),
                remedy="choose another --out",
            )
        active = sorted(set(jobs) & queue.job_states().keys()) if known and jobs else []
        if active:
            raise ScalingError(
                f"jobs of this series are queued or running already ({', '.join(active)})",
                code="job-active",
                place=str(folder),
                remedy="wait, or scancel them",
            )
    elif any(folder.iterdir()):
        raise ScalingError(
            "it holds other files and no series of jobs", code="other-files", place=str(folder), remedy="choose a new folder with --out"
        )
    for p, text in texts.items():
        (folder / f"ranks-{p}").mkdir(exist_ok=True)
        replace_text(folder / f"ranks-{p}" / "scenario.yaml", text)
    _note(folder, series, jobs)
    return jobs


def _note(folder: Path, series: Series, jobs: list[str]) -> None:
    before = read(folder)[0].ranks if (folder / SERIES).exists() else ()
    every = replace(series, ranks=tuple(sorted({*before, *series.ranks})))
    replace_text(folder / SERIES, json.dumps({**asdict(every), "jobs": jobs}, indent=1) + "\n")


def read(folder: Path) -> tuple[Series, list[str]]:
    """The series of a folder and the numbers of its jobs. Raises ScalingError."""
    try:
        facts = dict(json.loads((folder / SERIES).read_text(encoding="utf-8")))
        jobs = [str(number) for number in facts.pop("jobs")]
        lists = {name: tuple(facts.get(name, ())) for name in ("ranks", "predicted", "socket")}
        return Series(**{**facts, **lists}), jobs
    except (OSError, ValueError, TypeError, KeyError):
        raise ScalingError(
            f"it holds no scaling series that was submitted (no {SERIES})",
            code="no-series",
            place=str(folder),
            remedy="name the folder of one",
        ) from None


def collect(folder: Path) -> tuple[Series, list[dict[str, Any]], dict[int, list[int]]]:
    """The series, the rows of its table as far as it is measured, and what is missing.

    Raises ScalingError if nothing is measured or numbers of ranks disagree.
    """
    series, _ = read(folder)
    found: dict[int, list[dict[str, Any]]] = {}
    for p in series.ranks:
        paths = [path for k in range(1, series.repeat + 1) if (path := result_of(folder, p, k)).exists()]
        if paths:
            found[p] = [dict(json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    if not found:
        raise ScalingError(
            "nothing is measured yet",
            code="nothing-measured",
            place=str(folder),
            remedy=f"what the jobs printed is in {folder}/slurm-*.out",
        )
    return series, rows_of(series, found), missing(folder, series)
