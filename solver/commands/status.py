"""`invasio status RUN...`: how far runs are, from outside; as text, or as JSON for scripts."""

from __future__ import annotations

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...hpc.status import RunStatus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="run folders, or folders that hold some (default: out)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def main(args: argparse.Namespace) -> int:
    """Read and print; exit code 0 whatever the runs do. Sweeps among the runs are one line each; name one to see its members."""
    from ...hpc.slurm.queue import QueueError, installed, job_states
    from ...hpc.status import find_runs, find_sweeps, read_status

    folders = args.runs or [Path("out")]
    runs, sweeps = find_runs(folders), find_sweeps(folders)
    jobs, complaint = None, ""
    if installed():
        try:
            jobs = job_states()
        except QueueError as error:
            complaint = str(error).splitlines()[0]
    found = [read_status(run, jobs) for run in runs]
    if args.json:
        print(json.dumps([status.plain() for status in found], indent=2))
    elif len(found) == 1 and not sweeps:
        print("\n".join(details(found[0], jobs is not None)))
    else:
        print("\n".join([*([*table(found), summary(found)] if found else []), *(of_sweep(folder, jobs or {}) for folder in sweeps)]))
    if complaint and not args.json and any(status.job and status.state != "done" for status in found):
        print(f"(jobs could not be looked up: {complaint})")
    return 0


def details(status: RunStatus, asked: bool) -> list[str]:
    """The lines about one run; what is not known is left out. ``asked``: whether Slurm was."""
    from ..output.progress import duration

    lines = [f"{status.folder}: {status.state}"]

    def line(name: str, text: str) -> None:
        lines.append(f"  {name:<12}{text}")

    if status.job:
        where = "not in the queue" if asked else "(Slurm was not asked)"
        line("job", f"{status.job}, {status.job_state.lower() if status.job_state else where}")
    if status.time is not None:
        share = f"{100 * (status.progress or 0):.1f} %"
        line("progress", f"t = {status.time:.4g} of {status.end:.4g} ({share}), step {status.step}")
    if status.seconds_per_step is not None:
        line("pace", f"{status.seconds_per_step:.2g} s a step" + (f" on {status.ranks} ranks" if (status.ranks or 1) > 1 else ""))
    if status.eta_seconds is not None:
        line("to go", duration(status.eta_seconds))
    if status.drift is not None:
        line("drift", f"{status.drift:.1e} (largest relative error of the ledger)")
    if status.checkpoint_step is not None:
        line("checkpoint", f"step {status.checkpoint_step}, {duration(status.checkpoint_seconds or 0)} ago")
    if status.segments > 1:
        line("started", f"{status.segments} times")
    if status.state in ("running", "starting") and status.heard_seconds is not None:
        line("heard of", f"{duration(status.heard_seconds)} ago")
    if status.why:
        line("why", status.why)
    if status.state.startswith(("stopped early", "ended without", "failed")) and not status.job_state:
        line("go on with", shlex.join(["invasio", "retry", status.folder]))
    return lines


def of_sweep(folder: Path, jobs: Mapping[str, str]) -> str:
    """One line about a sweep that stands among other runs."""
    from ...hpc.sweep.folder import sort
    from ...postprocess.sweep import open_sweep

    sweep = open_sweep(folder)
    states = ", ".join(f"{len(members)} {state}" for state, members in sort(sweep, jobs).items() if members)
    return f"{folder}: sweep of {len(sweep.members)}: {states}"


def summary(found: list[RunStatus]) -> str:
    """How many runs are in which state."""
    states = Counter(status.state.partition(":")[0] for status in found)
    return f"{len(found)} runs: " + ", ".join(f"{count} {state}" for state, count in states.most_common())


def table(found: list[RunStatus]) -> list[str]:
    """One line per run."""
    from ..output.progress import duration

    rows = [("run", "state", "job", "done", "step", "to go", "drift")]
    for status in found:
        rows.append(
            (
                status.folder,
                status.state,
                status.job if status.job and status.job_state else "",
                "" if status.progress is None else f"{100 * status.progress:.0f} %",
                "" if status.step is None else str(status.step),
                "" if status.eta_seconds is None else duration(status.eta_seconds),
                "" if status.drift is None else f"{status.drift:.0e}",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
