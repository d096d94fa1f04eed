r"""Balance laws: what a model is, before any mesh or number scheme.

A species c obeys, in every region of the tissue,

    dc/dt + div( sum_taxis factor * grad(potential) * c  -  D grad c ) = P + g c - L c

with production P >= 0, loss rate L >= 0 and signed per-capita growth g. A species with neither
diffusion nor taxis is immobile and obeys the same law nodewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..scenario.expressions import Expr

Kind = Literal["cells", "ecm", "soluble", "user"]


@dataclass(frozen=True)
class Taxis:
    """Drift of a species with velocity ``v = factor * grad(potential)``.

    Constant sensitivity chi: potential = f, factor = chi. Logarithmic chi/f: potential = log(f), factor = chi.
    Receptor chi/(K + f)^2: potential = -1/(K + f), factor = chi. A sensitivity that depends on other
    fields stays in ``factor`` and is averaged over each edge.
    """

    name: str  # "haptotaxis", "chemotaxis"
    toward: str  # the species whose gradient guides
    potential: Expr
    factor: Expr
    source: str = ""


@dataclass(frozen=True)
class Boundary:
    """Condition of one species on one named boundary; boundaries not named have no flux.

    fixed: c = value. influx: total flux into the tissue = value >= 0 (amount / area / time).
    exchange: flux out = rate * (c - value), rate >= 0. outflow: what drifts onto the boundary leaves;
    diffusive flux zero. ``value`` and ``rate`` are expressions of x, y, z, t and parameters.
    """

    kind: Literal["fixed", "influx", "exchange", "outflow"]
    value: Expr | None = None
    rate: Expr | None = None


@dataclass(frozen=True)
class Fibres:
    """Motility along fibres: D (a I + (1 - a) e e^T), e the unit vector of ``direction``, a = ``across`` in [0, 1].

    ``direction`` has one expression of x, y, z and parameters per dimension; where it vanishes, motility is D in all directions.
    """

    direction: tuple[Expr, ...]
    across: float


@dataclass(frozen=True)
class Transfer:
    """What leaves one species and enters another: rate >= 0 per unit density and time; any expression, as a loss."""

    into: str
    rate: Expr
    source: str = ""


@dataclass(frozen=True)
class Term:
    """One additive term of production, growth or loss, with the words `explain` prints."""

    expr: Expr
    name: str  # "secretion by tumour", "degradation by mmp2"
    source: str = ""


@dataclass(frozen=True)
class Species:
    """One balance law; see the module's equation. Expressions may use species, parameters, x y z t."""

    name: str  # YAML name: tumour, ecm, mmp2
    kind: Kind
    symbol: str  # the paper's letter: n, f, m
    unit: str  # of the density, as text; "" when non-dimensional
    initial: Mapping[str, Expr]  # region name -> expression; "" means everywhere
    diffusion: Expr | Mapping[str, Expr] | None = None  # everywhere, or by region; None: immobile
    diffusion_mean: Literal["arithmetic", "harmonic"] = "arithmetic"  # over an edge; harmonic: a motility that switches off is off
    fibres: Fibres | None = None  # direction of easiest movement; None: the same in all directions
    taxis: tuple[Taxis, ...] = ()
    production: tuple[Term, ...] = ()  # P >= 0
    growth: tuple[Term, ...] = ()  # per-capita g, any sign
    self_limitation: Expr | None = None  # q >= 0 with g = g0 - q c: lets the immobile update be exact (Bernoulli)
    loss: tuple[Term, ...] = ()  # L >= 0, per unit density
    transfers: tuple[Transfer, ...] = ()  # conserve what they move
    maximum: float | None = None  # density of close packing: the limiter's upper bound
    quasi_steady: bool = False  # in balance at all times: no time derivative
    boundaries: Mapping[str, Boundary] = field(default_factory=dict)

    @property
    def mobile(self) -> bool:
        """Whether the species moves; an immobile one is advanced nodewise."""
        return self.diffusion is not None or bool(self.taxis)


@dataclass(frozen=True)
class Parameter:
    """A named number with what `explain` prints about it."""

    name: str  # the letter used in expressions: d_n, gamma, eta
    value: float  # in the scenario's scales
    unit: str = ""
    meaning: str = ""
    source: str = ""


@dataclass(frozen=True)
class Model:
    """All balance laws of a scenario, in the order in which they are advanced (cells first)."""

    species: tuple[Species, ...]
    parameters: Mapping[str, Parameter]
    citations: tuple[str, ...] = ()

    def values(self) -> dict[str, float]:
        """Parameter values by name, for evaluating expressions."""
        return {name: p.value for name, p in self.parameters.items()}
