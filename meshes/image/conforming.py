"""From a label volume to tetrahedra that follow smooth surfaces, by CGAL through pygalmesh where it is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh
from ..assemble import assemble
from ..domain import MeshData
from ..facets import Ints, boundary
from .islands import FIRST_HOLE, Cleaned
from .segment import NONE

Floats = NDArray[np.float64]
SIDES = ("left", "right", "top", "bottom", "front", "back")  # low and high x, y (downwards) and z


def conforming_mesh(
    cleaned: Cleaned, options: ImageMesh, source: str, edges: tuple[float, ...], corner: Floats, said: list[str]
) -> MeshData:
    """A Delaunay mesh whose facets lie on the surfaces between the labels; it ends at the centres of the outermost voxels.

    edges: voxel edges (x, y, z). Raises MeshError when pygalmesh is missing or a region got no cells.
    """
    try:
        pygalmesh = import_module("pygalmesh")
    except ImportError:
        raise MeshError(
            "surfaces: conforming needs pygalmesh, which is not installed",
            code="missing-package",
            place=source,
            remedy="install it (Debian: python3-pygalmesh, conda and pip: pygalmesh), or leave out 'surfaces'",
        ) from None
    size = options.size or 2 * min(edges)
    volume = np.ascontiguousarray(np.maximum(cleaned.labels + 1, 0).T.astype(np.uint16 if len(options.regions) > 254 else np.uint8))
    with _silence():
        mesh = pygalmesh.generate_from_array(
            volume,
            list(map(float, edges)),
            max_cell_circumradius=0.62 * size,  # that of a regular tetrahedron with this edge
            max_radius_surface_delaunay_ball=0.62 * size,
            max_facet_distance=options.tolerance * min(edges) / 2,
            min_facet_angle=25.0,
            max_circumradius_edge_ratio=2.0,
            verbose=False,
            seed=1,
        )
    block = next(k for k, b in enumerate(mesh.cells) if b.type == "tetra")
    used, inverse = np.unique(mesh.cells[block].data, return_inverse=True)
    cells = inverse.reshape(-1, 4).astype(np.int64)
    points = np.asarray(mesh.points, dtype=np.float64)[used] + np.asarray(edges) / 2
    tags = np.asarray(mesh.cell_data["medit:ref"][block]) - 1
    notes = [*said, "surfaces by CGAL", *cleaned.notes]
    boundaries = _boundaries(points, cells, np.asarray(edges), cleaned)
    return assemble(points + corner, cells, tags, tuple(options.regions), boundaries, options.interfaces, source, notes)


def _boundaries(points: NDArray[np.float64], cells: Ints, edges: NDArray[np.float64], cleaned: Cleaned) -> dict[str, Ints]:
    """Outer facets by what lies one voxel beyond them: nothing (a side of the volume), a hole, or a voxel of no region."""
    from scipy.spatial import cKDTree

    facets, owner = boundary(cells, len(points))
    corners = points[facets]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = corners.mean(axis=1) - points[cells[owner]].mean(axis=1)
    normal *= np.sign((normal * outwards).sum(axis=1, keepdims=True))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    shape = np.array(cleaned.labels.shape[::-1])
    voxel = np.floor(corners.mean(axis=1) / edges + normal).astype(int)
    axis = np.abs(normal).argmax(axis=1)
    row = np.arange(len(facets))
    # Round edges of the block: a facet belongs to the side that it faces most.
    beyond = ((voxel < 0) | (voxel >= shape)).any(axis=1)
    side = 2 * axis + (normal[row, axis] > 0)
    x, y, z = np.clip(voxel, 0, shape - 1).T
    label = cleaned.labels[z, y, x]
    names = [*SIDES, *cleaned.holes, "outside"]
    number = np.where(beyond, side, np.where(label == NONE, len(names) - 1, len(SIDES) + FIRST_HOLE - label))
    # Where the surface is so thin or bent that tissue lies beyond, the nearest facet with an answer decides.
    unsure = ~beyond & (label >= 0)
    if unsure.any() and not unsure.all():
        middle = corners.mean(axis=1)
        number[unsure] = number[~unsure][cKDTree(middle[~unsure]).query(middle[unsure])[1]]
    return {name: facets[number == k] for k, name in enumerate(names) if (number == k).any()}


@contextmanager
def _silence() -> Iterator[None]:
    """Send what CGAL's C++ code prints to nowhere."""
    kept = [os.dup(stream) for stream in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        yield
    finally:
        for stream, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)
