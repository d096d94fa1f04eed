"""Means of the cascade as columns of series.csv."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..circulation.plan import Plan
from ..circulation.results import Means
from ..scenario.base import Context
from ..scenario.cascade_columns import ORGAN, PER_SAMPLE, SAMPLE
from ..scenario.scales import read_scales
from ..scenario.schema import Scenario

LITRES = 5.0  # of blood, where the scenario does not say


def sample_share(scenario: Scenario) -> float:
    """The share of the blood that is in a sample of 7.5 mL."""
    volume = None if scenario.circulation is None else scenario.circulation.blood.volume
    if volume is None:
        return 7.5e-3 / LITRES
    return Context(read_scales(scenario.scales)).convert(SAMPLE, "length^3") / volume


def row(plan: Plan, means: Means, sample: float, at: int = -1) -> dict[str, float]:
    """Cells of all blocks at one of the times of the means."""
    found = {"circulation.entered": float(means.entered[at].sum()), "circulation.shed": float(means.shed[at])}
    found |= {"blood.cells": float(means.blood[at]), PER_SAMPLE: float(means.blood[at]) * sample}
    found |= {f"blood.lost:{cause}": float(means.lost[at, k]) for k, (cause, _) in enumerate(plan.blood.losses)}
    if plan.cavity.names:
        found |= {"cavity.cells": float(means.cavity[at]), "cavity.cleared": float(means.cleared[at])}
    for k, place in enumerate(plan.places):
        found |= {f"organ.{place}.{what}": float(getattr(means, what)[at, k]) for what in ORGAN}
    return found


def residual(row_: Mapping[str, float], entered: float) -> float:
    """How far the whole ledger is from balancing, relative: what the tissue says has entered, and what was shed, against all it became."""
    gained = entered + row_["circulation.shed"]
    organs = ("stuck", "starved", "dormant", "faded", "founders")
    there = [v for name, v in row_.items() if name.startswith("organ.") and name.rpartition(".")[2] in organs]
    there += [row_["blood.cells"], *(v for name, v in row_.items() if name.startswith(("blood.lost:", "cavity.")))]
    return abs(gained - float(np.sum(there))) / max(gained, float(np.sum(there)), 1e-300)
