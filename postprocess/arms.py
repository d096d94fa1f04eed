"""What is written about arms: their table as text, CSV, Markdown and JSON, and a figure of the outcomes' columns by arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invasio.solver.errors import InvasioError
from invasio.solver.output.folder import replace_text
from invasio.solver.output.layout import OUTCOMES

from . import plot
from .outcomes import Table, as_csv, as_json, as_markdown, as_text, cascade_curves, stated, tabulate
from .run import Run
from .schedules import lanes_of
from .style import style

if TYPE_CHECKING:
    from .sweep import SweepRun

MOST_PANELS, MOST_STRIPS = 6, 3
_DPI = 300  # as journals want pictures of lines that are no vectors


def table_of(sweep: SweepRun) -> Table:
    """The arms and their outcomes."""
    from .sweep import results
    from .sweep_report import observables

    def telling() -> list[str]:
        head, rows = results(sweep)
        return observables(sweep, head, {name: [row[k] for row in rows] for k, name in enumerate(head)})

    return tabulate(sweep, stated(sweep, telling))


def figure(sweep: SweepRun, table: Table) -> Any | None:
    """Columns of the outcomes over time, an arm a line, above what was given when, within `style`; None where there are no lines."""
    done = [member.folder for member in sweep.members if member.status == "done"]
    runs = [Run(folder) for folder in done[: plot.MOST_LINES]]
    columns = list(dict.fromkeys(outcome.column for outcome in sorted(table.outcomes, key=lambda o: not o.cascade)))[:MOST_PANELS]
    if not runs or not columns or min(len(run.series["time"]) for run in runs) < 2:
        return None
    curves = [cascade_curves(run.path, table.outcomes) for run in runs]
    later = {o.column: plot.Curves(o.unit, [each[o.column] for each in curves]) for o in table.outcomes if o.cascade}
    drawn = plot.series(runs, columns, lanes_of(runs, MOST_STRIPS), later)
    if len(done) > len(runs):
        drawn.legends[0].set_title(f"the first {len(runs)} of {len(done)} arms; the table has all", {"size": "small"})
    return drawn


def write(sweep: SweepRun) -> list[Path]:
    """Write outcomes.csv, .md, .json, and the figure as .png and .pdf into the folder; returns what was written."""
    table = table_of(sweep)
    texts = {".txt": as_text(table, sweep), ".csv": as_csv(table), ".md": as_markdown(table), ".json": as_json(table)}
    written = [sweep.path / f"{OUTCOMES}{ending}" for ending in texts]
    try:
        for path, text in zip(written, texts.values(), strict=True):
            replace_text(path, text)
        with style():
            drawn = figure(sweep, table)
            if drawn is not None:
                for ending in (".png", ".pdf"):
                    drawn.savefig(sweep.path / f"{OUTCOMES}{ending}", dpi=_DPI)
                    written.append(sweep.path / f"{OUTCOMES}{ending}")
    except OSError as error:
        raise InvasioError(
            f"the table cannot be written: {error.strerror or error}",
            code="cannot-write",
            place=str(sweep.path),
            remedy="make room or mend the permissions",
        ) from error
    return written
