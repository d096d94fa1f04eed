"""`invasio compare A B`: where two runs differ."""

from __future__ import annotations

import argparse
from pathlib import Path

from ._run import add_times, names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("a", type=Path, metavar="A", help="run folder")
    parser.add_argument("b", type=Path, metavar="B", help="run folder")
    parser.add_argument("--field", type=names, metavar="NAME,...", help="fields (default: those that both have)")
    add_times(parser, "those that both have")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        metavar="X",
        help="differences up to X times a field's largest value are allowed (default: 0)",
    )


def main(args: argparse.Namespace) -> int:
    """Print the differences; exit code 0 if the fields are the same within the tolerance, else 1."""
    from ...postprocess.compare import compare, report
    from ...postprocess.run import open_run

    found = compare(open_run(args.a), open_run(args.b), args.field, args.times)
    print(report(found))
    return 0 if found.within(args.tolerance) else 1
