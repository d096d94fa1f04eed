"""Options of pools: numbers with a law of their own, as what a drug leaves behind, that formulas may name wherever they may the time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Options
from .formulas import Formula, Over
from .named import Keyed

ZERO = Formula.number(0.0)


class PoolOptions(Options):
    """One number A of the whole tissue: dA/dt = inflow - loss A. For effects that outlast their cause, or come after it."""

    initial: Annotated[Formula, Over("own", (), 0)] = Field(ZERO, description="at the start")
    inflow: Annotated[Formula, Over("own/time", ("time",), 0)] = Field(ZERO, description="inflow per time, of schedules, pools and t")
    loss: Annotated[Formula, Over("1/time", ("time",), 0)] = Field(ZERO, description="share lost per time")
    source: str = Field("", description="literature of the law")


PoolMap = Annotated[dict[str, PoolOptions], Keyed("own")]
