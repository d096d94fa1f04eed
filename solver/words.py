"""What a run says in its log at its beginning and at its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from ruamel.yaml import YAML

from .discretise.membranes import NO_BARRIER
from .discretise.problem import Problem
from .model.packing import surpluses
from .model.pores import on_contact
from .model.pulses import many_jumps, too_late
from .model.switches import jumping
from .model.text import apart, together
from .output.folder import RunFolder
from .scenario.carried_words import never_there
from .scenario.cascade_words import coarse
from .scenario.mesh import BoxMesh, ImageMesh, RectangleMesh
from .scenario.schema import Scenario
from .stepping.clock import Clock
from .stepping.stepper import Stepper

log = logging.getLogger("invasio.run")
MANY_STEPS = 500
LEAST_NODES = 4  # of the mesh a rank: with fewer, some ranks have none


def crowded(ranks: int, nodes: int) -> list[str]:
    """What is said where several ranks have too few nodes each."""
    few = ranks > 1 and nodes < LEAST_NODES * ranks
    return [f"{ranks} ranks share {nodes} nodes, so most of the time they wait for each other: fewer are faster (-n)"] if few else []


def opening(problem: Problem, scenario: Scenario, notes: Sequence[str]) -> None:
    """Log what was done to the mesh (notes), kinetics, laws beyond maxima, jumps ahead and after the end, walls in steps, caps."""
    for note in notes:
        log.info("mesh: %s", note)
    for note in crowded(problem.graph.comm.size, problem.graph.n_global):
        log.warning("%s", note)
    for note in surpluses(problem.model):
        log.info("%s", note)
    for kinetics in problem.model.kinetics:
        log.info("%s", together(kinetics).strip())
    switching = jumping(problem.model) if scenario.time.step is None else []
    span = scenario.time.start, scenario.time.end
    times = (*many_jumps(problem.model, *span), *too_late(problem.model, span[1]))
    for note in (*coarse(scenario), *never_there(scenario), *apart(problem.model), *on_contact(problem.model), *switching, *times):
        log.warning("%s", note)
    steps = in_steps(scenario, problem.dim)
    if steps:
        log.info(
            "%s: on a lattice a round surface has steps; its area, and so what passes it, is too large, by some 30 %% in 2-D and 60 %% "
            "in 3-D (thin tubes: up to twofold). `outlines: fitted` moves nodes onto discs and balls; meshes by gmsh (structured: false), "
            "of pictures and from files follow outlines",
            ", ".join(steps),
        )
    for crossing in (c for s in problem.species.values() for c in s.crossings if c.capped):
        log.info(
            "the permeability of membrane %s for %s is capped at %g D/h, where it is no barrier any more",
            *(crossing.membrane, crossing.law.species, NO_BARRIER),
        )


def in_steps(scenario: Scenario, dim: int) -> list[str]:
    """The walls and membranes that are the outline of something round on a lattice, or of a label in a volume."""
    mesh = scenario.mesh
    round_: set[str] = set()
    if isinstance(mesh, (RectangleMesh, BoxMesh)) and mesh.structured and mesh.outlines == "stepped":
        round_ = {name for name, shape in mesh.regions.items() if shape.kind in ("disc", "ball")}
    elif isinstance(mesh, ImageMesh) and dim == 3 and mesh.surfaces == "lattice":
        round_ = set(mesh.regions)
    between = {name for name, pair in getattr(mesh, "interfaces", {}).items() if round_ & set(pair)}
    found = [f"membrane {name}" for name in scenario.model.membranes if name in between]
    for name, vessel in scenario.model.vessels.items():
        places = {"region": round_, "interface": between}.get(vessel.at.kind, set())
        found += [f"wall of {name}"] if places & set(vessel.at.names) else []
    return found


def headline(scenario: Scenario, problem: Problem, folder: RunFolder, ticker: Clock) -> str:
    """What runs where, and from when if it is resumed."""
    ranks = problem.graph.comm.size
    what = f"{scenario.name}: {problem.dim}-D, {problem.grid.n_nodes:,} nodes, {ranks} rank{'s' if ranks > 1 else ''}, into {folder.path}"
    return what + (f", resumed at t = {ticker.time:g}, step {ticker.steps}" if ticker.steps else "")


def prolonged(scenario: Scenario, earlier: str, ticker: Clock, last: float) -> list[str]:
    """What is to be said of a run that goes on to another end: from where to where, and in what it may differ from one made at once.

    earlier: the resolved scenario of the part before; last: the size of its last step.
    """
    before = float(YAML(typ="safe", pure=True).load(earlier)["time"]["end"])
    unit, step = unit_of_time(scenario), scenario.time.step
    notes = [f"the run goes on to t = {scenario.time.end:g} {unit}".rstrip() + f"; before, it was to end at {before:g}"]
    tiny = 1e-9 * (scenario.time.end - scenario.time.start)
    if step is None:
        notes.append("a run to this end from the start would have chosen other steps: it agrees within the tolerance")
    elif ticker.time >= before and not any(abs(x - before) <= tiny for x in ticker.options.outputs) and abs(last - step) > 1e-9 * step:
        notes.append(
            f"the steps were fitted to the end at t = {before:g}, which is no output time now: a run to this end from the start would have "
            "stepped across it, and agrees within the error of the steps"
        )
    return notes


def unit_of_time(scenario: Scenario) -> str:
    """The unit of time, "" where the scenario has none or counts in multiples of one."""
    text = str((scenario.scales or {}).get("time", "")).removeprefix("1 ")
    return text if text.isalpha() else ""


def lengths(leading: Mapping[str, int]) -> list[str]:
    """What kept steps short, where there were many whose length the error chose: steps by the variable whose error was the largest."""
    steps = sum(leading.values())
    if steps < MANY_STEPS:
        return []
    name = max(leading, key=leading.__getitem__)
    return [
        f"{name} kept steps short: its error was the largest in {leading[name] / steps:.0%} of {steps} steps; "
        "ten times the tolerance (time.tolerance) takes about a third of them"
    ]


def closing(stepper: Stepper, ticker: Clock) -> None:
    """Log what was repeated, and what the parts of the model remark. Collective."""
    for why, times_rejected in ticker.rejected.items():
        log.info("%d steps were repeated with a smaller size because of: %s", times_rejected, why)
    for note in lengths(ticker.control.leading):
        log.info("%s", note)
    for component in stepper.components:
        for level, text in component.remarks():
            log.log(level, "%s", text)
