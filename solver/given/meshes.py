"""An array of a mesh file on the mesh of now: values at points are linear between them, those of cells constant in each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.facets import signed_measures
from ...meshes.files.contents import DIMENSION, Block, Contents, Wanted
from ...meshes.files.reading import KNOWN, contents, simple
from ..errors import MeshError, ScenarioError
from ..parallel import agreed
from ..scenario.fields import MeshField
from .field import Given
from .runs import moved
from .transfer import Carrier

if TYPE_CHECKING:
    from ..discretise.operators import Operators

Floats = NDArray[np.float64]
Numbers = NDArray[np.generic]


@dataclass(frozen=True)
class Values:
    """An array of a file: a carrier whose cells have nodes of their own where the array stands on cells; where; provenance; notes."""

    carrier: Carrier
    on: str
    digest: str
    facts: dict[str, object]
    notes: tuple[str, ...]


def mesh_field(name: str, options: MeshField, operators: Operators) -> Given:
    """The array at the nodes. Collective; raises InvasioError on all ranks."""
    comm, place = operators.comm, f"fields.{name}"
    read: Any = None
    with agreed(comm):
        if comm.rank == 0:
            read = read_values(name, options, operators.domain.dim)
    found: Values = comm.bcast(read)
    keep = "means" if found.on == "cells" and options.keep == "values" else options.keep
    values, notes = moved(name, place, options, found.carrier, keep, operators)
    return Given(operators.graph.extended(values), found.digest, found.facts, (*found.notes, *notes))


def read_values(name: str, options: MeshField, dim: int | None) -> Values:
    """The array of a file, for a mesh of ``dim`` dimensions if that is known. Raises InvasioError."""
    path = Path(options.mesh)
    found = contents(path, "a mesh with values", KNOWN, Wanted(None if options.at == "last" else options.at))
    blocks, notes = simple(path, found)
    own = max((DIMENSION[b.shape] for b in blocks if len(b.nodes)), default=0)
    if not own:
        raise MeshError("the file holds no cells", code="no-cells", place=str(path), remedy="write the mesh and its values into one file")
    if dim is not None and own != dim:
        what = f"field {name!r}: the file's mesh has {own} dimensions, that of this scenario {dim}"
        raise ScenarioError(what, code="wrong-length", place=str(path), remedy="give a file of as many")
    blocks = [block for block in blocks if DIMENSION[block.shape] == own and len(block.nodes)]
    cells = np.concatenate([block.nodes for block in blocks])
    chosen, on, stored = _chosen(path, options, found, blocks)
    values = _one_number(path, options, chosen, stored)
    points = found.points[:, :own] * options.unit + _shift(name, options, path, own)
    whole = np.abs(signed_measures(points, cells))
    solid = whole > 1e-12 * float(np.ptp(points[cells].reshape(-1, own), axis=0).max()) ** own / len(cells)
    if not solid.any():
        what = f"the cells of the file have no {('length along x', 'area in x and y', 'volume')[own - 1]}"
        raise MeshError(what, code="flat-cells", place=str(path), remedy="turn the mesh into the plane z = const, or onto the x axis")
    cells = cells[solid]
    said = [*found.notes, *notes, *([f"{int((~solid).sum())} cells without volume left out"] if not solid.all() else [])]
    if on == "cells":
        values = np.repeat(values[solid], own + 1)
        points, cells = points[cells].reshape(-1, own), np.arange(cells.size, dtype=np.int64).reshape(-1, own + 1)
    if not np.isfinite(values[cells]).all() or not np.isfinite(points[cells]).all():
        what = f"array {chosen!r} holds numbers that are not finite, or points that are nowhere"
        raise MeshError(what, code="out-of-bounds", place=str(path), remedy="write finite numbers")
    used = values[cells]
    said.append(f"array {chosen} on {on}, {len(cells)} cells, values {used.min():.4g} to {used.max():.4g}")
    digest = hashlib.sha256(np.ascontiguousarray(points).tobytes() + cells.tobytes() + values.tobytes()).hexdigest()
    facts: dict[str, object] = {"file": options.mesh, "array": chosen, "on": on, "low": float(used.min()), "high": float(used.max())}
    region = np.full(len(cells), -1, dtype=np.int64)
    return Values(Carrier(points, cells, values, region), on, digest, facts, tuple(f"field {name}: {note}" for note in said))


def _chosen(path: Path, options: MeshField, found: Contents, blocks: list[Block]) -> tuple[str, str, Numbers]:
    """Name, place and numbers of the array: one for each point, or for each cell of all blocks."""
    on_cells = [name for name in blocks[0].arrays if all(name in block.arrays for block in blocks)]
    there = [("points", name) for name in found.point_arrays] + [("cells", name) for name in on_cells]
    fits = [(on, name) for on, name in there if options.array in (None, name) and options.on in (None, on)]
    if len(fits) != 1:
        listed = ", ".join(f"{name} on {on}" for on, name in there[:20]) or "none"
        if fits:
            what = "several arrays of the file fit" if options.array is None else f"array {options.array!r} is there on points and on cells"
            remedy = f"name one with {'`array`' if options.array is None else '`on`'}; there are: {listed}"
            raise ScenarioError(what, code="missing-option", place=str(path), remedy=remedy)
        what = "the file holds no arrays" if options.array is None else f"no array {options.array!r}"
        raise MeshError(what, code="no-array", place=str(path), remedy=f"there are: {listed}")
    on, name = fits[0]
    if on == "points":
        return name, on, found.point_arrays[name]
    return name, on, np.concatenate([block.arrays[name] for block in blocks])


def _one_number(path: Path, options: MeshField, name: str, values: Numbers) -> Floats:
    """One number for each place."""
    if values.dtype.kind not in "biuf":
        raise MeshError(f"array {name!r} holds no real numbers", code="not-a-number", place=str(path), remedy="write real numbers")
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    if table.shape[1] == 1 and options.component in (None, 0):
        return np.ascontiguousarray(table[:, 0])
    if options.component is None:
        what = f"array {name!r} has {table.shape[1]} numbers at each place"
        raise ScenarioError(what, code="missing-option", place=str(path), remedy="say which with `component`, from 0")
    if options.component >= table.shape[1]:
        what = f"array {name!r} has {table.shape[1]} number{'s' if table.shape[1] > 1 else ''} at each place (given {options.component})"
        raise ScenarioError(what, code="out-of-bounds", place=str(path), remedy=f"`component` is 0 to {table.shape[1] - 1}")
    return np.ascontiguousarray(table[:, options.component])


def _shift(name: str, options: MeshField, path: Path, dim: int) -> Floats:
    if options.shift is not None and len(options.shift) != dim:
        what = f"field {name!r}: `shift` has {len(options.shift)} numbers, the mesh {dim} dimensions"
        raise ScenarioError(what, code="wrong-length", place=str(path), remedy="give one for each dimension")
    return np.array(options.shift or [0.0] * dim)
