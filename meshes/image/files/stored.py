"""What a file of a picture or volume holds, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...files.contents import Unreadable

Values = NDArray[np.generic]
LARGEST = 3_000_000_000  # values that a file may declare
NAMES = {"x": "columns", "y": "rows", "z": "slices", "c": "channels", "t": "times", "s": "colour samples", "q": "pages"}

# Metres of a unit as files write it.
_METRES = {
    **{"m": 1.0, "meter": 1.0, "metre": 1.0, "cm": 1e-2, "mm": 1e-3, "nm": 1e-9, "pm": 1e-12, "inch": 0.0254, "in": 0.0254},
    **{name: 1e-6 for name in ("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre", "\\u00b5m")},
    **{"millimeter": 1e-3, "millimetre": 1e-3, "nanometer": 1e-9, "centimeter": 1e-2, "å": 1e-10},
}


class Refused(Unreadable):
    """A file that is read, but not as it is asked for; ``code`` and ``remedy`` of the message."""

    def __init__(self, what: str, code: str, remedy: str) -> None:
        super().__init__(what, code, remedy)
        self.what, self.code, self.remedy = what, code, remedy

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Request:
    """What is wanted of a file: stored values (labels) or colours; which axes, channel, time, picture, level; a part; fewer pixels."""

    labels: bool = True
    axes: str | None = None
    channel: int | None = None
    frame: int | None = None
    level: int | None = None
    crop: tuple[int, ...] | None = None
    shrink: int | None = None
    whole: bool = True  # stored values must be whole numbers
    pick: bool = False  # fewer pixels by leaving some out, as a mean has no meaning
    series: int | None = None


@dataclass(frozen=True)
class Stored:
    """Values with a letter per axis, as they are in the file.

    axes: x, y, z, c (channels), t (times), s (colour samples: grey, grey and alpha, RGB or RGBA), q (pages of no stated
    kind). spacing: axis -> metres of a pixel of the full level. scale: axis -> pixels of the full level in one of these.
    inverted: 0 is white. names: of the channels.
    """

    values: Values
    axes: str
    spacing: Mapping[str, float] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    inverted: bool = False
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture (rows, columns[, 3]) or a volume (slices, rows, columns), ready for use.

    spacing: metres of a pixel of the full picture along x, y (and z), as far as the file says. origin: first pixel of the
    part, in pixels of the full picture; scale: how many of its pixels one of these is long. whole: pixels of the full
    picture along x, y (and z).
    """

    values: Values
    volume: bool
    spacing: tuple[float | None, ...]
    origin: tuple[float, ...]
    scale: tuple[float, ...]
    whole: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def coloured(self) -> bool:
        """Whether there are three colour channels."""
        return not self.volume and self.values.ndim == 3


def metres(value: object, unit: object) -> float | None:
    """The length in metres; None where it is no positive number or the unit is not one of length."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    factor = _METRES.get(str(unit).strip().lower())
    return number * factor if factor and 0 < number < np.inf else None


def declared(shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse sizes that no picture has; raises Unreadable."""
    size = " x ".join(map(str, shape))
    if not shape or min(shape) < 1:
        raise Unreadable(f"it holds nothing: {size or 'no'} values")
    if float(np.prod([float(n) for n in shape])) * itemsize > LARGEST:
        raise Unreadable(f"it says that it holds {size} values, more than {LARGEST / 1e9:g} GB")
