"""Arrays of numpy (.npy): numbers without a word on axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...files.contents import Unreadable
from .stored import Refused, Request, Stored, declared

_FEW = 4  # an axis of so few values may be colours or channels as well as columns or slices


def read(path: Path, request: Request) -> Stored:
    """The array with the axes that are asked for; without, rows and columns, or slices, rows and columns where this is clear."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, OverflowError, TypeError) as error:
        raise Unreadable(str(error).splitlines()[0]) from None
    if not isinstance(array, np.ndarray):
        raise Unreadable("several arrays (.npz): save one as .npy")
    if array.dtype.kind not in "buif":
        raise Unreadable(f"its values are of type {array.dtype}, not numbers")
    declared(array.shape, array.dtype.itemsize)
    axes = request.axes
    if axes is None:
        if array.ndim == 2:
            axes = "yx"
        elif array.ndim == 3 and array.shape[0] > _FEW and array.shape[2] > _FEW:
            axes = "zyx"
        else:
            raise Refused(
                f"its {array.ndim} axes of {' x '.join(map(str, array.shape))} values can be slices, colours or channels",
                code="ambiguous-picture",
                remedy="say `axes`: yxs (rows, columns, colours), zyx (slices, rows, columns), cyx (channels)",
            )
    return Stored(array, axes)
