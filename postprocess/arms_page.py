"""One self-contained HTML page about arms: outcomes by arm, their curves, and by what the arms differ."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from . import arms
from .html import Markup, facts, folded, page, picture, section, table
from .outcomes import cells_of, notes_of
from .style import style

if TYPE_CHECKING:
    from .outcomes import Table
    from .sweep import SweepRun


def compose(sweep: SweepRun) -> str:
    """The page as text."""
    from .sweep_report import failures

    scenario, found = sweep.scenario, arms.table_of(sweep)
    with style():
        drawn = arms.figure(sweep, found)
        pictures = [picture(drawn, "Columns of the outcomes over time, by arm.")] if drawn is not None else []
    states = [member.status for member in sweep.members]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    title = str(scenario.get("title") or scenario.get("name"))
    text = " ".join(str(scenario.get("description") or "").split())
    strip = facts([("scenario", str(scenario.get("name", ""))), ("arms", counts)])
    top = f"<header><h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n{strip}</header>"
    parts = [
        section("outcomes", "Outcomes", _outcomes(found), failures(sweep)),
        section("pictures", "Curves", *pictures),
        section("arms", "Arms", _arms(sweep)),
        section("scenario", "Scenario", folded("sweep.yaml, with all defaults", (sweep.path / "sweep.yaml").read_text(encoding="utf-8"))),
    ]
    return page(title, "\n".join([top, *filter(None, parts)]))


def _outcomes(found: Table) -> str:
    head, rows = cells_of(found)
    linked = [[Markup(f'<a href="{escape(row[0], quote=True)}/">{escape(row[0])}</a>'), *row[1:]] for row in rows]
    notes = [f'<p class="soft">{escape(line)}</p>' for line in notes_of(found)]
    return "\n".join([table(head, linked, range(1, len(head))), *notes])


def _arms(sweep: SweepRun) -> str:
    said = {m.folder.name: ", ".join(f"{path} = {value}" for path, value in m.values.items()) for m in sweep.members}
    rows = [[m.folder.name, m.status, said[m.folder.name] or "the scenario as it stands"] for m in sweep.members]
    return table(["arm", "run", "differs by"], rows)
