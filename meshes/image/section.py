"""The picture a mesh was made from, as the mesh took it: small enough to be kept with a run and drawn beneath its fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..domain import Section
from .files.stored import Picture, Values
from .picture import as_unit

_LONGEST = 1600  # pixels along an edge that are kept


def section(picture: Picture, edges: tuple[float, ...], regions: NDArray[np.int32] | None) -> Section:
    """What is kept of a plane picture; ``edges``: lengths of a pixel of the full picture; ``regions``: of each pixel, of label pictures."""
    rows, columns = picture.values.shape[:2]
    step = min(-(-max(rows, columns) // _LONGEST), rows, columns)  # of a strip something remains
    pixels = _means(picture.values, step) if regions is None else _numbers(regions[::step, ::step])
    size = np.array(edges[:2]) * picture.scale[:2]
    left, top = np.array(picture.origin[:2]) * edges[:2]
    right, bottom = np.array([left, top]) + np.array(pixels.shape[1::-1]) * step * size
    return Section(pixels, (float(left), float(right), float(bottom), float(top)), labels=regions is not None)


def _numbers(regions: NDArray[np.int32]) -> NDArray[np.uint8]:
    return np.where(regions >= 0, np.minimum(regions, 254) + 1, 0).astype(np.uint8)


def _means(values: Values, step: int) -> NDArray[np.uint8]:
    """(rows, columns, 3) means of step x step pixels, 0 to 255; what is left over at the right and at the bottom is not shown."""
    shown = as_unit(values[..., :3] if values.ndim == 3 else values[..., None])
    rows, columns = shown.shape[0] // step, shown.shape[1] // step
    blocks = shown[: rows * step, : columns * step].reshape(rows, step, columns, step, -1).mean(axis=(1, 3))
    return np.broadcast_to(np.rint(255 * blocks).astype(np.uint8), (rows, columns, 3)).copy()
