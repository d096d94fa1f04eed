"""The state of an earlier run from which another one starts.

On the same mesh the last state has the doubles of its checkpoint, integrities of membranes and walls included; at an output time,
values are as precise as the outputs. On another mesh species come as given fields do, integrities start as stated. Pools that both
have keep their levels. Nothing else is taken: histories of steps, accounts and what was counted begin anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...postprocess.run import Run
from ..errors import ScenarioError
from ..output import checkpoint
from ..output.layout import CHECKPOINTS, MANIFEST
from ..output.records import facts_of
from ..parallel import agreed
from ..scenario.check import species_names
from ..scenario.ecm import components
from ..scenario.schema import Scenario
from ..scenario.start import Start
from .runs import AMOUNTS, Then, kind_of, mesh_of, moved, on_same_mesh, opened, step_of
from .scales import ratio

if TYPE_CHECKING:
    from ..discretise.operators import Operators
    from ..state import State

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Beginning:
    """What a run starts with: densities (n_owned) by species; sites: rows of whole tables by the names of checkpoints; levels of pools.

    facts: provenance for the manifest; notes: for the log.
    """

    densities: Mapping[str, Floats]
    sites: Mapping[str, Floats] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def put(self, state: State) -> None:
        """Give pools their levels, and the surfaces that are the same their integrities, on any number of ranks. Collective."""
        for name, level in self.levels.items():
            state.scalars[name].new[0] = level
            state.scalars[name].show()
        for variable in state.variables:
            rows = self.sites.get(variable.array)
            if variable.rows is not None and rows is not None and len(rows) == variable.rows.total:
                variable.new[: variable.n_owned] = rows[variable.rows.numbers]
                variable.update_copies()
                variable.show()


@dataclass(frozen=True)
class _Read:
    """What rank 0 read, in this scenario's scales: values (N,) by species with their kinds, rows of sites."""

    mesh: Then
    values: Mapping[str, Floats]
    kinds: Mapping[str, str]
    sites: Mapping[str, Floats]
    levels: Mapping[str, float]
    facts: Mapping[str, object]


def beginning(scenario: Scenario, options: Start, operators: Operators) -> Beginning:
    """The state of another run on the mesh of now. Collective; raises InvasioError on all ranks."""
    comm, grid = operators.comm, operators.grid
    read: Any = None
    with agreed(comm):
        if comm.rank == 0:
            read = _read(scenario, options, grid.dim)
    found: _Read = comm.bcast(read)
    same = on_same_mesh(found.mesh, grid)
    notes = [f"start from {options.words}; that is t = {found.facts['time']:g} of it, and t = {scenario.time.start:g} here"]
    densities = {}
    for name, values in found.values.items():
        if same:
            densities[name] = values[grid.nodes]
            continue
        carrier = found.mesh.carrier(values, grid.regions)
        keep = "amount" if found.kinds[name] in AMOUNTS else "values"
        densities[name], said = moved(name, "start", options, carrier, keep, operators)
        notes += said
    others = [name for name in species_names(scenario) if name not in densities]
    others += [name for name in scenario.model.pools if name not in found.levels]
    notes += [f"start: {', '.join(others)} by `initial`"] if others else []
    sites = found.sites if same else {}
    stated = [*scenario.model.membranes, *(name for name, v in scenario.model.vessels.items() if v.wall)]
    lost = [name for name in stated if f"sites/{name}/b" not in sites]
    notes += [f"start: integrity of {', '.join(lost)} as stated"] if lost else []
    return Beginning(densities, sites, found.levels, {**found.facts, "species": sorted(densities), "same_mesh": same}, tuple(notes))


def _read(scenario: Scenario, options: Start, dim: int) -> _Read:
    """Rank 0. Raises InvasioError."""
    run = opened(options.run, dim, "start")
    mesh = mesh_of(run, scenario, "start")
    scales = run.scenario.get("scales")
    there = taken(scenario, options, run)
    arrays: Mapping[str, Floats] = {}
    pools = [name for name in scenario.model.pools if name in ((run.scenario.get("model") or {}).get("pools") or {})]
    levels: dict[str, float] = {}
    time = None
    if options.at == "last":
        from mpi4py import MPI

        state = checkpoint.newest(Path(options.run) / CHECKPOINTS, MPI.COMM_SELF, lambda name: name.endswith(("/state", "/b")))
        if state is not None:
            arrays, time = state.state, float(state.scalars["time"])
            levels = {name: float(state.scalars[f"scalar/{name}"][0]) for name in pools}
    if time is None:
        step = step_of(options, run, scenario, "start")
        arrays, time = {f"{name}/state": run.field(name, step=step) for name in there}, float(run.times[step])
        levels = {name: float(run.series[f"{name}.level"][step]) for name in pools}
    levels = {name: level * ratio(scales, scenario.scales, name, "", "start") for name, level in levels.items()}
    digest = hashlib.sha256()
    values, kinds = {}, {name: kind_of(run.scenario, name) for name in there}
    for name in there:
        digest.update(np.ascontiguousarray(arrays[f"{name}/state"]).tobytes())
        values[name] = arrays[f"{name}/state"] * ratio(scales, scenario.scales, name, kinds[name], "start")
    hashes = facts_of(Path(options.run) / MANIFEST).get("hashes")
    earlier = hashes.get("scenario") if isinstance(hashes, dict) else None
    facts = {"run": options.run, "time": time, "scenario": earlier, "mesh": mesh.mesh_hash, "sha256": digest.hexdigest()}
    sites = {name: rows for name, rows in arrays.items() if name.startswith("sites/")}
    return _Read(mesh, values, kinds, sites, levels, facts)


def taken(scenario: Scenario, options: Start, run: Run) -> list[str]:
    """Names of the species that are taken from a run. Raises ScenarioError."""
    there = [name for name in species_names(scenario) if name in _species(run.scenario)]
    if options.species is not None:
        missing = [name for name in options.species if name not in there]
        if missing:
            what, remedy = f"that run has no species {missing[0]!r}", f"it has: {', '.join(_species(run.scenario))}"
            raise ScenarioError(what, code="no-species", place="start.species", remedy=remedy)
        there = options.species
    if not there:
        what, remedy = "that run has no species of this scenario", f"it has: {', '.join(_species(run.scenario))}"
        raise ScenarioError(what, code="no-species", place="start", remedy=remedy)
    return there


def _species(scenario: Mapping[str, Any]) -> list[str]:
    """Names of the species of a resolved scenario."""
    model = scenario.get("model") or {}
    moving = [*(model.get("cells") or {}), *(model.get("bound") or {}), *(model.get("solubles") or {})]
    return [*moving, *components(model.get("ecm")), *(scenario.get("species") or {})]
