"""Where a law and its stated maximum do not go together: what the law itself makes at that density is not cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..scenario.expressions import Expr
from ..scenario.tree import evaluate
from .balance import Model, Species


def surpluses(model: Model) -> list[str]:
    """A sentence for every species that may exceed its maximum, as far as numbers alone tell."""
    return [f"{law.name} can exceed its maximum of {law.maximum:g}: {why}" for law in model.species for why in _reasons(law, model)]


def _reasons(law: Species, model: Model) -> Iterator[str]:
    if law.maximum is None:
        return
    if law.quasi_steady:
        yield "it is quasi-steady, and a balance has no upper bound"
        return
    values = {**model.values(), **{other.name: 0.0 for other in model.species}, law.name: law.maximum}

    def value(expr: Expr) -> float:
        try:
            return float(evaluate(expr, values))
        except (KeyError, TypeError):  # depends on place or time: the run tells
            return np.nan

    made = sum(value(t.expr) for t in law.production) + law.maximum * sum(value(t.expr) for t in law.growth)
    if made - law.maximum * sum(value(t.expr) for t in law.loss) > 1e-12 * law.maximum:
        yield "alone at that density it still grows, because nothing in its growth says that space is filled"
    for name, condition in law.boundaries.items():
        if condition.kind in ("fixed", "exchange") and condition.value is not None and value(condition.value) > law.maximum:
            yield f"boundary {name} brings it to {value(condition.value):g}"
        elif condition.kind == "influx":
            yield f"through boundary {name} it comes in whatever the density"
