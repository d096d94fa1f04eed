"""How patients differ in one picture: chances over time of many, and how much of all differences is between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from invasio.solver.output.layout import OF_PATIENTS, PATIENTS, SPREAD

from .cascade import numbers, read
from .colours import LINES
from .style import fitted, style
from .times import long_time

PICTURE = "patients.png"
PLACES = 6


def draw_picture(folder: Path, path: Path | None = None) -> Path:
    """Draw what was written into a folder; the file."""
    path = path or folder / PICTURE
    with style():
        figure(folder).savefig(path, dpi=200)
    return path


def figure(folder: Path) -> Any:
    """Three panels: the chance over time among patients, its values at the end, the two parts of the variance by place."""
    table, each = read(folder, SPREAD), read(folder, PATIENTS)
    facts = json.loads((folder / OF_PATIENTS).read_text(encoding="utf-8"))
    found, (left, middle, right) = plt.subplots(1, 3, figsize=fitted(9.2, 3.1), layout="constrained", width_ratios=(1.15, 1, 1.15))
    _in_time(left, table, facts)
    _at_end(middle, each)
    _parts(right, table)
    for panel, letter in zip(found.axes, "abc", strict=True):
        panel.annotate(letter, (0, 1), (-26, 6), "axes fraction", "offset points", fontweight="bold", fontsize=11)
    return found


def _rows(table: dict[str, list[str]], quantity: str, place: str) -> list[int]:
    return [k for k, (what, where) in enumerate(zip(table["quantity"], table["place"], strict=True)) if what == quantity and where == place]


def _in_time(panel: Any, table: dict[str, list[str]], facts: dict[str, Any]) -> None:
    unit = str(facts.get("time", ""))
    factor, name = long_time(unit, facts["horizon"])
    rows = _rows(table, "has a macrometastasis", "anywhere")
    times = numbers(table["time"])[rows] * factor
    for low, high, alpha, label in (("q05", "q95", 0.18, "5 to 95 % of patients"), ("q25", "q75", 0.35, "half of them")):
        panel.fill_between(times, *(numbers(table[end])[rows] for end in (low, high)), color=LINES[0], alpha=alpha, lw=0, label=label)
    panel.plot(times, numbers(table["q50"])[rows], color=LINES[0], label="median")
    panel.plot(times, numbers(table["mean"])[rows], color="black", ls="--", lw=1.2, label="all patients together")
    panel.margins(x=0)
    panel.set_ylim(bottom=0)
    panel.set_xlabel(f"time{f' ({name})' if name else ''}")
    panel.set_ylabel("chance of a metastasis that shows")
    panel.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2))


def _at_end(panel: Any, each: dict[str, list[str]]) -> None:
    chances = numbers(each["chance_macro:anywhere"])
    if not np.isfinite(chances).all():
        chances = numbers(each["drawn_macro"])
    panel.hist(chances, bins=np.linspace(0, max(1e-12, float(chances.max())), 21), color=LINES[0], alpha=0.7)
    panel.axvline(chances.mean(), color="black", ls="--", lw=1.2)
    panel.set_xlabel("chance at the horizon")
    panel.set_ylabel("patients")


def _parts(panel: Any, table: dict[str, list[str]]) -> None:
    """Variance of having a metastasis, by place: between patients, and by chance within."""
    last = table["time"][-1]
    between, within, share = (numbers(table[name]) for name in ("between", "within", "share_between"))
    here = [
        k
        for k, what in enumerate(table["quantity"])
        if what == "has a macrometastasis" and table["time"][k] == last and between[k] + within[k] > 0
    ]
    order = sorted((k for k in here if table["place"][k] != "anywhere"), key=lambda k: -(between[k] + within[k]))[:PLACES]
    shown = [*order, *(k for k in here if table["place"][k] == "anywhere")]
    panel.barh(range(len(shown)), between[shown], color=LINES[1], height=0.65, label="between patients")
    panel.barh(range(len(shown)), within[shown], left=between[shown], color="#cccccc", height=0.65, label="chance")
    for y, k in enumerate(shown):
        panel.annotate(f"{share[k]:.0%}", (between[k] + within[k], y), (3, 0), "data", "offset points", va="center", fontsize="small")
    panel.set_yticks(range(len(shown)), [table["place"][k].replace("_", " ") for k in shown])
    panel.invert_yaxis()
    panel.margins(x=0.15)
    panel.set_xlim(left=0)
    panel.set_xlabel("variance of having a metastasis")
    panel.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2))
