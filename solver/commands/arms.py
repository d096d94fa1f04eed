"""`invasio arms SCENARIO`: run all arms, here over cores or as a Slurm array, and compare their outcomes in a table and a figure."""

from __future__ import annotations

import argparse

from . import sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command: those of `sweep`."""
    sweep.add_options(parser, "arms", "arm")


def main(args: argparse.Namespace) -> int:
    """Exit code 0: all done (or submitted); 1: some arms failed; 85: stopped before the end, the same command goes on."""
    return sweep.main(args, "arms")
