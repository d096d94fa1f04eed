"""`invasio run SCENARIO`: run it, check its expected numbers, draw its figures, name the folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoppedEarly
from ..installed import check_mpi, need_solver
from ..meeting import end_together
from ..parallel import agreed
from ..scenario.loader import load

if TYPE_CHECKING:
    from ...postprocess.drawing import Drawing
    from ..scenario.schema import Scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("scenario", type=Path, help="scenario file (YAML)")
    parser.add_argument("-n", "--ranks", type=int, metavar="RANKS", help="number of MPI ranks to start (default: 1)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: the next free out/NAME)")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one option, e.g. time.end=2")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint; starts fresh where there is none")
    parser.add_argument("--from", dest="origin", metavar="RUN", help="start from the last state of another run (its folder)")
    parser.add_argument("--until", metavar="TIME", help='another end time, e.g. "20 d"; with --resume also for a run that is finished')
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run in --out")
    parser.add_argument("petsc", nargs="*", metavar="-- PETSC OPTIONS", help="options for PETSc, after --")


def main(args: argparse.Namespace) -> int:
    """Validate first; then run here, or on RANKS ranks."""
    if args.origin:
        args.set += [f"start.run={Path(args.origin).absolute()}"]
        args.origin = None
    scenario = load(args.scenario, args.set, until=quantity(args.until))
    need_solver()
    if args.ranks and not _under_mpi():
        from ...hpc.ranks import launch

        return launch(args.ranks, _again(args))
    from ...postprocess.drawing import Drawing

    with Drawing(bool(scenario.output.figures) and not _under_mpi()) as drawing:
        return _run(args, scenario, drawing)


def _run(args: argparse.Namespace, scenario: Scenario, drawing: Drawing) -> int:
    from ...hpc.processes import while_mpi_starts

    with while_mpi_starts():
        from mpi4py import MPI

    from ...hpc.ranks import check_launcher
    from ..output.log import on_screen
    from ..run import run

    comm = MPI.COMM_WORLD
    check_mpi(MPI.Get_library_version())
    check_launcher(comm)
    end_together(comm)
    if scenario.arms is not None and comm.rank == 0:
        print(f"note: this runs the scenario as it stands; its {len(scenario.arms)} arms: invasio arms {args.scenario}", flush=True)
    with on_screen(comm):
        outcome = run(scenario, comm, args.out, args.resume, args.overwrite, args.petsc, quantity(args.until))
    if outcome.reason != "done":
        until = "" if args.until is None else f' --until "{args.until}"'
        raise StoppedEarly(
            f"stopped early ({outcome.reason})",
            code="stopped-early",
            place=str(outcome.folder),
            remedy=f"go on with: invasio run {args.scenario} --out {outcome.folder} --resume{until}",
        )
    code = 0
    with agreed(comm):
        if comm.rank == 0:
            code = finish(outcome.folder, scenario, drawing)
    return int(comm.bcast(code))


def quantity(text: str | None) -> float | str | None:
    """A time as an option gives it: a number, or a text with a unit; None without it."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _under_mpi() -> bool:
    return any(name in os.environ for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"))


def _again(args: argparse.Namespace) -> list[str]:
    """The command line without the number of ranks."""
    words = ["run", str(args.scenario)]
    words += ["--out", str(args.out)] if args.out else []
    words += [word for setting in args.set for word in ("--set", setting)]
    words += ["--until", args.until] if args.until else []
    words += [f"--{flag}" for flag in ("resume", "overwrite") if getattr(args, flag)]
    return words + (["--", *args.petsc] if args.petsc else [])


def finish(folder: Path, scenario: Scenario, drawing: Callable[[Path], list[Path]] | None = None) -> int:
    """Expected numbers and figures, drawn here or by ``drawing``; rank 0. A missed expectation is reported, and the exit code says so."""
    results = []
    if scenario.expect:
        from ...postprocess.expect import check, table
        from ...postprocess.run import open_run

        results = check(open_run(folder))
        print(table(results), flush=True)
    pictures = []
    if scenario.output.figures:
        from ...postprocess.drawing import Drawing

        pictures = (drawing or Drawing(wanted=False))(folder)
    print(f"results in {folder}" + (f", pictures in {folder / 'figures'}" if pictures else ""), flush=True)
    missed = [r for r in results if not r.passed]
    if missed:
        print(f"invasio: {len(missed)} of {len(results)} expected numbers were missed", file=sys.stderr)
    return 1 if missed else 0
