"""One species' law turned into arrays: motility, drift, production and sinks at the nodes, when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..kernels import own_law
from ..kernels.edges import ARITHMETIC, EXACT, HARMONIC, EdgeLaw
from ..kernels.stages import TINY
from ..model.balance import Model, Species
from ..model.walk import expressions, names_in
from ..parallel import agreed
from ..scenario.derivative import derivative
from ..scenario.expressions import Binary, Call, Expr, Name, Number, Unary
from ..scenario.tree import names, simplify
from ..state import Variable
from .boundaries import Condition
from .evaluate import Evaluator, number, total
from .graph import Graph
from .membranes import Crossing
from .own_law import limits_itself, own_production, per_capita
from .wall_flux import WallCrossing

Floats = NDArray[np.float64]
Write = Callable[[Floats], None]

_GAUSS = [(0.5 * (1.0 + float(x)), 0.5 * float(w)) for x, w in zip(*np.polynomial.legendre.leggauss(8), strict=True)]


@dataclass
class Drift:
    """Compiled taxis term: potential G and factor chi; a constant chi is a number."""

    potential: Write
    factor: Write | float


@dataclass
class NodalSpecies:
    """A species on the graph. ``evaluator`` reads the MID values of all variables at the moment of evaluation.

    variable: the density (n_local). ``weight`` (nnz) is K^D: the graph's stiffness unless the motility differs between regions
    or directions.
    """

    law: Species
    graph: Graph
    evaluator: Evaluator
    fields: Mapping[str, Floats]
    variable: Variable
    weight: Floats
    turning: Floats  # (nnz) drift v_ij of myopic diffusion; of length 0 where there is none
    conditions: list[Condition]
    crossings: list[Crossing] = field(default_factory=list)  # through membranes
    walls: list[WallCrossing] = field(default_factory=list)
    logarithm: Variable | None = None  # ln c, carried where others follow its gradient: c may underflow
    fixed: NDArray[np.bool_] = field(init=False)  # (n_local) nodes that have a fixed value
    held: Floats = field(init=False)  # (n_local) those values, as they were evaluated last
    held_edges: tuple[NDArray[np.uint32], NDArray[np.uint32]] = field(init=False)  # from free nodes to those: row, place in the graph
    static: bool = field(init=False)  # fluxes and sinks never change
    static_fluxes: bool = field(init=False)
    name: str = field(init=False)
    state: Floats = field(init=False)  # (n_local) the density as far as it has come
    fixed_conditions: list[Condition] = field(init=False)  # the boundary conditions that give a value
    exchanges: bool = field(init=False)  # whether a boundary exchanges it with what is outside

    def __post_init__(self) -> None:
        # asked for many times in a step, of small meshes too
        self.name, self.state = self.law.name, self.variable.new
        self.fixed_conditions = [c for c in self.conditions if c.law.kind == "fixed"]
        self.exchanges = any(c.law.kind == "exchange" for c in self.conditions)
        n = self.graph.n_local
        law, compile_ = self.law, self.evaluator.compile
        gross = compile_ if limits_itself(law) else self.evaluator.compile_clipped  # a law of its own stands in the stages, as it is
        self._production = _compiled(gross, [t.expr for t in law.production])
        self._growth = _compiled(compile_, [t.expr for t in law.growth])
        self._loss = _compiled(gross, [t.expr for t in law.loss])
        itself = law.name in names(per_capita(law))
        self._limitation = compile_(simplify(Unary("-", derivative(per_capita(law), law.name)))) if itself else None
        made = own_production(law)
        bends = (derivative(made, law.name), derivative(derivative(made, law.name), law.name))
        self._bends = [compile_(bend) for bend in bends] if law.name in names(made) else []
        self._set_motility()
        factors = [t.factor if law.room is None else Binary("*", law.room, t.factor) for t in law.taxis]
        self._drifts = [
            Drift(
                compile_(_guarded(t.potential, self.fields)),
                factor.value if isinstance(factor, Number) else self._constant_or_compiled(factor),
            )
            for t, factor in zip(law.taxis, factors, strict=True)
        ]
        self._slopes = np.zeros((len(self._bends), n))
        self._find_fixed()
        static = self.evaluator.is_static
        self.static_fluxes = all(static(e) for e in expressions(_of_fluxes(law))) and all(c.static for c in self.crossings)
        self.static = all(static(e) for e in expressions((law.growth, law.loss))) and all(c.is_static for c in self.conditions)
        self.static = self.static and self.static_fluxes
        varying = sum(not isinstance(d.factor, float) for d in self._drifts)
        self._potentials, self._factors = np.zeros((varying, n)), np.zeros((varying, n))
        self._psi = np.zeros(n if len(self._drifts) > varying else 1)
        self._current: EdgeLaw | None = None

    def _find_fixed(self) -> None:
        g = self.graph
        self.held, where = np.zeros(g.n_local), np.zeros(g.n_local)
        for condition in self.fixed_conditions:
            where[condition.nodes] = 1.0
        if not self.fixed_conditions:  # on all ranks
            none = np.empty(0, dtype=np.uint32)
            self.fixed, self.held_edges = np.zeros(g.n_local, dtype=bool), (none, none)
            return
        g.halo.update(where)
        self.fixed = where > 0.0
        row_of = np.repeat(np.arange(g.n_owned, dtype=np.uint32), np.diff(g.indptr))
        places = np.flatnonzero(self.fixed[g.indices] & ~self.fixed[row_of]).astype(np.uint32)
        self.held_edges = row_of[places], places

    def _constant_or_compiled(self, expr: Expr) -> Write | float:
        if names(expr) <= set(self.evaluator.parameters):
            return number(expr, self.evaluator.parameters)
        return self.evaluator.compile(expr)

    def _set_motility(self) -> None:
        """A constant, a nodal field, or (depending on the own density alone) a field with its primitive."""
        law, n = self.law, self.graph.n_local
        self._write_motility: Write | None = None
        self._write_unclipped: Write | None = None
        self._motility, self._primitive, self._mean = np.zeros(1), np.zeros(1), ARITHMETIC
        if law.diffusion is None:
            return
        motility = Number(1.0) if isinstance(law.diffusion, Mapping) or law.myopic else law.diffusion  # or in the weight already
        motility = motility if law.room is None else Binary("*", law.room, motility)
        if motility == Number(1.0):
            self._motility[0] = 1.0
            return
        used = names(motility) - set(self.evaluator.parameters)
        if not used:
            self._motility[0] = number(motility, self.evaluator.parameters)
            return
        self._write_motility = self.evaluator.compile_clipped(motility)
        self._motility = np.zeros(n)
        if law.diffusion_mean == "harmonic":
            self._mean = HARMONIC
        elif used == {law.name}:
            self._mean, self._primitive = EXACT, np.zeros(n)
            self._write_unclipped = self.evaluator.compile(motility)

    @property
    def log(self) -> Floats | None:
        """ln c as far as it has come (n_local), where it is carried."""
        return None if self.logarithm is None else self.logarithm.new

    @property
    def plain_mean(self) -> bool:
        """Whether the motility of an edge is the arithmetic mean of its nodes'."""
        return self._mean == ARITHMETIC

    def add_wall(self, wall: WallCrossing) -> None:
        """Let the species pass the wall of a vessel."""
        self.walls.append(wall)
        self.static = self.static and wall.static

    def wall_values(self, begin: float, end: float) -> None:
        """Evaluate the walls whose rates change for an interval of time, of the fields as they are. Collective where there are any."""
        changing = [w for w in self.walls if not w.static]
        if changing:
            with agreed(self.graph.comm):
                for wall in changing:
                    wall.evaluate(begin, end)

    def flux_law(self, scratch: Floats, scratch2: Floats) -> EdgeLaw:
        """What the fluxes are made of, of the fields as they are now; also the speed of drift out of outflow boundaries."""
        if self.static and self._current is not None:
            return self._current
        density = self.fields[self.name]
        if self._write_motility is not None:
            self._write_motility(self._motility)
            if self._mean == EXACT:
                self._integrate_motility(density, scratch, scratch2)
        for condition in self.conditions:
            if condition.gradient is not None:
                condition.rate[:] = 0.0
        varying = constant = 0
        for drift in self._drifts:
            if isinstance(drift.factor, float):
                out = scratch if constant else self._psi
                drift.potential(out)
                out *= drift.factor
                if constant:
                    self._psi += scratch
                constant += 1
                continue
            drift.potential(self._potentials[varying])
            drift.factor(self._factors[varying])
            for condition in self.conditions:
                condition.drift_out(self._potentials[varying], self._factors[varying])
            varying += 1
        for condition in self.conditions:
            if condition.gradient is not None:
                if len(self._psi) > 1:
                    condition.drift_out(self._psi, None)
                np.maximum(condition.rate, 0.0, out=condition.rate)
        g = self.graph
        self._current = EdgeLaw(
            g.indptr, g.indices, g.stiffness, self.weight, self._motility, self._primitive, density,
            self._psi, self._potentials, self._factors, self._mean,
        )  # fmt: skip
        return self._current

    def _integrate_motility(self, density: Floats, scratch: Floats, scratch2: Floats) -> None:
        """Phi(c) = c int_0^1 D(s c) ds by Gauss quadrature, exact for polynomial D up to degree 15."""
        scratch2[:] = density
        self._primitive[:] = 0.0
        for at, weight in _GAUSS:
            np.multiply(scratch2, at, out=density)
            self._write_unclipped(scratch)  # type: ignore[misc]
            scratch *= weight
            self._primitive += scratch
        density[:] = scratch2
        self._primitive *= density

    def drift_along_fibres(self, v: Floats) -> None:
        """Add the drift of myopic diffusion to that of the taxis terms."""
        if len(self.turning):
            v += self.turning

    def cross(self, law: EdgeLaw, a: Floats, v: Floats) -> None:
        """Add the pairs of membranes to the weights of the edges, of the fields as they are now."""
        self.passage_rates()
        for crossing in self.crossings:
            crossing.insert(law, self.fields[self.name], a, v)
        for crossing in self.crossings:
            crossing.note_part(a)

    def passage_rates(self, first: bool = False) -> None:
        """Evaluate the permeabilities that change (``first``: all that are formulas). Collective where there are any."""
        changing = [c.varying for c in self.crossings if c.varying is not None and (first or not c.varying.static)]
        if changing:
            with agreed(self.graph.comm):
                for rate in changing:
                    rate.evaluate(self.evaluator.moment.begin, self.evaluator.moment.end)
            for rate in changing:
                rate.take_from_owners()

    @property
    def flux_depends_on_itself(self) -> bool:
        """Whether its own density is in its motility, its drift or its passage through a membrane."""
        through = any(c.law.kind == "pressure" or (c.varying is not None and self.name in c.varying.uses) for c in self.crossings)
        return through or self.name in names_in(_of_fluxes(self.law))

    def largest_motility(self) -> float:
        """The largest D over this rank's nodes, of the fields as they are now, pores open; 1 where D stands in the weight."""
        if self.law.room is not None and self.law.diffusion is not None:
            if isinstance(self.law.diffusion, Mapping) or self.law.myopic:
                return 1.0
            free = np.zeros(self.graph.n_local)
            self.evaluator.compile_clipped(self.law.diffusion)(free)
            return float(free.max(initial=0.0))
        if self._write_motility is not None:
            self._write_motility(self._motility)
        return float(self._motility.max(initial=0.0))

    def boundary_values(self, begin: float, end: float, fixed: bool) -> None:
        """Evaluate the conditions that change, for an interval of time; fixed values or the others. Collective where there are any."""
        changing = [c for c in self.conditions if not c.is_static and c.gradient is None and fixed == (c.law.kind == "fixed")]
        if changing:
            with agreed(self.graph.comm):
                for condition in changing:
                    condition.evaluate(begin, end)

    def sources(self, density: Floats, production: Floats, sinks: Floats, scratch: Floats) -> None:
        """P and s of the tissue itself (no boundaries) at all local nodes; growth is split by its sign at ``density``."""
        production[:] = 0.0
        sinks[:] = 0.0
        if self._growth is not None:
            self._growth(scratch)
            np.maximum(scratch, 0.0, out=production)
            production *= density
            np.minimum(scratch, 0.0, out=sinks)
            np.negative(sinks, out=sinks)
        if self._production is not None:
            self._production(scratch)
            production += scratch
        if self._loss is not None:
            self._loss(scratch)
            sinks += scratch

    def nodal_rates(self, production: Floats, rate: Floats, limitation: Floats, density: Floats, scratch: Floats, made: Floats) -> None:
        """P, r and q of the own law about the density as it is shown, dc/dt = P + (r - q c) c; ``made`` is its production alone.

        q = -d(g - L)/dc, and r = g - L + q c: exact for what is linear in c. A production that depends on c is expanded likewise.
        """
        only_lost = self._loss is not None and self._growth is None and self._limitation is None
        for write, out in (
            (self._production, production),
            (self._loss if only_lost else self._growth, rate),
            (self._limitation, limitation),
        ):
            if write is None:
                out[:] = 0.0
            else:
                write(out)
        if self._limitation is not None:
            np.multiply(limitation, density, out=scratch)
            rate += scratch
        if only_lost:
            np.negative(rate, out=rate)
        elif self._loss is not None:
            self._loss(scratch)
            rate -= scratch
        made[:] = production
        if self._bends:
            slope, curve = self._slopes
            for write, out in zip(self._bends, self._slopes, strict=True):
                write(out)
            own_law.expand_production(density, slope, curve, production, rate, limitation)
        if self._limitation is not None:
            own_law.hold_quickening(density, production, rate, limitation)

    def uses(self) -> frozenset[str]:
        """Names in the terms of production, growth and loss."""
        return names_in(self.law.production, self.law.growth, self.law.loss)


def _of_fluxes(law: Species) -> tuple[object, ...]:
    """What its fluxes are made of, but a motility by region: that stands in the weight of the edges."""
    return law.taxis, law.room, None if isinstance(law.diffusion, Mapping) else law.diffusion


def _compiled(compile_: Callable[[Expr], Write], terms: list[Expr]) -> Write | None:
    summed = total(terms)
    return None if summed is None else compile_(summed)


def carried_logarithms(model: Model) -> set[str]:
    """Species that do not move and whose ln c guides others: theirs is carried along."""
    still = {s.name for s in model.species if not s.mobile and not s.quasi_steady}
    return {t.toward for s in model.species for t in s.taxis if t.potential == Call("log", (Name(t.toward),)) and t.toward in still}


def logarithm_of(name: str) -> str:
    """The field that holds ln c of a species; no species can have such a name."""
    return f"ln {name}"


def _guarded(expr: Expr, fields: Mapping[str, Floats]) -> Expr:
    """The expression with carried logarithms where there are any, and without infinite ones."""
    if isinstance(expr, Binary):
        return Binary(expr.op, _guarded(expr.left, fields), _guarded(expr.right, fields))
    if isinstance(expr, Call):
        args = tuple(_guarded(arg, fields) for arg in expr.args)
        if expr.function == "log" and isinstance(args[0], Name) and logarithm_of(args[0].id) in fields:
            return Name(logarithm_of(args[0].id))
        if expr.function == "log":
            args = (Call("max", (args[0], Number(TINY))),)
        return Call(expr.function, args)
    return expr
