"""One species' law turned into arrays: motility, drift, production and sinks at the nodes, when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..model.balance import Species
from ..parallel import agreed
from ..scenario.expressions import Binary, Call, Expr, Number
from ..transport import fluxes
from .boundaries import Condition
from .evaluate import Evaluator, names, total
from .graph import Graph

Floats = NDArray[np.float64]
Write = Callable[[Floats], None]


@dataclass
class Drift:
    """Compiled potential G and factor chi of one taxis term."""

    potential: Write
    factor: Write


@dataclass
class NodalSpecies:
    """A species on the graph. ``evaluator`` reads the fields that the owner has put at the moment of evaluation.

    state, old, rate, rate_before (n_local): density now, at the start of the step, and the last two difference
    quotients. ``stiffness`` replaces the graph's when the motility differs between regions.
    """

    law: Species
    graph: Graph
    evaluator: Evaluator
    state: Floats
    stiffness: Floats
    conditions: list[Condition]
    motility: Write | None = None
    drifts: list[Drift] = field(default_factory=list)
    old: Floats = field(init=False)
    rate: Floats = field(init=False)
    rate_before: Floats = field(init=False)
    fixed: NDArray[np.bool_] = field(init=False)
    static: bool = field(init=False)  # fluxes and sinks never change

    def __post_init__(self) -> None:
        n = self.graph.n_local
        law, compile_ = self.law, self.evaluator.compile
        self.old, self.rate, self.rate_before = np.zeros(n), np.zeros(n), np.zeros(n)
        self._production = _compiled(self.evaluator, [t.expr for t in law.production])
        self._growth = _compiled(self.evaluator, [t.expr for t in law.growth])
        self._loss = _compiled(self.evaluator, [t.expr for t in law.loss])
        self._limitation = compile_(law.self_limitation) if law.self_limitation is not None else None
        self.fixed = np.zeros(self.graph.n_owned, dtype=bool)
        for condition in self.conditions:
            if condition.law.kind == "fixed":
                self.fixed[condition.nodes] = True
        expressions = [t.expr for t in (*law.growth, *law.loss)]
        expressions += [e for t in law.taxis for e in (t.potential, t.factor)]
        if law.diffusion is not None and not isinstance(law.diffusion, Mapping):
            expressions.append(law.diffusion)
        static = all(self.evaluator.is_static(e) for e in expressions)
        self.static = static and all(c.is_static for c in self.conditions)

    @property
    def name(self) -> str:
        return self.law.name

    def coefficients(self, u: Floats, lower: Floats, motility: Floats, potential: Floats, factor: Floats, flux: str) -> None:
        """Fill the edge arrays u and l with the fluxes of the fields as they are now; the last three are scratch."""
        g = self.graph
        if self.motility is None:
            u[:] = 0.0
        else:
            self.motility(motility)
            fluxes.diffusion(g.indptr, g.indices, self.stiffness, motility, u)
        lower[:] = 0.0
        for condition in self.conditions:
            if condition.gradient is not None:
                condition.rate[:] = 0.0
        for drift in self.drifts:
            drift.potential(potential)
            drift.factor(factor)
            fluxes.drift(g.indptr, g.indices, g.stiffness, potential, factor, lower)
            for condition in self.conditions:
                condition.drift_out(potential, factor)
        for condition in self.conditions:
            if condition.gradient is not None:
                np.maximum(condition.rate, 0.0, out=condition.rate)
        (fluxes.scharfetter_gummel if flux == "scharfetter_gummel" else fluxes.central)(u, lower)

    def boundary_values(self, time: float, fixed: bool) -> None:
        """Evaluate the conditions that change in time, the fixed values or the others. Collective where there are any."""
        changing = [c for c in self.conditions if not c.is_static and c.gradient is None and fixed == (c.law.kind == "fixed")]
        if changing:
            with agreed(self.graph.comm):
                for condition in changing:
                    condition.evaluate(time)

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

    def linear_rates(self, production: Floats, rate: Floats, limitation: Floats, density: Floats, scratch: Floats) -> None:
        """P, g - L without its part -q c, and q, for the exact nodal update dc/dt = P + (rate - q c) c."""
        for write, out in ((self._production, production), (self._growth, rate), (self._limitation, limitation)):
            if write is None:
                out[:] = 0.0
            else:
                write(out)
        if self._limitation is not None:
            np.multiply(limitation, density, out=scratch)
            rate += scratch
        if self._loss is not None:
            self._loss(scratch)
            rate -= scratch

    def uses(self) -> frozenset[str]:
        """Names in the terms of production, growth and loss."""
        return frozenset().union(*(names(t.expr) for t in (*self.law.production, *self.law.growth, *self.law.loss)))


def compile_drifts(evaluator: Evaluator, law: Species) -> list[Drift]:
    """Compiled taxis terms; a logarithm in a potential is kept finite where its field has vanished."""
    return [Drift(evaluator.compile(_guarded(t.potential)), evaluator.compile(t.factor)) for t in law.taxis]


def compile_motility(evaluator: Evaluator, diffusion: Expr | Mapping[str, Expr] | None) -> Write | None:
    """Compiled motility; by region it is in the stiffness already and the nodal factor is 1."""
    if diffusion is None:
        return None
    return evaluator.compile(Number(1.0) if isinstance(diffusion, Mapping) else diffusion)


def _compiled(evaluator: Evaluator, terms: list[Expr]) -> Write | None:
    summed = total(terms)
    return None if summed is None else evaluator.compile(summed)


def _guarded(expr: Expr) -> Expr:
    if isinstance(expr, Binary):
        return Binary(expr.op, _guarded(expr.left), _guarded(expr.right))
    if isinstance(expr, Call):
        args = tuple(_guarded(arg) for arg in expr.args)
        if expr.function == "log":
            args = (Call("max", (args[0], Number(1e-300))),)
        return Call(expr.function, args)
    return expr
