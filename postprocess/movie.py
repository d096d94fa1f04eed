"""Movies: one field over all outputs, drawn by matplotlib and encoded by ffmpeg (or as an animated GIF by Pillow)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import animation

from invasio.solver.errors import InvasioError

from .colours import LINES, scale_of
from .curves import DASHES
from .faults import WrongRequest, unknown
from .maps import MEMBRANE, Plane, Row, coloured, draw_membranes, map_rows
from .style import fitted, kinds, limits, style, thins_out
from .times import time_label
from .units import axis_label, scale, with_unit

if TYPE_CHECKING:
    from .run import Run

ENDINGS = (".mp4", ".gif")
FRAMES = 72  # of a turn
_DPI = 150
_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"  # the usual coding needs even numbers of pixels


def movie(run: Run, path: Path, name: str | None = None, rate: float = 8.0) -> int:
    """Write a movie of a map (2-D, or the middle plane in 3-D) or of profiles (1-D); returns the number of frames.

    Args:
        run: the run; the outputs that are complete now are shown.
        path: the file, .mp4 or .gif.
        name: the field; by default the first cells (in 1-D all fields).
        rate: frames per second.

    Raises:
        InvasioError: ffmpeg is missing or failed, or the file cannot be written.
        UnknownName, WrongRequest: no such field; fewer than two outputs; a rate that is not positive.
    """
    _check(run, name, rate)
    count = len(run.times)
    if count < 2:
        raise WrongRequest(
            f"a movie needs two outputs or more, there {'is' if count == 1 else 'are'} {count}",
            code="too-few-outputs",
            place=str(run.path),
            remedy="choose a smaller output.every",
        )
    with style():
        figure, show = _profiles(run, name) if run.dim == 1 else _map(run, name or next(iter(kinds(run))))
        _film(figure, [partial(show, step) for step in range(count)], path, rate)
    return count


def orbit(run: Run, path: Path, name: str | None = None, rate: float = 8.0, frames: int = FRAMES, time: float | None = None) -> int:
    """Write a movie of the body in 3-D that turns once about z while the outputs go by (or stand still at ``time``); returns its frames.

    Raises:
        InvasioError, UnknownName, WrongRequest, UnknownTime: as `movie`; the run is not in 3-D; fewer than two frames; no such output.
    """
    from .solid.body import Body
    from .solid.figure import turning

    _check(run, name, rate)
    if run.dim != 3:
        raise WrongRequest(f"it is a run in {run.dim}-D", code="wrong-dimension", place=f"--orbit {run.path}", remedy="leave out --orbit")
    if frames < 2:
        raise WrongRequest(f"value out of bounds (given {frames})", code="out-of-bounds", place="--frames", remedy="allowed: 2 and more")
    run.need_outputs()
    last = len(run.times) - 1
    steps = [run.step(time)] * frames if time is not None else [round(k * last / (frames - 1)) for k in range(frames)]
    with style():
        figure, show = turning(Body(run, [name] if name else None), steps[0])
        _film(figure, [partial(show, step, 360.0 * k / frames) for k, step in enumerate(steps)], path, rate)
    return frames


def _check(run: Run, name: str | None, rate: float) -> None:
    if name is not None and name not in run.fields:
        raise unknown(run.path, "field", name, run.fields, code="no-field")
    if not rate > 0:
        raise WrongRequest(
            f"value out of bounds (given {rate:g})", code="out-of-bounds", place="frames per second", remedy="allowed: greater than 0"
        )


def _film(figure: Any, pictures: Sequence[Callable[[], None]], path: Path, rate: float) -> None:
    """Draw one picture after the other into a movie."""
    writer = _writer(path, rate)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with writer.saving(figure, str(path), _DPI):
            for show in pictures:
                show()
                writer.grab_frame()
    except subprocess.CalledProcessError as error:
        raise InvasioError(
            "ffmpeg could not write it",
            code="program-failed",
            place=str(path),
            remedy="choose another file, or a name that ends in .gif",
            details=str(error.stderr or error)[-300:].splitlines(),
        ) from error
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror or error}", code="cannot-write", place=str(path), remedy="choose another file"
        ) from error
    if not path.exists() or path.stat().st_size == 0:
        raise InvasioError(
            "ffmpeg wrote no movie", code="program-failed", place=str(path), remedy="choose another file, or a name that ends in .gif"
        )


def _writer(path: Path, rate: float) -> Any:
    if path.suffix.lower() == ".gif":
        return animation.PillowWriter(fps=max(1, round(rate)))
    if shutil.which("ffmpeg") is None:
        remedy = "on Debian: apt install ffmpeg; in the environment of the launcher: ./invasio env build test"
        raise InvasioError(
            "ffmpeg is not installed", code="missing-package", place=str(path), remedy=f"{remedy}; a movie named .gif needs none"
        )
    options = ["-vf", _EVEN, "-pix_fmt", "yuv420p", "-crf", "20", "-movflags", "+faststart"]
    return animation.FFMpegWriter(fps=rate, codec="libx264", extra_args=options)  # type: ignore[arg-type]


def _map(run: Run, name: str) -> tuple[Any, Callable[[int], None]]:
    """A map whose colour scale holds for all times, and what shows an output in it."""
    plane = Plane(run)
    ends = limits(run, name)
    figure = map_rows([Row(plane, name, [0])], 1, {name: ends})
    panel = figure.axes[0]
    picture = panel.images[-1]
    norm, kind, hidden = scale_of(*ends, root=thins_out(run, name)), kinds(run)[name], plane.shown_from(name)

    def show(step: int) -> None:
        picture.set_data(coloured(plane.raster(run.field(name, step=step)), norm, kind, hidden))
        panel.set_title(time_label(run, float(run.times[step]), run.times), y=1.0, pad=4)
        for drawn in [each for each in (*panel.collections, *panel.lines) if each.get_gid() == MEMBRANE]:
            drawn.remove()
        draw_membranes(panel, plane, step)

    return figure, show


def _profiles(run: Run, name: str | None) -> tuple[Any, Callable[[int], None]]:
    """Profiles on axes that hold for all times, and what shows an output in them."""
    figure, panel = plt.subplots(figsize=fitted(6.0, 3.6), layout="constrained")
    order = np.argsort(run.points[:, 0])
    x = run.points[order, 0] * scale(run, "length")[0]
    names = [name] if name else list(kinds(run))
    lines = {n: panel.plot(x, x * 0, linestyle=DASHES[k % 4], color=LINES[k % len(LINES)], label=n)[0] for k, n in enumerate(names)}
    ends = np.array([limits(run, n) for n in names])
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(ends[:, 0].min(), 1.03 * ends[:, 1].max())
    panel.set_xlabel(axis_label(run, "x"))
    panel.set_ylabel(with_unit(run, names[0]) if len(names) == 1 else "density")
    figure.legend(loc="outside upper right", ncols=len(names))

    def show(step: int) -> None:
        for n, line in lines.items():
            line.set_ydata(run.field(n, step=step)[order])
        panel.set_title(time_label(run, float(run.times[step]), run.times))

    return figure, show
