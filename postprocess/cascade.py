"""The cascade of a run in one picture: how many cells come how far, what is lost on the way, and where and when metastases show."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from .colours import LINES
from .faults import WrongRequest
from .style import fitted, style
from .ticks import Powers
from .times import long_time

PICTURE = "cascade.png"
PLACES = 8  # that are shown
FEW = 20  # histories, of which bands of 95 % say little
GREY = "#b0b0b0"
LITTLE = 1e-3  # a chance
KINDS = {"macro": "metastasis", "micro": "micrometastasis"}
NOTHING = 1e-12  # of all cells: not told
BARS = 0.58  # of the width, for the longest bar; the rest is for what was lost
LONG = 44  # letters of what was lost in one line
COLONIES = "colonies"  # from here on rows are in these
Table = dict[str, list[str]]


def read(folder: Path, name: str) -> Table:
    """A table of the folder by columns, as texts. Raises WrongRequest where it is not there."""
    try:
        with (folder / name).open(encoding="utf-8", newline="") as stream:
            head, *rows = list(csv.reader(stream))
    except (OSError, ValueError) as error:
        raise WrongRequest(
            "nothing is drawn yet", code="file-not-found", place=str(folder / name), remedy="use `invasio cascade RUN`"
        ) from error
    return {column: [row[k] for row in rows] for k, column in enumerate(head)}


def numbers(column: list[str]) -> NDArray[np.float64]:
    """Texts as numbers, nan where nothing stands."""
    return np.array([float(text or "nan") for text in column])


def draw_picture(folder: Path, path: Path | None = None) -> Path:
    """Draw what was written into a folder; the file."""
    path = path or folder / PICTURE
    with style():
        figure(folder).savefig(path, dpi=200)
    return path


def figure(folder: Path) -> Any:
    """Three panels: how far cells come, chances by place, chances in time."""
    read(folder, "ledger.csv")  # says so where nothing is drawn
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    found = plt.figure(figsize=fitted(7.2, 6.6), layout="constrained")
    upper, lower = found.subfigures(2, 1, height_ratios=(1.15, 1))
    _funnel(upper.subplots(), steps(folder, facts))
    left, right = lower.subplots(1, 2, width_ratios=(1, 1.15))
    organs = read(folder, "organs.csv")
    kind = _kind(organs)
    shown = _shown(organs, kind)
    _by_place(left, organs, shown, facts, kind)
    _in_time(right, organs, shown, facts, kind)
    for panel, letter in zip(found.axes, "abc", strict=True):
        panel.annotate(letter, (0, 1), (-28, 8), "axes fraction", "offset points", fontweight="bold", fontsize=11)
    return found


def shows(folder: Path) -> bool:
    """Whether a metastasis, or where none shows a micrometastasis, was there in some history."""
    organs = read(folder, "organs.csv")
    return bool(np.nanmax(numbers(organs[f"drawn_{_kind(organs)}"])) > 0.0)


def _kind(organs: Table) -> str:
    """What the lower panels are about: metastases that show, or micrometastases where none shows and these are there."""

    def most(kind: str) -> float:
        return max(float(np.nanmax(np.append(numbers(organs[f"{what}_{kind}"]), 0.0))) for what in ("chance", "drawn"))

    return "micro" if most("macro") < LITTLE <= most("micro") else "macro"


def chances(folder: Path) -> tuple[list[str], list[list[str]]]:
    """Names and rows of a table for people: by place, chances at the horizon and the share of histories with its interval."""
    organs = read(folder, "organs.csv")
    last = organs["time"][-1]
    head = ["place", "micro: chance", "drawn", "macro: chance", "drawn", "95 %"]
    rows = []
    for k, place in enumerate(organs["place"]):
        if organs["time"][k] == last:
            values = [organs[name][k] for name in ("chance_micro", "drawn_micro", "chance_macro", "drawn_macro", "low_macro", "high_macro")]
            *texts, low, high = [f"{float(value):.3g}" if value else "-" for value in values]
            rows.append([place, *texts, f"{low} to {high}"])
    return head, rows


def steps(folder: Path, facts: dict[str, Any]) -> list[tuple[str, float, list[tuple[str, float]]]]:
    """Steps of the way: what is left of the cells (or colonies), and what was lost before it, by cause."""
    table = read(folder, "ledger.csv")
    expected, drawn = numbers(table["expected"]), numbers(table["drawn"])
    values = np.where(np.isfinite(expected), expected, drawn)
    cells = {name: float(value) for name, value in zip(table["account"], values, strict=True)}

    def total(what: str) -> float:
        return sum(value for name, value in cells.items() if name == what or name.startswith(f"{what}: "))

    causes = [(name.removeprefix("lost: "), value) for name, value in cells.items() if name.startswith("lost: ")]
    blood = [("in the blood" if name == "lost" else name, value) for name, value in causes]
    blood += [("in the cavity", total("cleared"))] if total("cleared") else []
    alive = total("dormant") + total("faded") + total("founders")
    organs = read(folder, "organs.csv")
    last = [k for k, time in enumerate(organs["time"]) if time == organs["time"][-1] and organs["place"][k] != "anywhere"]
    micro, macro = (float(np.nansum(numbers(organs[name])[last])) for name in ("micro", "macro"))
    colonies = 0.0  # a cluster founds one, with all its cells
    for k in last:
        asleep, faded, founders = (cells.get(f"{account}: {organs['place'][k]}", 0.0) for account in ("dormant", "faded", "founders"))
        if founders > 0.0:
            colonies += founders * float(organs["mean_settled"][k]) / (asleep + faded + founders)
    sleeping = [("asleep", total("dormant")), ("died asleep", total("faded"))]
    return [
        ("cells that left the tumour", total("entered") + total("shed"), []),
        (
            "came to an organ or node",
            alive + total("starved") + total("stuck"),
            [*blood, ("on their way", total("floating") + total("in cavity"))],
        ),
        ("left the vessel", alive + total("starved"), [("arrested, died", total("stuck"))]),
        ("could live there", alive, [("unfit soil", total("starved"))]),
        ("founded a colony", total("founders"), [pair for pair in sleeping if pair[1]]),
        (COLONIES, colonies, []),
        ("micrometastases", micro, [("died out or small", max(colonies - micro, 0.0))]),
        ("metastases that show", macro, [("small so far", max(micro - macro, 0.0))]),
    ]


def count(value: float) -> str:
    """A number of cells for people."""
    if value >= 1e6 or 0 < value < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}×10$^{{{int(exponent)}}}$"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _funnel(panel: Any, way: list[tuple[str, float, list[tuple[str, float]]]]) -> None:
    least = min([value for _, value, _ in way if value > 0] or [1.0])
    floor = 10.0 ** (np.floor(np.log10(least)) - 1)
    for k, (label, value, losses) in enumerate(way):
        before = way[k - 1][1] if k and label != COLONIES else value
        panel.barh(k, max(before, floor), left=0, color="#eeeeee", height=0.72)
        panel.barh(k, max(value, floor), left=0, color=LINES[0], height=0.72)
        said = f"{count(value)}" + (f"  ({value / before:.2g} of these)" if k and 0 < value < 0.995 * before else "")
        panel.annotate(said, (max(value, floor), k), (4, 0), "data", "offset points", va="center", fontsize="small")
        lost = _broken([f"{name} {count(number)}" for name, number in losses if number > NOTHING * way[0][1]])
        if lost:
            panel.annotate(
                f"– {lost}",
                (1.0, k - 0.5),
                (0, 0),
                ("axes fraction", "data"),
                "offset points",
                va="center",
                ha="right",
                color="#444444",
                fontsize="small",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
    most = max(max(value for _, value, _ in way), 10.0 * floor)
    panel.set_xscale("log")
    panel.set_xlim(floor, floor * (most / floor) ** (1.0 / BARS))
    low, high = round(np.log10(floor)), int(np.ceil(np.log10(most)))
    panel.set_xticks([10.0**k for k in range(low, high + 1, max(1, (high - low) // 6))])
    panel.minorticks_off()
    panel.spines["bottom"].set_bounds(floor, 10.0**high)
    panel.set_yticks(range(len(way)), [label for label, _, _ in way])
    panel.set_ylim(len(way) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.set_xlabel("expected number per patient (cells; last three rows: colonies, two of them drawn)")


def _broken(words: list[str]) -> str:
    """Words with commas, on two lines where they are long."""
    whole = ", ".join(words)
    half = min(range(1, len(words)), key=lambda k: abs(2 * len(", ".join(words[:k])) - len(whole)), default=0)
    return f"{', '.join(words[:half])},\n{', '.join(words[half:])}" if half and len(whole) > LONG else whole


def _shown(organs: Table, kind: str) -> list[str]:
    """Places by their chance at the end, the largest first."""
    last = organs["time"][-1]
    drawn, closed = numbers(organs[f"drawn_{kind}"]), numbers(organs[f"chance_{kind}"])
    value = np.where(np.isfinite(closed), closed, drawn)
    here = [(value[k], place) for k, place in enumerate(organs["place"]) if organs["time"][k] == last and place != "anywhere"]
    return [place for chance, place in sorted(here, reverse=True)[:PLACES] if chance > 0]


def _by_place(panel: Any, organs: Table, shown: list[str], facts: dict[str, Any], kind: str) -> None:
    last = organs["time"][-1]
    rows = {place: k for k, place in enumerate(organs["place"]) if organs["time"][k] == last}
    names = [*shown, "anywhere"]
    columns = {name: numbers(organs[f"{name}_{kind}"]) for name in ("chance", "drawn", "low", "high")}
    for y, place in enumerate(names):
        k = rows[place]
        panel.barh(y, columns["chance"][k], color=LINES[1] if place != "anywhere" else GREY, height=0.65)
        low, high = columns["low"][k], columns["high"][k]
        panel.plot([low, high], [y, y], color="black", lw=1)
        panel.plot(columns["drawn"][k], y, "o", color="black", ms=3)
    panel.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    panel.invert_yaxis()
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(left=0)
    alone = " without shedding" if facts.get("sheds") else ""
    count = facts["histories"]
    word = "history" if count == 1 else "histories"
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bars = f"bars: closed form{alone}\n" if np.isfinite(columns["chance"][list(rows.values())]).any() else ""
    panel.set_xlabel(f"chance of a {KINDS[kind]}{' that shows' if kind == 'macro' else ''}\n{bars}points: {count:,} {word}, 95 %")


def _in_time(panel: Any, organs: Table, shown: list[str], facts: dict[str, Any], kind: str) -> None:
    """Closed form, or what was drawn where there is none that counts all; bands of 95 % from the first that was drawn."""
    unit = facts["units"]["organs.csv"]["time"]
    factor, name = long_time(unit, facts["horizon"])
    times = numbers(organs["time"]) * factor
    closed_form = bool(np.isfinite(numbers(organs[f"chance_{kind}"])).any()) and not facts.get("sheds")
    for number, place in enumerate([*shown[:4], "anywhere"]):
        rows = [k for k, other in enumerate(organs["place"]) if other == place]
        colour = "black" if place == "anywhere" else LINES[number % len(LINES)]
        closed, drawn = (numbers(organs[f"{what}_{kind}"])[rows] for what in ("chance", "drawn"))
        panel.plot(times[rows], np.where(np.isfinite(closed) & closed_form, closed, drawn), color=colour, label=place.replace("_", " "))
        low, high = (numbers(organs[f"{end}_{kind}"])[rows] for end in ("low", "high"))
        if facts["histories"] < FEW:
            continue  # the bands would cover everything
        panel.fill_between(times[rows], low, high, where=drawn > 0.0, color=colour, alpha=0.18, lw=0)
    panel.margins(x=0)
    panel.set_ylim(bottom=0)
    panel.yaxis.set_major_formatter(Powers())
    panel.set_xlabel(f"time{f' ({name})' if name else ''}")
    panel.set_ylabel(f"chance of a {KINDS[kind]}" + ("" if closed_form else "\n(drawn)"))
    panel.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
