"""All pictures of a run, in its folder figures/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invasio.solver.output.layout import FIGURES

from .foreign import inside, pictures
from .pictures import save
from .run import Run, open_run
from .style import kinds, pick_times, style


def make_figures(folder: str | Path | Run, times: int | None = None) -> list[Path]:
    """Draw what suits the run and return the files: profiles in 1-D, maps in 2-D, the middle plane (and,
    where PyVista and a screen are there, a surface) in 3-D, and the series.

    Args:
        folder: the run folder, or an open Run.
        times: how many output times to draw; by default what the scenario says (six).

    Raises:
        MeshError: the folder holds no fields.
    """
    run = folder if isinstance(folder, Run) else open_run(folder)
    target = run.path / FIGURES
    inside(run.path, "figures", pictures(run.path))
    target.mkdir(exist_ok=True)
    with style():
        made = [save(figure, target / f"{name}.png") for name, figure in draw(run, times)]
    if run.dim == 3 and len(run.times):
        from . import still

        surface = still.draw(run, next(iter(kinds(run))), target / "surface.png")
        made += [surface] if surface else []
    return made


def draw(run: Run, times: int | None = None) -> Iterator[tuple[str, Any]]:
    """Names and figures, one after the other, to be drawn inside `style`: profiles (over time where nothing
    varies in place) or maps of the cells, all species, the series."""
    from . import curves, maps

    if len(run.times):
        steps = pick_times(run, times or _count(run))
        if run.dim == 1:
            yield "profiles", curves.profiles(run, steps) if curves.varies(run, steps) else curves.mixed(run)
        else:
            plane = maps.Plane(run)
            order = kinds(run)
            for name in [n for n, kind in order.items() if kind == "cells"] or list(order)[:1]:
                yield name, maps.map_grid(run, [name], steps, plane, columns=min(3, len(steps)))
            if len(order) > 1:
                yield "species", maps.map_grid(run, list(order)[:5], pick_times(run, 4), plane)
    series = curves.series(run)
    if series is not None:
        yield "series", series


def _count(run: Run) -> int:
    """Number of times the scenario asks for."""
    figures = (run.scenario.get("output") or {}).get("figures")
    return int(figures.get("times", 6)) if isinstance(figures, dict) else 6
