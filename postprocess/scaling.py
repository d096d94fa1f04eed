"""The picture of a scaling series: time per step, efficiency, what is communicated; predictions are dashed and say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from .colours import LINES
from .style import style


def draw(rows: list[dict[str, Any]], path: Path, title: str, weak: bool, note: str) -> None:
    """Write the picture of the rows of a series (see hpc/scaling)."""
    measured = [row for row in rows if row["kind"] == "measured"]
    predicted = [row for row in rows if row["kind"] == "predicted"]
    with style():
        figure, (time, share, sent) = plt.subplots(1, 3, figsize=(11.5, 3.6), layout="constrained")
        first = measured[0]
        ideal = [first["seconds_per_step"] if weak else first["seconds_per_step"] * first["ranks"] / row["ranks"] for row in rows]
        time.loglog([r["ranks"] for r in rows], [1e3 * t for t in ideal], color="#999999", linewidth=1, label="ideal")
        for panel, name, factor in ((time, "seconds_per_step", 1e3), (share, "efficiency", 100.0)):
            panel.plot([r["ranks"] for r in measured], [factor * r[name] for r in measured], "o-", color=LINES[0], label="measured")
            if predicted:
                values = [factor * r[name] for r in predicted]
                panel.plot([r["ranks"] for r in predicted], values, "s--", color=LINES[1], label="prediction", mfc="white")
        time.set_title("time per step (ms)")
        share.set_title("efficiency (%)")
        share.set_xscale("log")
        share.set_ylim(0, None)
        for k, (label, value) in enumerate(
            (
                ("messages", lambda r: r["ghost_messages"] + r["solver_messages"]),
                ("kB sent", lambda r: (r["ghost_bytes"] + r["solver_bytes"]) / 1e3),
                ("reductions", lambda r: r["reductions"]),
            )
        ):
            sent.plot([r["ranks"] for r in measured], [value(r) for r in measured], "o-", color=LINES[k + 2], label=label)
        sent.set_xticks([r["ranks"] for r in measured])
        sent.set_title("counted per step, busiest rank")
        for panel in (time, share, sent):
            panel.set_xlabel("ranks")
            panel.legend(fontsize=8)
        figure.suptitle(title, fontsize=10)
        if predicted:
            figure.supxlabel(f"Prediction, not measured: {note}.", fontsize=7, wrap=True)
        figure.savefig(path)
