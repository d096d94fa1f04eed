"""Bands about what the best values say: by the curvature at them, or by values drawn from the likelihood, then also of new measurements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .data import Data
from .draws import Draws
from .problem import Problem
from .runs import Runs
from .sample import Sample

Floats = NDArray[np.float64]
_DRAWS = 200  # values whose runs are predicted
_NOISES = 10  # draws of the noise for each of them
_FEW = 100  # independent draws below which the ends of bands are rough


@dataclass(frozen=True)
class Bands:
    """(n,) what the best values say, the ends of the band of the model, and those of a new measurement (nan: its noise is not known)."""

    model: Floats
    lower: Floats
    upper: Floats
    seen_lower: Floats
    seen_upper: Floats

    @classmethod
    def without(cls, model: Floats, lower: Floats, upper: Floats) -> Bands:
        """Of the model alone."""
        nothing = np.full(len(model), np.nan)
        return cls(model, lower, upper, nothing, nothing)


def by_sample(problem: Problem, runs: Runs, data: Data, model: Floats, drawn: Sample, level: float, seed: int) -> Bands:
    """The bands that hold the share ``level`` of values that are drawn evenly from a sample, and of what would be measured of them."""
    chosen = drawn.shares[np.linspace(0, len(drawn.shares) - 1, min(_DRAWS, len(drawn.shares))).astype(int)]
    found = runs.model([problem.given(shares) for shares in chosen])
    draws, numbers = Draws(data), np.random.default_rng(seed)
    names = [one.name for one in problem.unknowns]
    models, seen = [], []
    for shares, values in zip(chosen, found, strict=True):
        if values is not None and np.isfinite(values).all():
            models.append(values)
            estimates = dict(zip(names, problem.values(shares), strict=True))
            seen += [draws(values, estimates, numbers) for _ in range(_NOISES)]
    if not models:
        return Bands.without(model, model, model)
    ends = (0.5 - 0.5 * level, 0.5 + 0.5 * level)
    lower, upper = np.quantile(np.array(models), ends, axis=0)
    seen_lower, seen_upper = np.quantile(np.array(seen), ends, axis=0)
    return Bands(model, lower, upper, seen_lower, seen_upper)


def sentence(drawn: Sample, bands: Bands, values: Sequence[float] | Floats, level: float) -> str:
    """How many draws there are, and how many data lie within their bands."""
    known = np.isfinite(bands.seen_lower)
    inside = known & (bands.seen_lower <= values) & (values <= bands.seen_upper)
    few = f", too few to trust the ends of bands: raise fit.sample (at least {_FEW} are needed)" if drawn.worth < _FEW else ""
    held = f"; {inside.sum()} of {known.sum()} data lie within the {100 * level:g} % bands of a new measurement" if known.any() else ""
    return f"{len(drawn.shares)} values drawn from the likelihood are worth {drawn.worth:.0f} independent ones{few}{held}."
