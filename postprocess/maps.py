"""Maps of fields: the tissue itself in 2-D, the middle plane in 3-D."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, Normalize, PowerNorm
from numpy.typing import NDArray

from .picture import Picture, background
from .raster import cover
from .style import MAPS, kinds, scale_bar, span, thins_out, time_label

if TYPE_CHECKING:
    from .run import Run

_PIXELS = 200_000  # of a raster


class Plane:
    """A raster of the tissue: all of it in 2-D, the plane z = middle in 3-D. Located once, used for every field."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lower, self.upper = run.points.min(axis=0), run.points.max(axis=0)
        size = self.upper[:2] - self.lower[:2]
        step = float(np.sqrt(size.prod() / _PIXELS))
        self.shape = (max(2, int(size[1] / step)), max(2, int(size[0] / step)))
        self.height = float(self.lower[2] + self.upper[2]) / 2 if run.dim == 3 else 0.0
        self._cell, self._share = cover(run.points, run.cells, self.shape, self.height)
        self.extent = (self.lower[0], self.upper[0], self.lower[1], self.upper[1])
        self.picture = background(run)
        self.lines = outlines(run) if run.dim == 2 else None

    def raster(self, field: NDArray[np.float64]) -> NDArray[np.float64]:
        """(rows, columns) values of a nodal field; NaN outside the tissue."""
        values = np.einsum("ij,ij->i", field[self.run.cells[self._cell]], self._share)
        return np.asarray(values.reshape(self.shape))


def outlines(run: Run) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Outlines of a 2-D mesh, between regions and along the rim of the tissue: (3n, 2) points, every third NaN."""
    edges = np.sort(run.cells[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    region = np.repeat(run.cell_region, 3)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, region = edges[order], region[order]
    same = (edges[1:] == edges[:-1]).all(axis=1)
    paired = np.zeros(len(edges), dtype=bool)
    paired[1:] |= same
    paired[:-1] |= same
    between = edges[1:][same & (region[1:] != region[:-1])]
    gap = np.full((1, 1, 2), np.nan)  # one broken line is drawn much faster than thousands of segments
    return tuple(  # type: ignore[return-value]
        np.concatenate([run.points[e], np.repeat(gap, len(e), axis=0)], axis=1).reshape(-1, 2) for e in (between, edges[~paired])
    )


def map_grid(run: Run, names: list[str], steps: list[int], plane: Plane, columns: int | None = None) -> Any:
    """A figure of maps: one field at many times in rows of ``columns``, or one row per field with a column per time."""
    picture, lines = plane.picture, plane.lines
    size = plane.upper[:2] - plane.lower[:2]
    columns = columns or len(steps)
    single = len(names) == 1
    sheet = _Sheet(-(-len(steps) // columns) if single else len(names), columns, 3.0 if single else 2.1, size[1] / size[0], single)
    kind = kinds(run)
    for row, name in enumerate(names):
        rasters = [plane.raster(run.field(name, step=step)) for step in steps]
        norm = _norm(run, name, rasters)
        drawn: Any = None
        for number, (raster, step) in enumerate(zip(rasters, steps, strict=True)):
            at = (number // columns, number % columns) if single else (row, number)
            panel = sheet.panel(*at)
            drawn = _panel(panel, raster, norm, kind[name], plane, picture if kind[name] == "cells" else None, lines)
            if single or row == 0:
                panel.set_title(time_label(run, float(run.times[step])), y=1.0, pad=4)
            if at == (sheet.rows - 1, 0):
                scale_bar(panel, run, size[0])
                if run.dim == 3:
                    panel.text(1.0, -0.03, f"z = {plane.height:.3g}", transform=panel.transAxes, va="center", ha="right", fontsize=8)
        bar = sheet.figure.colorbar(drawn, cax=sheet.bar(None if single else row))
        if isinstance(norm, PowerNorm):
            ticks = _few_ticks(float(norm.vmax or 1.0))
            bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
            bar.ax.minorticks_off()
        bar.set_label(name)
        bar.outline.set_visible(False)
    return sheet.figure


class _Sheet:
    """Panels of one size in rows and columns with a colour bar beside, placed in inches (laying out by itself is slow)."""

    def __init__(self, rows: int, columns: int, width: float, aspect: float, titles_everywhere: bool) -> None:
        self.rows, self.width, self.height = rows, width, width * aspect
        self.pitch = self.height + (0.32 if titles_everywhere else 0.08)
        self.bottom, self.left, self.gap = 0.3, 0.08, 0.08
        self.right = self.left + columns * (width + self.gap)
        self.size = (self.right + 0.85, self.bottom + (rows - 1) * self.pitch + self.height + 0.3)
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
        return self._axes(self.right + 0.05, bottom + 0.06 * height, 0.1, 0.88 * height)


def _panel(panel: Any, raster: Any, norm: Any, kind: str, plane: Plane, picture: Picture | None, lines: Any) -> Any:
    panel.set_aspect("equal")
    panel.set_axis_off()
    colours: Any = plt.get_cmap(MAPS[kind])
    if picture is not None:
        panel.imshow(picture.pale, extent=picture.extent, interpolation="bilinear")
        colours = _translucent()
    drawn = panel.imshow(
        raster, origin="lower", extent=plane.extent, cmap=colours, norm=norm, interpolation="bilinear", interpolation_stage="rgba"
    )
    if lines is not None:
        between, rim = lines
        on_bright = picture is not None or kind == "ecm"
        panel.plot(*between.T, color="#101010" if on_bright else "#ffffff", linewidth=0.7, alpha=0.8)
        panel.plot(*rim.T, color="#404040", linewidth=0.5)
    down = picture is not None or (plane.run.scenario.get("mesh") or {}).get("kind") == "image"
    panel.set_xlim(plane.lower[0], plane.upper[0])
    panel.set_ylim(*(plane.upper[1], plane.lower[1]) if down else (plane.lower[1], plane.upper[1]))
    return drawn


def _norm(run: Run, name: str, rasters: list[NDArray[np.float64]]) -> Normalize:
    """One scale for all times; where a field spreads and thins out, a root scale, so that late times are visible."""
    low, high = span(min(float(np.nanmin(r)) for r in rasters), max(float(np.nanmax(r)) for r in rasters))
    return PowerNorm(1 / 3, low, high, clip=True) if thins_out(run, name) else Normalize(low, high)


def _few_ticks(high: float) -> list[float]:
    """Round numbers for a root scale: 0 and 1, 3, 10, 30, ... times a power of ten, down to a three-hundredth of the top."""
    steps = [float(f"{m}e{k}") for k in range(int(np.floor(np.log10(high))) - 3, int(np.ceil(np.log10(high))) + 1) for m in (1, 3)]
    return [0.0, *(t for t in steps if high / 300 <= t <= high * (1 + 1e-9))]


def _translucent() -> ListedColormap:
    """A map from nothing through yellow and red to dark, for drawing over a picture."""
    colours = plt.get_cmap("inferno_r")(np.linspace(0.12, 0.85, 256))
    colours[:, 3] = np.clip(np.linspace(0.0, 1.0, 256) * 4, 0.0, 0.85)
    return ListedColormap(colours)
