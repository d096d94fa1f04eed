"""`invasio cascade RUN`: histories of what entered the vessels of a run that is done: where, when, how many metastases."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..errors import InvasioError
from ._run import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    parser.add_argument(
        "--seeds", type=int, metavar="N", help="how many histories, from the scenario's seed on (default: 1000; of each patient: none)"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="seed of the first history, where that is not to be the run's own")
    parser.add_argument("--patients", type=int, metavar="N", help="draw patients that differ by `patients` of the scenario instead")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--direct", dest="way", action="store_const", const="direct", help="draw only what may live (default)")
    way.add_argument(
        "--cell-by-cell", dest="way", action="store_const", const="cells", help="follow every cell: the same chances, much slower"
    )
    parser.set_defaults(way="direct")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder of the tables (default: cascade/ in the run folder)")


def main(args: argparse.Namespace) -> int:
    """Draw histories, write tables and the picture, and say the chances."""
    from ...postprocess.cascade import draw_picture
    from ...postprocess.faults import WrongRequest
    from ..cascade import finished

    for place, number in (("--seeds", args.seeds), ("--patients", args.patients)):
        if number is not None and number < 1:
            raise WrongRequest("nothing is asked for", code="wrong-arguments", place=place, remedy="give 1 or more")
    if args.seed is not None and not 0 <= args.seed <= 2**53:
        raise WrongRequest("no seed", code="wrong-arguments", place="--seed", remedy="give 0 or more, at most 2^53")
    if args.patients is not None:
        return _patients(args)
    seeds = 1000 if args.seeds is None else args.seeds
    scenario, table = finished.read(args.run)
    if args.seed is not None:
        scenario = finished.with_seed(scenario, args.seed)
    said = finished.beforehand(scenario, table, seeds, args.way)
    if said:
        print(said, flush=True)
    folder = args.output or finished.own(args.run)
    began = time.perf_counter()
    try:
        found = finished.write(folder, scenario, table, seeds, args.way)
        picture = draw_picture(folder)
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(folder), remedy="choose another folder with --output"
        ) from error
    for line in finished.words(found):
        print(line)
    print(f"in {time.perf_counter() - began:.1f} s: {folder}, picture {picture.name}")
    return 0


def _patients(args: argparse.Namespace) -> int:
    """Draw patients, write their tables and picture, and say how they differ."""
    from ...postprocess.faults import WrongRequest
    from ...postprocess.patients import draw_picture
    from ..cascade import finished, patients

    if args.way == "cells":
        raise WrongRequest("patients are drawn directly", code="wrong-arguments", place="--cell-by-cell", remedy="take it out")
    if args.seed is not None:
        raise WrongRequest("patients have the seed of the scenario", code="wrong-arguments", place="--seed", remedy="take it out")
    folder = args.output or finished.own(args.run)
    began = time.perf_counter()
    found = patients.spread(patients.Patients(args.run), args.patients, args.seeds or 0)
    scenario = found.patients[0].scenario
    try:
        patients.write(folder, found, {"scenario": scenario.name, "time": str((scenario.scales or {}).get("time", "1")).removeprefix("1 ")})
        picture = draw_picture(folder)
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(folder), remedy="choose another folder with --output"
        ) from error
    for line in patients.words(found):
        print(line)
    print(f"in {time.perf_counter() - began:.1f} s: {folder}, picture {picture.name}")
    return 0
