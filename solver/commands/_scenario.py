"""Arguments that every command on a scenario has."""

from __future__ import annotations

import argparse


def add_scenario(parser: argparse.ArgumentParser) -> None:
    """The scenario file and `--set`."""
    parser.add_argument("scenario", help="scenario file (YAML)")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change one option; may be repeated"
    )
