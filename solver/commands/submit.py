"""`invasio submit SCENARIO`: as a job for Slurm that is stopped, requeued and resumed until it is finished."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ..scenario.loader import load
from ..scenario.members import stated
from ._scenario import add_scenario
from .run import quantity

if TYPE_CHECKING:
    from ...hpc.sites.profile import Site
    from ...hpc.slurm.script import Job
    from ..scenario.schema import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_scenario(parser)
    parser.add_argument(
        "--site", default="generic", metavar="PROFILE", help="site profile: a YAML file or a shipped one (default: generic)"
    )
    parser.add_argument("-n", "--ranks", type=positive, metavar="RANKS", help="number of MPI ranks (default: the scenario's)")
    parser.add_argument("--time", metavar="LIMIT", help="time limit of each job, e.g. 30 (minutes) or 12:00:00 (default: the site's)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: out/NAME); an unfinished run in it is resumed")
    parser.add_argument("--until", metavar="TIME", help='another end time, e.g. "20 d"; a run in the folder continues, even if finished')
    parser.add_argument("--report", action="store_true", help="submit a second job that writes the report when the run has ended")
    parser.add_argument("--no-warm", dest="warm", action="store_false", help="compile nothing beforehand: the job does")
    parser.add_argument("--dry-run", action="store_true", help="print the job script, write and submit nothing")


def main(args: argparse.Namespace) -> int:
    """Validate scenario and profile, then submit."""
    from ...hpc.sites.profile import load_site
    from ...hpc.slurm.script import render
    from ...hpc.submit import job_of, render_report

    scenario = load(args.scenario, args.overrides, until=quantity(args.until))
    site = load_site(args.site)
    check_limit(args.time)
    job = job_of(scenario, args.out, args.ranks, args.time)
    if args.dry_run:
        print("\n".join([render(site, job, Path.cwd()), *([render_report(site, job)] if args.report else [])]), end="")
        return 0
    if scenario.members:
        count, command = stated(scenario)
        called = "members of its sweep" if command == "sweep" else "arms of it"
        print(f"This submits the scenario as it stands; for the {count} {called}: invasio {command} ... --submit")
    return hand_over(scenario, site, job, args.report, args.warm, args.until is not None)


def hand_over(scenario: Scenario, site: Site, job: Job, report: bool = False, warm: bool = False, prolong: bool = False) -> int:
    """Submit, and say under which number; exit code 1 where only the script could be written."""
    from ...hpc.submit import SCRIPT, submit

    done = submit(scenario, site, job, report, warm, prolong)
    if done.warmed:
        print(done.warmed)
    if done.job is None:
        by_hand = shlex.join(["sbatch", str(done.folder / SCRIPT)])
        print(f"invasio: Slurm's commands cannot be called from here; all is prepared, submit with:  {by_hand}")
        return 1
    print(f"job {done.job}, {job.ranks} rank{'s' if job.ranks != 1 else ''}, run folder {done.folder}")
    if done.after:
        print(f"job {done.after} writes the report when it has ended")
    print(f"how far it is:  {shlex.join(['invasio', 'status', os.path.relpath(done.folder)])}")
    return 0


def check_limit(time: str | None) -> None:
    """Refuse what Slurm does not take for a time limit; none is fine."""
    from ...hpc.sites.limits import minutes
    from ...hpc.slurm.script import ScriptError

    if time is not None:
        try:
            minutes(time)
        except ValueError:
            raise ScriptError(
                "not a time limit",
                code="wrong-time-limit",
                place=f"--time {time}",
                remedy="write MINUTES, HH:MM:SS or D-HH:MM:SS, longer than nothing",
            ) from None


def positive(text: str) -> int:
    """A whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1 (given {number})")
    return number
