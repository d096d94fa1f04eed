"""`invasio sweep SCENARIO`: run all members of its sweep, here over cores or as a Slurm array, and collect one table."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..installed import need_solver
from ..scenario.loader import load
from .submit import positive

if TYPE_CHECKING:
    from ...hpc.sites.profile import Site
    from ...postprocess.sweep import SweepRun
    from ..scenario.schema import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_options(parser, "sweep", "member")


def add_options(parser: argparse.ArgumentParser, block: str, one: str) -> None:
    """Options of a command that runs what a ``block`` of the scenario states, ``one`` for each of several runs."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO", help=f"scenario file with a block `{block}:`, or the folder it made")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change one option of all")
    parser.add_argument(
        "--out", "--output", type=Path, metavar="DIR", help="the folder of all runs (default: out/NAME); what is finished in it is kept"
    )
    parser.add_argument("-j", "--jobs", type=positive, metavar="JOBS", help=f"{one}s that run at once here (default: cores / ranks)")
    parser.add_argument("-n", "--ranks", type=positive, metavar="RANKS", help=f"MPI ranks of each {one} (default: the scenario's)")
    parser.add_argument("--retry", action="store_true", help=f"run failed {one}s again as well")
    parser.add_argument("--collect", action="store_true", help="only collect the tables and write the page; with --submit: a job that does")
    parser.add_argument("--prepare", action="store_true", help=f"only make the folder, for another program to run its {one}s")
    parser.add_argument("--dry-run", action="store_true", help="print the table (with --submit: the job script); write and run nothing")
    parser.add_argument("--submit", action="store_true", help=f"as a Slurm array, one task per {one}")
    parser.add_argument("--site", default="generic", metavar="PROFILE", help="site profile: a file or a shipped one (default: generic)")
    parser.add_argument("--time", metavar="LIMIT", help="time limit of each task (default: the site's)")
    parser.add_argument("--no-warm", dest="warm", action="store_false", help="with --submit: compile nothing beforehand")
    parser.add_argument("--throttle", type=positive, metavar="N", help="most tasks that run at once (default: the site's)")


def main(args: argparse.Namespace, block: str = "sweep") -> int:
    """Exit code 0: all done (or submitted); 1: some members failed; 85: stopped before the end, the same command goes on.

    block: of the scenario, that states the runs: sweep or arms.
    """
    from ...hpc.sweep.folder import SweepError, prepare
    from ...postprocess.sweep import open_sweep

    site = _site(args) if args.submit else None
    if args.scenario.is_dir():
        if args.overrides or args.out:
            raise SweepError(
                "with the folder of a sweep they make no sense: its members are fixed",
                code="wrong-arguments",
                place="--set, --out",
                remedy="leave them out, or name the scenario",
            )
        return proceed(args, open_sweep(args.scenario.absolute()), site)
    scenario = load(args.scenario, args.overrides, math.inf)
    if getattr(scenario, block) is None:
        other = "sweep" if block == "arms" else "arms"
        remedy = f"`invasio {other}` runs its {other}" if scenario.members else "add one, or use `invasio run`"
        raise SweepError(f"the scenario has no block `{block}:`", code="no-sweep", place=str(args.scenario), remedy=remedy)
    if args.dry_run:
        _show(args, scenario, site)
        return 0
    sweep = prepare(scenario, args.out)
    if args.prepare:
        print(sweep.path)
        return 0
    return proceed(args, sweep, site)


def proceed(args: argparse.Namespace, sweep: SweepRun, site: Site | None) -> int:
    """Run here, or with a ``site`` submit, what is to be run of a sweep whose folder is prepared; then collect."""
    from ...hpc.sweep.folder import SweepError, sort

    if args.collect and not site:
        return _collect(sweep)
    found = sort(sweep)
    todo = sorted(found["waiting"] + (found["failed"] if args.retry else []), key=lambda member: member.number)
    print(f"{sweep.path}: " + ", ".join(f"{len(members)} {name}" for name, members in found.items() if members), flush=True)
    if args.dry_run:
        print("to run: " + (", ".join(member.folder.name for member in todo) or "nothing"))
        return 0
    if not todo and found["active"] and site:
        raise SweepError(
            f"all members that are not finished are running or queued already ({len(found['active'])})",
            code="job-active",
            place=str(sweep.path),
            remedy="wait for them",
        )
    if site and todo:
        return _submit(args, sweep, site, todo)
    code = 0
    if todo:
        code = _run(args, sweep, todo)
    if code != 85:
        failed = sort(sweep)["failed"]
        if failed:
            called = "arms" if sweep.scenario.get("arms") else "members"
            again = shlex.join(["invasio", "retry", str(sweep.path)])
            print(f"invasio: {len(failed)} of {len(sweep.members)} {called} failed; to run them again: {again}", file=sys.stderr)
            code = 1
        if todo or _is_stale(sweep):
            _collect(sweep)
        elif sweep.scenario.get("arms"):
            _print_outcomes(sweep)
    else:
        print("invasio: stopped before the end; the same command goes on", file=sys.stderr)
    return code


def _show(args: argparse.Namespace, scenario: Scenario, site: Site | None) -> None:
    """The table of a sweep that is not there yet, or the scripts of its jobs."""
    from ...hpc.sweep.array import job_of, scripts_of
    from ...hpc.sweep.folder import folder_of, table

    rows = table(scenario)
    if site is None:
        print("\n".join(",".join(row) for row in rows))
        return
    folder = folder_of(scenario, args.out)
    pairs = [(int(row[0]), row[1]) for row in rows[1:]]
    job = job_of(folder, scenario.name, pairs, args.ranks or scenario.ranks, args.time, args.throttle or site.throttle)
    print("\n".join(text for text, _ in scripts_of(job, site, args.collect).values()), end="")


def _site(args: argparse.Namespace) -> Site:
    from ...hpc.sites.profile import load_site
    from .submit import check_limit

    check_limit(args.time)
    return load_site(args.site)


def _run(args: argparse.Namespace, sweep: SweepRun, todo: list) -> int:  # type: ignore[type-arg]
    from ...hpc.sweep.folder import alone
    from ...hpc.sweep.local import Pool, cores
    from ...hpc.sweep.workers import Workers

    need_solver()
    ranks = args.ranks or int(sweep.scenario.get("ranks", 1))
    jobs = args.jobs or max(1, cores() // ranks)
    with alone(sweep.path):
        return (Workers(jobs) if ranks == 1 else Pool(jobs, ranks)).run([member.folder for member in todo])


def _submit(args: argparse.Namespace, sweep: SweepRun, site: Site, todo: list) -> int:  # type: ignore[type-arg]
    from ...hpc.sweep.array import job_of, submit_array
    from ...hpc.sweep.folder import alone
    from ...hpc.warm import ahead

    ranks = args.ranks or int(sweep.scenario.get("ranks", 1))
    pairs = [(member.number, member.folder.name) for member in todo]
    job = job_of(sweep.path, str(sweep.scenario["name"]), pairs, ranks, args.time, args.throttle or site.throttle)
    if args.warm:
        print(ahead.warm(site, ahead.dimensions(sweep.scenario["mesh"]["kind"])), flush=True)
    with alone(sweep.path):
        done = submit_array(sweep, todo, site, job, args.collect)
    if not done.jobs:
        print("invasio: Slurm's commands cannot be called from here; all is prepared, submit with:")
        print("\n".join(f"  {shlex.join(['sbatch', str(path)])}" for path in done.scripts))
        return 1
    tasks = f"{len(todo)} task{'s' if len(todo) != 1 else ''}"
    print(f"job {', '.join(done.jobs)}, {tasks}" + (f", collected by job {done.after}" if done.after else ""))
    print(f"how far it is:  {shlex.join(['invasio', 'status', str(sweep.path)])}")
    return 0


def _is_stale(sweep: SweepRun) -> bool:
    """Whether a member has ended, or another page was asked for, after the table was written."""
    from ..output.layout import RESULTS, STATUS, SWEEP

    table = sweep.path / RESULTS
    changes = [path.stat().st_mtime for member in sweep.members if (path := member.folder / STATUS).exists()]
    return not table.exists() or max([*changes, (sweep.path / SWEEP).stat().st_mtime]) > table.stat().st_mtime


def _collect(sweep: SweepRun) -> int:
    from ...postprocess import arms, outcomes
    from ...postprocess.sweep import collect
    from ...postprocess.sweep_report import write

    written = collect(sweep)
    if outcomes.is_arms(sweep):
        written += arms.write(sweep)
        _print_outcomes(sweep)
    for path in [*written, write(sweep)]:
        print(path)
    return 0


def _print_outcomes(sweep: SweepRun) -> None:
    from ...postprocess.arms import table_of
    from ...postprocess.outcomes import as_text

    print(f"\n{as_text(table_of(sweep), sweep)}")
