"""`invasio compare RUN RUN...`: where runs differ from the first one."""

from __future__ import annotations

import argparse

from ._run import add_run, add_times, names, opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser, several=True)
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
    from ...postprocess.faults import WrongRequest
    from ...postprocess.run import labels

    first, *others = runs = opened(args.runs)
    if not others:
        what, remedy = "one run alone cannot be compared", "name two or more, or the folder of arms"
        raise WrongRequest(what, code="wrong-arguments", place=str(args.runs[0]), remedy=remedy)
    called = labels(runs)
    found = [compare(first, other, args.field, args.times) for other in others]
    for k, (name, comparison) in enumerate(zip(called[1:], found, strict=True)):
        head = f"{called[0]} and {name}\n" if len(found) > 1 else ""
        print(("\n" if k else "") + head + report(comparison))
    return 0 if all(comparison.within(args.tolerance) for comparison in found) else 1
