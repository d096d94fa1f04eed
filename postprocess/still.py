"""A surface of equal density in 3-D, drawn by PyVista in a process of its own.

VTK ends the whole process when it finds no screen, and a run must never end because of a picture.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .screen import virtual_screen

if TYPE_CHECKING:
    from .run import Run

_SECONDS = 60


def possible() -> bool:
    """Whether PyVista and a screen (or xvfb-run) are there."""
    return find_spec("pyvista") is not None and ("DISPLAY" in os.environ or shutil.which("xvfb-run") is not None)


def draw(run: Run, field: str, picture: Path, level: float | None = None, steps: Sequence[int] = (-1,)) -> Path | None:
    """Draw where the field exceeds a value, cut open, at some outputs side by side; None if that cannot be done here.

    Needs PyVista, and a screen or xvfb-run.

    Args:
        run: a run in 3-D.
        field: name of the field.
        picture: the PNG file.
        level: the value; by default 0.3 of the field's largest at the last of the outputs.
        steps: numbers of the outputs.
    """
    if not possible():
        return None
    request = json.dumps([str(run.path), field, str(picture), level, [step % len(run.times) for step in steps]])
    command = [sys.executable, "-m", __spec__.name, request]
    if "DISPLAY" not in os.environ:
        command = [*virtual_screen(), *command]
    picture.unlink(missing_ok=True)
    launcher = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_")  # the picture is drawn by one process, outside of MPI
    environment = {key: value for key, value in os.environ.items() if not key.startswith(launcher)}
    try:
        subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return picture if picture.exists() else None


def main(folder: str, field: str, picture: str, level: float | None, steps: list[int]) -> None:
    """Draw in this process: one panel per output, with the cut tissue as a faint shell."""
    import numpy as np
    import pyvista

    from .run import open_run
    from .style import time_label, with_unit

    run = open_run(folder)
    values = {step: run.field(field, step=step) for step in steps}
    value = 0.3 * float(values[steps[-1]].max()) if level is None else level
    top = float(values[steps[-1]].max()) or 1.0  # earlier densities may be far higher: they are shown as the highest
    cells = np.column_stack([np.full(len(run.cells), 4), run.cells]).ravel()
    tissue: Any = pyvista.UnstructuredGrid(cells, np.full(len(run.cells), 10, dtype=np.uint8), run.points)
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=(760 * len(steps) + 240, 800), shape=(1, len(steps)), border=False)
    plotter.set_background("white")
    shell = tissue.extract_surface().clip("y", origin=tissue.center, invert=False)
    title = with_unit(run, field)
    bar = {
        "title": title,
        "color": "black",
        "vertical": True,
        "position_x": 0.85,
        "position_y": 0.1,
        "height": 0.4,
        "title_font_size": 16,
    }
    for panel, step in enumerate(steps):
        plotter.subplot(0, panel)
        tissue.point_data[field] = values[step]
        plotter.add_mesh(shell, color="#a0a0a0", opacity=0.25)
        body = tissue.clip("y", origin=tissue.center, invert=False).clip_scalar(scalars=field, value=value, invert=False)
        if body.n_points:
            last = panel == len(steps) - 1
            colours = {"cmap": "inferno", "clim": (0.0, top), "ambient": 0.35, "show_scalar_bar": last}
            plotter.add_mesh(body, scalars=field, scalar_bar_args=bar if last else None, **colours)
        plotter.add_text(f"{title} > {value:.3g},  {time_label(run, float(run.times[step]))}", color="black", font_size=12)
        plotter.camera_position = [(1.6, -3.0, 1.4), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)]
        plotter.reset_camera()
        plotter.camera.zoom(0.95)
    plotter.screenshot(picture)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
