"""`invasio validate`: check a scenario without running it; neither DOLFINx nor PETSc is imported."""

from __future__ import annotations

import argparse

from ..model.build import build_model
from ..scenario.loader import dump_resolved, load
from ._scenario import add_scenario


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser)
    parser.add_argument("--resolved", action="store_true", help="print the scenario with all defaults, as a file that runs again")


def main(args: argparse.Namespace) -> int:
    """Print a summary; raises ScenarioError with all that is wrong."""
    scenario = load(args.scenario, args.overrides)
    if args.resolved:
        print(dump_resolved(scenario), end="")
        return 0
    model = build_model(scenario)
    species = ", ".join(f"{law.name} ({law.symbol})" for law in model.species)
    print(f"ok: {args.scenario}: {scenario.title or scenario.name}")
    print(f"  species     {species}")
    print(f"  mesh        {scenario.mesh.kind}")
    parameters = ", ".join(f"{p.name} = {p.value:.6g} {p.unit}".strip() for p in model.parameters.values())
    print(f"  parameters  {parameters or 'none'}")
    print(f"  time        {scenario.time.start:g} to {scenario.time.end:g}")
    if scenario.expect:
        print(f"  expected    {len(scenario.expect)} number{'s' if len(scenario.expect) != 1 else ''}")
    if model.membranes:
        print(f"  membranes   {', '.join(m.name for m in model.membranes)}")
    return 0
