"""`invasio validate`: check a scenario without running it; neither DOLFINx nor PETSc is imported."""

from __future__ import annotations

import argparse
import math

import numpy as np

from ..errors import MeshError
from ..model.build import build_model
from ..model.packing import surpluses
from ..model.pores import on_contact
from ..model.pulses import many_jumps, too_late
from ..model.switches import jumping
from ..model.text import apart
from ..scenario.carried_words import never_there
from ..scenario.cascade_words import coarse
from ..scenario.loader import PATIENCE, check_on_mesh, check_parts, dump_resolved, load
from ..scenario.members import stated
from ..scenario.mesh import ImageMesh, mesh_dimension
from ..scenario.on_mesh import OnMesh
from ..scenario.schema import Scenario
from ..scenario.stated import told_where
from ._scenario import add_scenario
from ._start import start_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_scenario(parser)
    parser.add_argument("--cost", action="store_true", help="estimate nodes, steps, core-hours, memory and disk; the mesh is not made")
    parser.add_argument("-n", "--ranks", type=int, metavar="RANKS", help="ranks to estimate for (default: the scenario's)")
    parser.add_argument("--resolved", action="store_true", help="print the scenario with all defaults, as a file that runs again")


def main(args: argparse.Namespace) -> int:
    """Print a summary; raises ScenarioError with all that is wrong."""
    scenario = load(args.scenario, args.overrides, math.inf if args.cost else PATIENCE)
    if args.resolved:
        print(dump_resolved(scenario), end="")
        return 0
    _check_mesh(scenario)
    _check_cascade(scenario)
    model = build_model(scenario)
    species = ", ".join(f"{law.name} ({law.symbol})" for law in model.species)
    print(f"ok: {args.scenario}: {scenario.title or scenario.name}")
    print(f"  species     {species}")
    print(f"  mesh        {scenario.mesh.kind}")
    if line := start_line(scenario):
        print(f"  cells       {line}")
    parameters = ", ".join(f"{p.name} = {p.told[0]:.6g} {p.told[1]}".strip() for p in model.parameters.values())
    print(f"  parameters  {parameters or 'none'}")
    print(f"  time        {scenario.time.start:g} to {scenario.time.end:g}")
    if scenario.expect:
        print(f"  expected    {len(scenario.expect)} number{'s' if len(scenario.expect) != 1 else ''}")
    if model.membranes:
        print(f"  membranes   {', '.join(m.name for m in model.membranes)}")
    if scenario.model.vessels:
        print(f"  vessels     {', '.join(scenario.model.vessels)}")
        _print_networks(scenario)
    _print_given(scenario)
    if scenario.sweep is not None:
        print(f"  sweep       {_members(scenario)}")
    if scenario.arms is not None:
        print(f"  arms        {', '.join(scenario.arms)}{_checked(scenario)}")
    if scenario.outcomes:
        print(f"  outcomes    {', '.join(scenario.outcomes)}")
    _print_fit(scenario)
    if isinstance(scenario.mesh, ImageMesh):
        _print_picture(scenario.mesh)
    switching = jumping(model) if scenario.time.step is None else []
    span = scenario.time.start, scenario.time.end
    times = (*many_jumps(model, *span), *too_late(model, span[1]))
    for note in (*coarse(scenario), *never_there(scenario), *surpluses(model), *apart(model), *on_contact(model), *switching, *times):
        print(f"  note        {note}")
    if args.cost:
        _print_cost(scenario, args.ranks or scenario.ranks)
    return 0


def _check_mesh(scenario: Scenario) -> None:
    """Make or read a small mesh as the run will, and look for all names in it; raises ScenarioError and MeshError."""
    from ...meshes.build import foreseen, parted

    vessels, stated = scenario.model.vessels.values(), getattr(scenario.mesh, "interfaces", {})
    try:
        data = foreseen(scenario.mesh)
    except MeshError as error:
        if error.code == "missing-package":  # here; the run is where it is not
            return
        raise
    if data is None:
        return
    interfaces = {name: tuple(stated.get(name, ())) for name in (*data.interfaces, *stated)}
    check_on_mesh(scenario, OnMesh(data.cells.shape[1] - 1, data.regions, tuple(data.boundaries), interfaces))
    lumens = [name for vessel in vessels if vessel.at.kind == "region" for name in vessel.at.names]
    parted(data, scenario.mesh, list(scenario.model.membranes), lumens)


def _check_cascade(scenario: Scenario) -> None:
    """Values of the cascade over all its time, as far as they do not depend on the tissue; raises ScenarioError and CirculationError."""
    if scenario.circulation is None:
        return
    from ..cascade.build import plan_of
    from ..scenario.treated import treated

    start = np.array([scenario.time.start])
    first = {name: pool.initial.constant or 0.0 for name, pool in scenario.model.pools.items()}
    first |= dict.fromkeys(scenario.circulation.feedback, 0.0)
    with told_where(scenario.stated):
        plan_of(treated(scenario), {name: (start, np.array([value])) for name, value in first.items()})


def _print_picture(mesh: ImageMesh) -> None:
    """Read the picture as the run will; raises MeshError for what is wrong in it."""
    from ...meshes.image.build import known

    for note in known(mesh):
        print(f"  picture     {note}")


def _print_networks(scenario: Scenario) -> None:
    """Read the networks of vessels as the run will; raises MeshError for what is wrong in them."""
    from ...meshes.network import read_network

    dim = mesh_dimension(scenario.mesh.kind, getattr(scenario.mesh, "image", ""), getattr(scenario.mesh, "pixel", None))
    parts: dict[str, list[str]] = {}
    for name, vessel in scenario.model.vessels.items():
        parts[name] = list(vessel.at.names)
        if vessel.at.network is None:
            continue
        network = read_network(vessel.at.network, dim)
        parts[name] = list(dict.fromkeys(network.names))
        low, high = network.radius.min(), network.radius.max()
        print(f"  network     {name}: {len(network.segments)} segments, length {network.lengths.sum():.6g}, radius {low:.6g} to {high:.6g}")
        for note in network.notes:
            print(f"  note        {name}: {note}")
    check_parts(scenario, parts)


def _print_given(scenario: Scenario) -> None:
    """Read what given fields and the start are taken from, as the run will; raises InvasioError for what is wrong in it."""
    if not scenario.fields and scenario.start is None:
        return
    from ..given.check import check_given

    for heading, line in check_given(scenario):
        print(f"  {heading:11} {line}")


def _print_fit(scenario: Scenario) -> None:
    """Read the data of a fit as the fit will; raises InvasioError for what is wrong in them."""
    if scenario.fit is not None:
        from ...hpc.fits.data import read_data

        data = read_data(scenario, scenario.fit)
        print(f"  fit         {len(data.rows)} data of {', '.join(data.observables)}; varies {', '.join(scenario.fit.vary)}")
    if scenario.sensitivity is not None:
        print(f"  sensitivity {scenario.sensitivity.method}; varies {', '.join(scenario.sensitivity.vary)}")


def _members(scenario: Scenario) -> str:
    return f"{stated(scenario)[0]} members ({scenario.sweep.kind if scenario.sweep else ''}){_checked(scenario)}"


def _checked(scenario: Scenario) -> str:
    """How many of them were checked, where it were not all."""
    count, command = stated(scenario)
    checked = len(scenario.members)
    return f", of which {checked} were checked; `invasio {command}` checks all" if checked < count else ""


def _print_cost(scenario: Scenario, ranks: int) -> None:
    from ...hpc.cost.estimate import estimate, text

    print(text(estimate(scenario, ranks), ranks))
    if scenario.members:
        costs = [estimate(member.scenario, ranks) for member in scenario.members]
        low, high = (sum(cost.core_seconds[k] for cost in costs) / 3600 for k in (0, 1))
        disk = sum(cost.disk[1] for cost in costs) / 1e9
        print(f"  {'all arms' if scenario.arms else 'the whole sweep'}: {low:.2g} to {high:.2g} core-hours, at most {disk:.2g} GB of disk")
