"""Ticks of axes whose numbers are small, large, or span decades."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from matplotlib.ticker import Formatter

from .units import as_power, superscript


class Powers(Formatter):
    """Ticks of one kind along an axis: 0.01, 0.1, 1, or 10⁻⁵, 10⁻³, 10⁻¹, or where they are even 0.5×10⁻⁷, 1×10⁻⁷.

    As plain text: typesetting of powers takes most of a second.
    """

    def __call__(self, value: float, pos: int | None = None) -> str:
        """One tick, as the others of its axis need it."""
        sizes = [abs(float(place)) for place in self.locs if place] or [abs(value) or 1.0]
        axis: Any = self.axis
        even = axis is None or axis.get_scale() == "linear"
        if 1e-3 <= max(sizes) < 1e4 and (even or min(sizes) >= 1e-3):
            return f"{value:g}"
        if value == 0:
            return "0"
        if not even:
            return as_power(value)
        power = floor(log10(max(sizes)) + 1e-9)
        return f"{round(value / 10.0**power, 6):g}×10{superscript(power)}"
