"""Writes the script of a run's standard views into its folder, and starts ParaView with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from pprint import pformat
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import FIELDS, MEMBRANES, VESSELS

from ..colours import FRONTS, LINES, integrity_map, samples
from ..colours import VESSELS as VESSEL_COLOURS
from ..foreign import inside, pictures, refuse_code
from ..membranes import Membranes, membranes
from ..run import Run
from ..screen import virtual_screen
from ..style import FRONT, cells_of, front_field, front_level, kinds, limits, thins_out
from ..times import pick_times
from ..units import scale
from ..vessels import walls

SCRIPT = "views.py"  # never "paraview.py": ParaView's Python would import it in place of itself
_OWN_PYTHON = Path("/usr/lib/paraview-python/usr/lib/python3/dist-packages")  # in the sealed environment, beside VTK's own package
_BLANK = "\nRUN: dict[str, Any] = {}\n"
_PANELS = 5
_SECONDS = 600


def write(run: Run, times: list[float] | None = None) -> Path:
    """Write views.py into the run folder and return its path; all paths in it are relative to its own folder.

    Args:
        run: the run; it may be going on.
        times: output times for stills; by default about six, evenly spread.

    Raises:
        ValueError: one of ``times`` is no output time.
    """
    template = Path(__file__).with_name("views.py").read_text(encoding="utf-8")
    facts = pformat(describe(run, times), width=120, sort_dicts=False)
    path = inside(run.path, SCRIPT, pictures(run.path))
    try:
        path.write_text(template.replace(_BLANK, f"\nRUN = {facts}\n"), encoding="utf-8")
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(path), remedy="mend the permissions of the folder"
        ) from error
    return path


def describe(run: Run, times: list[float] | None = None) -> dict[str, Any]:
    """What views.py has to know about a run, as plain data."""
    order = list(kinds(run).items())[:_PANELS]
    panels = []
    for name, kind in order:
        low, high = limits(run, name)
        panels.append({"field": name, "kind": kind, "low": low, "high": high, "root": thins_out(run, name)})
    factor, unit = scale(run, "time")
    surface = membranes(run) if run.dim > 1 else None
    steps = pick_times(run) if times is None else [run.step(t) for t in times]
    return {
        "file": FIELDS,
        "membranes": MEMBRANES if surface else None,
        "membrane_names": list(surface.regions) if surface else [],
        "vessels": VESSELS,
        "walls": walls(run),
        "name": str(run.scenario.get("name") or run.path.resolve().name),
        "dim": run.dim,
        "panels": panels,
        "colours": {kind: samples(kind) for kind in sorted({kind for _, kind in order})},
        "lines": [list(to_rgb(colour)) for colour in LINES],
        "vessel_colours": {kind: list(to_rgb(colour)) for kind, colour in VESSEL_COLOURS.items()},
        "integrity": _integrity(surface),
        "fronts": _fronts(run),
        "invaded": _invaded(run),
        "regions": list(run.regions),
        "time_unit": "" if not unit else f" {unit}" if factor == 1.0 else f" x {factor:g} {unit}",  # of the times in the file
        "length": scale(run, "length")[1],
        "y_down": (run.scenario.get("mesh") or {}).get("kind") == "image",
        "times": [float(run.times[step]) for step in steps],
    }


def _integrity(surface: Membranes | None) -> list[list[float]]:
    """The colours of integrity as in figures: a share and its red, green and blue."""
    colours = integrity_map(float(surface.levels.min(initial=1.0)) if surface else 0.5)
    return [[round(float(share), 4), *(round(float(c), 4) for c in colours(share)[:3])] for share in np.linspace(0.0, 1.0, 257)]


def _fronts(run: Run) -> list[dict[str, Any]]:
    """In 3-D the surfaces at which kinds of cells reach the density of their fronts, and their colours."""
    if run.dim != 3 or not len(run.times):
        return []
    last = len(run.times) - 1
    found = [(name, front_level(run, name, last)) for name in cells_of(run)]
    return [{"field": n, "above": x, "colour": list(to_rgb(FRONTS[k % len(FRONTS)]))} for k, (n, x) in enumerate(found) if x > 0]


def _invaded(run: Run) -> dict[str, Any] | None:
    """The cells and the level that define the front; None where there are no cells at the start."""
    name = front_field(run)
    level = FRONT * float(np.max(run.field(name, step=0))) if name else 0.0
    return {"field": name, "above": level, "label": f"{name} > {100 * FRONT:g} % of its start"} if level > 0 else None


def render(run: Run) -> list[Path]:
    """Draw the stills of views.py with pvbatch, on a virtual screen where there is none; returns the pictures.

    Raises:
        InvasioError: pvbatch or xvfb-run is not installed, or ParaView failed.
    """
    refuse_code(run.path, SCRIPT)
    lacking = [name for name in ("pvbatch", *(() if _screen() else ("xvfb-run",))) if shutil.which(name) is None]
    if lacking:
        raise InvasioError(
            f"{' and '.join(lacking)} not found",
            code="missing-package",
            place="ParaView",
            remedy=f"on Debian: apt install paraview python3-paraview xvfb. {by_hand(run)}",
        )
    command = [*([] if _screen() else virtual_screen()), "pvbatch", str(run.path / SCRIPT), "--render"]
    try:
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise InvasioError(f"it drew nothing within {_SECONDS} s", code="program-failed", place="ParaView", remedy=by_hand(run)) from error
    lines = [line for line in done.stdout.splitlines() if line.startswith("PARAVIEW ")]
    if done.returncode != 0 or not lines:
        raise InvasioError(
            f"it failed (exit code {done.returncode})",
            code="program-failed",
            place="ParaView",
            remedy=by_hand(run),
            details=(done.stdout + done.stderr).strip().splitlines()[-8:],
        )
    return [run.path / name for name in json.loads(lines[-1].removeprefix("PARAVIEW "))]


def show(run: Run) -> int | None:
    """Open the views in ParaView's window and wait until it is closed; None where there is no ParaView or no screen."""
    if shutil.which("paraview") is None or not _screen():
        return None
    refuse_code(run.path, SCRIPT)
    return subprocess.run(["paraview", f"--script={SCRIPT}"], cwd=run.path, env=_environment()).returncode


def by_hand(run: Run) -> str:
    """How to open the views without this program."""
    return f"The views open with: cd {run.path} && paraview --script={SCRIPT}"


def _screen() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _environment() -> dict[str, str]:
    """Without what belongs to our own Python and MPI: ParaView has its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHONPATH", "OMPI_COMM", "PMIX_", "PMI_"))}
    return kept | ({"PYTHONPATH": str(_OWN_PYTHON)} if _OWN_PYTHON.exists() else {})
