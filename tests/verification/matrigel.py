"""`python3 -m tests.verification.matrigel`: fit cells in Matrigel anew, with baselines and without day 12; pictures of docs/matrigel.md.

Prints the tables of that page. On one core about ten minutes, and an hour more with the fits in 3-D; begun again it goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import invasio
from invasio.hpc.fits.fit import fit
from invasio.hpc.fits.task import Task
from invasio.postprocess.colours import LINES
from invasio.postprocess.run import open_run
from invasio.postprocess.style import style

Floats = NDArray[np.float64]
ROOT = Path(__file__).resolve().parents[2]
FITS = ROOT / "scenarios" / "fits"
DAYS = (0, 2, 5, 9, 12)
SIDE, SLICE, RIM = 2481.0, 20.0, 400.0  # um
_TABLES = {day: f"matrigel/slabs_day{day}.csv" for day in DAYS[1:]}


def _without(day: int) -> tuple[str, tuple[str, ...]]:
    """A fit to all days but one."""
    return "matrigel_height", (f"fit.data=[{', '.join(path for other, path in _TABLES.items() if other != day)}]",)


_FEW = "fit.sample=0", "fit.starts=1"  # bands by the curvature
_ON = ("parameters.stop=99 d", "fit.vary.stop=null")
MODELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "whole": ("matrigel_height", ()),
    "day 12 left out": _without(12),
    "day 5 left out": _without(5),
    "never stops": ("matrigel_height", (*_ON, *_FEW)),
    "no lag": ("matrigel_height", ("parameters.lag=0", "fit.vary.lag=null", *_FEW)),
    "only grows": ("matrigel_height", ("parameters.v=0", "fit.vary.v=null", *_ON, *_FEW)),
    "only sinks": ("matrigel_height", ("parameters.mu=0", "fit.vary.mu=null", "fit.vary.K=null", *_FEW)),
    "independent slabs": ("matrigel_height", ("fit.observables.cells.noise.correlation=null", *_FEW)),
    "whole, in 3-D": ("matrigel", ()),
    "day 12 left out, in 3-D": ("matrigel", _without(12)[1]),
}
HEIGHTS = {"height of 10 %": 0.1, "median height": 0.5, "height of 90 %": 0.9}


class Fitted:
    """A fit in its folder, as tables."""

    def __init__(self, folder: Path) -> None:
        self.summary: dict[str, Any] = json.loads((folder / "estimates.json").read_text())
        self.fitted, self.predicted = (list(csv.DictReader((folder / name).open())) for name in ("fitted.csv", "predictions.csv"))
        self.best, self.text = folder / "best.yaml", (folder / "summary.txt").read_text()

    def curve(self, name: str) -> Floats:
        """(n, 4) time, value and the ends of the band."""
        rows = [row for row in self.predicted if row["observable"] == name]
        return np.array([[float(row[key]) for key in ("time", "model", "lower", "upper")] for row in rows])

    def seen(self, name: str, day: float) -> list[tuple[float, float]]:
        """The ends of the bands of a new measurement on a day: of one number, or of all slabs from the lowest on."""
        rows = [row for row in self.predicted if row["observable"] == name and float(row["time"]) == day]
        return [(float(row["seen_lower"]), float(row["seen_upper"])) for row in rows]

    def slabs(self, day: float) -> Floats:
        """(n, 5) the ends of the slabs, cells in them and the ends of the band."""
        rows = [row for row in self.predicted if row["observable"] == "cells" and float(row["time"]) == day]
        return np.array([[float(row[key]) for key in ("from", "to", "model", "lower", "upper")] for row in rows])


def positions(day: int) -> Floats:
    """(n, 3) where the cells were seen, in um."""
    return np.loadtxt(FITS / "matrigel" / f"day{day}.csv", delimiter=",", skiprows=1)


def fitted(out: Path, name: str) -> Fitted:
    """One of the models, fitted."""
    scenario, settings = MODELS[name]
    folder = out / name.replace(",", "").replace(" ", "_")
    fit(Task(FITS / f"{scenario}.yaml", settings), folder, 1, profiles=False)
    return Fitted(folder)


def tables(found: dict[str, Fitted]) -> str:
    """Models against each other, then counts and heights by day, in Markdown."""
    lines = ["| | unknowns | data | ln likelihood | AIC | overdispersion |", "|---|---:|---:|---:|---:|---:|"]
    for name, one in found.items():
        s = one.summary
        phi = s["estimates"]["overdispersion of cells"]["value"]
        lines.append(f"| {name} | {s['unknowns']} | {s['data']} | {s['log_likelihood']:.1f} | {s['aic']:.1f} | {phi:.0f} |")
    lines += ["", f"| | {' | '.join(found)} | seen |", f"|---|{'---:|' * (len(found) + 1)}"]
    for day in DAYS[1:]:
        z = positions(day)[:, 2]
        for what, seen in (("count", float(len(z))), *((name, float(np.quantile(z, level))) for name, level in HEIGHTS.items())):
            cells = [row for one in found.values() for row in one.curve(what) if row[0] == day]
            lines.append(f"| day {day}, {what} | {' | '.join(f'{m:.0f} ({a:.0f} to {b:.0f})' for _, m, a, b in cells)} | {seen:.0f} |")
    return "\n".join(lines)


def left_out(found: dict[str, Fitted]) -> str:
    """Days that were left out: what was predicted to be seen, with 95 % bands, and what was, in Markdown."""
    lines = ["| day left out | | predicted, 95 % of new measurements | seen | |", "|---:|---|---:|---:|---|"]
    for day in (5, 12):
        one, z = found[f"day {day} left out"], positions(day)[:, 2]
        ends = sorted({edge for low, high, *_ in one.slabs(day) for edge in (low, high)})
        counts = np.histogram(z, ends)[0]
        inside = sum(low <= count <= high for (low, high), count in zip(one.seen("cells", day), counts, strict=True))
        for what, level in {"count": None, **HEIGHTS}.items():
            seen = float(len(z)) if level is None else float(np.interp(level * len(z), np.concatenate([[0], np.cumsum(counts)]), ends))
            (low, high), value = one.seen(what, day)[0], next(row[1] for row in one.curve(what) if row[0] == day)
            held = "in" if low <= seen <= high else "OUT"
            lines.append(f"| {day} | {what} | {value:.0f} ({low:.0f} to {high:.0f}) | {seen:.0f} | {held} |")
        lines.append(f"| {day} | slabs | | {inside} of {len(counts)} in their bands | |")
    return "\n".join(lines)


def profiles(whole: Fitted, space: Fitted, path: Path) -> None:
    """Cells by height on each day: seen (bars), along the height (line with band), in 3-D (dots)."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(DAYS), figsize=(10.5, 3.6), sharey=True, sharex=True, layout="constrained")
    for axis, day in zip(axes, DAYS, strict=True):
        slabs, other = whole.slabs(day), space.slabs(day)
        low, high = slabs[:, 0], slabs[:, 1]
        middle, width = 0.5 * (low + high), (high - low) / SLICE
        z = positions(day)[:, 2]
        seen = np.array([((a <= z) & (z < b)).sum() for a, b in zip(low, high, strict=True)])
        axis.barh(low, seen / width, high - low, align="edge", color="0.8", label="seen")
        axis.fill_betweenx(middle, slabs[:, 3] / width, slabs[:, 4] / width, color=LINES[0], alpha=0.3, lw=0)
        axis.plot(slabs[:, 2] / width, middle, color=LINES[0], lw=1.2, label="along the height, 95 %")
        axis.plot(other[:, 2] / width, middle, ".", ms=4, color=LINES[1], label="in 3-D")
        axis.set(title=f"day {day}, {len(z)} cells", xscale="log", xlim=(0.8, 8000), ylim=(0, 900), xlabel="cells in 20 µm")
    axes[0].set_ylabel("height (µm)")
    axes[0].legend(fontsize=7, loc="upper right")
    figure.savefig(path, dpi=160)


def course(found: dict[str, Fitted], path: Path) -> None:
    """Counts and heights in time, the baselines and the fit without day 12 beside them."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    looks = {
        "whole": (LINES[0], "-"),
        "whole, in 3-D": (LINES[1], ":"),
        "day 12 left out": (LINES[2], "--"),
        "only grows": ("0.5", "-."),
        "only sinks": ("0.5", ":"),
    }
    for name, (colour, dashes) in looks.items():
        for axis, what in zip(axes, ("count", "median height"), strict=True):
            time, value, low, high = found[name].curve(what).T
            axis.plot(time, value, dashes, color=colour, lw=1.2, label=name)
            if name in ("whole", "day 12 left out"):
                axis.fill_between(time, np.maximum(low, 1), high, color=colour, alpha=0.2, lw=0)
    for what, _ in HEIGHTS.items():
        if what != "median height":
            axes[1].plot(*found["whole"].curve(what).T[:2], color=LINES[0], lw=0.6)
    seen = [positions(day)[:, 2] for day in DAYS]
    counts = np.array([len(z) for z in seen])
    axes[0].plot(DAYS, counts, "o", ms=4, color="black", label="seen")
    for axis, what in zip(axes, ("count", "median height"), strict=True):
        rows = [row for row in found["whole"].predicted if row["observable"] == what]
        time, low, high = (np.array([float(row[key]) for row in rows]) for key in ("time", "seen_lower", "seen_upper"))
        axis.fill_between(time, low, high, color="0.5", alpha=0.15, lw=0, label="95 % of new measurements, whole")
    ends = np.array([np.quantile(z, (0.1, 0.5, 0.9)) for z in seen])
    axes[1].errorbar(
        DAYS, ends[:, 1], (ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 1]), fmt="o", ms=4, color="black", label="seen, 10 to 90 %"
    )
    axes[0].set(yscale="log", ylim=(700, 60_000), xlabel="day", ylabel="cells")
    axes[1].set(ylim=(0, 620), xlabel="day", ylabel="height (µm)")
    axes[0].legend(fontsize=7, loc="upper left")
    figure.savefig(path, dpi=160)


class Space:
    """The run in 3-D of a fit's best values, with how many cells each node stands for."""

    def __init__(self, one: Fitted, folder: Path) -> None:
        if not (folder / "manifest.json").exists():
            invasio.run(one.best, set={"output.every": None, "output.at": list(DAYS), "output.figures": False}, out=folder)
        self.run = open_run(folder)
        self._low, self._high = np.stack([_surroundings(axis) for axis in self.run.points.T], axis=-1)  # (nodes, 3) each, of lumped masses
        self._volume = (self._high - self._low).prod(axis=1) * 1e-6  # in which a density of 1e6 cells/ml is one cell

    def amounts(self, day: int) -> Floats:
        """(nodes,) cells."""
        found: Floats = self.run.field("tumour", day) * self._volume
        return found

    def drawn(self, day: int, seed: int = 0) -> Floats:
        """(n, 3) places of as many cells as there are, drawn from the density."""
        amounts, numbers = self.amounts(day), np.random.default_rng(seed)
        count = round(amounts.sum())
        node = numbers.choice(len(amounts), count, p=amounts / amounts.sum())
        low, high = self._low[node], self._high[node]
        return np.asarray(low + numbers.random((count, 3)) * (high - low))


def _surroundings(places: Floats) -> tuple[Floats, Floats]:
    """Along one axis, from half-way to the node before up to half-way to the one behind."""
    nodes, which = np.unique(places, return_inverse=True)
    middles = np.concatenate([nodes[:1], 0.5 * (nodes[1:] + nodes[:-1]), nodes[-1:]])
    return middles[which], middles[which + 1]


def on_the_dish(space: Space) -> str:
    """The share of the cells of the lowest 50 um that lie within 400 um of the sides of the field, seen and of the model, in Markdown."""
    lines = ["| | day 5 | day 9 | day 12 | even |", "|---|---:|---:|---:|---:|"]
    for what, of in (("seen", positions), ("model", space.drawn)):
        shares = []
        for day in DAYS[2:]:
            low = of(day)
            low = low[low[:, 2] < 50, :2]
            shares.append(f"{100 * ((low < RIM) | (low > SIDE - RIM)).any(axis=1).mean():.0f} %")
        lines.append(f"| {what} | {' | '.join(shares)} | {100 * (1 - (1 - 2 * RIM / SIDE) ** 2):.0f} % |")
    return "\n".join(lines)


def in_space(space: Space, path: Path) -> None:
    """Cells as seen, and as many drawn from the density of the run in 3-D."""
    import matplotlib.pyplot as plt

    days = [day for day in DAYS if day != 2]
    figure = plt.figure(figsize=(11, 5.2))
    for column, day in enumerate(days):
        for row, (what, points) in enumerate((("seen", positions(day)), ("model", space.drawn(day)))):
            axis: Any = figure.add_axes((0.25 * column, 0.5 - 0.5 * row, 0.24, 0.47), projection="3d")
            axis.scatter(*points.T, s=1.2, c=points[:, 2], cmap="viridis", vmin=0, vmax=500, lw=0, rasterized=True)
            axis.set(xlim=(0, SIDE), ylim=(0, SIDE), zlim=(0, 900), xticks=[0, 1000, 2000], yticks=[0, 1000, 2000], zticks=[0, 400, 800])
            axis.set_box_aspect((1, 1, 0.5), zoom=0.95)
            axis.tick_params(labelsize=6, pad=-3)
            axis.view_init(16, -60)
            figure.text(0.25 * column + 0.02, 0.96 - 0.5 * row, f"day {day}, {what}: {len(points)} cells", fontsize=9)
    figure.text(0.01, 0.01, "µm; the model's dots are drawn from its density", fontsize=7)
    figure.savefig(path, dpi=150)


def from_above(space: Space, path: Path) -> None:
    """The cells of the lowest 50 um, from above, as seen and as drawn."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(8.4, 5.8), sharex=True, sharey=True, layout="constrained")
    for column, day in enumerate(DAYS[2:]):
        for row, (what, points) in enumerate((("seen", positions(day)), ("model", space.drawn(day)))):
            low = points[points[:, 2] < 50]
            axes[row, column].scatter(low[:, 0], low[:, 1], s=1.5, color=LINES[0], lw=0, rasterized=True)
            axes[row, column].set(title=f"day {day}, {what}: {len(low)} cells", aspect="equal", xlim=(0, SIDE), ylim=(0, SIDE))
    for axis in axes[1]:
        axis.set_xlabel("x (µm)")
    for axis in axes[:, 0]:
        axis.set_ylabel("y (µm)")
    figure.savefig(path, dpi=150)


def main(argv: list[str]) -> int:
    """Fit, print, draw."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.verification.matrigel", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(MODELS), help="fit this alone, and print what it says; several times")
    parser.add_argument("--out", type=Path, default=Path("out/matrigel-fits"), help="folder of the fits; what has run in it is kept")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="folder for the pictures (default: docs/images)")
    args = parser.parse_args(argv)
    if args.only:
        for name in args.only:
            print(f"{name}\n{fitted(args.out, name).text}")
        return 0
    found = {name: fitted(args.out, name) for name in MODELS}
    space = Space(found["whole, in 3-D"], args.out / "run_3d")
    print(tables(found), left_out(found), on_the_dish(space), sep="\n\n")
    with style():
        profiles(found["whole"], found["whole, in 3-D"], args.images / "matrigel_profiles.png")
        course(found, args.images / "matrigel_course.png")
        in_space(space, args.images / "matrigel_space.png")
        from_above(space, args.images / "matrigel_dish.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
