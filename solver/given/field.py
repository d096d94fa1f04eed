"""What a source gives: values at nodes, with where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def lowest(points: NDArray[np.float64]) -> str:
    """Of points (n, dim) the one with the least x, and y, and z, for messages: the same on any mesh with these nodes."""
    return ", ".join(f"{x:.6g}" for x in points[np.lexsort(np.round(points.T[::-1], 12))[0]])


@dataclass(frozen=True)
class Given:
    """A given field: values (n_local) at owned nodes and ghosts; digest: SHA-256 of what was read, the same on all ranks.

    parts: of a field of directions the components xx, xy, ... of its tensor (n_local), whose trace the values are.
    facts: provenance for the manifest (file, time, ...); notes: what was left out or changed on the way, for the log.
    """

    values: NDArray[np.float64]
    digest: str
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    parts: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
