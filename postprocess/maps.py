"""Maps of fields: the tissue itself in 2-D, the middle plane in 3-D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize, PowerNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from .membranes import membranes
from .picture import background
from .raster import cover
from .sheet import Sheet
from .strokes import draw as draw_strokes
from .strokes import grid_of, strokes
from .style import MAPS, kinds, length_label, scale_bar, span, thins_out, time_label, with_unit
from .vessels import draw as draw_walls
from .vessels import wall_lines

if TYPE_CHECKING:
    from .run import Run

_PIXELS = 200_000  # of a raster
_APART = 0.13  # of the length of a colour bar, between ticks
_BREACH = "#00d5ff"  # stands out from the maps and from a stained section, also without red and green


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
        self.membranes = membranes(run) if run.dim > 1 else None
        self.vessels = wall_lines(run, self.height)

    @property
    def as_picture(self) -> bool:
        """Whether y runs down: the mesh, or a given field in 2-D, is of a picture."""
        fields = (self.run.scenario.get("fields") or {}).values()
        of_field = self.run.dim == 2 and any("image" in field for field in fields if isinstance(field, dict))
        return of_field or (self.run.scenario.get("mesh") or {}).get("kind") == "image"

    def strokes(self, name: str) -> NDArray[np.float64]:
        """Ends (n, 2, 2) of strokes along the fibres that a species moves along; none where it moves alike in all directions."""
        along = self.run.fibres.get(name)
        if along is None:
            return np.empty((0, 2, 2))
        pixels, step = grid_of(self.shape)
        inside = pixels[~np.isnan(self._share[pixels]).any(axis=1)]
        size = (self.upper - self.lower)[:2] / np.array(self.shape[::-1])
        places = self.lower[:2] + (np.stack([inside % self.shape[1], inside // self.shape[1]], axis=1) + 0.5) * size
        return strokes(along, self.run.cells[self._cell[inside]], self._share[inside], places, step * float(size.max()))

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


@dataclass(frozen=True)
class Row:
    """One field of one run at some outputs; ``label`` is written at the left where several runs are shown."""

    plane: Plane
    name: str
    steps: list[int]
    label: str = ""


def map_grid(run: Run, names: list[str], steps: list[int], plane: Plane, columns: int | None = None) -> Any:
    """A figure of maps: one field at many times in rows of ``columns``, or one row per field with a column per time."""
    return map_rows([Row(plane, name, steps) for name in names], columns)


def map_rows(rows: list[Row], columns: int | None = None, ends: dict[str, tuple[float, float]] | None = None) -> Any:
    """A figure with a row of maps per field or run and a column per time; a single row is broken into rows of ``columns``.

    Rows of the same field share one colour scale, from the maps shown or from ``ends``.
    """
    single = len(rows) == 1
    columns = columns or len(rows[0].steps)
    size = rows[0].plane.upper[:2] - rows[0].plane.lower[:2]
    count = -(-len(rows[0].steps) // columns) if single else len(rows)
    sheet = Sheet(count, columns, 3.0 if single else 2.1, size[1] / size[0], single, any(row.label for row in rows))
    rasters = [[row.plane.raster(row.plane.run.field(row.name, step=step)) for step in row.steps] for row in rows]
    norms = {row.name: _norm(rows, rasters, row.name, (ends or {}).get(row.name)) for row in rows}
    for number, (row, pictures) in enumerate(zip(rows, rasters, strict=True)):
        drawn: Any = None
        for k, (raster, step) in enumerate(zip(pictures, row.steps, strict=True)):
            at = (k // columns, k % columns) if single else (number, k)
            panel = sheet.panel(*at)
            drawn = _panel(panel, raster, norms[row.name], kinds(row.plane.run)[row.name], row.plane)
            draw_strokes(panel, row.plane.strokes(row.name))
            _membranes(panel, row.plane, step)
            if single or number == 0:
                panel.set_title(time_label(row.plane.run, float(row.plane.run.times[step])), y=1.0, pad=4)
            if row.label and k == 0:
                panel.text(-0.03, 0.5, row.label, transform=panel.transAxes, rotation=90, va="center", ha="right", fontsize=9)
            if at == (sheet.rows - 1, 0):
                _below(panel, row.plane, size[0], any(len(each.plane.strokes(each.name)) for each in rows))
        finish_bar(
            sheet.figure.colorbar(drawn, cax=sheet.bar(None if single else number)), norms[row.name], with_unit(row.plane.run, row.name)
        )
    return sheet.figure


def _below(panel: Any, plane: Plane, width: float, fibres: bool) -> None:
    """The scale bar, what strokes are, and in 3-D which plane it is."""
    scale_bar(panel, plane.run, width)
    said = ["strokes: fibres"] if fibres else []
    said += [length_label(plane.run, "z", plane.height)] if plane.run.dim == 3 else []
    if said:
        panel.text(1.0, -0.03, ", ".join(said), transform=panel.transAxes, va="center", ha="right", fontsize=8)


def finish_bar(bar: Any, norm: Normalize, name: str) -> None:
    """Ticks and name of a colour bar."""
    if isinstance(norm, PowerNorm):
        ticks = _few_ticks(float(norm.vmax or 1.0))
        bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
        bar.ax.minorticks_off()
    else:
        bar.locator, bar.formatter = MaxNLocator(5), FuncFormatter(lambda value, _: f"{value:g}")  # no power of ten apart, above the map
        bar.update_ticks()
    bar.set_label(name)
    bar.outline.set_visible(False)


def _panel(panel: Any, raster: Any, norm: Any, kind: str, plane: Plane) -> Any:
    picture = plane.picture if kind == "cells" else None
    panel.set_aspect("equal")
    panel.set_axis_off()
    colours: Any = plt.get_cmap(MAPS[kind])
    if picture is not None:
        panel.imshow(picture.pale, extent=picture.extent, interpolation="bilinear")
        colours = _translucent()
    drawn = panel.imshow(
        raster, origin="lower", extent=plane.extent, cmap=colours, norm=norm, interpolation="bilinear", interpolation_stage="rgba"
    )
    if plane.lines is not None:
        between, rim = plane.lines
        on_bright = picture is not None or kind == "ecm"
        panel.plot(*between.T, color="#101010" if on_bright else "#ffffff", linewidth=0.7, alpha=0.8)
        panel.plot(*rim.T, color="#404040", linewidth=0.5)
    draw_walls(panel, plane.vessels)
    down = picture is not None or plane.as_picture
    panel.set_xlim(plane.lower[0], plane.upper[0])
    panel.set_ylim(*(plane.upper[1], plane.lower[1]) if down else (plane.lower[1], plane.upper[1]))
    return drawn


def _membranes(panel: Any, plane: Plane, step: int) -> None:
    """The membranes: dark on a pale edge where they stand, bright where they are breached, in 2-D a cross where they broke first."""
    if plane.membranes is None or step >= len(plane.membranes.times):
        return
    m = plane.membranes
    lines, facets = m.lines(plane.height)
    open_ = m.breached(step)[facets]
    for part, colour, width in ((~open_, "#ffffff", 2.2), (~open_, "#1a1a1a", 1.2), (open_, _BREACH, 1.8)):
        panel.add_collection(LineCollection(list(lines[part]), colors=colour, linewidths=width))
    first = m.first_breach
    if first is not None and step >= first[0] and len(first[1]) == 2:
        panel.plot(*first[1], marker="P", markersize=7, color=_BREACH, markeredgecolor="#101010", markeredgewidth=0.8)


def _norm(rows: list[Row], rasters: list[list[NDArray[np.float64]]], name: str, ends: tuple[float, float] | None) -> Normalize:
    """One scale for all maps of a field; where it spreads and thins out, a root scale, so that late times are visible."""
    shown = [raster for row, several in zip(rows, rasters, strict=True) if row.name == name for raster in several]
    low, high = ends or span(min(float(np.nanmin(r)) for r in shown), max(float(np.nanmax(r)) for r in shown))
    return scale_of(low, high, any(thins_out(row.plane.run, name) for row in rows if row.name == name))


def scale_of(low: float, high: float, root: bool) -> Normalize:
    """A linear scale, or a cube root scale."""
    return PowerNorm(1 / 3, low, high, clip=True) if root and low >= 0 else Normalize(low, high)


def _few_ticks(high: float) -> list[float]:
    """Round numbers for a cube root scale: 0 and 1, 3, 10, 30, ... times a power of ten, as far apart as their labels need."""
    steps = [float(f"{m}e{k}") for k in range(int(np.floor(np.log10(high))) - 3, int(np.ceil(np.log10(high))) + 1) for m in (1, 3)]
    ticks = [0.0]
    for tick in (t for t in steps if t <= high * (1 + 1e-9)):
        if (tick / high) ** (1 / 3) - (ticks[-1] / high) ** (1 / 3) >= _APART:
            ticks.append(tick)
    return ticks


def _translucent() -> ListedColormap:
    """A map from nothing through yellow and red to dark, for drawing over a picture."""
    colours = plt.get_cmap("inferno_r")(np.linspace(0.12, 0.85, 256))
    colours[:, 3] = np.clip(np.linspace(0.0, 1.0, 256) * 4, 0.0, 0.85)
    return ListedColormap(colours)
