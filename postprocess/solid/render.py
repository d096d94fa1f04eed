"""Pixels of surfaces: which of them is in front at each pixel, how light falls on it, what shines through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .pixels import Covered, Fragments
from .surface import Floats, Surface

Paint = Callable[[Floats], Floats]  # values (n,) -> colours (n, 4), each 0 to 1

_FINER = 2  # pixels along each side of one of the picture
_LIGHT = np.array([-0.35, 0.45, 0.82])  # where the light comes from: right, up, towards the eye
_AMBIENT, _SHINE = 0.45, 0.16
_DEEP = 8  # layers that shine through, at most
_DEPTHS = 2**30  # that are told apart where they are put in order


@dataclass(frozen=True)
class Part:
    """A surface and how it looks.

    Attributes:
        surface: with "normal" among its values where it is to look smooth.
        colour: (r, g, b, opacity), or what makes colours of the values named ``by``.
        lit: whether light and shade are drawn; a section that is read against a colour bar has neither.
        rim: whether it is a closed shell of glass: seen where it turns away, and only its near side.
        opaque: whether nothing shines through.
        ahead: how far towards the eye it is drawn, so that it is not lost in what it touches.
    """

    surface: Surface
    colour: tuple[float, float, float, float] | Paint
    by: str = ""
    lit: bool = True
    rim: bool = False
    opaque: bool = True
    ahead: float = 0.0


def render(parts: Sequence[Part], camera: Camera, width: int) -> NDArray[np.uint8]:
    """(rows, width, 4) what the camera sees of the parts, on nothing; edges are smooth."""
    columns = width * _FINER
    rows = max(1, round(width * camera.half[1] / camera.half[0])) * _FINER
    near = np.full(rows * columns, -np.inf)
    picture = np.zeros((rows * columns, 4))  # colours are premultiplied by their opacity
    screens = [(part, _screen(part, camera, rows, columns)) for part in parts if len(part.surface.triangles)]
    front: list[tuple[Part, Covered, Fragments]] = []
    for part, screen in screens:
        for found in screen.batches() if part.opaque else ():
            np.maximum.at(near, found.pixel, found.depth)
            front.append((part, screen, found.where(found.depth >= near[found.pixel])))
    for part, screen, found in front:
        last = found.where(found.depth >= near[found.pixel])
        picture[last.pixel] = _colours(part, screen, last, camera)
    layers = []
    for part, screen in screens:
        for found in () if part.opaque else screen.batches():
            seen = found.where(found.depth > near[found.pixel])
            layers.append((seen.pixel, seen.depth, _colours(part, screen, seen, camera)))
    if layers:
        _lay(picture, *(np.concatenate([layer[k] for layer in layers]) for k in range(3)))
    coarse = picture.reshape(rows // _FINER, _FINER, width, _FINER, 4).mean(axis=(1, 3))
    opacity = coarse[..., 3:]
    coarse[..., :3] = np.divide(coarse[..., :3], opacity, out=np.ones_like(coarse[..., :3]), where=opacity > 0)
    return np.asarray(np.rint(255 * np.clip(coarse, 0.0, 1.0)), dtype=np.uint8)


def _screen(part: Part, camera: Camera, rows: int, columns: int) -> Covered:
    """The triangles of a part on the screen; of a shell those that face the eye."""
    seen = camera.seen(part.surface.points)
    pixel = 2.0 * camera.half[0] / columns
    at = np.stack([seen[:, 0] / pixel + 0.5 * columns, 0.5 * rows - seen[:, 1] / pixel], axis=1)
    corners, depth = at[part.surface.triangles], seen[:, 2][part.surface.triangles] + part.ahead
    if part.rim:
        a, b, c = (corners[:, k] for k in range(3))
        away = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]) >= 0  # rows run downwards
        corners[away] = 0.0
    return Covered(corners, depth, rows, columns)


def _lay(picture: Floats, where: NDArray[np.int64], depth: Floats, colours: Floats) -> None:
    """Lay what shines through over the picture, from the farthest layer to the nearest."""
    alone = np.bincount(where, minlength=len(picture))[where] == 1
    at, over = where[alone], colours[alone]
    picture[at] = over + (1.0 - over[:, 3:]) * picture[at]
    where, depth, colours = where[~alone], depth[~alone], colours[~alone]
    rank = np.rint((depth - depth.min(initial=0)) / max(float(np.ptp(depth)) if len(depth) else 0.0, 1e-300) * _DEPTHS).astype(np.int64)
    order = np.argsort(where * (2 * _DEPTHS) + rank)
    where, colours = where[order], colours[order]
    starts = np.flatnonzero(np.r_[True, where[1:] != where[:-1]][: len(where)])
    counts = np.diff(np.r_[starts, len(where)])
    begin = starts + np.maximum(counts - _DEEP, 0)  # of very many layers the nearest
    for layer in range(int(np.minimum(counts, _DEEP).max(initial=0))):
        some = begin + layer < starts + counts
        over = colours[begin[some] + layer]
        at = where[begin[some]]
        picture[at] = over + (1.0 - over[:, 3:]) * picture[at]


def _colours(part: Part, screen: Covered, found: Fragments, camera: Camera) -> Floats:
    """(n, 4) colours of fragments, premultiplied by their opacity."""
    surface = part.surface
    corners = surface.triangles[found.triangle]
    if callable(part.colour):
        colours = np.array(part.colour(np.einsum("nk,nk->n", screen.shares(found), surface.values[part.by][corners])))
        if part.lit:
            _light(colours, _flat(surface, camera)[found.triangle])
    elif part.lit and "normal" in surface.values:
        colours = np.tile(np.array(part.colour), (len(corners), 1))
        smooth = np.einsum("nk,nki->ni", screen.shares(found), (surface.values["normal"] @ camera.axes.T)[corners])
        _light(colours, _towards(smooth))
    else:  # the same all over a triangle
        table = np.tile(np.array(part.colour), (len(surface.triangles), 1))
        normal = _flat(surface, camera)
        if part.lit:
            _light(table, normal)
        if part.rim:
            table[:, 3] *= np.clip(0.12 + 0.88 * (1.0 - normal[:, 2]) ** 2.5, 0.0, 1.0)
        colours = table[found.triangle]
    colours[:, :3] *= colours[:, 3:]
    return colours


def _flat(surface: Surface, camera: Camera) -> Floats:
    """(t, 3) unit normals of the triangles as the camera sees them."""
    a, b, c = (surface.points[surface.triangles[:, k]] for k in range(3))
    return _towards(np.cross(b - a, c - a) @ camera.axes.T)


def _towards(normal: Floats) -> Floats:
    """Unit normals, turned towards the eye: both sides of a surface are lit."""
    length = np.sqrt(np.einsum("ni,ni->n", normal, normal))
    return np.asarray(normal * (np.where(normal[:, 2] < 0, -1.0, 1.0) / np.maximum(length, 1e-300))[:, None])


def _light(colours: Floats, normal: Floats) -> None:
    """Shade colours by how their surface (unit normals towards the eye) stands to the light."""
    light = _LIGHT / np.linalg.norm(_LIGHT)
    half = light + np.array([0.0, 0.0, 1.0])
    shade = _AMBIENT + (1.05 - _AMBIENT) * (0.6 * np.maximum(normal @ light, 0.0) + 0.4 * normal[:, 2])
    shine = _SHINE * np.maximum(normal @ (half / np.linalg.norm(half)), 0.0) ** 40
    colours[:, :3] = np.clip(colours[:, :3] * shade[:, None] + shine[:, None], 0.0, 1.0)
