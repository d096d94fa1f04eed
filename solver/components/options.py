"""How the equations are advanced in time."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..linalg.linear import LinearOptions


@dataclass(frozen=True)
class SchemeOptions:
    """Scheme and limiter; the defaults are second order, positive and conservative.

    scheme: tr_bdf2 | crank_nicolson | backward_euler. limiter: positivity | local_bounds | none. flux: central | scharfetter_gummel.
    kinetics: of a density, how much a sub-step of kinetics at a node may be wrong, and transport by what reactions became meanwhile.
    """

    scheme: str = "tr_bdf2"
    limiter: str = "positivity"
    flux: str = "central"
    linear: LinearOptions = field(default_factory=LinearOptions)
    kinetics: float = 1e-7
