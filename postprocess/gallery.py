"""A page with the pictures and numbers of finished runs, one section per scenario."""

from __future__ import annotations

import re
import shutil
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from invasio.solver.output.layout import CASCADE, ENTRIES, FIELDS, FIGURES

from . import arms, cascade, sweep_report
from .expect import Result, check
from .figures import make_figures
from .outcomes import is_arms
from .run import Run, open_run
from .style import cells_of, front_level, kinds, style
from .sweep import open_sweep

LARGEST = 200_000  # bytes of a picture on the page
_WIDTH = 1200  # pixels
_DPI = 150
_FULL = 0.5  # share of the nodes

_HEAD = """# Gallery

Every scenario that comes with the program: what it shows, its main picture, the numbers it promises beside those it gave, and the
command that repeats it. `./invasio gallery` runs what has not been run and writes this page anew.
"""


@dataclass(frozen=True)
class Entry:
    """A shipped scenario by its name (``published/xiao_2021/set0``) with the folder of a finished run, and that of its arms or sweep."""

    name: str
    folder: Path
    members: Path | None = None

    @property
    def slug(self) -> str:
        """The name as one word, for files and links."""
        return self.name.replace("/", "-")


def write_gallery(entries: Sequence[Entry], out: Path, others: Sequence[str] = ()) -> tuple[Path, int]:
    """Write ``out/gallery.md`` and its pictures ``out/gallery/*.png``; returns the page and how many numbers were missed.

    others: names of scenarios, in their order, whose sections stay as they are where the page has them.

    Raises:
        MeshError: a run folder cannot be read.
    """
    pictures, page = out / "gallery", out / "gallery.md"
    pictures.mkdir(parents=True, exist_ok=True)
    sections, missed = _sections(page.read_text(encoding="utf-8")) if others and page.exists() else {}, 0
    for entry in entries:
        run = open_run(entry.folder)
        results = check(run)
        missed += sum(not r.passed for r in results)
        picture = pictures / f"{entry.slug}.png"
        shrink(main_picture(run), picture)
        sections[entry.slug] = _section(entry, run, results, f"gallery/{picture.name}", _members(entry, pictures))
    order = dict.fromkeys([*(Entry(name, out).slug for name in others), *(entry.slug for entry in entries)])
    shown = {slug: sections[slug] for slug in order if slug in sections}
    contents = "\n".join(f"- [{text.split('## ', 1)[1].splitlines()[0]}](#{slug})" for slug, text in shown.items())
    page.write_text("\n".join([_HEAD, contents, "", *shown.values()]), encoding="utf-8")
    return page, missed


def _sections(page: str) -> dict[str, str]:
    """The sections of a page that was written before, by the words that stand for them."""
    parts = re.split(r'^(?=<a id="[^"]+"></a>$)', page, flags=re.MULTILINE)[1:]
    return {part.split('"', 2)[1]: part.removesuffix("\n") for part in parts}


def main_picture(run: Run) -> Path:
    """The picture that says most: in 1-D the cascade where some metastasis shows, else profiles; in 3-D the body; else the cells over
    time, or all species where there are several kinds of cells.

    Pictures are drawn if there are none or if the fields are newer; that of a cascade always.
    """
    if run.dim == 1 and (run.path / ENTRIES).is_file() and cascade.shows(run.path / CASCADE):
        return cascade.draw_picture(run.path / CASCADE)
    cells = cells_of(run)
    several = len(cells) != 1 and len(kinds(run)) > 1
    flat = "species" if several else cells[0] if cells else next(iter(kinds(run)))
    name = {1: "profiles", 3: "body" if cells and not _fills(run, cells[0]) else flat}.get(run.dim, flat)
    picture = run.path / FIGURES / f"{name}.png"
    if not picture.exists() or picture.stat().st_mtime < (run.path / FIELDS).stat().st_mtime:
        make_figures(run)
    return picture


def _members(entry: Entry, pictures: Path) -> list[str]:
    """The picture of a scenario's arms, or of its sweep, with the command that makes it; nothing where it has neither."""
    if entry.members is None:
        return []
    sweep = open_sweep(entry.members)
    kind, what = ("arms", "Outcomes of the arms over time") if is_arms(sweep) else ("sweep", "The sweep")
    target = pictures / f"{entry.slug}-{kind}.png"
    with tempfile.TemporaryDirectory() as folder, style():
        shown = arms.figure(sweep, arms.table_of(sweep)) if kind == "arms" else sweep_report.figure(sweep)[0]
        if shown is None:
            return []
        shown.savefig(Path(folder) / target.name, dpi=_DPI)
        plt.close(shown)
        shrink(Path(folder) / target.name, target)
    return [f"![{what}](gallery/{target.name})", "", f"    ./invasio {kind} scenarios/{entry.name}.yaml", ""]


def _fills(run: Run, name: str) -> bool:
    """Whether cells are nearly everywhere from the start, so that their body is all of the tissue."""
    return bool((run.field(name, step=0) > front_level(run, name, 0)).mean() > _FULL)


def shrink(picture: Path, target: Path, largest: int = LARGEST) -> None:
    """Copy a picture, with fewer pixels and colours where it takes more bytes than ``largest``."""
    from PIL import Image

    if picture.stat().st_size <= largest:
        shutil.copyfile(picture, target)
        return
    with Image.open(picture) as opened:
        whole = opened.convert("RGB")
    sample = whole.resize((whole.width // 4, whole.height // 4), Image.Resampling.NEAREST)  # the palette's cost grows fast with the pixels
    palette = sample.quantize(256, Image.Quantize.MAXCOVERAGE)  # all colours of the scales, also those of few pixels
    width = min(_WIDTH, whole.width)
    while True:
        small = whole.resize((width, round(whole.height * width / whole.width)), Image.Resampling.LANCZOS)
        _with_white(small, small.quantize(256, palette=palette, dither=Image.Dither.FLOYDSTEINBERG), Image).save(target, optimize=True)
        if target.stat().st_size <= largest or width < 200:
            return
        width = int(0.9 * width)


def _with_white(whole: Any, few: Any, image: Any) -> Any:
    """The picture of few colours with the ground white, which the nearest of them need not be."""
    colours = np.array(few.getpalette()).reshape(-1, 3)
    white = int(np.abs(colours - 255).sum(axis=1).argmin())
    colours[white] = 255
    index = np.array(few)
    index[(np.asarray(whole) == 255).all(axis=2)] = white
    found = image.fromarray(index)
    found.putpalette(colours.ravel().tolist())
    return found


def _section(entry: Entry, run: Run, results: list[Result], picture: str, members: list[str]) -> str:
    scenario = run.scenario
    title = str(scenario.get("title") or entry.name)
    words = {name: " ".join(str(scenario.get(name) or "").split()) for name in ("description", "source", "cost")}
    steps = int(run.series["step"][-1])
    size = f"{len(run.points)} nodes, {len(run.cells)} cells, {steps} steps; {words['cost']}."
    lines = [
        f'<a id="{entry.slug}"></a>',
        f"## {title}",
        "",
        _plain(words["description"]),
        "",
        f"![{title}]({picture})",
        "",
        f"    ./invasio run scenarios/{entry.name}.yaml",
        "",
        *members,
        _plain(f"{size} Source: {words['source'].rstrip('.')}." if words["source"] else size),
        "",
        *_shares(run),
        *_table(results, run.units.get("time", "")),
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text of a scenario as Markdown in lines of a readable length."""
    return "\n".join(textwrap.wrap(re.sub(r"([*<>|])", r"\\\1", text), 120, break_long_words=False, break_on_hyphens=False))


def _shares(run: Run) -> list[str]:
    """Where the cells were and are, for tissue with several regions."""
    if len(run.regions) < 2:
        return []
    lines, table = [], run.series
    for name in (n for n, kind in kinds(run).items() if kind == "cells"):
        total = table[f"{name}.total"]
        parts = [(region, table[f"{name}.in:{region}"]) for region in run.regions if f"{name}.in:{region}" in table]
        ends = [(when, at) for when, at in (("start", 0), ("end", -1)) if total[at] > 0.0]
        text = ", ".join(
            f"{region} " + ", ".join(f"{100 * part[at] / total[at]:.1f} % at the {when}" for when, at in ends)
            for region, part in parts
            if ends
        )
        lines += [f"Share of {name} cells by region: {text}.", ""] if text else []
    return lines


def _table(results: list[Result], time: str) -> list[str]:
    """Expected and measured numbers with their units; nothing where nothing is expected."""
    if not results:
        return []
    at = f"t ({time})" if time not in ("", "1") else "t"
    lines = [f"| {at} | quantity | expected | measured | allowed error | source |", "|---|---|---|---|---|---|"]
    for r in results:
        expected, found, _, bound = r.shown
        measured = found if r.passed else f"**{found}, missed** {r.fault}".strip()
        source = re.sub(r"([*<>|])", r"\\\1", str(r.item.get("source") or ""))
        lines.append(f"| {r.item['at']:g} | {r.quantity} | {expected} | {measured} | {bound} | {source} |")
    return [*lines, ""]
