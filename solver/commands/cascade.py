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
        "--seeds", type=int, default=1000, metavar="N", help="how many histories, from the scenario's seed on (default: 1000)"
    )
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

    if args.seeds < 1:
        raise WrongRequest("no history is asked for", code="wrong-arguments", place="--seeds", remedy="give 1 or more")
    scenario, table = finished.read(args.run)
    said = finished.beforehand(scenario, table, args.seeds, args.way)
    if said:
        print(said, flush=True)
    folder = args.output or finished.own(args.run)
    began = time.perf_counter()
    try:
        found = finished.write(folder, scenario, table, args.seeds, args.way)
        picture = draw_picture(folder)
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(folder), remedy="choose another folder with --output"
        ) from error
    for line in finished.words(found):
        print(line)
    print(f"in {time.perf_counter() - began:.1f} s: {folder}, picture {picture.name}")
    return 0
