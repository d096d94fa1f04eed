"""Cleaning a map of regions: small islands, holes, and pixels that touch only at a corner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import ColourClass, Hole, ImageMesh, StainClass, colour_value
from .files.stored import Picture
from .picture import fine
from .segment import NONE, Labels, smoothed

BRIGHT = 0.89  # empty slide: what light passes unstained
_UNASKED = " (`holes: {}` keeps them)"
_KEPT = 0.01  # of a region of labels: what islands may take or give, unless `smallest` is given
FIRST_HOLE = -2  # hole number k is stored as FIRST_HOLE - k


@dataclass(frozen=True)
class Cleaned:
    """Labels >= 0 are regions, NONE is nothing, FIRST_HOLE - k is hole k of ``holes``; notes for the user."""

    labels: Labels
    holes: tuple[str, ...]
    notes: tuple[str, ...]


def clean(labels: Labels, picture: Picture, options: ImageMesh, source: str) -> Cleaned:
    """Merge small islands into what surrounds them, cut out the holes, and separate corner contacts.

    Raises MeshError when a hole asked for is not in the picture.
    """
    smallest, labels, merged = _without_islands(labels, options)
    wanted = options.holes if options.holes is not None else _default_holes(options)
    names: list[str] = []
    notes = [f"{merged} islands of fewer than {smallest:g} pixels merged"] if merged else []
    result = labels.copy()
    for name, hole in wanted.items():
        mask = _areas(hole, labels, picture, options) & (result >= NONE)
        if options.holes is None:
            mask &= _empty(mask, hole, labels, picture, options)
        if not mask.any():
            if options.holes is None:
                continue
            raise MeshError(
                "no such area in the picture",
                code="no-hole",
                place=f"{source}: hole {name!r}",
                remedy="lower 'brighter' or 'smallest', or leave it out",
            )
        result[mask] = FIRST_HOLE - len(names)
        names.append(name)
        count = _label(mask)[1]
        notes.append(f"{name}: {count} area{'s' * (count != 1)} of {int(mask.sum())} pixels cut out" + _UNASKED * (options.holes is None))
    result, merged = merge_islands(result, smallest)
    if merged:
        notes.append(f"{merged} leftovers of fewer than {smallest:g} pixels beside holes merged")
    if result.ndim == 2:
        result = separate_corners(result)
    return Cleaned(result, tuple(names), tuple(notes))


def _without_islands(labels: Labels, options: ImageMesh) -> tuple[float, Labels, int]:
    """The size below which islands are merged, what comes of it, and how many there were.

    Of labels and lines, unless `smallest` says so, the largest size of a few that keeps every region within 1 %.
    """
    default = 400.0 if labels.ndim == 2 else 64.0
    if options.smallest is not None or not fine(options):
        smallest = default if options.smallest is None else options.smallest
        return smallest, *merge_islands(labels, smallest)
    before = np.bincount(labels[labels >= 0], minlength=len(options.regions))
    for smallest in (default, default / 4, default / 16, default / 64, 1.0):
        merged, count = merge_islands(labels, smallest)
        after = np.bincount(merged[merged >= 0], minlength=len(options.regions))
        if (np.abs(after - before) <= _KEPT * before).all():
            break
    return smallest, merged, count


def _default_holes(options: ImageMesh) -> dict[str, Hole]:
    tinted = [name for name, c in options.regions.items() if isinstance(c, (ColourClass, StainClass))]
    if len(options.regions) < 2 or not tinted:
        return {}
    first, *others = options.regions
    inside = others[0] if len(others) == 1 else None
    return {"lumen": Hole.model_validate({"enclosed_by": first}), "lacuna": Hole.model_validate({"inside": inside, "brighter": BRIGHT})}


def _empty(mask: NDArray[np.bool_], hole: Hole, labels: Labels, picture: Picture, options: ImageMesh) -> NDArray[np.bool_]:
    """Of areas that nobody asked to cut out those that look empty: brighter than what is around them, and of no region that is white."""
    white = [k for k, c in enumerate(options.regions.values()) if isinstance(c, ColourClass) and min(colour_value(c.colour)) > 255 * BRIGHT]
    found = mask & ~np.isin(labels, white)
    if hole.enclosed_by is None:
        return found
    dark = smoothed(picture.values, options)
    dark = dark.min(axis=2) if dark.ndim == 3 else dark
    around = np.median(dark[labels == list(options.regions).index(hole.enclosed_by)])
    parts, n = _label(found)
    return np.isin(parts, [k for k in range(1, n + 1) if np.median(dark[parts == k]) > around])


def merge_islands(labels: Labels, smallest: float) -> tuple[Labels, int]:
    """Give every connected part of fewer than ``smallest`` pixels to the nearest part that is large enough."""
    from scipy.ndimage import distance_transform_edt

    small = np.zeros(labels.shape, dtype=bool)
    count = 0
    for value in np.unique(labels):
        parts, n = _label(labels == value)
        sizes = np.bincount(parts.ravel(), minlength=n + 1)
        few = np.flatnonzero(sizes[1:] < smallest) + 1
        small |= np.isin(parts, few)
        count += len(few)
    if not count or small.all():
        return labels, 0
    nearest = distance_transform_edt(small, return_distances=False, return_indices=True)
    return labels[tuple(nearest)], count


def _label(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    from scipy.ndimage import label

    parts, n = label(mask)
    return parts, int(n)


def _areas(hole: Hole, labels: Labels, picture: Picture, options: ImageMesh) -> NDArray[np.bool_]:
    """The pixels of one hole."""
    names = list(options.regions)
    mask = np.ones(labels.shape, dtype=bool)
    if hole.label is not None:
        mask &= picture.values == hole.label
    if hole.brighter is not None:
        dark = smoothed(picture.values, options)
        mask &= (dark.min(axis=2) if dark.ndim == 3 else dark) > hole.brighter
    if hole.inside is not None:
        mask &= labels == names.index(hole.inside)
    if hole.enclosed_by is not None:
        mask &= _enclosed(labels, names.index(hole.enclosed_by))
    parts, n = _label(mask)
    sizes = np.bincount(parts.ravel(), minlength=n + 1)
    keep = np.flatnonzero(sizes >= hole.smallest)
    keep = keep[keep > 0]
    if hole.near is not None and len(keep):
        x, y = ((at - o) / s for at, o, s in zip(hole.near, picture.origin, picture.scale, strict=True))
        rows, columns = np.nonzero(np.isin(parts, keep))
        at = np.argmin((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2)
        keep = parts[rows[at], columns[at]]
    return np.isin(parts, keep)


def _enclosed(labels: Labels, region: int) -> NDArray[np.bool_]:
    """Connected parts of the other regions that touch only ``region`` or the picture's edge; not the largest part of each."""
    found = np.zeros(labels.shape, dtype=bool)
    for value in np.unique(labels[labels != region]):
        parts, n = _label(labels == value)
        sizes = np.bincount(parts.ravel(), minlength=n + 1)
        sizes[0] = 0
        others = np.zeros(n + 1, dtype=bool)
        for axis in range(labels.ndim):
            a, b = np.moveaxis(parts, axis, 0), np.moveaxis(labels, axis, 0)
            for near, far in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
                foreign = (b[far] != value) & (b[far] != region)
                others[np.unique(a[near][foreign])] = True
        keep = ~others
        keep[[0, int(sizes.argmax())]] = False
        found |= keep[parts]
    return found


def separate_corners(labels: Labels) -> Labels:
    """Change pixels so that equal ones never touch only at a corner: outlines then never meet themselves."""
    result = labels.copy()
    for _ in range(20):
        a, b, c, d = result[:-1, :-1], result[:-1, 1:], result[1:, :-1], result[1:, 1:]
        falling = (a == d) & (b != a) & (c != a)
        rising = (b == c) & (a != b) & (d != b) & ~falling
        if not falling.any() and not rising.any():
            return result
        rows, columns = np.nonzero(falling)
        result[rows, columns + 1] = result[rows, columns]
        rows, columns = np.nonzero(rising)
        result[rows, columns] = result[rows, columns + 1]
    raise MeshError(
        "the outlines of the regions are too ragged to be separated",
        code="ragged-outlines",
        place="outlines of the picture",
        remedy="use a larger 'smooth' or 'smallest'",
    )
