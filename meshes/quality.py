"""Quality and contents of a mesh: measures, angles, radius ratios, negative stiffness weights, components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .distribute import mesh_hash
from .domain import MeshData
from .facets import Ints, cell_facets, facet_measures, signed_measures

Floats = NDArray[np.float64]
_MEASURE = {1: "length", 2: "area", 3: "volume"}
_PLURAL = ("lengths", "areas", "volumes")


@dataclass(frozen=True)
class Part:
    """A named part: number of cells or facets, length, area or volume, and connected components (regions only)."""

    count: int
    measure: float
    components: int = 0


@dataclass(frozen=True)
class Quality:
    """What `invasio mesh info` prints; angles in degrees, radius ratio 1 for a regular simplex and 0 for a flat one."""

    dim: int
    nodes: int
    cells: int
    bounds: tuple[tuple[float, float], ...]
    regions: Mapping[str, Part]
    boundaries: Mapping[str, Part]
    interfaces: Mapping[str, Part]
    components: int
    shortest_edge: float
    longest_edge: float
    min_angle: float
    max_angle: float
    min_radius_ratio: float
    mean_radius_ratio: float
    slivers: int  # cells with a radius ratio below 0.1
    negative_weights: float
    hash: str
    source: str
    notes: tuple[str, ...]


def quality(data: MeshData) -> Quality:
    """Measure a whole mesh held by this rank."""
    dim = data.points.shape[1]
    sizes = signed_measures(data.points, data.cells)
    edges, weights = edge_weights(data)
    lengths = np.linalg.norm(data.points[edges[:, 0]] - data.points[edges[:, 1]], axis=1)
    angles = cell_angles(data.points, data.cells)
    ratio = radius_ratios(data.points, data.cells)
    regions = {}
    for index, name in enumerate(data.regions):
        chosen = data.cell_region == index
        regions[name] = Part(int(chosen.sum()), float(sizes[chosen].sum()), components(data.cells[chosen]))
    # Rounding makes right angles weigh about 1e-17 either way: only what counts is called negative.
    threshold = 1e-9 * np.abs(weights).max()
    return Quality(
        dim=dim,
        nodes=len(data.points),
        cells=len(data.cells),
        bounds=tuple((float(a), float(b)) for a, b in zip(data.points.min(axis=0), data.points.max(axis=0), strict=True)),
        regions=regions,
        boundaries={name: Part(len(f), float(facet_measures(data.points, f).sum())) for name, f in data.boundaries.items()},
        interfaces={name: Part(len(f), float(facet_measures(data.points, f).sum())) for name, f in data.interfaces.items()},
        components=components(data.cells),
        shortest_edge=float(lengths.min()),
        longest_edge=float(lengths.max()),
        min_angle=float(angles.min()),
        max_angle=float(angles.max()),
        min_radius_ratio=float(ratio.min()),
        mean_radius_ratio=float(ratio.mean()),
        slivers=int((ratio < 0.1).sum()),
        negative_weights=float(np.mean(weights < -threshold)),
        hash=mesh_hash(data),
        source=data.source,
        notes=data.notes,
    )


def gradients(points: Floats, cells: Ints) -> tuple[Floats, Floats]:
    """Gradients of the barycentric functions (M, dim+1, dim) and measures (M,) of all cells."""
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    inverse = np.linalg.inv(edges)  # column k is the gradient of function k+1
    rest = np.swapaxes(inverse, 1, 2)
    return np.concatenate([-rest.sum(axis=1, keepdims=True), rest], axis=1), np.abs(signed_measures(points, cells))


def edge_weights(data: MeshData) -> tuple[Ints, Floats]:
    """Every edge once (E, 2) and its stiffness weight K_ij = -int grad phi_i . grad phi_j (E,)."""
    slopes, sizes = gradients(data.points, data.cells)
    corners = data.cells.shape[1]
    pairs = [(i, j) for i in range(corners) for j in range(i + 1, corners)]
    ends = np.concatenate([np.sort(data.cells[:, pair], axis=1) for pair in pairs])
    values = np.concatenate([-sizes * np.einsum("mi,mi->m", slopes[:, i], slopes[:, j]) for i, j in pairs])
    n = len(data.points)
    key, index = np.unique(ends[:, 0] * n + ends[:, 1], return_inverse=True)
    return np.stack([key // n, key % n], axis=1).astype(np.int64), np.bincount(index, values).astype(np.float64)


def cell_angles(points: Floats, cells: Ints) -> Floats:
    """All angles of triangles, or all dihedral angles of tetrahedra, in degrees; 90 for intervals, which have none."""
    dim = cells.shape[1] - 1
    if dim == 1:
        return np.full(1, 90.0)
    slopes, _ = gradients(points, cells)
    unit = slopes / np.linalg.norm(slopes, axis=2, keepdims=True)
    pairs = [(i, j) for i in range(dim + 1) for j in range(i + 1, dim + 1)]
    # The angle between two facets: their inward normals are the gradients of the opposite vertices.
    cosines = np.stack([-np.einsum("mi,mi->m", unit[:, i], unit[:, j]) for i, j in pairs])
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1, 1))))


def radius_ratios(points: Floats, cells: Ints) -> Floats:
    """dim times inscribed over circumscribed radius of each cell (M,); 1 is regular, 0 is flat."""
    dim = cells.shape[1] - 1
    if dim == 1:
        return np.ones(len(cells))
    sizes = np.abs(signed_measures(points, cells))
    facets = cell_facets(cells)
    surface = facet_measures(points, facets.reshape(-1, dim)).reshape(len(cells), dim + 1).sum(axis=1)
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    edges[sizes <= 1e-14 * np.abs(edges).max(axis=(1, 2)) ** dim] = np.eye(dim)  # of a flat cell, whose ratio is 0 whatever its circle
    centre = np.linalg.solve(edges, (edges**2).sum(axis=2, keepdims=True) / 2)[:, :, 0]
    return np.asarray(dim * (dim * sizes / surface) / np.linalg.norm(centre, axis=1))


def components(cells: Ints) -> int:
    """Number of parts that hang together by nodes."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    nodes, local = np.unique(cells, return_inverse=True)
    local = local.reshape(cells.shape)
    first = np.repeat(local[:, 0], cells.shape[1] - 1)
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, local[:, 1:].ravel())), shape=(len(nodes), len(nodes)))
    return int(connected_components(graph, directed=False)[0])


def _power(unit: str, power: int) -> str:
    """The unit of a length, an area or a volume: um, um^2; (200 um)^2."""
    bare = unit.removeprefix("1 ")
    return bare if power == 1 else f"{bare}^{power}" if bare.isalpha() else f"({bare})^{power}"


def report(q: Quality, unit: str = "") -> str:
    """The quality of a mesh as lines of text; ``unit``: how long the mesh's 1 is ("1 um")."""
    size = _MEASURE[q.dim]
    box = " x ".join(f"[{a:g}, {b:g}]" for a, b in q.bounds)
    lines = [
        f"source      {q.source}",
        f"mesh        {q.dim}-D, {q.nodes} nodes, {q.cells} cells, {q.components} component{'s' if q.components != 1 else ''}, {box}",
        f"edges       {q.shortest_edge:.4g} to {q.longest_edge:.4g}; {100 * q.negative_weights:.1f} % with a negative stiffness weight",
    ]
    if unit:
        stated = (f"{name} in {_power(unit, k + 1)}" for k, name in enumerate(_PLURAL[: q.dim]))
        lines.insert(1, f"unit        {', '.join(stated)}")
    if q.dim > 1:
        kind = "angles" if q.dim == 2 else "dihedral angles"
        lines.append(
            f"quality     {kind} {q.min_angle:.1f} to {q.max_angle:.1f} degrees, radius ratio min {q.min_radius_ratio:.3g} "
            f"mean {q.mean_radius_ratio:.3g}, {q.slivers} slivers"
        )
    for name, part in q.regions.items():
        pieces = f"{part.components} connected part{'s' * (part.components != 1)}"
        lines.append(f"region      {name}: {part.count} cells, {size} {part.measure:.6g}, {pieces}")
    for kind, parts in (("boundary", q.boundaries), ("interface", q.interfaces)):
        unit = {1: "points", 2: "length", 3: "area"}[q.dim]
        lines += [f"{kind:<11} {name}: {part.count} facets, {unit} {part.measure:.6g}" for name, part in parts.items()]
    lines += [f"note        {note}" for note in q.notes]
    lines.append(f"hash        {q.hash}")
    return "\n".join(lines)
