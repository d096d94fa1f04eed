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

from ..scenario.expressions import Expr, Number
from ..scenario.stated import Stated
from ..scenario.trains import Train

ZERO, HALF, ONE = Number(0.0), Number(0.5), Number(1.0)

Kind = Literal["cells", "bound", "ecm", "soluble", "user"]


@dataclass(frozen=True)
class Taxis:
    """Drift of a species with velocity ``v = factor * grad(potential)``.

    Constant sensitivity chi: potential = f, factor = chi. Logarithmic chi/f: potential = log(f), factor = chi.
    Receptor chi/(K + f)^2: potential = -1/(K + f), factor = chi. A velocity that is stated: potential = x, factor = v_x, likewise
    y and z. A factor that depends on other fields is averaged over each edge.
    """

    name: str  # "haptotaxis", "chemotaxis", "drift"
    toward: str  # the species whose gradient guides; of a stated velocity the axis
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
    field: a given field of directions instead, Q = k e e^T or a mean of such: D ((1 - (1 - a) tr Q) I + (1 - a) Q).
    myopic: the law is div div (T c) instead of div (T grad c), T the whole tensor: cells that turn by what they feel where they
    are, and so also drift with -div T. D may then depend on x, y, z and parameters only.
    """

    direction: tuple[Expr, ...]
    across: float
    myopic: bool = False
    field: str | None = None


@dataclass(frozen=True)
class Transfer:
    """What leaves one species and enters another: rate >= 0 per unit density and time; any expression, as a loss."""

    into: str
    rate: Expr
    source: str = ""


@dataclass(frozen=True)
class Carried:
    """A species b that goes where another, its carrier n, goes: with the carrier's fluxes F_ij = u_ij n_j - l_ij n_i of edges,

        m db/dt = sum_j (u_ij b_j - l_ij b_i) + r_in (what comes in) - (b/n) (what leaves, dies or turns into another) + m (P - L b).

    each: b/n at the start, and r_in of carriers that come in from outside; of x, y, z and parameters. newborn: what carriers that are
    made bring along: nothing, so that all share what there is ("shared"), ``each``, or as much as others carry there ("alike").
    """

    by: str
    each: Expr
    newborn: Literal["shared", "each", "alike"] = "shared"
    turns: Mapping[str, str] = field(default_factory=dict)  # where its carrier becomes that species, what it becomes; else it is lost


@dataclass(frozen=True)
class Factor:
    """What stands within a term and must be >= 0 by itself."""

    expr: Expr
    name: str  # "capacity"


@dataclass(frozen=True)
class Term:
    """One additive term of production, growth or loss, with the words `explain` prints."""

    expr: Expr
    name: str  # "secretion by tumour", "degradation by mmp2"
    source: str = ""
    factors: tuple[Factor, ...] = ()  # as far as the modeller gives them; of production and loss without any, all of it is >= 0
    shares: tuple[str, ...] = ()  # of growth: the species that it shares a capacity with
    note: str = ""  # of a loss: the account in which it is noted by itself, as part of all that is lost


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
    room: Expr | None = None  # in [0, 1]: the share of its motility and of its drifts that pores of the matrix leave; None: all
    fibres: Fibres | None = None  # direction of easiest movement; None: the same in all directions
    taxis: tuple[Taxis, ...] = ()
    production: tuple[Term, ...] = ()  # P >= 0
    growth: tuple[Term, ...] = ()  # per-capita g, any sign
    loss: tuple[Term, ...] = ()  # L >= 0, per unit density
    transfers: tuple[Transfer, ...] = ()  # conserve what they move
    maximum: float | None = None  # density of close packing: the limiter's upper bound
    amount: Expr | None = None  # int c at the start, a number or of parameters: ``initial`` is then only the shape
    carried: Carried | None = None  # None: it moves, or stays, by itself
    quasi_steady: bool = False  # in balance at all times: no time derivative
    boundaries: Mapping[str, Boundary] = field(default_factory=dict)

    @property
    def mobile(self) -> bool:
        """Whether the species moves; an immobile one is advanced nodewise."""
        return self.diffusion is not None or bool(self.taxis)

    @property
    def myopic(self) -> bool:
        """Whether its diffusion is div div (T c)."""
        return self.fibres is not None and self.fibres.myopic and self.diffusion is not None

    @property
    def drifts(self) -> bool:
        """Whether its fluxes are not symmetric."""
        return bool(self.taxis) or self.myopic


@dataclass(frozen=True)
class Degradation:
    """One additive rate at which a membrane or wall loses integrity.

    ``sides``: how the rates on the two sides of a membrane combine: the mean for dissolved enzymes, the sum for enzymes
    bound to the cells on either side. A wall has one side.
    """

    expr: Expr
    sides: Literal["mean", "sum"]
    name: str  # "degradation by mmp2"
    source: str = ""
    factors: tuple[Factor, ...] = ()  # as of a Term


@dataclass(frozen=True)
class IntegrityLaw:
    """Integrity b in [0, 1] of a membrane or wall: db/dt = r (1 - b) - K b, and the share of it that is open.

    g(b) = (1 - b/b_c)^q where b < b_c, else 0. K is the sum of ``degradation``. It counts as breached where b < ``breach``.
    Source: Gallinato, Colin, Saut, Poignard 2017, J. Theor. Biol. 429:253-266 (enzymes open the membrane of a duct).
    """

    initial: Expr = ONE
    degradation: tuple[Degradation, ...] = ()
    repair: Expr = ZERO  # r
    threshold: Expr = ONE  # b_c
    sharpness: Expr = ONE  # q
    breach: Expr = HALF


@dataclass(frozen=True)
class Passage:
    """Flux of one species through a membrane, from side 0 to side 1 per area.

    linear: kappa (c_0 - c_1) (Kedem and Katchalsky). pressure: kappa (Pi(c_0) - Pi(c_1)), Pi' = c f'(c), f = (c/c_ref)^gamma.
    kappa = rate g(b) where it follows the integrity, else the rate, which is an expression of x, y, z, t, ``integrity`` and species,
    or rather the mean of its values on the two sides. taxis: the species also drifts through the opening,
    with the velocity kappa chi (f_1 - f_0)/D of its taxis terms.
    """

    species: str
    rate: Expr
    kind: Literal["linear", "pressure"] = "linear"
    exponent: Expr = ONE  # gamma
    reference: Expr = ONE  # c_ref
    follows_integrity: bool = True
    taxis: bool = False
    source: str = ""


@dataclass(frozen=True)
class Membrane:
    """A surface of no thickness inside the tissue: species have a value on each side of it."""

    name: str  # of the interface in the mesh
    integrity: IntegrityLaw
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class WallFlux:
    """Flux of one species out of the tissue through a vessel's wall, amount / area / time = k (c - inside).

    k = opened where the wall is open, closed where it is closed, in between by the share g that is open,
    k = g opened + (1 - g) closed; torn where the vessel is ruptured. Expressions of species, x, y, z, t and ``integrity``.
    """

    species: str
    opened: Expr
    closed: Expr | None = None  # 0
    torn: Expr | None = None  # as elsewhere
    inside: Expr | None = None  # 0
    dissolved: bool = False  # a solute, that a wall lets through without being opened
    source: str = ""


@dataclass(frozen=True)
class Vessel:
    """A blood or lymph vessel: where its wall is and what passes it.

    ``place``: boundary, interface, region or network; ``parts``: the names of these in the mesh (none for a network).
    ``ruptured``: a condition of x, y, z (not 0 is true); ``torn_parts``: names of parts that are torn altogether.
    """

    name: str
    carries: Literal["blood", "lymph", "cavity"]
    place: Literal["boundary", "interface", "region", "network"]
    parts: tuple[str, ...]
    fluxes: tuple[WallFlux, ...]
    integrity: IntegrityLaw | None = None  # without it nothing holds anything back
    ruptured: Expr | None = None
    torn_parts: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The account of the ledger that entered cells are booked to: ``lymph:NAME``."""
        return f"{self.carries}:{self.name}"


@dataclass(frozen=True)
class Reaction:
    """What becomes of what: dc_i/dt = change_i v for each species that it changes, v per volume and time.

    change: of whole numbers where the species are measured alike; else each in its own scale. ``counts``: the whole numbers.
    onward, backward: the two parts of v = onward - backward, each >= 0; backward is 0 of what goes one way. A ``law`` of the user's
    own that goes both ways is all in ``onward``, of any sign. factors: what must be >= 0 in these. turns: it is a transfer, and
    booked as one.
    """

    name: str
    equation: str  # as text
    counts: Mapping[str, int]
    change: Mapping[str, float]
    onward: Expr
    backward: Expr = ZERO
    reversible: bool = False
    factors: tuple[Factor, ...] = ()
    source: str = ""
    turns: bool = False


@dataclass(frozen=True)
class Kinetics:
    """Species whose terms act on each other and are integrated together at every node; ``products`` move, and are only made by them.

    parted: members whose growth is divided, node by node, between their transport and this.
    """

    members: tuple[str, ...]
    products: tuple[str, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    parted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pool:
    """A number A of the whole tissue that formulas may name: dA/dt = inflow - loss A. Expressions of time, parameters and pools."""

    name: str
    unit: str  # "" when non-dimensional, or a plain number
    initial: Expr
    inflow: Expr
    loss: Expr
    source: str = ""


@dataclass(frozen=True)
class Removal:
    """What is gone of species at each instant of a train: c becomes ``stays`` c, in a region of the mesh, where ``where`` is not 0, or all.

    ``stays``: of species, parameters, x y z t, in [0, 1].
    """

    name: str
    kind: Literal["radiation", "surgery"]
    train: Train
    species: tuple[str, ...]
    stays: Expr
    region: str = ""
    where: Expr | None = None
    words: str = ""
    source: str = ""


@dataclass(frozen=True)
class Parameter:
    """A named number with what `explain` prints about it."""

    name: str  # the letter used in expressions: d_n, gamma, eta
    value: float  # in the scenario's scales
    unit: str = ""
    meaning: str = ""
    source: str = ""
    counted: tuple[float, str] | None = None  # an amount as it is reported: value and unit, such as cells

    @property
    def told(self) -> tuple[float, str]:
        """The value and the unit that are shown."""
        return self.counted or (self.value, self.unit)


@dataclass(frozen=True)
class Model:
    """All balance laws of a scenario, in the order in which they are advanced (cells first)."""

    species: tuple[Species, ...]
    parameters: Mapping[str, Parameter]
    citations: tuple[str, ...] = ()
    membranes: tuple[Membrane, ...] = ()
    vessels: tuple[Vessel, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)  # given fields that expressions may name -> where they come from
    begins: str = ""  # the run whose state it starts from, in words
    kinetics: tuple[Kinetics, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    schedules: Mapping[str, str] = field(default_factory=dict)  # functions of time that expressions hold -> what they are, in words
    stated: Stated | None = None  # where
    pools: tuple[Pool, ...] = ()
    drugs: Mapping[str, list[str]] = field(default_factory=dict)  # drug -> what it does to rates, in words
    removals: tuple[Removal, ...] = ()
    time_unit: str = ""  # of the times in words: h

    def values(self) -> dict[str, float]:
        """Parameter values by name, for evaluating expressions."""
        return {name: p.value for name, p in self.parameters.items()}
