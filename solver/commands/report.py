"""`invasio report RUN`: one self-contained page of HTML about a run, a sweep, or arms."""

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
    from ...postprocess import sweep_report
    from ...postprocess.pictures import check_ending
    from ...postprocess.report import write
    from ...postprocess.run import open_run
    from ...postprocess.sweep import is_sweep, open_sweep

    check_ending(args.out, (".html", ".htm"))
    if is_sweep(args.run):
        print(sweep_report.write(open_sweep(args.run), args.out))
        return 0
    run = open_run(args.run)
    run.need_outputs()
    print(write(run, args.out))
    return 0
