"""All pictures of a run, in its folder figures/."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from invasio.solver.output.layout import CASCADE, FIGURES

from .foreign import inside, pictures
from .pictures import save
from .run import Run, open_run
from .style import Page, cells_of, kinds, known_font, style
from .times import pick_times

ROWS = 6  # species in one figure
_BODIES = 3  # outputs at which a body in space is drawn


def make_figures(folder: str | Path | Run, times: int | None = None) -> list[Path]:
    """Draw what suits the run and return the files: profiles in 1-D, maps in 2-D, the middle plane and the body in 3-D, the series, and
    the cascade.

    Args:
        folder: the run folder, or an open Run.
        times: how many output times to draw at most; by default what the scenario says (six).

    Raises:
        MeshError: the folder holds no fields.
    """
    run = folder if isinstance(folder, Run) else open_run(folder)
    target = run.path / FIGURES
    inside(run.path, "figures", pictures(run.path))
    target.mkdir(exist_ok=True)
    stated = _stated(run)
    font = stated.get("font")
    if font and not known_font(font):
        logging.getLogger("invasio").warning(f"no font {font} on this machine: figures are drawn in DejaVu Sans")
        font = None
    on = Page(width=stated.get("width"), font=font, section=stated.get("section", True))
    with style(on):
        endings = stated.get("formats") or ("png",)
        return [save(figure, target / f"{name}.{ending}") for name, figure in chain(draw(run, times), _behind(run)) for ending in endings]


def draw(run: Run, times: int | None = None) -> Iterator[tuple[str, Any]]:
    """Names and figures, one after the other, to be drawn inside `style`: profiles (over time where nothing
    varies in place) or maps of the cells, all species, in 3-D the body, the series."""
    from . import curves, maps

    if len(run.times):
        count = times or int(_stated(run).get("times", 6))
        steps = pick_times(run, count)
        if run.dim == 1:
            yield "profiles", curves.profiles(run, steps) if curves.varies(run, steps) else curves.mixed(run)
        else:
            plane = maps.Plane(run)
            order = list(kinds(run))
            for name in cells_of(run) or order[:1]:
                yield name, maps.map_grid(run, [name], steps, plane, columns=maps.columns_of(len(steps)))
            several = len(order) > 1
            for number, first in enumerate(range(0, len(order) if several else 0, ROWS)):
                name = "species" + (f"-{number + 1}" if number else "")
                yield name, maps.map_grid(run, order[first : first + ROWS], pick_times(run, min(4, count)), plane)
        if run.dim == 3:
            from .solid.body import Body
            from .solid.figure import figure

            yield "body", figure(Body(run), pick_times(run, min(_BODIES, count)))
    series = curves.series(run)
    if series is not None:
        yield "series", series


def _behind(run: Run) -> Iterator[tuple[str, Any]]:
    """The cascade behind the walls of vessels, where histories of it were drawn."""
    from . import cascade

    if (run.path / CASCADE / "manifest.json").is_file():
        yield "cascade", cascade.figure(run.path / CASCADE)


def _stated(run: Run) -> dict[str, Any]:
    """What the scenario says of its figures."""
    figures = (run.scenario.get("output") or {}).get("figures")
    return figures if isinstance(figures, dict) else {}
