"""`invasio scaling SCENARIO`: time per step and communication on several numbers of ranks, here or as Slurm jobs, and a prediction."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..installed import need_solver
from ..scenario.loader import load
from ._scenario import add_scenario
from .submit import check_limit, positive

if TYPE_CHECKING:
    from ...hpc.scaling.series import Series


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_scenario(parser)
    parser.add_argument("--ranks", type=_counts, default=[1, 2], metavar="P,P,...", help="numbers of ranks to measure (default: 1,2)")
    parser.add_argument(
        "--series", choices=("strong", "weak"), default="strong", help="strong: the same mesh; weak: as many nodes on each rank"
    )
    parser.add_argument("--steps", type=positive, default=20, help="steps that are timed (default: 20)")
    parser.add_argument("--repeat", type=positive, default=3, help="measurements of each number of ranks; the best counts (default: 3)")
    parser.add_argument(
        "--predict", type=_counts, default=[4, 16, 64, 256, 1024], metavar="P,P,...", help="ranks to predict (default: 4,16,64,256,1024)"
    )
    parser.add_argument(
        "--socket",
        type=_socket,
        default=(),
        metavar="CORES,ONE,ALL",
        help="cores that share a memory where it is predicted, and GB/s of STREAM's triad on one of them alone and on all together",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of scaling.csv and scaling.png (default: out/NAME-SERIES)")
    parser.add_argument("--submit", action="store_true", help="as Slurm jobs, one for each number of ranks, one after the other")
    parser.add_argument("--site", default="generic", metavar="PROFILE", help="site profile: a file or a shipped one (default: generic)")
    parser.add_argument("--time", metavar="LIMIT", help="time limit of each job (default: the site's)")
    parser.add_argument("--dry-run", action="store_true", help="with --submit: print the job scripts, write and submit nothing")
    parser.add_argument("--collect", action="store_true", help="only collect what jobs have measured; SCENARIO may be their folder")
    parser.add_argument("--measure", type=Path, metavar="RESULT", help="one measurement on the ranks that run this (what the jobs do)")


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; the exit code says whether all numbers of ranks gave the same result."""
    from ...hpc.scaling.series import ScalingError, Series, run_series, scenarios
    from ..output.folder import writing

    if args.dry_run and not args.submit:
        raise ScalingError("--dry-run shows what --submit would do", code="wrong-arguments", place="--dry-run", remedy="give both")
    if not args.collect and not args.submit:
        need_solver()
    if args.measure:
        from mpi4py import MPI

        from ...hpc.scaling.measure import measure_into

        measure_into(Path(args.scenario), args.steps, args.measure, MPI.COMM_WORLD)
        return 0
    if args.collect and Path(args.scenario).is_dir():
        return _collect(Path(args.scenario))
    scenario = load(args.scenario, args.overrides)
    out = args.out or Path("out") / f"{scenario.name}-{args.series}"
    if args.collect:
        return _collect(out)
    weak, counts = args.series == "weak", tuple(args.ranks)
    series = Series(scenario.name, scenario.title or scenario.name, counts, weak, args.steps, args.repeat, tuple(args.predict), args.socket)
    texts = scenarios(Path(args.scenario), args.overrides, counts, weak)
    if args.submit:
        return _submit(args, out, series, texts)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)  # before anything is measured in vain
    return _show(out, series, run_series(series, texts))


def _submit(args: argparse.Namespace, out: Path, series: Series, texts: dict[int, str]) -> int:
    from ...hpc.scaling.jobs import scripts_of, submit
    from ...hpc.sites.profile import load_site

    check_limit(args.time)
    site, folder = load_site(args.site), out.absolute()
    if args.dry_run:
        every = {p: list(range(1, series.repeat + 1)) for p in series.ranks}
        print("\n".join(scripts_of(folder, series, site, args.time, every).values()), end="")
        return 0
    done = submit(folder, series, texts, site, args.time)
    if not done.scripts:
        return _collect(out)
    collect = shlex.join(["invasio", "scaling", str(out), "--collect"])
    if not done.jobs:
        print("invasio: Slurm's commands cannot be called from here; all is prepared, submit one after the other:")
        print("\n".join(f"  {shlex.join(['sbatch', str(path)])}" for path in done.scripts))
        return 1
    print(f"job{'s' if len(done.jobs) > 1 else ''} {', '.join(done.jobs)}, one after the other, collected by job {done.after}")
    print(f"what is measured so far:  {collect}")
    return 0


def _collect(out: Path) -> int:
    """Exit code 1 while measurements are missing."""
    from ...hpc.scaling.jobs import collect

    series, rows, missing = collect(out)
    _show(out, series, rows)
    if missing:
        what = "; ".join(f"{len(turns)} of {series.repeat} on {p} rank{'s' if p > 1 else ''}" for p, turns in missing.items())
        where = f"the jobs' output is in {out}/slurm-*.out, the same submit command repeats them"
        print(f"invasio: not measured: {what}; {where}", file=sys.stderr)
    return int(bool(missing))


def _show(out: Path, series: Series, rows: list[dict[str, Any]]) -> int:
    from ...hpc.scaling.model import assumptions
    from ...hpc.scaling.series import text, write_table
    from ...postprocess.scaling import draw
    from ..output.folder import writing

    kind = "weak" if series.weak else "strong"
    with writing(out):
        write_table(rows, out / "scaling.csv")
        draw(rows, out / "scaling.png", f"{series.title}: {kind} scaling", series.weak, assumptions(series.socket))
    print(text(rows))
    if not series.weak:
        print(f"results agree: the largest relative difference is {max(row.get('difference', 0.0) for row in rows):.1e}")
    if rows[-1]["kind"] == "predicted":
        print(f"The prediction assumes: {assumptions(series.socket)}.")
    print(f"{out / 'scaling.csv'}\n{out / 'scaling.png'}")
    return 0


def _counts(text: str) -> list[int]:
    """Numbers of ranks, ascending."""
    try:
        found = sorted({int(word) for word in text.split(",")})
    except ValueError:
        found = [0]
    if found[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers of ranks (1 or more) separated by commas")
    return found


def _socket(text: str) -> tuple[float, ...]:
    """Cores, and bytes per second of one and of all."""
    try:
        cores, one, every = int(text.split(",")[0]), *map(float, text.split(",")[1:])
    except ValueError:
        cores, one, every = 0, 0.0, 0.0
    if cores < 1 or not 0.0 < one <= every <= cores * one:
        said = f"{text!r} is not CORES,ONE,ALL: as 16,25.4,120 for 16 cores, 25.4 GB/s of one alone and 120 GB/s of all together"
        raise argparse.ArgumentTypeError(said)
    return float(cores), 1e9 * one, 1e9 * every
