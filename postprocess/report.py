"""One self-contained HTML page about a run: what was asked, what came out, whether it can be trusted, how it was made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invasio.solver.errors import InvasioError
from invasio.solver.output.layout import CASCADE, GIVEN, LOG, RESOLVED, SPREAD, STATUS

from . import cascade, expect, patients, relapse
from .faults import WrongRequest
from .figures import draw
from .foreign import inside
from .fronts import fit, front, sentence
from .html import Markup, facts, folded, page, picture, section, table
from .style import kinds, style
from .times import time_label

if TYPE_CHECKING:
    from .run import Run

REPORT = "report.html"
_LOG_LINES = 200
_CAME = ("born", "inflow", "switched_in", "adjusted", "arrived")  # accounts of the ledger
_WENT = ("dead", "outflow", "switched_out", "blood", "lymph", "cavity", "radiation", "surgery")
_SECTIONS = {
    "pictures": "Pictures",
    "curves": "Front and amounts",
    "cascade": "Cascade",
    "ledger": "Ledger",
    "expected": "Expected numbers",
    "equations": "Equations",
    "methods": "Methods",
    "timings": "Timings",
    "provenance": "Provenance",
}


def write(run: Run, path: Path | None = None) -> Path:
    """Write the page (report.html in the run folder by default) and return its path; the run may be going on.

    Raises:
        InvasioError: the file cannot be written.
    """
    target = path or inside(run.path, REPORT)
    text = compose(run)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvasioError(
            f"cannot be written: {error.strerror}", code="cannot-write", place=str(target), remedy="choose another file"
        ) from error
    return target


def compose(run: Run) -> str:
    """The page as text."""
    with style():
        drawn = dict(_pictures(run))
    curves = drawn.pop("series", "")
    parts = {
        "pictures": list(drawn.values()),
        "curves": [_speeds(run), curves],
        "cascade": [_cascade(run)],
        "ledger": [_ledger(run)],
        "expected": [_expected(run)],
        "equations": [_equations(run)],
        "methods": [_methods(run)],
        "timings": [_timings(run)],
        "provenance": [_provenance(run)],
    }
    sections = {key: section(key, title, *parts[key]) for key, title in _SECTIONS.items()}
    links = "".join(f'<a href="#{key}">{escape(_SECTIONS[key])}</a>' for key, text in sections.items() if text)
    title = str(run.scenario.get("title") or run.scenario.get("name") or run.path.resolve().name)
    return page(title, "\n".join([_head(run, title), f"<nav>{links}</nav>", *filter(None, sections.values())]))


def strip(run: Run) -> list[tuple[str, str]]:
    """What a run is, in short: names and texts."""
    last = f", to {time_label(run, float(run.times[-1]))}" if len(run.times) else ""
    return [
        ("run", str(run.scenario.get("name") or run.path.resolve().name)),
        ("status", _text(run.path / STATUS).strip() or "unknown"),
        ("mesh", f"{run.dim}-D, {len(run.points):,} nodes, {len(run.cells):,} cells"),
        ("regions", ", ".join(run.regions)),
        ("outputs", f"{len(run.times)}{last}"),
        ("fields", ", ".join(kinds(run))),
        ("computed in", _duration(run)),
    ]


def _head(run: Run, title: str) -> str:
    scenario, said = run.scenario, dict(strip(run))
    tone = "good" if said["status"] == "done" else "bad" if said["status"].startswith("failed") else "soft"
    said["status"] = Markup(f'<span class="badge {tone}">{escape(said["status"])}</span>')
    texts = [f"<p>{escape(' '.join(str(scenario[key]).split()))}</p>" for key in ("description",) if scenario.get(key)]
    source = scenario.get("source")
    texts += [f'<p class="soft">Source: {escape(" ".join(str(source).split()))}</p>'] if source else []
    return f"<header><h1>{escape(title)}</h1>\n{''.join(texts)}\n{facts(list(said.items()))}</header>"


def _pictures(run: Run) -> Iterator[tuple[str, str]]:
    """Names and pictures as HTML."""
    captions = {
        "profiles": "Profiles along x at several times.",
        "species": "All species over time.",
        "body": "The body: where cells are denser than at their front, whole and cut open.",
        "series": "Amounts, share of the cells per region, the front, and the residual of the ledger over time.",
    }
    plane = " on the middle plane" if run.dim == 3 else ""
    for name, figure in draw(run):
        yield name, picture(figure, captions.get(name, f"Density of {name}{plane}, from the first output to the last."))


def _cascade(run: Run) -> str:
    """What was drawn of where cells went that entered vessels, as a picture and its chances by place."""
    folder = run.path / CASCADE
    if not (folder / "manifest.json").is_file():
        return ""
    with style():
        shown = picture(
            cascade.figure(folder),
            "How many cells come how far, what is lost on the way (a), where (b) and when (c) metastases show.",
        )
        shown += picture(relapse.figure(folder), "Share without a metastasis that shows, after the end of the run.")
    head, rows = cascade.chances(folder)
    return shown + table(head, rows, range(1, len(head))) + _patients(folder)


def _patients(folder: Path) -> str:
    """How patients differ, where they were drawn."""
    if not (folder / SPREAD).is_file():
        return ""
    with style():
        said = "Patients that differ: the chance of a metastasis over time (a) and at the horizon (b), and how much of all differences "
        return picture(patients.figure(folder), said + "is between patients, and how much is chance (c).")


def _speeds(run: Run) -> str:
    """How fast each front moves, one line each."""
    lines = []
    for name, kind in kinds(run).items():
        if kind == "cells":
            try:
                found = front(run, name)
                level = run.manifest.get("fronts", {}).get(name, "")
                lines.append(f"<p>{escape(sentence(found, fit(found)) + (f'; the front is {level}' if level else ''))}</p>")
            except WrongRequest:
                continue  # no front in the series, or too few outputs for a line
    return "\n".join(lines)


def _ledger(run: Run) -> str:
    """Amounts of every species: at the start, what came, what went, at the end; and the largest residual."""
    series, rows = run.series, []
    for name in kinds(run):
        total = series.get(f"{name}.total")
        if total is None or not len(total):
            continue
        came, went = booked(run, name)
        residual = series.get(f"{name}.ledger")
        worst = f"{float(residual.max()):.1e}" if residual is not None and len(residual) else "-"
        unit = run.units.get(f"{name}.total", "")
        rows.append((name, "" if unit == "1" else unit, f"{total[0]:.6g}", _accounts(came), _accounts(went), f"{total[-1]:.6g}", worst))
    if not rows:
        return ""
    end = escape(time_label(run, float(series["time"][-1])))
    note = f'<p class="soft">What was there at the start plus what came minus what went is what is there at {end}, to rounding. '
    note += "The last column is the largest relative residual of all outputs.</p>"
    return note + table(("species", "in", "at the start", "came", "went", "at the end", "largest residual"), rows, (2, 5, 6))


def booked(run: Run, name: str) -> tuple[dict[str, float], dict[str, float]]:
    """Accounts of a species at the end that are not 0: what came by what, and what went; all there is in between is in one of them."""
    found = {k.removeprefix(f"{name}."): float(v[-1]) for k, v in run.series.items() if k.startswith(f"{name}.") and float(v[-1])}
    came = {k: v for k, v in found.items() if k.partition(":")[0] in _CAME}
    went = {k: v for k, v in found.items() if k.partition(":")[0] in _WENT}
    for key in (k for k in found if k.startswith("reaction:")):
        (came if _is_made(run, key.partition(":")[2], name) else went)[key] = found[key]
    return came, went


def _is_made(run: Run, reaction: str, species: str) -> bool:
    """Whether a reaction makes more of a species than it uses up, from left to right."""
    stated = ((run.scenario.get("model") or {}).get("reactions") or {}).get(reaction) or {}
    left, _, right = str(stated.get("equation", "")).replace("<->", "->").partition("->")
    uses, makes = (
        sum(int(n or 1) for n in re.findall(rf"(?:^|\+)\s*(?:(\d+)\s+)?{re.escape(species)}\s*(?=\+|$)", side)) for side in (left, right)
    )
    return makes > uses


def _accounts(booked: dict[str, float]) -> str:
    return ", ".join(f"{name.replace(':', ' ')} {value:.6g}" for name, value in booked.items()) or "0"


def _expected(run: Run) -> str:
    """The scenario's expected numbers with what was measured."""
    results = expect.check(run)
    if not results:
        return ""
    rows = []
    for r in results:
        mark = Markup(
            '<span class="good">met</span>' if r.passed else f'<span class="bad">missed{": " + escape(r.fault) if r.fault else ""}</span>'
        )
        value, measured, error, allowed = r.shown
        measured, error = (measured, error) if not r.fault else ("-", "-")
        rows.append((f"{r.item['at']:g}", r.quantity, value, measured, error, allowed, mark))
    return table(("t", "quantity", "expected", "measured", "error", "allowed", ""), rows, (0, 2, 3, 4, 5))


def _equations(run: Run) -> str:
    """The model as `invasio explain` prints it, from resolved.yaml."""
    from invasio.solver.model.build import build_model
    from invasio.solver.model.text import explain
    from invasio.solver.scenario.loader import load

    if not (run.path / RESOLVED).exists():
        return ""
    try:
        scenario = load(run.path / RESOLVED)
        text = explain(build_model(scenario), "", scenario.scales is None).partition("\nLiterature\n")[0]  # that is under provenance
    except InvasioError as error:  # written by another version, or a file it refers to is elsewhere
        return f'<p class="soft">The model cannot be written out here:</p><pre>{escape(str(error))}</pre>'
    return f'<pre class="equations">{escape(text)}</pre>'


def _methods(run: Run) -> str:
    """A paragraph for a paper, and what it cites."""
    from . import methods

    note = '<p class="soft">To be pasted into a paper, with the equations above and the parameters below them.</p>'
    return note + f"<p>{escape(methods.paragraph(run))}</p>" + folded("Literature as BibTeX", methods.bibtex(run))


def _timings(run: Run) -> str:
    """When and where each part of the run was computed, and how fast."""
    rows, before = [], 0
    for part in run.manifest.get("segments", []):
        seconds = _seconds(part.get("start"), part.get("stop"))
        steps = int(part.get("last_output_step", 0)) - before
        before += max(steps, 0)
        speed = f"{seconds / steps:.3g}" if seconds and steps > 0 else "-"
        start = str(part.get("start", "")).replace("T", " ").removesuffix("+00:00")
        rows.append(
            (
                start,
                str(part.get("reason", "")),
                f"{seconds:.0f}" if seconds is not None else "-",
                str(steps),
                speed,
                str(part.get("ranks", "")),
                str(part.get("host", "")),
            )
        )
    sizes = [
        (p.name, f"{p.stat().st_size / 1e6:.2f} MB")
        for p in sorted(run.path.iterdir())
        if p.is_file() and p.stat().st_size > 10_000 and p.name != REPORT
    ]
    log = _text(run.path / LOG).splitlines()
    return "\n".join(
        [
            table(("start (UTC)", "ended", "seconds", "steps", "seconds per step", "ranks", "host"), rows, (2, 3, 4, 5)),
            "<p></p>" + table(("file", "size"), sizes, (1,)),
            folded(f"{LOG}" + (f", the last {_LOG_LINES} lines" if len(log) > _LOG_LINES else ""), "\n".join(log[-_LOG_LINES:])),
        ]
    )


def _provenance(run: Run) -> str:
    """Versions, hashes, options, literature, and the scenario itself."""
    manifest = run.manifest
    part = (manifest.get("segments") or [{}])[-1]
    rows = [
        ("scenario, SHA-256", str((manifest.get("hashes") or {}).get("scenario", ""))),
        ("mesh, SHA-256", str((manifest.get("hashes") or {}).get("mesh", ""))),
    ]
    rows += [("mesh", str(manifest.get("mesh", ""))), ("git revision", str(part.get("git") or ""))]
    rows += [("versions", ", ".join(f"{name} {version}" for name, version in (part.get("versions") or {}).items()))]
    rows += [("PETSc options", json.dumps(manifest["petsc_options"]) if manifest.get("petsc_options") else "")]
    rows += [("batch job", ", ".join(f"{k} {v}" for k, v in (part.get("slurm") or {}).items()))]
    cited = "".join(f"<li>{escape(' '.join(str(text).split()))}</li>" for text in manifest.get("cite", []))
    return "\n".join(
        [
            table(("", ""), [(name, value) for name, value in rows if value]),
            f"<p>Literature to cite:</p><ul>{cited}</ul>" if cited else "",
            folded(f"{GIVEN}, as it was given", _text(run.path / GIVEN)),
            folded(f"{RESOLVED}, with all defaults; runs again as it is", _text(run.path / RESOLVED)),
        ]
    )


def _duration(run: Run) -> str:
    """Wall time of all parts of a run that has ended."""
    parts = run.manifest.get("segments", [])
    seconds = [_seconds(part.get("start"), part.get("stop")) for part in parts]
    known = [s for s in seconds if s is not None]
    if not known or len(known) < len(seconds):
        return ""
    total, ranks = sum(known), parts[-1].get("ranks", 1)
    time = f"{total:.0f} s" if total < 600 else f"{total / 60:.0f} min" if total < 36000 else f"{total / 3600:.1f} h"
    return f"{time} on {ranks} rank{'s' if ranks != 1 else ''}" + (f", in {len(parts)} parts" if len(parts) > 1 else "")


def _seconds(start: Any, stop: Any) -> float | None:
    try:
        return (datetime.fromisoformat(stop) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError):
        return None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
