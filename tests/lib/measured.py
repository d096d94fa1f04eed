"""Data for fits: numbers of an independent code with noise of a stated seed."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from invasio.hpc.fits.task import Task

XIAO = Path(__file__).parents[1] / "verification" / "xiao_2021.csv"
TRUE = {"d_n": 0.01, "gamma": 0.05, "r": 5.0, "eta": 10.0, "d_m": 0.01, "alpha": 0.1}
NOISE = 0.02
_COLUMNS = {"n": ("cells", 1.0), "f": ("matrix", 1.0), "m": ("enzyme", 0.46572441)}  # name, and largest value: the noise is a share of it


def xiao(path: Path, seed: int, every: int = 1) -> None:
    """Write the profiles of the Xiao data set, each ``every``-th place, with normal noise of 2 % of each one's largest value."""
    lines = [line for line in XIAO.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rng = np.random.default_rng(seed)
    rows = [["time", "observable", "x", "value", "error"]]
    for number, row in enumerate(csv.DictReader(lines)):
        for column, (name, largest) in _COLUMNS.items():
            error = NOISE * largest
            value = float(row[column]) + error * rng.standard_normal()
            if number % every == 0:
                rows.append([row["time"], name, row["x"], f"{value:.6g}", f"{error:.6g}"])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


DECAY = """\
name: decay
parameters: {a: 1, b: 0.5, c: 2}
mesh: {kind: interval, cells: 1}
model: {cells: {tumour: {initial: c, death: a*b}}}
time: {end: 3, step: 0.05}
"""
FREE = "vary: {a: {from: 0.1, to: 10, spacing: log}, b: {from: 0.1, to: 10, spacing: log}, c: {from: 0, to: 10}}"


def decaying(folder: Path, fitted: str = FREE, more: str = "") -> Task:
    """A population that dies at the rate a*b, measured at five times with errors of 1 % in turn above and below."""
    rows = [f"{t},tumour.total,{2 * math.exp(-0.5 * t) * (1 + 0.01 * (-1) ** k):.6f},0.02" for k, t in enumerate((0, 0.5, 1, 2, 3))]
    (folder / "decay.csv").write_text("\n".join(["time,observable,value,error", *rows]) + "\n")
    (folder / "decay.yaml").write_text(f"{DECAY}{more}fit: {{data: decay.csv, starts: 1, {fitted}}}\n")
    return Task(folder / "decay.yaml")
