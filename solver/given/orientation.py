r"""Directions of fibres in a picture or volume, without a sign: the tensor Q = k d d^T at each pixel, k from 0 (none) to 1.

Structure tensor: J = G_w * (g g^T) with g the gradient of the picture filtered by a Gaussian, G_w a Gaussian window. Along fibres the
picture changes least: d is the eigenvector of the smallest eigenvalue l_1 of J, and k = (l_2 - l_1)/(l_1 + l_2) with the next one, which
is 1 for fibres and 0 where there is no direction, as in a sheet. g is the derivative of the Gaussian itself: a Sobel operator turns
fine fibres by degrees. Source: Bigun and Granlund 1987, Proc. 1st Int. Conf. Computer Vision, 433-438; Rezakhaniha et al. 2012, Biomech.
Model. Mechanobiol. 11:461-473, doi:10.1007/s10237-011-0325-z.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

EDGE = 3.0  # widths of the first filter: so near to the edge of the picture its gradient is not known
_FLAT = 1e-10  # of the largest sum of eigenvalues: less is rounding
_SHEET = 1e-2  # of the largest eigenvalue: both others below that are a sheet, whose rest is noise
_BATCH = 100_000  # pixels at once


def pairs(dim: int) -> list[tuple[int, int]]:
    """The components of a symmetric tensor that count, in the order of all lists here."""
    return [(a, b) for a in range(dim) for b in range(a, dim)]


def steps(window: Sequence[float], counts: Sequence[int]) -> list[int]:
    """Every so many pixels, of these counts, is enough of what has been filtered with a window of these widths in pixels."""
    return [min(count, max(1, int(width / 2 + 0.5))) for width, count in zip(window, counts, strict=True)]


def structure(values: Values, edges: Sequence[float], smooth: float, window: Sequence[float], full: float) -> list[Values]:
    """Q of a picture (axes y, x or z, y, x) with pixels of these edges along x, y, z; smooth and window (x, y, z) in pixels.

    It is that of every n-th pixel from n // 2 on, n the ``steps`` of the window. full: the coherence from which on k is 1. There must be
    more than 2 EDGE smooth pixels in each direction.
    """
    from scipy.ndimage import gaussian_filter

    dim, rim = values.ndim, int(np.ceil(EDGE * smooth))
    inside = np.zeros(values.shape, dtype=bool)
    inside[(slice(rim, -rim),) * dim] = True
    slopes = [gaussian_filter(values, smooth, order=[int(axis == dim - 1 - a) for axis in range(dim)]) / edges[a] for a in range(dim)]
    some = tuple(slice(step // 2, None, step) for step in steps(window, values.shape[::-1])[::-1])
    # what lies beyond counts nothing, so that the eigenvectors are those of the part of the window that is known
    found = [
        gaussian_filter(np.where(inside, slopes[a] * slopes[b], 0.0), list(window)[::-1], mode="constant")[some].copy()
        for a, b in pairs(dim)
    ]
    shape = found[0].shape
    found = [part.ravel() for part in found]
    strength = trace(found, dim)
    least = _FLAT * float(np.max(strength))
    out = [np.zeros(strength.size, dtype=np.float32) for _ in found]
    for start in range(0, strength.size, _BATCH):
        here = slice(start, start + _BATCH)
        tensors = np.zeros((len(found[0][here]), dim, dim))
        for (a, b), part in zip(pairs(dim), found, strict=True):
            tensors[:, a, b] = tensors[:, b, a] = part[here]
        size, vectors = np.linalg.eigh(tensors)
        total = np.maximum(size[:, 0] + size[:, 1], _SHEET * size[:, -1])
        known = strength[here] > least
        k = np.clip(np.divide(size[:, 1] - size[:, 0], total, out=np.zeros_like(total), where=known) / full, 0.0, 1.0)
        for (a, b), part in zip(pairs(dim), out, strict=True):
            part[here] = k * vectors[:, a, 0] * vectors[:, b, 0]
    return [part.reshape(shape) for part in out]


def trace(layers: Sequence[Values], dim: int) -> Values:
    """The sum of the components xx, yy, ..."""
    return np.asarray(np.sum([layer for (a, b), layer in zip(pairs(dim), layers, strict=True) if a == b], axis=0))


def turned(degrees: Values) -> list[Values]:
    """Q of a picture of angles, from x toward y, with k = 1."""
    angle = np.radians(degrees)
    d = np.cos(angle), np.sin(angle)
    return [d[a] * d[b] for a, b in pairs(2)]
