"""What all figures share: type and size, which species are shown and on what scale, the scale bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from invasio.solver.scenario.ecm import components

from .colours import KINDS, span
from .units import scale

if TYPE_CHECKING:
    from .run import Run

FRONT = 0.01  # of the largest initial density: the level that defines the front, as in series.csv
_KINDS = {"cells": "cells", "bound": "bound", "solubles": "soluble"}
_INCH = 25.4
_BELOW = 0.11  # inches between a picture and the bar below it
_POINTS = 9.0  # of the type of a figure whose width nobody has asked for
_SETTINGS = {
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # type that can be edited, and that journals take
    "ps.fonttype": 42,
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Page:
    """For which page a figure is: its width in mm (None: as suits it), its type, in points, and whether a tissue's picture lies beneath."""

    width: float | None = None
    font: str | None = None
    points: float | None = None
    section: bool = True

    @property
    def type(self) -> float:
        """Points of the type: 7 where a width is given, as journals ask for, else 9."""
        return self.points or (7.0 if self.width else _POINTS)

    def fitted(self, width: float, height: float) -> tuple[float, float]:
        """Inches of a figure that would be so wide and high."""
        share = self.width / _INCH / width if self.width else 1.0
        return width * share, height * share if share < 1 else height * min(share, 1.25)

    @property
    def share(self) -> float:
        """Of lines and spaces: what the type is of that of a figure for the screen."""
        return self.type / _POINTS


def known_font(family: str) -> bool:
    """Whether this machine has a font of this family."""
    return family in font_manager.get_font_names()


_page: ContextVar[Page] = ContextVar("page", default=Page())  # noqa: B039 - it is frozen


def page() -> Page:
    """The page that figures are drawn for now."""
    return _page.get()


def fitted(width: float, height: float) -> tuple[float, float]:
    """Inches of a figure on the page that it is drawn for."""
    return page().fitted(width, height)


@contextmanager
def style(on: Page | None = None) -> Iterator[None]:
    """A block in which figures are drawn in this project's style for a page; closes the figures made in it."""
    before = set(plt.get_fignums())
    chosen = on or page()
    size = chosen.type
    settings: dict[str, Any] = {
        **_SETTINGS,
        "font.size": size,
        "axes.titlesize": size * 10 / 9,
        "legend.fontsize": size,
        "lines.linewidth": 1.6 * chosen.share,
        "axes.linewidth": 0.8 * chosen.share,
    }
    if chosen.font:
        settings["font.family"] = [chosen.font, "DejaVu Sans"]  # the second where the first lacks a letter
    token = _page.set(chosen)
    with plt.rc_context(settings):
        try:
            yield
        finally:
            _page.reset(token)
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


def kinds(run: Run) -> dict[str, str]:
    """Field name -> "cells", "ecm", "bound", "soluble" or "user", from the scenario; the order of drawing."""
    model = run.scenario.get("model") or {}
    found = {name: kind for block, kind in _KINDS.items() for name in (model.get(block) or {})}
    found |= dict.fromkeys(components(model.get("ecm")), "ecm")
    for name, law in (run.scenario.get("species") or {}).items():
        found[name] = "cells" if isinstance(law, dict) and law.get("taxis") else "user"
    if not found:
        found = {name: "user" for name in run.fields}
        found.update({name: "cells" for name in run.fields[:1]})
    named = {name: found.get(name, "user") for name in run.fields}
    order = list(found)
    return dict(sorted(named.items(), key=lambda item: (KINDS.index(item[1]), order.index(item[0]) if item[0] in found else 99)))


def cells_of(run: Run) -> list[str]:
    """Names of the kinds of cells of a run that its fields hold."""
    return [name for name, kind in kinds(run).items() if kind == "cells"]


def front_field(run: Run) -> str | None:
    """The cells whose front is shown: the first ones; None if there are no cells."""
    return next(iter(cells_of(run)), None)


def front_level(run: Run, name: str, step: int) -> float:
    """The density that defines the front of a species at an output, as in series.csv: 1 % of its largest at the start, or at the time
    where there was none."""
    start = float(run.field(name, step=0).max())
    return FRONT * (start if start > 0 else float(run.field(name, step=step).max()))


def extremes(run: Run, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest value of a field at every output: from series.csv, or from the fields where it does not say."""
    table, count = run.series, len(run.times)
    columns = [table.get(f"{name}.{end}", np.zeros(0))[:count] for end in ("min", "max")]
    if any(len(column) < count for column in columns):
        fields = [run.field(name, step=step) for step in range(count)]
        columns = [np.array([f.min() for f in fields]), np.array([f.max() for f in fields])]
    return columns[0], columns[1]


def limits(run: Run, name: str) -> tuple[float, float]:
    """The ends of a scale for a field that holds for all times; from 0 unless the field varies little around something else."""
    lows, highs = extremes(run, name)
    return span(float(lows.min()), float(highs.max()))


def thins_out(run: Run, name: str) -> bool:
    """Whether a field spreads so thinly that its late times need a root scale to be seen."""
    lows, highs = extremes(run, name)
    late = highs[len(highs) // 2 :]
    return bool(late.min() < 0.3 * highs.max() and lows.min() >= 0)


def scale_bar(axes: Any, run: Run, width: float) -> None:
    """A bar of a round length, about a quarter of ``width`` (in the scenario's length), below the picture."""
    factor, unit = scale(run, "length")
    target = width * factor / 4
    power = 10.0 ** np.floor(np.log10(target))
    length = max(n * power for n in (1, 2, 5) if n * power <= target * (1 + 1e-9))
    share = length / factor / width
    text = f"{length:g}" + (f" {unit}" if unit else "")
    size = page().share
    below = axes.transAxes + ScaledTranslation(0.0, -_BELOW * size, axes.figure.dpi_scale_trans)
    axes.plot([0.0, share], [0.0, 0.0], transform=below, color="black", linewidth=2.5 * size, clip_on=False, solid_capstyle="butt")
    axes.text(share + 0.02, 0.0, text, transform=below, va="center", ha="left", fontsize=8 * size)
