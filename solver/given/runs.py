"""A species of an earlier run on the mesh of now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...postprocess.run import Run, open_run
from ..errors import MeshError, ScenarioError
from ..output.layout import MANIFEST, Grid
from ..output.records import facts_of
from ..parallel import Comm, agreed
from ..scenario.ecm import components
from ..scenario.fields import RunField
from ..scenario.schema import Scenario
from .field import Given, lowest
from .regional import SAME, Parts, kept, parts_of
from .scales import ratio
from .transfer import MOST, Carrier, Found, Locator, midpoints, sampled

if TYPE_CHECKING:
    from ..discretise.operators import Operators

Floats = NDArray[np.float64]
AMOUNTS = ("cells", "bound", "soluble")  # kinds of species of which the amount is kept on another mesh


@dataclass(frozen=True)
class Then:
    """The mesh of an earlier run, in this scenario's length."""

    points: Floats
    cells: NDArray[np.int64]
    mesh_hash: str
    scaled: bool  # whether the unit of length is another
    region: NDArray[np.int64]  # (M,) indices into regions
    regions: tuple[str, ...]

    def carrier(self, values: Floats, regions: tuple[str, ...]) -> Carrier:
        """It with values, for a mesh with these regions."""
        number = np.array([regions.index(name) if name in regions else -1 for name in self.regions], dtype=np.int64)
        return Carrier(self.points, self.cells, values, number[self.region])


class Read(NamedTuple):
    """What rank 0 read: the mesh and the values, in this scenario's scales, what is kept, provenance."""

    mesh: Then
    values: Floats
    keep: str
    digest: str
    facts: dict[str, object]


class At(Protocol):
    """Options that say which time of a run."""

    @property
    def at(self) -> float | Literal["last"]:
        """A time in this scenario's scale."""


class Outside(Protocol):
    """Options that say what is taken, and what holds where that has no tissue."""

    @property
    def tissue(self) -> str:
        """What has the values, for people."""

    @property
    def outside(self) -> str:
        """refused, zero or nearest."""


def run_field(name: str, options: RunField, operators: Operators, scenario: Scenario) -> Given:
    """A species of an earlier run. Collective; raises InvasioError on all ranks."""
    comm, grid, place = operators.comm, operators.grid, f"fields.{name}"
    read: Any = None
    with agreed(comm):
        if comm.rank == 0:
            read = read_run(options, grid.dim, scenario, place)
    found: Read = comm.bcast(read)
    notes: list[str] = []
    if on_same_mesh(found.mesh, grid):
        values = found.values[grid.nodes]
    else:
        carrier = found.mesh.carrier(found.values, grid.regions)
        values, notes = moved(name, place, options, carrier, found.keep, operators)
    return Given(operators.graph.extended(values), found.digest, found.facts, tuple(notes))


def opened(folder: str, dim: int | None, place: str) -> Run:
    """An earlier run with an output, of as many dimensions if these are known. Raises InvasioError."""
    run = open_run(folder)
    run.need_outputs()
    if dim is not None and run.dim != dim:
        what = f"the run's mesh has {run.dim} dimensions, that of this scenario {dim}"
        raise ScenarioError(what, code="wrong-length", place=place, remedy="name a run with as many")
    return run


def mesh_of(run: Run, scenario: Scenario, place: str) -> Then:
    """The mesh of an earlier run. Raises InvasioError."""
    length = ratio(run.scenario.get("scales"), scenario.scales, "length", "", place)
    return Then(run.points * length, run.cells, run.mesh_hash, length != 1.0, run.cell_region.astype(np.int64), run.regions)


def on_same_mesh(then: Then, grid: Grid) -> bool:
    """Whether the nodes are the same, and numbered alike."""
    return then.mesh_hash == grid.mesh_hash and not then.scaled and len(then.points) == grid.n_nodes


def read_run(options: RunField, dim: int | None, scenario: Scenario, place: str) -> Read:
    """The mesh and the values, on one rank; dim: dimensions of this mesh, None where they are not known. Raises InvasioError."""
    run = opened(options.run, dim, place)
    scales, kind = run.scenario.get("scales"), kind_of(run.scenario, options.of)
    mesh = mesh_of(run, scenario, place)
    density = ratio(scales, scenario.scales, options.of, kind, place)
    step = step_of(options, run, scenario, place)
    values = run.field(options.of, step=step)
    digest = hashlib.sha256(mesh.mesh_hash.encode() + np.ascontiguousarray(values).tobytes()).hexdigest()
    facts: dict[str, object] = {"run": str(run.path), "of": options.of, "time": float(run.times[step]), "mesh": mesh.mesh_hash}
    hashes = facts_of(Path(run.path) / MANIFEST).get("hashes")
    facts["scenario"] = hashes.get("scenario") if isinstance(hashes, dict) else None
    keep = options.keep or ("amount" if kind in AMOUNTS else "values")
    return Read(mesh, values * density, keep, digest, {**facts, "keep": keep})


def step_of(options: At, run: Run, scenario: Scenario, place: str) -> int:
    """The number of the output of a run that is taken. Raises InvasioError."""
    if options.at == "last":
        return len(run.times) - 1
    return run.step(options.at / ratio(run.scenario.get("scales"), scenario.scales, "time", "", place))


def kind_of(scenario: Mapping[str, Any], species: str) -> str:
    """Of a species in a resolved scenario: cells, bound, soluble, ecm or user."""
    model = scenario.get("model") or {}
    groups = {
        "cells": model.get("cells"),
        "bound": model.get("bound"),
        "soluble": model.get("solubles"),
        "ecm": components(model.get("ecm")),
    }
    return next((kind for kind, group in groups.items() if species in (group or {})), "user")


def moved(name: str, place: str, options: Outside, carrier: Carrier, keep: str, operators: Operators) -> tuple[Floats, list[str]]:
    """The values (n_owned) on another mesh, and what is to be said. Collective; raises InvasioError on all ranks.

    keep: values at nodes, means around them, or the amount.
    """
    from mpi4py import MPI

    comm, graph, domain = operators.comm, operators.graph, operators.domain
    vertices = domain.mesh.vertices()
    low, high = vertices.min(axis=(0, 1), initial=np.inf), vertices.max(axis=(0, 1), initial=-np.inf)
    if not len(vertices):
        near = Carrier(carrier.points, carrier.cells[:0], carrier.values, carrier.region[:0])
    else:
        near = carrier if options.outside == "nearest" else carrier.near(low, high)
    locator, parts = Locator(near), parts_of(carrier, operators)
    if keep == "values":
        return _at_nodes(place, options, vertices, locator, operators, parts.alike), []
    sizes = np.abs(np.linalg.det(vertices[:, 1:] - vertices[:, :1])) if len(vertices) else np.empty(0)
    new = comm.allreduce(float(sizes.max(initial=0.0)), MPI.MAX) ** (1.0 / domain.dim)
    points, share = midpoints(vertices, parts_for(new, carrier))
    region = np.repeat(operators.grid.cell_region.astype(np.int64), len(share))
    found = locator.find_within(points, region, parts.alike)
    _refuse_outside(comm, place, options, points, found)
    values = sampled(locator.carrier, found, options.outside == "zero").reshape(len(vertices), len(share))
    weight = sizes / (1.0, 1.0, 2.0, 6.0)[domain.dim] / len(share)
    at_nodes = operators.forms.gathered(weight[:, None] * (values @ share)) / graph.mass[: graph.n_owned]
    if keep == "means":
        return at_nodes, []
    return _scaled(name, place, carrier, at_nodes, operators, options, parts)


def parts_for(size: float, carrier: Carrier) -> int:
    """Into how many parts along an edge new cells, the largest of this size, are divided, so that these are no larger than old ones."""
    old = float(np.quantile(carrier.sizes, 0.1))
    return int(np.clip(np.ceil(size / old * (1.0 - 1e-6)), 2, MOST))


def _scaled(
    name: str, place: str, carrier: Carrier, values: Floats, operators: Operators, options: Outside, parts: Parts
) -> tuple[Floats, list[str]]:
    """The values with the amounts of before, by region, where both meshes are of one tissue."""
    graph = operators.graph
    mass = graph.mass[: graph.n_owned]
    volume, amount = graph.sum(mass, mass * values)
    refuse_volume(place, options, volume, carrier.volume)
    if abs(volume - carrier.volume) > SAME * carrier.volume:
        return values, [f"field {name}: {amount:.6g} of {carrier.amount:.6g} lie in this mesh, which has another volume"]
    notes = [f"field {name}: {note}" for note in parts.notes]
    if len(parts.names) > 1:
        done = kept(parts, values, graph)
        if done is not None:
            each = ", ".join(f"{n} {a:.6g} (times {f:.6g})" for n, a, f in zip(parts.names, parts.amounts, done[1], strict=True))
            return done[0], [*notes, f"field {name}: amount {carrier.amount:.6g} kept, by region: {each}"]
        notes.append(f"field {name}: amounts by region cannot be kept on this mesh, or with negative values; only that of the whole is")
    factor = carrier.amount / amount if amount > 0.0 else 1.0
    return values * factor, [*notes, f"field {name}: amount {carrier.amount:.6g} kept, by a factor of {factor:.9g} at all nodes"]


def _at_nodes(
    place: str,
    options: Outside,
    vertices: Floats,
    locator: Locator,
    operators: Operators,
    alike: tuple[int, ...],
) -> Floats:
    """Values (n_owned) at the nodes, each sought just inside the lowest of the cells around it, of all ranks. Collective."""
    k, dim = operators.domain.dim + 1, operators.domain.dim
    canonical = operators.grid.connectivity.ravel()
    numbers = np.repeat(operators.grid.cells, k)
    order = np.lexsort((numbers, canonical))
    node, lowest = np.unique(canonical[order], return_index=True)
    chosen = order[lowest]
    points = vertices.reshape(-1, dim)[chosen]
    inside = points + 1e-6 * (vertices.mean(axis=1)[chosen // k] - points)
    found = locator.find_within(inside, operators.grid.cell_region.astype(np.int64)[chosen // k], alike)
    _refuse_outside(operators.comm, place, options, points, found)
    values = sampled(locator.carrier, locator.shifted(found, points), options.outside == "zero")
    parts = operators.comm.allgather((node, numbers[chosen], values))
    node, cell, value = (np.concatenate([part[n] for part in parts]) for n in range(3))
    order = np.lexsort((cell, node))
    unique, first = np.unique(node[order], return_index=True)
    return np.asarray(value[order][first][np.searchsorted(unique, operators.grid.nodes)])


def _refuse_outside(comm: Comm, place: str, options: Outside, points: Floats, found: Found) -> None:
    """Raise MeshError, on all ranks, where that run had no tissue and that is not allowed."""
    with agreed(comm):
        refuse_beyond(place, options, points, found)


def refuse_beyond(place: str, options: Outside, points: Floats, found: Found) -> None:
    """Raise MeshError where points were found beyond the tissue and that is not allowed."""
    if options.outside == "refused" and found.beyond.any():
        raise MeshError(
            f"({lowest(points[found.beyond])}) lies outside the tissue of {options.tissue}",
            code="outside-tissue",
            place=place,
            remedy="state `outside: zero` or `outside: nearest`, or make the mesh fit",
        )


def refuse_volume(place: str, options: Outside, volume: float, before: float) -> None:
    """Raise ScenarioError where an amount is to be kept on a mesh of another volume and that is not allowed."""
    if options.outside == "refused" and abs(volume - before) > SAME * before:
        raise ScenarioError(
            f"an amount cannot be kept: this mesh has the volume {volume:.6g}, that of {options.tissue} {before:.6g}",
            code="wrong-amount",
            place=place,
            remedy="state `outside: zero` to take what lies in both, or for a field `keep: values`",
        )
