"""From a picture to MeshData: classify, clean, trace, smooth, triangulate, name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh
from ..assemble import assemble
from ..cache import cached, key
from ..domain import MeshData
from ..facets import Ints
from .islands import FIRST_HOLE, Cleaned, clean
from .outlines import OUTSIDE, Arc, smooth, trace
from .picture import load
from .segment import NONE, classify

SIZE = 4.0  # default cell size, in pixels
OUTLINE = 4.0  # default width of smoothing along outlines, in pixels
FRAME = ("left", "right", "top", "bottom")


def image_mesh(options: ImageMesh) -> MeshData:
    """The mesh of a picture or a label volume, from the cache where it was made before; raises MeshError."""
    path = Path(options.image)
    picture = path.read_bytes() if path.is_file() else b""  # pictures that ship with scikit-image go by its version
    return cached(key(options, picture), lambda: _made(options))


def _made(options: ImageMesh) -> MeshData:
    source = options.image if options.image.startswith("skimage:") else Path(options.image).name
    array = load(options.image)
    if array.ndim == 3 and array.shape[2] != 3:
        from .volume import volume_mesh

        return volume_mesh(array, options, f"volume {source}", spacing(options, 3))
    if array.ndim not in (2, 3):
        raise MeshError(
            f"the picture has {array.ndim} axes", code="picture-axes", place=source, remedy="give a picture (2) or a volume (3)"
        )
    return _plane_mesh(array, options, f"image {source}")


def _plane_mesh(array: NDArray[np.generic], options: ImageMesh, source: str) -> MeshData:
    x0, y0, array = cropped(array, options.crop, source)
    cleaned = clean(classify(array, options, source), array, options, source)
    names = tuple(options.regions)
    for index, name in enumerate(names):
        if not (cleaned.labels == index).any():
            remedy = "check its colour or label, or use a smaller 'smallest'"
            raise MeshError(f"region {name!r} is empty: no pixels belong to it", code="empty-region", place=source, remedy=remedy)
    parts, region_of = connected(cleaned.labels)
    scale = np.array(spacing(options, 2))
    mean = float(np.sqrt(scale.prod()))
    size = SIZE if options.size is None else options.size / mean
    own = {k: c.size / mean for k, c in enumerate(options.regions.values()) if c.size is not None}
    steps = {part: own.get(region, size) for part, region in region_of.items()}
    arcs = smooth(trace(parts), OUTLINE if options.outline is None else options.outline, steps, options.tolerance)
    from .plane import triangulate

    points, cells, tags, facets = triangulate(arcs, region_of, size, own)
    boundaries, between = _name(arcs, facets, region_of, cleaned, array.shape[:2])
    interfaces: dict[str, Ints] = {}
    for name, pair in options.interfaces.items():
        a, b = sorted(names.index(region) for region in pair)
        if (a, b) not in between:
            raise MeshError(
                f"interface {name!r} is empty: regions {pair[0]!r} and {pair[1]!r} do not touch",
                code="empty-interface",
                place=source,
                remedy="name regions that do, or use a smaller 'smallest'",
            )
        interfaces[name] = between[a, b]
    notes = [f"pixel size {' x '.join(f'{s:g}' for s in scale)}; y points down, as in the picture", *cleaned.notes]
    return assemble((points + np.array([x0, y0])) * scale, cells, tags, names, boundaries, interfaces, source, notes)


def cropped(array: NDArray[np.generic], crop: tuple[int, int, int, int] | None, source: str) -> tuple[int, int, NDArray[np.generic]]:
    """First column, first row and pixels of the wanted part of a picture."""
    if crop is None:
        return 0, 0, array
    x0, y0, x1, y1 = crop
    rows, columns = array.shape[:2]
    if not (0 <= x0 < x1 <= columns and 0 <= y0 < y1 <= rows):
        raise MeshError(
            f"crop {list(crop)} does not lie in the picture of {columns} x {rows} pixels",
            code="wrong-crop",
            place=source,
            remedy="give columns and rows of pixels: [left, top, right, bottom]",
        )
    return x0, y0, array[y0:y1, x0:x1]


def spacing(options: ImageMesh, dim: int) -> tuple[float, ...]:
    """Pixel or voxel edges along x, y (and z)."""
    pixel = options.pixel if isinstance(options.pixel, tuple) else (options.pixel,) * dim
    if len(pixel) != dim:
        raise MeshError(
            f"'pixel' has {len(pixel)} edges, the picture {dim} axes",
            code="picture-axes",
            place=str(options.image),
            remedy="give a number, or an edge for each axis",
        )
    return pixel


def connected(labels: NDArray[np.int32]) -> tuple[NDArray[np.int64], dict[int, int]]:
    """Number the connected parts of the regions from 0; negative labels stay. Also the region of each part."""
    from scipy.ndimage import label

    parts = labels.astype(np.int64)
    region_of: dict[int, int] = {}
    for region in map(int, np.unique(labels[labels >= 0])):
        found, n = label(labels == region)
        inside = found > 0
        parts[inside] = found[inside] - 1 + len(region_of)
        region_of.update(dict.fromkeys(range(len(region_of), len(region_of) + n), region))
    return parts, region_of


def _name(
    arcs: list[Arc], facets: list[Ints], region_of: dict[int, int], cleaned: Cleaned, shape: tuple[int, ...]
) -> tuple[dict[str, Ints], dict[tuple[int, int], Ints]]:
    """Boundaries by name and inner outlines by their pair of region numbers."""
    outer: dict[str, list[Ints]] = {}
    inner: dict[tuple[int, int], list[Ints]] = {}
    for arc, found in zip(arcs, facets, strict=True):
        if arc.left >= 0 and arc.right >= 0:
            a, b = sorted((region_of[arc.left], region_of[arc.right]))
            inner.setdefault((a, b), []).append(found)
            continue
        beyond = min(arc.left, arc.right)
        name = _side(arc, shape) if beyond == OUTSIDE else "outside" if beyond == NONE else cleaned.holes[FIRST_HOLE - beyond]
        outer.setdefault(name, []).append(found)
    order = [*FRAME, *cleaned.holes, "outside"]
    return (
        {name: np.concatenate(outer[name]) for name in sorted(outer, key=order.index)},
        {pair: np.concatenate(rows) for pair, rows in inner.items()},
    )


def _side(arc: Arc, shape: tuple[int, ...]) -> str:
    x, y = arc.points.T
    rows, columns = shape
    return next(name for name, on in zip(FRAME, (x == 0, x == columns, y == 0, y == rows), strict=True) if on.all())
