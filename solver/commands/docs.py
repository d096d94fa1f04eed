"""`invasio docs`: build the documents as pages to browse."""

from __future__ import annotations

import argparse
from pathlib import Path

from invasio.hpc.pages import build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--out", type=Path, default=Path("out/docs"), metavar="DIR", help="folder of the pages (default: out/docs)")


def main(args: argparse.Namespace) -> int:
    """Build them; a warning (a link that leads nowhere, a page that no list names) is an error."""
    print(f"pages in {build(args.out)}")
    return 0
