"""`invasio scenarios`: list the shipped scenarios, or copy one with what it extends."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..scenario.shipped import Header, copy, headers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="name, title, source, cost and ranks of every shipped scenario")
    taken = actions.add_parser("copy", help="copy a shipped scenario, as one file that stands alone")
    taken.add_argument("name", help="name as listed, such as published/anderson_2000/square")
    taken.add_argument("destination", nargs="?", default=".", help="folder or file (here)")


def main(args: argparse.Namespace) -> int:
    """List or copy; raises ScenarioError for an unknown name or a file that is there already."""
    if args.action == "copy":
        print(copy(args.name, Path(args.destination)))
        return 0
    for header in headers():
        print(_entry(header))
    return 0


def _entry(header: Header) -> str:
    lines = [header.name, f"    {header.title}"]
    lines += [f"    {word}: {text}" for word, text in (("source", header.source), ("cost", header.cost), ("ranks", header.ranks)) if text]
    return "\n".join(lines)
