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
_SIDES = ("left", "right", "bottom", "top", "front", "back")


def draw(data: MeshData, path: Path, picture: NDArray[Any] | None = None, extent: tuple[float, float, float, float] | None = None) -> None:
    """Draw a mesh into a picture file.

    picture: (rows, columns[, 3]) image behind a 2-D mesh, extent = (left, right, bottom, top) in mesh coordinates;
    with it the y axis points down, as in the picture. Raises MeshError for a file that cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    dim = data.points.shape[1]
    figure = Figure(figsize=(9, 8), layout="constrained")
    if dim == 3:
        _solid(figure.add_subplot(projection="3d"), data)
    else:
        axes = figure.add_subplot()
        (_plane if dim == 2 else _line)(axes, data, picture, extent)
    figure.suptitle(f"{data.source}\n{len(data.points)} nodes, {len(data.cells)} cells", fontsize=9)
    try:
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise MeshError(
            f"the picture cannot be written ({error})", code="cannot-write", place=str(path), remedy="choose another file"
        ) from None


def _plane(axes: Any, data: MeshData, picture: NDArray[Any] | None, extent: tuple[float, float, float, float] | None) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if picture is not None:
        axes.imshow(picture, extent=extent, interpolation="nearest", cmap=None if picture.ndim == 3 else "gray")
    handles: list[Any] = []
    fine = min(0.5, 60 / len(data.cells) ** 0.5)  # thin lines where there are many cells
    for index, name in enumerate(data.regions):
        colour = REGION_COLOURS[index % len(REGION_COLOURS)]
        triangles = data.points[data.cells[data.cell_region == index]]
        alpha = 0.12 if picture is not None else 0.8
        axes.add_collection(PolyCollection(triangles, facecolors=(*_rgb(colour), alpha), edgecolors=(0, 0, 0, 0.4), linewidths=fine))
        handles.append(Patch(color=colour, label=name))
    named = {**data.interfaces, **data.boundaries}
    distinct = [name for name in named if name not in _SIDES]
    for name, facets in named.items():
        colour = LINE_COLOURS[distinct.index(name) % len(LINE_COLOURS)] if name in distinct else SIDE_COLOUR
        style = "solid" if name in data.interfaces else (0, (4, 1))
        lines = LineCollection(list(data.points[facets]), colors=colour, linewidths=1.8, linestyles=style, label=name)
        axes.add_collection(lines)
        if name in distinct:
            handles.append(lines)
    if sides := [name for name in named if name in _SIDES]:
        handles.append(Line2D([], [], color=SIDE_COLOUR, linestyle=(0, (4, 1)), label=", ".join(sides)))
    axes.autoscale_view()
    axes.set_aspect("equal")
    if picture is not None and not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _line(axes: Any, data: MeshData, picture: object, extent: object) -> None:
    for index, name in enumerate(data.regions):
        ends = data.points[data.cells[data.cell_region == index], 0]
        axes.hlines(np.zeros(len(ends)), ends[:, 0], ends[:, 1], colors=REGION_COLOURS[index % len(REGION_COLOURS)], lw=6, label=name)
    axes.plot(data.points[:, 0], np.zeros(len(data.points)), "|", color="black", ms=14)
    for name, facets in {**data.interfaces, **data.boundaries}.items():
        for x in data.points[facets[:, 0], 0]:
            axes.annotate(name, (x, 0), xytext=(0, 24), textcoords="offset points", ha="center", arrowprops={"arrowstyle": "-"})
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.set_xlabel("x")
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
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]), xlabel="x", ylabel="y", zlabel="z")
    axes.set_box_aspect(np.maximum(high - low, 1e-12))
    handles = [Patch(color=REGION_COLOURS[k % len(REGION_COLOURS)], label=name) for k, name in enumerate(data.regions)]
    axes.legend(handles=handles, loc="upper left")


def _rgb(colour: str) -> tuple[float, float, float]:
    r, g, b = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return r, g, b
