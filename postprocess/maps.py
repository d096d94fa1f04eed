"""Maps of fields: the tissue itself in 2-D, the middle plane in 3-D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from . import schedules
from .colours import BREACH, INK, colour_map, finish_bar, scale_of, span
from .membranes import membranes
from .picture import background
from .raster import cover
from .sheet import Sheet
from .slices import crossed
from .solid.surface import skin
from .strokes import draw as draw_strokes
from .strokes import grid_of, strokes
from .style import front_level, kinds, page, scale_bar, thins_out
from .times import time_label
from .units import amount_text, length_label, with_unit
from .vessels import draw as draw_walls
from .vessels import wall_lines

if TYPE_CHECKING:
    from .run import Run

_PIXELS = 200_000  # of a raster
MEMBRANE = "membrane"  # what of a panel is one, and changes with time
COLOUR_NAMES = {"blood": "orange", "lymph": "green"}  # of the walls of vessels


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
        self.picture = background(run) if page().section else None
        self.lines = outlines(run) if run.dim == 2 else (np.empty((0, 2)), self._rim())
        self.membranes = membranes(run) if run.dim > 1 else None
        self.vessels = wall_lines(run, self.height)

    def _rim(self) -> NDArray[np.float64]:
        """In 3-D the rim of the tissue in the plane: (3n, 2) points, every third NaN."""
        faces = skin(self.run.points, self.run.cells, {})
        ends = crossed(faces.points[faces.triangles], self.height)[0]
        return np.concatenate([ends, np.full((len(ends), 1, 2), np.nan)], axis=1).reshape(-1, 2)

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

    def shown_from(self, name: str) -> float | None:
        """From which density on cells hide the tissue's picture beneath: that of their front; None where there is no picture."""
        return front_level(self.run, name, 0) if self.picture is not None and kinds(self.run)[name] == "cells" else None

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


def columns_of(count: int) -> int:
    """Maps in a row where there are so many of one field: no row is left nearly empty."""
    return 2 if count == 4 else min(3, count)


def map_grid(run: Run, names: list[str], steps: list[int], plane: Plane, columns: int | None = None) -> Any:
    """A figure of maps: one field at many times in rows of ``columns``, or one row per field with a column per time."""
    return map_rows([Row(plane, name, steps) for name in names], columns)


def map_rows(rows: list[Row], columns: int | None = None, ends: dict[str, tuple[float, float]] | None = None) -> Any:
    """A figure with a row of maps per field or run and a column per time; a single row is broken into rows of ``columns``.

    Rows of the same field share one colour scale, from the maps shown or from ``ends``.
    """
    single = len(rows) == 1
    given = not any(row.label for row in rows) and len(rows[0].steps) > 1 and schedules.given(rows[0].plane.run)
    columns = columns or len(rows[0].steps)
    size = rows[0].plane.upper[:2] - rows[0].plane.lower[:2]
    count = -(-len(rows[0].steps) // columns) if single else len(rows)
    sheet = Sheet(count, columns, 3.0 if single else 2.1, size[1] / size[0], single, any(row.label for row in rows), foot=2, strip=given)
    rasters = [[row.plane.raster(row.plane.run.field(row.name, step=step)) for step in row.steps] for row in rows]
    norms = {row.name: _norm(rows, rasters, row.name, (ends or {}).get(row.name)) for row in rows}
    for number, (row, pictures) in enumerate(zip(rows, rasters, strict=True)):
        kind = kinds(row.plane.run)[row.name]
        for k, (raster, step) in enumerate(zip(pictures, row.steps, strict=True)):
            at = (k // columns, k % columns) if single else (number, k)
            panel = sheet.panel(*at)
            _panel(panel, coloured(raster, norms[row.name], kind, row.plane.shown_from(row.name)), kind, row.plane)
            draw_strokes(panel, row.plane.strokes(row.name))
            draw_membranes(panel, row.plane, step)
            if single or number == 0:
                panel.set_title(time_label(row.plane.run, float(row.plane.run.times[step]), row.plane.run.times[row.steps]), y=1.0, pad=4)
            if row.label and k == 0:
                panel.text(-0.03, 0.5, row.label, transform=panel.transAxes, rotation=90, va="center", ha="right")
            if at == (sheet.rows - 1, 0):
                scale_bar(panel, row.plane.run, size[0])
        bar = sheet.figure.colorbar(ScalarMappable(norms[row.name], colour_map(kind)), cax=sheet.bar(None if single else number))
        finish_bar(bar, norms[row.name], with_unit(row.plane.run, row.name))
    if given:
        schedules.timeline(sheet.strip(), rows[0].plane.run, rows[0].steps)
    sheet.note(legend_of(rows))
    return sheet.figure


def legend_of(rows: list[Row]) -> str:
    """What of the maps their colour bars do not say, in one line."""
    run, plane = rows[0].plane.run, rows[0].plane
    walls = dict.fromkeys(kind for row in rows for kind in row.plane.vessels)
    membranes = [row.plane.membranes for row in rows if row.plane.membranes is not None]
    said = [length_label(run, "plane z", plane.height)] if run.dim == 3 else []
    said += ["strokes: fibres"] if any(len(row.plane.strokes(row.name)) for row in rows) else []
    if membranes:
        said.append(
            "membrane: black, blue where breached"
            + (", cross: first breach" if run.dim == 2 and any(m.first_breach for m in membranes) else "")
        )
    said += [f"{kind}: {COLOUR_NAMES[kind]}" for kind in walls]
    levels = {row.name: row.plane.shown_from(row.name) for row in rows}
    said += [f"section where {name} < {amount_text(run, name, level)}" for name, level in levels.items() if level is not None]
    return "; ".join(said)


def coloured(raster: NDArray[np.float64], norm: Normalize, kind: str, shown_from: float | None = None) -> NDArray[np.float64]:
    """(rows, columns, 4) colours of a raster; nothing outside the tissue, and below ``shown_from`` where that is given."""
    colours = np.array(colour_map(kind)(norm(np.nan_to_num(raster))))
    colours[~np.isfinite(raster), 3] = 0.0
    if shown_from is not None:
        colours[np.nan_to_num(raster) < shown_from, 3] = 0.0
    return colours


def _panel(panel: Any, colours: NDArray[np.float64], kind: str, plane: Plane) -> None:
    picture = plane.picture if kind == "cells" else None
    panel.set_aspect("equal")
    panel.set_axis_off()
    if picture is not None:
        panel.imshow(picture.pale, extent=picture.extent, interpolation="bilinear")
    panel.imshow(colours, origin="lower", extent=plane.extent)
    between, rim = plane.lines
    panel.plot(*between.T, color="#101010" if kind in ("ecm", "cells") else "#ffffff", linewidth=0.7 * page().share, alpha=0.8)
    panel.plot(*rim.T, color="#404040", linewidth=0.5 * page().share)
    draw_walls(panel, plane.vessels)
    down = picture is not None or plane.as_picture
    panel.set_xlim(plane.lower[0], plane.upper[0])
    panel.set_ylim(*(plane.upper[1], plane.lower[1]) if down else (plane.lower[1], plane.upper[1]))


def draw_membranes(panel: Any, plane: Plane, step: int) -> None:
    """The membranes: dark on a pale edge where they stand, bright where they are breached, in 2-D a cross where they broke first."""
    if plane.membranes is None or step >= len(plane.membranes.times):
        return
    m = plane.membranes
    lines, facets = m.lines(plane.height)
    open_ = m.breached(step)[facets]
    for part, colour, width in ((~open_, "#ffffff", 2.2), (~open_, INK, 1.2), (open_, INK, 2.6), (open_, BREACH, 1.8)):
        panel.add_collection(
            LineCollection(list(lines[part]), colors=colour, linewidths=width * page().share, capstyle="round", gid=MEMBRANE)
        )
    first = m.first_breach
    if first is not None and step >= first[0] and len(first[1]) == 2:
        panel.plot(*first[1], marker="P", markersize=7 * page().share, color=BREACH, markeredgecolor=INK, markeredgewidth=0.8, gid=MEMBRANE)


def _norm(rows: list[Row], rasters: list[list[NDArray[np.float64]]], name: str, ends: tuple[float, float] | None) -> Normalize:
    """One scale for all maps of a field; where it spreads and thins out, a root scale, so that late times are visible."""
    shown = [raster for row, several in zip(rows, rasters, strict=True) if row.name == name for raster in several]
    low, high = ends or span(min(float(np.nanmin(r)) for r in shown), max(float(np.nanmax(r)) for r in shown))
    return scale_of(low, high, any(thins_out(row.plane.run, name) for row in rows if row.name == name))
