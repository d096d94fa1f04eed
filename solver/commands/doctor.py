"""`invasio doctor`: what was found on this machine and what is missing for what."""

from __future__ import annotations

import argparse
import os

from rich import box
from rich.console import Console
from rich.table import Table

from invasio.hpc import doctor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def main(args: argparse.Namespace) -> int:
    """Print the table; exit code 0 if everything is there that a run needs, otherwise 1."""
    console = Console(width=None if "COLUMNS" in os.environ or Console().is_terminal else 130, highlight=False, markup=False)
    findings = doctor.examine()
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("", "found", "for", "if missing"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        style = "" if finding.found else ("red" if finding.required else "yellow")
        remedy = "" if finding.found else finding.remedy
        table.add_row(finding.name, finding.found or "missing", finding.needed_for, remedy, style=style)
    console.print(f"invasio runs in {doctor.place()}")
    console.print(table)
    lacking = [finding.name for finding in findings if finding.required and not finding.found]
    optional = [finding.name for finding in findings if not finding.required and not finding.found]
    if lacking:
        console.print("missing for any run: " + ", ".join(lacking))
        return 1
    console.print("everything a run needs is there" + (f"; missing for some features: {', '.join(optional)}" if optional else ""))
    return 0
