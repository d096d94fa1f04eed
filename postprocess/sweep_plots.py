"""Figures of a sweep: scatter plots, and maps over a grid of two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from .colours import LINES
from .sweep import quantities
from .units import unit_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 4  # parameters
_COLUMNS = 3  # observables
_DECADES = 10.0  # a parameter over a larger ratio is shown on a logarithmic axis


def scatter(inputs: dict[str, list[str]], outputs: dict[str, NDArray[np.float64]]) -> Any | None:
    """A panel for each parameter (row) and observable (column); None if nothing varies."""
    varied = _varied(inputs)[:_ROWS]
    if not varied or not outputs:
        return None
    wide = min(_COLUMNS, len(outputs))
    tall = -(-len(outputs) // wide)  # rows of each parameter
    size = (2.9 * wide + 0.3, 2.1 * tall * len(varied) + 0.2)
    figure, axes = plt.subplots(tall * len(varied), wide, figsize=size, squeeze=False, layout="constrained")
    for k, name in enumerate(varied):
        places, labels, unit = _places(inputs[name])
        alone = len(_varied(inputs)) == 1 and not labels and len(set(places)) == len(places)
        order, line = np.argsort(places), {"linestyle": "-" if alone else "none", "linewidth": 0.8}
        panels = axes[k * tall : (k + 1) * tall].ravel()
        for panel, (observable, values) in zip(panels, outputs.items(), strict=False):
            panel.plot(places[order], values[order], marker="o", color=LINES[0], markersize=4, alpha=0.7, markeredgewidth=0, **line)
            panel.set_title(observable, fontsize=9)
            panel.set_xlabel(_label(name, unit))
            panel.ticklabel_format(axis="y", useOffset=False)
            _axis(panel, places, labels)
        for panel in panels[len(outputs) :]:
            panel.set_axis_off()
    return figure


def maps(inputs: dict[str, list[str]], outputs: dict[str, NDArray[np.float64]]) -> Any | None:
    """A map of each observable over a full grid of two parameters; None for anything else."""
    varied = _varied(inputs)
    if len(varied) != 2:
        return None
    (x, x_labels, x_unit), (y, y_labels, y_unit) = (_places(inputs[name]) for name in varied)
    xs, column = np.unique(x, return_inverse=True)
    ys, row = np.unique(y, return_inverse=True)
    if len(xs) * len(ys) != len(x) or min(len(xs), len(ys)) < 2:
        return None
    wide = min(3, len(outputs))
    tall = -(-len(outputs) // wide)
    figure, axes = plt.subplots(tall, wide, figsize=(3.5 * wide, 2.7 * tall + 0.2), squeeze=False, layout="constrained")
    for panel, (observable, values) in zip(axes.ravel(), outputs.items(), strict=False):
        grid = np.full((len(ys), len(xs)), np.nan)
        grid[row, column] = values
        image = panel.imshow(grid, origin="lower", aspect="auto", cmap="viridis")
        figure.colorbar(image, ax=panel).ax.ticklabel_format(useOffset=False)
        panel.set_title(observable)
        panel.set_xticks(range(len(xs)), x_labels or [f"{v:.3g}" for v in xs], rotation=45 if len(xs) > 5 else 0)
        panel.set_yticks(range(len(ys)), y_labels or [f"{v:.3g}" for v in ys])
    for panel in axes.ravel()[len(outputs) :]:
        panel.set_axis_off()
    figure.supxlabel(_label(varied[0], x_unit), fontsize=9)
    figure.supylabel(_label(varied[1], y_unit), fontsize=9)
    return figure


def _varied(inputs: dict[str, list[str]]) -> list[str]:
    return [name for name, texts in inputs.items() if len(set(texts)) > 1]


def _label(name: str, unit: str) -> str:
    short = name if len(name) < 40 else "..." + name[-36:]
    return f"{short} ({unit_text(unit)})" if unit else short


def _places(texts: list[str]) -> tuple[NDArray[np.float64], list[str], str]:
    """Where values stand on an axis, the labels of words, and the unit: numbers by value, words one after the other."""
    found = quantities(texts)
    if found:
        return np.array(found[0]), [], found[1]
    words = sorted(set(texts))
    return np.array([float(words.index(text)) for text in texts]), [word or "-" for word in words], ""


def _axis(panel: Any, places: NDArray[np.float64], labels: list[str]) -> None:
    if labels:
        panel.set_xticks(range(len(labels)), labels)
        panel.set_xmargin(0.3)  # room for words at the ends
    elif places.min() > 0 and places.max() / places.min() >= _DECADES:
        panel.set_xscale("log")
