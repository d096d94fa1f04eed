"""Densities at the start."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..model.balance import Species
from ..parallel import agreed
from ..scenario.tree import evaluate
from .evaluate import Evaluator
from .graph import Graph

Floats = NDArray[np.float64]


def initial_state(law: Species, graph: Graph, evaluator: Evaluator, regions: Mapping[str, Floats]) -> Floats:
    """Nodal initial values (n_local). Collective; raises ScenarioError on all ranks.

    A node between regions gets their mean by the mass it has in each, which conserves amounts. With a stated amount N the
    formula f is the shape: c_i = N f_i / sum_j m_j f_j, so that sum_i m_i c_i = N to rounding on any mesh and any number of ranks.
    """
    n = graph.n_owned
    value, scratch = np.zeros(graph.n_local), np.zeros(graph.n_local)
    for region, expr in law.initial.items():
        evaluator.compile(expr)(scratch)
        share = regions[region] / graph.mass[:n] if region else 1.0
        inside = share > 0.0 if region else slice(None)
        value[:n][inside] += (share * scratch[:n])[inside]
    graph.halo.update(value)
    with agreed(graph.comm):
        bad = ~(np.isfinite(value) & (value >= 0.0))
        if bad.any():
            at = graph.points[np.argmax(bad)]
            raise ScenarioError(
                f"its initial value is {value[np.argmax(bad)]:g} at x = {', '.join(f'{c:g}' for c in at)}",
                code="wrong-initial",
                place=f"species {law.name}",
                remedy="densities must be finite and >= 0 (use max(0, ...))",
            )
    if law.amount is not None:
        value *= _scale(law, graph, float(evaluate(law.amount, evaluator.parameters)), value)
    if law.maximum is not None:
        with agreed(graph.comm):
            _check_maximum(law.name, graph, value, law.maximum)
    return value


def taken_state(law: Species, graph: Graph, values: Floats) -> Floats:
    """Nodal values (n_local) of a state that was reached elsewhere. Collective; raises ScenarioError above the maximum."""
    value = graph.extended(values)
    with agreed(graph.comm):
        if not (np.isfinite(value) & (value >= 0.0)).all():
            raise ScenarioError(
                "the state that it starts from holds values that are no densities",
                code="wrong-initial",
                place=f"species {law.name}",
                remedy="check the run that it is of: a density is finite and >= 0",
            )
    if law.maximum is not None:
        with agreed(graph.comm):
            _check_maximum(law.name, graph, value, law.maximum)
    return value


def _check_maximum(name: str, graph: Graph, value: Floats, maximum: float) -> None:
    if (value > maximum * (1.0 + 1e-12)).any():
        at = graph.points[np.argmax(value)]
        raise ScenarioError(
            f"its initial value is {value.max():g} at x = {', '.join(f'{c:g}' for c in at)}, above its maximum of {maximum:g}",
            code="wrong-initial",
            place=f"species {name}",
            remedy=f"lower one (min(..., {maximum:g})) or raise the other",
        )


def _scale(law: Species, graph: Graph, amount: float, shape: Floats) -> float:
    """What the shape is multiplied by to hold the amount. Collective; the outcome is the same on all ranks."""
    with np.errstate(over="ignore"):
        integral = float(graph.sum(graph.mass[: graph.n_owned] * shape[: graph.n_owned])[0])
    if 0.0 < integral < math.inf and 0.0 < amount / integral < math.inf:
        return amount / integral
    remedy = (
        "the formula of `initial` must be above 0 at some nodes: is it inside the mesh and at least as wide as a cell?"
        if integral == 0.0
        else "bring the formula of `initial` to values around 1; only its shape counts"
    )
    raise ScenarioError(
        f"the shape that `amount` scales has the integral {integral:g} over the mesh",
        code="wrong-amount",
        place=f"species {law.name}",
        remedy=remedy,
    )
