"""From arcs to a conforming triangle mesh with gmsh."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..facets import Ints
from ..gmsh_session import gmsh_model, read_mesh, set_sizes
from .outlines import Arc


def triangulate(
    arcs: list[Arc], region_of: Mapping[int, int], size: float, sizes: Mapping[int, float]
) -> tuple[NDArray[np.float64], Ints, NDArray[np.int32], list[Ints]]:
    """Mesh the parts that the arcs enclose.

    region_of: part -> region number; size: cell size in pixels, sizes: region number -> its own. Returns points (N, 2) in
    pixels, cells (M, 3), region numbers (M,) and for each arc its facets (F, 2). Raises MeshError when gmsh fails.
    """
    with gmsh_model("a mesh of a picture") as gmsh:
        geo = gmsh.model.geo
        lines = _curves(geo, arcs)
        surfaces = {}
        for part, region in region_of.items():
            loops = _loops(arcs, part)
            loops.sort(key=lambda loop: -abs(_area(arcs, loop)))
            curves = [[n for k, forward in loop for n in _oriented(lines[k], forward)] for loop in loops]
            surfaces[geo.addPlaneSurface([geo.addCurveLoop(loop) for loop in curves])] = region
        geo.synchronize()
        parts: dict[float, list[int]] = {}
        for tag, region in surfaces.items():
            if region in sizes:
                parts.setdefault(sizes[region], []).append(tag)
        set_sizes(gmsh, 2, size, parts)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 1)
        gmsh.option.setNumber("Mesh.MeshSizeMin", 0.0)
        gmsh.option.setNumber("Mesh.Algorithm", 6)
        gmsh.model.mesh.generate(2)
        points, cells, regions = read_mesh(gmsh, 2, surfaces)
        facets = _facets(gmsh, points, lines)
    return points, cells, regions, facets


def _curves(geo: Any, arcs: list[Arc]) -> list[list[int]]:
    """One straight gmsh line, which gets one mesh edge, per segment of every arc."""
    tags: dict[tuple[float, float], int] = {}

    def point(x: float, y: float) -> int:
        if (x, y) not in tags:
            tags[x, y] = geo.addPoint(x, y, 0.0)
        return tags[x, y]

    lines = []
    for arc in arcs:
        ends = [point(float(x), float(y)) for x, y in arc.points]
        lines.append([geo.addLine(a, b) for a, b in pairwise(ends)])
        for line in lines[-1]:
            geo.mesh.setTransfiniteCurve(line, 2)
    return lines


def _oriented(lines: list[int], forward: bool) -> list[int]:
    return lines if forward else [-line for line in reversed(lines)]


def _loops(arcs: list[Arc], part: int) -> list[list[tuple[int, bool]]]:
    """Closed loops of (arc number, direction) around a part, which lies to the left of the direction."""
    open_arcs: dict[tuple[float, float], tuple[int, bool]] = {}
    loops = []
    for k, arc in enumerate(arcs):
        if part not in (arc.left, arc.right):
            continue
        forward = arc.left == part
        if arc.closed:
            loops.append([(k, forward)])
        else:
            x, y = arc.points[0 if forward else -1]
            open_arcs[x, y] = (k, forward)
    while open_arcs:
        _, first = open_arcs.popitem()
        loop = [first]
        while True:
            k, forward = loop[-1]
            x, y = arcs[k].points[-1 if forward else 0]
            following = open_arcs.pop((x, y), None)
            if following is None:
                break
            loop.append(following)
        loops.append(loop)
    return loops


def _area(arcs: list[Arc], loop: list[tuple[int, bool]]) -> float:
    total = 0.0
    for k, forward in loop:
        x, y = arcs[k].points.T
        share = float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)
        total += share if forward else -share
    return total


def _facets(gmsh: Any, points: NDArray[np.float64], lines: list[list[int]]) -> list[Ints]:
    """Node numbers of the mesh edges on the lines of each arc; every line has exactly one."""
    tags, flat, _ = gmsh.model.mesh.getNodes()
    number = {key: n for n, key in enumerate(_keys(points))}
    place = {int(t): number.get(key, -1) for t, key in zip(tags, _keys(flat.reshape(-1, 3)), strict=True)}
    result: list[Ints] = []
    for arc in lines:
        ends = [[place[int(t)] for t in gmsh.model.mesh.getElementsByType(1, line)[1]] for line in arc]
        result.append(np.array(ends, dtype=np.int64).reshape(-1, 2))
    return result


def _keys(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(points[:, 0], points[:, 1], strict=True)]
