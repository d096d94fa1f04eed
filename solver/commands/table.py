"""`invasio table RUN...`: the series as CSV, wide or tidy, or the whole run as NetCDF."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvasioError
from ._run import add_run, names, opened

if TYPE_CHECKING:
    from ...postprocess.run import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser, several=True)
    parser.add_argument("--columns", type=names, metavar="NAME,...", help="these columns only, after the time")
    parser.add_argument("--units", action="store_true", help="a second row with the unit of every column")
    parser.add_argument("--tidy", action="store_true", help="a row per number: time, species, observable, region, value, unit")
    parser.add_argument("--vessel", metavar="NAME", help="the parts of a vessel at the last output instead, a row each")
    parser.add_argument(
        "--cascade",
        metavar="NAME",
        help="a table of the cascade instead: events, organs, nodes, sizes, blood, relapse, ledger, patients, spread",
    )
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write a .csv, or fields and series as .nc (needs xarray), instead of printing"
    )


def main(args: argparse.Namespace) -> int:
    """Print or write the table."""
    from ...postprocess import table
    from ...postprocess.faults import WrongRequest
    from ...postprocess.pictures import check_ending

    check_ending(args.out, (".csv", ".nc"))
    runs = opened(args.runs)
    netcdf = args.out is not None and args.out.suffix == ".nc"
    if netcdf and (args.tidy or args.columns or args.units or args.vessel or args.cascade):
        given = "--tidy, --columns, --units, --vessel, --cascade"
        raise WrongRequest("they belong to CSV", code="wrong-arguments", place=given, remedy="leave them out")
    if args.units and args.tidy:
        raise WrongRequest("--tidy has units anyway", code="wrong-arguments", place="--units", remedy="leave one out")
    bare = [run for run in runs if not run.units] if args.units else []
    if bare:
        what = "this run has no units: it was made by version 0.1.0, which wrote numbers in the scenario's scales"
        raise WrongRequest(what, code="no-units", place=str(bare[0].path), remedy="leave --units out, or run the scenario again")
    if netcdf and len(runs) > 1:
        raise WrongRequest(
            "a file of NetCDF holds one run", code="wrong-arguments", place=str(args.out), remedy="name one run, or write .csv"
        )
    try:
        if netcdf:
            table.dataset(runs[0]).to_netcdf(args.out, engine="scipy")
        else:
            text = table.stacked(runs, [_text(args, run) for run in runs], args.units or bool(args.vessel and runs[0].units))
            if args.out is None:
                sys.stdout.write(text)
                sys.stdout.flush()
                return 0
            args.out.write_text(text, encoding="utf-8")
    except BrokenPipeError:  # the reader, such as head, has had enough
        sys.stdout = None  # type: ignore[assignment]
        return 0
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(args.out), remedy="choose another file"
        ) from error
    print(args.out)
    return 0


def _text(args: argparse.Namespace, run: Run) -> str:
    """The table of one run."""
    from ...postprocess import table

    if args.cascade:
        return table.of_cascade(run, args.cascade, args.units)
    if args.vessel:
        return table.by_part(run, args.vessel)
    return table.tidy(run, args.columns) if args.tidy else table.wide(run, args.columns, args.units)
