r"""Generated vessel trees: recursive bifurcation with Murray's law.

    R^3 = R1^3 + R2^3,   R2^3 = s R^3,   s in (1 +- asymmetry)/2,   length of a branch = shortening x (R_k / (R 2^(-1/3))) x its parent's

The two branches leave in a plane that turns by a right angle from one generation to the next (in 3-D), the thinner one
at the larger angle. The same options give the same tree everywhere. Source: Murray 1926, doi:10.1073/pnas.12.3.207.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solver.errors import MeshError
from ..solver.scenario.network import Tree
from .network import Network

Floats = NDArray[np.float64]

TRIES = 12  # turned and shortened directions before a branch is left out


def grow(options: Tree) -> Network:
    """The tree; branches are named by their path from the trunk: trunk, 1, 2, 11, ... Raises MeshError if the trunk leaves the shape."""
    rng = np.random.default_rng(options.seed)
    origin = np.array(options.from_, dtype=float)
    along = np.array(options.direction, dtype=float)
    along /= np.linalg.norm(along)
    end = origin + options.length * along
    for point, word in ((origin, "starts"), (end, "ends")):
        if not _inside(options, point):
            at = ", ".join(f"{x:.6g}" for x in point)
            raise MeshError(
                f"the trunk {word} outside of `within`, at ({at})",
                code="outside-shape",
                place="generated tree",
                remedy="move it, shorten it, or widen `within`",
            )
    points, segments, radius, names = [origin, end], [(0, 1)], [options.radius], ["trunk"]
    ends = {0: "inlet"}
    level: list[tuple[int, Floats, Floats, float, float, str]] = [(1, along, _across(along), options.radius, options.length, "")]
    for _ in range(options.generations):
        below: list[tuple[int, Floats, Floats, float, float, str]] = []
        for node, direction, across, size, length, name in level:
            share = 0.5 * (1.0 + options.asymmetry * rng.uniform(-1.0, 1.0))
            tilt = rng.uniform(0.8, 1.2, size=2)
            for k, part in enumerate((share, 1.0 - share)):
                small = size * part ** (1.0 / 3.0)
                reach = length * options.shortening * small / (size * 0.5 ** (1.0 / 3.0))
                angle = math.radians(options.angle) * float(tilt[k]) * 2.0 * (1.0 - part) * (1 if k == 0 else -1)
                found = _placed(options, points[node], direction, across, angle, reach)
                if found is None:
                    continue
                tip, heading, turned = found
                points.append(tip)
                segments.append((node, len(points) - 1))
                radius.append(small)
                names.append(f"{name}{k + 1}")
                below.append((len(points) - 1, heading, turned, small, float(np.linalg.norm(tip - points[node])), f"{name}{k + 1}"))
        level = below
    degree = np.bincount(np.array(segments).ravel())
    ends |= {node: "tip" for node in range(1, len(points)) if degree[node] == 1}
    return Network(
        points=np.array(points),
        nodes=tuple(str(k) for k in range(len(points))),
        segments=np.array(segments, dtype=np.int64),
        radius=np.array(radius),
        names=tuple(names),
        types=("",) * len(segments),
        ends=ends,
        source="generated tree",
        places={},
    )


def _placed(
    options: Tree, start: Floats, along: Floats, across: Floats, angle: float, reach: float
) -> tuple[Floats, Floats, Floats] | None:
    """End, direction and next plane of a branch: turned, then shortened, until it stays inside; None if it cannot."""
    for attempt in range(TRIES):
        bent = angle * (1.0 + 0.5 * (attempt % 3)) * (-1.0 if attempt % 2 else 1.0)
        heading = math.cos(bent) * along + math.sin(bent) * across
        tip = start + reach * 0.8 ** (attempt // 3) * heading
        if _inside(options, tip):
            flat = len(along) == 2
            side = np.array([-heading[1], heading[0]]) if flat else np.cross(heading, across)
            return tip, heading, side / np.linalg.norm(side)
    return None


def _across(along: Floats) -> Floats:
    """A direction perpendicular to the trunk: the plane of the first fork."""
    if len(along) == 2:
        return np.array([-along[1], along[0]])
    side = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    return np.asarray(side / np.linalg.norm(side))


def _inside(options: Tree, point: Floats) -> bool:
    """Whether a point lies in the shape that no branch leaves."""
    shape: Any = options.within
    if shape is None:
        return True
    slack = 1e-9
    if shape.kind in ("disc", "ball"):
        return float(np.linalg.norm(point - np.array(shape.centre))) <= shape.radius * (1 + slack)
    lower, upper = np.array(shape.from_), np.array(shape.to)
    return bool(((point >= lower - slack * (upper - lower)) & (point <= upper + slack * (upper - lower))).all())
