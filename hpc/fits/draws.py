"""What would be measured: values of a run with the noise of the data drawn, alike where neighbours are, and what is seen in slabs of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import nbinom, poisson

from invasio.solver.scenario.fit import Observable

from .alike import Lines
from .data import Data

Floats = NDArray[np.float64]
_LEAST = 1e-9  # of the mean of counts
_END = 1.0 - 1e-15


class Draws:
    """Draws of all rows of what is predicted; nan where nothing is known of the noise."""

    def __init__(self, data: Data) -> None:
        self._data = data
        names = np.array([row.observable for row in data.rows])
        self._rows = {name: np.flatnonzero(names == name) for name in data.observables}
        correlated = [name for name, one in data.observables.items() if one.noise.correlation is not None]
        self._lines = {name: Lines(data.rows, self._rows[name]) for name in correlated}
        self._parts = [
            (k, row.time, one, self._slabs(row.arm, row.time, one.seen_in))
            for k, row in enumerate(data.rows)
            if (one := data.observables[row.observable]).seen_in is not None
        ]

    def _slabs(self, arm: str, time: float, name: str | None) -> tuple[NDArray[np.intp], Floats]:
        """The rows of the slabs of an arm and a time from the lowest on, and all their ends; empty where they do not lie side by side."""
        found = [(row.span, k) for k, row in enumerate(self._data.rows) if (row.arm, row.time, row.observable) == (arm, time, name)]
        slabs = sorted((span, k) for span, k in found if span is not None)
        ends = [span for span, _ in slabs]
        if not slabs or any(a[1] != b[0] for a, b in pairwise(ends)):
            return np.array([], dtype=np.intp), np.array([])
        return np.array([k for _, k in slabs], dtype=np.intp), np.array([ends[0][0], *(high for _, high in ends)])

    def __call__(self, model: Floats, estimates: Mapping[str, float], numbers: np.random.Generator) -> Floats:
        """(n,) one draw. estimates: the numbers that were estimated of the noise, by their names."""
        found = np.full(len(model), np.nan)
        for name, one in self._data.observables.items():
            if one.seen_in is None:
                found[self._rows[name]] = self._of(name, one, model[self._rows[name]], estimates, numbers)
        for k, _, one, (rows, ends) in self._parts:
            if len(rows):
                found[k] = seen(one, found[rows], ends)
        return found

    def _of(self, name: str, one: Observable, model: Floats, estimates: Mapping[str, float], numbers: np.random.Generator) -> Floats:
        noise, rows = one.noise, self._rows[name]
        normal = numbers.standard_normal(len(self._data.rows))
        if noise.correlation is not None:
            length = estimates[f"correlation of {name}"] if noise.correlated else float(noise.correlation)
            self._lines[name].drawn(normal, length)
        normal = normal[rows]
        chance = np.minimum(ndtr(normal), _END)
        if noise.kind == "poisson":
            return np.asarray(poisson.ppf(chance, np.maximum(model, _LEAST)), dtype=float)
        if noise.kind == "negative_binomial":
            phi = estimates[f"overdispersion of {name}"] if noise.estimated else float(noise.overdispersion or 0.0)
            return np.asarray(nbinom.ppf(chance, np.maximum(model, _LEAST) / (phi - 1.0), 1.0 / phi), dtype=float)
        if noise.kind not in ("normal", "log_normal"):
            return np.full(len(model), np.nan)  # how many trials there will be is not known
        error = estimates[f"error of {name}"] if noise.estimated else np.nan if noise.error is None else float(noise.error)
        size = np.full(len(model), error) if noise.relative is None else noise.relative * np.abs(model)
        stated = np.array([np.nan if (e := self._data.rows[k].error) is None else e for k in rows])
        size = np.where(np.isfinite(stated), stated, size)
        return model * np.exp(size * normal) if noise.kind == "log_normal" else model + size * normal


def seen(one: Observable, amounts: Floats, ends: Floats) -> float:
    """What slabs say of an amount or a quantile of places, as if what is in a slab lay evenly in it; nan of the quantile of nothing."""
    if one.integral is not None:
        return float(amounts.sum())
    below = np.concatenate([[0.0], np.cumsum(amounts)])
    return float(np.interp(one.level * below[-1], below, ends)) if below[-1] > 0 else float("nan")
