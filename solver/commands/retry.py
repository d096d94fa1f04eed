"""`invasio retry FOLDER`: run again, from its last checkpoint, what failed or stopped; a run or the members of a sweep."""

from __future__ import annotations

import argparse
from pathlib import Path

from .submit import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="run folder, or the folder of a sweep")
    parser.add_argument("-n", "--ranks", type=positive, metavar="RANKS", help="number of MPI ranks (default: the scenario's)")
    parser.add_argument("-j", "--jobs", type=positive, metavar="JOBS", help="members of a sweep that run at once (default: cores / ranks)")


def main(args: argparse.Namespace) -> int:
    """A run that is done is left alone."""
    from ...hpc.status import StatusError
    from ...postprocess.sweep import is_sweep
    from ..output.layout import RESOLVED, STATUS
    from ..scenario.loader import load

    if is_sweep(args.folder):
        from . import sweep

        parser = argparse.ArgumentParser()
        sweep.add_arguments(parser)
        counts = [f"--{name}={value}" for name in ("ranks", "jobs") if (value := getattr(args, name))]
        return sweep.main(parser.parse_args([str(args.folder), "--retry", *counts]))
    if not (args.folder / RESOLVED).is_file():
        raise StatusError(f"{args.folder} is neither a run folder (no {RESOLVED}) nor that of a sweep")
    status = args.folder / STATUS
    if status.is_file() and status.read_text(encoding="utf-8").strip() == "done":
        print(f"{args.folder}: done")
        return 0
    from . import run

    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    ranks = args.ranks or load(args.folder / RESOLVED).ranks
    words = [str(args.folder / RESOLVED), "--out", str(args.folder), "--resume", *(["-n", str(ranks)] if ranks > 1 else [])]
    return run.main(parser.parse_args(words))
