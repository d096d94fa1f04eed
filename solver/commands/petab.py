"""`invasio petab in PROBLEM MODEL` and `invasio petab out SCENARIO`: PEtab tables to a fit, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ScenarioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("direction", choices=("in", "out"), help="in: tables to a scenario; out: the fit of a scenario to tables")
    parser.add_argument("file", type=Path, metavar="FILE", help="in: the YAML file of a PEtab problem; out: a scenario with a block `fit:`")
    parser.add_argument(
        "model", type=Path, nargs="?", metavar="MODEL", help="in: the scenario that is the model, with the problem's parameters"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of what is written (default: beside FILE; out: NAME-petab)")


def main(args: argparse.Namespace) -> int:
    """Print the name of the file to go on with."""
    from ...hpc.fits import petab
    from ...hpc.fits.task import Task

    if args.direction == "in":
        if args.model is None:
            raise ScenarioError("the model is not named", code="missing-option", place="petab in", remedy="name a scenario as well")
        print(petab.read(args.file, args.model, (args.out or args.file.parent).absolute()))
        return 0
    task = Task(args.file)
    if task.scenario.fit is None:
        remedy = "add one: measured data and what to vary"
        raise ScenarioError("the scenario has no block `fit:`", code="no-fit", place=str(args.file), remedy=remedy)
    print(petab.write(task, (args.out or Path(f"{task.scenario.name}-petab")).absolute()))
    return 0
