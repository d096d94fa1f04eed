"""`invasio retry FOLDER`: run again, from its last checkpoint, what failed or stopped; a run or the members of a sweep."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .submit import positive

if TYPE_CHECKING:
    from ...hpc.sites.profile import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="run folder, or the folder of a sweep")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--submit", action="store_true", help="as Slurm jobs (the default for what was submitted before)")
    where.add_argument("--here", action="store_true", help="on this machine (the default for everything else)")
    parser.add_argument("--site", metavar="PROFILE", help="site profile, with --submit (default: the one of before)")
    parser.add_argument("--until", metavar="TIME", help='another end time of a run, e.g. "20 d": it may be finished')
    parser.add_argument("--yes", action="store_true", help="run the commands that the folder's record holds without asking")
    parser.add_argument("--time", metavar="LIMIT", help="time limit of each job (default: as before)")
    parser.add_argument("--throttle", type=positive, metavar="N", help="most jobs of a sweep that run at once (default: as before)")
    parser.add_argument("-n", "--ranks", type=positive, metavar="RANKS", help="MPI ranks (default: as before, or the scenario's)")
    parser.add_argument("-j", "--jobs", type=positive, metavar="JOBS", help="members of a sweep at once here (default: cores / ranks)")


def main(args: argparse.Namespace) -> int:
    """What was a Slurm job is submitted again, which is said; anything else runs here; what is done is left alone."""
    from ...hpc.status import StatusError
    from ...postprocess.sweep import is_sweep
    from ..output.folder import meant
    from ..output.layout import RESOLVED

    if is_sweep(args.folder):
        if args.until is not None:
            raise StatusError(
                "this is the folder of a sweep, whose members end as it states",
                code="wrong-arguments",
                place="--until",
                remedy="name the run folder of a member",
            )
        return _retry_sweep(args)
    if not (args.folder / RESOLVED).is_file():
        raise StatusError(
            f"neither a run folder (no {RESOLVED}) nor that of a sweep",
            code="no-run",
            place=str(args.folder),
            remedy=meant(args.folder, "name the folder of a run or of a sweep"),
        )
    return _retry_run(args)


def _retry_run(args: argparse.Namespace) -> int:
    from ...hpc.submit import job_of, recorded
    from ..output.layout import RESOLVED, STATUS
    from ..output.records import line_of
    from ..scenario.loader import load
    from . import run

    if line_of(args.folder / STATUS) == "done" and args.until is None:
        print(f"{args.folder}: done")
        return 0
    before = recorded(args.folder)
    site = _site(args, before)
    scenario = load(args.folder / RESOLVED, until=run.quantity(args.until))
    if site:
        from .submit import hand_over

        job = job_of(scenario, args.folder, args.ranks or before.get("ranks"), args.time or before.get("time"))
        return hand_over(scenario, site, job, prolong=args.until is not None)
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    ranks = args.ranks or scenario.ranks
    words = [str(args.folder / RESOLVED), "--out", str(args.folder), "--resume", *(["-n", str(ranks)] if ranks > 1 else [])]
    words += [] if args.until is None else ["--until", args.until]
    return run.main(parser.parse_args(words))


def _retry_sweep(args: argparse.Namespace) -> int:
    from ...hpc.submit import recorded
    from ...postprocess.sweep import open_sweep
    from . import sweep

    found = open_sweep(args.folder.absolute())
    unfinished = [member for member in found.members if member.status != "done"]
    before: dict[str, Any] = next(filter(None, (recorded(member.folder) for member in unfinished)), {})
    site = _site(args, before) if unfinished else None
    kept = {name: getattr(args, name) or (before.get(name) if site else None) for name in ("ranks", "time", "throttle")}
    words = [f"--{name}={value}" for name, value in {**kept, "jobs": args.jobs}.items() if value]
    parser = argparse.ArgumentParser()
    sweep.add_arguments(parser)
    # What is submitted is collected too: nobody is there when it ends.
    options = parser.parse_args([str(args.folder), "--retry", "--no-warm", *words, *(["--collect"] if site else [])])
    return sweep.proceed(options, found, site)


def _site(args: argparse.Namespace, before: dict[str, Any]) -> Site | None:
    """The profile to submit with; None: it runs here."""
    from ...hpc.sites.profile import load_site
    from ...hpc.trust import agree
    from .submit import check_limit

    if args.here or not (args.submit or args.site or before):
        return None
    check_limit(args.time)
    if before and not args.site:
        job = before["job"].partition("_")[0]
        print(f"{args.folder}: was job {job}, so it goes to Slurm again (--here: on this machine)", flush=True)
        site: Site = before["site"]
        agree(args.folder, site, args.yes)
        return site
    return load_site(args.site or "generic")
