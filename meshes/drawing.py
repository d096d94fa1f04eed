"""Pictures of meshes: regions in colour, boundaries and interfaces as labelled lines, on top of the picture a mesh came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from .domain import MeshData
from .facets import boundary

# Okabe and Ito's colours, which colour-blind readers tell apart.
REGION_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#0072B2", "#D55E00", "#999999")
LINE_COLOURS = ("#000000", "#D55E00", "#0072B2", "#CC79A7", "#009E73", "#8C510A", "#35978F", "#762A83")
SIDE_COLOUR = "#777777"
_OVER_LABELS, _OVER_PICTURE = 0.3, 0.25  # how strong the colour of a region is on what is beneath
_SIDES = ("left", "right", "bottom", "top", "front", "back")


def draw(data: MeshData, path: Path, unit: str = "") -> None:
    """Draw a mesh into a picture file, a plane one on the picture that it was made from, with y downwards as there.

    unit: how long the mesh's 1 is ("1 um"), for the axes. Raises MeshError for a file that cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    dim = data.points.shape[1]
    figure = Figure(figsize=(9, _height(data)), layout="constrained")
    axes = figure.add_subplot(projection="3d") if dim == 3 else figure.add_subplot()
    (_line, _plane, _solid)[dim - 1](axes, data)
    bare = unit.removeprefix("1 ").replace("um", "µm")
    for name in "xyz"[:dim]:
        getattr(axes, f"set_{name}label")(f"{name} ({bare})" if bare else name)
    figure.suptitle(f"{data.source}\n{len(data.points)} nodes, {len(data.cells)} cells", fontsize=9)
    try:
        figure.savefig(path, dpi=150, bbox_inches="tight")
    except (OSError, ValueError) as error:
        raise MeshError(
            f"the picture cannot be written ({error})", code="cannot-write", place=str(path), remedy="choose another file"
        ) from None


def _height(data: MeshData) -> float:
    """Inches: of what is drawn, beside the legend at its right, and the title."""
    if data.points.shape[1] != 2:
        return 3.0 if data.points.shape[1] == 1 else 8.0
    across, down = np.ptp(data.points, axis=0)
    return float(np.clip(6.5 * down / across + 1.3, 2.5, 12.0))


def _plane(axes: Any, data: MeshData) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    seen = data.section
    if seen is not None:
        axes.imshow(_tinted(seen.pixels, len(data.regions)) if seen.labels else seen.pixels, extent=seen.extent, interpolation="nearest")
    strength = 0.8 if seen is None else _OVER_LABELS if seen.labels else _OVER_PICTURE
    handles: list[Any] = []
    fine = min(0.5, 60 / len(data.cells) ** 0.5)  # thin lines where there are many cells
    for index, name in enumerate(data.regions):
        colour = REGION_COLOURS[index % len(REGION_COLOURS)]
        triangles = data.points[data.cells[data.cell_region == index]]
        lines = (0, 0, 0, 0.4) if seen is None else (0, 0, 0, 0.25)  # what is beneath must be seen
        axes.add_collection(PolyCollection(triangles, facecolors=(*_rgb(colour), strength), edgecolors=lines, linewidths=fine))
        handles.append(Patch(facecolor=(*_rgb(colour), max(strength, 0.6)), edgecolor="#555555", linewidth=0.5, label=name))
    named = {**data.interfaces, **data.boundaries}
    distinct = [name for name in named if name not in _SIDES]
    for name, facets in named.items():
        colour = LINE_COLOURS[distinct.index(name) % len(LINE_COLOURS)] if name in distinct else SIDE_COLOUR
        style = "solid" if name in data.interfaces else (0, (4, 1))
        drawn = LineCollection(list(data.points[facets]), colors=colour, linewidths=1.8, linestyles=style, label=name)
        axes.add_collection(drawn)
        if name in distinct:
            handles.append(drawn)
    if sides := [name for name in named if name in _SIDES]:
        handles.append(Line2D([], [], color=SIDE_COLOUR, linestyle=(0, (4, 1)), label=", ".join(sides)))
    axes.autoscale_view()
    axes.set_aspect("equal")
    if seen is not None and not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _tinted(numbers: NDArray[np.uint8], regions: int) -> NDArray[np.float64]:
    """(rows, columns, 3) the colour of each pixel's region, paler; white where there is none."""
    colours = np.array([_rgb(REGION_COLOURS[k % len(REGION_COLOURS)]) for k in range(max(regions, int(numbers.max(initial=0))))])
    return np.where((numbers > 0)[..., None], 0.5 + 0.5 * colours[numbers.astype(np.int64) - 1], 1.0)


def _line(axes: Any, data: MeshData) -> None:
    for index, name in enumerate(data.regions):
        ends = data.points[data.cells[data.cell_region == index], 0]
        axes.hlines(np.zeros(len(ends)), ends[:, 0], ends[:, 1], colors=REGION_COLOURS[index % len(REGION_COLOURS)], lw=6, label=name)
    axes.plot(data.points[:, 0], np.zeros(len(data.points)), "|", color="black", ms=14)
    for name, facets in {**data.interfaces, **data.boundaries}.items():
        for x in data.points[facets[:, 0], 0]:
            axes.annotate(name, (x, 0), xytext=(0, 24), textcoords="offset points", ha="center", arrowprops={"arrowstyle": "-"})
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.legend(loc="lower center", frameon=False)


def _solid(axes: Any, data: MeshData) -> None:
    from matplotlib.patches import Patch
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    middle = data.points.mean(axis=0)
    # The octant towards the viewer is left out, so that regions inside can be seen.
    kept = ~np.all(data.points[data.cells].mean(axis=1) * [1, -1, 1] > middle * [1, -1, 1], axis=1)
    facets, owner = boundary(data.cells[kept], len(data.points))
    region = data.cell_region[kept][owner]
    corners = data.points[facets]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    shade = 0.55 + 0.45 * np.abs(normal @ np.array([0.4, -0.75, 0.53]))
    colours = np.array([_rgb(c) for c in REGION_COLOURS])[region % len(REGION_COLOURS)] * shade[:, None]
    lines = {"edgecolors": (0, 0, 0, 0.3), "linewidths": 0.2} if len(facets) < 40_000 else {"edgecolors": "face", "linewidths": 0.1}
    axes.add_collection3d(Poly3DCollection(corners, facecolors=colours, **lines))
    low, high = data.points.min(axis=0), data.points.max(axis=0)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(np.maximum(high - low, 1e-12))
    handles = [Patch(color=REGION_COLOURS[k % len(REGION_COLOURS)], label=name) for k, name in enumerate(data.regions)]
    axes.legend(handles=handles, loc="upper left")


def _rgb(colour: str) -> tuple[float, float, float]:
    r, g, b = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return r, g, b
