"""How the equations are advanced in time."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..linalg.linear import LinearOptions


@dataclass(frozen=True)
class SchemeOptions:
    """Scheme and limiter; the defaults are second order, positive and conservative.

    scheme: tr_bdf2 | crank_nicolson | backward_euler. limiter: positivity | local_bounds | none. flux: central | scharfetter_gummel.
    """

    scheme: str = "tr_bdf2"
    limiter: str = "positivity"
    flux: str = "central"
    linear: LinearOptions = field(default_factory=LinearOptions)


@dataclass(frozen=True)
class ClockOptions:
    """Start, end and step of a run [scenario time]; without ``step`` the step adapts to ``tolerance``.

    outputs: ascending times at which the solution is written, the last one being ``end``.
    """

    start: float
    end: float
    outputs: tuple[float, ...]
    step: float | None = None
    tolerance: float = 1e-3
    first_step: float | None = None
    max_step: float | None = None
