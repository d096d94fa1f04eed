"""Figures of a body in space: whole and cut open at some outputs, with bars of scale and colour; and its turning for movies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgb
from matplotlib.patches import Patch

from ..colours import BREACH, GREY, INK, VESSELS, colour_map, finish_bar, integrity_map, scale_of, span
from ..sheet import Sheet
from ..style import limits, page, scale_bar, thins_out
from ..times import time_label
from ..units import amount_text, length_label, unit_text
from .body import Body, Plane, middle_plane
from .camera import Camera, around
from .render import Part, render

if TYPE_CHECKING:
    pass

AZIMUTH, ELEVATION = -62.0, 22.0
_PIXELS = 200  # per inch
_PANEL, _MOVIE = 2.7, 4.4  # inches
_FILM = 150  # pixels per inch of a movie


def figure(body: Body, steps: list[int], view: tuple[float, float] = (AZIMUTH, ELEVATION), cut: str | None = "y") -> Any:
    """A column per output: the body as it is, and below it cut open at the middle plane across ``cut`` (None: not cut)."""
    run = body.run
    camera = around(run.points, *view)
    planes = [None, *([_towards(middle_plane(run, cut), camera)] if cut else [])]
    norm = norm_of(body, steps)
    sheet = Sheet(len(planes), len(steps), _PANEL, camera.half[1] / camera.half[0], False, foot=3 if cut else 2)
    for row, plane in enumerate(planes):
        for column, step in enumerate(steps):
            panel = sheet.panel(row, column)
            draw(panel, body, step, camera, plane, norm, round(sheet.width * _PIXELS))
            if row == 0:
                panel.set_title(time_label(run, float(run.times[step]), run.times[list(steps)]), y=1.0, pad=4)
            if (row, column) == (len(planes) - 1, 0):
                scale_bar(panel, run, 2 * camera.half[0])
        _bar(sheet, row, body, plane, norm)
    _foot(sheet, body, steps[-1], cut)
    return sheet.figure


def turning(body: Body, step: int) -> tuple[Any, Callable[[int, float], None]]:
    """A figure of the whole body, and what shows in it an output from an angle about z."""
    run = body.run
    first = around(run.points, AZIMUTH, ELEVATION, turning=True)
    norm = norm_of(body, [step])
    sheet = Sheet(1, 1, _MOVIE, first.half[1] / first.half[0], True, foot=2, bar=body.membranes is not None)
    panel = sheet.panel(0, 0)
    _bar(sheet, 0, body, None, norm)
    _foot(sheet, body, step, None)
    known: dict[int, list[Part]] = {}

    def show(step: int, angle: float) -> None:
        if step not in known:
            known.clear()
            known[step] = body.parts(step)
        panel.clear()
        camera = replace(first, azimuth=AZIMUTH + angle)
        draw(panel, body, step, camera, None, norm, round(sheet.width * _FILM), known[step])
        panel.set_title(time_label(run, float(run.times[step]), run.times), y=1.0, pad=4)
        scale_bar(panel, run, 2 * camera.half[0])

    return sheet.figure, show


def norm_of(body: Body, steps: Sequence[int]) -> Normalize:
    """The scale of the densities in a cut: of one species that of its maps, for all times; of a sum for the outputs shown."""
    first = body.summed[0]
    if len(body.summed) == 1:
        return scale_of(*limits(body.run, first), root=thins_out(body.run, first))
    high = max(float(body.density(step).max()) for step in steps)
    return scale_of(*span(0.0, high), root=any(thins_out(body.run, name) for name in body.summed))


def draw(
    panel: Any,
    body: Body,
    step: int,
    camera: Camera,
    plane: Plane | None,
    norm: Normalize,
    pixels: int,
    parts: list[Part] | None = None,
) -> None:
    """One view of a body in a panel: edges behind it, what is rendered, edges before it, membranes and walls of vessels in the cut."""
    right, up = camera.half
    behind, before = body.outline(camera, plane)
    share = page().share
    panel.add_collection(LineCollection(list(behind), colors="#b9bdc6", linewidths=0.6 * share, zorder=1))
    picture = render(body.parts(step, plane, norm) if parts is None else parts, camera, pixels)
    panel.imshow(picture, extent=(-right, right, -up, up), zorder=2, interpolation="antialiased")
    panel.add_collection(LineCollection(list(before), colors="#8b909c", linewidths=0.6 * share, zorder=3))
    if plane is not None:
        for lines, open_ in body.crossings(step, plane, camera):
            for colour, width in (("#ffffff", 2.0), (INK, 1.1)) if not open_ else ((INK, 2.2), (BREACH, 1.5)):
                panel.add_collection(LineCollection(list(lines), colors=colour, linewidths=width * share, zorder=4, capstyle="round"))
        for kind, ends in body.walls_crossed(plane, camera).items():
            for colour, width in (("#ffffff", 2.0), (VESSELS[kind], 1.2)):
                panel.add_collection(LineCollection(list(ends), colors=colour, linewidths=width * share, zorder=4, capstyle="round"))
    axes_of_space(panel, camera)
    panel.set_xlim(-right, right)
    panel.set_ylim(-up, up)
    panel.set_aspect("equal")
    panel.set_axis_off()


def axes_of_space(panel: Any, camera: Camera) -> None:
    """Where x, y and z point, small in the corner at the lower left."""
    length = 0.11 * camera.half[0]
    start = np.array([-0.84 * camera.half[0], -0.80 * camera.half[1]])
    for k, name in enumerate("xyz"):
        end = start + length * camera.axes[:2, k]
        panel.plot(*zip(start, end, strict=True), color=GREY, linewidth=0.9 * page().share, zorder=5)
        at = start + 1.45 * length * camera.axes[:2, k]
        panel.text(*at, name, color=GREY, fontsize=7 * page().share, ha="center", va="center", zorder=5)


def _towards(plane: Plane, camera: Camera) -> Plane:
    """The plane with what lies behind it kept, as the camera sees it."""
    return plane if plane.normal @ camera.axes[2] < 0 else Plane(plane.point, -plane.normal)


def _bar(sheet: Sheet, row: int, body: Body, plane: Plane | None, norm: Normalize) -> None:
    """The colour bar of a row: integrity beside whole bodies, density beside those cut open."""
    if plane is not None:
        bar = sheet.figure.colorbar(ScalarMappable(norm, colour_map("cells")), cax=sheet.bar(row))
        unit = unit_text(body.run.units.get(body.summed[0], ""))
        finish_bar(bar, norm, " + ".join(body.summed) + (f" ({unit})" if unit else ""))
    elif body.membranes is not None:
        level = float(body.membranes.levels.min(initial=1.0))
        bar = sheet.figure.colorbar(ScalarMappable(Normalize(0.0, 1.0), integrity_map(level)), cax=sheet.bar(row))
        finish_bar(bar, Normalize(0.0, 1.0), "integrity of " + ", ".join(body.membranes.regions))


def _foot(sheet: Sheet, body: Body, step: int, cut: str | None) -> None:
    """What is drawn: the surfaces by their colours, and where the body is cut."""
    run, share = body.run, page().share
    named = [(body.colour(name), f"{name} > {amount_text(run, name, body.level_of(name, step))}") for name in body.names]
    named += [(to_rgb(VESSELS[kind]), f"{kind} vessels") for kind in body.tubes]
    sheet.figure.legend(
        handles=[Patch(color=colour, label=text) for colour, text in named],
        loc="lower left",
        bbox_to_anchor=(sheet.left / sheet.size[0], 0.0),
        ncols=len(named),
        fontsize=8 * share,
        handlelength=1.0,
        borderaxespad=0.2,
        borderpad=0.2,
    )
    if cut:
        at = float(middle_plane(run, cut).point["xyz".index(cut)])
        sheet.note("below: cut open at " + length_label(run, cut, at), 1)
