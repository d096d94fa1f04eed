"""The relapse-free curve of a run: the share of patients without a metastasis that shows, by time after the tumour was taken out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from .cascade import FEW, numbers, read
from .colours import LINES
from .times import long_time


def figure(folder: Path) -> Any:
    """Closed form and what was drawn with its 95 %, from the end of the run on; straight between the times of looking at histories.

    Raises WrongRequest where nothing is drawn.
    """
    table = read(folder, "relapse.csv")
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    after = numbers(table["after"])
    factor, name = long_time(facts["units"]["relapse.csv"]["after"], float(after[-1]))
    later = after >= 0.0
    found, panel = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
    when, free = factor * after[later], numbers(table["free"])[later]
    if facts["histories"] >= FEW:
        low, high = (numbers(table[end])[later] for end in ("low", "high"))
        panel.fill_between(when, low, high, color=LINES[0], alpha=0.18, lw=0, label="95 %")
    panel.plot(when, free, color=LINES[0], label=f"{facts['histories']:,} histor{'y' if facts['histories'] == 1 else 'ies'}")
    closed = "closed form" + (", without shedding" if facts.get("sheds") else "")
    panel.plot(when, numbers(table["chance_free"])[later], color="black", ls="--", lw=1.2, label=closed)
    panel.set_ylim(0.0, 1.02)
    panel.margins(x=0)
    panel.set_xlabel(f"time after the end of the run{f' ({name})' if name else ''}")
    panel.set_ylabel("share without a metastasis that shows")
    panel.legend(fontsize="small", loc="best")
    return found
