"""Movies: one field over all outputs, drawn by matplotlib and encoded by ffmpeg (or as an animated GIF by Pillow)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import animation

from invasio.solver.errors import InvasioError

from .curves import DASHES
from .faults import WrongRequest, unknown
from .maps import Plane, Row, map_rows
from .style import LINES, axis_label, kinds, limits, scale, style, time_label, with_unit

if TYPE_CHECKING:
    from .run import Run

ENDINGS = (".mp4", ".gif")
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
    if name is not None and name not in run.fields:
        raise unknown(run.path, "field", name, run.fields, code="no-field")
    if not rate > 0:
        raise WrongRequest(
            f"value out of bounds (given {rate:g})", code="out-of-bounds", place="frames per second", remedy="allowed: greater than 0"
        )
    count = len(run.times)
    if count < 2:
        raise WrongRequest(
            f"a movie needs two outputs or more, there {'is' if count == 1 else 'are'} {count}",
            code="too-few-outputs",
            place=str(run.path),
            remedy="choose a smaller output.every",
        )
    writer = _writer(path, rate)
    with style():
        figure, show = _profiles(run, name) if run.dim == 1 else _map(run, name or next(iter(kinds(run))))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with writer.saving(figure, str(path), _DPI):
                for step in range(count):
                    show(step)
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
    return count


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
    figure = map_rows([Row(plane, name, [0])], 1, {name: limits(run, name)})
    panel = figure.axes[0]
    picture = panel.images[-1]

    def show(step: int) -> None:
        picture.set_data(plane.raster(run.field(name, step=step)))
        panel.set_title(time_label(run, float(run.times[step])), y=1.0, pad=4)

    return figure, show


def _profiles(run: Run, name: str | None) -> tuple[Any, Callable[[int], None]]:
    """Profiles on axes that hold for all times, and what shows an output in them."""
    figure, panel = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    order = np.argsort(run.points[:, 0])
    x = run.points[order, 0] * scale(run, "length")[0]
    names = [name] if name else list(kinds(run))
    lines = {n: panel.plot(x, x * 0, DASHES[k % 4], color=LINES[k % len(LINES)], label=n)[0] for k, n in enumerate(names)}
    ends = np.array([limits(run, n) for n in names])
    panel.set_xlim(x[0], x[-1])
    panel.set_ylim(ends[:, 0].min(), 1.03 * ends[:, 1].max())
    panel.set_xlabel(axis_label(run, "x"))
    panel.set_ylabel(with_unit(run, names[0]) if len(names) == 1 else "density")
    figure.legend(loc="outside upper right", ncols=len(names))

    def show(step: int) -> None:
        for n, line in lines.items():
            line.set_ydata(run.field(n, step=step)[order])
        panel.set_title(time_label(run, float(run.times[step])))

    return figure, show
