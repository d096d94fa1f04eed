"""`invasio movie RUN`: a field over all outputs, or a body that turns, as .mp4 or .gif."""

from __future__ import annotations

import argparse
from pathlib import Path

from ._run import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    parser.add_argument("--field", metavar="NAME", help="field (default: the cells; in 1-D all fields)")
    parser.add_argument("--rate", type=float, default=8.0, metavar="N", help="frames per second (default: 8)")
    parser.add_argument("--orbit", action="store_true", help="in 3-D: the body, turning once while the outputs go by")
    parser.add_argument("--frames", type=int, metavar="N", help="with --orbit: frames of the turn (default: 72)")
    parser.add_argument("--time", type=float, metavar="T", help="with --orbit: stand still at this output, in the scenario's time")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="movie (.mp4, .gif; default: FIELD.mp4 in the run's figures)")


def main(args: argparse.Namespace) -> int:
    """Draw and print the name of the movie."""
    from ...postprocess.faults import WrongRequest
    from ...postprocess.foreign import inside
    from ...postprocess.movie import ENDINGS, FRAMES, movie, orbit
    from ...postprocess.pictures import check_ending
    from ...postprocess.run import open_run

    check_ending(args.out, ENDINGS)
    run = open_run(args.run)
    path = args.out or inside(run.path, f"figures/{args.field or ('orbit' if args.orbit else 'movie')}.mp4")
    if args.orbit:
        frames = orbit(run, path, args.field, args.rate, FRAMES if args.frames is None else args.frames, args.time)
    elif args.frames is not None or args.time is not None:
        raise WrongRequest(
            "they belong to --orbit", code="wrong-arguments", place="--frames, --time", remedy="give --orbit, or leave them out"
        )
    else:
        frames = movie(run, path, args.field, args.rate)
    print(f"{path} ({frames} frames)")
    return 0
