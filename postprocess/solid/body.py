"""The body of a run in 3-D: fronts as surfaces, membranes by integrity, vessels as tubes, the tissue as glass; whole or cut open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import Normalize, to_rgb
from numpy.typing import NDArray

from ..colours import FRONTS, VESSELS, colour_map, integrity_map
from ..membranes import membranes
from ..style import cells_of, front_level
from ..vessels import wall_triangles
from .camera import Camera
from .render import Part
from .surface import Floats, Surface, clip, contour, gradient, joined, skin

if TYPE_CHECKING:
    from ..run import Run

_SHARP = 0.8  # cosine between two faces that meet in an edge of the tissue
_WHOLE, _OPEN = 0.55, 0.8  # opacity of membranes
_VEILED = 0.6  # opacity of fronts through which vessels, or other fronts, are seen
_AHEAD = 2e-3  # of the size of the tissue: how far membranes are drawn before what they touch


@dataclass(frozen=True)
class Plane:
    """Where a body is cut open: through a point, kept is the side to which the normal points."""

    point: Floats
    normal: Floats

    def ahead(self, points: Floats) -> Floats:
        """(n,) how far points lie on the side that is kept."""
        return np.asarray((points - self.point) @ self.normal)


def middle_plane(run: Run, axis: str = "y") -> Plane:
    """The plane through the middle of the tissue across an axis."""
    normal = np.zeros(3)
    normal["xyz".index(axis)] = 1.0
    lower, upper = run.points.min(axis=0), run.points.max(axis=0)
    coarse = 10.0 ** np.floor(np.log10(0.01 * (upper - lower).max()))  # a middle that is round, as of a ball whose mesh is not quite even
    return Plane(coarse * np.rint(0.5 * (lower + upper) / coarse), normal)


class Body:
    """What of a run is drawn in space, at any of its outputs.

    Args:
        run: a run in 3-D.
        names: species whose fronts are drawn; by default all kinds of cells.
        level: the density at the front; by default that of series.csv, of each species its own.
    """

    def __init__(self, run: Run, names: list[str] | None = None, level: float | None = None) -> None:
        self.run, self.level = run, level
        self.names = names or cells_of(run) or list(run.fields[:1])
        self.membranes = membranes(run)
        self.tubes = wall_triangles(run)
        self.size = float(np.linalg.norm(run.points.max(axis=0) - run.points.min(axis=0)))

    def colour(self, name: str) -> tuple[float, float, float]:
        """The colour of a species' front."""
        return to_rgb(FRONTS[self.names.index(name) % len(FRONTS)])

    def level_of(self, name: str, step: int) -> float:
        """The density at the front of a species."""
        return front_level(self.run, name, step) if self.level is None else self.level

    def parts(self, step: int, plane: Plane | None = None, norm: Normalize | None = None) -> list[Part]:
        """What is drawn at an output; cut at a plane, the cut is coloured by density on the scale ``norm``."""
        found = [self._glass(plane)]
        for name in self.names:
            field = self.run.field(name, step=step)
            front = self._front(name, field, self.level_of(name, step))
            veiled = plane is None and (bool(self.tubes) or len(self.names) > 1)
            found.append(Part(_cut(front, plane), (*self.colour(name), _VEILED if veiled else 1.0), opaque=not veiled))
        if plane is not None and norm is not None:
            found.append(self._section(step, plane, norm))
        for kind, tube in self.tubes.items():
            found.append(Part(_cut(tube, plane), (*to_rgb(VESSELS[kind]), 1.0)))
        return found + self._membranes(step, plane)

    def _front(self, name: str, field: Floats, level: float) -> Surface:
        """The closed surface around where a species is denser; what lies at the rim of the tissue or on a membrane has its own faces."""
        points, cells = self.run.points, self.run.cells
        inner = contour(points, cells, field, level, {"normal": -gradient(points, cells, field)})
        return joined([inner, clip(self._skin, field[self._skin.values["node"].astype(np.int64)], level).faceted()])

    @property
    def summed(self) -> list[str]:
        """The species whose densities are added in a cut: all, or the first where they are measured in different units."""
        return self.names if len({self.run.units.get(name) for name in self.names}) == 1 else self.names[:1]

    def density(self, step: int) -> Floats:
        """(N,) what a cut shows: the density of all that are added."""
        return np.asarray(np.sum([self.run.field(name, step=step) for name in self.summed], axis=0))

    def _section(self, step: int, plane: Plane, norm: Normalize) -> Part:
        """The cut through the bodies, by density in the colours of maps; only where one of the species is denser than at its front."""
        levels = {name: max(self.level_of(name, step), 1e-300) for name in self.summed}
        inside = np.max([self.run.field(name, step=step) / level for name, level in levels.items()], axis=0)
        values = {"density": self.density(step), "inside": inside}
        flat = contour(self.run.points, self.run.cells, plane.ahead(self.run.points), 0.0, values)
        shown = clip(flat, flat.values["inside"], 1.0)
        return Part(shown, lambda density: np.asarray(colour_map("cells")(norm(density))), "density", lit=False)

    def _membranes(self, step: int, plane: Plane | None) -> list[Part]:
        if self.membranes is None or step >= len(self.membranes.times):
            return []
        m = self.membranes
        parts = []
        for level in np.unique(m.levels):
            here = m.levels == level
            integrity = m.field("integrity", step=step)
            surface = Surface(m.points, m.cells[here], {"integrity": integrity})
            colours = integrity_map(float(level))

            def paint(values: Floats, colours: object = colours, level: float = float(level)) -> Floats:
                found = np.array(colours(np.clip(values, 0.0, 1.0)))  # type: ignore[operator]
                found[:, 3] = np.where(values < level, _OPEN, _WHOLE)
                return found

            parts.append(Part(_cut(surface, plane), paint, "integrity", opaque=False, ahead=_AHEAD * self.size))
        return parts

    def _glass(self, plane: Plane | None) -> Part:
        return Part(_cut(self.outside, plane), (0.35, 0.37, 0.42, 0.5), lit=False, rim=True, opaque=False)

    @cached_property
    def _skin(self) -> Surface:
        """The rim of the tissue and both sides of membranes, with the number of each point's node."""
        nodes = np.arange(len(self.run.points), dtype=np.float64)
        return skin(self.run.points, self.run.cells, {"node": nodes})

    @cached_property
    def outside(self) -> Surface:
        """The rim of the tissue, without the two sides of membranes."""
        same: NDArray[np.int64] = np.unique(np.round(self.run.points / self.size, 9), axis=0, return_inverse=True)[1].ravel()
        first = np.zeros(int(same.max()) + 1, dtype=np.int64)
        first[same] = np.arange(len(same))
        return skin(self.run.points[first], same[self.run.cells], {})

    @cached_property
    def edges(self) -> tuple[Floats, NDArray[np.float64]]:
        """(e, 2, 3) sharp edges of the tissue, and the normals (e, 2, 3) of the faces that meet there."""
        points, triangles = self.outside.points, self.outside.triangles
        a, b, c = (points[triangles[:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
        pairs = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        of = np.repeat(np.arange(len(triangles)), 3)
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        pairs, of = pairs[order], of[order]
        twin = np.flatnonzero((pairs[1:] == pairs[:-1]).all(axis=1))
        beside = np.stack([normal[of[twin]], normal[of[twin + 1]]], axis=1)
        sharp = np.einsum("ei,ei->e", beside[:, 0], beside[:, 1]) < _SHARP
        return points[pairs[twin[sharp]]], beside[sharp]

    def outline(self, camera: Camera, plane: Plane | None = None) -> tuple[Floats, Floats]:
        """(n, 2, 2) edges of the tissue as the camera sees them, behind it and before it; behind, where it is cut, also the cut's rim."""
        lines: Floats = self.edges[0]
        before: NDArray[np.bool_] = (self.edges[1] @ camera.axes[2] > 1e-9).any(axis=1)
        if plane is not None:
            ahead: Floats = plane.ahead(lines.reshape(-1, 3)).reshape(-1, 2)
            kept = (ahead > 0).any(axis=1)
            lines, ahead, before = lines[kept].copy(), ahead[kept], before[kept]
            for end in (0, 1):
                out = ahead[:, end] < 0
                share = (ahead[out, end] / (ahead[out, end] - ahead[out, 1 - end]))[:, None]
                lines[out, end] += share * (lines[out, 1 - end] - lines[out, end])
            rim: Floats = self.outside.points[self.outside.triangles]
            cut = _crossed(rim, plane.ahead(rim.reshape(-1, 3)).reshape(-1, 3))
            lines, before = np.concatenate([lines, cut]), np.concatenate([before, np.zeros(len(cut), dtype=bool)])
        seen = camera.seen(lines.reshape(-1, 3)).reshape(-1, 2, 3)[:, :, :2]
        return seen[~before], seen[before]

    def crossings(self, step: int, plane: Plane, camera: Camera) -> list[tuple[Floats, bool]]:
        """Where membranes cross a plane, as the camera sees it: segments (n, 2, 2), and whether they are breached."""
        if self.membranes is None or step >= len(self.membranes.times):
            return []
        m = self.membranes
        corners = m.points[m.cells]
        ahead = plane.ahead(corners.reshape(-1, 3)).reshape(-1, 3)
        found = []
        for open_ in (False, True):
            here = m.breached(step) == open_
            ends = _crossed(corners[here], ahead[here])
            found.append((camera.seen(ends.reshape(-1, 3)).reshape(-1, 2, 3)[:, :, :2], open_))
        return found

    def walls_crossed(self, plane: Plane, camera: Camera) -> dict[str, Floats]:
        """Where the walls of each kind of vessel cross a plane, as the camera sees it: blood or lymph -> segments (n, 2, 2)."""
        found = {}
        for kind, tube in self.tubes.items():
            corners = tube.points[tube.triangles]
            ends = _crossed(corners, plane.ahead(corners.reshape(-1, 3)).reshape(-1, 3))
            found[kind] = camera.seen(ends.reshape(-1, 3)).reshape(-1, 2, 3)[:, :, :2]
        return found


def _crossed(corners: Floats, ahead: Floats) -> Floats:
    """(m, 2, 3) segments where triangles (n, 3, 3) cross a plane before which their corners lie ``ahead`` (n, 3)."""
    up = ahead > 0
    which = np.flatnonzero(up.any(axis=1) & ~up.all(axis=1))
    corners, ahead, up = corners[which], ahead[which], up[which]
    lone = np.where(up.sum(axis=1) == 1, np.argmax(up, axis=1), np.argmin(up, axis=1))
    rows, ends = np.arange(len(which)), []
    for turn in (1, 2):
        other = (lone + turn) % 3
        share = ahead[rows, lone] / (ahead[rows, lone] - ahead[rows, other])
        ends.append(corners[rows, lone] + share[:, None] * (corners[rows, other] - corners[rows, lone]))
    return np.stack(ends, axis=1)


def _cut(surface: Surface, plane: Plane | None) -> Surface:
    return surface if plane is None else clip(surface, plane.ahead(surface.points))
