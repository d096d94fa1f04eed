"""Walls of vessels in pictures: lines in 2-D, in 3-D where they cross the plane shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from invasio.solver.output.layout import VESSELS

from .colours import VESSELS as COLOURS
from .slices import crossed
from .solid.surface import Surface
from .style import page

if TYPE_CHECKING:
    from .run import Run


def walls(run: Run) -> list[tuple[str, str]]:
    """Name and kind (blood or lymph) of every vessel in vessels.vtkhdf, in the order of its regions; none where there is no such file."""
    path = run.path / VESSELS
    if not path.exists():
        return []
    with h5py.File(path, "r", locking=False) as file:
        names = json.loads(file["provenance"].attrs["regions"])
    stated = (run.scenario.get("model") or {}).get("vessels") or {}
    return [(name, stated.get(name, {}).get("carries", "blood")) for name in names]


def wall_triangles(run: Run) -> dict[str, Surface]:
    """The walls of each kind of vessel in 3-D as surfaces: blood or lymph -> triangles."""
    if run.dim != 3:
        return {}
    return {kind: Surface(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)) for kind, corners in _facets(run).items()}


def wall_lines(run: Run, height: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """What each kind of vessel looks like in the plane: blood or lymph -> (3n, 2) points, every third NaN; nothing in 1-D."""
    if run.dim == 1:
        return {}
    segments = {kind: mine[:, :, :2] if run.dim == 2 else crossed(mine, height)[0] for kind, mine in _facets(run).items()}
    return {kind: _broken(each) for kind, each in segments.items() if len(each)}


def _facets(run: Run) -> dict[str, NDArray[np.float64]]:
    """(n, dim, 3) corners of the facets of each kind of vessel."""
    vessels = walls(run)
    if not vessels:
        return {}
    with h5py.File(run.path / VESSELS, "r", locking=False) as file:
        corners = file["VTKHDF/Points"][:][file["VTKHDF/Connectivity"][:].reshape(-1, run.dim)]
        region = file["VTKHDF/CellData/region"][:]
    found: dict[str, list[NDArray[np.float64]]] = {}
    for k, (_, kind) in enumerate(vessels):
        found.setdefault(kind, []).append(corners[region == k])
    return {kind: np.concatenate(parts) for kind, parts in found.items() if sum(map(len, parts))}


def draw(panel: Any, lines: dict[str, NDArray[np.float64]]) -> None:
    """Draw the walls, on a white ground so that they stand out from any colour map."""
    for kind, points in lines.items():
        panel.plot(*points.T, color="#ffffff", linewidth=2.2 * page().share, alpha=0.7, solid_capstyle="round")
        panel.plot(*points.T, color=COLOURS[kind], linewidth=1.3 * page().share, solid_capstyle="round", label=kind)


def _broken(segments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Segments (n, 2, 2) as one line with gaps, which is drawn much faster than many."""
    gap = np.full((len(segments), 1, 2), np.nan)
    return np.concatenate([segments, gap], axis=1).reshape(-1, 2)
