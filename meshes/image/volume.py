"""From a label volume to tetrahedra: a lattice of cubes, each split into six, labelled by interpolation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh
from ..assemble import assemble, sides
from ..domain import MeshData
from ..facets import Ints, between, signed_measures
from ..fitted import fitted
from ..structured import lattice
from .changes import changes
from .conforming import SIDES, conforming_mesh
from .files.stored import Picture
from .islands import FIRST_HOLE, Cleaned, clean
from .segment import NONE, classify

Floats = NDArray[np.float64]
_CUBES = 8_000_000
_PASSES = 30  # of smoothing by one voxel


def volume_mesh(picture: Picture, options: ImageMesh, source: str, full: tuple[float, ...], said: list[str]) -> MeshData:
    """Tetrahedra for a volume of labels (slices, rows, columns) with voxel edges (x, y, z).

    The lattice has cubes of the cell size (one voxel by default). Each cube takes the region whose share, interpolated where
    cubes are no voxels, is largest at its centre, and the nodes of the surfaces move so that these are smooth (fitted.py).
    On a lattice without that each tetrahedron takes the region whose smoothed share is largest at its centroid.
    Raises MeshError for an empty region and for interfaces between regions that do not touch.
    """
    array = picture.values
    corner = np.array(picture.origin) * full
    edges = tuple(e * s for e, s in zip(full, picture.scale, strict=True))
    names = tuple(options.regions)
    raw = classify(array, options, source)
    cleaned = clean(raw, picture, options, source)
    if options.surfaces == "conforming":
        return conforming_mesh(cleaned, options, source, edges, corner, said)
    upper = tuple(n * e for n, e in zip(array.shape[::-1], edges, strict=True))
    size = options.size or min(edges)
    counts = [max(1, round(length / size)) for length in upper] if options.size else list(array.shape[::-1])
    _bearable(counts, source)
    width = 1.0 if options.outline is None else options.outline
    cube = np.array(upper) / counts
    said = [*said, f"lattice of {' x '.join(map(str, counts))} cubes, surfaces {options.surfaces}"]
    if options.surfaces == "lattice":
        points, cells = lattice((0.0, 0.0, 0.0), upper, counts)
        tags = _interpolated(cleaned.labels, points[cells].mean(axis=1) / edges - 0.5, width)
    else:
        points, cells, tags = _smooth(cleaned.labels, counts, cube, edges, width)
    for index, name in enumerate(names):
        if not (tags == index).any():
            remedy = "check its label, or use a smaller 'smallest' or 'size'"
            raise MeshError(f"region {name!r} is empty: no voxels belong to it", code="empty-region", place=source, remedy=remedy)
    boundaries = dict(_boundaries(points, cells, tags, upper, cleaned))
    kept = tags >= 0
    used, inverse = np.unique(cells[kept], return_inverse=True)
    renumber = np.zeros(len(points), dtype=np.int64)
    renumber[used] = np.arange(len(used))
    notes = [*said, *cleaned.notes]
    measures = np.bincount(tags[kept], np.abs(signed_measures(points, cells[kept])), len(names)).astype(np.float64)
    notes += changes(names, measures, raw, cleaned.labels <= FIRST_HOLE, float(np.prod(edges)), "voxels")
    return assemble(
        points[used] + corner,
        inverse.reshape(-1, 4).astype(np.int64),
        tags[kept],
        names,
        {name: renumber[facets] for name, facets in boundaries.items()},
        options.interfaces,
        source,
        notes,
    )


def _bearable(counts: list[int], source: str) -> None:
    if np.prod(np.array(counts, dtype=np.float64)) > _CUBES:
        raise MeshError(
            f"a lattice of {' x '.join(map(str, counts))} cubes is more than can be meshed ({_CUBES / 1e6:g} million)",
            code="too-fine",
            place=source,
            remedy="give `size`, the edge of a cube, or take a part with `crop`",
        )


def _smooth(
    labels: NDArray[np.int32], counts: list[int], cube: Floats, edges: tuple[float, ...], width: float
) -> tuple[Floats, Ints, NDArray[np.int32]]:
    """Points, cells and labels of cells that keep the volumes of the voxels; the smoothing reaches ``width`` voxels."""
    of_cubes = labels
    if counts != list(labels.shape[::-1]):
        grid = np.meshgrid(*((np.arange(n) + 0.5) for n in counts[::-1]), indexing="ij")
        centres = np.stack([axis.ravel() for axis in grid[::-1]], axis=1) * cube / edges - 0.5
        coarse = float((cube / edges).max())
        blur = 0.5 * coarse if coarse > 1 else width  # of what is smaller than a cube the larger part decides
        of_cubes = _interpolated(labels, centres, blur).reshape(counts[::-1])
    values, voxels = np.unique(labels, return_counts=True)
    there = set(map(int, np.unique(of_cubes)))
    wanted = {int(k): float(n) * of_cubes.size / labels.size for k, n in zip(values, voxels, strict=True) if int(k) in there}
    voxel = float((np.array(edges) / cube).max())
    result = fitted(of_cubes, wanted, round(_PASSES * min(width * max(voxel, 1.0), 4.0) ** 2))
    return result.points * cube, result.cells, of_cubes.ravel()[result.cube]


def _interpolated(labels: NDArray[np.int32], at: NDArray[np.float64], width: float) -> NDArray[np.int32]:
    """The label with the largest share at positions (P, 3) = (x, y, z), counted in voxels from the centre of the first."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    best = np.full(len(at), -1.0)
    result = np.full(len(at), NONE, dtype=np.int32)
    where = at.T[::-1]
    for value in np.unique(labels):
        share = gaussian_filter((labels == value).astype(np.float32), width, mode="nearest")
        found = map_coordinates(share, where, order=1, mode="nearest")
        higher = found > best
        best[higher], result[higher] = found[higher], value
    return result


def _boundaries(
    points: NDArray[np.float64], cells: Ints, tags: NDArray[np.int32], upper: tuple[float, ...], cleaned: Cleaned
) -> Iterator[tuple[str, Ints]]:
    """The sides of the volume, the outlines of the holes, and what faces voxels of no region."""
    tissue = tags >= 0
    for name, facets in sides(points, cells[tissue], (0.0, 0.0, 0.0), upper, SIDES).items():
        if len(facets):
            yield name, facets
    for value in map(int, np.unique(tags[~tissue])):
        name = "outside" if value == NONE else cleaned.holes[FIRST_HOLE - value]
        facets = between(cells, tissue, tags == value, len(points))
        if len(facets):
            yield name, facets
