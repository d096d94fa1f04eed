"""`invasio report RUN`: one self-contained page of HTML about a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ._run import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="file to write (.html; default: report.html in the run folder)")


def main(args: argparse.Namespace) -> int:
    """Write the page and print its name."""
    from ...postprocess.pictures import check_ending
    from ...postprocess.report import write
    from ...postprocess.run import open_run

    check_ending(args.out, (".html", ".htm"))
    run = open_run(args.run)
    run.need_outputs()
    print(write(run, args.out))
    return 0
