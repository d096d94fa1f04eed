"""One self-contained HTML page about a sweep: its members, and how the observables depend on what was varied."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from invasio.solver.errors import InvasioError

from .faults import unknown
from .html import Markup, facts, folded, page, picture, section, table
from .outcomes import is_arms
from .reason import reason
from .style import style
from .sweep import results
from .sweep_plots import maps, scatter

if TYPE_CHECKING:
    from .sweep import SweepRun

REPORT = "report.html"
_TELLING = ("front.distance", "front.xmax", "invaded_volume", "degraded_volume", ".in:", ".total", ".max")
_DRAWN = 6
_TELLS = 1e-3  # relative; what differs less differs by how it was computed
_REASONS = 10


def write(sweep: SweepRun, out: Path | None = None) -> Path:
    """Write report.html into the sweep's folder, or the file ``out``.

    Raises UnknownName for a column that `observe` names and no run has.
    """
    target = out or sweep.path / REPORT
    text = compose(sweep)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(target), remedy="choose another file"
        ) from error
    return target


def compose(sweep: SweepRun) -> str:
    """The page as text."""
    if is_arms(sweep):
        from . import arms_page

        return arms_page.compose(sweep)
    head, rows = results(sweep)
    columns = {name: [row[k] for row in rows] for k, name in enumerate(head)}
    drawn = observables(sweep, head, columns)
    done = [k for k, status in enumerate(columns["status"]) if status == "done"]
    with style():
        shown, meaning = figure(sweep)
        pictures = [picture(shown, meaning)] if shown is not None else []
    scenario, options = sweep.scenario, sweep.scenario["sweep"]
    counts = {status: columns["status"].count(status) for status in dict.fromkeys(columns["status"])}
    end = f"t = {float(columns['time'][done[0]]):g}" if done else "the end"
    strip = [
        ("sweep", str(scenario.get("name", ""))),
        ("kind", str(options["kind"]).replace("_", " ")),
        ("members", ", ".join(f"{count} {status}" for status, count in counts.items())),
        ("seed", str(options.get("seed", ""))),
    ]
    title = str(scenario.get("title") or scenario.get("name"))
    text = " ".join(str(scenario.get("description") or "").split())
    top = f"<header><h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n{facts(strip)}</header>"
    parts = [
        section("pictures", "Observables", *pictures),
        section("members", f"Members, with observables at {end}", _members(sweep, columns, drawn), _note(sweep), failures(sweep)),
        section("scenario", "Scenario", folded("sweep.yaml, with all defaults", (sweep.path / "sweep.yaml").read_text(encoding="utf-8"))),
    ]
    return page(title, "\n".join([top, *filter(None, parts)]))


def figure(sweep: SweepRun) -> tuple[Any | None, str]:
    """The observables over what was varied, within `style`, and what that shows; None where nothing varies."""
    head, rows = results(sweep)
    columns = {name: [row[k] for row in rows] for k, name in enumerate(head)}
    done = [k for k, status in enumerate(columns["status"]) if status == "done"]
    inputs = {name: [columns[name][k] for k in done] for name in sweep.parameters}
    shown = observables(sweep, head, columns)
    outputs = {sweep.labelled(name): np.array([float(columns[name][k]) for k in done]) for name in shown} if len(done) > 1 else {}
    found = maps(inputs, outputs) if outputs else None
    if found is not None:
        return found, "Each observable over the two parameters."
    return scatter(inputs, outputs), "Each observable over each parameter; a dot is a member."


def observables(sweep: SweepRun, head: list[str], columns: dict[str, list[str]]) -> list[str]:
    """The columns that are drawn: those the sweep names, else the most telling of those that differ between members."""
    known = head[3 + len(sweep.parameters) :]
    wanted = list((sweep.scenario.get("sweep") or {}).get("observe") or [])
    if wanted and known:
        for name in wanted:
            if name not in known:
                raise unknown(sweep.path, "column", name, known, code="no-column")
        return wanted
    differing = [name for name in known if _differs([float(text) for text in columns[name] if text])]
    ranked = [name for word in _TELLING for name in differing if word in name]
    return list(dict.fromkeys(ranked))[: _DRAWN if len(sweep.parameters) <= 2 else _DRAWN // 2]  # for one page


def _differs(values: list[float]) -> bool:
    return len(values) > 1 and max(values) - min(values) > _TELLS * max(abs(max(values)), abs(min(values)))


def _members(sweep: SweepRun, columns: dict[str, list[str]], drawn: list[str]) -> str:
    rows: list[list[str]] = []
    for k, member in enumerate(sweep.members):
        status = columns["status"][k]
        tone = "good" if status == "done" else "bad" if status.startswith("failed") else "soft"
        name = escape(member.folder.name, quote=True)
        values = [f"{float(columns[c][k]):.5g}" if columns[c][k] else "" for c in drawn]
        given = [_short(member.values.get(p, "")) for p in sweep.parameters]
        rows.append([Markup(f'<a href="{name}/">{name}</a>'), Markup(f'<span class="{tone}">{escape(status)}</span>'), *given, *values])
    names = [short_names(sweep.parameters)[p] for p in sweep.parameters]
    return table(["run", "status", *names, *map(sweep.labelled, drawn)], rows, range(2, 2 + len(names) + len(drawn)))


def _note(sweep: SweepRun) -> str:
    names = short_names(sweep.parameters)
    meant = "; ".join(f"{short}: {path}" for path, short in names.items() if short != path)
    return f'<p class="soft">{escape(meant)}. All columns are in results.csv.</p>'


def failures(sweep: SweepRun) -> str:
    """Why members failed, one line each."""
    failed = [member for member in sweep.members if member.status.startswith("failed")]
    lines = [f"{member.folder.name}: {reason(member.folder) or 'it left no message'}" for member in failed[:_REASONS]]
    lines += [f"and {len(failed) - _REASONS} more"] if len(failed) > _REASONS else []
    return "\n".join(f'<p class="bad">{escape(line)}</p>' for line in lines)


def short_names(paths: Any) -> dict[str, str]:
    """For each path its shortest ending of two words or more that no other path has."""
    names = {}
    for path in paths:
        parts = path.split(".")
        endings = [".".join(parts[-n:]) for n in range(min(2, len(parts)), len(parts) + 1)]
        names[path] = next(e for e in endings if e == path or not any(o != path and (o == e or o.endswith(f".{e}")) for o in paths))
    return names


def _short(text: str) -> str:
    try:
        head, *unit = text.split(maxsplit=1)
        return " ".join([f"{float(head):.5g}", *unit])
    except ValueError:
        return text
