"""What meshing has changed of the volume of a region, said and never silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SAID = 0.02  # a change of more is pointed at


def changes(
    names: Sequence[str], measures: NDArray[np.floating], labels: NDArray[np.int32], cut: NDArray[np.bool_], pixel: float, what: str
) -> list[str]:
    """A note for each region: how much of its pixels or voxels, each of measure ``pixel``, the mesh has.

    measures (regions,): area or volume in the mesh; labels: the region of each pixel as it was told from the others;
    cut: pixels of holes, which count for no region.
    """
    notes = []
    for k, name in enumerate(names):
        measure = float(measures[k])
        count = int(((labels == k) & ~cut).sum())
        if not count:
            continue
        change = measure / (count * pixel) - 1
        note = f"region {name}: {count} {what}, in the mesh {measure:.6g}, {100 * change:+.2f} %"
        remedy = "; smaller `smallest`, `outline` or `size` change less" if abs(change) > _SAID else ""
        notes.append(note + remedy)
    return notes
