"""vessels.vtkhdf: the walls of vessels beside the tissue, with their own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .fields import FieldsWriter
from .layout import Frame


class WallsWriter:
    """Observer that appends what stands on a surface at every output; ``fields`` gives the values at its corners (collective)."""

    def __init__(self, writer: FieldsWriter, fields: Callable[[], Mapping[str, NDArray[np.float64]]]) -> None:
        self._writer, self._fields = writer, fields

    def on_step(self, time: float, step: int, dt: float, info: Mapping[str, float]) -> None:
        """Nothing to write between outputs."""

    def on_output(self, frame: Frame) -> None:
        """Append the surface of the moment. Collective."""
        self._writer.on_output(replace(frame, fields=self._fields(), observables={}))

    def close(self, reason: str) -> None:
        """Close the file. Collective."""
        self._writer.close(reason)
