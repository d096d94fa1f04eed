"""`invasio scaling SCENARIO`: time per step and communication on several numbers of ranks, and a prediction beyond."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..scenario.loader import load
from ._scenario import add_scenario
from .submit import positive


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
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of scaling.csv and scaling.png (default: out/NAME-SERIES)")


def main(args: argparse.Namespace) -> int:
    """Measure, print, write; the exit code says whether all numbers of ranks gave the same result."""
    from ...hpc.scaling.model import ASSUMPTIONS
    from ...hpc.scaling.series import run_series, text, write_table
    from ...postprocess.scaling import draw

    scenario = load(args.scenario, args.overrides)
    weak = args.series == "weak"
    rows = run_series(Path(args.scenario), args.overrides, args.ranks, weak, args.steps, args.repeat, args.predict)
    out = args.out or Path("out") / f"{scenario.name}-{args.series}"
    out.mkdir(parents=True, exist_ok=True)
    write_table(rows, out / "scaling.csv")
    draw(rows, out / "scaling.png", f"{scenario.title or scenario.name}: {args.series} scaling", weak, ASSUMPTIONS)
    print(text(rows))
    if not weak:
        print(f"results agree: the largest relative difference is {max(row.get('difference', 0.0) for row in rows):.1e}")
    if rows[-1]["kind"] == "predicted":
        print(f"The prediction assumes: {ASSUMPTIONS}.")
    print(f"{out / 'scaling.csv'}\n{out / 'scaling.png'}")
    return 0


def _counts(text: str) -> list[int]:
    """Numbers of ranks, ascending."""
    try:
        found = sorted({int(word) for word in text.split(",")})
    except ValueError:
        found = [0]
    if found[0] < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers of ranks separated by commas")
    return found
