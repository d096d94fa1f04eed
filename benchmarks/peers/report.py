"""Table, ratio of processor times at equal error, and figure of what the peers gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.cases import CASES

Result = dict[str, Any]
HEAD = ("code", "cells along an edge", "time", "steps", "error n", "error f", "error m", "least value", "n below 0", "cells lost")
OURS = "invasio"
COMPILING = "compiling too"
ORDER, MARKERS = tuple(CASES["disc"]), "osD^vPX<>"  # the same look in all figures; the two of invasio share a colour


def table(results: dict[str, list[Result]]) -> str:
    """Markdown: one row per run."""
    head = (*HEAD, "compiling, CPU s", "set-up, CPU s", "loop, CPU s")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for peer, runs in results.items():
        for r in runs:
            row = [peer, str(r["cells"]), _when(r)]
            if "stopped" in r:
                row += [""] * (len(head) - 4) + [f"stopped after {r['stopped']}"]
            else:
                row += [str(r["steps"])] + [f"{r[k]:.2e}" for k in "nfm"]
                row += [f"{r['least']:.1e}", f"{100.0 * r['below']:.2g} %", f"{r['lost']:.1e}"]
                row += [f"{r['compiled']:.0f}" if "compiled" in r else "", f"{r['setup']:.2f}", f"{r['loop']:.2f}"]
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _when(r: Result) -> str:
    text = f"tolerance {r['tolerance']:g}" if "tolerance" in r else f"dt = {r['dt']:g}"
    return f"{r['solver']}, {text}" if "solver" in r else text


def with_compiling(results: dict[str, list[Result]]) -> dict[str, list[Result]]:
    """The same, and those again that compile in every process, with that time counted as set-up."""
    found = {}
    for peer, runs in results.items():
        found[peer] = runs
        if any("compiled" in r for r in runs):
            found[f"{peer}, {COMPILING}"] = [{**r, "setup": r.get("setup", 0.0) + r.get("compiled", 0.0)} for r in runs]
    return found


def front(runs: list[Result]) -> tuple[Any, Any]:
    """Processor seconds (set-up and loop) and errors of n of those runs than which no other is both faster and better, fastest first."""
    best: list[tuple[float, float]] = []
    for seconds, error in sorted((r["setup"] + r["loop"], r["n"]) for r in runs if "stopped" not in r):
        if not best or error < best[-1][1]:
            best.append((seconds, error))
    seconds, errors = np.array(best).reshape(-1, 2).T
    return seconds, errors


def ratios(results: dict[str, list[Result]]) -> dict[str, list[tuple[float, float]]]:
    """Of each code: error of n, and its processor time over that of invasio at the same error (on the line between two of its runs)."""
    ours_seconds, ours_error = front(results[OURS])
    found = {}
    for peer, runs in results.items():
        if not peer.startswith(OURS):
            pairs = []
            for seconds, error in zip(*front(runs), strict=True):
                if ours_error[-1] <= error <= ours_error[0]:
                    own = np.exp(np.interp(-np.log(error), -np.log(ours_error), np.log(ours_seconds)))
                    pairs.append((float(error), float(seconds / own)))
            found[peer] = pairs
    return found


def ratio_table(results: dict[str, list[Result]]) -> str:
    """Markdown: one row per code, with the ratio at each error where invasio has runs on both sides of it; the the fastest of them last."""
    lines = ["| code | its processor time over that of invasio at the same error of n |", "|---|---|"]
    for peer, pairs in ratios(with_compiling(results)).items():
        text = ", ".join(f"{_times(ratio)} at {error:.1e}" for error, ratio in pairs)
        lines.append(f"| {peer} | {text or 'no run within the errors of invasio'} |")
    lines.append(
        f"| the fastest of them | {', '.join(f'{_times(ratio)} at {error:.1e} ({peer})' for error, ratio, peer in best(results))} |"
    )
    return "\n".join(lines)


def _times(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10.0 else f"{ratio:.0f}"


def best(results: dict[str, list[Result]]) -> list[tuple[float, float, str]]:
    """At each error a peer reached and at which it is the fastest of all of them: error, ratio to invasio, name; greatest error first."""
    lines = {peer: front(runs) for peer, runs in results.items() if not peer.startswith(OURS)}
    rows = []
    for peer, pairs in ratios(results).items():
        for error, ratio in pairs:
            seconds = _seconds(lines[peer], error)
            others = (_seconds(line, error) for name, line in lines.items() if name != peer)
            if all(seconds <= other for other in others):
                rows.append((error, ratio, peer))
    return sorted(rows, reverse=True)


def _seconds(line: tuple[Any, Any], error: float) -> float:
    """What an error costs: between two runs on the line of them; beyond the best run inf, above the quickest as much as that."""
    seconds, errors = line
    if not len(errors) or error < errors[-1]:
        return np.inf
    return float(np.exp(np.interp(-np.log(error), -np.log(errors), np.log(seconds))))


def draw(results: dict[str, list[Result]], title: str, path: Path) -> None:
    """Error of n against processor time: every run a point, a line through those of each code that no other of its runs beats."""
    from matplotlib import pyplot as plt

    from invasio.postprocess.colours import LINES
    from invasio.postprocess.style import style

    with style():
        figure, axes = plt.subplots(figsize=(7.2, 4.0), layout="constrained")
        for peer, runs in results.items():
            place = ORDER.index(peer)
            look = {"color": LINES[max(place - 1, 0)], "marker": MARKERS[place], "markersize": 5}
            done = [r for r in runs if "stopped" not in r]
            axes.loglog(*front(runs), **look, linestyle=":" if place == 1 else "-", linewidth=1.8 if place == 0 else 1.2, label=peer)
            axes.loglog([r["setup"] + r["loop"] for r in done], [r["n"] for r in done], **look, linestyle="none")
            for slow, again in with_compiling({peer: runs}).items():
                if slow != peer:
                    axes.loglog(*front(again), **look, linestyle="--", linewidth=1.0, markerfacecolor="white", label=slow)
        axes.set_xlabel("processor time of set-up and loop on one core [s]")
        axes.set_ylabel("error of the cell density, relative $L^2$")
        axes.set_title(title)
        figure.legend(loc="outside right upper")
        figure.savefig(path, dpi=200)
        plt.close(figure)
