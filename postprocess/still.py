"""A surface of equal density in 3-D, drawn by PyVista in a process of its own.

VTK ends the whole process when it finds no screen, and a run must never end because of a picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Run

_SECONDS = 60


def possible() -> bool:
    """Whether PyVista and a screen (or xvfb-run) are there."""
    return find_spec("pyvista") is not None and ("DISPLAY" in os.environ or shutil.which("xvfb-run") is not None)


def draw(run: Run, field: str, picture: Path, share: float = 0.3) -> Path | None:
    """Draw where the field reaches ``share`` of its largest value at the last output; None if that cannot be done here.

    Needs PyVista, and a screen or xvfb-run.
    """
    if not possible():
        return None
    command = [sys.executable, "-m", __spec__.name, str(run.path), field, str(picture), str(share)]
    if "DISPLAY" not in os.environ:
        command = ["xvfb-run", "-a", *command]
    picture.unlink(missing_ok=True)
    launcher = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_")  # the picture is drawn by one process, outside of MPI
    environment = {key: value for key, value in os.environ.items() if not key.startswith(launcher)}
    try:
        subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return picture if picture.exists() else None


def main(folder: str, field: str, picture: str, share: str) -> None:
    """Draw in this process: the surface, cut open, in the outline of the tissue."""
    import numpy as np
    import pyvista

    from .run import open_run
    from .style import time_label

    run = open_run(folder)
    cells = np.column_stack([np.full(len(run.cells), 4), run.cells]).ravel()
    tissue: Any = pyvista.UnstructuredGrid(cells, np.full(len(run.cells), 10, dtype=np.uint8), run.points)
    tissue.point_data[field] = run.field(field)
    level = float(share) * float(tissue.point_data[field].max())
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=(1000, 800))
    plotter.set_background("white")
    plotter.add_mesh(tissue.outline(), color="#606060", line_width=2)
    half = tissue.clip("y", origin=tissue.center, invert=False)
    body = half.clip_scalar(scalars=field, value=level, invert=False)
    if body.n_points:
        bar = {
            "title": field,
            "color": "black",
            "vertical": True,
            "position_x": 0.87,
            "position_y": 0.1,
            "height": 0.4,
            "title_font_size": 20,
        }
        plotter.add_mesh(
            body, scalars=field, cmap="inferno", clim=(0.0, float(body.point_data[field].max())), ambient=0.35, scalar_bar_args=bar
        )
    plotter.add_text(f"{field} > {level:.3g},  {time_label(run, float(run.times[-1]))}", color="black", font_size=12)
    plotter.camera_position = [(2.2, -2.6, 1.7), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)]
    plotter.reset_camera()
    plotter.screenshot(picture)


if __name__ == "__main__":
    main(*sys.argv[1:5])
