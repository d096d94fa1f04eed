"""Networks in pictures and volumes: middle lines of what is vessel, with the distance to its outline as radius."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import RidgeClass
from ...solver.scenario.network import Network as Options
from ...solver.scenario.pictures import PictureFile
from ..image.picture import read, skimage
from ..image.segment import ridge_mask
from .table import Table

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
_STEP = 4  # pixels of the middle line that one piece replaces
_SMALLEST = 20  # pixels of a patch that may be a vessel


def read_skeleton(table: Table, options: Options) -> None:
    """Middle lines of all pixels above 0, or of lines that Sato's filter finds; `unit` is the edge of a pixel. Raises MeshError."""
    mask = _vessels(options)
    thin = skimage("morphology", "a network from a picture").skeletonize(mask)
    from scipy.ndimage import distance_transform_edt, maximum_filter

    # Middle lines may run beside the middle. There the nearest pixel outside is (w + 1) / 2 away where w is odd, w / 2 where it is even.
    far = maximum_filter(distance_transform_edt(np.pad(mask, 1)), 3)
    radius = np.maximum(far[(slice(1, -1),) * mask.ndim] - 0.25, 0.5)
    pixels = np.argwhere(thin)
    if len(pixels) < 2:
        raise MeshError(
            "the picture has no lines",
            code="empty-network",
            place=str(table.path),
            remedy="give a picture in which vessels are above 0, or say `ridges: dark` or `bright`",
        )
    branches = _branches(pixels, radius[tuple(pixels.T)])
    at: dict[int, str] = {}
    for number, branch in enumerate(branches):
        stops = np.unique([*range(0, len(branch) - 1, _STEP), len(branch) - 1])
        for node in branch[stops].tolist():
            if node not in at:
                at[node] = f"p{node}"
                table.node(at[node], (pixels[node][::-1] + 0.5).tolist(), f"{table.path}: pixel {pixels[node][::-1].tolist()}")
        for a, b in pairwise(stops.tolist()):
            part = branch[a : b + 1]
            mean = float(radius[tuple(pixels[part].T)].mean())
            table.add(at[int(branch[a])], at[int(branch[b])], mean, f"{table.path}: line {number}", "", f"segment{number + 1}")
    table.notes.append(f"{len(branches)} lines in the middle of {int(mask.sum())} pixels, radii from the distance to their outline")


def _vessels(options: Options) -> Mask:
    try:
        picture = read(PictureFile.model_validate({"image": options.file}), labels=options.ridges is None)
    except MeshError as error:
        if error.code != "ambiguous-picture":
            raise
        remedy = "save the channel, slice or picture that is meant as a file of its own"
        raise MeshError(error.what, code=error.code, place=error.place, remedy=remedy) from None
    values = picture.values
    if options.ridges is None:
        mask = values.any(axis=2) if picture.coloured else np.greater(values, 0)
    else:
        mask = ridge_mask(values, RidgeClass.model_validate({"kind": "by_ridges", "ridges": options.ridges, "width": options.width}))
    return np.asarray(skimage("morphology", "a network from a picture").remove_small_objects(mask, _SMALLEST))


def _branches(pixels: Ints, radius: NDArray[np.floating]) -> list[Ints]:
    """Paths of pixels between ends and forks; side branches that do not leave the vessel they start in are left out."""
    pairs = _neighbours(pixels)
    while True:
        around: list[list[int]] = [[] for _ in pixels]
        for a, b in pairs:
            around[a].append(b)
            around[b].append(a)
        paths = _paths(around)
        spurs = [path for path in paths if _spur(path, around, radius)]
        if not spurs or len(spurs) == len(paths):
            return [np.array(path, dtype=np.int64) for path in paths]
        gone = {node for path in spurs for node in (path if len(around[path[0]]) == 1 else path[::-1])[:-1]}
        pairs = [(a, b) for a, b in pairs if a not in gone and b not in gone]


def _neighbours(pixels: Ints) -> list[tuple[int, int]]:
    """Pairs of pixels that touch, as a spanning tree wherever three or more touch each other, plus the loops of the vessels."""
    from scipy.spatial import cKDTree

    near = cKDTree(pixels).query_pairs(1.8, output_type="ndarray").astype(np.int64)
    length = np.linalg.norm(pixels[near[:, 0]] - pixels[near[:, 1]], axis=1)
    near = near[np.argsort(length, kind="stable")]
    kept: set[tuple[int, int]] = set()
    beside: list[set[int]] = [set() for _ in pixels]
    for a, b in ((int(i), int(j)) for i, j in near):  # the shorter first: a diagonal that two straight steps replace is none
        if not beside[a] & beside[b]:
            kept.add((a, b))
            beside[a].add(b)
            beside[b].add(a)
    return sorted(kept)


def _paths(around: list[list[int]]) -> list[list[int]]:
    used: set[tuple[int, int]] = set()
    paths: list[list[int]] = []
    knots = [k for k, near in enumerate(around) if len(near) not in (0, 2)]
    for start in [*knots, *range(len(around))]:  # what is left after the knots are rings
        for first in around[start]:
            if (start, first) in used:
                continue
            path = [start, first]
            while len(around[path[-1]]) == 2 and path[-1] != start:
                a, b = around[path[-1]]
                path.append(b if a == path[-2] else a)
            used.update(pairwise(path))
            used.update(pairwise(path[::-1]))
            paths.append(path)
    return paths


def _spur(path: list[int], around: list[list[int]], radius: NDArray[np.floating]) -> bool:
    """Whether a branch has a free end no further away than the outline of the vessel that it starts in."""
    ends = [len(around[path[k]]) for k in (0, -1)]
    if sorted(ends)[0] != 1 or max(ends) < 3:
        return False
    fork = path[0] if ends[0] >= 3 else path[-1]
    return len(path) - 1 <= 1.5 * float(radius[fork]) + 1
