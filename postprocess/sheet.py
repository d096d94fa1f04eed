"""A sheet of equal panels with colour bars."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt

from .style import page

_STRIP = 1.05  # inches for a strip over time, with its axis
_BAR = 0.85  # inches for a colour bar with its ticks and name


class Sheet:
    """Panels of one size in rows and columns with a colour bar beside, placed in inches (laying out by itself is slow).

    Panels are ``width`` inches wide, or as wide as the page lets them be.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        width: float,
        aspect: float,
        titles_everywhere: bool,
        row_labels: bool = False,
        bar: bool = True,
        foot: int = 1,
        strip: bool = False,
    ) -> None:
        share = page().share
        self.gap = 0.08 * share
        self.left = (0.3 if row_labels else 0.08) * share
        beside = (_BAR if bar else 0.08) * share
        wanted = page().width
        if wanted:
            width = (wanted / 25.4 - self.left - beside) / columns - self.gap
        self.rows, self.width, self.height, self._share = rows, width, width * aspect, share
        self.pitch = self.height + (0.32 if titles_everywhere else 0.08) * share
        self._strip = (0.1 + 0.2 * foot) * share
        self.bottom = self._strip + (_STRIP * share if strip else 0.0)
        self.right = self.left + columns * (width + self.gap)
        self.size = (self.right + beside, self.bottom + (rows - 1) * self.pitch + self.height + 0.3 * share)
        self.figure: Any = plt.figure(figsize=self.size)

    def _axes(self, left: float, bottom: float, width: float, height: float) -> Any:
        return self.figure.add_axes((left / self.size[0], bottom / self.size[1], width / self.size[0], height / self.size[1]))

    def panel(self, row: int, column: int) -> Any:
        """The axes of one panel, counted from the top left."""
        bottom = self.bottom + (self.rows - 1 - row) * self.pitch
        return self._axes(self.left + column * (self.width + self.gap), bottom, self.width, self.height)

    def bar(self, row: int | None) -> Any:
        """The axes of a colour bar beside one row, or beside all."""
        bottom = self.bottom + (self.rows - 1 - (row or 0)) * self.pitch * (row is not None)
        height = self.height if row is not None else (self.rows - 1) * self.pitch + self.height
        return self._axes(self.right + 0.05 * self._share, bottom + 0.06 * height, 0.1 * self._share, 0.88 * height)

    def strip(self) -> Any:
        """The axes of a strip over time, as wide as all panels, below them."""
        bottom = self._strip + 0.36 * _STRIP * self._share
        return self._axes(self.left + 0.1 * self.width, bottom, self.right - self.left - 0.2 * self.width, 0.3 * _STRIP * self._share)

    def note(self, text: str, line: int = 0) -> None:
        """A line of text at the foot of the sheet."""
        self.figure.text(
            self.left / self.size[0], (0.06 + 0.2 * line) * self._share / self.size[1], text, fontsize=8 * self._share, va="bottom"
        )
