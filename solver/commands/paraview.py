"""`invasio paraview RUN`: the standard views of a run as a script, in ParaView's window, or as stills."""

from __future__ import annotations

import argparse

from ._run import add_run, add_times


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    parser.add_argument("--render", action="store_true", help="draw stills into the folder's figures/, also without a screen")
    add_times(parser)


def main(args: argparse.Namespace) -> int:
    """Write views.py into the run folder; then draw stills, or open ParaView where it and a screen are there."""
    from ...postprocess.paraview import script
    from ...postprocess.run import open_run

    run = open_run(args.run)
    run.need_outputs()
    print(script.write(run, args.times), flush=True)
    if args.render:
        for picture in script.render(run):
            print(picture)
        return 0
    code = script.show(run)
    if code is None:
        print(f"no ParaView or no screen here. {script.by_hand(run)}")
    return code or 0
