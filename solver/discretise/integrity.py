r"""Integrity b of a membrane or wall: lost to enzymes, repaired, and what it lets through.

    db/dt = r (1 - b) - K b,    g(b) = (1 - b/b_c)^q for b < b_c, else 0

K is the sum of the degradation rates at a site: dissolved enzymes enter as the mean of its two sides, enzymes
bound to cells as their sum. Every rank that holds a site advances it by itself, from the same numbers, so that both
ends of a pair see the same b.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from mpi4py import MPI
from numba import njit
from numpy.typing import NDArray

from ..errors import ScenarioError
from ..model.balance import IntegrityLaw
from ..parallel import agreed
from ..scenario.expressions import Expr
from ..scenario.tree import names
from .evaluate import Evaluator, total
from .sites import Sites

Floats = NDArray[np.float64]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _relax(b: Floats, repair: Floats, decay: Floats, h: float) -> None:
    """b after a time h of db/dt = r (1 - b) - K b with frozen rates, exactly; in [0, 1] for any h."""
    for i in range(len(b)):
        loss = max(decay[i], 0.0)
        x = -(repair[i] + loss) * h
        factor = 1.0 + 0.5 * x if abs(x) < 1e-8 else math.expm1(x) / x
        b[i] = min(1.0, b[i] * math.exp(x) + repair[i] * h * factor)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _opening(b: Floats, threshold: float, sharpness: float, out: Floats) -> None:
    """out = (1 - b/b_c)^q where b < b_c, else 0."""
    for i in range(len(b)):
        share = 1.0 - b[i] / threshold
        out[i] = 0.0 if share <= 0.0 else share if sharpness == 1.0 else share**sharpness


@njit(cache=True)  # type: ignore[untyped-decorator]
def _first_below(old: Floats, new: Floats, level: float, n_owned: int) -> float:
    """The share of a step after which the first of the owned sites falls below a level; inf if none does."""
    share = np.inf
    for i in range(n_owned):
        if new[i] < level:
            drop = old[i] - new[i]
            share = min(share, max(0.0, (old[i] - level) / drop) if drop > 0.0 else 0.0)
    return share


@njit(cache=True)  # type: ignore[untyped-decorator]
def _miss(
    measure: Floats, b: Floats, old: Floats, rate: Floats, before: Floats, dt: float, bend: float, n_owned: int
) -> tuple[float, float]:
    """sum sigma e^2 and sum sigma, e being what the quadratic extrapolation of b misses: b is of size 1."""
    error = 0.0
    size = 0.0
    for i in range(n_owned):
        miss = b[i] - old[i] - dt * (rate[i] + bend * (rate[i] - before[i]))
        error += measure[i] * miss * miss
        size += measure[i]
    return error, size


class Integrity:
    """b at the sites of one surface.

    b, old, rate, rate_before (s,): now, at the start of the step, and the last two difference quotients; on owned sites
    and copies alike. first_breach: when the first owned site of this rank fell below ``breach``; inf before.

    Args:
        fields: species -> nodal arrays (n_local,) that the degradation rates read; ghosts must be up to date.

    Raises ScenarioError, on all ranks, for an initial value outside [0, 1]. Collective.
    """

    def __init__(self, name: str, law: IntegrityLaw, sites: Sites, fields: Mapping[str, Floats], parameters: Mapping[str, float]) -> None:
        self.name, self.law, self.sites, self._fields = name, law, sites, fields
        used = frozenset().union(*(names(d.expr) for d in law.degradation)) & set(fields)
        self._gathered = [{key: np.zeros(sites.n) for key in sorted(used)} for _ in range(sites.nodes.shape[1])]
        self._evaluators = [Evaluator(sites.points, gathered, parameters) for gathered in self._gathered]
        self._nodes = [np.ascontiguousarray(column) for column in sites.nodes.T]
        groups = {how: total([d.expr for d in law.degradation if d.sides == how]) for how in ("mean", "sum")}
        share = {"mean": 1.0 / len(self._evaluators), "sum": 1.0}
        self._rates: list[tuple[Callable[[Floats], None], float]] = [
            (evaluator.compile(expr), share[how]) for how, expr in groups.items() if expr is not None for evaluator in self._evaluators
        ]
        self.b, self.old, self.rate, self.rate_before, self._decay, self._scratch, self._repair = (np.zeros(sites.n) for _ in range(7))
        self.threshold, self.sharpness, self.breach = (
            self._number(expr, parameters) for expr in (law.threshold, law.sharpness, law.breach)
        )
        self._evaluators[0].compile(law.repair)(self._repair)
        self._evaluators[0].compile(law.initial)(self.b)
        self.static = not law.degradation and not sites.comm.allreduce(bool(self._repair.any()), MPI.LOR)
        self.first_breach = math.inf
        with agreed(sites.comm):
            bad = ~((self.b >= 0.0) & (self.b <= 1.0))
            if bad.any():
                at = ", ".join(f"{x:g}" for x in sites.points[np.argmax(bad)])
                raise ScenarioError(
                    f"membrane {name}: its initial integrity is {self.b[np.argmax(bad)]:g} at x = {at}; "
                    "it must lie between 0 (gone) and 1 (whole)"
                )

    def _number(self, expr: Expr, parameters: Mapping[str, float]) -> float:
        out = np.zeros(1)
        Evaluator(np.zeros((1, 3)), {}, parameters).compile(expr)(out)
        return float(out[0])

    def begin(self) -> None:
        """Keep the integrity as it is at the start of a step."""
        self.old[:] = self.b

    def advance(self, time: float, h: float) -> None:
        """Advance b by h with the species as they are in the fields and rates at ``time``."""
        if self.static:
            return
        for gathered, nodes, evaluator in zip(self._gathered, self._nodes, self._evaluators, strict=True):
            evaluator.time[0] = time
            for key, values in gathered.items():
                np.take(self._fields[key], nodes, out=values, mode="clip")
        self._decay[:] = 0.0
        for write, share in self._rates:
            write(self._scratch)
            self._scratch *= share
            self._decay += self._scratch
        _relax(self.b, self._repair, self._decay, h)

    def opening(self, out: Floats) -> None:
        """g(b) at every site."""
        _opening(self.b, self.threshold, self.sharpness, out)

    def reject(self) -> None:
        """Put the integrity back to where the step began."""
        self.b[:] = self.old

    def accept(self, time: float, dt: float) -> None:
        """Remember the difference quotient of a step from ``time``, and when the first site was breached in it."""
        self.rate_before[:] = self.rate
        np.subtract(self.b, self.old, out=self.rate)
        self.rate /= dt
        if math.isinf(self.first_breach):
            self.first_breach = time + dt * _first_below(self.old, self.b, self.breach, self.sites.n_owned)

    def surprise(self, dt: float, bend: float) -> tuple[float, float]:
        """What the quadratic extrapolation misses, as sums over this rank's own sites: sum sigma e^2 and sum sigma."""
        s = self.sites
        return _miss(s.measure, self.b, self.old, self.rate, self.rate_before, dt, bend, s.n_owned)

    def state(self) -> dict[str, Floats]:
        """What the next step depends on, at the owned sites."""
        return {what: getattr(self, what)[: self.sites.n_owned] for what in ("b", "rate", "rate_before")}

    def restore(self, state: Mapping[str, Floats], first_breach: float) -> None:
        """Put a state back, on any number of ranks; ``first_breach`` that of the whole surface. Collective."""
        for what in ("b", "rate", "rate_before"):
            target = getattr(self, what)
            target[: self.sites.n_owned] = state[what]
            self.sites.halo.update(target)
        self.first_breach = first_breach
