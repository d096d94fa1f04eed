"""`invasio fit SCENARIO`: fit parameters to measured data, and say which of them the data determine."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ScenarioError
from ..installed import need_solver
from .submit import positive

if TYPE_CHECKING:
    from ...hpc.fits.task import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO", help="scenario file with a block `fit:`")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change one option")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder of the fit (default: out/NAME-fit); what has run in it is kept")
    parser.add_argument("--overwrite", action="store_true", help="forget an earlier fit in --out")
    parser.add_argument("-j", "--jobs", type=positive, metavar="JOBS", help="runs at once (default: cores / ranks of the scenario)")
    parser.add_argument("--no-profiles", dest="profiles", action="store_false", help="intervals from the curvature alone: fewer runs")
    parser.add_argument("--abc", action="store_true", help="without a likelihood: keep values whose runs come near the data (pyABC)")
    parser.add_argument("--at", default="", metavar="T,T,...", help='print predictions for these times too, as in "3 d, 7 d"')
    parser.add_argument("--no-figures", dest="figures", action="store_false", help="draw nothing")


def main(args: argparse.Namespace) -> int:
    """Exit code 0: done; 85: stopped before the end, the same command goes on."""
    from ...hpc.fits.fit import Stopped, fit
    from ...hpc.fits.task import Task

    task = Task(args.scenario, tuple(args.overrides), tuple(text.strip() for text in args.at.split(",") if text.strip()))
    if task.scenario.fit is None:
        remedy = "add one: measured data and what to vary"
        raise ScenarioError("the scenario has no block `fit:`", code="no-fit", place=str(args.scenario), remedy=remedy)
    need_solver()
    if args.abc:
        return _drawn(task, args)
    try:
        found = fit(task, args.out, args.jobs, args.profiles, args.overwrite)
    except Stopped:
        print("invasio: stopped before the end; the same command goes on", file=sys.stderr)
        return 85
    print(f"\n{found.text}")
    if task.more:
        print(predicted(found.folder / "predictions.csv", task.further))
    print(f"results in {found.folder}")
    if args.figures:
        from ...postprocess.fits import draw

        for path in draw(found.folder):
            print(path)
    return 0


def _drawn(task: Task, args: argparse.Namespace) -> int:
    from ...hpc.fits.abc import draw
    from ...hpc.fits.pool import Stopped

    try:
        folder, text = draw(task, args.out, args.jobs, args.overwrite)
    except Stopped:
        print("invasio: stopped before the end; the same command goes on with its last generation", file=sys.stderr)
        return 85
    print(f"\n{text}")
    print(f"results in {folder}")
    if args.figures:
        from ...postprocess.fits import draw_sample

        for path in draw_sample(folder):
            print(path)
    return 0


def predicted(path: Path, times: list[float]) -> str:
    """The predictions of a fit at some times as text, one line each."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if float(row["time"]) in times]
    seen = any(row["seen_lower"] for row in rows)
    head = ["time", "observable", "where", "prediction", "from", "to", *(["seen from", "to"] if seen else []), "unit"]
    columns = ("model", "lower", "upper", *(("seen_lower", "seen_upper") if seen else ()))
    cells = []
    for row in rows:
        where = ", ".join(f"{float(row[axis]):.5g}" for axis in "xyz" if row[axis])
        where = where or " to ".join(f"{float(row[end]):g}" for end in ("from", "to") if row[end])
        what = " ".join(text for text in (row["arm"], row["observable"]) if text)
        numbers = [f"{float(row[k]):.5g}" if row[k] else "" for k in columns]
        cells.append([f"{float(row['time']):g}", what, where, *numbers, row["unit"]])
    widths = [max(len(line[k]) for line in [head, *cells]) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in [head, *cells]]
    return "\n".join(lines) + "\n"
