"""`invasio sensitivity SCENARIO`: on which options the scenario's outcomes hang."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import ScenarioError
from ..installed import need_solver
from .submit import positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO", help="scenario file with blocks `sensitivity:` and `outcomes:`")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change one option")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder (default: out/NAME-sensitivity); what has run in it is kept")
    parser.add_argument("--overwrite", action="store_true", help="forget an earlier analysis in --out")
    parser.add_argument("-j", "--jobs", type=positive, metavar="JOBS", help="runs at once (default: cores / ranks of the scenario)")
    parser.add_argument("--no-figures", dest="figures", action="store_false", help="draw nothing")


def main(args: argparse.Namespace) -> int:
    """Exit code 0: done; 85: stopped before the end, the same command goes on."""
    from ...hpc.fits.pool import Stopped
    from ...hpc.fits.sensitivity import analyse
    from ...hpc.fits.task import Task

    task = Task(args.scenario, tuple(args.overrides))
    if task.scenario.sensitivity is None:
        remedy = "add one: what varies in which range"
        raise ScenarioError("the scenario has no block `sensitivity:`", code="no-fit", place=str(args.scenario), remedy=remedy)
    need_solver()
    try:
        found = analyse(task, args.out, args.jobs, args.overwrite)
    except Stopped:
        print("invasio: stopped before the end; the same command goes on", file=sys.stderr)
        return 85
    print(f"\n{found.text}")
    print(f"results in {found.folder}")
    if args.figures:
        from ...postprocess.fits import draw_indices

        for path in draw_indices(found.folder):
            print(path)
    return 0
