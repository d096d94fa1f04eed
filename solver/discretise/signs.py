"""Formulas that must be >= 0, evaluated on a mesh: which one is negative first, where, and what its names are there.

What is seen to be >= 0 from the formula alone (a constant, 2*tumour, exp(-t)) is not evaluated at all, and what depends on the
place alone only once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from ..model.signs import NonNegative, non_negative
from ..scenario.expressions import Binary, Call, Expr, Unary
from ..scenario.intervals import never_negative
from ..scenario.tree import names, to_text
from .integrity import Integrity
from .passage_rate import INTEGRITY
from .problem import Problem
from .site_values import Known, SiteEvaluator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-12  # of the sum of the absolute values of its terms
ALIKE = 1e-9  # of the worst value: nodes within it count as as bad, so that the one that is named does not depend on rounding


class Finding(NamedTuple):
    """A place where a formula is negative: order is by coordinates."""

    point: tuple[float, ...]
    value: float
    names: tuple[tuple[str, float], ...]
    regions: tuple[str, ...]


class Signed:
    """One formula at the places where it counts, some of them on this rank."""

    def __init__(self, law: NonNegative, problem: Problem, known: Known) -> None:
        self.law, self._problem = law, problem
        self._used = names(law.expr)
        self._columns = _places(law, problem)
        surface = _integrity(law, problem)
        more = {} if surface is None else {INTEGRITY: surface.b}
        points = _points(law, problem, self._columns)
        self._at = [SiteEvaluator(nodes, points, known, self._used, more) for nodes in self._columns]
        self._points, self._more = points, more
        self._write = [at.compile(law.expr) for at in self._at]
        self._size = [at.compile(_size(law.expr)) for at in self._at]
        self._values, self._sizes = np.zeros(len(points)), np.zeros(len(points))
        self.fields = self._used & set(known.fields)
        self.timed = not self.fields and not self._used & {*known.scalars, INTEGRITY}  # exact: no prediction is in it
        self.static = self.timed and "t" not in self._used

    def negative(self, time: float) -> bool:
        """Whether it is negative, or no finite number, anywhere on this rank."""
        return self._worst(time)[1] is not None

    def _worst(self, time: float) -> tuple[int, NDArray[np.bool_] | None]:
        """The first column of nodes where it is negative, and at which of them; None where nowhere."""
        for k, (at, write, size) in enumerate(zip(self._at, self._write, self._size, strict=True)):
            at.gather(time, time)
            write(self._values)
            least = self._values.min(initial=0.0)
            if least >= 0.0 and self._values.max(initial=0.0) < math.inf:
                continue
            size(self._sizes)
            with np.errstate(invalid="ignore"):
                wrong = ~(self._values >= -ROUNDING * self._sizes) | ~np.isfinite(self._values)
            if wrong.any():
                return k, wrong
        return 0, None

    def find(self, time: float) -> Finding | None:
        """Where it is most negative on this rank."""
        k, wrong = self._worst(time)
        if wrong is None:
            return None
        value = np.where(wrong, np.where(np.isfinite(self._values), self._values, -np.inf), np.inf)
        worst = float(value.min())
        near = np.flatnonzero(value <= worst + ALIKE * abs(worst) if math.isfinite(worst) else value == worst)
        points = np.round(self._points[near], 12)
        i = int(near[np.lexsort(points.T[::-1])[0]])
        node = int(self._columns[k][i])
        region = tuple(r for r, mass in self._problem.region_mass.items() if mass[node] > 0.0) if node < self._problem.graph.n_owned else ()
        return Finding(tuple(map(float, self._points[i])), float(self._values[i]), tuple(self._named(k, i, time)), region)

    def _named(self, k: int, i: int, time: float) -> list[tuple[str, float]]:
        problem, node = self._problem, int(self._columns[k][i])
        found: list[tuple[str, float]] = []
        for name in sorted(self._used - {"x", "y", "z", "t"}):
            if name in problem.fields:
                found.append((name, float(problem.fields[name][node])))
            elif name in problem.evaluator.places:
                found.append((name, float(problem.evaluator.places[name][node])))
            elif name in problem.state.numbers:
                found.append((name, float(problem.state.numbers[name][0])))
            elif name in self._more:
                found.append((name, float(self._more[name][i])))
            else:
                found.append((name, problem.evaluator.parameters[name]))
        return found

    def error(self, found: Sequence[Finding], time: float) -> SolverError:
        """What is said of the worst of several findings."""
        worst = min(f.value if math.isfinite(f.value) else -math.inf for f in found)
        near = [f for f in found if not math.isfinite(worst) or f.value <= worst + ALIKE * abs(worst)]
        f = min(near, key=lambda finding: tuple(round(x, 12) for x in finding.point))
        dim, law = self._problem.dim, self.law
        place = ", ".join(f"{x:.6g}" for x in f.point[:dim])
        where = f"x = {place}" if dim == 1 else f"({', '.join('xyz'[:dim])}) = ({place})"
        if len(self._problem.region_mass) > 1 and f.regions:
            where += f" in {' and '.join(f.regions)}"
        values = ", ".join(f"{name} = {value:.6g}" for name, value in f.names)
        must = "must not be negative" if f.value < 0.0 else "must be a finite number"
        what = f"{law.what} {must}, but {to_text(law.expr)} is {f.value:.6g} at {self._problem.times.said(time)}, {where}" + (
            f", where {values}" if values else ""
        )
        remedy = law.advice if f.value < 0.0 else "write it so that it is finite for all values of its names, such as a/(b + 1e-9)"
        stated = self._problem.model.stated
        where = stated.place(law.expr, f"{law.place} {law.what}") if stated else ""
        return SolverError(what, code="bad-rate", place=f"{where}, {law.place}" if where else law.place, remedy=remedy)


def signed(problem: Problem) -> list[Signed]:
    """The formulas of a problem that could be negative; the same on all ranks."""
    parameters, densities = problem.evaluator.parameters, [*problem.fields, *(pool.name for pool in problem.model.pools)]
    known = Known(problem.fields, problem.state.numbers, parameters, problem.evaluator.places, problem.times)
    doubtful = [law for law in non_negative(problem.model) if not never_negative(law.expr, parameters, densities)]
    return [Signed(law, problem, known) for law in doubtful]


def _places(law: NonNegative, problem: Problem) -> list[Ints]:
    """Local node numbers where it counts: one array, or one per side of a membrane."""
    if law.at == "nodes":
        return [np.arange(problem.graph.n_owned, dtype=np.int64)]
    if law.at == "boundary":
        s = problem.species[law.species]
        return [c.nodes for c in s.conditions if c.boundary == law.name]
    if law.at == "vessel":
        return [problem.vessels[law.name].sites.nodes[:, 0]]
    nodes = problem.integrities[law.name].sites.nodes
    columns = [nodes[:, side] for side in range(nodes.shape[1])]
    return columns if names(law.expr) & set(problem.fields) else columns[:1]


def _points(law: NonNegative, problem: Problem, columns: list[Ints]) -> Floats:
    if law.at in ("nodes", "boundary"):
        return problem.graph.points[columns[0]]
    sites = problem.vessels[law.name].sites if law.at == "vessel" else problem.integrities[law.name].sites
    return sites.points


def _integrity(law: NonNegative, problem: Problem) -> Integrity | None:
    return problem.integrities.get(law.name) if law.at in ("membrane", "vessel") else None


def _size(expr: Expr) -> Expr:
    """The sum of the absolute values of a formula's terms; of a product, the product of those of its factors."""
    match expr:
        case Unary("-", arg):
            return _size(arg)
        case Binary("+" | "-", left, right):
            return Binary("+", _size(left), _size(right))
        case Binary("*" | "/" as op, left, right):
            return Binary(op, _size(left), _size(right) if op == "*" else Call("abs", (right,)))
        case Call("mod", (left, right)):  # a - b floor(a/b)
            return Binary("+", _size(left), _size(right))
        case Call("min" | "max" | "where" as function, args):
            first = () if function != "where" else args[:1]
            rest = [_size(arg) for arg in args[len(first) :]]
            return Call("max", tuple(rest))
    return Call("abs", (expr,))
