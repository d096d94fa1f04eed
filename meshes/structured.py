"""Lattices split into simplices: interval, rectangle, box. Vectorised; millions of cells in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from ..solver.scenario.graded import growth
from ..solver.scenario.mesh import BallShape, BoxMesh, DiscShape, IntervalMesh, RectangleMesh, TubesShape
from .assemble import assemble, sides
from .domain import MeshData
from .facets import Ints

Floats = NDArray[np.float64]


def structured(options: IntervalMesh | RectangleMesh | BoxMesh) -> MeshData:
    """The lattice mesh of an interval, rectangle or box; regions go by the centroids of cells.

    Rectangles are split along one diagonal ("right") and boxes into six tetrahedra per cube (Kuhn): with lumped mass both
    give the five- and seven-point difference operators, which are consistent at every node; "alternating" and
    "crossed" give nodes unequal masses and are not.
    """
    lower, upper = _tuple(options.from_), _tuple(options.to)
    along, source = extent(options)
    if not isinstance(options, IntervalMesh) and options.outlines == "fitted":
        from .fitted_lattice import fitted_lattice

        fitted = fitted_lattice(options, along)
        boundaries = sides(fitted.points, fitted.cells, lower, upper, options.boundary_names())
        names = options.region_names()
        return assemble(fitted.points, fitted.cells, fitted.region, names, boundaries, options.interfaces, source, fitted.notes)
    if isinstance(options, RectangleMesh):
        points, cells = rectangle(along, options.diagonal)
    else:
        points, cells = split(along)
    tags = tagged(options.regions.values(), points[cells].mean(axis=1) if options.regions else points[:0], len(cells))
    boundaries = sides(points, cells, lower, upper, options.boundary_names())
    return assemble(points, cells, tags, options.region_names(), boundaries, options.interfaces, source)


def tagged(shapes: Iterable[object], centroids: Floats, count: int) -> NDArray[np.int32]:
    """Numbers of the regions (count,) of cells with these centroids (C, dim): 0, or from 1 on the last shape that one lies in."""
    tags = np.zeros(count, dtype=np.int32)
    for index, shape in enumerate(shapes, start=1):
        tags[inside(shape, centroids)] = index
    return tags


def extent(options: IntervalMesh | RectangleMesh | BoxMesh) -> tuple[list[Floats], str]:
    """Coordinates of the nodes of a lattice along each axis, and what it is called."""
    counts, finer = _counts(options), ", finer at " + " and ".join(options.graded) if options.graded else ""
    return _axes(options, counts), f"structured {options.kind} {' x '.join(map(str, counts))}{finer}"


def inside(shape: object, points: Floats) -> NDArray[np.bool_]:
    """Which points (P, dim) lie in a shape."""
    if isinstance(shape, (DiscShape, BallShape)):
        return np.asarray(((points - np.asarray(shape.centre)) ** 2).sum(axis=1) <= shape.radius**2)
    if isinstance(shape, TubesShape):
        return np.asarray(np.any([_near(points, np.array(t.from_), np.array(t.to)) <= t.radius for t in shape.tubes], axis=0))
    low, high = _tuple(shape.from_), _tuple(shape.to)  # type: ignore[attr-defined]
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _near(points: Floats, start: Floats, end: Floats) -> Floats:
    """How far points (P, dim) are from the line between two ends."""
    along = end - start
    share = np.clip((points - start) @ along / (along @ along), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - start - share[:, None] * along, axis=1))


def axes(options: IntervalMesh | RectangleMesh | BoxMesh, most: int) -> list[Floats] | None:
    """Coordinates of the nodes of a lattice along each axis; None where there are more than so many nodes."""
    counts = _counts(options)
    return None if prod(n + 1 for n in counts) > most else _axes(options, counts)


def lattice(lower: Sequence[float], upper: Sequence[float], counts: Sequence[int]) -> tuple[Floats, Ints]:
    """Points (N, dim), x fastest, and cells (M, dim+1) of a lattice of equal cells split along the main diagonal (Kuhn)."""
    return split([np.linspace(a, b, n + 1, dtype=np.float64) for a, b, n in zip(lower, upper, counts, strict=True)])


def split(along: Sequence[Floats]) -> tuple[Floats, Ints]:
    """The same with nodes at these coordinates along each axis."""
    dim, counts = len(along), [len(axis) - 1 for axis in along]
    strides = np.concatenate([[1], np.cumprod([n + 1 for n in counts])])[:dim].astype(np.int64)
    corner = _ravel([np.arange(n, dtype=np.int64) for n in counts], strides)
    paths = [np.concatenate([[0], np.cumsum(strides[list(order)])]) for order in permutations(range(dim))]
    cells = (corner[:, None, None] + np.asarray(paths, dtype=np.int64)[None]).reshape(-1, dim + 1)
    return _points(along), cells


def rectangle(along: Sequence[Floats], diagonal: str) -> tuple[Floats, Ints]:
    """Points and triangles of a rectangle whose squares are split "right", "alternating" or "crossed"."""
    if diagonal == "right":
        return split(along)
    nx, ny = (len(axis) - 1 for axis in along)
    points = _points(along)
    a = _ravel([np.arange(nx, dtype=np.int64), np.arange(ny, dtype=np.int64)], np.array([1, nx + 1]))
    b, c, d = a + 1, a + nx + 2, a + nx + 1  # counter-clockwise from the lower left corner
    if diagonal == "crossed":
        middle = len(points) + np.arange(nx * ny, dtype=np.int64)
        centres = (points[a] + points[c]) / 2
        cells = np.stack([np.stack(t, axis=1) for t in ((a, b, middle), (b, c, middle), (c, d, middle), (d, a, middle))], axis=1)
        return np.concatenate([points, centres]), cells.reshape(-1, 3)
    odd = ((a % (nx + 1) + a // (nx + 1)) % 2 == 1)[:, None]
    first = np.where(odd, np.stack([a, b, d], axis=1), np.stack([a, b, c], axis=1))
    second = np.where(odd, np.stack([b, c, d], axis=1), np.stack([a, c, d], axis=1))
    return points, np.stack([first, second], axis=1).reshape(-1, 3)


def _axes(options: IntervalMesh | RectangleMesh | BoxMesh, counts: Sequence[int]) -> list[Floats]:
    """Coordinates of the nodes along each axis: evenly, or with cells that grow from a side on."""
    names, finer = options.boundary_names(), options.graded
    found = []
    for axis, (a, b, n) in enumerate(zip(_tuple(options.from_), _tuple(options.to), counts, strict=True)):
        low, high = (finer.get(name) for name in names[2 * axis : 2 * axis + 2])
        if low is None and high is None:
            found.append(np.linspace(a, b, n + 1, dtype=np.float64))
            continue
        factor = growth(low or high or 1.0, n, b - a)
        widths = (factor if low else 1.0 / factor) ** np.arange(n)
        found.append(a + (b - a) * np.concatenate([[0.0], np.cumsum(widths[:-1]) / widths.sum(), [1.0]]))
    return found


def _points(along: Sequence[Floats]) -> Floats:
    grid = np.meshgrid(*along[::-1], indexing="ij")
    return np.stack([g.ravel() for g in grid[::-1]], axis=1)


def _ravel(axes: Sequence[Ints], strides: Ints) -> Ints:
    grid = np.meshgrid(*axes[::-1], indexing="ij")
    return np.asarray(sum(g.ravel() * s for g, s in zip(grid[::-1], strides, strict=True)))


def _counts(options: IntervalMesh | RectangleMesh | BoxMesh) -> tuple[int, ...]:
    if options.cells is not None:
        return options.cells if isinstance(options.cells, tuple) else (options.cells,)
    # A hair of slack, so that 1 / 0.1 gives 10 cells and not 11.
    ends = zip(_tuple(options.from_), _tuple(options.to), strict=True)
    return tuple(max(1, ceil((b - a) / float(options.size or 1) - 1e-9)) for a, b in ends)


def _tuple(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,)
