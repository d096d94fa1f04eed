"""A species of an earlier run on the mesh of now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..compat import cell_corners
from ..discretise.operators import Operators
from ..errors import MeshError, ScenarioError
from ..output.layout import FIELDS, MANIFEST
from ..output.records import facts_of
from ..parallel import Comm, agreed
from ..scenario.fields import RunField
from ..scenario.schema import Scenario
from .field import Given
from .scales import ratio
from .transfer import MOST, Carrier, Found, Locator, midpoints, sampled

Floats = NDArray[np.float64]
SAME = 1e-2  # by how much the volumes of meshes of one tissue may differ


class _Read(NamedTuple):
    """What rank 0 read: the mesh and the values, in this scenario's scales, when, what is kept, provenance."""

    carrier: Carrier
    mesh_hash: str
    keep: str
    digest: str
    facts: dict[str, object]


def run_field(name: str, options: RunField, operators: Operators, scenario: Scenario) -> Given:
    """A species of an earlier run. Collective; raises InvasioError on all ranks."""
    comm, grid, place = operators.comm, operators.grid, f"fields.{name}"
    read: Any = None
    with agreed(comm):
        if comm.rank == 0:
            read = _read(options, grid.dim, scenario, place)
    found: _Read = comm.bcast(read)
    notes: list[str] = []
    if found.mesh_hash == grid.mesh_hash:
        values = found.carrier.values[grid.nodes]
    else:
        values, notes = _moved(name, options, found, operators)
    return Given(operators.graph.extended(values), found.digest, found.facts, tuple(notes))


def _read(options: RunField, dim: int, scenario: Scenario, place: str) -> _Read:
    """Rank 0. Raises InvasioError."""
    import h5py

    from ...postprocess.run import open_run

    run = open_run(options.run)
    run.need_outputs()
    if run.dim != dim:
        what = f"the run's mesh has {run.dim} dimensions, that of this scenario {dim}"
        raise ScenarioError(what, code="wrong-length", place=place, remedy="name a run with as many")
    scales = run.scenario.get("scales")
    kind = _kind(run.scenario, options.of)
    length = ratio(scales, scenario.scales, "length", "", place)
    density = ratio(scales, scenario.scales, options.of, kind, place)
    step = len(run.times) - 1 if options.at == "last" else run.step(options.at / ratio(scales, scenario.scales, "time", "", place))
    values = run.field(options.of, step=step)
    with (run.path / FIELDS).open("rb") as stream, h5py.File(stream, "r") as h5:
        mesh_hash = str(h5["provenance"].attrs["mesh_hash"])
    digest = hashlib.sha256(mesh_hash.encode() + np.ascontiguousarray(values).tobytes()).hexdigest()
    facts: dict[str, object] = {"run": str(run.path), "of": options.of, "time": float(run.times[step]), "mesh": mesh_hash}
    hashes = facts_of(Path(run.path) / MANIFEST).get("hashes")
    facts["scenario"] = hashes.get("scenario") if isinstance(hashes, dict) else None
    keep = options.keep or ("amount" if kind in ("cells", "soluble") else "values")
    carrier = Carrier(run.points * length, run.cells, values * density)
    return _Read(carrier, mesh_hash if length == 1.0 else "", keep, digest, {**facts, "keep": keep})


def _kind(scenario: dict[str, Any], species: str) -> str:
    model = scenario.get("model") or {}
    groups = {"cells": model.get("cells"), "soluble": model.get("solubles"), "ecm": {"ecm": 0} if model.get("ecm") else {}}
    return next((kind for kind, group in groups.items() if species in (group or {})), "user")


def _moved(name: str, options: RunField, read: _Read, operators: Operators) -> tuple[Floats, list[str]]:
    """The values (n_owned) on another mesh, and what is to be said. Collective."""
    comm, graph, domain = operators.comm, operators.graph, operators.domain
    carrier = read.carrier
    corners = cell_corners(domain.mesh)[: len(operators.grid.cells)].astype(np.int64)
    vertices: Floats = np.asarray(domain.mesh.geometry.x, dtype=np.float64)[corners, : domain.dim].reshape(-1, domain.dim + 1, domain.dim)
    low, high = vertices.min(axis=(0, 1), initial=np.inf), vertices.max(axis=(0, 1), initial=-np.inf)
    locator = Locator(carrier.near(low, high) if len(vertices) else Carrier(carrier.points, carrier.cells[:0], carrier.values))
    sizes = np.abs(np.linalg.det(vertices[:, 1:] - vertices[:, :1])) if len(vertices) else np.empty(0)
    amounts = read.keep == "amount"
    if amounts:
        parts = _parts(comm, sizes ** (1.0 / domain.dim), carrier)
        points, share = midpoints(vertices, parts)
        found = locator.find(points)
        _refuse_outside(comm, name, options, points, found)
        values = sampled(locator.carrier, found, options.outside == "zero").reshape(len(vertices), len(share))
        weight = sizes / (1.0, 1.0, 2.0, 6.0)[domain.dim] / len(share)
        total = operators.forms.gathered(weight[:, None] * (values @ share))
        at_nodes = total / graph.mass[: graph.n_owned]
        return _scaled(name, carrier, at_nodes, operators, options.outside)
    return _at_nodes(name, options, vertices, corners, locator, operators), []


def _parts(comm: Comm, sizes: Floats, carrier: Carrier) -> int:
    """Into how many parts along an edge new cells are divided, so that these are no larger than typical old cells."""
    new = comm.allreduce(float(sizes.max(initial=0.0)), MPI.MAX)
    old = float(np.quantile(carrier.sizes, 0.1))
    return int(np.clip(np.ceil(new / old * (1.0 - 1e-6)), 2, MOST))


def _scaled(name: str, carrier: Carrier, values: Floats, operators: Operators, outside: str) -> tuple[Floats, list[str]]:
    """The values with the amount of before, where both meshes are of one tissue."""
    graph = operators.graph
    mass = graph.mass[: graph.n_owned]
    volume, amount = graph.sum(mass, mass * values)
    if abs(volume - carrier.volume) > SAME * carrier.volume:
        if outside == "refused":
            raise ScenarioError(
                f"an amount cannot be kept: this mesh has the volume {volume:.6g}, that of the run {carrier.volume:.6g}",
                code="wrong-amount",
                place=f"fields.{name}",
                remedy="state `keep: values`, or `outside: zero` to take what lies in both",
            )
        return values, [f"field {name}: {amount:.6g} of {carrier.amount:.6g} lie in this mesh, which has another volume"]
    factor = carrier.amount / amount if amount > 0.0 else 1.0
    return values * factor, [f"field {name}: amount {carrier.amount:.6g} kept, by a factor of {factor:.9g} at all nodes"]


def _at_nodes(name: str, options: RunField, vertices: Floats, corners: NDArray[np.int64], locator: Locator, operators: Operators) -> Floats:
    """Values (n_owned) at the nodes, each sought just inside the lowest of the cells around it, of all ranks. Collective."""
    numbers = operators.grid.cells
    k = operators.domain.dim + 1
    centres = vertices.mean(axis=1)
    points = (vertices + 1e-6 * (centres[:, None] - vertices)).reshape(-1, operators.domain.dim)
    found = locator.find(points)
    _refuse_outside(operators.comm, name, options, points, found)
    found = locator.shifted(found, vertices.reshape(points.shape))
    values = sampled(locator.carrier, found, options.outside == "zero")
    canonical = np.asarray(operators.domain.mesh.geometry.input_global_indices, dtype=np.int64)[corners].ravel()
    order = np.lexsort((np.repeat(numbers, k), canonical))
    node, first = np.unique(canonical[order], return_index=True)
    chosen = order[first]
    parts = operators.comm.allgather((node, np.repeat(numbers, k)[chosen], values[chosen]))
    node, cell, value = (np.concatenate([part[n] for part in parts]) for n in range(3))
    order = np.lexsort((cell, node))
    unique, first = np.unique(node[order], return_index=True)
    return np.asarray(value[order][first][np.searchsorted(unique, operators.grid.nodes)])


def _refuse_outside(comm: Comm, name: str, options: RunField, points: Floats, found: Found) -> None:
    """Raise MeshError, on all ranks, where that run had no tissue and that is not allowed."""
    with agreed(comm):
        if options.outside == "refused" and found.beyond.any():
            at = ", ".join(f"{x:.6g}" for x in points[np.argmax(found.beyond)])
            raise MeshError(
                f"({at}) lies outside the tissue of the run {options.run}",
                code="outside-tissue",
                place=f"fields.{name}",
                remedy="state `outside: zero` or `outside: nearest`, or make the mesh fit",
            )
