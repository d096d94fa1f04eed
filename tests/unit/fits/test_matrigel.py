"""The shipped fit of cells in Matrigel: data are counts of positions, the start is their number, the objective an independent code's."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import nbinom

from invasio.hpc.fits.noise import Likelihood
from invasio.hpc.fits.pool import Here
from invasio.hpc.fits.task import PREDICTED, Task

FITS = Path(__file__).parents[3] / "scenarios" / "fits"
FIELD, HEIGHT = 2481.0**2, 900.0  # um^2, um
VALUES = {"d_n": 400.0, "v": 40.0, "mu": 0.3, "K": 8e7, "lag": 2.0, "stop": 10.0}  # um^2/d, um/d, /d, /ml, d, d: near the best, not it
PHI, ALONE = 45.0, 4.0  # overdispersion; a length (um) over which nothing is alike


def heights(day: int) -> np.ndarray:
    with (FITS / "matrigel" / f"day{day}.csv").open() as file:
        return np.array([float(row["z_um"]) for row in csv.DictReader(file)])


def slabs() -> list[tuple[int, float, float, int]]:
    """Day, ends and count of each slab, as the fit reads them."""
    found = []
    for day in (2, 5, 9, 12):
        lines = [line for line in (FITS / "matrigel" / f"slabs_day{day}.csv").read_text().splitlines() if not line.startswith("#")]
        found += [(int(row[0]), float(row[2]), float(row[3]), int(row[4])) for row in csv.reader(lines[1:])]
    return found


def independent(days: list[int], edges: np.ndarray) -> dict[int, np.ndarray]:
    """Cells in slabs by finite volumes and SciPy's LSODA: dn/dt = D n'' + (v n (1 - n/K))' + mu n (1 - n/K) after the lag,
    with v = 0 from the stop on."""
    cells = 450
    h = HEIGHT / cells
    z = (np.arange(cells) + 0.5) * h
    seen = heights(0)
    n = sum(np.exp(-0.5 * ((z[:, None] - place) / 20.0) ** 2).sum(axis=1) for place in (seen, -seen, 2 * HEIGHT - seen))
    n = n / (n.sum() * h * FIELD) * len(seen)
    d, v, mu, capacity = (*(VALUES[name] for name in ("d_n", "v", "mu")), VALUES["K"] * 1e-12)
    lag, stop = VALUES["lag"], VALUES["stop"]

    def rate(t: float, n: np.ndarray, awake: float, sinking: float) -> np.ndarray:
        middle = 0.5 * (n[1:] + n[:-1])
        up = -d * np.diff(n) / h - sinking * v * middle * (1 - middle / capacity)
        return -np.diff(np.concatenate([[0.0], up, [0.0]])) / h + awake * mu * n * (1 - n / capacity)

    found, now = {}, 0.0
    for end in sorted({*days, lag, stop}):
        awake, sinking = float(now >= lag), float(lag <= now < stop)
        n = solve_ivp(rate, (now, end), n, method="LSODA", args=(awake, sinking), lband=1, uband=1, rtol=1e-6, atol=1e-12).y[:, -1]
        now = end
        if end in days:
            below = np.interp(edges, np.arange(cells + 1) * h, np.concatenate([[0.0], np.cumsum(n) * h * FIELD]))
            found[int(end)] = np.diff(below)
    return found


def test_the_data_are_counts_of_the_positions() -> None:
    """Each cell in one slab, on each day."""
    found = slabs()
    for day in (2, 5, 9, 12):
        z = heights(day)
        mine = [(low, high, count) for when, low, high, count in found if when == day]
        assert [a[1] == b[0] for a, b in pairwise(mine)] == [True] * 21
        assert (mine[0][0], mine[-1][1]) == (0.0, HEIGHT)
        assert [count for *_, count in mine] == [int(((low <= z) & (z < high)).sum()) for low, high, _ in mine]
        assert sum(count for *_, count in mine) == len(z)


def test_the_objective_is_that_of_an_independent_code() -> None:
    """Cells in all slabs, and the logarithm of the likelihood at stated values, here and by finite volumes, SciPy's LSODA and nbinom."""
    task = Task(FITS / "matrigel_height.yaml")
    pool = Here(task)
    with pool:
        assert list(task.options.vary) == list(VALUES)
        model = np.array(pool.ask("", list(VALUES.values())).values)
        predicted = pool.ask("", list(VALUES.values()), PREDICTED).values
    start = dict(zip(((row.observable, row.time) for row in task.predicted.rows), predicted, strict=True))
    assert start["count", 0.0] == pytest.approx(1320.0, rel=1e-12)
    assert start["median height", 0.0] == pytest.approx(np.median(heights(0)), abs=5.0)
    found = slabs()
    edges = np.array([low for day, low, _, _ in found if day == 2] + [HEIGHT])
    other = np.concatenate(list(independent([2, 5, 9, 12], edges).values()))
    np.testing.assert_allclose(model, other, rtol=0.01, atol=1.0)
    counts = np.array([count for *_, count in found])
    wanted = nbinom.logpmf(counts, other / (PHI - 1), 1 / PHI).sum()
    assert Likelihood(task.data).logarithm(model, [PHI, ALONE]) == pytest.approx(wanted, abs=0.5)
