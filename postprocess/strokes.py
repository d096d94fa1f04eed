"""Strokes along the fibres that a species moves along, on a grid over a map; as long as the fibres count, and dark on a pale edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from .style import page

Floats = NDArray[np.float64]

_ACROSS = 22  # strokes along the longer side
_LENGTH = 0.7  # of what lies between them
_LEAST = 0.05  # shorter ones are left out


def strokes(along: Floats, corners: NDArray[np.int64], share: Floats, places: Floats, apart: float) -> Floats:
    """Ends (n, 2, 2) of strokes at places (p, 2) that lie in cells with these corners (p, dim+1) and shares of them.

    along (N, dim): at the nodes, without a sign, so that the mean of the tensors counts and not that of the vectors.
    """
    length = np.linalg.norm(along, axis=1)
    unit = np.divide(along, length[:, None], out=np.zeros_like(along), where=length[:, None] > 0)
    tensors = np.einsum("n,ni,nj->nij", length, unit, unit)
    mean = np.einsum("pk,pkij->pij", share, tensors[corners])
    size, vectors = np.linalg.eigh(mean)
    drawn = (size[:, -1] - size[:, -2])[:, None] * vectors[:, :2, -1]  # in 3-D what of it lies in the plane
    seen = np.linalg.norm(drawn, axis=1) > _LEAST
    half = 0.5 * _LENGTH * apart * drawn[seen]
    return np.stack([places[seen] - half, places[seen] + half], axis=1)


def grid_of(shape: tuple[int, int]) -> tuple[NDArray[np.int64], int]:
    """Numbers of the pixels of a raster (rows, columns) that get a stroke, and how many pixels lie between them."""
    step = max(1, round(max(shape) / _ACROSS))
    rows, columns = (np.arange(step // 2, n, step) for n in shape)
    return (rows[:, None] * shape[1] + columns).ravel().astype(np.int64), step


def draw(panel: Any, lines: Floats) -> None:
    """The strokes on a panel."""
    for colour, width in (("#ffffff", 1.6), ("#1a1a1a", 0.7)):
        panel.add_collection(LineCollection(list(lines), colors=colour, linewidths=width * page().share, alpha=0.75))
