"""Which region each pixel belongs to: by colour, stain, brightness or label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...solver.errors import MeshError
from ...solver.scenario.mesh_image import (
    BrightnessClass,
    ColourClass,
    ImageMesh,
    LabelClass,
    RestClass,
    RidgeClass,
    StainClass,
    colour_value,
)
from .picture import as_unit, by_label, skimage

_PART = 1_000_000  # pixels whose colours are compared at a time
NONE = -1  # a pixel of no region
_UNLIT = 0.1  # of the brightest pixels: what is darker, up to a corner, is the frame of the picture
_RIM = 5  # pixels over which the frame's edge fades
_CHANNEL = {"haematoxylin": 0, "eosin": 1, "dab": 2}
Labels = NDArray[np.int32]


def classify(array: NDArray[Any], options: ImageMesh, source: str) -> Labels:
    """Region number of every pixel, NONE where no region takes it; same shape as the picture without its colours.

    Label values are taken first, then stains and brightness in the order given, then colours, and "rest" last.
    Raises MeshError where the picture has no colours but the regions need them.
    """
    labels = np.full(array.shape[:2] if _coloured(array) else array.shape, NONE, dtype=np.int32)
    if by_label(options):
        if _coloured(array):
            raise MeshError(
                "regions are given by label, but the picture has colours",
                code="region-rule",
                place=source,
                remedy="give a label image, or regions by colour",
            )
        _by_value(labels, array, options)
    else:
        if array.ndim == 3 and not _coloured(array):
            raise MeshError(
                "the regions of a volume are not given by label",
                code="region-rule",
                place=source,
                remedy="give each the value of its voxels",
            )
        _by_appearance(labels, array, options, source)
    rest = [k for k, c in enumerate(options.regions.values()) if isinstance(c, RestClass)]
    if rest:
        labels[labels == NONE] = rest[0]
    return labels


def smoothed(array: NDArray[Any], options: ImageMesh) -> NDArray[np.floating]:
    """The picture with values 0 to 1, its background flattened where this is asked for, after the Gaussian filter."""
    from scipy.ndimage import gaussian_filter

    unit = flat(array, options.flatten)
    return np.asarray(gaussian_filter(unit, (options.smooth, options.smooth, 0)[: unit.ndim]))


def flat(array: NDArray[Any], width: float | None) -> NDArray[np.floating]:
    """The picture with values 0 to 1, divided by its background f = G * u: u mean(f) / f, at most 1."""
    from scipy.ndimage import gaussian_filter

    unit = as_unit(array)
    if width is None:
        return unit
    background = gaussian_filter(unit, (width, width, 0)[: unit.ndim])
    mean = background.mean(axis=(0, 1), keepdims=True)
    return np.asarray(np.minimum(unit * mean / np.maximum(background, 1e-3 * mean + 1e-12), 1.0))


def ridges(grey: NDArray[np.floating], given: RidgeClass) -> NDArray[np.floating]:
    """The answer of Sato's filter, 1 at its largest; a line of width w answers most at sigma = w / (2 sqrt(2)).

    Sato et al. 1998, "Three-dimensional multi-scale line filter", doi:10.1016/S1361-8415(98)80009-1.
    """
    low, high = given.width if isinstance(given.width, tuple) else (given.width, given.width)
    count = max(1, int(np.ceil(np.log2(max(high / low, 1)) * 2)) + 1)
    sigmas = np.geomspace(low, high, count) / (2 * np.sqrt(2))
    found = skimage("filters", "regions by ridges").sato(grey, sigmas=sigmas, black_ridges=given.ridges == "dark", mode="reflect")
    return np.asarray(found / (found.max() or 1.0))


def ridge_mask(array: NDArray[Any], given: RidgeClass, width: float | None = None) -> NDArray[np.bool_]:
    """Where the answer is above the threshold, on the picture flattened by this width; dark lines are none of its unlit frame."""
    lit = _lit(array) if given.ridges == "dark" else np.ones(array.shape[:2] if _coloured(array) else array.shape, dtype=bool)
    unit = flat(_continued(array, lit), width)
    answer = ridges(skimage("color", "brightness").rgb2gray(unit) if _coloured(array) else unit, given)
    level = skimage("filters", "an Otsu threshold").threshold_otsu(answer[lit]) if given.above == "otsu" else given.above
    return np.asarray((answer > float(level)) & lit)


def _lit(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Where an instrument has seen something: all but black that reaches a corner, as around the round field of a lens, and its rim."""
    from scipy.ndimage import binary_dilation, label

    grey = as_unit(array).max(axis=2) if _coloured(array) else as_unit(array)
    dark = grey < _UNLIT * np.percentile(grey, 99)
    found, _ = label(dark)
    corners = found[np.ix_(*((0, -1),) * found.ndim)]
    frame = np.isin(found, corners[corners > 0])
    return ~binary_dilation(frame, iterations=_RIM) if frame.any() and not frame.all() else np.ones(grey.shape, dtype=bool)


def _continued(array: NDArray[Any], lit: NDArray[np.bool_]) -> NDArray[Any]:
    """The picture with the nearest lit pixel wherever it is not lit, so that its frame is no edge."""
    from scipy.ndimage import distance_transform_edt

    if lit.all() or not lit.any():
        return array
    return array[tuple(distance_transform_edt(~lit, return_distances=False, return_indices=True))]


def _coloured(array: NDArray[Any]) -> bool:
    return array.ndim == 3 and array.shape[2] == 3


def _by_value(labels: Labels, array: NDArray[Any], options: ImageMesh) -> None:
    for k, given in enumerate(options.regions.values()):
        if isinstance(given, LabelClass):
            labels[np.isin(array, given.label)] = k


def _by_appearance(labels: Labels, array: NDArray[Any], options: ImageMesh, source: str) -> None:
    colours: dict[int, tuple[int, int, int]] = {}
    for k, (name, given) in enumerate(options.regions.items()):
        free = labels == NONE
        if isinstance(given, ColourClass):
            colours[k] = colour_value(given.colour)
        elif isinstance(given, StainClass):
            _needs_colours(array, source, name)
            stain = skimage("color", "colour deconvolution").rgb2hed(flat(array, options.flatten))[..., _CHANNEL[given.stain]]
            labels[free & _between(_filtered(stain, options.smooth), given.above, None)] = k
        elif isinstance(given, BrightnessClass):
            grey = flat(array, options.flatten)
            filtered = _filtered(grey.mean(axis=2) if _coloured(array) else grey, options.smooth)
            labels[free & _between(filtered, given.above, given.below)] = k
        elif isinstance(given, RidgeClass):
            labels[free & ridge_mask(array, given, options.flatten)] = k
        elif not isinstance(given, RestClass):
            raise MeshError(
                f"region {name!r}: label values and colours cannot be mixed",
                code="region-rule",
                place=source,
                remedy="give all regions by label, or all by colour",
            )
    if colours:
        _needs_colours(array, source, next(iter(options.regions)))
        rest = any(isinstance(c, RestClass) for c in options.regions.values())
        found = _nearest(smoothed(array, options), colours, rest)
        free = labels == NONE
        labels[free] = found[free]


def _needs_colours(array: NDArray[Any], source: str, name: str) -> None:
    if not _coloured(array):
        remedy = "use label values or brightness (above, below)"
        raise MeshError(f"region {name!r} is given by colour, but the picture has none", code="region-rule", place=source, remedy=remedy)


def _filtered(channel: NDArray[np.floating], sigma: float) -> NDArray[np.floating]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(channel, sigma))


def _between(values: NDArray[np.floating], above: float | str | None, below: float | str | None) -> NDArray[np.bool_]:
    def number(bound: float | str | None, default: float) -> float:
        if bound is None:
            return default
        return float(skimage("filters", "an Otsu threshold").threshold_otsu(values) if bound == "otsu" else bound)

    return np.asarray((values > number(above, -np.inf)) & (values <= number(below, np.inf)))


def _nearest(picture: NDArray[np.floating], colours: Mapping[int, tuple[int, int, int]], rest: bool) -> Labels:
    """Region of the nearest colour in Lab after k-means, which moves the named colours to those of the picture.

    The clusters start from the 2 % of pixels that are relatively nearest to each named colour; with ``rest`` one more
    cluster starts from the pixels that are far from all of them, and stays NONE.
    """
    lab = skimage("color", "regions by colour").rgb2lab(picture)
    names = np.array([colours[k] for k in colours], dtype=np.float64)[None] / 255
    start = skimage("color", "regions by colour").rgb2lab(names)[0]
    pixels = lab.reshape(-1, 3)
    sample = pixels[:: max(1, len(pixels) // 50_000)]
    away = _squares(sample, start)
    several = len(start) > 1
    scores = [away[:, j] - (np.delete(away, j, axis=1).min(axis=1) if several else 0.0) for j in range(len(start))]
    if rest:
        scores.append(-away.min(axis=1))
    few = max(1, len(sample) // 50)
    centres = np.array([sample[np.argsort(score, kind="stable")[:few]].mean(axis=0) for score in scores])
    for _ in range(50):
        nearest = _squares(sample, centres).argmin(axis=1)
        moved = np.array([sample[nearest == j].mean(axis=0) if (nearest == j).any() else c for j, c in enumerate(centres)])
        done = np.abs(moved - centres).max() < 0.05
        centres = moved
        if done:
            break
    numbers = np.array([*colours, *([NONE] if rest else [])], dtype=np.int32)
    # In parts, since all distances at once take several times the memory of the picture.
    parts = [_squares(part, centres).argmin(axis=1) for part in np.array_split(pixels, max(1, len(pixels) // _PART))]
    return np.asarray(numbers[np.concatenate(parts)].reshape(lab.shape[:2]))


def _squares(values: NDArray[np.floating], centres: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(((values[:, None, :] - centres) ** 2).sum(axis=2))
