"""Random fields that are functions of position and seed, never of the partition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PRIMES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


def value_noise(points: NDArray[np.float64], scale: float, seed: int) -> NDArray[np.float64]:
    """A smooth random field in [0, 1] at the points: hashed values on a lattice of width ``scale``, blended C1.

    points: (N, d) with d <= 3, in the scenario's length unit; scale > 0 in the same unit; seed: any integer.
    Two points in the same place get the same value on every rank and machine. Raises ValueError if scale <= 0.
    """
    if not scale > 0:
        raise ValueError(f"the scale of a random field must be positive, not {scale}")
    cell = np.asarray(points, dtype=float) / scale
    corner = np.floor(cell)
    inside = cell - corner
    blend = inside * inside * (3.0 - 2.0 * inside)
    base = corner.astype(np.int64).astype(np.uint64)
    total = np.zeros(len(cell))
    for bits in np.ndindex(*(2,) * cell.shape[1]):
        offset = np.array(bits, dtype=np.uint64)
        weight = np.prod(np.where(offset == 1, blend, 1.0 - blend), axis=1)
        total += weight * _hashed(base + offset, seed)
    return total


def _hashed(lattice: NDArray[np.uint64], seed: int) -> NDArray[np.floating]:
    """One number in [0, 1) per lattice point (splitmix64 of its coordinates and the seed)."""
    with np.errstate(over="ignore"):
        state: NDArray[np.uint64] = np.full(len(lattice), np.uint64(seed % 2**64))
        for axis in range(lattice.shape[1]):
            state = _mixed(state + lattice[:, axis] * _PRIMES[axis])
        return (_mixed(state) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _mixed(state: NDArray[Any]) -> NDArray[Any]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
