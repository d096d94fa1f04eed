"""`invasio explain`: the equations of a scenario with parameters, units and sources."""

from __future__ import annotations

import argparse
import sys

from ..model.build import build_model
from ..model.text import explain
from ..scenario.cascade_words import cascade_words
from ..scenario.loader import load
from ..scenario.members import size
from ..scenario.schema import Scenario
from ._scenario import add_scenario
from ._start import start_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser)


def main(args: argparse.Namespace) -> int:
    """Print the model; raises ScenarioError if the scenario is wrong."""
    scenario = load(args.scenario, args.overrides)
    text = explain(build_model(scenario), scenario.title or scenario.name, scenario.scales is None)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(text, end="")
    if line := start_line(scenario):
        print(f"\nThe tissue {line}.")
    if lines := list(cascade_words(scenario)):
        print("", *lines, sep="\n")
    if scenario.arms is not None:
        print("\nArms, each a run of its own (`invasio arms`)")
        for name, values in scenario.arms.items():
            print(f"  {name}: {', '.join(f'{path} = {value}' for path, value in values.items()) or 'the scenario as it stands'}")
    elif scenario.members:
        _sweep(scenario)
    if scenario.outcomes:
        print("\nOutcomes")
        for name, outcome in scenario.outcomes.items():
            print(f"  {name}: {outcome.words}")
    return 0


def _sweep(scenario: Scenario) -> None:
    count, known = size(scenario.sweep)[0], len(scenario.members)
    print(f"\nSweep: {count} members, which differ in" + (f" (the first {known} of them)" if known < count else ""))
    for path in dict.fromkeys(path for member in scenario.members for path in member.values):
        values = list(dict.fromkeys(str(member.values[path]) for member in scenario.members if path in member.values))
        shown = ", ".join(values if len(values) <= 6 else [*values[:3], "...", values[-1]])
        print(f"  {path}: {shown}")
