"""Calls the real ParaView; used by the tests here, for synthetic files and for those of real runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np

import invasio.postprocess
from invasio.postprocess.screen import virtual_screen

_OWN_PYTHON = Path("/usr/lib/paraview-python/usr/lib/python3/dist-packages")  # Debian's package conflicts with VTK's; unpacked beside it
SCRIPT = Path(invasio.postprocess.__path__[0]) / "paraview" / "render.py"


def missing() -> str:
    """What is not installed ("" if nothing)."""
    return ", ".join(name for name in ("pvbatch", "xvfb-run") if shutil.which(name) is None)


def render(path: Path, picture: Path, *options: str) -> tuple[dict[str, Any], np.ndarray]:
    """What ParaView says about the file, and the picture it draws, (rows, columns, 3) in 0..1."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHONPATH", "OMPI_", "PMIX_"))}
    if _OWN_PYTHON.exists():
        environment["PYTHONPATH"] = str(_OWN_PYTHON)
    if os.geteuid() == 0:
        environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = [*virtual_screen(), "pvbatch", str(SCRIPT), str(path), str(picture), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    lines = [line for line in done.stdout.splitlines() if line.startswith("PARAVIEW ")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"pvbatch ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return json.loads(lines[0].removeprefix("PARAVIEW ")), matplotlib.image.imread(picture)[..., :3]


def where(facts: dict[str, Any], picture: np.ndarray, y_down: bool = False) -> tuple[np.ndarray, np.ndarray, float]:
    """Positions x of the picture's columns and y of its rows, and the size of a pixel."""
    width, height = facts["size"]
    per_pixel = 2 * facts["half_height"] / height
    x = facts["centre"][0] + (np.arange(width) + 0.5 - width / 2) * per_pixel
    y = facts["centre"][1] + (np.arange(height) + 0.5 - height / 2) * per_pixel * (1 if y_down else -1)
    return x, y, per_pixel


def along_x(facts: dict[str, Any], picture: np.ndarray, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Brightness along the line at height y of a grey picture: positions x and values."""
    x, rows, _ = where(facts, picture)
    return x, picture[np.argmin(np.abs(rows - y))].mean(axis=1)
