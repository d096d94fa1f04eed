"""`invasio library`: list and search the published values that scenarios use by name."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from ..scenario.library import Entry, search


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only values in which all these words stand: oxygen diffusion")
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def main(args: argparse.Namespace) -> int:
    """Print the values; raises ScenarioError where none is found."""
    found = search(args.words)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if args.json:
        listed = [{**asdict(entry), "number": entry.number, "unit": entry.unit} for entry in found]
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return 0
    for entry in found:
        print(_lines(entry))
    count = f"{len(found)} value{'s' if len(found) != 1 else ''}"
    print(f"\n{count}; in a scenario: parameters: {{NAME: {{from: library, name: {found[0].name}}}}}")
    return 0


def _lines(entry: Entry) -> str:
    spread = f" ({entry.range})" if entry.range else ""
    symbol = f", {entry.symbol}" if entry.symbol else ""
    lines = [f"{entry.name}: {entry.value}{spread}{symbol}", f"    {entry.meaning}; {entry.of}", f"    {entry.citation}"]
    return "\n".join(lines)
