"""Surfaces where they cross the plane of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def crossed(triangles: NDArray[np.float64], height: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Where triangles (n, 3, 3) cross the plane z = height: segments (m, 2, 2), and the triangle (m,) that each is of."""
    above = triangles[:, :, 2] > height
    which = np.flatnonzero(above.any(axis=1) & ~above.all(axis=1))
    cut, above = triangles[which], above[which]
    lone = np.where(above.sum(axis=1) == 1, np.argmax(above, axis=1), np.argmin(above, axis=1))
    rows = np.arange(len(cut))
    tip = cut[rows, lone]
    ends = []
    for step in (1, 2):
        other = cut[rows, (lone + step) % 3]
        share = (height - tip[:, 2]) / (other[:, 2] - tip[:, 2])
        ends.append(tip[:, :2] + share[:, None] * (other[:, :2] - tip[:, :2]))
    return np.stack(ends, axis=1), which
