"""Arguments that the commands on finished or running runs share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_run(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The run folder, or ``several`` of them."""
    text = "run folder; the run may be going on"
    if several:
        parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=f"{text}; several are compared")
    else:
        parser.add_argument("run", type=Path, metavar="RUN", help=text)


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
