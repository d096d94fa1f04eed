"""One colour map per kind of species, on pictures, on white, in space and in ParaView alike; and the colours of lines and surfaces."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, Normalize, PowerNorm, to_rgb
from matplotlib.ticker import FuncFormatter, MaxNLocator

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")  # Okabe & Ito
FRONTS = ("#E3A94B", "#CC79A7", "#56B4E9", "#8C6D31", "#B8B8B8")  # of bodies in space, by kind of cells
VESSELS = {"blood": "#d55e00", "lymph": "#009e73"}  # of Okabe & Ito: told apart by all eyes
BREACH = "#00d5ff"  # stands out from the maps and from a stained section, also without red and green
INK, GREY = "#1a1a1a", "#606060"
KINDS = ("cells", "ecm", "user", "bound", "soluble")
_BASE = {"ecm": "cividis", "user": "bone", "bound": "plasma", "soluble": "viridis"}
_WHITE = 0.1  # of the map of cells: where it has come from white to yellow
_APART = 0.13  # of the length of a colour bar, between ticks


def colour_map(kind: str) -> Colormap:
    """The map of a kind of species; that of cells begins with white, so that tissue without cells looks the same everywhere."""
    if kind != "cells":
        return mpl.colormaps[_BASE[kind]]
    share = np.linspace(0.0, 1.0, 256)
    colours = mpl.colormaps["inferno_r"](0.04 + 0.90 * share)
    pale = np.clip(1.0 - share / _WHITE, 0.0, 1.0)[:, None]
    colours[:, :3] = pale + (1.0 - pale) * colours[:, :3]
    return ListedColormap(colours, name="cells")


def integrity_map(level: float) -> Colormap:
    """The map of integrity, 0 to 1: bright where a membrane is breached (below ``level``), from there on grey to dark."""
    level = float(np.clip(level, 1e-6, 1.0 - 1e-6))
    stops = [(0.0, BREACH), (level, "#a8ecfa"), (level, "#c9cdd6"), (1.0, "#272c38")]
    return LinearSegmentedColormap.from_list("integrity", [(at, to_rgb(colour)) for at, colour in stops], N=512)


def samples(kind: str, count: int = 33) -> list[list[float]]:
    """Red, green and blue of a map at even shares, for other programs."""
    return [[round(float(c), 4) for c in colour[:3]] for colour in colour_map(kind)(np.linspace(0.0, 1.0, count))]


def span(low: float, high: float) -> tuple[float, float]:
    """The ends of a scale for values between ``low`` and ``high``."""
    low = min(low, 0.0) if low < 0.5 * high else low
    return low, high if high > low else low + 1.0


def scale_of(low: float, high: float, root: bool) -> Normalize:
    """A linear scale, or a cube root scale."""
    return PowerNorm(1 / 3, low, high, clip=True) if root and low >= 0 else Normalize(low, high)


def finish_bar(bar: Any, norm: Normalize, name: str) -> None:
    """Ticks and name of a colour bar."""
    if isinstance(norm, PowerNorm):
        ticks = _few_ticks(float(norm.vmin or 0.0), float(norm.vmax or 1.0))
        bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
        bar.ax.minorticks_off()
    else:
        bar.locator, bar.formatter = MaxNLocator(5), FuncFormatter(lambda value, _: f"{value:g}")  # no power of ten apart, above the map
        bar.update_ticks()
    bar.set_label(name)
    bar.outline.set_visible(False)


def _few_ticks(low: float, high: float) -> list[float]:
    """Round numbers for a cube root scale: 0 and 1, 3, 10, 30, ... times a power of ten, and the largest with one digit, as far apart as
    their labels need. Of a scale that begins elsewhere: its low end, and any digit times a power of ten."""
    power = int(np.floor(np.log10(high)))
    steps = [float(f"{m}e{k}") for k in range(power - 3, power + 1) for m in (range(1, 10) if low else (1, 3))]
    steps.append(float(f"{int(high / 10.0**power * (1 + 1e-9))}e{power}"))
    first = float(f"{low:.3g}")
    ticks = [first] if first >= low else []
    for tick in (t for t in steps if low < t <= high * (1 + 1e-9)):
        before = (max(ticks[-1] - low, 0.0) / (high - low)) ** (1 / 3) if ticks else -1.0
        if ((tick - low) / (high - low)) ** (1 / 3) - before >= _APART:
            ticks.append(tick)
    return ticks
