"""What given fields and the state that a run starts from say before the run: files are opened, and what `run` refuses is refused.

No mesh is made: on lattices their nodes are known, on others nothing is said of what lies outside. Nothing here needs MPI.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...meshes.facets import signed_measures
from ...meshes.structured import axes, inside, structured
from ..scenario.fields import CellsField, ImageField, MeshField, RegionField, RunField
from ..scenario.mesh import BallMesh, BoxMesh, DiscMesh, FileMesh, IntervalMesh, RectangleMesh, mesh_dimension
from ..scenario.schema import Scenario
from ..scenario.start import Start
from . import pictures, runs
from .meshes import read_values
from .positions import Positions, read_positions, refuse_outside
from .regions import refuse_unknown
from .scales import one_cell, ratio
from .start import taken
from .transfer import Carrier, Locator, midpoints

Floats = NDArray[np.float64]
MOST_NODES, MOST_POINTS = 200_000, 1_000_000  # of the mesh, and in it: beyond, nothing is said of what lies outside
MOST_BYTES = 30_000_000  # of a file of values: beyond, it is only opened
_SLACK = 1e-9


def check_given(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Lines for people, each with its heading. Raises InvasioError as a run would."""
    mesh = scenario.mesh
    dim = mesh_dimension(mesh.kind, getattr(mesh, "image", ""), getattr(mesh, "pixel", None))
    nodes = _nodes(scenario)
    for name, options in scenario.fields.items():
        yield "field", f"{name}: {_checked(name, options, scenario, dim, nodes)}"
    if scenario.start is not None:
        yield "start", _begun(scenario, scenario.start, dim, nodes)


def _begun(scenario: Scenario, options: Start, dim: int | None, nodes: Floats | None) -> str:
    place = "start"
    run = runs.opened(options.run, dim, place)
    then = runs.mesh_of(run, scenario, place)
    there = taken(scenario, options, run)
    runs.step_of(options, run, scenario, place)
    kinds = {name: runs.kind_of(run.scenario, name) for name in there}
    for name, kind in kinds.items():
        ratio(run.scenario.get("scales"), scenario.scales, name, kind, place)
    if _small(Path(run.path) / run.table):
        amounts = any(kind in runs.AMOUNTS for kind in kinds.values())
        _fits(place, options, then.carrier(np.zeros(len(then.points)), ()), scenario, nodes, amounts)
    return f"{options.words} (it has {len(run.times)} outputs)"


def _checked(name: str, options: object, scenario: Scenario, dim: int | None, nodes: Floats | None) -> str:
    place = f"fields.{name}"
    if isinstance(options, CellsField):
        if dim is None:
            return options.words
        table = read_positions(options, dim, scenario)
        one_cell(scenario.scales, dim, place)
        refuse_outside(options, table, _outside(scenario, table))
        ends = zip("xyz", table.points.min(axis=0), table.points.max(axis=0), strict=False)
        return f"{len(table.points)} cells, " + ", ".join(f"{axis} {low:.6g} to {high:.6g}" for axis, low, high in ends)
    if isinstance(options, RunField):
        found = runs.opened(options.run, dim, place)
        found.field(options.of, step=0)
        runs.step_of(options, found, scenario, place)
        ratio(found.scenario.get("scales"), scenario.scales, options.of, runs.kind_of(found.scenario, options.of), place)
        if _small(Path(found.path) / found.table):
            read = runs.read_run(options, dim, scenario, place)
            _fits(place, options, read.mesh.carrier(read.values, ()), scenario, nodes, read.keep == "amount")
        return options.words
    if isinstance(options, MeshField):
        if _small(Path(options.mesh)):
            values = read_values(name, options, dim)
            _fits(place, options, values.carrier, scenario, nodes, options.keep == "amount")
        return options.words
    if isinstance(options, ImageField):
        if not options.image.startswith("skimage:") and _small(Path(options.image)):
            *_, corner, extent, _, _, low, high = pictures.prepared(name, options, dim, 0.0)
            if nodes is not None:
                pictures.refuse_beyond(options, nodes, corner, extent)
            return f"{options.words}, {low:.4g} to {high:.4g}"
        return options.words
    if isinstance(options, RegionField) and not isinstance(scenario.mesh, FileMesh):
        refuse_unknown(name, options, scenario.mesh.region_names())
    return getattr(options, "words", "")


def _small(path: Path) -> bool:
    return path.stat().st_size <= MOST_BYTES


def _fits(place: str, options: runs.Outside, carrier: Carrier, scenario: Scenario, nodes: Floats | None, amounts: bool) -> None:
    """Refuse nodes beyond the tissue of what is taken, and amounts on a mesh of another volume."""
    if nodes is None or options.outside != "refused":
        return
    if not amounts:
        runs.refuse_beyond(place, options, nodes, Locator(carrier).find(nodes))
    elif not _lumens(scenario):
        data = structured(scenario.mesh)  # type: ignore[arg-type]
        size = np.abs(signed_measures(data.points, data.cells)).max() * (1.0, 1.0, 2.0, 6.0)[data.points.shape[1]]
        parts = runs.parts_for(float(size) ** (1.0 / data.points.shape[1]), carrier)
        if len(data.cells) * parts ** data.points.shape[1] <= MOST_POINTS:
            points, _ = midpoints(data.points[data.cells], parts)
            runs.refuse_beyond(place, options, points, Locator(carrier).find(points))
        lower, upper = _ends(scenario.mesh)
        runs.refuse_volume(place, options, prod(b - a for a, b in zip(lower, upper, strict=True)), carrier.volume)


def _lumens(scenario: Scenario) -> list[str]:
    """Regions that are cut out of the mesh."""
    return [name for v in scenario.model.vessels.values() if v.at.kind == "region" for name in v.at.names]


def _ends(mesh: object) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Corners of an interval, rectangle or box."""
    if isinstance(mesh, IntervalMesh):
        return (mesh.from_,), (mesh.to,)
    assert isinstance(mesh, (RectangleMesh, BoxMesh))
    return mesh.from_, mesh.to


def _nodes(scenario: Scenario) -> Floats | None:
    """Nodes (n, dim) of a lattice, but for those in what is cut out; None of other meshes, and of very large ones."""
    mesh = scenario.mesh
    if not isinstance(mesh, (IntervalMesh, RectangleMesh, BoxMesh)) or not getattr(mesh, "structured", True):
        return None
    ends = axes(mesh, MOST_NODES)
    if ends is None:
        return None
    points = np.stack([grid.ravel() for grid in np.meshgrid(*ends[::-1], indexing="ij")][::-1], axis=1)
    for name in _lumens(scenario):
        shape = mesh.regions.get(name)
        points = points if shape is None else points[~inside(shape, points)]
    return points if len(points) else None


def _outside(scenario: Scenario, table: Positions) -> NDArray[np.bool_]:
    """Which positions lie outside a generated mesh for sure."""
    mesh = scenario.mesh
    if isinstance(mesh, (IntervalMesh, RectangleMesh, BoxMesh)):
        lower, upper = (np.array(end) for end in _ends(mesh))
        slack = _SLACK * (upper - lower)
        return np.asarray(((table.points < lower - slack) | (table.points > upper + slack)).any(axis=1))
    if isinstance(mesh, (DiscMesh, BallMesh)):
        away = np.linalg.norm(table.points - np.array(mesh.centre), axis=1)
        return np.asarray(away > mesh.radius * (1.0 + _SLACK))
    return np.zeros(len(table.points), dtype=bool)
