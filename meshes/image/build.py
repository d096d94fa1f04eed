"""From a picture to MeshData: classify, clean, trace, smooth, triangulate, name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh
from ..assemble import assemble
from ..cache import cached, key
from ..domain import MeshData
from ..facets import Ints
from .files.stored import Picture
from .islands import FIRST_HOLE, Cleaned, clean
from .outlines import OUTSIDE, Arc, smooth, trace
from .picture import load, spacing
from .segment import NONE, classify

SIZE = 4.0  # default cell size, in pixels
OUTLINE = 4.0  # default width of smoothing along outlines, in pixels
_HEADERS = (".mhd", ".nhdr", ".hdr", ".img")
FRAME = ("left", "right", "top", "bottom")


def image_mesh(options: ImageMesh) -> MeshData:
    """The mesh of a picture or a label volume, from the cache where it was made before; raises MeshError."""
    return cached(key(options, _digest(Path(options.image))), lambda: _made(options))


def _digest(path: Path) -> bytes:
    """Of a picture's file and, for headers, of the values beside it; empty for pictures of scikit-image (its version counts)."""
    if not path.is_file():
        return b""
    beside = path.parent.glob(f"{path.stem}.*") if path.suffix.lower() in _HEADERS else ()
    digests = []
    for file in sorted({path, *(each for each in beside if each.is_file())}):
        with file.open("rb") as opened:
            digests.append(hashlib.file_digest(opened, "sha256").digest())
    return b"".join(digests)


def _made(options: ImageMesh) -> MeshData:
    source = options.image if options.image.startswith("skimage:") else Path(options.image).name
    picture = load(options)
    edges, said = spacing(options, picture)
    unit = "voxel" if picture.volume else "pixel"
    notes = [*picture.notes, f"{unit} size {' x '.join(f'{e:g}' for e in edges)}, {said}"]
    if picture.volume:
        from .volume import volume_mesh

        return volume_mesh(picture, options, f"volume {source}", edges, notes)
    return _plane_mesh(picture, options, f"image {source}", edges, notes)


def _plane_mesh(picture: Picture, options: ImageMesh, source: str, edges: tuple[float, ...], said: list[str]) -> MeshData:
    array = picture.values
    scale = np.array(edges) * picture.scale
    cleaned = clean(classify(array, options, source), picture, options, source)
    names = tuple(options.regions)
    for index, name in enumerate(names):
        if not (cleaned.labels == index).any():
            remedy = "check its colour or label, or use a smaller 'smallest'"
            raise MeshError(f"region {name!r} is empty: no pixels belong to it", code="empty-region", place=source, remedy=remedy)
    parts, region_of = connected(cleaned.labels)
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
    notes = [*said, "y points down, as in the picture", *cleaned.notes]
    placed = points * scale + np.array(picture.origin) * edges
    return assemble(placed, cells, tags, names, boundaries, interfaces, source, notes)


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
