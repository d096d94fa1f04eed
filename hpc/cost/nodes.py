"""How many nodes a mesh will have, from its options or from the head of its file; the mesh is not made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invasio.solver.errors import MeshError
from invasio.solver.scenario.mesh import (
    BallMesh,
    BallShape,
    BoxMesh,
    DiscMesh,
    DiscShape,
    FileMesh,
    ImageMesh,
    IntervalMesh,
    IntervalShape,
    MeshOptions,
    RectangleMesh,
    TubesShape,
)

# Nodes times h^dim over the measure of an unstructured mesh: a regular triangle has 2/sqrt(3); gmsh's tetrahedra were measured.
_DENSITY = {1: 1.0, 2: 1.155, 3: 1.4}
_LEAST = {1: 1.0, 2: 0.75, 3: 0.6}  # of that; balls of few cells have least
_HEAD = 4_000_000  # characters of a file that are searched for its head


@dataclass(frozen=True)
class MeshSize:
    """Nodes between ``low`` and ``high``, in ``dim`` dimensions, and how that is known."""

    low: int
    high: int
    dim: int
    how: str


def mesh_size(mesh: MeshOptions) -> MeshSize:
    """The size of the mesh; raises MeshError for a file or picture that cannot be read."""
    if isinstance(mesh, IntervalMesh):
        return _lattice(mesh, (mesh.from_,), (mesh.to,))
    if isinstance(mesh, (RectangleMesh, BoxMesh)):
        if mesh.structured:
            return _lattice(mesh, mesh.from_, mesh.to)
        extent = math.prod(b - a for a, b in zip(mesh.from_, mesh.to, strict=True))
        return _unstructured(extent, float(mesh.size or 1.0), len(mesh.from_), mesh.regions)
    if isinstance(mesh, DiscMesh):
        return _unstructured(math.pi * mesh.radius**2, mesh.size, 2, mesh.regions)
    if isinstance(mesh, BallMesh):
        return _unstructured(4.0 / 3.0 * math.pi * mesh.radius**3, mesh.size, 3, mesh.regions)
    return _file(mesh) if isinstance(mesh, FileMesh) else _image(mesh)


def _lattice(mesh: IntervalMesh | RectangleMesh | BoxMesh, lower: tuple[float, ...], upper: tuple[float, ...]) -> MeshSize:
    if mesh.cells is not None:
        counts: tuple[int, ...] = mesh.cells if isinstance(mesh.cells, tuple) else (mesh.cells,)
    else:  # as meshes/structured.py rounds
        counts = tuple(max(1, math.ceil((b - a) / float(mesh.size or 1) - 1e-9)) for a, b in zip(lower, upper, strict=True))
    nodes = math.prod(n + 1 for n in counts)
    nodes += math.prod(counts) if getattr(mesh, "diagonal", "") == "crossed" else 0
    return MeshSize(nodes, nodes, len(counts), f"lattice of {' x '.join(map(str, counts))}")


def _unstructured(extent: float, size: float, dim: int, regions: Mapping[str, Any]) -> MeshSize:
    """Regions with a size of their own are as fine as they say; between the sizes the mesh is graded, so that it is larger."""
    finer = [shape for shape in regions.values() if shape.size]
    shares = [(min(_measure(shape), extent), float(shape.size)) for shape in finer]
    rest = max(0.0, extent - sum(part for part, _ in shares))
    nodes = _DENSITY[dim] * sum(part / h**dim for part, h in [*shares, (rest, size)])
    how = f"measure {extent:.4g} at cell size {size:g}" + (f", finer in {len(finer)} regions" if finer else "")
    return MeshSize(max(dim + 1, int(_LEAST[dim] * nodes)), math.ceil((2.5 if finer else 1.4) * nodes) + 20, dim, how)


def _measure(shape: Any) -> float:
    """Length, area or volume of a shape."""
    if isinstance(shape, IntervalShape):
        return shape.to - shape.from_
    if isinstance(shape, DiscShape):
        return math.pi * shape.radius**2
    if isinstance(shape, BallShape):
        return 4.0 / 3.0 * math.pi * shape.radius**3
    if isinstance(shape, TubesShape):  # at most: where they meet, it counts twice
        return sum(math.pi * t.radius**2 * (math.dist(t.from_, t.to) + 4.0 / 3.0 * t.radius) for t in shape.tubes)
    return math.prod(b - a for a, b in zip(shape.from_, shape.to, strict=True))


def _file(mesh: FileMesh) -> MeshSize:
    path = Path(mesh.path)
    if path.suffix == ".h5":
        from invasio.meshes.hdf5 import head as converted

        nodes, dim = converted(path)
        return MeshSize(nodes, nodes, dim, f"head of {path.name}")
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD).decode("latin-1")
    except OSError as error:
        raise MeshError(
            f"cannot be read: {error.strerror}", code="unreadable-file", place=str(path), remedy="check its permissions"
        ) from error
    found = _gmsh(head) if path.suffix == ".msh" else _vtu(head) if path.suffix == ".vtu" else None
    if found:
        return MeshSize(found[0], found[0], found[1], f"head of {path.name}")
    from invasio.meshes.importer import import_mesh

    data = import_mesh(mesh)
    return MeshSize(len(data.points), len(data.points), data.points.shape[1], f"{path.name}, read")


def _gmsh(head: str) -> tuple[int, int] | None:
    """Nodes and dimension of a .msh file of version 4.1 or 2.2 in text."""
    nodes = re.search(r"\$Nodes\s+(\d+)(?: +(\d+) +\d+ +\d+)?\s", head)
    names = re.search(r"\$PhysicalNames\s+\d+\s(.*?)\$End", head, re.DOTALL)
    if not nodes or not names:
        return None
    dims = [int(line.split()[0]) for line in names[1].splitlines() if line.strip()]
    return int(nodes[2] or nodes[1]), max(dims)


def _vtu(head: str) -> tuple[int, int] | None:
    """Nodes and dimension of a .vtu file whose points are text; the dimension from the extent along z."""
    count = re.search(r'NumberOfPoints="\s*(\d+)"', head)
    points = re.search(r"<Points>.*?<DataArray[^>]*format=\"ascii\"[^>]*>(.*?)</DataArray>", head, re.DOTALL | re.IGNORECASE)
    if not count or not points:
        return None
    numbers = points[1].split()
    heights = {float(z) for z in numbers[2::3]}
    return int(count[1]), 3 if len(heights) > 1 else 2


def _image(mesh: ImageMesh) -> MeshSize:
    from invasio.meshes.image.picture import load, spacing

    picture = load(mesh)
    flat = not picture.volume
    dim = 2 if flat else 3
    counts = picture.values.shape[1::-1] if flat else picture.values.shape[::-1]
    edges = [e * s for e, s in zip(spacing(mesh, picture)[0], picture.scale, strict=True)]
    extent = math.prod(n * e for n, e in zip(counts, edges, strict=True))
    sizes = [mesh.size or (4.0 if flat else 1.0) * min(edges), *(c.size for c in mesh.regions.values() if c.size)]
    outlines = min(*sizes, 4.0 * min(edges)) if flat else min(sizes)  # which follow the picture whatever the size inside
    high = 1.6 * _DENSITY[dim] * extent / outlines**dim
    low = 0.25 * _DENSITY[dim] * extent / max(sizes) ** dim  # much may be cut out
    return MeshSize(int(low), math.ceil(high), dim, f"picture of {' x '.join(map(str, counts))} at cell size {min(sizes):g}; holes unknown")
