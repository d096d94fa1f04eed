"""Arguments that the commands on finished or running runs share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...postprocess.run import Run


def add_run(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The run folder, or ``several`` of them."""
    text = "run folder; the run may be going on"
    if several:
        several_runs = f"{text}; several are shown together, and that of arms or of a sweep stands for all that have begun in it"
        parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=several_runs)
    else:
        parser.add_argument("run", type=Path, metavar="RUN", help=text)


def opened(paths: list[Path]) -> list[Run]:
    """The runs of these folders; that of arms or of a sweep stands for those of its members that have an output."""
    from ...postprocess.faults import WrongRequest
    from ...postprocess.run import open_run
    from ...postprocess.sweep import is_sweep, open_sweep
    from ..output.layout import FIELDS

    found: list[Run] = []
    for path in paths:
        if not is_sweep(path):
            found.append(open_run(path))
            continue
        begun = [run for m in open_sweep(path).members if (m.folder / FIELDS).is_file() and len((run := open_run(m.folder)).times)]
        if not begun:
            raise WrongRequest("none of its runs has an output yet", code="no-output", place=str(path), remedy="wait for the first")
        found += begun
    return found


def add_times(parser: argparse.ArgumentParser, default: str = "about six, evenly spread") -> None:
    """The output times to show."""
    parser.add_argument("--times", type=numbers, metavar="T,T,...", help=f"output times, in the scenario's time (default: {default})")


def numbers(text: str) -> list[float]:
    """Numbers separated by commas."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers separated by commas") from None


def names(text: str) -> list[str]:
    """Names separated by commas."""
    found = [word.strip() for word in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of names separated by commas")
    return found
