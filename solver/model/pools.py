"""Pools: dA/dt = p - k A."""

from __future__ import annotations

from ..scenario.pools import PoolOptions
from .balance import Pool
from .letters import Letters


def pool(name: str, options: PoolOptions, letters: Letters) -> Pool:
    """The law of one pool."""
    return Pool(
        name,
        letters.unit("own", name),
        options.initial.expr,
        letters.use(options.inflow, "p", "own/time", f"inflow of {name}", name),
        letters.use(options.loss, "k", "1/time", f"loss rate of {name}", name),
        options.source,
    )
