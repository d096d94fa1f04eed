"""From a picture to MeshData: classify, clean, trace, smooth, triangulate, name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ImageMesh
from ..assemble import assemble
from ..cache import cached, key, look_up
from ..domain import MeshData
from ..facets import Ints, signed_measures
from .changes import changes
from .files.stored import Picture
from .islands import FIRST_HOLE, Cleaned, clean
from .outlines import OUTSIDE, Arc, areas, smooth, trace
from .picture import by_label, digest, fine, load, sizes, spacing
from .section import section
from .segment import NONE, classify

SIZE = 4.0  # default cell size, in pixels
OUTLINE = 4.0  # default width of smoothing along outlines, in pixels
_SHARES = (1.0, 0.5, 0.25, 0.125)  # of the smoothing of labels, tried in turn
_CLOSE = 0.1  # of the tolerance: where chords of small shapes cost the area
_KEPT = 0.01
FRAME = ("left", "right", "top", "bottom")


def image_mesh(options: ImageMesh) -> MeshData:
    """The mesh of a picture or a label volume, from the cache where it was made before; raises MeshError."""
    return cached(key(options, digest(Path(options.image))), lambda: _made(options))


def known(options: ImageMesh) -> tuple[str, ...]:
    """What there is to say of a picture without making its mesh: notes on the file, and on the mesh if it has been made before."""
    kept = look_up(key(options, digest(Path(options.image))))
    if kept is not None:
        return kept.notes
    if options.image.startswith("skimage:"):
        return ()  # it says nothing of itself, and reading it takes scikit-image, for seconds
    picture = load(options)
    return (*picture.notes, sizes(options, picture), "`invasio mesh info` shows what meshing changes of the volumes")


def _made(options: ImageMesh) -> MeshData:
    source = options.image if options.image.startswith("skimage:") else Path(options.image).name
    picture = load(options)
    edges = spacing(options, picture)[0]
    notes = [*picture.notes, sizes(options, picture)]
    if picture.volume:
        from .volume import volume_mesh

        return volume_mesh(picture, options, f"volume {source}", edges, notes)
    return _plane_mesh(picture, options, f"image {source}", edges, notes)


def _plane_mesh(picture: Picture, options: ImageMesh, source: str, edges: tuple[float, ...], said: list[str]) -> MeshData:
    array = picture.values
    scale = np.array(edges) * picture.scale
    raw = classify(array, options, source)
    cleaned = clean(raw, picture, options, source)
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
    arcs = _outlines(parts, region_of, options, steps)
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
    measures = np.bincount(tags, np.abs(signed_measures(points, cells)), len(names)) * float(scale.prod())
    notes += changes(names, measures, raw, cleaned.labels <= FIRST_HOLE, float(scale.prod()), "pixels")
    placed = points * scale + np.array(picture.origin) * edges
    made = assemble(placed, cells, tags, names, boundaries, interfaces, source, notes)
    return replace(made, section=section(picture, edges, raw if by_label(options) else None))


def _outlines(parts: NDArray[np.int64], region_of: dict[int, int], options: ImageMesh, steps: dict[int, float]) -> list[Arc]:
    """Smoothed outlines; of labels and lines, unless `outline` says how far, the smoothest that keep every region's area within 1 %."""
    traced = trace(parts)
    if options.outline is not None or not fine(options):
        return smooth(traced, OUTLINE if options.outline is None else options.outline, steps, options.tolerance)
    count = max(region_of.values()) + 1
    regions = np.array(list(region_of.values()))
    pixels = np.bincount(regions, np.bincount(parts[parts >= 0].ravel(), minlength=len(regions)), count)
    tries = [(width, stray) for width in _SHARES for stray in (width, _CLOSE)]
    for share, stray in (*tries, (0.0, _CLOSE)):
        found = smooth(traced, OUTLINE * share, steps, options.tolerance * stray)
        left = np.bincount(regions, areas(found, len(regions)), count)
        if (np.abs(left - pixels) <= _KEPT * pixels).all():
            break
    return found


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
