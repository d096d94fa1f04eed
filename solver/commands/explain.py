"""`invasio explain`: the equations of a scenario with parameters, units and sources."""

from __future__ import annotations

import argparse
import sys

from ..model.build import build_model
from ..model.text import explain
from ..scenario.loader import load
from ._scenario import add_scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser)


def main(args: argparse.Namespace) -> int:
    """Print the model; raises ScenarioError if the scenario is wrong."""
    scenario = load(args.scenario, args.overrides)
    text = explain(build_model(scenario), scenario.title or scenario.name, scenario.scales is None)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(text, end="")
    return 0
